"""The fields of access logs as events, under OpenTelemetry's names where it has them.

`to_events` takes columns of text by the names of `log_formats`, and returns server spans, one per answered
request. Null replaces `-` and empty text. A span's name is `{method} {route}`, or `{method}` if the route is
unknown, never a path. A field without a convention keeps its name after `nginx.`, `envoy.` or `access_log.`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.access_log.durations import add_times
from obskit.readers.access_log.request_lines import add_column, no_empty, split_requests
from obskit.schema import NAMED
from obskit.schema.parse import by_value, parse

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
    "severity_text": "severity_text",
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
    split_requests(fields)
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
    if (operation := fields.pop("operation", None)) is not None:
        name = name.dictionary_decode() if pa.types.is_dictionary(name.type) else name
        name = pc.coalesce(operation, name)
    elif (route := fields.get("route")) is not None:
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
    return no_empty(pc.utf8_trim_whitespace(first))


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
