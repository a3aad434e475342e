"""Fields that the message of a log record names: ids, access lines, durations, nginx's pairs.

    duration: 12.345 ms  statement: select 1                   (PostgreSQL)    duration_ms: 12.345
    paid trace_id=4bf92f3577b34da6a3ce929d0e0e4736 ok                          trace_id: 4bf9...
    10.0.0.1:52 - "GET /cart HTTP/1.1" 200 OK                  (uvicorn)       client.address, url.path, ...

The message itself stays as it is. A message with a duration is written when the request has ended, so the
time is moved back by it.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.app_log.times import Context, parse_times

Columns = dict[str, pa.Array]

_ID = r"[0-9a-fA-F]"
_PARENT = rf"\b(?P<version>[0-9a-f]{{2}})-(?P<trace>{_ID}{{32}})-(?P<span>{_ID}{{16}})-[0-9a-f]{{2}}\b"
_TRACE = (
    rf"(?i)\b(?:trace[._-]?id|trace)[\"']?[ ]?[=:][ ]?[\"']?(?P<trace>{_ID}{{32}}|{_ID}{{16}})\b",
    rf"(?i)\bRoot=1-(?P<head>{_ID}{{8}})-(?P<tail>{_ID}{{24}})\b",
)
_SPAN = rf"(?i)\bspan[._-]?id[\"']?[ ]?[=:][ ]?[\"']?(?P<span>{_ID}{{16}})\b"
_SLEUTH = rf"^\[[^,\]\n]*,(?P<trace>{_ID}{{32}}|{_ID}{{16}}),(?P<span>{_ID}{{16}})"
_METHOD = r"(?P<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)"
_PATH = r"(?P<path>/[^ \"?]*)(?:\?(?P<query>[^ \"]*))?"
_STATUS = r"(?P<status>[1-5]\d\d)"
_MS = r"(?P<took>\d{1,9}(?:\.\d{1,9})?)"
_ACCESS = (
    r"^(?:\[?(?P<client>[0-9a-fA-F.:]+?)\]?(?::(?P<port>\d+))?(?: -(?: \S+ \[(?P<time>[^\]\n]{1,40})\])?)? )?"
    r"\"(?P<method>[A-Z]+) (?P<path>[^ \"?]*)(?:\?(?P<query>[^ \"]*))? HTTP/(?P<version>[\d.]+)\" "
    r"(?P<status>[1-5]\d\d)(?: [A-Za-z' -]+| -| (?P<size>\d+)"
    r"| (?:(?P<size2>\d+)|-) \"(?:-|(?P<referer>[^\"]*))\" \"(?:-|(?P<agent>[^\"]*))\"(?: .*)?)?"
    r"(?:$|\n)"  # lines of another program may follow
)
_REQUESTS = (
    # morgan's dev and tiny: the durations are in milliseconds, and say so
    rf"^{_METHOD} {_PATH} {_STATUS} {_MS} ms - (?:(?P<size>\d+)|-)$",
    rf"^{_METHOD} {_PATH} {_STATUS} (?:(?P<size>\d+)|-) - {_MS} ms$",
    # Serilog.AspNetCore
    rf"^HTTP {_METHOD} {_PATH} responded {_STATUS} in {_MS} ms$",
    # Microsoft.AspNetCore.Hosting.Diagnostics
    rf"^Request finished HTTP/(?P<version>[\d.]+) {_METHOD} (?P<scheme>https?)://(?P<host>[^/ :]+)"
    rf"(?::\d+)?{_PATH}(?: \S+ \S+)? - {_STATUS} \S+ (?:.* )?{_MS}ms$",
    # lograge, whose durations are those of Rails: milliseconds
    rf"^method={_METHOD} path={_PATH} format=.* status={_STATUS}\b.*? duration={_MS} ",
)
_COMPLETED = rf"^(?:\[[^\]\n]*\] )*Completed {_STATUS} (?:[A-Z][A-Za-z' -]* )?in {_MS}ms\b"
"""What Rails says when a request ends; method and path are in the record of its start."""

_NGINX = (
    r"^(?P<client>[^,\s]+)(?:, server: (?P<server>[^,\n]*))?(?:, request: \"(?P<method>[A-Z]+) "
    r"(?P<path>[^ \"?]*)(?:\?(?P<query>[^ \"]*))? HTTP/(?P<version>[0-9.]+)\")?(?:, subrequest: \"[^\"]*\")?"
    r"(?:, upstream: \"(?P<upstream>[^\"]*)\")?(?:, host: \"(?P<host>[^\"]*)\")?"
)
# The error of the operating system is written before the client.
_APACHE = r"^\(\d+\)[^\[\n]*: \[client (?P<client>[^\]\s]+):(?P<port>\d+)\] "
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
_REQUEST_FIELDS = {
    "client": "client.address",
    "method": "http.request.method",
    "path": "url.path",
    "query": "url.query",
    "scheme": "url.scheme",
    "host": "server.address",
    "version": "network.protocol.version",
    "referer": "http.request.header.referer",
    "agent": "user_agent.original",
}
_REQUEST_NUMBERS = {
    "port": "client.port",
    "status": "http.response.status_code",
    "size": "http.response.body.size",
    "size2": "http.response.body.size",
}
_MARKS = (b" ms - ", b" ms", b" responded ", b"Request finished ", b"method=")
"""Bytes that every text with a message of each of `_REQUESTS` has."""

_MILLIS = {
    "PostgreSQL": r"^duration: (?P<v>\d+(?:\.\d+)?) ms\b",
    "PostgreSQL on RDS": r"^duration: (?P<v>\d+(?:\.\d+)?) ms\b",
    "Lambda platform": r"^REPORT .*?\bDuration: (?P<v>\d+(?:\.\d+)?) ms\b",
}
_NO_ACCESS = frozenset(
    {"access", "Gin", "http.server", "nginx error log", "Apache error log", "Apache 2.2 error log"}
)
"""Layouts whose messages are not access lines."""


def add_message_fields(columns: Columns, layout: str, body: pa.Array, text: bytes, context: Context) -> None:
    """Add the fields that the messages name to the columns.

    Args:
        columns: of the records; a field that the layout has already is kept.
        layout: name of the layout.
        body: the messages.
        text: the bytes that the records come from, for a cheap test of what may be in them.
        context: zone of times that lack one.
    """
    if b"race" in text or b"TRACE" in text or b"Root=1-" in text:
        _traces(columns, body)
        if "log.context" in columns:
            _traces(columns, columns["log.context"])
    if b"[" in text and pc.any(pc.starts_with(body, "[")).as_py():
        _add_ids(columns, extracted(body, _SLEUTH))
    if b"00-" in text and pc.any(pc.match_substring(body, "00-")).as_py():
        _add_ids(columns, extracted(body, _PARENT))
    if layout == "Apache error log" and b"[client " in text:
        found = extracted(body, _APACHE)
        _add(columns, "client.address", found["client"])
        _add(columns, "client.port", found["port"].cast(pa.int64()))
    if layout == "nginx error log" and b", client: " in text:
        # Searching for constant text first is faster than a pattern that begins anywhere.
        pairs = pc.list_slice(pc.split_pattern(body, ", client: ", max_splits=1), 1, 2)
        for group, values in extracted(pc.binary_join(pairs, ""), _NGINX).items():
            _add(columns, _NGINX_FIELDS[group], values)
    if (pattern := _MILLIS.get(layout, "")) and b"uration: " in text:
        _add(columns, "duration_ms", extracted(body, pattern)["v"].cast(pa.float64()))
    if b"Completed " in text:
        found = extracted(body, _COMPLETED)
        _add(columns, "http.response.status_code", found["status"].cast(pa.int64()))
        _add(columns, "duration_ms", found["took"].cast(pa.float64()))
    for pattern, mark in zip(_REQUESTS, _MARKS, strict=True):
        if mark in text:
            _request(columns, extracted(body, pattern), context)
    if layout not in _NO_ACCESS and b" HTTP/" in text:
        _request(columns, extracted(body, _ACCESS), context)


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


def _request(columns: Columns, found: dict[str, pa.Array], context: Context) -> None:
    """Add the fields of messages that say how a request was answered."""
    valid = found["status"].is_valid()
    if not pc.any(valid).as_py():
        return
    columns["kind"] = pc.if_else(valid, "server", columns["kind"])
    if "time" in found and found["time"].null_count < len(valid):
        _add(columns, "timestamp", parse_times(found["time"].cast(pa.binary()).to_pylist(), context))
    _add(columns, "name", found["method"])
    for group, name in _REQUEST_FIELDS.items():
        if group in found:
            _add(columns, name, found[group])
    for group, name in _REQUEST_NUMBERS.items():
        if group in found:
            _add(columns, name, found[group].cast(pa.int64()))
    if "took" in found:
        took = found["took"].cast(pa.float64())
        _add(columns, "duration_ms", took)
        begin_earlier(columns, took)


def begin_earlier(columns: Columns, took: pa.Array) -> None:
    """Move the times of records that were written at an end back to the beginning.

    Args:
        columns: of the records.
        took: milliseconds; null where a time stays.
    """
    ended = columns["timestamp"]
    micros = pc.round(pc.multiply(took, 1_000.0)).cast(pa.int64()).cast(pa.duration("us"))
    columns["timestamp"] = pc.coalesce(pc.subtract(ended, micros), ended)


def _add(columns: Columns, name: str, values: pa.Array) -> None:
    """Add a column, or fill the nulls of the one that is there."""
    if values.null_count < len(values):
        have = columns.get(name)
        # A column of nulls has no type yet.
        columns[name] = values if have is None or have.null_count == len(have) else pc.coalesce(have, values)
