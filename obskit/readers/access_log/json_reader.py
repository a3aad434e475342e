"""Access logs as JSON lines: nginx's with `escape=json`, and those of Envoy and Istio.

Both are flat JSONL, so the JSONL reader parses the lines, and this module maps keys to fields. Detection is
strict: a file of other events that have a `status` and a `method` stays JSONL. A key that is not a variable
of the server keeps its name if that has a dot in it, and gets the prefix `nginx.` or `envoy.` otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.access_log.field_mapping import add_column, to_events
from obskit.readers.access_log.line_parser import parse_clock, sum_of_tries
from obskit.readers.io.source import Source
from obskit.readers.jsonl.reader import READER as JSONL
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import FileReport, ReadOptions
from obskit.schema.flatten import flatten
from obskit.schema.parse import by_value, parse
from obskit.schema.types import convert, to_text

_SNIFFED = 20

# Key -> field; of several keys for a field the first one counts.
_NGINX = {
    "time_iso8601": "micros",
    "msec": "micros",
    "time_local": "micros",
    "@timestamp": "micros",
    "timestamp": "micros",
    "time": "micros",
    "ts": "micros",
    "request_method": "method",
    "method": "method",
    "request_uri": "target",
    "uri": "target",
    "path": "target",
    "document_uri": "target",
    "args": "query",
    "query_string": "query",
    "request_query": "query",
    "request": "line",
    "status": "status",
    "body_bytes_sent": "size",
    "bytes_sent": "bytes_sent",
    "request_length": "request_length",
    "request_time": "request_time",
    "upstream_response_time": "upstream_response_time",
    "remote_addr": "host",
    "remote_user": "user",
    "http_user_agent": "agent",
    "user_agent": "agent",
    "http_referer": "referer",
    "http_referrer": "referer",
    "http_x_forwarded_for": "xff",
    "x_forwarded_for": "xff",
    "host": "authority",
    "http_host": "authority",
    "server_name": "authority",
    "server_port": "server_port",
    "server_protocol": "version",
    "scheme": "scheme",
    "request_id": "request_id",
    "req_id": "request_id",
    "http_x_request_id": "x_request_id",
    "ssl_protocol": "tls",
    "ssl_cipher": "cipher",
    "traceparent": "traceparent",
    "http_traceparent": "traceparent",
    "otel_trace_id": "trace_id",
    "opentelemetry_trace_id": "trace_id",
    "trace_id": "trace_id",
    "otel_span_id": "span_id",
    "opentelemetry_span_id": "span_id",
    "span_id": "span_id",
    "otel_parent_id": "parent_span_id",
    "route": "route",
    "http.route": "route",
}
_ENVOY = {
    "start_time": "start",
    "method": "method",
    "path": "target",
    "x_envoy_original_path": "target",
    "protocol": "version",
    "response_code": "code",
    "bytes_received": "received",
    "bytes_sent": "sent",
    "duration": "duration",
    "upstream_service_time": "upstream_time",
    "x_forwarded_for": "xff",
    "user_agent": "agent",
    "referer": "referer",
    "request_id": "x_request_id",
    "x_request_id": "x_request_id",
    "authority": "authority",
    "downstream_remote_address": "downstream_remote_address",
    "traceparent": "traceparent",
    "trace_id": "trace_id",
    "route": "route",
    "http.route": "route",
}
# A line is nginx's if it has a key of each set: other tools use some of these names, but not all together.
_NGINX_MARKS = (
    frozenset({"request", "request_method", "request_uri", "uri"}),
    frozenset({"status"}),
    frozenset({"remote_addr", "upstream_addr", "http_user_agent", "http_x_forwarded_for"}),
    frozenset({"body_bytes_sent", "bytes_sent", "request_length", "upstream_response_time"}),
    frozenset({"time_iso8601", "time_local", "msec", "request_time"}),
)
_ENVOY_MARKS = (
    frozenset({"start_time"}),
    frozenset({"response_code"}),
    frozenset({"response_flags", "upstream_cluster", "upstream_host", "response_code_details"}),
    frozenset({"bytes_received", "bytes_sent", "duration"}),
    frozenset({"method", "path", "authority", "protocol"}),
)
_PARSED: dict[str, str] = {
    "status": "int",
    "code": "int",
    "received": "int",
    "sent": "int",
    "size": "int",
    "bytes_sent": "int",
    "request_length": "int",
    "server_port": "int",
    "request_time": "float",
    "duration": "float",
    "upstream_time": "float",
    "upstream_response_time": "float",
    "micros": "int",
}
_KINDS = {"int": pa.int64(), "float": pa.float64()}


def _sniff(marks: tuple[frozenset[str], ...]) -> Callable[[bytes], Match]:
    quoted = [[f'"{name}"'.encode() for name in mark] for mark in marks]

    def sniff(head: bytes) -> Match:
        if not all(any(name in head for name in names) for names in quoted):
            return Match.NO
        lines = [line for line in head.removeprefix(UTF8_BOM).split(b"\n") if line.strip()]
        rows = []
        for line in lines[:_SNIFFED]:
            try:
                rows.append(orjson.loads(line))
            except orjson.JSONDecodeError:
                continue
        if not rows or not all(
            type(row) is dict and all(mark & row.keys() for mark in marks) for row in rows
        ):
            return Match.NO
        return Match.DIALECT

    return sniff


class _JsonLog:
    """The reader for JSON lines of one server."""

    def __init__(self, names: Mapping[str, str], family: str) -> None:
        self._names = names
        self._family = family
        self._order = {name: at for at, name in enumerate(names)}

    def read(self, source: Source, report: FileReport, options: ReadOptions) -> Iterator[pa.RecordBatch]:
        """Yield the requests of a file as batches.

        Args:
            source: the file.
            report: counts the records that cannot be read.
            options: as the JSONL reader takes it.

        Yields:
            Batches in the file's order.

        Raises:
            ReadError: no line of the file is a JSON object.
            LimitExceeded: there are too many field names.
        """
        for batch in JSONL.read(source, report, options):
            yield to_events(self._fields(batch, report), self._family)

    def _fields(self, batch: pa.RecordBatch, report: FileReport) -> dict[str, pa.Array]:
        columns = sorted(flatten(batch), key=lambda column: self._order.get(column.name, len(self._order)))
        out: dict[str, pa.Array] = {}
        for name, _, values, *_ in columns:
            own = name if "." in name else f"{self._family}.{name}"
            field = self._names.get(name, own)
            values = _typed(field, values, report)
            have = out.get(field)
            add_column(out, field, values)
            if have is None:
                continue
            # Two keys for one field can have different values; the second value is kept or counted.
            more = pc.fill_null(pc.not_equal(to_text(have), to_text(values)), False)
            if field != own and pc.any(more).as_py():
                add_column(out, own, pc.if_else(more, values, None))
            elif field == own:
                report.override(name, pc.sum(more).as_py())
        if "line" in out and "method" in out:
            out["line"] = pc.if_else(pc.is_valid(out["method"]), None, out["line"])
        return out


def _typed(field: str, values: pa.Array, report: FileReport) -> pa.Array:
    """Return a column with its field's type; numbers can be text, and null replaces `-` and empty text."""
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), _KINDS.get(_PARSED.get(field, ""), pa.string()))
    if pa.types.is_list(values.type):
        if "." in field:
            return values
        values = convert(values, pa.string())
    if pa.types.is_string(values.type):
        none = pc.equal(values, "")
        if field != "query":
            none = pc.or_(none, pc.equal(values, "-"))
        values = pc.if_else(none, None, values) if pc.any(none).as_py() else values
    if field == "micros":
        return _microseconds(values)
    if field == "upstream_response_time":
        return by_value(to_text(values), sum_of_tries, pa.float64())
    if field in _PARSED:
        found = parse(values, _PARSED[field])
        report.report.fail_to_parse(field, found.null_count - values.null_count)
        return found
    if field == "version":
        return by_value(to_text(values), lambda text: text.removeprefix("HTTP/"), pa.string())
    return values if "." in field else to_text(values)


def _microseconds(values: pa.Array) -> pa.Array:
    if pa.types.is_string(values.type) and pc.any(pc.match_substring(values, "/")).as_py():
        return by_value(values, parse_clock, pa.int64())
    return parse(values, "timestamp").cast(pa.int64())


NGINX_JSON = Reader(
    "nginx JSON",
    (".json", ".jsonl", ".log"),
    _sniff(_NGINX_MARKS),
    _JsonLog(_NGINX, "nginx").read,
    lines="json",
)
ENVOY_JSON = Reader(
    "Envoy JSON",
    (".json", ".jsonl", ".log"),
    _sniff(_ENVOY_MARKS),
    _JsonLog(_ENVOY, "envoy").read,
    lines="json",
)
