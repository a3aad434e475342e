"""Readers of vendors' spans keep the contract, and so does OTLP in the wraps that other programs write."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from obskit.readers.otlp.json_reader import READER as OTLP
from obskit.readers.vendor_spans import (
    APP_INSIGHTS,
    CLOUD_LOGGING,
    CLOUD_TRACE,
    CONSOLE,
    DATADOG,
    ELASTIC_APM,
    XRAY,
)
from obskit.testing import ReaderContract, encoded
from tests.testing.test_contract import normalized, rows_of, without

pytestmark = pytest.mark.once

OWN = ("timestamp", "duration_ms", "name", "kind", "trace_id", "span_id", "parent_span_id", "status_code")
COLUMNS = {*OWN, "status_message", "trace_state", "events", "links", "error", "sample_weight", "event_count"}
HTTP = ("http.request.method", "http.response.status_code", "http.route", "url.path", "url.query")


def iso(nanoseconds):
    """Return a time as text, to the nanosecond."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def lines(items):
    """Return objects, one per line."""
    return b"".join(json.dumps(item, separators=(",", ":")).encode() + b"\n" for item in items)


class Spans(ReaderContract):
    """Formats that hold spans and no log records."""

    def carries(self, table):
        return table.filter(pc.is_valid(table["duration_ms"]))

    def rows(self, table):
        """Return each row without nulls, and its start and end in nanoseconds."""
        micros = table["timestamp"].cast(pa.int64()).to_pylist()
        for row, micro in zip(rows_of(table), micros, strict=True):
            yield row, micro * 1000, micro * 1000 + round(row["duration_ms"] * 1e6)

    def rest(self, row):
        """Return the attributes of a row."""
        return {name: value for name, value in row.items() if name not in COLUMNS}


class TestConsole(Spans):
    """Python's console exporter: objects over several lines; the error of a span is its status."""

    reader = CONSOLE
    lacks = ("error", "sample_weight")

    def write(self, table):
        return b"".join(self.span(*found).encode() + b"\n" for found in self.rows(table))

    def span(self, row, start, end):
        parent = row.get("parent_span_id")
        made = {
            "name": row["name"],
            "context": {
                "trace_id": f"0x{row['trace_id']}",
                "span_id": f"0x{row['span_id']}",
                "trace_state": row.get("trace_state", "[]"),
            },
            "kind": f"SpanKind.{row['kind'].upper()}",
            "parent_id": parent and f"0x{parent}",
            "start_time": iso(start),
            "end_time": iso(end),
            "status": {"status_code": row["status_code"], "description": row.get("status_message")},
            "attributes": self.rest(row),
            "events": [
                {
                    "name": each["name"],
                    "timestamp": each["timestamp"],
                    "attributes": json.loads(each.get("attributes") or "{}"),
                }
                for each in row.get("events", ())
            ],
            "links": [
                {
                    "context": {
                        "trace_id": f"0x{each['trace_id']}",
                        "span_id": f"0x{each['span_id']}",
                        "trace_state": "[]",
                    },
                    "attributes": {},
                }
                for each in row.get("links", ())
            ],
            "resource": {"attributes": {}, "schema_url": ""},
        }
        return json.dumps(made, indent=4)

    def expected(self, table):
        return normalized(without(table, *self.lacks))

    def spoiled(self, data):
        return data.replace(b"\n}\n{", b"\n}\nlistening on port 80\n{", 1)


class TestXRay(Spans):
    """Segments, one per line: seconds to the microsecond, and the fault of a span."""

    reader = XRAY
    keeps = (
        *("timestamp", "name", "trace_id", "span_id", "parent_span_id", "http.request.method"),
        *("http.response.status_code", "url.path", "url.query", "client.address", "user_agent.original"),
        *("http.response.body.size", "server.address", "cart.items", "fare.total", "Region"),
    )

    def write(self, table):
        return lines(self.segment(*found) for found in self.rows(table))

    def segment(self, row, start, end):
        made = {
            "id": row["span_id"],
            "name": row["name"],
            "start_time": start / 1e9,
            "end_time": float(f"{end / 1e9:.6f}"),
            "trace_id": f"1-{row['trace_id'][:8]}-{row['trace_id'][8:]}",
            "parent_id": row.get("parent_span_id"),
            "fault": row["status_code"] == "ERROR",
            "annotations": {n: row[n] for n in ("cart.items", "fare.total", "Region") if n in row},
        }
        if "http.request.method" in row:
            url = f"https://{row['server.address']}{row['url.path']}"
            made["http"] = {
                "request": {
                    "method": row["http.request.method"],
                    "url": url + (f"?{row['url.query']}" if "url.query" in row else ""),
                    "client_ip": row["client.address"],
                    "user_agent": row["user_agent.original"],
                },
                "response": {
                    "status": row["http.response.status_code"],
                    "content_length": row["http.response.body.size"],
                },
            }
        return made

    def adds(self, table):
        rows = rows_of(table)
        return {
            "duration_ms": pc.round(table["duration_ms"], 3),
            "kind": "server",
            "service.name": table["name"],
            "status_code": pa.array(
                ["ERROR" if row["status_code"] == "ERROR" else "UNSET" for row in rows], pa.string()
            ),
            "url.full": pa.array(
                [
                    f"https://{row['server.address']}{row['url.path']}"
                    + (f"?{row['url.query']}" if "url.query" in row else "")
                    if "server.address" in row
                    else None
                    for row in rows
                ],
                pa.string(),
            ),
        }

    def spoiled(self, data):
        return data.replace(b"\n", b'\n{"name":"no segment"}\n', 1)


class TestDatadog(Spans):
    """A list of traces: nanoseconds, decimal ids, and tags as text."""

    reader = DATADOG
    keeps = (
        *("timestamp", "duration_ms", "name", "kind", "trace_id", "span_id", "parent_span_id"),
        *("service.name", "service.version", "http.route", "url.path", "client.address", "with space"),
    )

    def write(self, table):
        traces = {}
        for row, start, end in self.rows(table):
            traces.setdefault(row["trace_id"], []).append(self.span(row, start, end))
        return json.dumps(list(traces.values()), separators=(",", ":")).encode()

    def span(self, row, start, end):
        tags = ("http.route", "url.path", "client.address", "with space")
        return {
            "service": row["service.name"],
            "name": row["name"],
            "resource": row["name"],
            "trace_id": int(row["trace_id"][16:], 16),
            "span_id": int(row["span_id"], 16),
            "parent_id": int(row.get("parent_span_id", "0"), 16),
            "start": start,
            "duration": end - start,
            "error": int(row["status_code"] == "ERROR"),
            "meta": {
                "_dd.p.tid": row["trace_id"][:16],
                "span.kind": row["kind"],
                **({"version": row["service.version"]} if "service.version" in row else {}),
                **{name: str(row[name]) for name in tags if name in row},
            },
            "metrics": {"_sampling_priority_v1": 1},
        }

    def adds(self, table):
        failed = pc.equal(table["status_code"], "ERROR")
        return {
            "resource.name": table["name"],
            "status_code": pc.if_else(failed, "ERROR", "UNSET"),
        }

    def spoiled(self, data):
        return data[:-2] + b',{"name":"no span"}]]'


class TestElasticApm(Spans):
    """Hits of a search: microseconds, and the outcome of a transaction."""

    reader = ELASTIC_APM
    keeps = (
        *("timestamp", "name", "kind", "trace_id", "span_id", "parent_span_id", "sample_weight"),
        *("service.name", "service.version", "http.request.method", "http.response.status_code", "url.path"),
        *("client.address", "server.address", "http.response.body.size"),
    )

    def write(self, table):
        hits = [{"_index": "apm", "_id": "1", "_source": self.document(*found)} for found in self.rows(table)]
        answer = {"took": 1, "hits": {"total": {"value": len(hits)}, "hits": hits}}
        return json.dumps(answer, separators=(",", ":")).encode()

    def document(self, row, start, end):
        made = {
            "@timestamp": iso(start)[:23] + "Z",
            "processor": {"event": "span"},
            "trace": {"id": row["trace_id"]},
            "span": {
                "id": row["span_id"],
                "name": row["name"],
                "kind": row["kind"].upper(),
                "duration": {"us": (end - start) / 1000},
            },
            "timestamp": {"us": start // 1000},
            "event": {"outcome": "failure" if row["status_code"] == "ERROR" else "success"},
            "service": {"name": row["service.name"], "version": row.get("service.version")},
        }
        if "parent_span_id" in row:
            made["parent"] = {"id": row["parent_span_id"]}
        if "sample_weight" in row:
            made["span"]["representative_count"] = row["sample_weight"]
        if "http.request.method" in row:
            made["http"] = {
                "request": {"method": row["http.request.method"].lower()},
                "response": {
                    "status_code": row["http.response.status_code"],
                    "body": {"bytes": row["http.response.body.size"]},
                },
            }
            made["url"] = {"path": row["url.path"], "domain": row["server.address"]}
            made["client"] = {"ip": row["client.address"]}
        return made

    def adds(self, table):
        failed = pc.equal(table["status_code"], "ERROR")
        return {
            "duration_ms": table["duration_ms"],
            "status_code": pc.if_else(failed, "ERROR", "UNSET"),
            "event.outcome": pc.if_else(failed, "failure", "success"),
            "span.kind": pc.utf8_upper(table["kind"]),
        }

    def spoiled(self, data):
        return data.replace(b'"_source":{', b'"_source":{"was":{', 1).replace(b"}},{", b"}}},{", 1)


class TestCloudLogging(ReaderContract):
    """Entries, one per line: log records, and requests with a latency."""

    reader = CLOUD_LOGGING
    keeps = (
        *("timestamp", "kind", "body", "severity_number", "trace_id", "http.request.method"),
        *("http.response.status_code", "url.path", "client.address", "user_agent.original"),
        *("http.response.body.size", "server.address", "service.name"),
    )

    def carries(self, table):
        return table.filter(pc.or_(pc.is_valid(table["http.request.method"]), pc.is_valid(table["body"])))

    def write(self, table):
        micros = table["timestamp"].cast(pa.int64()).to_pylist()
        return lines(self.entry(row, at) for row, at in zip(rows_of(table), micros, strict=True))

    def entry(self, row, micro):
        made = {
            "logName": "projects/shop/logs/stdout",
            "timestamp": iso(micro * 1000),
            "severity": "WARNING" if "severity_text" in row else "DEFAULT",
            "textPayload": row.get("body"),
            "resource": {"type": "k8s", "labels": {"service_name": row["service.name"]}},
        }
        if "trace_id" in row:
            made["trace"] = f"projects/shop/traces/{row['trace_id']}"
        if "http.request.method" in row:
            made["httpRequest"] = {
                "requestMethod": row["http.request.method"],
                "requestUrl": f"https://{row['server.address']}{row['url.path']}",
                "status": row["http.response.status_code"],
                "responseSize": str(row["http.response.body.size"]),
                "userAgent": row["user_agent.original"],
                "remoteIp": row["client.address"],
                "latency": f"{row['duration_ms'] / 1000}s",
            }
        return made

    def adds(self, table):
        rows = rows_of(table)
        return {
            "duration_ms": table["duration_ms"],
            "name": pa.array([row.get("http.request.method") for row in rows], pa.string()),
            "logName": "projects/shop/logs/stdout",
            "resource.type": "k8s",
            "severity_text": pc.if_else(pc.is_valid(table["severity_text"]), "WARNING", "DEFAULT"),
            "url.full": pa.array(
                [
                    f"https://{row['server.address']}{row['url.path']}" if "server.address" in row else None
                    for row in rows
                ],
                pa.string(),
            ),
        }

    def spoiled(self, data):
        return data.replace(b"\n", b'\n{"textPayload":"no log name"}\n', 1)


class TestCloudTrace(Spans):
    """A trace of API v1: decimal span ids, and labels."""

    reader = CLOUD_TRACE
    keeps = (
        *("timestamp", "duration_ms", "name", "trace_id", "span_id", "parent_span_id"),
        *("http.request.method", "http.response.status_code", "url.path", "with space"),
    )

    def write(self, table):
        traces = {}
        for found in self.rows(table):
            traces.setdefault(found[0]["trace_id"], []).append(self.span(*found))
        return lines({"projectId": "shop", "traceId": trace, "spans": of} for trace, of in traces.items())

    def span(self, row, start, end):
        labels = {
            "/http/method": row.get("http.request.method"),
            "/http/status_code": str(row["http.response.status_code"])
            if "http.response.status_code" in row
            else None,
            "/http/path": row.get("url.path"),
            "with space": row.get("with space"),
        }
        return {
            "spanId": str(int(row["span_id"], 16)),
            "kind": f"RPC_{row['kind'].upper()}" if row["kind"] in ("server", "client") else None,
            "name": row["name"],
            "startTime": iso(start),
            "endTime": iso(end),
            "parentSpanId": str(int(row.get("parent_span_id", "0"), 16)),
            "labels": {name: value for name, value in labels.items() if value is not None},
        }

    def adds(self, table):
        known = pc.is_in(table["kind"], pa.array(["server", "client"]))
        return {
            "status_code": "UNSET",
            "kind": pc.if_else(known, table["kind"], pa.scalar(None, pa.string())),
        }

    def spoiled(self, data):
        return data.replace(b'"spans":[', b'"spans":[{"spanId":"7"},', 1)


class TestApplicationInsights(Spans):
    """Lines of the diagnostic settings: requests and dependencies in milliseconds."""

    reader = APP_INSIGHTS
    keeps = (
        *("timestamp", "duration_ms", "name", "trace_id", "span_id", "parent_span_id", "sample_weight"),
        *("service.name", "service.version", "client.address", "fare.total", "with space"),
    )

    def write(self, table):
        return lines(self.item(*found) for found in self.rows(table))

    def item(self, row, start, _end):
        return {
            "time": iso(start),
            "Type": "AppRequests" if row["kind"] == "server" else "AppDependencies",
            "Id": row["span_id"],
            "OperationId": row["trace_id"],
            "ParentId": row.get("parent_span_id", row["trace_id"]),
            "Name": row["name"],
            "DurationMs": row["duration_ms"],
            "Success": row["status_code"] != "ERROR",
            "AppRoleName": row["service.name"],
            "AppVersion": row.get("service.version"),
            "ClientIP": row.get("client.address"),
            "ItemCount": row.get("sample_weight"),
            "Properties": {name: row[name] for name in ("fare.total", "with space") if name in row},
        }

    def adds(self, table):
        failed = pc.equal(table["status_code"], "ERROR")
        return {
            "status_code": pc.if_else(failed, "ERROR", "UNSET"),
            "kind": pc.if_else(pc.equal(table["kind"], "server"), "server", "client"),
        }

    def spoiled(self, data):
        return data.replace(b"\n", b'\n{"Type":"AppRequests","time":"yesterday"}\n', 1)


class TestOtlpBase64(ReaderContract):
    """Ids as protobuf's own JSON has them."""

    reader = OTLP

    def write(self, table):
        return re.sub(
            rb'"(traceId|spanId|parentSpanId)":"([0-9a-f]+)"', self._base64, encoded(table, "otlp-json")
        )

    @staticmethod
    def _base64(found):
        return b'"%b":"%b"' % (found[1], base64.b64encode(bytes.fromhex(found[2].decode())))

    def spoiled(self, data):
        return data + b"not JSON\n"


class TestOtlpEndToEnd(ReaderContract):
    """Requests that follow each other without a line break."""

    reader = OTLP

    def write(self, table):
        return encoded(table, "otlp-json").replace(b"\n", b"")


class TestOtlpLogLines(ReaderContract):
    """Requests in the lines of a log, after a banner."""

    reader = OTLP

    def write(self, table):
        made = encoded(table, "otlp-json").splitlines()
        return b"".join(b"2026-05-04T10:00:00.123Z\tinfo\t" + line + b"\n" for line in made)

    def spoiled(self, data):
        return b"Starting\n" + data


class TestTempo(ReaderContract):
    """The answer of Tempo's API: `batches`, over several lines."""

    reader = OTLP

    def carries(self, table):
        return table.filter(pc.is_valid(table["duration_ms"]))

    def write(self, table):
        batches = [json.loads(line)["resourceSpans"] for line in encoded(table, "otlp-json").splitlines()]
        return json.dumps({"batches": [one for batch in batches for one in batch]}, indent=2).encode()
