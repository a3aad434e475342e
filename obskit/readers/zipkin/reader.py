"""Zipkin JSON, version 2: a list of spans, a list of traces, or one of these or a span per line.

Times are microseconds. Tags are text; `obskit.schema` converts those whose type is known by their name. The
two sides of one call can share a span id: both rows keep it, and the parent as written.
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
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import OTLP_REQUEST, json_start
from obskit.readers.spans.json_documents import FIRST_PIECE, CutPoints, SpanFormat, read_documents
from obskit.readers.spans.scalars import clear_impossible_event_times
from obskit.readers.spans.tags import move_own_tags
from obskit.readers.zipkin.columnar import FIELDS, ZipkinTagSchema, parse_columns
from obskit.readers.zipkin.rowwise import span_row
from obskit.schema import FileReport, ReadOptions

_ID = re.compile(rb'"traceId"\s*:')
_OWN = re.compile(rb'"id"\s*:')
_PART = re.compile(
    rb'"(?:localEndpoint|remoteEndpoint)"\s*:\s*\{|"annotations"\s*:\s*\[|"tags"\s*:\s*\{'
    rb'|"kind"\s*:\s*"(?:CLIENT|SERVER|PRODUCER|CONSUMER)"|"parentId"\s*:'
)
_OLD = re.compile(rb'"binaryAnnotations"\s*:')
_OPENING = re.compile(rb'\s*\[\s*(?=\{\s*"traceId"\s*:)')
_DECODER = json.JSONDecoder()
_NEXT = re.compile(rb'(\})\s*,\s*(?=\{\s*"traceId"\s*:)')


def sniff(head: bytes) -> Match:
    """Return how well the head of a file matches JSON with Zipkin spans."""
    if b'"traceId"' not in head:
        return Match.NO
    text = json_start(head)
    if not text or OTLP_REQUEST.search(text) or _OLD.search(text):
        return Match.NO
    if not (_ID.search(text) and _OWN.search(text) and _PART.search(text)):
        return Match.NO
    try:
        row = orjson.loads(text.partition(b"\n")[0])
    except orjson.JSONDecodeError:
        row = _first_value(text)
        if row is None:  # longer than the head
            return Match.DIALECT
    row = next(_stored(row), None)
    while type(row) is list and row:
        row = row[0]
    if type(row) is not dict or not row.keys() <= FIELDS or "id" not in row:
        return Match.NO
    return Match.DIALECT if type(row.get("kind", "")) is str else Match.NO


def _first_value(text: bytes) -> Any:
    try:
        return _DECODER.raw_decode(text.decode(errors="replace"))[0]
    except (ValueError, RecursionError):
        return None


def _stored(document: Any) -> Iterator[Any]:
    """Yield the spans of an answer or a dump of Elasticsearch; of any other document, itself."""
    if type(document) is dict and "id" not in document:
        hits = document.get("hits")
        if type(hits) is dict and type(hits.get("hits")) is list:
            for hit in hits["hits"]:
                yield from _stored(hit)
            return
        if type(document.get("_source")) is dict:
            yield document["_source"]
            return
    yield document


class ZipkinFormat(SpanFormat):
    """Zipkin documents of one file."""

    name = "Zipkin JSON"
    piece_size = FIRST_PIECE

    def __init__(self, report: FileReport) -> None:
        super().__init__(report)
        self._tags = ZipkinTagSchema()

    def cut_points(self, data: bytes) -> CutPoints | None:
        """Return where a list of spans can be cut: between two spans."""
        found = _OPENING.match(data)
        return None if found is None else CutPoints(found.end(), _NEXT, b"[", b"]")

    def parse_columns(self, data: bytes) -> list[pa.RecordBatch] | None:
        """Return the spans of a document in Zipkin's own form as columns."""
        return parse_columns(data, self._tags)

    def parse_rows(self, document: Any, where: str) -> Iterator[dict[str, Any]]:
        """Yield the spans of a document as flat rows; anything else is rejected."""
        found = (
            [item for one in document for item in _stored(one)]
            if type(document) is list
            else _stored(document)
        )
        for trace in found:
            for span in trace if type(trace) is list else [trace]:
                position = self.next_position(where)
                try:
                    row = span_row(span)
                except MalformedRecord as error:
                    self.reject(position, str(error))
                    continue
                except NOT_FAULTS:
                    raise
                except Exception as error:
                    self.reject(position, fault_reason(error))
                    continue
                self._tags.learn(span.get("tags"))
                yield row

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
    return read_documents(source, ZipkinFormat(report))


READER = Reader("Zipkin", (".json", ".jsonl", ".ndjson"), sniff, read)
