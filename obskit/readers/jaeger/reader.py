"""Jaeger's JSON: the API's answer, a trace, a list of traces or of spans, or any of these a line.

Times are microseconds. A process's tags are the resource's attributes; the first CHILD_OF reference within
the trace is the parent, other references are links; logs are a span's events. What only the tool's own
screens need (flags, depth, children, `processID`) is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pyarrow as pa

from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.readers.io.source import Source
from obskit.readers.jaeger.columnar import Known, batches
from obskit.readers.jaeger.rowwise import Found, find, span_row
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import OTLP_REQUEST
from obskit.readers.spans.json_documents import FIRST, Frame, Spans, read_documents
from obskit.readers.spans.tags import own_columns
from obskit.schema import FileReport

_SPAN = re.compile(rb'"spanI[Dd]"\s*:')
_NAMED = re.compile(rb'"operationName"\s*:')
_TRACE = re.compile(rb'"spans"\s*:\s*\[')
_ID = re.compile(rb'"traceID"\s*:')
_MODEL = re.compile(rb'^\{\s*"(?:spans|process)"\s*:')
# Columns of flat events may be called so too: a span of Jaeger's has nothing beside what Jaeger writes.
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
    """Say whether the head is JSON with Jaeger's traces or spans in it."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] not in (b"{", b"[") or OTLP_REQUEST.search(text):
        return Match.NO
    try:
        row = orjson.loads(text.partition(b"\n")[0])
    except orjson.JSONDecodeError:
        row = None
    row = row[0] if type(row) is list and row else row
    if type(row) is dict:
        row = row["_source"] if type(row.get("_source")) is dict else row
        if "traceID" in row and "spanID" in row:
            return Match.DIALECT if row.keys() <= _FIELDS else Match.NO
    span = _SPAN.search(text) and _NAMED.search(text)
    if _ID.search(text):
        return Match.DIALECT if span or _TRACE.search(text) or text[:1] == b"[" else Match.NO
    return Match.DIALECT if span and _MODEL.match(text) else Match.NO


class Jaeger(Spans):
    """Jaeger's documents of one file."""

    name = "Jaeger's JSON"
    size = FIRST

    def __init__(self, report: FileReport) -> None:
        super().__init__(report)
        self._known = Known()

    def frame(self, data: bytes) -> Frame | None:
        """Say how a document can be cut: between traces, or between the spans of a list."""
        for opening, boundary, before, after in (
            (_ANSWER, _NEXT_TRACE, b'{"data":[', b"]}"),
            (_TRACES, _NEXT_TRACE, b"[", b"]"),
            (_LIST, _NEXT_SPAN, b"[", b"]"),
        ):
            if found := opening.match(data):
                return Frame(found.end(), boundary, before, after)
        return None

    def fast(self, data: bytes) -> list[pa.RecordBatch] | None:
        """Return a document's spans as columns, where it is as Jaeger writes it."""
        return batches(data, self._known, self.report)

    def rows(self, document: Any, where: str) -> Iterator[dict[str, Any]]:
        """Give the spans of a document as flat rows; what is none is rejected."""
        known: dict[str, dict[str, Any]] = {}
        trace: dict[str, Any] | None = None
        for found in self._found(document, where):
            if found.processes is not trace:
                trace, known = found.processes, {}
            place = self.place(where)
            try:
                row, again = span_row(found, known)
            except MalformedRecord as error:
                self.reject(place, str(error))
                continue
            for name in again:
                self.report.override(name)
            self._known.learn(found.span.get("tags"))
            yield row

    def _found(self, document: Any, where: str) -> Iterator[Found]:
        try:
            yield from find(document)
        except MalformedRecord as error:
            self.reject(where, str(error))

    def finished(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Move what tags say about the span itself into columns of ours."""
        return own_columns(batch)


def read(source: Source, report: FileReport, _mapping: Mapping[str, Any] | None) -> Iterator[pa.RecordBatch]:
    """Give the spans of a file as batches.

    Raises:
        ReadError: not one span can be read.
        LimitExceeded: one document of more than `DOCUMENT_LIMIT` bytes, or too many field names.
    """
    return read_documents(source, Jaeger(report))


READER = Reader("Jaeger", (".json", ".jsonl", ".ndjson"), sniff, read)
