"""Readers of requests keep the contract: access logs as text and JSON, curl, HAR, results of load tests.

They hold what a proxy saw of the incident: no child spans, no service, and times as coarse as in the log.
"""

import datetime as dt
import json
import re
from datetime import timedelta
from xml.sax.saxutils import quoteattr

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from obskit.readers.access_log import ACCESS, ENVOY_JSON, ENVOY_TEXT, NGINX_JSON
from obskit.readers.access_log.aws import ALB, ELB, S3
from obskit.readers.access_log.haproxy import HAPROXY
from obskit.readers.access_log.json_proxies import CADDY_JSON, TRAEFIK_JSON
from obskit.readers.access_log.squid import SQUID
from obskit.readers.access_log.w3c import W3C
from obskit.readers.curl import READER as CURL
from obskit.readers.har import READER as HAR
from obskit.readers.load_tests.jmeter_xml import READER as JMETER_XML
from obskit.readers.load_tests.k6_json import READER as K6
from obskit.readers.load_tests.vegeta import READER as VEGETA
from obskit.schema import TIMESTAMP
from obskit.testing import ReaderContract

pytestmark = pytest.mark.once

REQUEST = ("timestamp", "kind", "error", "http.request.method", "http.response.status_code")
SEEN = ("client.address", "url.path", "user_agent.original", "http.response.body.size")


class Requests(ReaderContract):
    """One request per line."""

    def carries(self, table):
        return table.filter(pc.is_valid(table["http.request.method"]))

    def write(self, table):
        return b"".join(self.line(row).encode() + b"\n" for row in table.to_pylist())

    def line(self, row):
        raise NotImplementedError

    def spoiled(self, data):
        return data.replace(b"\n", b"\nno request\n", 1)


def target(row):
    query = row.get("url.query")
    return row["url.path"] + (f"?{query}" if query else "")


def escaped(text):
    """Escape quotation marks, backslashes and bytes that are not ASCII, as Apache and nginx do."""
    return re.sub(rb'["\\\x80-\xff]', lambda found: rb"\x%02X" % ord(found[0]), text.encode()).decode()


def encoded_by_haproxy(text):
    return re.sub(rb'["#{|}\x80-\xff]', lambda found: b"#%02X" % ord(found[0]), text.encode()).decode()


class TestCombined(Requests):
    """Apache: the time when the request arrived, to the second."""

    reader = ACCESS
    keeps = (*REQUEST, *SEEN, "url.query")

    def adds(self, table):
        return {"name": "POST", "network.protocol.version": "1.1"}

    def line(self, row):
        return (
            f"{row['client.address']} - - [{row['timestamp']:%d/%b/%Y:%H:%M:%S +0000}] "
            f'"{row["http.request.method"]} {escaped(target(row))} HTTP/1.1" '
            f"{row['http.response.status_code']} {row['http.response.body.size']} "
            f'"-" "{row["user_agent.original"]}"'
        )


class TestNginxJson(Requests):
    """With the variables of nginx's own tracing module; numbers are text, as `escape=json` writes them."""

    reader = NGINX_JSON
    keeps = (
        *(*REQUEST, *SEEN, "url.query", "duration_ms", "name", "http.route", "server.address"),
        *("service.name", "trace_id", "span_id"),
    )

    def adds(self, table):
        return {"network.protocol.version": "2.0"}

    def line(self, row):
        over = row["timestamp"].timestamp() + row["duration_ms"] / 1000
        return json.dumps(
            {
                "msec": f"{over:.3f}",
                "remote_addr": row["client.address"],
                "request_method": row["http.request.method"],
                "request_uri": target(row),
                "server_protocol": "HTTP/2.0",
                "status": str(row["http.response.status_code"]),
                "body_bytes_sent": str(row["http.response.body.size"]),
                "request_time": f"{row['duration_ms'] / 1000:.3f}",
                "http_user_agent": row["user_agent.original"],
                "host": row["server.address"],
                "otel_trace_id": row["trace_id"],
                "otel_span_id": row["span_id"],
                "http.route": row["http.route"],
                "service.name": row["service.name"],
            }
        )


class Envoy(Requests):
    keeps = (*REQUEST, *SEEN, "duration_ms", "server.address")

    def adds(self, table):
        return {
            "name": "POST",
            "network.protocol.version": "1.1",
            "http.request.body.size": 0,
            "http.request.header.x-forwarded-for": table["client.address"],
        }


class TestEnvoyText(Envoy):
    """The default format, which cannot hold a quotation mark: paths without a query."""

    reader = ENVOY_TEXT

    def line(self, row):
        return (
            f"[{row['timestamp'].isoformat(timespec='milliseconds').replace('+00:00', 'Z')}] "
            f'"{row["http.request.method"]} {row["url.path"]} HTTP/1.1" '
            f"{row['http.response.status_code']} - 0 {row['http.response.body.size']} "
            f"{row['duration_ms']:.0f} - "
            f'"{row["client.address"]}" "{row["user_agent.original"]}" "-" "{row["server.address"]}" "-"'
        )


class TestEnvoyJson(Envoy):
    reader = ENVOY_JSON
    keeps = (*Envoy.keeps, "url.query", "trace_id")

    def line(self, row):
        return json.dumps(
            {
                "start_time": row["timestamp"].isoformat(timespec="milliseconds"),
                "method": row["http.request.method"],
                "path": target(row),
                "protocol": "HTTP/1.1",
                "response_code": row["http.response.status_code"],
                "response_flags": "-",
                "bytes_received": 0,
                "bytes_sent": row["http.response.body.size"],
                "duration": int(row["duration_ms"]),
                "x_forwarded_for": row["client.address"],
                "user_agent": row["user_agent.original"],
                "authority": row["server.address"],
                "trace_id": row["trace_id"],
            }
        )


class TestTraefikJson(Requests):
    """Durations are nanoseconds, and the time is when the request came."""

    reader = TRAEFIK_JSON
    keeps = (*REQUEST, *SEEN, "url.query", "duration_ms", "server.address", "trace_id")

    def adds(self, table):
        return {"name": "POST", "network.protocol.version": "2.0"}

    def line(self, row):
        return json.dumps(
            {
                "StartUTC": row["timestamp"].isoformat(),
                "Duration": round(row["duration_ms"] * 1e6),
                "RequestMethod": row["http.request.method"],
                "RequestPath": target(row),
                "RequestHost": row["server.address"],
                "RequestProtocol": "HTTP/2.0",
                "DownstreamStatus": row["http.response.status_code"],
                "DownstreamContentSize": row["http.response.body.size"],
                "ClientHost": row["client.address"],
                "request_User-Agent": row["user_agent.original"],
                "TraceId": row["trace_id"],
            }
        )


class TestCaddyJson(Requests):
    """Durations are seconds, and the time is when the request was answered."""

    reader = CADDY_JSON
    keeps = (*REQUEST, *SEEN, "url.query", "duration_ms", "server.address")

    def adds(self, table):
        return {
            "name": "POST",
            "network.protocol.version": "2.0",
            "caddy.logger": "http.log.access",
            "caddy.msg": "handled request",
        }

    def line(self, row):
        over = row["timestamp"].timestamp() + row["duration_ms"] / 1000
        return json.dumps(
            {
                "ts": over,
                "logger": "http.log.access",
                "msg": "handled request",
                "request": {
                    "remote_ip": row["client.address"],
                    "proto": "HTTP/2.0",
                    "method": row["http.request.method"],
                    "host": row["server.address"],
                    "uri": target(row),
                    "headers": {"User-Agent": [row["user_agent.original"]]},
                },
                "duration": row["duration_ms"] / 1000,
                "size": row["http.response.body.size"],
                "status": row["http.response.status_code"],
            }
        )


class TestHaproxy(Requests):
    reader = HAPROXY
    keeps = (*REQUEST, "client.address", "url.path", "url.query", "duration_ms")

    def adds(self, table):
        counts = ("actconn", "feconn", "beconn", "srv_conn", "retries", "srv_queue", "backend_queue")
        return {
            "name": "POST",
            "network.protocol.version": "1.1",
            "client.port": 4711,
            "http.response.size": table["http.response.body.size"],
            "haproxy.frontend": "http-in",
            "haproxy.backend": "shop",
            "haproxy.server": "srv1",
            "haproxy.request_ms": 1.0,
            "haproxy.queue_ms": 0.0,
            "haproxy.connect_ms": 0.0,
            "haproxy.termination_state": "----",
            **{f"haproxy.{name}": 0 for name in counts},
        }

    def line(self, row):
        return (
            f"{row['client.address']}:4711 [{row['timestamp']:%d/%b/%Y:%H:%M:%S}."
            f"{row['timestamp'].microsecond // 1000:03d}] http-in shop/srv1 1/0/0/-1/{row['duration_ms']:.0f} "
            f"{row['http.response.status_code']} {row['http.response.body.size']} - - ---- 0/0/0/0/0 0/0 "
            f'"{row["http.request.method"]} {encoded_by_haproxy(target(row))} HTTP/1.1"'
        )


class TestAlb(Requests):
    """The time of the line is when the request was answered; three times add up to the duration."""

    reader = ALB
    keeps = (*REQUEST, "client.address", "url.path", "url.query", "user_agent.original", "duration_ms")

    def adds(self, table):
        return {
            "name": "POST",
            "network.protocol.version": "1.1",
            "client.port": 4711,
            "http.request.size": 0,
            "http.response.size": table["http.response.body.size"],
            "server.address": "shop.example",
            "server.port": 443,
            "url.scheme": "https",
            "upstream.address": "10.0.0.1:80",
            "upstream.status_code": table["http.response.status_code"],
            "upstream.duration_ms": table["duration_ms"],
            "alb.domain_name": "shop.example",
            "alb.name": "app/lb/1",
            "alb.type": "https",
            "alb.request_processing_ms": 0.0,
            "alb.response_processing_ms": 0.0,
            "alb.rule_priority": "1",
            "alb.target_group": "arn",
            "alb.request_creation_time": table["timestamp"],
        }

    def line(self, row):
        over = row["timestamp"] + timedelta(milliseconds=row["duration_ms"])
        status = row["http.response.status_code"]
        return (
            f"https {over:%Y-%m-%dT%H:%M:%S.%fZ} app/lb/1 {row['client.address']}:4711 10.0.0.1:80 0.000 "
            f"{row['duration_ms'] / 1000:.6f} 0.000 {status} {status} 0 {row['http.response.body.size']} "
            f'"{row["http.request.method"]} https://shop.example:443{escaped(target(row))} HTTP/1.1" '
            f'"{row["user_agent.original"]}" - - arn "-" "shop.example" "-" 1 '
            f'{row["timestamp"]:%Y-%m-%dT%H:%M:%S.%fZ} "-" "-" "-" "-" "-" "-" "-" -'
        )


class TestElb(Requests):
    reader = ELB
    keeps = (*REQUEST, *SEEN, "url.query", "duration_ms")

    def adds(self, table):
        return {
            "name": "POST",
            "network.protocol.version": "1.1",
            "client.port": 4711,
            "http.request.body.size": 0,
            "server.address": "shop.example",
            "server.port": 80,
            "url.scheme": "http",
            "upstream.address": "10.0.0.1:80",
            "upstream.status_code": table["http.response.status_code"],
            "upstream.duration_ms": table["duration_ms"],
            "elb.name": "lb",
            "elb.request_processing_ms": 0.0,
            "elb.response_processing_ms": 0.0,
        }

    def line(self, row):
        status = row["http.response.status_code"]
        return (
            f"{row['timestamp']:%Y-%m-%dT%H:%M:%S.%fZ} lb {row['client.address']}:4711 10.0.0.1:80 0.000 "
            f"{row['duration_ms'] / 1000:.6f} 0.000 {status} {status} 0 {row['http.response.body.size']} "
            f'"{row["http.request.method"]} http://shop.example:80{escaped(target(row))} HTTP/1.1" '
            f'"{row["user_agent.original"]}" - -'
        )


class TestS3(Requests):
    reader = S3
    keeps = (*REQUEST, *SEEN, "url.query", "duration_ms")

    def adds(self, table):
        return {
            "name": "REST.POST.OBJECT",
            "network.protocol.version": "1.1",
            "s3.owner": "79a5",
            "s3.bucket": "shop",
            "s3.request_id": "3E57",
            "s3.operation": "REST.POST.OBJECT",
            "s3.key": "1.jpg",
        }

    def line(self, row):
        return (
            f"79a5 shop [{row['timestamp']:%d/%b/%Y:%H:%M:%S +0000}] {row['client.address']} - 3E57 "
            f'REST.POST.OBJECT 1.jpg "{row["http.request.method"]} {escaped(target(row))} HTTP/1.1" '
            f"{row['http.response.status_code']} - {row['http.response.body.size']} - "
            f'{row["duration_ms"]:.0f} - "-" "{row["user_agent.original"]}" -'
        )


class TestSquid(Requests):
    reader = SQUID
    tells_torn = False  # the last value is any text
    keeps = (*REQUEST, "client.address", "url.path", "url.query", "duration_ms")

    def adds(self, table):
        return {
            "name": "POST",
            "squid.result": "TCP_MISS",
            "squid.hierarchy": "HIER_DIRECT",
            "http.response.size": 0,
        }

    def line(self, row):
        ended = row["timestamp"].timestamp() + row["duration_ms"] / 1_000
        return (
            f"{ended:.3f} {row['duration_ms']:6.0f} {row['client.address']} "
            f"TCP_MISS/{row['http.response.status_code']} 0 {row['http.request.method']} "
            f"{target(row)} - HIER_DIRECT/- -"
        )


class TestIis(Requests):
    """The last column is a number, so that a torn last line may look whole; the load report says so."""

    reader = W3C
    tells_torn = False
    keeps = (*REQUEST, "client.address", "url.path", "url.query", "user_agent.original", "duration_ms")

    def adds(self, table):
        return {"name": "POST"}

    def write(self, table):
        fields = "date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status time-taken"
        head = f"#Software: Microsoft Internet Information Services 10.0\n#Fields: {fields}\n"
        return head.encode() + super().write(table)

    def line(self, row):
        return (
            f"{row['timestamp']:%Y-%m-%d %H:%M:%S} {row['http.request.method']} {row['url.path']} "
            f"{row.get('url.query') or '-'} {row['client.address']} "
            f"{row['user_agent.original'].replace(' ', '+')} {row['http.response.status_code']} "
            f"{row['duration_ms']:.0f}"
        )

    def spoiled(self, data):
        return data + b"no request\n"


class TestCurl(Requests):
    """A request's duration and outcome, without its time, on the client's side."""

    reader = CURL
    keeps = ("duration_ms", "error", "http.request.method", "http.response.status_code", "server.address")

    def adds(self, table):
        return {
            "name": "probe",
            "kind": "client",
            "url.full": "https://shop.example/book",
            "server.port": 443,
            "time_namelookup_seconds": 0.002,
            "time_total_seconds": pc.divide(table["duration_ms"], 1000.0),
            "exitcode": 0,
        }

    def line(self, row):
        return json.dumps(
            {
                "exitcode": 0,
                "method": row["http.request.method"],
                "response_code": row["http.response.status_code"],
                "time_namelookup": 0.002,
                "time_total": row["duration_ms"] / 1000,
                "url": f"https://{row['server.address']}{row['url.path']}",
            },
            separators=(",", ":"),
        )


ADDRESS = {"server.address": "shop.example", "server.port": 443}


def url(row):
    return f"https://shop.example{target(row)}"


def sent(row):
    return {"kind": "client", "name": f"POST {row['url.path']}", "url.full": url(row), **ADDRESS}


class Sent(Requests):
    """Requests as a client saw them: of kind client, with the whole URL."""

    keeps = (
        *("timestamp", "duration_ms", "http.request.method", "http.response.status_code", "error"),
        *("url.path", "url.query"),
    )

    def adds(self, table):
        rows = [sent(row) for row in table.to_pylist()]
        return {name: pa.array([row[name] for row in rows]) for name in rows[0]}


class TestHar(Sent):
    """What a browser saves."""

    reader = HAR

    def write(self, table):
        entries = [self.entry(row) for row in table.to_pylist()]
        return json.dumps({"log": {"version": "1.2", "creator": {}, "entries": entries}}).encode()

    def entry(self, row):
        return {
            "startedDateTime": f"{row['timestamp']:%Y-%m-%dT%H:%M:%S.%fZ}",
            "time": row["duration_ms"],
            "request": {"method": row["http.request.method"], "url": url(row)},
            "response": {"status": row["http.response.status_code"], "content": {}},
            "timings": {"wait": -1},
        }

    def spoiled(self, data):
        return data[:-3] + b", 7]}}"


class TestVegeta(Sent):
    """One result per line."""

    reader = VEGETA

    def adds(self, table):
        return {
            **super().adds(table),
            "http.response.body.size": 91,
            "http.request.body.size": 0,
            "vegeta.seq": 1,
        }

    def line(self, row):
        return json.dumps(
            {
                "attack": "",
                "seq": 1,
                "code": row["http.response.status_code"],
                "timestamp": f"{row['timestamp']:%Y-%m-%dT%H:%M:%S.%f000Z}",
                "latency": round(row["duration_ms"] * 1e6),
                "bytes_out": 0,
                "bytes_in": 91,
                "error": "",
                "body": None,
                "method": row["http.request.method"],
                "url": url(row),
                "headers": None,
            },
            separators=(",", ":"),
        )


class TestK6(Sent):
    """Points of `http_req_duration`, with the time when the request ended."""

    reader = K6

    def line(self, row):
        ended = row["timestamp"] + dt.timedelta(milliseconds=row["duration_ms"])
        tags = {
            "method": row["http.request.method"],
            "status": str(row["http.response.status_code"]),
            "url": url(row),
        }
        data = {"time": f"{ended:%Y-%m-%dT%H:%M:%S.%fZ}", "value": row["duration_ms"], "tags": tags}
        point = {"metric": "http_req_duration", "type": "Point", "data": data}
        return json.dumps(point, separators=(",", ":"))


class TestJMeterXml(Sent):
    """Samples with whole milliseconds."""

    reader = JMETER_XML
    keeps = ("http.response.status_code", "error")

    def adds(self, table):
        rows = table.to_pylist()
        return {
            "timestamp": pa.array([row["timestamp"].replace(microsecond=0) for row in rows], TIMESTAMP),
            "duration_ms": pa.array([float(int(row["duration_ms"])) for row in rows]),
            "kind": "client",
            "name": pa.array([row["url.path"] for row in rows]),
            "status_code": "UNSET",
            "url.full": pa.array([url(row) for row in rows]),
            "jmeter.response_code": pa.array([str(row["http.response.status_code"]) for row in rows]),
            "jmeter.success": "true",
        }

    def write(self, table):
        samples = b"".join(self.line(row).encode() + b"\n" for row in table.to_pylist())
        return (
            b'<?xml version="1.0" encoding="UTF-8"?>\n<testResults version="1.2">\n'
            + samples
            + b"</testResults>\n"
        )

    def line(self, row):
        started = int(row["timestamp"].replace(microsecond=0).timestamp() * 1000)
        path = quoteattr(row["url.path"])
        return (
            f'<httpSample t="{int(row["duration_ms"])}" ts="{started}" s="true" lb={path}'
            f' rc="{row["http.response.status_code"]}"><java.net.URL>{url(row).replace("&", "&amp;")}</java.net.URL>'
            "</httpSample>"
        )

    def spoiled(self, data):
        return data.replace(b"<httpSample", b'<httpSample lb="x"/><httpSample', 1)
