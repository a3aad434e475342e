"""Jaeger JSON: the API's answer, a trace, a list of traces or spans, or one of these per line.

Times are microseconds. A process's tags become attributes of the resource. The first CHILD_OF reference in
the trace is the parent, and other references become links. Logs become span events. Fields that only
Jaeger's own UI needs (flags, depth, children, `processID`) are not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.readers.faults import NOT_FAULTS, fault_reason
from obskit.readers.io.source import Source
from obskit.readers.jaeger.columnar import JaegerTagSchema, parse_columns
from obskit.readers.jaeger.rowwise import FoundSpan, find_spans, span_row
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import OTLP_REQUEST, json_start
from obskit.readers.spans.json_documents import FIRST_PIECE, CutPoints, SpanFormat, read_documents
from obskit.readers.spans.scalars import clear_impossible_event_times
from obskit.readers.spans.tags import move_own_tags
from obskit.schema import FileReport, ReadOptions

_DECODER = json.JSONDecoder()
_KEYS = (b'"traceID"', b'"spanID"', b'"spanId"')  # every document has one of them
_SPAN = re.compile(rb'"spanI[Dd]"\s*:')
_NAMED = re.compile(rb'"operationName"\s*:')
_TRACE = re.compile(rb'"spans"\s*:\s*\[')
_ID = re.compile(rb'"traceID"\s*:')
_MODEL = re.compile(rb'^\{\s*"(?:spans|process)"\s*:')
# Flat events can have some of these names too; a Jaeger span has no others.
_FIELDS = frozenset(
    {"traceID", "spanID", "parentSpanID", "operationName", "references", "startTime", "startTimeMillis"}
    | {"duration", "tags", "tag", "logs", "processID", "process", "warnings", "flags"}
)

_ANSWER = re.compile(rb'\s*\{\s*"data"\s*:\s*\[\s*(?=\{\s*"traceID"\s*:\s*"[^"]*"\s*,\s*"spans"\s*:)')
_TRACES = re.compile(rb'\s*\[\s*(?=\{\s*"traceID"\s*:\s*"[^"]*"\s*,\s*"spans"\s*:)')
_LIST = re.compile(rb'\s*\[\s*(?=\{\s*"traceID"\s*:\s*"[^"]*"\s*,\s*"spanID"\s*:)')
_NEXT_TRACE = re.compile(rb'(\})\s*,\s*(?=\{\s*"traceID"\s*:\s*"[^"]*"\s*,\s*"spans"\s*:)')
_NEXT_SPAN = re.compile(rb'(\})\s*,\s*(?=\{\s*"traceID"\s*:\s*"[^"]*"\s*,\s*"spanID"\s*:)')


def sniff(head: bytes) -> Match:
    """Return how well the head of a file matches JSON with Jaeger traces or spans."""
    if not any(key in head for key in _KEYS):
        return Match.NO
    text = json_start(head)
    if not text or OTLP_REQUEST.search(text):
        return Match.NO
    try:
        row = orjson.loads(text.partition(b"\n")[0])
    except orjson.JSONDecodeError:
        row = None
    row = _first_value(text) if row is None and text[:1] == b"[" else row
    row = row[0] if type(row) is list and row else row
    if type(row) is dict:
        if "traceID" in row and not row.keys() & {"spans", "spanID"}:
            return Match.NO  # a record of something else, which names its trace
        row = row["_source"] if type(row.get("_source")) is dict else row
        if "traceID" in row and "spanID" in row:
            return Match.DIALECT if row.keys() <= _FIELDS else Match.NO
    span = _SPAN.search(text) and _NAMED.search(text)
    if _ID.search(text):
        unknown = text[:1] == b"[" and type(row) is not dict
        return Match.DIALECT if span or _TRACE.search(text) or unknown else Match.NO
    return Match.DIALECT if span and _MODEL.match(text) else Match.NO


def _first_value(text: bytes) -> Any:
    try:
        return _DECODER.raw_decode(text.decode(errors="replace"))[0]
    except (ValueError, RecursionError):
        return None


class JaegerFormat(SpanFormat):
    """Jaeger documents of one file."""

    name = "Jaeger JSON"
    piece_size = FIRST_PIECE

    def __init__(self, report: FileReport) -> None:
        super().__init__(report)
        self._tags = JaegerTagSchema()

    def cut_points(self, data: bytes) -> CutPoints | None:
        """Return where a document can be cut: between traces, or between the spans of a list."""
        for opening, boundary, before, after in (
            (_ANSWER, _NEXT_TRACE, b'{"data":[', b"]}"),
            (_TRACES, _NEXT_TRACE, b"[", b"]"),
            (_LIST, _NEXT_SPAN, b"[", b"]"),
        ):
            if found := opening.match(data):
                return CutPoints(found.end(), boundary, before, after)
        return None

    def parse_columns(self, data: bytes) -> list[pa.RecordBatch] | None:
        """Return the spans of a document in Jaeger's own form as columns."""
        return parse_columns(data, self._tags, self.report)

    def parse_rows(self, document: Any, where: str) -> Iterator[dict[str, Any]]:
        """Yield the spans of a document as flat rows; anything else is rejected."""
        cache: dict[str, dict[str, Any]] = {}
        processes: dict[str, Any] | None = None
        for found in self._find_spans(document, where):
            if found.processes is not processes:
                processes, cache = found.processes, {}
            position = self.next_position(where)
            try:
                row, overridden = span_row(found, cache)
            except MalformedRecord as error:
                self.reject(position, str(error))
                continue
            except NOT_FAULTS:
                raise
            except Exception as error:
                self.reject(position, fault_reason(error))
                continue
            for name in overridden:
                self.report.override(name)
            self._tags.learn(found.span.get("tags"))
            yield row

    def _find_spans(self, document: Any, where: str) -> Iterator[FoundSpan]:
        try:
            yield from find_spans(document)
        except MalformedRecord as error:
            self.reject(where, str(error))

    def finish(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Move tags about the span itself into obskit's columns."""
        return clear_impossible_event_times(move_own_tags(batch), self.report)


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the spans of a file as batches.

    Args:
        source: the file.
        report: counts the records that cannot be read.
        _options: not used.

    Returns:
        Batches in the file's order.

    Raises:
        ReadError: no span can be read.
        LimitExceeded: a document has more than `DOCUMENT_LIMIT` bytes, or there are too many field names.
    """
    return read_documents(source, JaegerFormat(report))


READER = Reader("Jaeger", (".json", ".jsonl", ".ndjson"), sniff, read)
