"""HAProxy, AWS load balancers and S3: times, units, clients and errors, as their documentation has them."""

from datetime import UTC, datetime

import pytest

from obskit.readers import REGISTRY, Match
from obskit.readers.access_log.haproxy import HAPROXY as HAPROXY_READER
from obskit.readers.io.source import Source
from obskit.schema import READ_AS_IS, LoadReport

AT = datetime(2026, 5, 4, 10, 0, 0, tzinfo=UTC)
ALB = (
    "https 2026-05-04T10:00:00.186641Z app/my-lb/50dc 203.0.113.7:2817 10.0.0.1:80 0.086 0.048 0.037 502 503 "
    '34 366 "GET https://shop.example:443/cart?id=1 HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 '
    'TLSv1.2 arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/73e2 '
    '"Root=1-58337281-1D84f3d73c47ec4e58577259" "shop.example" "arn:aws:acm:eu-west-1:1:certificate/1" 1 '
    '2026-05-04T10:00:00.000000Z "forward" "-" "-" "10.0.0.1:80" "503" "-" "-" TID_1'
)  # fmt: skip
ALB_ROW = {
    "timestamp": AT.replace(microsecond=15_641),
    "duration_ms": 171.0,
    "name": "GET",
    "kind": "server",
    "trace_id": "583372811d84f3d73c47ec4e58577259",
    "error": True,
    "alb.actions": "forward",
    "alb.certificate": "arn:aws:acm:eu-west-1:1:certificate/1",
    "alb.conn_trace_id": "TID_1",
    "alb.domain_name": "shop.example",
    "alb.name": "app/my-lb/50dc",
    "alb.request_creation_time": AT,
    "alb.request_processing_ms": 86.0,
    "alb.response_processing_ms": 37.0,
    "alb.rule_priority": "1",
    "alb.target_codes": "503",
    "alb.target_group": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/73e2",
    "alb.targets": "10.0.0.1:80",
    "alb.type": "https",
    "client.address": "203.0.113.7",
    "client.port": 2817,
    "http.request.header.x-amzn-trace-id": "Root=1-58337281-1D84f3d73c47ec4e58577259",
    "http.request.method": "GET",
    "http.request.size": 34,
    "http.response.size": 366,
    "http.response.status_code": 502,
    "network.protocol.version": "1.1",
    "server.address": "shop.example",
    "server.port": 443,
    "tls.cipher": "ECDHE-RSA-AES128-GCM-SHA256",
    "tls.protocol.version": "1.2",
    "upstream.address": "10.0.0.1:80",
    "upstream.duration_ms": 48.0,
    "upstream.status_code": 503,
    "url.path": "/cart",
    "url.query": "id=1",
    "url.scheme": "https",
    "user_agent.original": "curl/7.46.0",
}
ELB = (
    "2026-05-04T10:00:00.250000Z my-lb [2001:db8::7]:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "
    '"GET http://shop.example:80/ HTTP/1.1" "curl/7.38.0" - -'
)
S3 = (
    "79a5 shop-bucket [04/May/2026:10:00:00 +0000] 203.0.113.7 arn:aws:iam::1:user/ann 3E57 REST.GET.OBJECT "
    'photos/1.jpg "GET /photos/1.jpg?x=1 HTTP/1.1" 503 SlowDown 243 1024 70 12 "-" "S3Console/0.4" - s9lz= '
    "SigV4 ECDHE-RSA-AES128-SHA AuthHeader shop-bucket.s3.amazonaws.com TLSv1.2 - -"
)
HAPROXY = (
    "10.0.1.2:33310 [04/May/2026:10:00:00.655] http-in static/srv1 10/0/30/69/109 502 2750 - - ---- "
    '1/2/3/4/0 5/6 {shop.example} {} "GET /cart?id=1 HTTP/1.1"'
)
HAPROXY_ROW = {
    "timestamp": AT.replace(microsecond=655_000),
    "duration_ms": 109.0,
    "name": "GET",
    "kind": "server",
    "error": True,
    "client.address": "10.0.1.2",
    "client.port": 33310,
    "haproxy.actconn": 1,
    "haproxy.feconn": 2,
    "haproxy.beconn": 3,
    "haproxy.srv_conn": 4,
    "haproxy.retries": 0,
    "haproxy.srv_queue": 5,
    "haproxy.backend_queue": 6,
    "haproxy.frontend": "http-in",
    "haproxy.backend": "static",
    "haproxy.server": "srv1",
    "haproxy.captured_request_headers": "shop.example",
    "haproxy.request_ms": 10.0,
    "haproxy.queue_ms": 0.0,
    "haproxy.connect_ms": 30.0,
    "haproxy.response_ms": 69.0,
    "haproxy.termination_state": "----",
    "http.request.method": "GET",
    "http.response.size": 2750,
    "http.response.status_code": 502,
    "network.protocol.version": "1.1",
    "upstream.duration_ms": 69.0,
    "url.path": "/cart",
    "url.query": "id=1",
}


def one(got):
    assert got.reasons == []
    (row,) = got.rows
    return row


def test_alb(read):
    got = read(f"{ALB}\n".encode() * 3)
    assert got.rows == [ALB_ROW] * 3
    assert got.report.notes == []


def test_alb_without_the_fields_that_were_added_later(read):
    """From the documentation of 2019, of 2021, and one with a field that does not exist yet."""
    assert one(read((ALB.partition(' "10.0.0.1:80"')[0] + "\n").encode())).items() <= ALB_ROW.items()
    assert one(read(f"{ALB.removesuffix(' TID_1')}\n".encode())).items() <= ALB_ROW.items()
    assert one(read(f"{ALB} new 1\n".encode())) == ALB_ROW | {"alb.more": "new 1"}


def test_alb_times_that_were_not_measured_are_null(read):
    """The load balancer could not reach a target: -1 for all three times, and `-` for the target."""
    line = ALB.replace("0.086 0.048 0.037 502 503", "-1 -1 -1 504 -").replace(" 10.0.0.1:80 ", " - ")
    row = one(read(f"{line}\n".encode()))
    assert (row["timestamp"], row["http.response.status_code"], row["error"]) == (AT, 504, True)
    assert {"duration_ms", "upstream.duration_ms", "upstream.address", "upstream.status_code"}.isdisjoint(row)
    part = one(read(f"{ALB.replace('0.086 0.048', '0.086 -1')}\n".encode()))
    assert "duration_ms" not in part
    assert part["alb.request_processing_ms"] == 86.0


def test_alb_requests_of_other_forms(read):
    lines = [
        ALB.replace("GET https://shop.example:443/cart?id=1 HTTP/1.1", asked)
        for asked in (
            "GET https://shop.example:443 HTTP/2.0",
            "- http://my-lb:80- -",
            r"GET https://shop.example:443/\x22a HTTP/1.1",
            "GET wss://[2001:db8::1]:443/ws HTTP/1.1",
        )
    ]
    got = read("\n".join([*lines, ""]).encode())
    assert got.reasons == []
    fields = ("name", "url.path", "access_log.request", "server.address")
    assert [tuple(row.get(field) for field in fields) for row in got.rows] == [
        ("GET", None, None, "shop.example"),
        ("HTTP", None, "- http://my-lb:80- -", None),
        ("GET", '/"a', None, "shop.example"),
        ("GET", "/ws", None, "2001:db8::1"),
    ]


def test_elb_classic(read):
    row = one(read(f"{ELB}\n".encode()))
    assert row == {
        "timestamp": AT.replace(microsecond=250_000),
        "duration_ms": 1.178,
        "name": "GET",
        "kind": "server",
        "error": False,
        "client.address": "2001:db8::7",
        "client.port": 2817,
        "elb.name": "my-lb",
        "elb.request_processing_ms": 0.073,
        "elb.response_processing_ms": 0.057,
        "http.request.body.size": 0,
        "http.request.method": "GET",
        "http.response.body.size": 29,
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        "server.address": "shop.example",
        "server.port": 80,
        "upstream.address": "10.0.0.1:80",
        "upstream.duration_ms": 1.048,
        "upstream.status_code": 200,
        "url.path": "/",
        "url.scheme": "http",
        "user_agent.original": "curl/7.38.0",
    }
    tcp = ELB.replace("200 200", "- -").replace("GET http://shop.example:80/ HTTP/1.1", "- - - ")
    assert "http.response.status_code" not in one(read(f"{tcp}\n".encode()))


def test_s3(read):
    row = one(read(f"{S3}\n".encode()))
    assert row == {
        "timestamp": AT,
        "duration_ms": 70.0,
        "name": "REST.GET.OBJECT",
        "kind": "server",
        "error": True,
        "client.address": "203.0.113.7",
        "http.request.method": "GET",
        "http.response.body.size": 243,
        "http.response.status_code": 503,
        "network.protocol.version": "1.1",
        "s3.authentication": "AuthHeader",
        "s3.bucket": "shop-bucket",
        "s3.error_code": "SlowDown",
        "s3.host_id": "s9lz=",
        "s3.key": "photos/1.jpg",
        "s3.object_size": 1024,
        "s3.operation": "REST.GET.OBJECT",
        "s3.owner": "79a5",
        "s3.request_id": "3E57",
        "s3.requester": "arn:aws:iam::1:user/ann",
        "s3.signature": "SigV4",
        "s3.turn_around_ms": 12.0,
        "server.address": "shop-bucket.s3.amazonaws.com",
        "tls.cipher": "ECDHE-RSA-AES128-SHA",
        "tls.protocol.version": "1.2",
        "url.path": "/photos/1.jpg",
        "url.query": "x=1",
        "user_agent.original": "S3Console/0.4",
    }
    for shorter in (S3.removesuffix(" -"), S3.removesuffix(" - -"), S3.partition(" s9lz=")[0], f"{S3} new 1"):
        assert one(read(f"{shorter}\n".encode()))["duration_ms"] == 70.0


def test_haproxy(read):
    got = read(f"{HAPROXY}\n".encode() * 3)
    assert got.rows == [HAPROXY_ROW] * 3


@pytest.mark.parametrize(
    "prefix",
    [
        "May  4 10:00:00 lb haproxy[14389]: ",
        "2026-05-04T10:00:00+00:00 lb haproxy[14389]: ",
        "<134>May 14 10:00:00 lb haproxy[14389]: ",
    ],
)
def test_haproxy_behind_a_syslog_header(read, prefix):
    row = one(read(f"{prefix}{HAPROXY}\n".encode()))
    wanted = HAPROXY_ROW | {"host.name": "lb", "process.pid": 14389, "service.name": "haproxy"}
    assert {name: row.get(name) for name in wanted} == wanted


def test_the_reader_itself_reads_lines_with_a_header(tmp_path):
    data = f"May  4 10:00:00 lb haproxy[14389]: {HAPROXY}\n".encode()
    path = tmp_path / "haproxy.log"
    path.write_bytes(data)
    report = LoadReport()
    assert HAPROXY_READER.sniff(data) is Match.CERTAIN
    (batch,) = HAPROXY_READER.read(Source(path), report.file(path), READ_AS_IS)
    (row,) = batch.to_pylist()
    assert (row["host.name"], row["process.pid"], row["client.address"]) == ("lb", 14389, "10.0.1.2")


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        ("{shop.example} {} ", "", {"haproxy.captured_request_headers": None}),
        ("{shop.example} {} ", "{a|curl/8 (x y)} ",
         {"haproxy.captured_headers": "a|curl/8 (x y)", "haproxy.captured_request_headers": None}),
        ("10/0/30/69/109 502", "10/-1/-1/-1/30010 503",
         {"haproxy.queue_ms": None, "haproxy.response_ms": None, "duration_ms": 30010.0}),
        ("502 2750 - - ----", "-1 0 - - CR--", {"http.response.status_code": None, "error": False}),
        ("/109 502 2750", "/+109 200 +2750",
         {"duration_ms": None, "haproxy.logged_after_ms": 109.0, "http.response.size": 2750}),
        ("GET /cart?id=1 HTTP/1.1", "<BADREQ>", {"name": "HTTP", "access_log.request": "<BADREQ>"}),
        ("GET /cart?id=1 HTTP/1.1", "GET https://shop.example/cart HTTP/2.0",
         {"server.address": "shop.example", "url.path": "/cart", "url.scheme": "https"}),
        ('HTTP/1.1"', 'HTTP/1.1" 0/0/0/0/0 shop.example/TLSv1.3/X', {"haproxy.ssl": "0/0/0/0/0 shop.example/TLSv1.3/X"}),
        ('cart?id=1 HTTP/1.1"', "cart", {"access_log.request": None, "url.path": "/cart"}),
        ("static/srv1", "http-in~/<NOSRV>", {"haproxy.server": "<NOSRV>"}),
        ("10.0.1.2:33310", "2001:db8::2:33310", {"client.address": "2001:db8::2", "client.port": 33310}),
    ],
)  # fmt: skip
def test_haproxy_variants(read, old, new, fields):
    got = read(f"{HAPROXY.replace(old, new)}\n{HAPROXY}\n".encode())
    assert got.reasons == []
    row = got.rows[0]
    assert {name: row.get(name) for name in fields} == fields


def test_haproxy_tcp(read):
    line = "10.0.1.2:33313 [04/May/2026:10:00:00.655] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0"
    row = one(read(f"{line}\n".encode()))
    assert (row["name"], row["duration_ms"], row["http.response.size"]) == ("TCP", 5007.0, 212)
    assert (row["haproxy.termination_state"], row["haproxy.retries"]) == ("--", 3)
    both = read(f"{HAPROXY}\n{HAPROXY}\n{line}\n".encode())
    assert [row["name"] for row in both.rows] == ["GET", "GET", "TCP"]


def test_haproxy_times_are_local(read):
    row = one(read(f"{HAPROXY}\n".encode(), tz="Europe/Berlin"))
    assert row["timestamp"] == datetime(2026, 5, 4, 8, 0, 0, 655_000, tzinfo=UTC)


def test_haproxy_own_messages_are_counted(read):
    lines = [
        "May  4 10:00:00 lb haproxy[1]: Proxy http-in started.",
        "May  4 10:00:00 lb haproxy[1]: 10.0.1.2:1 [04/May/2026:10:00:00.655] http-in/1: SSL handshake failure",
        f"May  4 10:00:00 lb haproxy[1]: {HAPROXY}",
        f"May  4 10:00:00 lb haproxy[1]: {HAPROXY.replace('04/May', '31/Feb')}",
    ]
    got = read("\n".join([*lines, ""]).encode())
    assert got.report.rejected_by_reason == {"not an access log line": 2}
    assert len(got.rows) == 2
    # The 31st of February is no time, so that of the header counts.
    assert (got.rows[1]["timestamp"].month, got.rows[1]["timestamp"].day) == (5, 4)


@pytest.mark.parametrize(
    "text",
    [
        "May  4 10:00:00 web sshd[12]: Accepted password for ann from 10.0.0.1 port 22 ssh2\n",
        '2026-05-04T10:00:00.186Z INFO app [main] "GET /cart" took 12 ms\n',
        "[Mon May 04 10:00:00.123 2026] [core:error] [pid 1] [client 10.0.0.1:80] AH00126: Invalid URI\n",
        '2026/05/04 10:00:00 [error] 1#1: *1 connect() failed, client: 10.0.0.1, request: "GET / HTTP/1.1"\n',
        'time=2026-05-04T10:00:00Z level=info msg="GET /cart" status=200\n',
    ],
)
def test_other_logs_are_not_access_logs(tmp_path, text):
    for reader in REGISTRY.readers():
        if "access log" in reader.name or "HAProxy" in reader.name:
            assert reader.sniff(text.encode() * 30) == 0, reader.name


@pytest.mark.shared
def test_shared_alb_and_haproxy(shared, load):
    for name in ("30-aws-alb/alb.log", "31-haproxy/haproxy.log"):
        path = shared / "cases/formats" / name
        got = load(path)
        assert len(got.rows) == 6
        assert got.reasons == []
        assert [row["timestamp"].second for row in got.rows] == list(range(6))
        assert {row["http.response.status_code"] for row in got.rows} == {502}
        assert {row["duration_ms"] for row in got.rows} == {171.0 if "alb" in name else 109.0}
        assert all(row["error"] for row in got.rows)
    client = {"192.168.131.39", "10.0.1.2"}
    assert {row["client.address"] for row in got.rows} <= client


def test_an_alb_websocket_began_when_it_was_created(read):
    line = ALB.replace("https 2026-05-04T10:00:00", "wss 2026-05-04T10:20:00")
    assert one(read(f"{line}\n".encode()))["timestamp"] == AT
