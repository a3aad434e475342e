"""W3C's extended format: IIS, CloudFront, and programs of which the unit is unknown."""

import gzip
from datetime import UTC, datetime

import pytest

from obskit.errors import ReadError
from obskit.readers import REGISTRY
from obskit.readers.access_log.text_reader import UNENDED_NOTE
from obskit.readers.access_log.w3c import DATE_NOTE, TIME_TAKEN_NOTE, W3C
from obskit.readers.io.source import Source

AT = datetime(2026, 5, 4, 10, 0, 0, tzinfo=UTC)
# The directives and columns that IIS writes unless configured otherwise.
IIS_HEAD = (
    "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-05-04 10:00:00\r\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "
    "cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n"
)
IIS_LINE = "2026-05-04 10:00:00 10.0.0.9 GET /cart id=1 443 SHOP\\ann 10.0.0.1 Mozilla/5.0+(X11;+Linux) - 500 19 5 250\r\n"
# The first columns of CloudFront's standard log, and some of the later ones.
CLOUDFRONT_HEAD = (
    "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
    "cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header "
    "cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher cs-protocol-version c-port "
    "time-to-first-byte\n"
)
CLOUDFRONT_LINE = (
    "2026-05-04\t10:00:00\tFRA2\t392\t10.0.0.1\tGET\td1.cloudfront.net\t/cart\t502\t-\tMozilla/5.0%20(X11)\tid=1\t-\t"
    "Error\tid0\tshop.example\thttps\t23\t0.250\t203.0.113.7\tTLSv1.3\tTLS_AES\tHTTP/2.0\t4711\t0.125\n"
)


def test_iis(read):
    got = read((IIS_HEAD + IIS_LINE * 2).encode())
    assert got.reasons == []
    assert got.report.notes == []
    assert (
        got.rows
        == [
            {
                "timestamp": AT,
                "duration_ms": 250.0,
                "name": "GET",
                "kind": "server",
                "error": True,
                "client.address": "10.0.0.1",
                "http.request.method": "GET",
                "http.response.status_code": 500,
                "iis.sc_substatus": 19,
                "iis.sc_win32_status": 5,
                "network.local.address": "10.0.0.9",
                "server.port": 443,
                "url.path": "/cart",
                "url.query": "id=1",
                "user.name": "SHOP\\ann",
                "user_agent.original": "Mozilla/5.0 (X11; Linux)",
            }
        ]
        * 2
    )


def test_cloudfront(read):
    data = (CLOUDFRONT_HEAD + CLOUDFRONT_LINE * 2).encode()
    for content, name in ((data, "a.tsv"), (gzip.compress(data), "E1.2026-05-04-10.abcd.gz")):
        got = read(content, name)
        assert got.reasons == []
        assert (
            got.rows
            == [
                {
                    "timestamp": datetime(2026, 5, 4, 9, 59, 59, 750_000, tzinfo=UTC),
                    "duration_ms": 250.0,
                    "name": "GET",
                    "kind": "server",
                    "error": True,
                    "client.address": "203.0.113.7",
                    "client.port": 4711,
                    "cloudfront.distribution": "d1.cloudfront.net",
                    "cloudfront.time_to_first_byte_ms": 125.0,
                    "cloudfront.x_edge_location": "FRA2",
                    "cloudfront.x_edge_request_id": "id0",
                    "cloudfront.x_edge_result_type": "Error",
                    "http.request.header.x-forwarded-for": "203.0.113.7",
                    "http.request.method": "GET",
                    "http.request.size": 23,
                    "http.response.size": 392,
                    "http.response.status_code": 502,
                    "network.peer.address": "10.0.0.1",
                    "network.protocol.version": "2.0",
                    "server.address": "shop.example",
                    "tls.cipher": "TLS_AES",
                    "tls.protocol.version": "1.3",
                    "url.path": "/cart",
                    "url.query": "id=1",
                    "url.scheme": "https",
                    "user_agent.original": "Mozilla/5.0 (X11)",
                }
            ]
            * 2
        )


def test_a_client_that_went_away_has_no_status(read):
    (row,) = read((CLOUDFRONT_HEAD + CLOUDFRONT_LINE.replace("\t502\t", "\t000\t")).encode()).rows
    assert "http.response.status_code" not in row


def test_the_unit_of_an_unknown_program_is_not_guessed(read):
    head = "#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri sc-status time-taken\n"
    line = "2026-05-04 10:00:00 10.0.0.1 GET /cart?id=1 200 250\n"
    got = read((head + line).encode())
    (row,) = got.rows
    assert (row["timestamp"], row["w3c.time_taken"], row["url.query"]) == (AT, 250.0, "id=1")
    assert "duration_ms" not in row
    assert got.report.notes == [TIME_TAKEN_NOTE]
    mapped = read((head + line).encode(), mapping={"duration_ms": {"from": "w3c.time_taken", "unit": "us"}})
    assert mapped.rows[0]["duration_ms"] == 0.25


def test_the_columns_may_change_within_a_file(read):
    """IIS writes its directives again when it starts, and when its configuration has changed."""
    again = "#Date: 2026-05-05 00:00:00\n#Fields: time cs-method cs-uri-stem sc-status c-ip cs(X-Trace)\n"
    got = read(
        (IIS_HEAD + IIS_LINE + again + "00:00:01 POST /pay 200 10.0.0.2 t1\n" + IIS_HEAD + IIS_LINE).encode()
    )
    assert got.reasons == []
    assert [row["name"] for row in got.rows] == ["GET", "POST", "GET"]
    assert got.rows[1]["timestamp"] == datetime(2026, 5, 5, 0, 0, 1, tzinfo=UTC)
    assert got.rows[1]["http.request.header.x-trace"] == "t1"
    assert got.report.notes == [DATE_NOTE]


def test_lines_with_other_columns_are_rejected_with_their_position(read):
    lines = [IIS_LINE, "2026-05-04 10:00:00 10.0.0.9\r\n", "\r\n", IIS_LINE.replace(" - ", " a b "), IIS_LINE]
    got = read((IIS_HEAD + "".join(lines)).encode() + IIS_LINE[:30].encode())
    start = len(IIS_HEAD)
    other = "the line does not have the columns that #Fields names"
    after = start + sum(map(len, lines))
    assert got.reasons == [
        (f"line 6, byte {start + len(IIS_LINE)}", other),
        (f"line 8, byte {start + len(IIS_LINE) + 32}", other),
        (f"line 10, byte {after}", "torn: the file ends within the line"),
    ]
    assert len(got.rows) == 2


def test_a_last_line_without_a_line_break_is_noted(read):
    got = read((IIS_HEAD + IIS_LINE + IIS_LINE.rstrip()).encode())
    assert len(got.rows) == 2
    assert got.report.notes == [UNENDED_NOTE]


def test_bytes_that_are_not_utf8(read):
    got = read((IIS_HEAD + IIS_LINE.replace("/cart", "/caf\xe9") + IIS_LINE).encode("latin-1"))
    assert [row["url.path"] for row in got.rows] == [r"/caf\xe9", "/cart"]
    assert read((IIS_HEAD + IIS_LINE.replace("/cart", "/café")).encode()).rows[0]["url.path"] == "/café"


@pytest.mark.parametrize(
    "head",
    [
        "#Version: 1.0\n#Fields: date time action protocol src-ip dst-ip src-port dst-port size\n",  # a firewall
        "#separator \\x09\n#fields\tts\tuid\tid.orig_h\n",  # Zeek
        "# a comment\n# Fields: date time cs-method\n",
        "2026-05-04 10:00:00 GET /cart\n#Fields: date time cs-method cs-uri-stem\n",
    ],
)
def test_other_files_with_comments_are_not_access_logs(head):
    assert W3C.sniff(head.encode()) == 0


def test_a_log_without_requests_is_an_error(tmp_path):
    path = tmp_path / "u_ex260504.log"
    path.write_text(IIS_HEAD)
    with pytest.raises(ReadError) as caught:
        list(W3C.read(Source(path), _report(path), None))
    assert str(caught.value) == (
        f"{path} has no line with the columns that its #Fields line names\n"
        "Hint: the file may be truncated; copy it again"
    )


def _report(path):
    from obskit.schema import LoadReport

    return LoadReport().file(path)


@pytest.mark.shared
def test_shared_iis_and_cloudfront(shared, load):
    for name, duration, status in (("iis.log", 250.0, 500), ("cloudfront.tsv", 12.0, 502)):
        path = shared / "cases/formats/30-aws-alb" / name
        got = load(path)
        assert REGISTRY.choose(Source(path)) is W3C
        assert len(got.rows) == 6
        assert got.reasons == []
        assert {row["duration_ms"] for row in got.rows} == {duration}
        assert {row["http.response.status_code"] for row in got.rows} == {status}
        assert got.rows[0]["client.address"] == "10.0.0.1"
        assert got.rows[-1]["timestamp"] - got.rows[0]["timestamp"] == datetime(
            2026, 1, 1, 0, 0, 5
        ) - datetime(2026, 1, 1)
