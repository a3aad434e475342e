"""OTLP as JSON: export requests of spans and logs, one per file or one per line.

Follows the protocol: ids are hex of any case, 64-bit integers are numbers or text, enums are numbers or
names, unknown fields are ignored. Names are lowerCamelCase; snake_case is accepted too.

    {"traceId": "5B8E...", "kind": 2, "startTimeUnixNano": "1544712660000000000"}
    {"trace_id": "5b8e...", "kind": "SPAN_KIND_SERVER", "start_time_unix_nano": 1544712660000000000}

Both are the same span. Metrics and profiles are not events; each kind is one rejection per file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from obskit.errors import LimitExceeded, ReadError
from obskit.readers.batches.row_batcher import BATCH_TYPES, RowBatcher
from obskit.readers.io.line_blocks import LineBlocks
from obskit.readers.io.source import Readable, Source
from obskit.readers.otlp.json_columnar import ColumnarParser
from obskit.readers.otlp.rowwise import is_request, others, rows_of
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import OTLP_REQUEST, UTF8_BOM, json_start
from obskit.readers.spans.json_documents import parses
from obskit.schema import NAMED, FileReport, ReadOptions

REQUEST_LIMIT = 256 * 1024 * 1024
"""Bytes that one request may have; a request is held in memory as a whole."""

BLOCK = 4 * 1024 * 1024


def sniff(head: bytes) -> Match:
    """Return whether the bytes are JSON with a key of an OTLP request."""
    return Match.CERTAIN if OTLP_REQUEST.search(json_start(head)) else Match.NO


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
    yield from _lines(source, report, rows) if _by_line(source) else _whole(source, rows)
    rows.reject_others()


class RequestRows:
    """Turns parsed requests into batches, and rejects what is not an event.

    Args:
        report: receives the rejections.

    Attributes:
        columnar: parser for whole blocks.
    """

    def __init__(self, report: FileReport) -> None:
        self._report = report
        self._batcher = RowBatcher(dict(NAMED), BATCH_TYPES)
        self._others: dict[str, str] = {}
        self.columnar = ColumnarParser(report)

    def request(self, request: Any, position: str) -> Iterator[pa.RecordBatch]:
        """Add the records of a request.

        Args:
            request: a parsed request, or a list of requests.
            position: where it is in the file, for rejections; "" if it is the whole file.
        Yields:
            Batches that are full; `rest` yields the last one.
        """
        requests = request if type(request) is list else [request]
        for item in requests:
            if not is_request(item):
                self._report.reject(position, "not an OTLP request")
                continue
            for row in rows_of(item, self._report, position):
                self._batcher.add(row)
                if self._batcher.full:
                    yield self._batcher.take()
            for why in others(item):
                self._others.setdefault(why, position)

    def rest(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows that are not in a batch yet."""
        if self._batcher.rows:
            yield self._batcher.take()

    def reject_others(self) -> None:
        """Reject metrics and profiles, each once per file."""
        for why, position in self._others.items():
            self._report.reject(position, why)


def _by_line(source: Source) -> bool:
    """Whether the file has one request per line, rather than one request that may span many lines."""
    lines = [line.strip() for line in source.head.split(b"\n") if line.strip()]
    if len(lines) < 2:
        return not source.whole  # the first line is longer than the head, and others may follow
    # The second line may be longer than the head. If it starts like a request, it is not part of the first.
    begins = all(line[:1] == b"{" for line in lines[:2]) and lines[0] != b"{"
    return parses(lines[0]) or (begins and OTLP_REQUEST.match(lines[1][1:].lstrip()) is not None)


def _lines(source: Source, report: FileReport, rows: RequestRows) -> Iterator[pa.RecordBatch]:
    with source.stream() as stream:
        damage_reported, first, good = False, "", 0
        for block in LineBlocks(stream, report, size=BLOCK, limit=REQUEST_LIMIT):
            batches = rows.columnar.batches(block.data)
            if batches is not None:
                yield from batches
                good += 1
                continue
            offset, number = block.offset, block.line
            for line in block.data.split(b"\n"):
                last = block.torn and offset + len(line) == block.offset + len(block.data)
                if line.strip():
                    position = f"line {number}, byte {offset}"
                    try:
                        request = orjson.loads(line)
                    except orjson.JSONDecodeError as error:
                        why = reason_of(line, error)
                        if last:
                            damage_reported = stream.damage is not None
                            why = stream.damage or "torn: the file ends within the line"
                        report.reject(position, why)
                        first = first or f"{why} ({position})"
                    else:
                        good += 1
                        yield from rows.request(request, position)
                number += 1
                offset += len(line) + 1
            yield from rows.rest()
        if stream.damage and not damage_reported:
            report.reject("end of the file", stream.damage)
        if first and not good:
            raise _read_error(source, first)


def _read_error(source: Source, why: str) -> ReadError:
    return ReadError(
        f"{source.path} looks like OTLP JSON but cannot be read: {why}",
        hint="the file may be truncated; export it again",
    )


def _whole(source: Source, rows: RequestRows) -> Iterator[pa.RecordBatch]:
    with source.stream() as stream:
        data = Readable(stream).read(REQUEST_LIMIT + 1)
        if len(data) > REQUEST_LIMIT:
            raise LimitExceeded(
                f"a request of more than {REQUEST_LIMIT // 1024**2} MiB", hint="write one request per line"
            )
        data = data.removeprefix(UTF8_BOM)
        batches = rows.columnar.batches(data, one=True)
        if batches is not None:
            yield from batches
            return
        try:
            request = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            why = stream.damage or reason_of(data, error)
            where = f"line {error.lineno}, column {error.colno}"
            raise _read_error(source, f"{why} ({where})") from error
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
