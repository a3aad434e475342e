"""Squid's native access log.

    1777888801.250    250 203.0.113.7 TCP_MISS/502 1722 GET http://shop.example/cart - HIER_DIRECT/10.0.0.1 -
    -> began 10:00:01.000, 250 ms, status 502; 1,722 bytes with the headers

The time is when the request ended, and the duration is milliseconds. A status of 0 or 000 means
that nothing was answered: the client was gone, or the line is not about HTTP.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.access_log.log_formats import Layout
from obskit.readers.access_log.request_lines import no_empty
from obskit.readers.access_log.text_reader import TextLog
from obskit.readers.registry import Reader

Columns = dict[str, pa.Array]

_NATIVE = re.compile(
    r"(?P<squid_time>\d{9,10}\.\d{3}) +(?P<took_ms>\d{1,9}) (?P<host>[^ \"]+) "
    r"(?P<result>[A-Z_]+)/(?P<code>\d{1,3}) "
    r"(?P<bytes_sent>\d{1,18}) (?P<method>[A-Z_-]{1,32}) (?P<target>[^ ]+) (?P<user>[^ ]+) "
    r"(?P<hierarchy>[A-Z_]+)/(?P<peer>[^ ]+)(?: (?P<content_type>[^\n]*))?",
    re.ASCII,
)
_LAYOUTS = (Layout("Squid", (), _NATIVE, False),)


def _fields(given: Columns, _tz: str | None) -> Columns:
    columns = dict(given)
    # Milliseconds as an integer: a float of seconds is not exact.
    digits = pc.replace_substring(columns.pop("squid_time"), ".", "")
    columns["ended"] = pc.multiply(digits.cast(pa.int64()), 1_000)
    columns["squid.result"] = columns.pop("result")
    columns["squid.hierarchy"] = columns.pop("hierarchy")
    columns["upstream.address"] = _present(columns.pop("peer"))
    columns["http.response.header.content-type"] = _present(columns.pop("content_type"))
    columns["client.address"] = columns.pop("host")
    return columns


def _present(values: pa.Array) -> pa.Array:
    return no_empty(pc.if_else(pc.equal(values, "-"), pa.scalar(None, pa.string()), values))


_log = TextLog(_LAYOUTS, "squid", convert=_fields, marks=(b"/", b" ", b"."), decode=str)
SQUID = Reader("Squid access log", (".log", ".txt"), _log.sniff, _log.read, lines="text")
