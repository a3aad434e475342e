"""Parse blocks of OTLP's JSON with Arrow, if they hold only the expected fields.

    {"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a","startTimeUnixNano":"15447..."}]}]}]}

    DocumentShape(SPANS, names={resourceSpans, scopeSpans, spans, name, startTimeUnixNano},
                  texts={startTimeUnixNano})

The shape of a block becomes an exact Arrow schema: `startTimeUnixNano` is a string here, and int64 if the
file writes numbers. A block with another field, or with a value of another type, is refused; `rowwise` reads
it, because it accepts everything and knows the position of each fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa

from obskit.readers.batches.attribute_columns import Pivot
from obskit.readers.jsonl.arrow_blocks import is_utf8, parse_table
from obskit.readers.otlp import columnar
from obskit.readers.otlp.json_attributes import PLACEHOLDER, extract_pairs
from obskit.readers.otlp.messages import LOGS, MESSAGES, SPANS, Signal
from obskit.readers.otlp.scalar_columns import Unusual
from obskit.readers.spans.oddities import Oddities
from obskit.schema import FileReport

# Fields that are ignored but may occur.
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
# Fields that some programs write as numbers and others as text; one file uses one way.
_EITHER = frozenset(
    {"startTimeUnixNano", "endTimeUnixNano", "timeUnixNano", "observedTimeUnixNano", "intValue"}
    | {"kind", "code", "severityNumber"}
)
_NAME = re.compile(rb'"([A-Za-z]+|%s)"\s*:\s*("?)' % PLACEHOLDER.encode())
_SAMPLE = 64 * 1024
_TRIES = 3


class DocumentShape(NamedTuple):
    """What a block may contain.

    Attributes:
        signal: spans or logs.
        names: names of the fields.
        texts: fields of `_EITHER` that are written as text.
    """

    signal: Signal
    names: frozenset[str]
    texts: frozenset[str]


class ColumnarParser:
    """Parses blocks of one file; remembers the shape of the previous block.

    Args:
        report: counts overridden keys.
        odd: counts odd spans.
    """

    def __init__(self, report: FileReport, odd: Oddities | None = None) -> None:
        self._odd = odd
        self._pivot = Pivot(report)
        self._shape: DocumentShape | None = None
        self._refused = 0

    def batches(self, data: bytes, *, one: bool = False) -> Iterator[pa.RecordBatch] | None:
        """Return the rows of a block.

        Args:
            data: requests, one per line.
            one: `data` is a single request, which may span several lines.
        Returns:
            Iterator of batches, or None if `rowwise` has to read the block. The iterator raises
            `LimitExceeded` if there are more than `MAX_FIELDS` distinct names.
        """
        if self._refused > _TRIES and self._refused % 8:  # the whole file seems to be unusual
            self._refused += 1
            return None
        made = extract_pairs(data) if data.isascii() or is_utf8(data) else None
        data, lists = (data, None) if made is None else made
        for shape in self._shapes(data):
            table = parse_table(data, _schema(shape), one=one)
            if table is None or not table.num_columns:
                continue
            try:
                requests = table.column(0).combine_chunks()
                batches = columnar.to_batches(shape.signal, requests, self._pivot, lists, self._odd)
            except Unusual:
                break
            self._shape, self._refused = shape, 0
            return batches
        self._refused += 1
        return None

    def _shapes(self, data: bytes) -> Iterator[DocumentShape]:
        """Yield shapes to try: that of the previous block, of the start of this block, of all of it."""
        tried: list[DocumentShape] = []
        for made in (self._shape, data[:_SAMPLE], data):
            shape = _shape_of(made) if isinstance(made, bytes) else made
            if shape is not None and shape not in tried:
                tried.append(shape)
                yield shape


def _shape_of(data: bytes) -> DocumentShape:
    """Return the shape of a text: its names, and whether the first value of each is a string."""
    first: dict[bytes, bytes] = {}
    for found in _NAME.finditer(data):  # not as a list: a block may have millions of names
        first.setdefault(found[1], found[2])
    texts = frozenset(name for name in _EITHER if first.get(name.encode()))
    signal = LOGS if b"resourceLogs" in first else SPANS
    return DocumentShape(signal, _KNOWN & {name.decode() for name in first}, texts)


@lru_cache(64)
def _schema(shape: DocumentShape) -> pa.Schema:
    return pa.schema(_fields(shape.signal.request, shape, True))


def _fields(message: str, shape: DocumentShape, nested: bool) -> list[pa.Field]:
    out = []
    for name, kind in MESSAGES[message].values():
        inner = kind.removeprefix("*")
        if name not in shape.names or (name in _NESTED and not nested):
            continue
        if inner in MESSAGES:
            # Lists within lists are not expected, because their types have no end.
            arrow = pa.struct(_fields(inner, shape, nested and name not in _NESTED))
        elif name in _EITHER:
            arrow = pa.string() if name in shape.texts else pa.int64()
        else:
            arrow = {"bool": pa.bool_(), "double": pa.float64()}.get(inner, pa.string())
        out.append(pa.field(name, arrow if inner == kind else pa.list_(arrow)))
    more = {**_MORE.get(message, {}), **({PLACEHOLDER: pa.int64()} if message == "KeyValue" else {})}.items()
    return out + [pa.field(name, arrow) for name, arrow in more if name in shape.names]


_KNOWN = frozenset(
    [name for message in MESSAGES.values() for name, _ in message.values()]
    + [name for more in _MORE.values() for name in more]
    + [PLACEHOLDER]
)
