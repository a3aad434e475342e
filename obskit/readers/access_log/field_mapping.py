"""The fields of access logs as events, under OpenTelemetry's names where it has them.

`to_events` takes columns of text by the names of `log_formats`, and returns server spans, one per answered
request. Null replaces `-` and empty text. A span's name is `{method} {route}`, or `{method}` if the route is
unknown, never a path. A field without a convention keeps its name after `nginx.`, `envoy.` or `access_log.`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.access_log.durations import add_times
from obskit.readers.access_log.line_parser import odd_target, request_line
from obskit.schema import NAMED
from obskit.schema.parse import by_value, parse
from obskit.schema.types import convert, unify

Columns = dict[str, pa.Array]

_METHODS = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")
)
_TEXT = pa.string()
_PLAIN = {
    "user": "user.name",
    "url": "url.full",
    "route": "http.route",
    "scheme": "url.scheme",
    "referer": "http.request.header.referer",
    "agent": "user_agent.original",
    "xff": "http.request.header.x-forwarded-for",
    "x_request_id": "http.request.header.x-request-id",
    "ident": "access_log.ident",
    "request": "access_log.request",
    "odd": "access_log.target",
    "rest": "access_log.rest",
    "trace_id": "trace_id",
    "span_id": "span_id",
    "parent_span_id": "parent_span_id",
    "cipher": "tls.cipher",
    "request_count": "traefik.request_count",
    "router_name": "traefik.router.name",
    "server_url": "traefik.server.url",
}
_COUNTS = {
    "size": "http.response.body.size",
    "sent": "http.response.body.size",
    "received": "http.request.body.size",
    "bytes_sent": "http.response.size",
    "request_length": "http.request.size",
}
_LINE = pa.struct([(name, _TEXT) for name in ("method", "target", "version", "request")])
_TARGET = pa.struct([(name, _TEXT) for name in ("url", "path", "query", "authority", "odd")])
_HOST = pa.struct([("host", _TEXT), ("port", pa.int64())])
_TRACEPARENT = r"^[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}"


def to_events(given: Mapping[str, pa.Array], family: str) -> pa.RecordBatch:
    """Return columns of an access log as events.

    Args:
        given: field -> its values; `micros` is the time in microseconds since 1970.
        family: the prefix for a field without a convention: "nginx" or "envoy".

    Returns:
        One row per row of `given`.
    """
    rows = len(next(iter(given.values())))
    fields = dict(given)
    for name in ("forwarded_for", "forwarded"):
        if (values := fields.pop(name, None)) is not None:
            add_column(fields, "xff", values)
    _split_requests(fields)
    out: Columns = {"kind": pa.repeat("server", rows)}
    add_times(fields, out, rows)
    _requests(fields, out, rows)
    for name in ("status", "code"):
        if (status := fields.pop(name, None)) is not None:
            number = parse(status, "int")
            none = pc.equal(number, 0)  # Envoy writes 0 for a request without an answer
            out["http.response.status_code"] = (
                pc.if_else(none, None, number) if pc.any(none).as_py() else number
            )
    for name, target in _COUNTS.items():
        if (values := fields.pop(name, None)) is not None:
            add_column(out, target, parse(values, "int"))
    _addresses(fields, out)
    _context(fields, out)
    for name, values in fields.items():
        add_column(out, _PLAIN.get(name) or (name if "." in name else f"{family}.{name}"), values)
    kept = {name: values for name, values in out.items() if values.null_count < rows or name == "timestamp"}
    schema = pa.schema([(name, values.type) for name, values in kept.items()], metadata=NAMED)
    return pa.RecordBatch.from_arrays(list(kept.values()), schema=schema)


def add_column(out: Columns, name: str, values: pa.Array) -> None:
    """Add a column; it only fills the nulls of a column that has the name already."""
    have = out.get(name)
    if have is None or have.null_count == len(have):
        out[name] = values
    else:
        kind = unify(have.type, values.type)
        out[name] = pc.coalesce(convert(have, kind), convert(values, kind))


def _split_requests(fields: Columns) -> None:
    """Split request lines into method, target and version, and targets into path and query."""
    lines = fields.pop("line", None)
    if lines is not None:
        parts = by_value(lines, request_line, _LINE)
        for field, values in zip(_LINE, parts.flatten(), strict=True):
            add_column(fields, field.name, values)
    target = fields.pop("target", None)
    if target is None or target.null_count == len(target):
        return
    if target.null_count == 0 and pc.all(pc.starts_with(target, "/")).as_py():
        path, query = _split_query(target)
        add_column(fields, "path", path)
        add_column(fields, "query", query)
        return
    plain = pc.fill_null(pc.match_substring_regex(target, r"^(/|\*$)"), False)
    path, query = _split_query(pc.if_else(plain, target, ""))
    add_column(fields, "path", path)
    add_column(fields, "query", query)
    _odd_targets(fields, target, plain)


def _split_query(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the part of each text before its first question mark, and the part after; null if empty."""
    rows = len(texts)
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + rows + 1]
    data = texts.buffers()[2] or pa.py_buffer(b"")
    marks = np.flatnonzero(np.frombuffer(data, np.uint8)[: offsets[-1]] == ord("?"))
    begin, end = offsets[:-1], offsets[1:]
    at = np.append(marks, offsets[-1])[np.searchsorted(marks, begin)]
    edges = np.stack([begin, np.minimum(at, end), np.minimum(at + 1, end), end], axis=1).astype(np.int32)
    every = pa.Array.from_buffers(_TEXT, 4 * rows - 1, [None, pa.py_buffer(edges), data])
    path, query = (every.take(pa.array(np.arange(first, 4 * rows, 4))) for first in (0, 2))
    return _no_empty(path), _no_empty(query)


def _no_empty(values: pa.Array) -> pa.Array:
    empty = pc.equal(values, "")
    return pc.if_else(empty, pa.scalar(None, _TEXT), values) if pc.any(empty).as_py() else values


def _odd_targets(fields: Columns, target: pa.Array, plain: pa.Array) -> None:
    """Add the targets that are not paths: a URL, an authority, or anything else."""
    odd = np.flatnonzero(
        ~plain.to_numpy(zero_copy_only=False) & target.is_valid().to_numpy(zero_copy_only=False)
    )
    made: list[dict[str, str] | None] = [None] * len(target)
    for row in odd.tolist():
        made[row] = odd_target(target[row].as_py())
    for field, values in zip(_TARGET, pa.array(made, _TARGET).flatten(), strict=True):
        add_column(fields, field.name, _no_empty(values))


def _requests(fields: Columns, out: Columns, rows: int) -> None:
    """Add method, path, query, protocol and the name."""
    method = fields.pop("method", None)
    method = pa.nulls(rows, _TEXT) if method is None else method
    encoded = method if pa.types.is_dictionary(method.type) else pc.dictionary_encode(method)
    methods = encoded.dictionary.to_pylist()

    def per_method(texts: list[str | None]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(texts, _TEXT))

    out["http.request.method"] = per_method([each if each in _METHODS else "_OTHER" for each in methods])
    if not _METHODS.issuperset(methods):
        out["http.request.method_original"] = per_method([None if m in _METHODS else m for m in methods])
    name = per_method([each if each in _METHODS else "HTTP" for each in methods])
    if name.null_count:
        name = pc.fill_null(name.dictionary_decode(), "HTTP")
    if (route := fields.get("route")) is not None:
        name = name.dictionary_decode() if pa.types.is_dictionary(name.type) else name
        name = pc.coalesce(pc.binary_join_element_wise(name, route, " "), name)
    out["name"] = name
    for field, target in (("path", "url.path"), ("query", "url.query")):
        if (values := fields.pop(field, None)) is not None:
            out[target] = values
    if (version := fields.pop("version", None)) is not None:
        out["network.protocol.version"] = version


def _addresses(fields: Columns, out: Columns) -> None:
    """Add the server and the client: the client as the first proxy saw it, the peer as this server did."""
    for name in ("vhost", "authority"):
        if (values := fields.pop(name, None)) is not None:
            server, port = by_value(values, host_and_port, _HOST).flatten()
            add_column(out, "server.address", server)
            add_column(out, "server.port", port)
    if (values := fields.pop("server_port", None)) is not None:
        add_column(out, "server.port", parse(values, "int"))
    client = fields.pop("host", None)
    forwarded = fields.get("xff")
    if forwarded is not None and client is not None:
        out["network.peer.address"] = pc.if_else(pc.is_valid(forwarded), client, None)
    if (values := fields.pop("downstream_remote_address", None)) is not None:
        client, port = by_value(values, host_and_port, _HOST).flatten()
        out["network.peer.address"], out["network.peer.port"] = client, port
    if forwarded is not None:
        add_column(out, "client.address", _first_address(forwarded))
    if client is not None:
        add_column(out, "client.address", client)


def _first_address(forwarded: pa.Array) -> pa.Array:
    """Return the first address of each `X-Forwarded-For` list."""
    if not pc.any(pc.match_substring(forwarded, ",")).as_py():
        return forwarded
    first = pc.list_element(pc.split_pattern(forwarded, ",", max_splits=1), 0)
    return _no_empty(pc.utf8_trim_whitespace(first))


def host_and_port(text: str) -> tuple[str, int | None]:
    """Split `a.example:8080` or `[2001:db8::1]:443` into host and port; the port is None if there is none."""
    host, colon, port = text.rpartition(":")
    if (
        not colon
        or not (port.isascii() and port.isdigit())
        or len(port) > 5
        or (":" in host and host[-1] != "]")
    ):
        host, port = text, ""
    return host.removeprefix("[").removesuffix("]"), int(port) if port else None


def _context(fields: Columns, out: Columns) -> None:
    """Add the trace ids, the time that upstreams took, and the version of TLS."""
    if (values := fields.pop("traceparent", None)) is not None:
        parts = pc.extract_regex(pc.utf8_lower(values), _TRACEPARENT)
        out["trace_id"], out["parent_span_id"] = parts.flatten()
    if (values := fields.pop("upstream_response_time", None)) is not None:
        out["nginx.upstream_response_time"] = parse(values, "float")
    if (values := fields.pop("upstream_time", None)) is not None:
        out["envoy.upstream_service_time"] = parse(values, "float")
    if (values := fields.pop("tls", None)) is not None:
        out["tls.protocol.version"] = by_value(values, lambda text: text.removeprefix("TLSv"), _TEXT)
