"""Fields that the message of a log record names: ids, access lines, durations, nginx's pairs.

    duration: 12.345 ms  statement: select 1                   (PostgreSQL)    duration_ms: 12.345
    paid trace_id=4bf92f3577b34da6a3ce929d0e0e4736 ok                          trace_id: 4bf9...
    10.0.0.1:52 - "GET /cart HTTP/1.1" 200 OK                  (uvicorn)       client.address, url.path, ...

The message itself stays as it is.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

Columns = dict[str, pa.Array]

_ID = r"[0-9a-fA-F]"
_PARENT = rf"\b(?P<version>[0-9a-f]{{2}})-(?P<trace>{_ID}{{32}})-(?P<span>{_ID}{{16}})-[0-9a-f]{{2}}\b"
_TRACE = (
    rf"(?i)\b(?:trace[._-]?id|trace)[\"']?[ ]?[=:][ ]?[\"']?(?P<trace>{_ID}{{32}}|{_ID}{{16}})\b",
    rf"(?i)\bRoot=1-(?P<head>{_ID}{{8}})-(?P<tail>{_ID}{{24}})\b",
)
_SPAN = rf"(?i)\bspan[._-]?id[\"']?[ ]?[=:][ ]?[\"']?(?P<span>{_ID}{{16}})\b"
_SLEUTH = rf"^\[[^,\]\n]*,(?P<trace>{_ID}{{32}}|{_ID}{{16}}),(?P<span>{_ID}{{16}})"
_ACCESS = (
    r"^(?:\[?(?P<client>[0-9a-fA-F.:]+?)\]?(?::(?P<port>\d+))? - )?\"(?P<method>[A-Z]+) (?P<path>[^ \"?]*)"
    r"(?:\?(?P<query>[^ \"]*))? HTTP/(?P<version>[\d.]+)\" (?P<status>[1-5]\d\d)"
    r"(?: [A-Za-z' -]+|$| (?P<size>\d+)$)"
)
_NGINX = (
    r"^(?P<client>[^,\s]+)(?:, server: (?P<server>[^,\n]*))?(?:, request: \"(?P<method>[A-Z]+) "
    r"(?P<path>[^ \"?]*)(?:\?(?P<query>[^ \"]*))? HTTP/(?P<version>[0-9.]+)\")?(?:, subrequest: \"[^\"]*\")?"
    r"(?:, upstream: \"(?P<upstream>[^\"]*)\")?(?:, host: \"(?P<host>[^\"]*)\")?"
)
_NGINX_FIELDS = {
    "client": "client.address",
    "server": "server.address",
    "method": "http.request.method",
    "path": "url.path",
    "query": "url.query",
    "version": "network.protocol.version",
    "upstream": "nginx.upstream",
    "host": "nginx.host",
}
_MILLIS = {
    "PostgreSQL": r"^duration: (?P<v>\d+(?:\.\d+)?) ms\b",
    "PostgreSQL on RDS": r"^duration: (?P<v>\d+(?:\.\d+)?) ms\b",
    "Lambda platform": r"^REPORT .*?\bDuration: (?P<v>\d+(?:\.\d+)?) ms\b",
}
ACCESS_LAYOUTS = frozenset(
    {"uvicorn", "gunicorn", "CLF time in brackets", "logging.basicConfig", "time and level"}
)
"""Layouts whose messages may be access lines."""


def add_message_fields(columns: Columns, layout: str, body: pa.Array, text: bytes) -> bool:
    """Add the fields that the messages name to the columns.

    Args:
        columns: of the records; a field that the layout has already is kept.
        layout: name of the layout.
        body: the messages.
        text: the bytes that the records come from, for a cheap test of what may be in them.

    Returns:
        Whether some records are access lines.
    """
    if b"race" in text or b"TRACE" in text or b"Root=1-" in text:
        _traces(columns, body)
    if b"[" in text and pc.any(pc.starts_with(body, "[")).as_py():
        _add_ids(columns, extracted(body, _SLEUTH))
    if b"00-" in text and pc.any(pc.match_substring(body, "00-")).as_py():
        _add_ids(columns, extracted(body, _PARENT))
    if layout == "nginx error log" and b", client: " in text:
        # Searching for constant text first is faster than a pattern that begins anywhere.
        pairs = pc.list_slice(pc.split_pattern(body, ", client: ", max_splits=1), 1, 2)
        for group, values in extracted(pc.binary_join(pairs, ""), _NGINX).items():
            _add(columns, _NGINX_FIELDS[group], values)
    if (pattern := _MILLIS.get(layout, "")) and b"uration: " in text:
        _add(columns, "duration_ms", extracted(body, pattern)["v"].cast(pa.float64()))
    return layout in ACCESS_LAYOUTS and b" HTTP/" in text and _access(columns, body)


def extracted(texts: pa.Array, pattern: str) -> dict[str, pa.Array]:
    """Return what the groups of a pattern match.

    Args:
        texts: to search.
        pattern: with named groups, in the syntax of RE2.

    Returns:
        Name of a group -> its text; null where the pattern does not match or the group is empty.
    """
    found = pc.extract_regex(texts, pattern)
    names = [field.name for field in found.type]
    out = dict(zip(names, found.flatten(), strict=True))
    for name, values in out.items():
        if values.null_count < len(values):
            empty = pc.equal(pc.binary_length(values), 0)
            if pc.any(empty).as_py():
                out[name] = pc.if_else(empty, pa.scalar(None, pa.string()), values)
    return out


def _traces(columns: Columns, body: pa.Array) -> None:
    _add(columns, "trace_id", extracted(body, _TRACE[0])["trace"])
    root = extracted(body, _TRACE[1])
    _add(columns, "trace_id", pc.binary_join_element_wise(root["head"], root["tail"], ""))
    _add(columns, "span_id", extracted(body, _SPAN)["span"])


def _add_ids(columns: Columns, found: dict[str, pa.Array]) -> None:
    _add(columns, "trace_id", found["trace"])
    _add(columns, "span_id", found["span"])


def _access(columns: Columns, body: pa.Array) -> bool:
    """Add the fields of access lines, which are requests that a server answered."""
    found = extracted(body, _ACCESS)
    if found["status"].null_count == len(body):
        return False
    valid = found["status"].is_valid()
    columns["kind"] = pc.if_else(valid, "server", columns["kind"])
    for name, group in (
        ("name", "method"),
        ("client.address", "client"),
        ("http.request.method", "method"),
        ("url.path", "path"),
        ("url.query", "query"),
        ("network.protocol.version", "version"),
    ):
        _add(columns, name, found[group])
    for name, group in (
        ("client.port", "port"),
        ("http.response.status_code", "status"),
        ("http.response.body.size", "size"),
    ):
        _add(columns, name, found[group].cast(pa.int64()))
    return True


def _add(columns: Columns, name: str, values: pa.Array) -> None:
    """Add a column, or fill the nulls of the one that is there."""
    if values.null_count < len(values):
        have = columns.get(name)
        columns[name] = values if have is None else pc.coalesce(have, values)
