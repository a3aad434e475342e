"""OTLP as JSON: export requests of spans and logs, one per file or one per line.

Follows the protocol: ids are hex of any case, 64-bit integers are numbers or text, enums are numbers or
names, unknown fields are ignored. Names are lowerCamelCase; snake_case is accepted too.

    {"traceId": "5B8E...", "kind": 2, "startTimeUnixNano": "1544712660000000000"}
    {"trace_id": "5b8e...", "kind": "SPAN_KIND_SERVER", "start_time_unix_nano": 1544712660000000000}

Both are the same span. Requests may be wrapped (`wraps`), be lines of a log, or follow each other without a
line break. Metrics and profiles are not events; each kind is one rejection per file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import orjson
import pyarrow as pa

from obskit.errors import LimitExceeded, ReadError
from obskit.readers.batches.row_batcher import BATCH_TYPES, RowBatcher
from obskit.readers.io.line_blocks import LineBlocks
from obskit.readers.io.source import Readable, Source, Stream
from obskit.readers.otlp import wraps
from obskit.readers.otlp.json_columnar import ColumnarParser
from obskit.readers.otlp.rowwise import is_request, others, rows_of
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import OTLP_REQUEST, UTF8_BOM, json_start
from obskit.readers.spans.concatenated import Positions
from obskit.readers.spans.json_documents import parses
from obskit.readers.spans.oddities import Oddities
from obskit.schema import NAMED, FileReport, ReadOptions

REQUEST_LIMIT = 256 * 1024 * 1024
"""Bytes that one request may have; a request is held in memory as a whole."""

BLOCK = 4 * 1024 * 1024
_LONGEST_KEY = 64
"""Bytes of the longest text by which the beginning of a request is recognized."""


def sniff(head: bytes) -> Match:
    """Return whether the bytes are JSON with a key of an OTLP request, or text with such lines."""
    text = json_start(head)
    if text[:1] == b"{" and OTLP_REQUEST.search(text):
        return Match.CERTAIN
    if b"esource" not in head:
        return Match.NO
    if text and wraps.begins_with_wrap(text):
        return Match.DIALECT
    if text and OTLP_REQUEST.search(text):
        return Match.CERTAIN
    if wraps.has_request_behind_text(head):
        return Match.CERTAIN
    return Match.DIALECT if wraps.has_request_on_a_line(head) else Match.NO


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the spans and log records of a file as batches.

    Args:
        source: the file.
        report: receives the rejections.
        _options: not used.
    Yields:
        Batches with names as found.
    Raises:
        ReadError: the file has no request that is valid JSON.
        LimitExceeded: a request of more than `REQUEST_LIMIT` bytes, or more than `MAX_FIELDS` field names.
    """
    rows = RequestRows(report)
    yield from _lines(source, report, rows) if _by_line(source) else _whole(source, report, rows)
    rows.finish()


class RequestRows:
    """Turns parsed requests into batches, and rejects what is not an event.

    Args:
        report: receives the rejections.

    Attributes:
        columnar: parser for whole blocks.
        parsed: JSON documents or blocks of them so far.
        rejected: texts that are not JSON so far.
        first: why the first of these was rejected, and where.
    """

    def __init__(self, report: FileReport) -> None:
        self._report = report
        self._batcher = RowBatcher(dict(NAMED), BATCH_TYPES)
        self._others: dict[str, str] = {}
        self._odd = Oddities()
        self.parsed = self.rejected = 0
        self.first = ""
        self.columnar = ColumnarParser(report, self._odd)

    def request(self, request: Any, position: str) -> Iterator[pa.RecordBatch]:
        """Add the records of a request.

        Args:
            request: a parsed request, a list of requests, or what other programs wrap around them.
            position: where it is in the file, for rejections; "" if it is the whole file.
        Yields:
            Batches that are full; `rest` yields the last one.
        """
        self.parsed += 1
        for item in wraps.requests_in(request):
            if not is_request(item):
                self._report.reject(position, "not an OTLP request")
                continue
            for row in rows_of(item, self._report, position, self._odd):
                self._batcher.add(row)
                if self._batcher.full:
                    yield self._batcher.take()
            for why in others(item):
                self._others.setdefault(why, position)

    def embedded(self, data: bytes, place: Callable[[int], str], why: str) -> Iterator[pa.RecordBatch]:
        """Add the requests in a text that is not JSON as a whole; the other text in it is rejected.

        Args:
            data: the text.
            place: returns the position of an offset in the text, for rejections.
            why: the text is rejected if there is no request in it, or its last part if it breaks off.
        Yields:
            Batches that are full; `rest` yields the last one.
        """
        end = len(data.rstrip())
        for offset, text, is_json in wraps.objects_in(data):
            if is_json:
                try:
                    request = orjson.loads(text)
                except orjson.JSONDecodeError as error:
                    self._reject(place(offset), reason_of(text, error))
                else:
                    yield from self.request(request, place(offset))
            else:
                self._reject(place(offset), why if offset + len(text.rstrip()) >= end else "not JSON")

    def _reject(self, position: str, why: str) -> None:
        self._report.reject(position, why)
        self.rejected += 1
        self.first = self.first or (f"{why} ({position})" if position else why)

    def rest(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows that are not in a batch yet."""
        if self._batcher.rows:
            yield self._batcher.take()

    def finish(self) -> None:
        """Reject metrics and profiles, each once per file, and note odd spans."""
        self._odd.note(self._report)
        for why, position in self._others.items():
            self._report.reject(position, why)


def _by_line(source: Source) -> bool:
    """Whether the file has one request per line, rather than one request that may span many lines."""
    lines = [line.strip() for line in source.head.removeprefix(UTF8_BOM).split(b"\n") if line.strip()]
    if len(lines) < 2:
        return not source.whole  # the first line is longer than the head, and others may follow
    # The second line may be longer than the head. If it starts like a request, it is not part of the first.
    begins = all(line[:1] == b"{" for line in lines[:2]) and lines[0] != b"{"
    if parses(lines[0]) or (begins and OTLP_REQUEST.match(lines[1][1:].lstrip()) is not None):
        return True
    # Other text may come first, and before the requests on their lines. The first request decides.
    return next((one for line in lines if (one := _is_whole_request(line)) is not None), False)


def _is_whole_request(line: bytes) -> bool | None:
    """Whether a request on a line ends there; None if there is none on it."""
    if line[:1] in (b"{", b"[") and len(line) < 3:
        return False  # the beginning of JSON over several lines
    found = [is_json for _, _, is_json in wraps.objects_in(line)]
    if any(found):
        return True
    return False if wraps.OBJECT_START.search(line.decode("latin-1")) else None


def _same(position: str, _offset: int) -> str:
    return position


class _BrokenLines:
    """A stream in which requests that follow each other have line breaks between them."""

    def __init__(self, stream: Stream) -> None:
        self.damage: str | None = None
        self._stream = stream
        self._rest = b""

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._stream.position()

    def piece(self) -> bytes:
        """Return the next bytes; empty at the end."""
        data = self._stream.piece()
        self.damage = self._stream.damage
        if not data:
            data, self._rest = self._rest, b""
            return data
        data = wraps.break_lines(self._rest + data)
        # A place to break that is at the end may be recognized only with the bytes after it.
        cut = max(len(data) - _LONGEST_KEY, 0)
        data, self._rest = data[:cut], data[cut:]
        return data or self.piece()


def _lines(source: Source, report: FileReport, rows: RequestRows) -> Iterator[pa.RecordBatch]:
    with source.stream() as stream:
        broken = wraps.joins_requests(source.head)
        damage_reported = False
        blocks = LineBlocks(
            _BrokenLines(stream) if broken else stream, report, size=BLOCK, limit=REQUEST_LIMIT
        )
        wrapped = False
        for block in blocks:
            batches = rows.columnar.batches(block.data) if not wrapped else None
            if batches is None and (lines := wraps.bare_lines(block.data)) is not None:
                batches = rows.columnar.batches(lines)
                wrapped = batches is not None
            if batches is not None:
                yield from batches
                rows.parsed += 1
                continue
            offset, number = block.offset, block.line
            for line in block.data.split(b"\n"):
                last = block.torn and offset + len(line) == block.offset + len(block.data)
                if line.strip():
                    position = f"request {number}" if broken else f"line {number}, byte {offset}"
                    try:
                        request = orjson.loads(line)
                    except orjson.JSONDecodeError as error:
                        why = reason_of(line, error)
                        if last:
                            why = stream.damage or "torn: the file ends within the line"
                        rejected = rows.rejected
                        yield from rows.embedded(line, partial(_same, position), why)
                        damage_reported = damage_reported or (last and rows.rejected > rejected)
                    else:
                        yield from rows.request(request, position)
                number += 1
                offset += len(line) + 1
            yield from rows.rest()
        if stream.damage and not damage_reported:
            report.reject("end of the file", stream.damage)
        if rows.first and not rows.parsed:
            raise _read_error(source, rows.first)


def _read_error(source: Source, why: str) -> ReadError:
    return ReadError(
        f"{source.path} looks like OTLP JSON but cannot be read: {why}",
        hint="the file may be truncated; export it again",
    )


def _whole(source: Source, report: FileReport, rows: RequestRows) -> Iterator[pa.RecordBatch]:
    with source.stream() as stream:
        data = Readable(stream).read(REQUEST_LIMIT + 1)
        if len(data) > REQUEST_LIMIT:
            raise LimitExceeded(
                f"a request of more than {REQUEST_LIMIT // 1024**2} MiB", hint="write one request per line"
            )
        data = data.removeprefix(UTF8_BOM)
        batches = rows.columnar.batches(wraps.plain(data), one=True)
        if batches is not None:
            yield from batches
            return
        try:
            request = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            why = stream.damage or reason_of(data, error)
            yield from rows.embedded(data, Positions(data).of, why)
            if not rows.parsed:
                raise _read_error(source, f"{why} (line {error.lineno}, column {error.colno})") from error
            if stream.damage and not rows.rejected:
                report.reject("end of the file", stream.damage)
        else:
            yield from rows.request(request, "")
    yield from rows.rest()


def reason_of(data: bytes, error: orjson.JSONDecodeError) -> str:
    """Return why a line is not JSON, as a reason that is the same for all such lines."""
    if "depth" in str(error) or "recursion" in str(error):
        return "nested too deeply"
    try:
        data.decode()
    except UnicodeDecodeError:
        return "not UTF-8"
    return "not JSON"


READER = Reader("OTLP JSON", (".json", ".jsonl", ".otlp"), sniff, read, lines="json")
