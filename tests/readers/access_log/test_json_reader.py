"""Access logs as JSON lines: the keys of nginx and Envoy, and files with similar keys."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.errors import ObskitError
from obskit.readers import REGISTRY
from obskit.readers.io.source import Source
from obskit.schema import LoadReport, Normalizer, ReadOptions
from tests.support.examples import examples

NGINX = {
    "time_iso8601": "2026-05-04T10:00:01+02:00",
    "remote_addr": "10.0.0.9",
    "remote_user": "",
    "request_method": "POST",
    "request_uri": "/book?seat=3&x=a?b",
    "server_protocol": "HTTP/2.0",
    "status": "502",
    "body_bytes_sent": "12",
    "bytes_sent": 300,
    "request_length": "700",
    "request_time": "1.001",
    "upstream_response_time": "0.500, 0.400",
    "upstream_addr": "10.0.0.3:80, 10.0.0.4:80",
    "upstream_status": "502, 502",
    "http_user_agent": "curl/8.5",
    "http_referrer": "-",
    "http_x_forwarded_for": "198.51.100.1, 10.0.0.1",
    "host": "shop.example",
    "server_port": "443",
    "scheme": "https",
    "ssl_protocol": "TLSv1.3",
    "request_id": "5f2a",
    "http_traceparent": "00-5B8EFFF798038103D269B633813FC60C-eee19b7ec3c1b174-01",
    "region": "eu",
    "service.name": "edge",
}
REQUEST = {
    "timestamp": datetime(2026, 5, 4, 7, 59, 59, 999_000, tzinfo=UTC),
    "duration_ms": 1001.0,
    "name": "POST",
    "kind": "server",
    "trace_id": "5b8efff798038103d269b633813fc60c",
    "parent_span_id": "eee19b7ec3c1b174",
    "error": True,
    "client.address": "198.51.100.1",
    "http.request.header.x-forwarded-for": "198.51.100.1, 10.0.0.1",
    "http.request.method": "POST",
    "http.request.size": 700,
    "http.response.body.size": 12,
    "http.response.size": 300,
    "http.response.status_code": 502,
    "network.peer.address": "10.0.0.9",
    "network.protocol.version": "2.0",
    "nginx.region": "eu",
    "nginx.request_id": "5f2a",
    "nginx.upstream_addr": "10.0.0.3:80, 10.0.0.4:80",
    "nginx.upstream_response_time": 0.9,
    "nginx.upstream_status": "502, 502",
    "server.address": "shop.example",
    "server.port": 443,
    "service.name": "edge",
    "tls.protocol.version": "1.3",
    "url.path": "/book",
    "url.query": "seat=3&x=a?b",
    "url.scheme": "https",
    "user_agent.original": "curl/8.5",
}
ENVOY = {
    "start_time": "2026-05-04T08:00:01.500Z",
    "method": "GET",
    "path": "/book?seat=3",
    "protocol": "HTTP/1.1",
    "response_code": 503,
    "response_flags": "UH",
    "bytes_received": 0,
    "bytes_sent": 19,
    "duration": 12,
    "upstream_service_time": "11",
    "x_forwarded_for": "198.51.100.1",
    "user_agent": "curl/8.5",
    "request_id": "0b5f",
    "authority": "shop.example:8443",
    "upstream_host": "10.0.0.7:8080",
    "upstream_cluster": "outbound|80||shop",
    "route_name": "default",
    "downstream_remote_address": "10.0.0.9:4711",
    "upstream_transport_failure_reason": None,
}


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def test_nginx(read):
    got = read(lines(NGINX, NGINX))
    assert got.rows == [REQUEST] * 2
    assert got.report.rejected_count == 0


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"request": "POST /book?seat=3&x=a?b HTTP/2.0", "request_method": None, "request_uri": None}, {}),
        ({"request_uri": None, "uri": "/book", "args": "seat=3&x=a?b"}, {}),
        ({"time_iso8601": None, "msec": "1777881601.000"}, {}),
        ({"time_iso8601": None, "time_local": "04/May/2026:10:00:01 +0200"}, {}),
        ({"time_iso8601": None, "@timestamp": "2026-05-04T08:00:01Z"}, {}),
        ({"status": 502, "request_time": 1.001, "body_bytes_sent": 12, "upstream_response_time": 0.9}, {}),
        ({"server_name": "_"}, {"nginx.server_name": "_"}),
        ({"duration": "3 hours", "code": 7}, {"nginx.duration": "3 hours", "nginx.code": 7}),
        ({"service": {"name": "other"}}, {}),
        (
            {"service.name": None, "service": {"name": 7, "zone": [1, "a"]}},
            {"service.name": "7", "service.zone": ["1", "a"]},
        ),
        ({"route": "/book"}, {"http.route": "/book", "name": "POST /book"}),
    ],
)
def test_nginx_with_other_keys(read, change, fields):
    row = {name: value for name, value in (NGINX | change).items() if value is not None}
    wanted = REQUEST | fields
    assert read(lines(row)).rows == [wanted]


def test_missing_and_impossible_times_are_null(read):
    rows = [NGINX | {"time_iso8601": None}, NGINX | {"request_time": 1e300}, NGINX | {"request_time": -1}]
    got = read(lines(*rows))
    noon = datetime(2026, 5, 4, 8, 0, 1, tzinfo=UTC)
    assert [row.get("timestamp") for row in got.rows] == [None, noon, noon]
    assert read(lines(rows[0])).report.untimed == 1
    assert read(lines(NGINX | {"time_iso8601": [1]})).report.untimed == 1


def test_a_request_that_is_not_http_and_bad_lines(read):
    row = {name: value for name, value in NGINX.items() if not name.startswith("request_")}
    odd = row | {"request": "\x16\x03\x01", "status": "400", "request_time": "never"}
    got = read(lines(NGINX, odd) + b"{torn")
    assert got.rows[1]["access_log.request"] == "\x16\x03\x01"
    assert (got.rows[1]["name"], got.rows[1]["timestamp"]) == (
        "HTTP",
        datetime(2026, 5, 4, 8, 0, 1, tzinfo=UTC),
    )
    assert got.report.unparsed == {"request_time": 1}
    assert [reason for _, reason in got.reasons] == ["torn: the file ends within the line"]


def test_envoy(read):
    wanted = {
        "timestamp": datetime(2026, 5, 4, 8, 0, 1, 500_000, tzinfo=UTC),
        "duration_ms": 12.0,
        "name": "GET",
        "kind": "server",
        "error": True,
        "client.address": "198.51.100.1",
        "envoy.response_flags": "UH",
        "envoy.route_name": "default",
        "envoy.upstream_cluster": "outbound|80||shop",
        "envoy.upstream_host": "10.0.0.7:8080",
        "envoy.upstream_service_time": 11.0,
        "http.request.body.size": 0,
        "http.request.header.x-forwarded-for": "198.51.100.1",
        "http.request.header.x-request-id": "0b5f",
        "http.request.method": "GET",
        "http.response.body.size": 19,
        "http.response.status_code": 503,
        "network.peer.address": "10.0.0.9",
        "network.peer.port": 4711,
        "network.protocol.version": "1.1",
        "server.address": "shop.example",
        "server.port": 8443,
        "url.path": "/book",
        "url.query": "seat=3",
        "user_agent.original": "curl/8.5",
    }
    assert read(lines(ENVOY, ENVOY | {"response_code": 0})).rows == [
        wanted,
        {k: v for k, v in wanted.items() if k != "http.response.status_code"} | {"error": False},
    ]


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ([NGINX], "nginx JSON"),
        ([ENVOY], "Envoy JSON"),
        ([{"time": 1, "status": 200, "request_method": "GET", "request_time": 3}], "flat JSONL"),
        ([{"time": 1, "status": 200, "method": "GET", "remote_addr": "x", "uri": "/"}], "flat JSONL"),
        ([NGINX, {"time": 1, "status": 200}], "flat JSONL"),
        (
            [{"start_time": 1, "method": "GET", "path": "/", "duration": 3, "response_code": 200}],
            "flat JSONL",
        ),
        ([NGINX | {"request_method": None}], "nginx JSON"),
    ],
)
def test_a_file_with_only_some_of_the_keys_stays_jsonl(tmp_path, rows, name):
    path = tmp_path / "x.log"
    path.write_bytes(lines(*rows))
    assert REGISTRY.choose(Source(path)).name == name


_VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
_VALUES = (
    _VALUES
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=4), st.integers(), max_size=2)
)


@settings(max_examples=examples(80), deadline=None)
@given(st.sampled_from([NGINX, ENVOY]), st.data())
def test_any_value_under_any_key_is_read_or_counted(tmp_path_factory, base, data):
    rows = [base]
    for _ in range(3):
        keys = data.draw(
            st.lists(
                st.sampled_from([*base, "line", "path", "service", "nginx", "time", "micros", "start", ""]),
                max_size=4,
            )
        )
        rows.append(base | {key: data.draw(_VALUES | st.just({"name": 1, "region": "x"})) for key in keys})
    path = tmp_path_factory.mktemp("j") / "x.log"
    try:
        path.write_bytes(lines(*rows))
    except UnicodeEncodeError:
        return
    report = LoadReport()
    normalizer = Normalizer(report)
    name = "nginx JSON" if base is NGINX else "Envoy JSON"
    reader = next(one for one in REGISTRY.readers() if one.name == name)
    try:
        batches = [
            normalizer.batch(batch) for batch in reader.read(Source(path), report.file(path), ReadOptions())
        ]
    except ObskitError as error:
        raise AssertionError(str(error)) from error
    assert sum(batch.num_rows for batch in batches) + report.rejected_count == 4
    assert batches[0].to_pylist()[0]["http.request.method"] == base.get("request_method", base.get("method"))
