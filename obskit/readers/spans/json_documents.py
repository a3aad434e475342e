"""Spans in JSON documents: one document per file or per line, parsed piece by piece.

A piece is a run of whole spans or traces, so a document of hundreds of megabytes is never in memory as Python
objects. Each piece first goes to the format's columnar parser, which takes all of it or nothing. If it takes
nothing, orjson parses the piece and the row-wise parser goes span by span. A document that is not JSON is
split where spans begin, so that the spans before and after the damage are kept.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from obskit.errors import LimitExceeded, ReadError
from obskit.readers.batches.row_batcher import BATCH_TYPES, DEPTH_LIMIT, RowBatcher
from obskit.readers.io.line_blocks import LineBlocks
from obskit.readers.io.source import Readable, Source
from obskit.readers.jsonl.reader import BadLine, parse_line
from obskit.readers.sniffing import UTF8_BOM
from obskit.readers.spans.concatenated import LINE_START, Positions, find_objects
from obskit.schema import NAMED, FileReport

DOCUMENT_LIMIT = 256 * 1024 * 1024
"""Bytes that one document can have; it is in memory as a whole."""

PIECE = 4 * 1024 * 1024
FIRST_PIECE = 128 * 1024
"""Bytes of the first piece for a format whose columnar parser needs the tags of earlier spans."""

COLUMNAR_MINIMUM = 8 * 1024
"""Bytes below which setting up the columnar parser costs more than it saves."""

_DECODER = json.JSONDecoder()
_LISTS = re.compile(rb"^\]\s*^\[\s*\{", re.MULTILINE)
"""Where a list ends, and the next one begins."""

_IN_LIST = re.compile(r"(?<=^\[\n {4})\{|(?<=^\[\n {2})\{", re.MULTILINE)


@dataclass(frozen=True)
class CutPoints:
    """Where a document can be cut into pieces.

    Attributes:
        begin: the offset of its first span or trace.
        boundary: matches between two of them; its first group ends where the earlier one ends.
        opening, closing: the bytes that make a document of a piece.
    """

    begin: int
    boundary: re.Pattern[bytes]
    opening: bytes
    closing: bytes


class SpanFormat:
    """The parsers of one format, and their state for one file.

    Args:
        report: counts the records that cannot be read.

    Attributes:
        name: the format, for error messages.
        piece_size: bytes of the next piece.
        types: columns whose Arrow type is fixed.
        end_to_end: whether pretty-printed documents may follow each other, with other text between.
        records: records seen in the file so far, good or bad.
        rows_given: rows in the batches so far.
        rejections: how often something was rejected.
        first_rejection: why the first of it was, and where.
    """

    name = "JSON"
    piece_size = PIECE
    types: Mapping[str, pa.DataType] = BATCH_TYPES
    end_to_end = False

    def __init__(self, report: FileReport) -> None:
        self.records = 0
        self.rows_given = 0
        self.rejections = 0
        self.first_rejection: str | None = None
        self.report = report
        self._batcher = RowBatcher(dict(NAMED), self.types)

    def cut_points(self, data: bytes) -> CutPoints | None:  # noqa: ARG002
        """Return where a document can be cut, or None if it has to stay whole."""
        return None

    def parse_columns(self, data: bytes) -> list[pa.RecordBatch] | None:  # noqa: ARG002
        """Return all spans of a document, or of lines of spans; None if they need the row-wise parser."""
        return None

    def parse_rows(self, document: Any, where: str) -> Iterator[dict[str, Any]]:
        """Yield the spans of a document as flat rows; anything else is rejected."""
        raise NotImplementedError

    def finish(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the final form of a batch from either parser."""
        return batch

    def reject(self, where: str, reason: str) -> None:
        """Count and report a rejection."""
        self.rejections += 1
        if self.first_rejection is None:
            self.first_rejection = f"{reason} ({where})" if where else reason
        self.report.reject(where, reason)

    def next_position(self, where: str, what: str = "span") -> str:
        """Count the next record and return its position."""
        self.records += 1
        return f"{where}, {what} {self.records}" if where else f"{what} {self.records}"

    def read_rows(self, document: Any, where: str) -> Iterator[pa.RecordBatch]:
        """Parse a document row by row, and yield the batches that are full."""
        for row in self.parse_rows(document, where):
            self._batcher.add(row)
            if self._batcher.full:
                yield from self.flush()

    def flush(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows that are in no batch yet."""
        if self._batcher.rows:
            batch = self.finish(self._batcher.take())
            self.rows_given += batch.num_rows
            yield batch

    def read_columns(self, data: bytes) -> Iterator[pa.RecordBatch] | None:
        """Return the batches of a document by the columnar parser, or None if it does not take it."""
        batches = self.parse_columns(data) if len(data) >= COLUMNAR_MINIMUM and _utf8(data) else None
        return None if batches is None else self._finish_all(batches)

    def _finish_all(self, batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from self.flush()  # keep the file's order
        for batch in batches:
            self.records += batch.num_rows
            self.rows_given += batch.num_rows
            yield self.finish(batch)


def read_documents(source: Source, spans: SpanFormat) -> Iterator[pa.RecordBatch]:
    """Read the spans of a file.

    Args:
        source: the file.
        spans: the file's format, with no state yet.

    Yields:
        Batches in the file's order.

    Raises:
        ReadError: no span can be read.
        LimitExceeded: a document has more than `DOCUMENT_LIMIT` bytes, or there are too many field names.
    """
    if spans.end_to_end and _may_be_several(source, spans):
        yield from _end_to_end(source, spans)
    else:
        yield from _lines(source, spans) if has_document_per_line(source) else _whole(source, spans)
    yield from spans.flush()
    if not spans.rows_given and spans.first_rejection is not None:
        raise ReadError(
            f"{source.path} looks like {spans.name}, but no record in it can be read: "
            f"{spans.first_rejection}",
            hint="export the file again; it may be truncated or from another tool",
        )


def has_document_per_line(source: Source) -> bool:
    """Whether each line of a file is a document, rather than the whole file."""
    head = source.head.removeprefix(UTF8_BOM)
    if head.lstrip()[:1] not in (b"{", b"["):  # a banner or a torn line comes first
        return any(line[:1] == b"{" and parses(line) for line in head.split(b"\n", 50)[1:50])
    lines = [line.strip() for line in head.split(b"\n") if line.strip()]
    if len(lines) < 2:
        return not source.whole  # the first line is longer than the head; others may follow
    if parses(lines[0]):
        return True
    return lines[0][:1] == b"{" and len(lines[0]) > 1 and lines[1][:1] == b"{" and parses(lines[1])


def _may_be_several(source: Source, spans: SpanFormat) -> bool:
    """Whether a file may have several documents over several lines, or other text before the first one."""
    head = source.head.removeprefix(UTF8_BOM)
    lines = [line.strip() for line in head.split(b"\n") if line.strip()]
    first = next((line for line in lines if line[:1] in (b"{", b"[")), b"")
    if not first or parses(first):
        return False  # a line per document; `_lines` rejects the others
    if _LISTS.search(head):
        return True
    if lines[0] is first and (first[:1] == b"[" or len(lines) == 1 or spans.cut_points(head) is not None):
        return False  # one document, over several lines or longer than the head
    return len(first) < len(head) // 2 or source.whole


def parses(line: bytes) -> bool:
    """Whether bytes are a JSON object or list."""
    try:
        return type(orjson.loads(line)) in (dict, list)
    except orjson.JSONDecodeError:
        return False


def _lines(source: Source, spans: SpanFormat) -> Iterator[pa.RecordBatch]:
    with source.stream() as stream:
        rejections = spans.rejections
        blocks = LineBlocks(stream, spans.report, size=spans.piece_size, limit=DOCUMENT_LIMIT)
        for block in blocks:
            blocks.size = PIECE
            several = len(block.data) <= 2 * PIECE  # otherwise it is one line, which is cut below
            batches = spans.read_columns(block.data) if several and block.data[:1] == b"{" else None
            if batches is not None:
                yield from batches
                continue
            offset, number = block.offset, block.line
            # A line that is the whole block is not copied.
            for line in block.data.split(b"\n") if b"\n" in block.data else (block.data,):
                last = block.torn and offset + len(line) == block.offset + len(block.data)
                if line.strip():
                    torn = (stream.damage or "torn: the file ends within the line") if last else None
                    rejections = spans.rejections
                    yield from _document(line, spans, f"line {number}, byte {offset}", torn)
                number += 1
                offset += len(line) + 1
            yield from spans.flush()  # rows can be large, so keep no more of them than one block has
        if stream.damage and spans.rejections == rejections:  # otherwise the last line reported it
            spans.reject("end of the file", stream.damage)


def _end_to_end(source: Source, spans: SpanFormat) -> Iterator[pa.RecordBatch]:
    """Read documents that each begin with `{` at the start of a line, or right after another one."""
    in_lists = _LISTS.search(source.head) is not None
    with source.stream() as stream:
        rest, offset, line = b"", 0, 1
        for block in LineBlocks(stream, spans.report, size=PIECE, limit=DOCUMENT_LIMIT):
            if not rest:
                offset, line = block.offset, block.line
            data = rest + block.data
            cut = data.rfind(b"\n[\n" if in_lists else b"\n{") + 1
            if not cut and len(data) <= DOCUMENT_LIMIT:
                rest = data
                continue
            cut = cut or len(data)
            yield from _objects(data[:cut], spans, Positions(data[:cut], line, offset), "not JSON")
            yield from spans.flush()
            rest, line, offset = data[cut:], line + data.count(b"\n", 0, cut), offset + cut
        rejections = spans.rejections
        torn = stream.damage or "torn: the file ends within a document"
        yield from _objects(rest, spans, Positions(rest, line, offset), torn)
        if stream.damage and spans.rejections == rejections:
            spans.reject("end of the file", stream.damage)


def _objects(data: bytes, spans: SpanFormat, positions: Positions, torn: str) -> Iterator[pa.RecordBatch]:
    """Yield the spans of the documents in a text; other lines are rejected, also a document that is torn."""
    for piece in find_objects(data, _IN_LIST if data[:1] == b"[" else LINE_START):
        text = data[piece.begin : piece.end]
        if piece.torn:
            spans.reject(positions.of(piece.begin), torn)
        elif not piece.is_object:
            at = piece.begin
            for line in text.split(b"\n"):
                if line.strip() not in (b"", b"[", b"]"):
                    spans.reject(positions.of(at), "not JSON")
                at += len(line) + 1
        else:
            where = positions.of(piece.begin)
            try:
                document = parse_line(text)
            except BadLine as bad:
                spans.reject(where, str(bad))
                continue
            yield from spans.read_rows(document, where)


def _whole(source: Source, spans: SpanFormat) -> Iterator[pa.RecordBatch]:
    with source.stream() as stream:
        data = Readable(stream).read(DOCUMENT_LIMIT + 1)
        if len(data) > DOCUMENT_LIMIT:
            records = ".[]" if data[:64].lstrip().startswith(b"[") else ".data[]? // ."
            raise LimitExceeded(
                f"a JSON document is larger than {DOCUMENT_LIMIT // 1024**2} MiB",
                hint=f"write one record per line: jq -c '{records}' FILE",
            )
        rejections = spans.rejections
        yield from _document(data.removeprefix(UTF8_BOM), spans, "", stream.damage)
        if stream.damage and spans.rejections == rejections:
            spans.reject("end of the file", stream.damage)


def _document(data: bytes, spans: SpanFormat, where: str, torn: str | None) -> Iterator[pa.RecordBatch]:
    """Yield the spans of a document, piece by piece.

    Args:
        data: the document.
        spans: its format.
        where: its position in the file; empty for a document that is the file.
        torn: why the document may end early, if it may.
    """
    cuts = spans.cut_points(data)
    begin, opening, closing = (cuts.begin, cuts.opening, cuts.closing) if cuts else (0, b"", b"")
    while begin < len(data):
        cut = cuts.boundary.search(data, begin + spans.piece_size) if cuts else None
        end = cut.end(1) if cut else len(data)
        piece = b"".join((opening, memoryview(data)[begin:end], closing if cut else b""))
        batches = spans.read_columns(piece)
        if batches is None:
            try:
                document = orjson.loads(piece)
            except orjson.JSONDecodeError as error:
                yield from _salvage(data, begin, cuts, error, spans, where, torn)
                return
            batches = spans.read_rows(document, where)
        yield from batches
        if cuts is not None:
            yield from spans.flush()
        spans.piece_size = PIECE
        begin = cut.end() if cut else len(data)


def _salvage(
    data: bytes,
    begin: int,
    cuts: CutPoints | None,
    error: orjson.JSONDecodeError,
    spans: SpanFormat,
    where: str,
    torn: str | None,
) -> Iterator[pa.RecordBatch]:
    """Yield the spans that are intact in a document from a piece that is not JSON on."""
    if cuts is None:
        spans.reject(where or f"line {error.lineno}, column {error.colno}", _reason(data, error, torn))
        return
    rest = cuts.opening + data[begin:]
    try:
        document = orjson.loads(rest)
    except orjson.JSONDecodeError as rest_error:
        error = rest_error
    else:  # the cut was in the middle of a span
        yield from spans.read_rows(document, where)
        return
    if spans.first_rejection is None:  # the error if no span is intact
        position = where or f"line {error.lineno}, column {error.colno}"
        spans.first_rejection = f"{_reason(rest, error, torn)} ({position})"
    edges = [begin, *(cut.end() for cut in cuts.boundary.finditer(data, begin)), len(data)]
    for start, stop in itertools.pairwise(edges):
        text, position = data[start:stop], f"{where}, at byte {start}" if where else f"byte {start}"
        last = stop == len(data)
        span, complete = _last_span(text) if last else (text.rstrip().removesuffix(b",").rstrip(), True)
        try:
            document = parse_line(span)
        except BadLine as bad:
            spans.reject(position, torn if last and torn and str(bad) == "not JSON" else str(bad))
            continue
        yield from spans.read_rows(document, where)
        if not complete:
            spans.reject(position, f"{torn or 'not JSON'}, after a complete span")


def _last_span(text: bytes) -> tuple[bytes, bool]:
    """Return a document's last span, and whether the text after it closes the document."""
    try:
        _, end = _DECODER.raw_decode(text.decode())
    except (ValueError, RecursionError):
        return text, False
    span, after = text.decode()[:end], text.decode()[end:].strip()
    return span.encode(), _closes(after)


def _closes(text: str) -> bool:
    return text.startswith("]") and (not text[1:].strip() or text[1:].strip()[0] in ",}")


def _reason(data: bytes, error: orjson.JSONDecodeError, torn: str | None) -> str:
    """Return why bytes are not JSON, in words that are the same at every position."""
    if "depth" in str(error) or "recursion" in str(error):
        return f"nested deeper than {DEPTH_LIMIT} levels"
    return torn or ("not JSON" if _utf8(data) else "not UTF-8")


def _utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
