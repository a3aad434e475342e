"""OTLP's JSON by Arrow: whole blocks of requests at once, where they hold nothing but what is usual.

Arrow is told exactly which fields there may be, so that a block with any other, or with a value of another
type, is refused and goes through `otlprows`, which takes everything and knows the place of what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa

from obskit.readers.batches.attribute_columns import Pivot
from obskit.readers.jsonl.arrow_blocks import is_utf8, parse_table
from obskit.readers.otlp import columnar as otlpcolumns
from obskit.readers.otlp.json_attributes import CUT, cut
from obskit.readers.otlp.messages import LOGS, MESSAGES, SPANS, Signal
from obskit.schema import FileReport

# What is passed over, but may be there.
_MORE = {
    "Resource": {"droppedAttributesCount": pa.int64()},
    "Scope": {"droppedAttributesCount": pa.int64()},
    "Event": {"droppedAttributesCount": pa.int64()},
    "Link": {"droppedAttributesCount": pa.int64(), "flags": pa.int64()},
    "Span": {
        "droppedAttributesCount": pa.int64(),
        "droppedEventsCount": pa.int64(),
        "droppedLinksCount": pa.int64(),
        "flags": pa.int64(),
    },
    "Log": {"droppedAttributesCount": pa.int64(), "flags": pa.int64()},
    **{
        message: {"schemaUrl": pa.string()}
        for message in ("ScopeSpans", "ScopeLogs", "ResourceSpans", "ResourceLogs")
    },
}
_NESTED = ("arrayValue", "kvlistValue")
# Fields that some write as numbers and some as text; a file keeps to one way.
_EITHER = frozenset(
    {"startTimeUnixNano", "endTimeUnixNano", "timeUnixNano", "observedTimeUnixNano", "intValue"}
    | {"kind", "code", "severityNumber"}
)
_NAME = re.compile(rb'"([A-Za-z]+|%s)"\s*:\s*("?)' % CUT.encode())
_SAMPLE = 64 * 1024
_TRIES = 3


class Shape(NamedTuple):
    """What Arrow is told to expect: which names, and which of `_EITHER` as text."""

    signal: Signal
    names: frozenset[str]
    texts: frozenset[str]


class Fast:
    """The fast way of one file."""

    def __init__(self, report: FileReport) -> None:
        self._pivot = Pivot(report)
        self._shape: Shape | None = None
        self._refused = 0

    def batches(self, data: bytes, *, one: bool = False) -> Iterator[pa.RecordBatch] | None:
        """Return the rows of a block, or None where it has to go the slow way.

        Args:
            data: requests, one a line.
            one: it is one request, over however many lines.

        Raises:
            LimitExceeded: too many field names; when the first batch is taken.
        """
        if self._refused > _TRIES and self._refused % 8:  # a file that is unusual throughout
            self._refused += 1
            return None
        made = cut(data) if data.isascii() or is_utf8(data) else None
        data, lists = (data, None) if made is None else made
        for shape in self._shapes(data):
            table = parse_table(data, _schema(shape), one=one)
            if table is None or not table.num_columns:
                continue
            try:
                requests = table.column(0).combine_chunks()
                batches = otlpcolumns.taken(shape.signal, requests, self._pivot, lists)
            except otlpcolumns.Unusual:
                break
            self._shape, self._refused = shape, 0
            return batches
        self._refused += 1
        return None

    def _shapes(self, data: bytes) -> Iterator[Shape]:
        """Give what to expect: as in the block before; else by a sample; else by all of the block."""
        tried: list[Shape] = []
        for made in (self._shape, data[:_SAMPLE], data):
            shape = _seen(made) if isinstance(made, bytes) else made
            if shape is not None and shape not in tried:
                tried.append(shape)
                yield shape


def _seen(data: bytes) -> Shape:
    """Return the names in a text, and which are first seen with text."""
    first: dict[bytes, bytes] = {}
    for found in _NAME.finditer(data):  # not all at once: a block may have millions
        first.setdefault(found[1], found[2])
    texts = frozenset(name for name in _EITHER if first.get(name.encode()))
    signal = LOGS if b"resourceLogs" in first else SPANS
    return Shape(signal, _KNOWN & {name.decode() for name in first}, texts)


@lru_cache(64)
def _schema(shape: Shape) -> pa.Schema:
    return pa.schema(_fields(shape.signal.request, shape, True))


def _fields(message: str, shape: Shape, nested: bool) -> list[pa.Field]:
    out = []
    for name, kind in MESSAGES[message].values():
        inner = kind.removeprefix("*")
        if name not in shape.names or (name in _NESTED and not nested):
            continue
        if inner in MESSAGES:
            # A list in a list is not expected: there is no end to the types that would be.
            arrow = pa.struct(_fields(inner, shape, nested and name not in _NESTED))
        elif name in _EITHER:
            arrow = pa.string() if name in shape.texts else pa.int64()
        else:
            arrow = {"bool": pa.bool_(), "double": pa.float64()}.get(inner, pa.string())
        out.append(pa.field(name, arrow if inner == kind else pa.list_(arrow)))
    more = {**_MORE.get(message, {}), **({CUT: pa.int64()} if message == "KeyValue" else {})}.items()
    return out + [pa.field(name, arrow) for name, arrow in more if name in shape.names]


_KNOWN = frozenset(
    [name for message in MESSAGES.values() for name, _ in message.values()]
    + [name for more in _MORE.values() for name in more]
    + [CUT]
)
