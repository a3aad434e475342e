"""OTLP as JSON: export requests of spans and logs, one a file or one a line.

Follows the protocol's own JSON: ids are hex of any case, names lowerCamelCase (snake_case is accepted),
64-bit integers numbers or text, enums numbers or names, unknown fields are passed over. Metrics and profiles
are not events: one counted rejection of each a file says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pyarrow as pa

from obskit.errors import LimitExceeded, ReadError
from obskit.readers.batches.row_batcher import BATCH_TYPES, RowBatcher
from obskit.readers.io.line_blocks import LineBlocks
from obskit.readers.io.source import Readable, Source
from obskit.readers.otlp.json_columnar import Fast
from obskit.readers.otlp.rowwise import is_request, others, rows_of
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import OTLP_REQUEST
from obskit.readers.spans.json_documents import parses
from obskit.schema import NAMED, FileReport

REQUEST_LIMIT = 256 * 1024 * 1024
"""Bytes that one request may have; it is held in memory whole."""

BLOCK = 4 * 1024 * 1024


def sniff(head: bytes) -> Match:
    """Say whether the head is JSON with one of the keys of OTLP's requests."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return Match.CERTAIN if text[:1] in (b"{", b"[") and OTLP_REQUEST.search(text) else Match.NO


def read(source: Source, report: FileReport, _mapping: Mapping[str, Any] | None) -> Iterator[pa.RecordBatch]:
    """Give the spans and log records of a file as batches.

    Raises:
        ReadError: the file is one request, and no JSON.
        LimitExceeded: one request of more than `REQUEST_LIMIT` bytes, or too many field names.
    """
    rows = _Rows(report)
    try:
        yield from _lines(source, report, rows) if _by_line(source) else _whole(source, rows)
    except LimitExceeded as error:
        raise LimitExceeded(
            f"{source.path}: {error.message.removeprefix(f'{source.path}: ')}", hint=error.hint
        ) from None
    rows.tell_others()


class _Rows:
    """Rows of requests into batches, what is no event counted."""

    def __init__(self, report: FileReport) -> None:
        self._report = report
        self._batcher = RowBatcher(dict(NAMED), BATCH_TYPES)
        self._others: dict[str, str] = {}
        self.fast = Fast(report)

    def request(self, request: Any, position: str) -> Iterator[pa.RecordBatch]:
        """Take in a request, or a list of them."""
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
        """Give the rows that no batch had yet."""
        if self._batcher.rows:
            yield self._batcher.take()

    def tell_others(self) -> None:
        """Count the metrics of the file as one rejection, and the profiles."""
        for why, position in self._others.items():
            self._report.reject(position, why)


def _by_line(source: Source) -> bool:
    """Whether the file has a request a line, rather than one request that may run over many lines."""
    lines = [line.strip() for line in source.head.split(b"\n") if line.strip()]
    if len(lines) < 2:
        return not source.whole  # a line longer than the head: others may follow
    # A second line may be longer than the head; one that begins as a request does is no part of the first.
    begins = all(line[:1] == b"{" for line in lines[:2]) and lines[0] != b"{"
    return parses(lines[0]) or (begins and OTLP_REQUEST.match(lines[1][1:].lstrip()) is not None)


def _lines(source: Source, report: FileReport, rows: _Rows) -> Iterator[pa.RecordBatch]:
    with source.stream() as stream:
        told, first, good = False, "", 0
        for block in LineBlocks(stream, report, size=BLOCK, limit=REQUEST_LIMIT):
            batches = rows.fast.batches(block.data)
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
                        why = reason(line, error)
                        if last:
                            told = stream.damage is not None
                            why = stream.damage or "torn: the file ends within the line"
                        report.reject(position, why)
                        first = first or f"{why} ({position})"
                    else:
                        good += 1
                        yield from rows.request(request, position)
                number += 1
                offset += len(line) + 1
            yield from rows.rest()
        if stream.damage and not told:
            report.reject("end of the file", stream.damage)
        if first and not good:
            raise _unreadable(source, first)


def _unreadable(source: Source, why: str) -> ReadError:
    return ReadError(
        f"{source.path} begins as OTLP JSON but cannot be read: {why}", hint="was it written to its end?"
    )


def _whole(source: Source, rows: _Rows) -> Iterator[pa.RecordBatch]:
    with source.stream() as stream:
        data = Readable(stream).read(REQUEST_LIMIT + 1)
        if len(data) > REQUEST_LIMIT:
            raise LimitExceeded(
                f"one request of more than {REQUEST_LIMIT // 1024**2} MiB", hint="write one request a line"
            )
        data = data.removeprefix(b"\xef\xbb\xbf")
        batches = rows.fast.batches(data, one=True)
        if batches is not None:
            yield from batches
            return
        try:
            request = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            why = stream.damage or reason(data, error)
            where = f"line {error.lineno}, column {error.colno}"
            raise _unreadable(source, f"{why} ({where})") from error
    yield from rows.request(request, "")
    yield from rows.rest()


def reason(data: bytes, error: orjson.JSONDecodeError) -> str:
    """Return why a line is no JSON, in words that do not differ from line to line."""
    if "depth" in str(error) or "recursion" in str(error):
        return "nested too deep"
    try:
        data.decode()
    except UnicodeDecodeError:
        return "not UTF-8"
    return "not JSON"


READER = Reader("OTLP JSON", (".json", ".jsonl", ".otlp"), sniff, read)
