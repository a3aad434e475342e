"""Access logs of Traefik and Caddy as JSON lines.

    Traefik  {"DownstreamStatus": 502, "Duration": 211000000, "StartUTC": ...}    nanoseconds
    Caddy    {"logger": "http.log.access", "ts": ..., "duration": 0.25, "request": {...}}    seconds

Both write other log records to the same stream; rows that are not requests are passed on as the JSONL reader
reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.access_log.aws import address_and_port
from obskit.readers.access_log.durations import text_durations
from obskit.readers.access_log.field_mapping import to_events
from obskit.readers.access_log.request_lines import add_column
from obskit.readers.io.source import Source
from obskit.readers.jsonl.reader import READER as JSONL
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import MIXED, FileReport, ReadOptions
from obskit.schema.flatten import flatten
from obskit.schema.parse import by_value, parse
from obskit.schema.types import to_text

Columns = dict[str, pa.Array]

DURATION_NOTE = (
    "Caddy writes durations in seconds unless its configuration says otherwise; these are longer than a day, "
    "so they are kept as caddy.duration. If you know the unit: "
    'mapping={"duration_ms": {"from": "caddy.duration", "unit": "ns"}}'
)

_SNIFFED = 50
_DAY = 86_400.0
_ACCESS = "http.log.access"
_HANDLED = "handled request"
_TEXT = pa.scalar(None, pa.string())
_TLS = {769: "1.0", 770: "1.1", 771: "1.2", 772: "1.3"}
_HEADERS = {"user-agent": "agent", "referer": "referer", "traceparent": "traceparent"}
_TRAEFIK = {
    "RequestMethod": "method",
    "RequestPath": "target",
    "RequestProtocol": "protocol",
    "RequestScheme": "scheme",
    "RequestHost": "authority",
    "RequestPort": "server_port",
    "RequestContentSize": "received",
    "DownstreamStatus": "code",
    "DownstreamContentSize": "size",
    "ClientPort": "client.port",
    "ClientUsername": "user",
    "OriginStatus": "upstream.status_code",
    "ServiceAddr": "upstream.address",
    "RouterName": "traefik.router.name",
    "ServiceName": "traefik.service.name",
    "ServiceURL": "traefik.server.url",
    "ServiceURL.Host": "upstream.address",
    "entryPointName": "traefik.entry_point",
    "RequestCount": "traefik.request_count",
    "RetryAttempts": "traefik.retry_attempts",
    "TLSVersion": "tls",
    "TLSCipher": "cipher",
    "TraceId": "trace_id",
    "SpanId": "span_id",
    "level": "severity_text",
}
_TRAEFIK_PREFIXES = {
    "request_": "http.request.header.",
    "downstream_": "http.response.header.",
    "origin_": "traefik.origin.header.",
}
_CADDY = {
    "request.method": "method",
    "request.uri": "target",
    "request.proto": "protocol",
    "request.host": "authority",
    "bytes_read": "received",
    "size": "size",
    "status": "code",
    "user_id": "user",
    "traceID": "trace_id",
    "spanID": "span_id",
    "level": "severity_text",
}
_INTEGERS = frozenset(
    {"client.port", "upstream.status_code", "traefik.retry_attempts", "traefik.request_count", "server_port"}
)


def _is_traefik(row: object) -> bool:
    return (
        isinstance(row, dict)
        and "DownstreamStatus" in row
        and ("RequestMethod" in row or "RouterName" in row)
    )


def _is_caddy(row: object) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("request"), dict) or "status" not in row:
        return False
    logger = row.get("logger")
    return str(logger).startswith(_ACCESS) if logger is not None else row.get("msg") == _HANDLED


def _sniff(key: bytes, is_request: Callable[[object], bool]) -> Callable[[bytes], Match]:
    def sniff(head: bytes) -> Match:
        if key not in head:
            return Match.NO
        for line in head.removeprefix(UTF8_BOM).split(b"\n")[:_SNIFFED]:
            try:
                if key in line and is_request(orjson.loads(line)):
                    return Match.DIALECT
            except orjson.JSONDecodeError:
                continue
        return Match.NO

    return sniff


def _requests(batch: pa.RecordBatch, names: dict[str, pa.Array], program: str) -> pa.Array:
    """Return which rows are requests."""
    if program == "traefik":
        status = names.get("DownstreamStatus")
        return pa.repeat(False, batch.num_rows) if status is None else pc.is_valid(status)
    status = names.get("status")
    method = names.get("request.method")
    if status is None or method is None:
        return pa.repeat(False, batch.num_rows)
    logger = to_text(names.get("logger", pa.nulls(batch.num_rows, pa.string())))
    message = to_text(names.get("msg", pa.nulls(batch.num_rows, pa.string())))
    named = pc.coalesce(pc.starts_with(logger, _ACCESS), pc.equal(message, _HANDLED))
    return pc.and_(pc.fill_null(named, False), pc.and_(pc.is_valid(status), pc.is_valid(method)))


def _reader(name: str, program: str, sniff: Callable[[bytes], Match]) -> Reader:
    convert = _traefik if program == "traefik" else _caddy

    def read(source: Source, report: FileReport, options: ReadOptions) -> Iterator[pa.RecordBatch]:
        """Yield the requests of a file as events, and its other rows as they are."""
        for batch in JSONL.read(source, report, options):
            requests = _requests(batch, {column.name: column.values for column in flatten(batch)}, program)
            if not pc.all(requests).as_py():
                yield _unmixed(batch.filter(pc.invert(requests)))
                batch = batch.filter(requests)
            if batch.num_rows:
                given = {column.name: _plain(column.values) for column in flatten(batch)}
                yield to_events(convert(given, report), program)

    return Reader(name, (".json", ".jsonl", ".log"), sniff, read, lines="json")


def _unmixed(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch whose numbers are numbers again that are text only next to the words of other rows."""
    for at, item in enumerate(batch.schema):
        if item.metadata and MIXED in item.metadata:
            values = batch.column(at)
            digits = pc.all(pc.match_substring_regex(values, r"^\d{1,18}$")).as_py()
            if digits and values.null_count < len(values):
                batch = batch.set_column(at, item.name, pc.cast(values, pa.int64()))
    return batch


def _plain(values: pa.Array) -> pa.Array:
    """Return a column without lists, and with null in place of `-` and empty text."""
    if pa.types.is_list(values.type):
        values = pc.binary_join(pc.cast(values, pa.list_(pa.string())), ", ")
    if pa.types.is_string(values.type):
        none = pc.or_(pc.equal(values, ""), pc.equal(values, "-"))
        values = pc.if_else(none, _TEXT, values)
    return values


def _nanoseconds(values: pa.Array) -> pa.Array:
    return pc.round(pc.divide(parse(values, "float"), 1e6), 6)


def _traefik(given: Columns, _report: FileReport) -> Columns:
    columns, out = dict(given), dict[str, pa.Array]()
    for name in ("StartUTC", "StartLocal"):
        if (values := columns.pop(name, None)) is not None:
            add_column(out, "start", to_text(values))
    if (values := columns.pop("time", None)) is not None:
        out["ended"] = parse(values, "timestamp").cast(pa.int64())
    if (values := columns.pop("Duration", None)) is not None:
        out["took_ns"] = values
    for name, field in (("OriginDuration", "upstream.duration_ms"), ("Overhead", "traefik.overhead_ms")):
        if (values := columns.pop(name, None)) is not None:
            out[field] = _nanoseconds(values)
    _traefik_client(columns, out)
    for name, values in columns.items():
        prefix = next((each for each in _TRAEFIK_PREFIXES if name.startswith(each)), None)
        if name in _TRAEFIK:
            _add(out, _TRAEFIK[name], values)
        elif prefix is not None:
            _add_header(out, _TRAEFIK_PREFIXES[prefix], name.removeprefix(prefix), values)
        else:
            _add(out, f"traefik.{name}", values)
    return out


def _traefik_client(columns: Columns, out: Columns) -> None:
    """Add the client: Traefik's ClientHost is the whole `X-Forwarded-For` if there is one."""
    host, address = columns.pop("ClientHost", None), columns.pop("ClientAddr", None)
    if host is not None:
        first = pc.utf8_trim_whitespace(
            pc.list_element(pc.split_pattern(to_text(host), ",", max_splits=1), 0)
        )
        out["client.address"] = first
    if address is not None:
        peer, _ = address_and_port(to_text(address))
        add_column(out, "client.address", peer)
        differs = pc.not_equal(out["client.address"], peer)
        out["network.peer.address"] = pc.if_else(differs, peer, _TEXT)


def _caddy(given: Columns, report: FileReport) -> Columns:
    columns, out = dict(given), dict[str, pa.Array]()
    if (values := columns.pop("ts", None)) is not None:
        out["ended"] = parse(values, "timestamp").cast(pa.int64())
    if (values := columns.pop("duration", None)) is not None:
        _caddy_duration(out, values, report)
    _caddy_client(columns, out)
    if (values := columns.pop("request.tls.version", None)) is not None:
        out["tls"] = by_value(values, lambda version: _TLS.get(version, str(version)), pa.string())
    for name, values in columns.items():
        if name in _CADDY:
            _add(out, _CADDY[name], values)
        elif name.startswith("request.headers."):
            _add_header(out, "http.request.header.", name.removeprefix("request.headers."), values)
        elif name.startswith("resp_headers."):
            _add_header(out, "http.response.header.", name.removeprefix("resp_headers."), values)
        else:
            _add(out, f"caddy.{name.removeprefix('request.')}", values)
    return out


def _caddy_duration(out: Columns, values: pa.Array, report: FileReport) -> None:
    if pa.types.is_string(values.type):
        out["took_ms"] = text_durations(values)
        return
    longest = pc.max(values).as_py()
    if longest is not None and longest > _DAY:
        report.note(DURATION_NOTE)
        out["caddy.duration"] = values
    else:
        out["took_s"] = values


def _caddy_client(columns: Columns, out: Columns) -> None:
    """Add the client as Caddy determined it, and the peer if that is a proxy."""
    peer = columns.pop("request.remote_ip", None)
    if (address := columns.pop("request.remote_addr", None)) is not None:  # before Caddy 2.5
        peer, out["client.port"] = address_and_port(to_text(address))
    client = columns.pop("request.client_ip", None)
    if (port := columns.pop("request.remote_port", None)) is not None:
        out["client.port"] = parse(port, "int")
    if client is not None:
        out["client.address"] = client
    if peer is not None:
        add_column(out, "client.address", peer)
        behind = pc.not_equal(out["client.address"], peer)
        out["network.peer.address"] = pc.if_else(behind, peer, _TEXT)
        if "client.port" in out:
            none = pa.scalar(None, pa.int64())
            out["network.peer.port"] = pc.if_else(behind, out["client.port"], none)
            out["client.port"] = pc.if_else(behind, none, out["client.port"])


def _add(out: Columns, field: str, values: pa.Array) -> None:
    if field == "protocol":
        field, values = "version", pc.replace_substring_regex(to_text(values), "^HTTP/", "")
    elif field in _INTEGERS:
        values = parse(values, "int")
    elif "." not in field and field not in ("code", "size", "received"):
        values = to_text(values)
    add_column(out, field, values)


def _add_header(out: Columns, prefix: str, name: str, values: pa.Array) -> None:
    request = prefix == "http.request.header."
    _add(out, (request and _HEADERS.get(name.lower())) or f"{prefix}{name.lower()}", values)


TRAEFIK_JSON = _reader("Traefik JSON", "traefik", _sniff(b'"DownstreamStatus"', _is_traefik))
CADDY_JSON = _reader("Caddy JSON", "caddy", _sniff(b'"request"', _is_caddy))
