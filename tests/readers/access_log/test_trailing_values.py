"""Values after the user agent: a unit only where the form or the caller says so; times never move without."""

from datetime import UTC, datetime

import pytest

import obskit as ok
from obskit.readers import ACCESS, Match
from obskit.readers.access_log.text_reader import REST_NOTE, UNENDED_NOTE

CLF = '10.0.0.1 - - [04/May/2026:10:00:01 +0000] "GET /cart HTTP/1.1" 200 512'
COMBINED = f'{CLF} "-" "curl/8.0"'
LOGGED = datetime(2026, 5, 4, 10, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "rest",
    [
        "18598",  # %D of Apache and gunicorn, as in many answers about LogFormat
        "0",  # %T of a fast request
        "430 8970",  # Apache's stock combinedio: %I %O
        "0/185980",  # %T/%D
        "**0/185980**",  # the same between asterisks
        "0.25",  # not nginx's: it writes three decimals. $gzip_ratio has two
        "0.018598",  # gunicorn's %(L)s
        "1777888801.250",  # nginx's $msec
        "0.250 18598",
        "x y z",
        "-1",
    ],
)
def test_a_value_of_unknown_meaning_is_kept_and_moves_nothing(read, rest):
    got = read(f"{COMBINED} {rest}\n".encode() * 4)
    assert [row["timestamp"] for row in got.rows] == [LOGGED] * 4
    assert {row.get("duration_ms") for row in got.rows} == {None}
    assert {row["access_log.rest"] for row in got.rows} == {rest}
    assert got.report.notes == [REST_NOTE]
    assert got.report.rejected_count == 0


def test_the_note_says_what_to_do(read):
    assert read(f"{COMBINED} 18598\n".encode()).report.notes == [
        "access log lines end in values that nothing explains: they stay in access_log.rest, and no duration is "
        "read. If you know the layout, give it as log_format= or --log-format, such as "
        '\'%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D\' if they are microseconds'
    ]


def test_the_mapping_of_the_note_works(read):
    got = read(
        f"{COMBINED} 18598\n{COMBINED} 28598\n".encode(),
        mapping={"duration_ms": {"from": "access_log.rest", "unit": "us"}},
    )
    assert [row["duration_ms"] for row in got.rows] == [18.598, 28.598]
    assert [row["timestamp"] for row in got.rows] == [LOGGED] * 2


def test_a_quoted_value_that_is_not_addresses_is_not_the_client(read):
    """The ninth value of a line can be a host name, a cookie, an id or a time."""
    for value in ("shop.example", "18598", "c99400a4db42e321", "a=b; c=d", "0.2"):
        (row,) = read(f'{COMBINED} "{value}"\n'.encode()).rows
        assert row["client.address"] == "10.0.0.1"
        assert row["access_log.rest"] == f'"{value}"'


@pytest.mark.parametrize("value", ["203.0.113.7", "203.0.113.7, 10.0.0.2", "2001:db8::7", "203.0.113.7:4711"])
def test_a_quoted_value_of_addresses_is_the_forwarded_client(read, value):
    (row,) = read(f'{COMBINED} "{value}"\n'.encode()).rows
    assert row["client.address"] == value.split(",")[0]
    assert row["network.peer.address"] == "10.0.0.1"


def test_addresses_in_front_are_the_forwarded_client(read):
    """nginx behind a proxy: log_format '$http_x_forwarded_for - $remote_user [$time_local] ...'."""
    got = read(COMBINED.replace("10.0.0.1", "203.0.113.7, 10.0.0.1").encode() + b"\n")
    (row,) = got.rows
    assert row["client.address"] == "203.0.113.7"
    assert row["http.request.header.x-forwarded-for"] == "203.0.113.7, 10.0.0.1"
    assert "access_log.ident" not in row


@pytest.mark.parametrize(
    "prefix",
    [
        "2026-05-04T10:00:00.413656027Z ",
        "2026-05-04T10:00:00.413656027Z stdout F ",
        "[pod/shop-1/app] ",
        "web-1  | ",
        "web-1 | ",
        "May 14 10:00:00 web-1 nginx: ",
    ],
)
def test_the_prefix_of_a_line_is_not_the_client(read, prefix):
    assert ACCESS.sniff(f"{prefix}{COMBINED}\n".encode() * 3) is Match.NO


def test_traefik(read):
    """The common format of Traefik's documentation: count, router, server and milliseconds at the end."""
    line = f'{CLF} "-" "-" 4391 "shop@docker" "http://172.29.0.5:8080" 211ms\n'
    got = read(line.encode() * 2 + line.replace("211ms", "0ms").encode())
    assert [row["duration_ms"] for row in got.rows] == [211.0, 211.0, 0.0]
    assert got.rows[0] == {
        "timestamp": LOGGED,
        "duration_ms": 211.0,
        "name": "GET",
        "kind": "server",
        "error": False,
        "client.address": "10.0.0.1",
        "http.request.method": "GET",
        "http.response.body.size": 512,
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        "traefik.request_count": "4391",
        "traefik.router.name": "shop@docker",
        "traefik.server.url": "http://172.29.0.5:8080",
        "url.path": "/cart",
    }
    assert got.report.notes == []


def test_start_up_text_before_the_first_line_is_counted(read):
    for banner in (3, 40, 300):
        got = read(b"listening on :80\n" * banner + f"{COMBINED}\n".encode() * 60)
        assert len(got.rows) == 60
        assert got.report.rejected_by_reason == {"not an access log line": banner}


def test_a_last_value_that_may_be_cut_off_is_noted(read):
    got = read(f"{COMBINED} x y\n{COMBINED} x".encode())
    assert [row["access_log.rest"] for row in got.rows] == ["x y", "x"]
    assert got.report.notes == [REST_NOTE, UNENDED_NOTE]
    assert read(f"{COMBINED}\n{COMBINED}".encode()).report.notes == []


def cases(shared, name):
    return shared / "cases/formats" / name


@pytest.mark.shared
def test_shared_apache_microseconds(shared, load):
    got = load(cases(shared, "02-apache-D/access.log"))
    assert [row["timestamp"] for row in got.rows] == [
        datetime(2026, 5, 4, 10, 0, second, tzinfo=UTC) for second in range(1, 6)
    ]
    assert {row.get("duration_ms") for row in got.rows} == {None}
    assert got.report.notes == [REST_NOTE]
    layout = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i" %D'
    named = load(cases(shared, "02-apache-D/access.log"), log_format=layout)
    assert [row["duration_ms"] for row in named.rows] == [18.598, 28.598, 38.598, 48.598, 58.598]
    assert [row["timestamp"] for row in named.rows] == [row["timestamp"] for row in got.rows]


@pytest.mark.shared
def test_shared_outage_is_triaged(shared, tmp_path, monkeypatch):
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path))
    result = str(ok.load(cases(shared, "02b-apache-D-outage/access.log")).triage())
    assert "GET: errors 0% → 50.9% since 2026-05-04T11:00:00Z" in result


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("16-apache-combinedio/access.log", "430 8970"),
        ("17-apache-T-slash-D/access.log", "0/185980"),
        ("17-apache-T-slash-D/mixed.log", "**0/185980**"),
        ("47-cri-ingress/no-newline-rest.log", "x y z"),
    ],
)
def test_shared_rest(shared, load, name, first):
    got = load(cases(shared, name))
    assert len(got.rows) == 6
    assert got.rows[0]["access_log.rest"] == first
    assert [row["timestamp"].second for row in got.rows] == list(range(6))
    assert {row.get("duration_ms") for row in got.rows} == {None}
    assert got.rows[5]["client.address"] == "10.0.0.5"


@pytest.mark.shared
def test_shared_forwarded_first_and_traefik(shared, load):
    got = load(cases(shared, "47-cri-ingress/xff-first.log"))
    assert {row["client.address"] for row in got.rows} == {"203.0.113.7"}
    got = load(cases(shared, "04-traefik-clf/access.log"))
    assert [row["duration_ms"] for row in got.rows] == [211.0, 212.0, 213.0, 214.0, 215.0]
    assert all(row["error"] for row in got.rows)
