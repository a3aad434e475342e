"""Traefik's and Caddy's JSON: units, clients, and the other log records of the same stream."""

import json
from datetime import UTC, datetime

import pytest

from obskit.readers import REGISTRY
from obskit.readers.access_log.json_proxies import DURATION_NOTE
from obskit.readers.io.source import Source

# The keys of Traefik's documentation of access logs in JSON, with made-up values.
TRAEFIK = {
    "ClientAddr": "10.0.0.9:54321",
    "ClientHost": "10.0.0.9",
    "ClientPort": "54321",
    "ClientUsername": "-",
    "DownstreamContentSize": 1234,
    "DownstreamStatus": 502,
    "Duration": 211_500_000,
    "OriginContentSize": 1234,
    "OriginDuration": 200_000_000,
    "OriginStatus": 503,
    "Overhead": 11_500_000,
    "RequestAddr": "shop.example",
    "RequestContentSize": 7,
    "RequestCount": 42,
    "RequestHost": "shop.example",
    "RequestMethod": "GET",
    "RequestPath": "/cart?id=1",
    "RequestPort": "443",
    "RequestProtocol": "HTTP/2.0",
    "RequestScheme": "https",
    "RetryAttempts": 0,
    "RouterName": "shop@docker",
    "ServiceAddr": "10.0.0.50:3000",
    "ServiceName": "shop@docker",
    "ServiceURL": "http://10.0.0.50:3000",
    "StartLocal": "2026-05-04T12:00:01.789123456+02:00",
    "StartUTC": "2026-05-04T10:00:01.789123456Z",
    "entryPointName": "websecure",
    "level": "info",
    "msg": "",
    "request_User-Agent": "curl/8",
    "request_X-Foo": "1",
    "downstream_Content-Type": "text/html",
    "time": "2026-05-04T10:00:02Z",
}
TRAEFIK_ROW = {
    "timestamp": datetime(2026, 5, 4, 10, 0, 1, 789_123, tzinfo=UTC),
    "duration_ms": 211.5,
    "name": "GET",
    "kind": "server",
    "error": True,
    "severity_text": "info",
    "client.address": "10.0.0.9",
    "client.port": 54321,
    "http.request.body.size": 7,
    "http.request.header.x-foo": "1",
    "http.request.method": "GET",
    "http.response.body.size": 1234,
    "http.response.header.content-type": "text/html",
    "http.response.status_code": 502,
    "network.protocol.version": "2.0",
    "server.address": "shop.example",
    "server.port": 443,
    "traefik.OriginContentSize": 1234,
    "traefik.RequestAddr": "shop.example",
    "traefik.entry_point": "websecure",
    "traefik.overhead_ms": 11.5,
    "traefik.request_count": 42,
    "traefik.retry_attempts": 0,
    "traefik.router.name": "shop@docker",
    "traefik.server.url": "http://10.0.0.50:3000",
    "traefik.service.name": "shop@docker",
    "upstream.address": "10.0.0.50:3000",
    "upstream.duration_ms": 200.0,
    "upstream.status_code": 503,
    "url.path": "/cart",
    "url.query": "id=1",
    "url.scheme": "https",
    "user_agent.original": "curl/8",
}
# The keys of Caddy 2.7; `duration` is seconds and `ts` the time of the answer.
CADDY = {
    "level": "error",
    "ts": 1777888801.75,
    "logger": "http.log.access.log0",
    "msg": "handled request",
    "request": {
        "remote_ip": "10.0.0.9",
        "remote_port": "60422",
        "client_ip": "203.0.113.7",
        "proto": "HTTP/2.0",
        "method": "GET",
        "host": "shop.example:8443",
        "uri": "/cart?id=1",
        "headers": {"User-Agent": ["curl/8"], "Accept": ["a", "b"], "X-Forwarded-For": ["198.51.100.1"]},
        "tls": {
            "resumed": False,
            "version": 772,
            "cipher_suite": 4865,
            "proto": "h2",
            "server_name": "shop.example",
        },
    },
    "bytes_read": 7,
    "user_id": "",
    "duration": 0.25,
    "size": 13,
    "status": 502,
    "resp_headers": {"Server": ["Caddy"]},
}
CADDY_ROW = {
    "timestamp": datetime(2026, 5, 4, 10, 0, 1, 500_000, tzinfo=UTC),
    "duration_ms": 250.0,
    "name": "GET",
    "kind": "server",
    "error": True,
    "severity_text": "error",
    "caddy.logger": "http.log.access.log0",
    "caddy.msg": "handled request",
    "caddy.tls.cipher_suite": 4865,
    "caddy.tls.proto": "h2",
    "caddy.tls.resumed": False,
    "caddy.tls.server_name": "shop.example",
    "client.address": "203.0.113.7",
    "http.request.body.size": 7,
    "http.request.header.accept": "a, b",
    "http.request.header.x-forwarded-for": "198.51.100.1",
    "http.request.method": "GET",
    "http.response.body.size": 13,
    "http.response.header.server": "Caddy",
    "http.response.status_code": 502,
    "network.peer.address": "10.0.0.9",
    "network.peer.port": 60422,
    "network.protocol.version": "2.0",
    "server.address": "shop.example",
    "server.port": 8443,
    "tls.protocol.version": "1.3",
    "url.path": "/cart",
    "url.query": "id=1",
    "user_agent.original": "curl/8",
}


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def without_severity_number(row):
    return {name: value for name, value in row.items() if name != "severity_number"}


def one(read, row):
    got = read(lines(row))
    assert got.reasons == []
    return without_severity_number(got.rows[0])


def test_traefik(read):
    got = read(lines(TRAEFIK, TRAEFIK))
    assert [without_severity_number(row) for row in got.rows] == [TRAEFIK_ROW] * 2


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"ClientHost": "203.0.113.7, 10.0.0.1"},
         {"client.address": "203.0.113.7", "network.peer.address": "10.0.0.9"}),
        ({"ClientHost": None}, {"client.address": "10.0.0.9"}),
        ({"StartUTC": None}, {}),
        ({"StartUTC": None, "StartLocal": None},
         {"timestamp": datetime(2026, 5, 4, 10, 0, 1, 788_500, tzinfo=UTC)}),
        ({"ServiceURL": {"Scheme": "http", "Host": "10.0.0.50:3000", "User": None}, "ServiceAddr": None},
         {"upstream.address": "10.0.0.50:3000"}),
        ({"TraceId": "0af7651916cd43dd8448eb211c80319c"}, {"trace_id": "0af7651916cd43dd8448eb211c80319c"}),
        ({"DownstreamStatus": 0}, {"http.response.status_code": None, "error": False}),
        ({"Duration": None}, {"duration_ms": None}),
    ],
)  # fmt: skip
def test_traefik_variants(read, change, fields):
    row = one(read, {name: value for name, value in (TRAEFIK | change).items() if value is not None})
    wanted = TRAEFIK_ROW | fields
    assert {name: row.get(name) for name in fields} == fields
    assert row["timestamp"] == wanted["timestamp"]


def test_caddy(read):
    got = read(lines(CADDY, CADDY))
    assert [without_severity_number(row) for row in got.rows] == [CADDY_ROW] * 2
    assert got.report.notes == []


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"duration": "250ms"}, {"duration_ms": 250.0}),
        ({"duration": "1m0.5s", "ts": "2026-05-04T10:01:01.500Z"},
         {"duration_ms": 60_500.0, "timestamp": datetime(2026, 5, 4, 10, 0, 1, tzinfo=UTC)}),
        ({"status": 0}, {"http.response.status_code": None}),
        ({"logger": None}, {"caddy.logger": None, "duration_ms": 250.0}),
        ({"request": {"remote_addr": "10.0.0.9:4711", "method": "GET", "uri": "/", "proto": "HTTP/1.1",
                      "host": "a", "headers": {}}},
         {"client.address": "10.0.0.9", "client.port": 4711, "network.peer.address": None, "url.path": "/"}),
        ({"traceID": "0af7651916cd43dd8448eb211c80319c"}, {"trace_id": "0af7651916cd43dd8448eb211c80319c"}),
    ],
)  # fmt: skip
def test_caddy_variants(read, change, fields):
    row = one(read, {name: value for name, value in (CADDY | change).items() if value is not None})
    assert {name: row.get(name) for name in fields} == fields


def test_caddy_durations_of_another_unit_are_kept_apart(read):
    got = read(lines(CADDY | {"duration": 250_000_000}))
    (row,) = got.rows
    assert row["caddy.duration"] == 250_000_000
    assert "duration_ms" not in row
    assert row["timestamp"] == datetime(2026, 5, 4, 10, 0, 1, 750_000, tzinfo=UTC)
    assert got.report.notes == [DURATION_NOTE]


@pytest.mark.parametrize(
    ("other", "request_"),
    [
        ({"level": "info", "msg": "Starting", "time": "2026-05-04T09:59:00Z"}, TRAEFIK),
        (
            {"level": "info", "ts": 1777888000.5, "logger": "http", "msg": "serving initial configuration"},
            CADDY,
        ),
        # Caddy logs a failed request twice: as an error of the handler, and as the access.
        (CADDY | {"logger": "http.log.error.log0", "msg": "dial tcp: refused", "err_id": "x"}, CADDY),
    ],
)
def test_other_records_are_kept_and_are_not_requests(read, other, request_):
    got = read(lines(other, request_, other))
    assert got.reasons == []
    assert len(got.rows) == 3
    assert [row.get("kind") for row in got.rows].count("server") == 1
    assert all("timestamp" in row for row in got.rows)


def test_torn_and_bad_lines_are_rejected(read):
    got = read(lines(CADDY) + b"caddy: fatal\n" + lines(CADDY)[:-40])
    assert len(got.rows) == 1
    assert [reason for _, reason in got.reasons] == ["not JSON", "torn: the file ends within the line"]


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (TRAEFIK, "Traefik JSON"),
        (CADDY, "Caddy JSON"),
        ({"time": 1, "request": {"method": "GET"}, "status": 200, "duration": 3}, "flat JSONL"),
        ({"time": 1, "msg": "handled request", "request": "GET /", "status": 200}, "flat JSONL"),
        ({"time": 1, "RequestMethod": "GET", "Duration": 1}, "flat JSONL"),
    ],
)
def test_the_format_is_detected_by_its_keys(tmp_path, row, name):
    path = tmp_path / "x.log"
    path.write_bytes(lines(row, row))
    assert REGISTRY.choose(Source(path)).name == name


@pytest.mark.shared
def test_shared_caddy(shared, load):
    got = load(shared / "cases/formats/06-caddy/access.log")
    assert [row["duration_ms"] for row in got.rows] == [250.0, 260.0, 270.0, 280.0, 290.0, 300.0]
    assert {row["client.address"] for row in got.rows} == {f"10.0.0.{n}" for n in range(6)}
    assert [row["error"] for row in got.rows] == [row["http.response.status_code"] >= 500 for row in got.rows]
    assert sum(row["error"] for row in got.rows) == 3
