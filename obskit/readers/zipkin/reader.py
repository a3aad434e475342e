"""Zipkin's JSON, version 2: a list of spans, a list of traces, or either or a span a line.

Times are microseconds, tags are text: those whose name's type is known get it from `obskit.schema`. The two
sides of one call may share a span id; both rows keep it, and the parent that they came with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pyarrow as pa

from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.readers.io.source import Source
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import OTLP_REQUEST
from obskit.readers.spans.json_documents import FIRST, Frame, Spans, read_documents
from obskit.readers.spans.tags import own_columns
from obskit.readers.zipkin.columnar import FIELDS, Known, batches
from obskit.readers.zipkin.rowwise import span_row
from obskit.schema import FileReport

_ID = re.compile(rb'"traceId"\s*:')
_OWN = re.compile(rb'"id"\s*:')
_PART = re.compile(
    rb'"(?:localEndpoint|remoteEndpoint)"\s*:\s*\{|"annotations"\s*:\s*\[|"tags"\s*:\s*\{'
    rb'|"kind"\s*:\s*"(?:CLIENT|SERVER|PRODUCER|CONSUMER)"|"parentId"\s*:'
)
_OLD = re.compile(rb'"binaryAnnotations"\s*:')
_OPENING = re.compile(rb'\s*\[\s*(?=\{\s*"traceId"\s*:)')
_NEXT = re.compile(rb'(\})\s*,\s*(?=\{\s*"traceId"\s*:)')


def sniff(head: bytes) -> Match:
    """Say whether the head is JSON with Zipkin's spans in it."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] not in (b"{", b"[") or OTLP_REQUEST.search(text) or _OLD.search(text):
        return Match.NO
    if not (_ID.search(text) and _OWN.search(text) and _PART.search(text)):
        return Match.NO
    try:
        row = orjson.loads(text.partition(b"\n")[0])
    except orjson.JSONDecodeError:
        return Match.DIALECT
    while type(row) is list and row:
        row = row[0]
    return Match.DIALECT if type(row) is dict and row.keys() <= FIELDS and "id" in row else Match.NO


class Zipkin(Spans):
    """Zipkin's documents of one file."""

    name = "Zipkin's JSON"
    size = FIRST

    def __init__(self, report: FileReport) -> None:
        super().__init__(report)
        self._known = Known()

    def frame(self, data: bytes) -> Frame | None:
        """Say how a list of spans can be cut: between two of them."""
        found = _OPENING.match(data)
        return None if found is None else Frame(found.end(), _NEXT, b"[", b"]")

    def fast(self, data: bytes) -> list[pa.RecordBatch] | None:
        """Return a document's spans as columns, where all of its tags are known."""
        return batches(data, self._known)

    def rows(self, document: Any, where: str) -> Iterator[dict[str, Any]]:
        """Give the spans of a document as flat rows; what is none is rejected."""
        for trace in document if type(document) is list else [document]:
            for span in trace if type(trace) is list else [trace]:
                place = self.place(where)
                try:
                    row = span_row(span)
                except MalformedRecord as error:
                    self.reject(place, str(error))
                    continue
                self._known.learn(span.get("tags"))
                yield row

    def finished(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Move what tags say about the span itself into columns of ours."""
        return own_columns(batch)


def read(source: Source, report: FileReport, _mapping: Mapping[str, Any] | None) -> Iterator[pa.RecordBatch]:
    """Give the spans of a file as batches.

    Raises:
        ReadError: not one span can be read.
        LimitExceeded: one document of more than `DOCUMENT_LIMIT` bytes, or too many field names.
    """
    return read_documents(source, Zipkin(report))


READER = Reader("Zipkin", (".json", ".jsonl", ".ndjson"), sniff, read)
