"""Access logs as text: every layout, escapes, requests of scanners, bad lines."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from obskit.errors import ReadError
from obskit.readers import REGISTRY
from obskit.readers.access_log import text_reader as texts
from obskit.readers.io.source import Source
from obskit.schema import ReadOptions

CLF = '192.0.2.7 - - [04/May/2026:10:00:01 +0200] "GET /book?seat=3 HTTP/1.1" 200 512'
COMBINED = f'{CLF} "https://shop.example/" "curl/8.5"'
BOOK = {
    "timestamp": datetime(2026, 5, 4, 8, 0, 1, tzinfo=UTC),
    "name": "GET",
    "kind": "server",
    "error": False,
    "client.address": "192.0.2.7",
    "http.request.method": "GET",
    "http.response.body.size": 512,
    "http.response.status_code": 200,
    "network.protocol.version": "1.1",
    "url.path": "/book",
    "url.query": "seat=3",
}
AGENT = {"http.request.header.referer": "https://shop.example/", "user_agent.original": "curl/8.5"}
XFF = {
    "http.request.header.x-forwarded-for": "198.51.100.1, 10.0.0.1",
    "client.address": "198.51.100.1",
    "network.peer.address": "192.0.2.7",
}
TIMES = {
    "timestamp": datetime(2026, 5, 4, 8, 0, 0, 750_000, tzinfo=UTC),
    "duration_ms": 250.0,
    "nginx.upstream_response_time": 0.248,
}


@pytest.mark.parametrize(
    ("line", "more"),
    [
        (CLF, {}),
        (COMBINED, AGENT),
        (f'{COMBINED} "198.51.100.1, 10.0.0.1"', AGENT | XFF),
        (f"{COMBINED} 0.250 0.248", AGENT | TIMES),
        (f'{COMBINED} "0.250" "0.248"', AGENT | TIMES),
        (f'{COMBINED} "0.250" "0.200, 0.048"', AGENT | TIMES),
        (f'{COMBINED} "198.51.100.1, 10.0.0.1" 0.250 0.248', AGENT | XFF | TIMES),
        (
            f'{COMBINED} "198.51.100.1, 10.0.0.1" rt=0.250 uct="0.001" uht="0.200" urt="0.248"',
            AGENT
            | XFF
            | TIMES
            | {"nginx.upstream_connect_time": "0.001", "nginx.upstream_header_time": "0.200"},
        ),
        (
            f"{COMBINED} 700 0.250 [shop-book-80] [] 10.0.0.3:80, 10.0.0.4:80 0, 512 0.200, 0.048 502, 200 5f2a",
            AGENT
            | TIMES
            | {
                "http.request.size": 700,
                "nginx.proxy_upstream_name": "shop-book-80",
                "nginx.upstream_addr": "10.0.0.3:80, 10.0.0.4:80",
                "nginx.upstream_response_length": "0, 512",
                "nginx.upstream_status": "502, 200",
                "nginx.req_id": "5f2a",
            },
        ),
        (f"shop.example:443 {COMBINED}", AGENT | {"server.address": "shop.example", "server.port": 443}),
        (f'{COMBINED} what "else" 7', AGENT | {"access_log.rest": 'what "else" 7'}),
    ],
)
def test_every_layout_of_apache_and_nginx(read, line, more):
    for ending in ("\n", "\r\n"):
        got = read(f"{line}{ending}".encode() * 3)
        assert got.report.rejected_count == 0
        assert got.rows == [BOOK | more] * 3


def test_the_client_is_the_first_forwarded_address_of_each_line(read):
    got = read(
        f'{COMBINED} "198.51.100.1, 10.0.0.1"\n{COMBINED} "-"\n{COMBINED} "198.51.100.2,unknown"\n'.encode()
    )
    names = ("client.address", "network.peer.address")
    assert [tuple(row.get(name) for name in names) for row in got.rows] == [
        ("198.51.100.1", "192.0.2.7"),
        ("192.0.2.7", None),
        ("198.51.100.2", "192.0.2.7"),
    ]


def test_envoy_and_istio(read):
    line = (
        '[2026-05-04T08:00:01.500Z] "POST /book HTTP/2" 503 UF,URX 12 91 226 100 "198.51.100.1,10.0.0.1" '
        '"app/3 (Android)" "0b5f" "shop.example:8443" "10.0.0.7:8080"'
    )
    wanted = {
        "timestamp": datetime(2026, 5, 4, 8, 0, 1, 500_000, tzinfo=UTC),
        "duration_ms": 226.0,
        "name": "POST",
        "kind": "server",
        "error": True,
        "client.address": "198.51.100.1",
        "envoy.response_flags": "UF,URX",
        "envoy.upstream_host": "10.0.0.7:8080",
        "envoy.upstream_service_time": 100.0,
        "http.request.body.size": 12,
        "http.request.header.x-forwarded-for": "198.51.100.1,10.0.0.1",
        "http.request.header.x-request-id": "0b5f",
        "http.request.method": "POST",
        "http.response.body.size": 91,
        "http.response.status_code": 503,
        "network.protocol.version": "2",
        "server.address": "shop.example",
        "server.port": 8443,
        "url.path": "/book",
        "user_agent.original": "app/3 (Android)",
    }
    assert read(line.encode() + b"\n").rows == [wanted]
    istio = line.replace("UF,URX ", 'UF,URX connect_error - "refused, 111" ') + (
        " outbound|80||shop 10.0.0.6:1 10.0.0.5:8443 [2001:db8::9]:4711 - default"
    )
    assert read(istio.encode() + b"\n").rows == [
        wanted
        | {
            "network.peer.address": "2001:db8::9",
            "network.peer.port": 4711,
            "envoy.response_code_details": "connect_error",
            "envoy.upstream_transport_failure_reason": "refused, 111",
            "envoy.upstream_cluster": "outbound|80||shop",
            "envoy.upstream_local_address": "10.0.0.6:1",
            "envoy.downstream_local_address": "10.0.0.5:8443",
            "envoy.route_name": "default",
        }
    ]
    tcp = b'[2026-05-04T08:00:01.500Z] "- - -" 0 - 0 0 4 - "-" "-" "-" "-" "-"\n'
    (row,) = read(tcp).rows
    assert {"http.response.status_code", "http.request.method", "url.path"}.isdisjoint(row)
    (row,) = read(tcp.replace(b"- - -", b"- - HTTP/1.1").replace(b" 0 -", b" 400 DPE", 1)).rows
    assert (row["name"], row["network.protocol.version"]) == ("HTTP", "1.1")


@pytest.mark.parametrize(
    ("asked", "fields_"),
    [
        (r"\x16\x03\x01", {"name": "HTTP", "access_log.request": "\x16\x03\x01"}),
        ("SSH-2.0-Go", {"name": "HTTP", "access_log.request": "SSH-2.0-Go"}),
        ("-", {"name": "HTTP"}),
        ("", {"name": "HTTP"}),
        ("GET /", {"name": "GET", "url.path": "/", "network.protocol.version": "0.9"}),
        ("GET /a b HTTP/1.0", {"name": "GET", "url.path": "/a b", "network.protocol.version": "1.0"}),
        (
            r"GET /caf\xC3\xA9?q=\"x\" HTTP/3",
            {"name": "GET", "url.path": "/café", "url.query": 'q="x"', "network.protocol.version": "3"},
        ),
        (
            "PROPFIND /dav HTTP/1.1",
            {
                "name": "HTTP",
                "http.request.method": "_OTHER",
                "http.request.method_original": "PROPFIND",
                "url.path": "/dav",
            },
        ),
        ("OPTIONS * HTTP/1.1", {"name": "OPTIONS", "url.path": "*"}),
        ("CONNECT [2001:db8::1]:443 HTTP/1.1", {"server.address": "2001:db8::1", "server.port": 443}),
        (
            "GET http://a.example/x?y=1 HTTP/1.1",
            {"url.full": "http://a.example/x?y=1", "url.path": "/x", "url.query": "y=1"},
        ),
        ("GET x.php HTTP/1.1", {"access_log.target": "x.php"}),
    ],
)
def test_requests_of_every_kind(read, asked, fields_):
    got = read(CLF.replace("GET /book?seat=3 HTTP/1.1", asked).encode() + b"\n")
    (row,) = got.rows
    assert {name: row.get(name) for name in fields_} == fields_
    if "url.path" not in fields_:
        assert "url.path" not in row


def test_people_addresses_and_agents(read):
    lines = [
        COMBINED.replace("192.0.2.7 - -", "2001:db8::7 - ann@shop.example"),
        COMBINED.replace("- -", "- ann b"),
        COMBINED.replace("- -", "ident ann"),
        COMBINED.replace("curl/8.5", r"an \"odd\" agent \\ \x01"),
        COMBINED.replace("curl/8.5", 'an "odd" agent'),
        COMBINED.replace("curl/8.5", "\xe9").encode("latin-1").decode("latin-1"),
        CLF.removesuffix(" 512"),
    ]
    got = read("\n".join([*lines, ""]).encode("latin-1"))
    assert got.report.rejected_count == 0
    assert [row.get("user.name") for row in got.rows] == ["ann@shop.example", "ann b", "ann", *[None] * 4]
    assert [row.get("client.address") for row in got.rows] == ["2001:db8::7", *["192.0.2.7"] * 6]
    assert [row.get("user_agent.original") for row in got.rows[3:]] == [
        'an "odd" agent \\ \x01',
        'an "odd" agent',
        r"\xe9",
        None,
    ]
    assert got.rows[2]["access_log.ident"] == "ident"
    assert "http.response.body.size" not in got.rows[6]


def test_bad_lines_and_the_torn_last_line_are_rejected_with_their_positions(read):
    lines = [
        COMBINED,
        "nginx: [emerg] no",
        COMBINED.replace("04/May", "31/Feb"),
        "",
        COMBINED,
        COMBINED[:-30],
    ]
    got = read("\n".join(lines).encode())
    assert len(got.rows) == 2
    assert got.reasons == [
        ("line 2, byte 114", "not an access log line"),
        ("line 3, byte 132", "access log line has an invalid time"),
        ("line 6, byte 361", "torn: the file ends within the line"),
    ]


def test_a_complete_last_line_without_a_newline_is_read(read):
    assert len(read(f"{COMBINED}\n{COMBINED}".encode()).rows) == 2


def test_a_file_without_an_entry_is_an_error(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(b"no\n" * 3)
    with pytest.raises(ReadError) as caught:
        list(texts.ACCESS.read(Source(path), _report(path), ReadOptions()))
    assert str(caught.value) == (
        f"{path} has no access log line (line 1, byte 0: not an access log line)\n"
        "Hint: the file may be truncated; copy it again"
    )


def _report(path):
    from obskit.schema import LoadReport

    return LoadReport().file(path)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (COMBINED, "access log"),
        ('[2026-05-04T08:00:01Z] "GET / HTTP/2" 200 - 1 1 1 1 "-" "-" "-" "-" "-"', "Envoy access log"),
        (f"nginx started\n{COMBINED}\n{CLF}", "access log"),
        ("a;b\n" + "1;2\n" * 60, "CSV"),
        ('{"message":' + json.dumps(COMBINED) + "}", "flat JSONL"),
    ],
)
def test_the_format_is_detected_by_content(tmp_path, data, name):
    path = tmp_path / "x"
    path.write_text(data + "\n")
    assert REGISTRY.choose(Source(path)).name == name


def test_rows_of_both_parsers_are_in_the_order_of_their_lines(read):
    lines = [
        COMBINED.replace("seat=3", f"seat={n}").replace("curl", r"\x22" if n % 3 else "curl")
        for n in range(300)
    ]
    got = read("\n".join([*lines, ""]).encode())
    assert [row["url.query"] for row in got.rows] == [f"seat={n}" for n in range(300)]


def test_a_line_of_100_mb_is_skipped_in_little_memory(tmp_path):
    path = tmp_path / "a.log"
    with path.open("wb") as file:
        file.write(f"{COMBINED}\n".encode())
        for _ in range(100):
            file.write(b'"[x] ' * 200_000)
        file.write(f"\n{COMBINED}\n".encode())
    program = (
        "import sys, pathlib\n"
        "from obskit.readers import read_batches\n"
        "from obskit.schema import LoadReport\n"
        "report = LoadReport()\n"
        "rows = sum(b.num_rows for b in read_batches(pathlib.Path(sys.argv[1]), report))\n"
        "print(rows, report.rejected_by_reason)\n"
        "print([l.split()[1] for l in open('/proc/self/status') if l.startswith('VmHWM')][0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    counts, peak = done.stdout.splitlines()
    assert counts == "2 {'a line of more than 1 MiB': 1}"
    assert int(peak) < 250 * 1024  # KiB
