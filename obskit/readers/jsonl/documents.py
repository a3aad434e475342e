"""Logs as one JSON document: a list of records, an export with the list in it, or objects end to end.

    [                                         {                        {"level": "info",
      {"time": "...", "msg": "a"},              "logs": [               "msg": "a"}
      {"time": "...", "msg": "b"}                 {"msg": "a"}         {"level": "info",
    ]                                           ]                       "msg": "b"}
                                              }

Each record is a row with the names of the document, as if it were a line of flat JSON. `envelopes` finds the
records; large lists are cut into pieces, so that they are not in memory as Python objects at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from obskit.errors import ReadError
from obskit.readers.batches.row_batcher import DEPTH_LIMIT, RowBatcher, TooDeep, flat
from obskit.readers.io.source import Readable, Source
from obskit.readers.jaeger.reader import READER as JAEGER
from obskit.readers.jsonl.envelopes import LISTS, SIBLINGS, NotRecord, loki_metrics, record_list, records
from obskit.readers.jsonl.reader import BadLine, parse_line
from obskit.readers.jsonl.record_lines import RecordLines, line_reader
from obskit.readers.markers.reader import kind_of
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import OTLP_REQUEST, json_start
from obskit.readers.spans.json_documents import DOCUMENT_LIMIT, CutPoints, SpanFormat, read_documents
from obskit.readers.vendor_spans import VENDORS
from obskit.readers.zipkin.reader import READER as ZIPKIN
from obskit.schema import FileReport, ReadOptions

_EMPTY = "a JSON document has an empty list of records: what was asked for was not found"
_KEY = re.compile(rb'"([^"\\]+)"\s*:')
_LIST = re.compile(rb'"(?:' + "|".join(LISTS).encode() + rb'|streams|tables)"\s*:\s*\[\s*(?=[\[{])')
_FIRST_ITEM = re.compile(rb"\s*\[\s*(?=\{)")
_FIRST_KEY = re.compile(rb'\{\s*"[^"\\]+"\s*:\s*"?')
_NEXT_OBJECT = re.compile(rb"(?<=\n\})[ \t\r]*\n+(?=\{)")
_TWO_OBJECTS = re.compile(rb"\n\}[ \t\r]*\n+\{")
_OTHER = (
    re.compile(rb'"ph"\s*:\s*"[A-Za-z]"'),  # Chrome's trace events
    re.compile(rb'"(?:traceEvents|workflow_runs|run_attempt|head_?[sS]ha|binaryAnnotations|creator)"\s*:'),
    re.compile(rb'"processor"\s*:\s*\{'),  # Elastic APM
    re.compile(rb'"kind"\s*:\s*"(?:\w*List|Event|Pod)"'),  # Kubernetes
)
"""What only documents of other formats have."""


def sniff(head: bytes) -> Match:
    """Return how well the head of a file matches a document of several records."""
    text = json_start(head)
    match = _sniff_shape(text) if text else Match.NO
    if match is Match.NO or OTLP_REQUEST.search(text) or any(mark.search(text) for mark in _OTHER):
        return Match.NO
    if any(reader.sniff(head) is not Match.NO for reader in (*VENDORS, JAEGER, ZIPKIN)):
        return Match.NO
    if kind_of(head) is not None:  # deployments in a list
        return Match.NO
    return match


def _sniff_shape(text: bytes) -> Match:
    """Return how well the text matches, by what is around the records."""
    if text[:1] == b"[":
        return _sniff_list(text)
    if _is_end_to_end(text):
        return Match.POSSIBLE
    return Match.DIALECT if _is_envelope(text) else Match.NO


def _sniff_list(text: bytes) -> Match:
    """Return how well the text of a list matches: its first item is an object with several fields."""
    if _FIRST_ITEM.match(text) is None:
        return Match.NO
    first, newline, rest = text.partition(b"\n")
    if newline and rest.lstrip()[:1] == b"[" and first.rstrip().endswith(b"]"):
        return Match.NO  # a list per line is a format of its own
    return Match.POSSIBLE


def _is_envelope(text: bytes) -> bool:
    """Whether an object holds a list of records, and nothing else that could be a record."""
    try:
        document = orjson.loads(text.partition(b"\n")[0] if text[1:2] not in b"\r\n \t" else text)
    except orjson.JSONDecodeError:
        return _begins_envelope(text)
    if type(document) is not dict:
        return False
    if loki_metrics(document):
        return True
    return (
        record_list(document) is not None
        or type(next(records(document), None)) is not dict
        or (next(records(document)) is not document)
    )


def _begins_envelope(text: bytes) -> bool:
    found = _LIST.search(text[: 16 * 1024])
    if found is None:
        return False
    before = {key.decode("utf-8", "replace") for key in _KEY.findall(text[: found.end()])}
    return before <= SIBLINGS | set(LISTS) | {"streams", "tables"} or before == {"tables", "name"}


def _is_end_to_end(text: bytes) -> bool:
    """Whether pretty-printed objects follow one another."""
    cut = _TWO_OBJECTS.search(text)
    if cut is None or text[:1] != b"{":
        return False
    try:
        return type(orjson.loads(text[: cut.start() + 2])) is dict
    except orjson.JSONDecodeError:
        return False


class LogDocuments(SpanFormat):
    """The records of one file."""

    name = "a JSON document of records"

    def __init__(self, report: FileReport) -> None:
        super().__init__(report)
        self._batcher = RowBatcher()  # flat JSON's own names

    def cut_points(self, data: bytes) -> CutPoints | None:
        """Return where a list can be cut: between two objects that begin with the same key."""
        opening = _FIRST_ITEM.match(data) or _LIST.search(data[: 16 * 1024])
        if opening is None or b'"result"' in data[: opening.end()]:
            return None
        begin = opening.end()
        key = _FIRST_KEY.match(data, begin)
        if key is None:
            return None
        line = data.rfind(b"\n", 0, begin)
        if line >= 0 and not data[line:begin].strip():  # indented: nested objects are indented more
            indent = re.escape(data[line:begin])
            boundary = re.compile(rb"(" + indent + rb"\})[ \t\r]*," + indent + rb"(?=\{)")
        else:
            boundary = re.compile(rb"(\})\s*,\s*(?=" + re.escape(key[0]) + rb")")
        depth = data[:begin].count(b"{") - data[:begin].count(b"}")
        return CutPoints(begin, boundary, data[:begin], b"]" + b"}" * depth)

    def parse_rows(self, document: Any, where: str) -> Iterator[dict[str, Any]]:
        """Yield the records of a document as flat rows; anything else is rejected."""
        if loki_metrics(document):
            self.reject(where or "the document", "metrics are not events")
            return
        record = None
        for record in records(document):
            position = self.next_position(where, "record")
            if isinstance(record, NotRecord):
                self.reject(position, str(record))
                continue
            try:
                yield flat(record)
            except TooDeep:
                self.reject(position, f"nested deeper than {DEPTH_LIMIT} levels")
        if record is None:
            self.report.note(_EMPTY)


def read(source: Source, report: FileReport, options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the records of a file as batches.

    Args:
        source: the file.
        report: counts the records that cannot be read.
        options: for the reader of lines that knows the records better.

    Yields:
        Batches in the file's order, with the names of the file.

    Raises:
        ReadError: no record can be read.
        LimitExceeded: a document has more than `DOCUMENT_LIMIT` bytes, or there are too many field names.
    """
    text = json_start(source.head)
    if text[:1] == b"{" and _is_end_to_end(text):
        yield from _end_to_end(source, report)
        return
    flat_rows = LogDocuments(report)
    reader = line_reader(text, flat_rows.cut_points(text))
    if reader is None:
        yield from read_documents(source, flat_rows)
        return
    report.note(f"{source.path.name}: the records of the JSON document are read as {reader.name}")
    lines = RecordLines(report, source, reader, options, flat_rows.cut_points)
    yield from read_documents(source, lines)


def _end_to_end(source: Source, report: FileReport) -> Iterator[pa.RecordBatch]:
    """Yield objects that follow one another; each ends with a brace at the beginning of a line."""
    batcher, rows, first = RowBatcher(), 0, ""
    with source.stream() as stream:
        for line, offset, data, last in _objects(Readable(stream)):
            try:
                batcher.add(flat(parse_line(data)), len(data))
            except (BadLine, TooDeep) as error:
                torn = stream.damage or "torn: the file ends within the object"
                reason = torn if last and str(error) == "not JSON" else str(error)
                report.reject(f"line {line}, byte {offset}", reason)
                first = first or f" (line {line}: {reason})"
            if batcher.full:
                rows += batcher.rows
                yield batcher.take()
        if stream.damage and stream.damage not in first:
            report.reject("end of the file", stream.damage)
    rows += batcher.rows
    if batcher.rows:
        yield batcher.take()
    if not rows:
        raise ReadError(
            f"{source.path} has no JSON object{first}", hint="the file may be truncated; copy it again"
        )


def _objects(file: Readable) -> Iterator[tuple[int, int, bytes, bool]]:
    """Yield (line, offset, text, whether it is the last) of each object."""
    line, offset, rest = 1, 0, b""
    while True:
        data = file.read(1024 * 1024)
        rest += data
        parts = _NEXT_OBJECT.split(rest)
        *whole, rest = [*parts, b""] if not data or len(rest) > DOCUMENT_LIMIT else parts
        for number, part in enumerate(whole):
            if part.strip():
                yield line, offset, part, not data and number == len(whole) - 1
            line += part.count(b"\n") + 1
            offset += len(part) + 1
        if not data:
            return


READER = Reader("JSON document", (".json",), sniff, read)
