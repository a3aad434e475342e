"""Readers of requests keep the contract: access logs as text and JSON, curl, HAR, results of load tests.

They hold what a proxy saw of the incident: no child spans, no service, and times as coarse as in the log.
"""

import datetime as dt
import json
import re
from xml.sax.saxutils import quoteattr

import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.access_log import ACCESS, ENVOY_JSON, ENVOY_TEXT, NGINX_JSON
from obskit.readers.curl import READER as CURL
from obskit.readers.har import READER as HAR
from obskit.readers.load_tests.jmeter_xml import READER as JMETER_XML
from obskit.readers.load_tests.k6_json import READER as K6
from obskit.readers.load_tests.vegeta import READER as VEGETA
from obskit.schema import TIMESTAMP
from obskit.testing import ReaderContract

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
