"""HAProxy's HTTP and TCP logs, with or without the header that syslog puts before them.

    lb haproxy[14389]: 10.0.1.2:33310 [04/May/2026:10:00:00.655] http-in static/srv1 10/0/30/69/109 502 ...
    -> began 10:00:00.655, 109 ms; 10 ms for the request, 0 in the queue, 30 to connect, 69 for the response

The five timers are milliseconds, and -1 was not measured. The time is local and has no zone. A `+` before the
last timer or the bytes means that the log was written before the end, so there is no duration.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.access_log.aws import address_and_port
from obskit.readers.access_log.log_formats import Layout
from obskit.readers.access_log.request_lines import no_empty, split_absolute
from obskit.readers.access_log.text_reader import TextLog
from obskit.readers.access_log.timestamps import CLOCK_SIZE, parse_clocks
from obskit.readers.registry import Reader
from obskit.schema import TIMESTAMP
from obskit.schema.parse import by_value, parse

Columns = dict[str, pa.Array]

# A syslog header of any kind ends with the program: only what is next to it is kept.
_PREFIX = r"(?:(?:[^\[\]\"\n]* )?(?P<log_host>[^ \[\]\"]+) haproxy\[(?P<pid>\d{1,9})\]: )?"
_START = (
    rf"{_PREFIX}(?P<client_port>[^ \"\[]+:\d{{1,5}}) "
    r"\[(?P<accepted>\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3})\] "
    r"(?P<frontend>[^ \"]+) (?P<backend>[^ /\"]+)/(?P<server>[^ \"]+) "
)
_TIMER = r"-?\d{1,10}"
_QUEUES = (
    r"(?P<actconn>\d{1,9})/(?P<feconn>\d{1,9})/(?P<beconn>\d{1,9})/(?P<srv_conn>\d{1,9})/"
    r"\+?(?P<retries>\d{1,9}) (?P<srv_queue>\d{1,9})/(?P<backend_queue>\d{1,9})"
)
_REQUEST = (
    rf"{_START}(?P<request_ms>{_TIMER})/(?P<queue_ms>{_TIMER})/(?P<connect_ms>{_TIMER})/"
    rf"(?P<response_ms>{_TIMER})/(?P<total>\+?{_TIMER}) (?P<status_text>-1|\d{{3}}) "
    r"(?P<bytes_text>\+?\d{1,18}) "
    r"(?P<request_cookie>[^ ]+) (?P<response_cookie>[^ ]+) (?P<termination_state>[^ ]{4}) "
    rf"{_QUEUES}(?: (?P<captures>\{{[^}}]*\}}))?(?: (?P<response_captures>\{{[^}}]*\}}))? "
    r"\"(?P<request_text>[^\"]*)"
)
_HTTP = re.compile(rf"{_REQUEST}\"(?: (?P<ssl>[^\"]+))?", re.ASCII)
# HAProxy cuts lines at 1,024 bytes unless it is told otherwise.
_CUT = re.compile(_REQUEST, re.ASCII)
_TCP = re.compile(
    rf"{_START}(?P<queue_ms>{_TIMER})/(?P<connect_ms>{_TIMER})/(?P<total>\+?{_TIMER}) "
    rf"(?P<tcp_bytes>\+?\d{{1,18}}) (?P<termination_state>[^ ]{{2}}) {_QUEUES}",
    re.ASCII,
)
_LAYOUTS = (
    Layout("HAProxy", (), _HTTP, False),
    Layout("HAProxy TCP", (), _TCP, False),
    Layout("HAProxy, cut", (), _CUT, False, cut=True),
)
_COUNTS = ("actconn", "feconn", "beconn", "srv_conn", "retries", "srv_queue", "backend_queue")
_TIMERS = ("request_ms", "queue_ms", "connect_ms", "response_ms")
_FLOAT = pa.scalar(None, pa.float64())
_ENCODED = re.compile(r"(?:#[0-9A-F]{2})+")
_WHOLE = len("04/May/2026:10:00:00")


def _fields(given: Columns, tz: str | None) -> Columns:
    columns = dict(given)
    client, port = address_and_port(columns.pop("client_port"))
    out: Columns = {"client.address": client, "client.port": port}
    out["micros"] = _accepted(columns.pop("accepted"), tz)
    total = columns.pop("total")
    logged = parse(total, "float")
    early = pc.starts_with(total, "+")
    out["duration"] = pc.if_else(pc.or_(early, pc.less(logged, 0.0)), _FLOAT, logged)
    out["haproxy.logged_after_ms"] = pc.if_else(early, logged, _FLOAT)
    for name in _TIMERS:
        if (values := columns.pop(name, None)) is not None:
            numbers = parse(values, "float")
            out[f"haproxy.{name}"] = pc.if_else(pc.less(numbers, 0.0), _FLOAT, numbers)
    if "haproxy.response_ms" in out:
        out["upstream.duration_ms"] = out["haproxy.response_ms"]
    for name in _COUNTS:
        out[f"haproxy.{name}"] = parse(columns.pop(name), "int")
    out["bytes_sent"] = _number(columns.pop("bytes_text", None), columns.get("tcp_bytes"))
    if (tcp := columns.pop("tcp_bytes", None)) is not None:
        out["operation"] = pc.if_else(pc.is_valid(tcp), "TCP", pa.scalar(None, pa.string()))
    if (status := columns.pop("status_text", None)) is not None:
        out["status"] = pc.if_else(pc.equal(status, "-1"), pa.scalar(None, pa.string()), status)
    if (requests := columns.pop("request_text", None)) is not None:
        out |= split_absolute(_decoded(requests))
    out |= _captures(columns)
    if (host := columns.pop("log_host", None)) is not None:
        out["host.name"] = host
        out["process.pid"] = parse(columns.pop("pid"), "int")
        out["service.name"] = pc.if_else(pc.is_valid(host), "haproxy", pa.scalar(None, pa.string()))
    return columns | out


def _decoded(requests: pa.Array) -> pa.Array:
    """Replace `#22` and the like by the characters that HAProxy writes so; it writes `#` itself as `#23`."""
    if not pc.any(pc.match_substring(requests, "#")).as_py():
        return requests
    return by_value(requests, lambda text: _ENCODED.sub(_byte, text), pa.string())


def _byte(found: re.Match[str]) -> str:
    data = bytes.fromhex(found[0].replace("#", ""))
    return data.decode("utf-8", "backslashreplace")


def _number(first: pa.Array | None, second: pa.Array | None) -> pa.Array:
    found = [parse(pc.utf8_ltrim(one, "+"), "int") for one in (first, second) if one is not None]
    return pc.coalesce(*found)


def _captures(columns: Columns) -> Columns:
    """Return the captured headers; a single block can be of the request or of the response."""
    first, second = columns.pop("captures", None), columns.pop("response_captures", None)
    if first is None or second is None:
        return {}
    first, second = (pc.utf8_slice_codeunits(each, 1, -1) for each in (first, second))
    both = pc.is_valid(second)
    null = pa.scalar(None, pa.string())
    return {
        "haproxy.captured_headers": no_empty(pc.if_else(both, null, first)),
        "haproxy.captured_request_headers": no_empty(pc.if_else(both, first, null)),
        "haproxy.captured_response_headers": no_empty(second),
    }


def _accepted(texts: pa.Array, tz: str | None) -> pa.Array:
    """Return times such as `04/May/2026:10:00:00.655` in microseconds since 1970."""
    clocks = pc.binary_join_element_wise(pc.utf8_slice_codeunits(texts, 0, _WHOLE), "+0000", " ")
    letters = np.array(clocks.to_pylist(), f"S{CLOCK_SIZE}")
    rows = np.frombuffer(letters.tobytes(), np.uint8).reshape(-1, CLOCK_SIZE).astype(np.int64)
    seconds, good = parse_clocks(rows)
    millis = pc.utf8_slice_codeunits(texts, _WHOLE + 1, _WHOLE + 4).cast(pa.int64())
    micros = pc.add(pa.array(seconds, mask=~good), pc.multiply(millis, 1000))
    if tz is None:
        return micros
    naive = micros.cast(pa.timestamp("us"))
    local = pc.assume_timezone(naive, tz, ambiguous="earliest", nonexistent="earliest")
    return local.cast(TIMESTAMP).cast(pa.int64())


_log = TextLog(_LAYOUTS, "haproxy", convert=_fields, marks=(b"[", b"/", b"]"), decode=str)
HAPROXY = Reader("HAProxy log", (".log", ".txt"), _log.sniff, _log.read, lines="text")
