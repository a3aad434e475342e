"""Spans in JSON documents: one document a file or one a line, cut into pieces, read in two ways.

A piece is a stretch of whole spans (or traces) of a document, so that one of hundreds of megabytes is never
in memory as Python objects. Each piece is first given to the format's fast way, which takes it whole or not
at all; otherwise orjson parses it and the tolerant way goes span by span. A document that is no JSON is
taken apart where spans begin, so that those before and after the damage are kept.
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
from obskit.schema import NAMED, FileReport

DOCUMENT_LIMIT = 256 * 1024 * 1024
"""Bytes that one document may have; it is held in memory whole."""

PIECE = 4 * 1024 * 1024
FIRST = 128 * 1024
"""Bytes of the first piece of a format that has to learn before its fast way can be gone."""

SMALL = 8 * 1024
"""Bytes below which the fast way is not worth its set-up."""

_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Frame:
    """How a document is cut.

    Attributes:
        begin: where its first span or trace begins.
        boundary: what stands between two of them; its first group is the end of the former.
        opening, closing: what makes a document of the stretch between two cuts.
    """

    begin: int
    boundary: re.Pattern[bytes]
    opening: bytes
    closing: bytes


class Spans:
    """What a format knows about its documents; one object a file, for it learns on the way.

    Attributes:
        name: the format in words.
        size: of the next piece, in bytes.
        number: records seen in the file so far, good or bad; `given` of them were given out.
        left_out: what was counted as rejected.
        first: why the first thing that was left out was.
    """

    name = "JSON"
    size = PIECE
    types: Mapping[str, pa.DataType] = BATCH_TYPES

    def __init__(self, report: FileReport) -> None:
        self.number = 0
        self.given = 0
        self.left_out = 0
        self.first: str | None = None
        self.report = report
        self._batcher = RowBatcher(dict(NAMED), self.types)

    def frame(self, data: bytes) -> Frame | None:  # noqa: ARG002
        """Say how a document can be cut; None where it is to stay whole."""
        return None

    def fast(self, data: bytes) -> list[pa.RecordBatch] | None:  # noqa: ARG002
        """Return all spans of a document or of lines of spans; None where the other way is to go."""
        return None

    def rows(self, document: Any, where: str) -> Iterator[dict[str, Any]]:
        """Give the spans of a document as flat rows; what is none is rejected."""
        raise NotImplementedError

    def finished(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch of `rows` or of `fast` as it is given out."""
        return batch

    def reject(self, where: str, why: str) -> None:
        """Count one thing that was left out."""
        self.left_out += 1
        if self.first is None:
            self.first = f"{why} ({where})" if where else why
        self.report.reject(where, why)

    def place(self, where: str, what: str = "span") -> str:
        """Return the position of the record that comes next, which is counted by it."""
        self.number += 1
        return f"{where}, {what} {self.number}" if where else f"{what} {self.number}"

    def take(self, document: Any, where: str) -> Iterator[pa.RecordBatch]:
        """Take in a parsed document, the tolerant way."""
        for row in self.rows(document, where):
            self._batcher.add(row)
            if self._batcher.full:
                yield from self.rest()

    def rest(self) -> Iterator[pa.RecordBatch]:
        """Give the rows that no batch had yet."""
        if self._batcher.rows:
            batch = self.finished(self._batcher.take())
            self.given += batch.num_rows
            yield batch

    def whole(self, data: bytes) -> Iterator[pa.RecordBatch] | None:
        """Take in a document the fast way, if that can be."""
        batches = self.fast(data) if len(data) >= SMALL and _utf8(data) else None
        if batches is None:
            return None
        return self._give(batches)

    def _give(self, batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from self.rest()  # in the file's order
        for batch in batches:
            self.number += batch.num_rows
            self.given += batch.num_rows
            yield self.finished(batch)


def read_documents(source: Source, spans: Spans) -> Iterator[pa.RecordBatch]:
    """Give the spans of a file.

    Raises:
        ReadError: not one span can be read.
        LimitExceeded: one document of more than `DOCUMENT_LIMIT` bytes, or too many field names.
    """
    yield from _lines(source, spans) if by_line(source) else _whole(source, spans)
    yield from spans.rest()
    if not spans.given and spans.first is not None:
        raise ReadError(
            f"{source.path} begins as {spans.name} but cannot be read: {spans.first}",
            hint="was it written to its end, and by the tool whose format it has?",
        )


def by_line(source: Source) -> bool:
    """Whether a file has a document a line, rather than one that may run over many lines."""
    lines = [line.strip() for line in source.head.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    if len(lines) < 2:
        return not source.whole  # a line longer than the head: others may follow
    if parses(lines[0]):
        return True
    return lines[0][:1] == b"{" and len(lines[0]) > 1 and lines[1][:1] == b"{" and parses(lines[1])


def parses(line: bytes) -> bool:
    """Whether bytes are a JSON object or list."""
    try:
        return type(orjson.loads(line)) in (dict, list)
    except orjson.JSONDecodeError:
        return False


def _lines(source: Source, spans: Spans) -> Iterator[pa.RecordBatch]:
    with source.stream() as stream:
        left_out = spans.left_out
        blocks = LineBlocks(stream, spans.report, size=spans.size, limit=DOCUMENT_LIMIT)
        for block in blocks:
            blocks.size = PIECE
            many = len(block.data) <= 2 * PIECE  # else it is one line, which is cut below
            batches = spans.whole(block.data) if many and block.data[:1] == b"{" else None
            if batches is not None:
                yield from batches
                continue
            offset, number = block.offset, block.line
            # One line that is a whole document is not copied.
            for line in block.data.split(b"\n") if b"\n" in block.data else (block.data,):
                last = block.torn and offset + len(line) == block.offset + len(block.data)
                if line.strip():
                    why = stream.damage if last else None
                    torn = (why or "torn: the file ends within the line") if last else None
                    left_out = spans.left_out
                    yield from _document(line, spans, f"line {number}, byte {offset}", torn)
                number += 1
                offset += len(line) + 1
            yield from spans.rest()  # rows may be large: no more of them are held than of bytes
        if stream.damage and spans.left_out == left_out:  # else it was said of the last line
            spans.reject("end of the file", stream.damage)


def _whole(source: Source, spans: Spans) -> Iterator[pa.RecordBatch]:
    with source.stream() as stream:
        data = Readable(stream).read(DOCUMENT_LIMIT + 1)
        if len(data) > DOCUMENT_LIMIT:
            raise LimitExceeded(
                f"one document of more than {DOCUMENT_LIMIT // 1024**2} MiB",
                hint="write one document a line: jq -c . FILE",
            )
        left_out = spans.left_out
        yield from _document(data.removeprefix(b"\xef\xbb\xbf"), spans, "", stream.damage)
        if stream.damage and spans.left_out == left_out:
            spans.reject("end of the file", stream.damage)


def _document(data: bytes, spans: Spans, where: str, torn: str | None) -> Iterator[pa.RecordBatch]:
    """Give a document's spans, piece by piece; `torn` is why it may end early."""
    frame = spans.frame(data)
    begin, opening, closing = (frame.begin, frame.opening, frame.closing) if frame else (0, b"", b"")
    while begin < len(data):
        cut = frame.boundary.search(data, begin + spans.size) if frame else None
        end = cut.end(1) if cut else len(data)
        piece = b"".join((opening, memoryview(data)[begin:end], closing if cut else b""))
        batches = spans.whole(piece)
        if batches is None:
            try:
                document = orjson.loads(piece)
            except orjson.JSONDecodeError as error:
                yield from _unparsed(data, begin, frame, error, spans, where, torn)
                return
            batches = spans.take(document, where)
        yield from batches
        if frame is not None:
            yield from spans.rest()
        spans.size = PIECE
        begin = cut.end() if cut else len(data)


def _unparsed(
    data: bytes,
    begin: int,
    frame: Frame | None,
    error: orjson.JSONDecodeError,
    spans: Spans,
    where: str,
    torn: str | None,
) -> Iterator[pa.RecordBatch]:
    """Give what can be had of a document from where a piece of it was no JSON."""
    if frame is None:
        spans.reject(where or f"line {error.lineno}, column {error.colno}", _why(data, error, torn))
        return
    rest = frame.opening + data[begin:]
    try:
        document = orjson.loads(rest)
    except orjson.JSONDecodeError as now:
        error = now
    else:  # it was cut where nothing begins
        yield from spans.take(document, where)
        return
    if spans.first is None:  # if nothing is to be had, this is why
        at = where or f"line {error.lineno}, column {error.colno}"
        spans.first = f"{_why(rest, error, torn)} ({at})"
    cuts = [begin, *(cut.end() for cut in frame.boundary.finditer(data, begin)), len(data)]
    for start, stop in itertools.pairwise(cuts):
        text, place = data[start:stop], f"{where}, at byte {start}" if where else f"byte {start}"
        last = stop == len(data)
        end, whole = _end(text) if last else (text.rstrip().removesuffix(b",").rstrip(), True)
        try:
            document = parse_line(end)
        except BadLine as bad:
            spans.reject(place, torn if last and torn and str(bad) == "not JSON" else str(bad))
            continue
        yield from spans.take(document, where)
        if not whole:
            spans.reject(place, f"{torn or 'not JSON'}, after a whole one")


def _end(text: bytes) -> tuple[bytes, bool]:
    """Return a document's last span, and whether what follows it closes the document."""
    try:
        _, end = _DECODER.raw_decode(text.decode())
    except (ValueError, RecursionError):
        return text, False
    span, after = text.decode()[:end], text.decode()[end:].strip()
    return span.encode(), _closes(after)


def _closes(text: str) -> bool:
    return text.startswith("]") and (not text[1:].strip() or text[1:].strip()[0] in ",}")


def _why(data: bytes, error: orjson.JSONDecodeError, torn: str | None) -> str:
    """Return why bytes are no JSON, in words that do not differ from place to place."""
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
