"""Flat JSON lines: one JSON object per line, one event per object.

A block of lines is parsed in one of three ways, all with the same result:

1. `uniform_lines`, if all lines have the same keys in the same order;
2. `arrow_blocks`, if all fields are known and each has one type;
3. line by line with orjson, which knows the position of every bad line and teaches the others new fields.

The first block of a file is parsed line by line. After that, Arrow parses the next blocks in threads while
the current one is consumed; batches keep the order of the file. If a few lines of a block are not objects,
only those are parsed line by line:

    {"id": 1, "op": "GET /"}
    Traceback (most recent call last):      rejected: line 2, byte 25: not JSON
    {"id": 2, "op": "GET /"}

NaN and Infinity, which are not JSON but which Python writes, are read as floats.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

from obskit.errors import ReadError
from obskit.readers.batches.row_batcher import CELLS, DEPTH_LIMIT, RowBatcher, TooDeep, flat
from obskit.readers.io.line_blocks import Block, LineBlocks, split_odd_lines
from obskit.readers.io.source import Source
from obskit.readers.jsonl.arrow_blocks import is_utf8, parse_block
from obskit.readers.jsonl.inferred_schema import InferredSchema
from obskit.readers.jsonl.uniform_lines import UniformBlockParser
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import OTLP_REQUEST, UTF8_BOM
from obskit.schema import FileReport, ReadOptions

FIRST_BLOCK = 16 * 1024
"""Bytes of the first block, which is parsed line by line."""

BLOCK = 4 * 1024 * 1024
"""Bytes of a block that Arrow parses."""

UNIFORM_BLOCK = 1024 * 1024
"""Bytes to read at once while lines are uniform: a block and its arrays then fit the processor's cache."""

THREADS = 2
"""Threads that parse blocks ahead."""

FAST_FIELDS = 2_000
"""Most fields that Arrow parses: it makes a cell for every field in every row, even for rare fields."""

_SNIFFED = 50
_UNIFORM_TRIES = 3
"""Blocks in a row that are not uniform, after which `uniform_lines` is not tried any more."""

_JAEGER_SPAN = frozenset(
    {"traceID", "spanID", "parentSpanID", "operationName", "references", "startTime", "startTimeMillis"}
    | {"duration", "tags", "logs", "processID", "process", "warnings", "flags"}
)


class BadLine(ValueError):
    """A line that is not an event; the message is the reason it is rejected for."""


def parse_line(line: bytes) -> dict[str, Any]:
    """Return the object on a line.

    Args:
        line: bytes without the newline.
    Returns:
        The object, not flattened.
    Raises:
        BadLine: the line is not a JSON object.
    """
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        row = _without_comma(line) if line.rstrip().endswith(b"},") else None
        row = _parse_with_nan(line, error) if row is None else row
    if type(row) is not dict:
        raise BadLine("not a JSON object")
    return row


def _without_comma(line: bytes) -> Any:
    """Return the object before a comma, as in a list whose brackets are missing; None if it is not JSON."""
    try:
        return orjson.loads(line.rstrip()[:-1])
    except orjson.JSONDecodeError:
        return None


def _parse_with_nan(line: bytes, error: orjson.JSONDecodeError) -> Any:
    why = re.sub(r":? line \d+ column \d+.*", "", str(error))
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise BadLine("not UTF-8") from None
    if "depth limit" in why or "recursion" in why:
        raise BadLine(f"nested deeper than {DEPTH_LIMIT} levels")
    if "NaN" in text or "Infinity" in text:
        try:
            row = json.loads(text, parse_int=_integer)
            json.dumps(row, ensure_ascii=False).encode()  # raises for lone surrogates, which `loads` accepts
        except RecursionError:
            raise BadLine(f"nested deeper than {DEPTH_LIMIT} levels") from None
        except ValueError:
            pass
        else:
            return row
    raise BadLine("not JSON") from None


def _integer(text: str) -> int | float:
    value = int(text) if len(text) < 21 else 2**64
    return value if -(2**63) <= value < 2**64 else float(text)  # like orjson


def sniff(head: bytes) -> Match:
    """Return how likely the lines of a file are flat JSON objects, from its first bytes."""
    text = head.removeprefix(UTF8_BOM).lstrip()
    if OTLP_REQUEST.search(text) and text[:1] in (b"{", b"["):
        return Match.NO
    lines = [line for line in text.split(b"\n") if line.strip()]
    if not lines or lines[0].strip() in (b"{", b"["):
        return Match.NO
    if len(lines) == 1 and text[:1] == b"{":
        try:
            row = parse_line(lines[0])
        except BadLine:
            return Match.POSSIBLE
        return Match.NO if _is_jaeger_span(row) else Match.CERTAIN
    good = 0
    # A Jaeger span anywhere decides; without one, the first object does.
    spans = b'"traceID"' in text
    for line in _sniffed(lines):
        if line.lstrip()[:1] != b"{":
            continue
        try:
            row = parse_line(line)
        except BadLine:
            continue
        if _is_jaeger_span(row):
            return Match.NO
        good += 1
        if not spans:
            break
    if good == 0:
        return (
            Match.POSSIBLE
            if text[:1] == b"{" and text[1:2] != b"\n" and b"\n" not in text[:200]
            else Match.NO
        )
    return Match.CERTAIN if text[:1] == b"{" else Match.POSSIBLE


def _sniffed(lines: list[bytes]) -> list[bytes]:
    """Return the first lines, or later ones if many are objects: a long text may come before them."""
    first = lines[:_SNIFFED]
    if any(line[:1] == b"{" for line in first):
        return first
    objects = [line for line in lines if line[:1] == b"{" and line.rstrip()[-1:] == b"}"]
    return objects[:_SNIFFED] if len(objects) >= len(lines) / 5 else first


def _is_jaeger_span(row: dict[str, Any]) -> bool:
    return "traceID" in row and "spanID" in row and row.keys() <= _JAEGER_SPAN


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the events of a file as batches; bad lines are rejected with their position.

    Args:
        source: the file.
        report: receives the rejections.
        _options: not used.
    Yields:
        Batches of flat columns, with names as found.
    Raises:
        ReadError: no line is a JSON object.
        LimitExceeded: more than `MAX_FIELDS` distinct field names.
    """
    rejected_before = report.report.rejected_count
    rows = 0
    with source.stream() as stream, ThreadPoolExecutor(THREADS, thread_name_prefix="obskit-json") as pool:
        blocks = LineBlocks(stream, report, size=FIRST_BLOCK)
        lines = JsonLines(report)
        for block, attempt in _read_ahead(blocks, lines, pool):
            for batch in lines.batches(block, lambda: stream.damage, attempt):
                rows += batch.num_rows
                yield batch
            blocks.size = lines.block_size(BLOCK)
        if stream.damage and not lines.damage_reported:
            report.reject("end of the file", stream.damage)
    if not rows and report.report.rejected_count > rejected_before:
        first = next((r for r in report.report.rejected if r.file == report.path), None)
        where = f" ({first.position}: {first.reason})" if first else ""
        raise ReadError(
            f"{source.path} has no line that is a JSON object{where}",
            hint="look at that line: the file may be truncated, or may not be JSON",
        )


class Attempt(NamedTuple):
    """A block that is being parsed in a thread.

    Attributes:
        schema: the fields that were known when parsing started.
        batch: the result; None if the block has to be parsed another way.
    """

    schema: pa.Schema
    batch: Future[pa.RecordBatch | None]


def _read_ahead(
    blocks: LineBlocks, lines: JsonLines, pool: ThreadPoolExecutor
) -> Iterator[tuple[Block, Attempt | None]]:
    """Yield the blocks in order, each with the attempt that started while earlier blocks were consumed."""
    waiting: deque[tuple[Block, Attempt | None]] = deque()
    for block in blocks:
        waiting.append((block, lines.attempt(block, pool)))
        if len(waiting) > THREADS or waiting[0][1] is None:
            yield waiting.popleft()
    yield from waiting


class JsonLines:
    """Turns blocks of lines into batches and learns the fields of the file on the way.

    Args:
        report: receives rejections and overridden keys.
        fast: whether blocks may be parsed at once; otherwise every block is parsed line by line.
    """

    def __init__(self, report: FileReport, *, fast: bool = True) -> None:
        self.damage_reported = False
        self._report = report
        self._inferred = InferredSchema()
        self._rows = RowBatcher()
        self._fast = fast
        self._row_bytes = 1_000.0
        self._uniform: UniformBlockParser | None = None
        self._not_uniform = 0  # blocks since the last uniform one

    def block_size(self, most: int) -> int:
        """Return how many bytes to read next, at most `most`, so that a batch stays within `CELLS`."""
        most = most if self._not_uniform else min(most, UNIFORM_BLOCK)
        return int(min(most, max(64 * 1024, CELLS / max(self._inferred.fields, 1) * self._row_bytes)))

    def attempt(self, block: Block, pool: ThreadPoolExecutor) -> Attempt | None:
        """Start to parse a block, in a thread if Arrow does it; None if there is no schema for it."""
        schema = self.schema()
        if schema is None:
            return None
        batch = self._parse_uniform(block, schema)
        if batch is not None:
            done = Future[pa.RecordBatch | None]()
            done.set_result(batch)
            return Attempt(schema, done)
        return Attempt(schema, pool.submit(parse_block, block.data, schema, block.newlines))

    def batches(
        self,
        block: Block,
        damage: Callable[[], str | None] = lambda: None,
        attempt: Attempt | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a block as batches.

        Args:
            block: whole lines.
            damage: returns, after the last line was read, why the stream ended early, or None.
            attempt: what `attempt` returned for the block.
        Yields:
            One batch, or several if the rows have many fields.
        Raises:
            LimitExceeded: more than `MAX_FIELDS` distinct field names.
        """
        batch = None if attempt is None else attempt.batch.result()
        schema = self.schema()
        if batch is None and schema is not None and (attempt is None or schema is not attempt.schema):
            batch = self._parse_uniform(block, schema)
            batch = parse_block(block.data, schema, block.newlines) if batch is None else batch
        if batch is None and schema is not None:
            batch = self._parse_without_bad_lines(block, schema, damage)
        if batch is not None:
            self._row_bytes = max(1.0, len(block.data) / max(batch.num_rows, 1))
            yield batch
            return
        yield from self._by_line(block, damage)

    def _parse_uniform(self, block: Block, schema: pa.Schema) -> pa.RecordBatch | None:
        """Return a uniform block as a batch, else None. A thread would not make numpy faster."""
        if self._not_uniform >= _UNIFORM_TRIES or not (block.data.isascii() or is_utf8(block.data)):
            return None
        if self._uniform is None or self._uniform.schema is not schema:
            self._uniform = UniformBlockParser(schema)
        batch = self._uniform.parse(block.data)
        self._not_uniform = self._not_uniform + 1 if batch is None else 0
        return batch

    def _parse_without_bad_lines(
        self, block: Block, schema: pa.Schema, damage: Callable[[], str | None]
    ) -> pa.RecordBatch | None:
        """Parse a block without its bad lines, and reject those; None if that is not enough."""
        good, bad = split_odd_lines(block)
        if not bad:
            return None
        for line in bad:
            with contextlib.suppress(BadLine):
                parse_line(line.data)
                return None
        batch = self._parse_uniform(Block(good, 0, 0, False), schema)
        batch = parse_block(good, schema) if batch is None else batch
        if batch is not None:
            for line in bad:
                deque(self._by_line(line, damage), 0)
        return batch

    def schema(self) -> pa.Schema | None:
        """Return the schema for whole blocks; None before the first block or with too many fields."""
        return self._inferred.schema() if self._fast and self._inferred.fields <= FAST_FIELDS else None

    def _by_line(self, block: Block, damage: Callable[[], str | None]) -> Iterator[pa.RecordBatch]:
        offset, number = block.offset, block.line
        lines = block.data.split(b"\n")
        last = len(lines) - 1 if block.torn else -1
        for at, line in enumerate(lines):
            if line.strip():
                try:
                    row = parse_line(line)
                    self._rows.add(flat(row))
                    self._inferred.learn(row)
                    if line.count(b'":') > len(row):
                        self._count_repeats(line, row)
                except BadLine as error:
                    why = self._torn(str(error), damage()) if at == last else str(error)
                    self._report.reject(f"line {number}, byte {offset}", why)
                except TooDeep:
                    why = f"nested deeper than {DEPTH_LIMIT} levels"
                    self._report.reject(f"line {number}, byte {offset}", why)
                if self._rows.full:
                    yield self._rows.take()
            number += 1
            offset += len(line) + 1
        if self._rows.rows:
            yield self._rows.take()
        self._row_bytes = max(1.0, len(block.data) / max(len(lines), 1))

    def _torn(self, why: str, damage: str | None) -> str:
        if damage:
            self.damage_reported = True
            return damage
        return "torn: the file ends within the line" if why == "not JSON" else why

    def _count_repeats(self, line: bytes, row: dict[str, Any]) -> None:
        """Report keys that occur twice in one object; the last value is the one that was read."""
        if line.count(b'":') <= _keys(row):
            return
        repeated: list[str] = []

        def record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            out = dict(pairs)
            if len(out) < len(pairs):
                seen: set[str] = set()
                repeated.extend(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            return out

        json.loads(line, object_pairs_hook=record)
        for key in repeated:
            self._report.override(key)


def _keys(row: dict[str, Any]) -> int:
    """Return the number of keys of an object and of all objects nested in it."""
    count = 0
    level: list[Any] = [row]
    while level:
        item = level.pop()
        if type(item) is dict:
            count += len(item)
            item = item.values()
        level.extend(inner for inner in item if type(inner) is dict or type(inner) is list)
    return count


READER = Reader("flat JSONL", (".jsonl", ".ndjson", ".json", ".log"), sniff, read, lines="json")
