"""Flat JSON lines: an object a line.

Two ways with the same result. A block of lines whose fields are all known, each with one type, is parsed
with exactly those types, so that nothing is inferred: no text becomes a time; by `uniform` where all lines
are alike, else by Arrow; and if need be without the lines that do not even look like objects. Any other block
goes line by line through orjson, which tells the place of every bad line, and teaches the first way its new
fields. The first block always takes the second way. Arrow parses the next blocks in threads while one is
taken; batches come in the file's order all the same. NaN and Infinity, which JSON does not have but Python
writes, are read as the floats they are.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.json as pj

from obskit.errors import ReadError
from obskit.readers.batches.row_batcher import CELLS, DEPTH_LIMIT, RowBatcher, TooDeep, flat
from obskit.readers.io.line_blocks import Block, LineBlocks, newlines, split_odd_lines
from obskit.readers.io.source import Source
from obskit.readers.jsonl.inferred_schema import Shape
from obskit.readers.jsonl.uniform_lines import Alike
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import OTLP_REQUEST
from obskit.schema import FileReport, ReadOptions

FIRST_BLOCK = 16 * 1024
BLOCK = 4 * 1024 * 1024
ALIKE_BLOCK = 1024 * 1024
"""Bytes read at once where all lines are alike: few enough for a processor's cache."""

THREADS = 2
FAST_FIELDS = 2_000
"""Fields beyond which Arrow is not asked: it makes a cell of every field for every row, rare ones too."""

_TRIES = 3
_JAEGER_SPAN = frozenset(
    {"traceID", "spanID", "parentSpanID", "operationName", "references", "startTime", "startTimeMillis"}
    | {"duration", "tags", "logs", "processID", "process", "warnings", "flags"}
)


class BadLine(ValueError):
    """A line that is no event, and why."""


def parse_line(line: bytes) -> dict[str, Any]:
    """Return a line's object.

    Raises:
        BadLine: it is no JSON object.
    """
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        row = _lenient(line, error)
    if type(row) is not dict:
        raise BadLine("not a JSON object")
    return row


def _lenient(line: bytes, error: orjson.JSONDecodeError) -> Any:
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
            json.dumps(row, ensure_ascii=False).encode()  # refuses lone surrogates, which loads lets pass
        except RecursionError:
            raise BadLine(f"nested deeper than {DEPTH_LIMIT} levels") from None
        except ValueError:
            pass
        else:
            return row
    raise BadLine("not JSON") from None


def _integer(text: str) -> int | float:
    value = int(text) if len(text) < 21 else 2**64
    return value if -(2**63) <= value < 2**64 else float(text)  # as orjson does


def sniff(head: bytes) -> Match:
    """Say whether lines of the head are JSON objects."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
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
        return Match.NO if _jaeger(row) else Match.CERTAIN
    good = 0
    for line in lines[:50]:
        try:
            row = parse_line(line)
        except BadLine:
            continue
        if _jaeger(row):
            return Match.NO
        good += 1
    if good == 0:
        return (
            Match.POSSIBLE
            if text[:1] == b"{" and text[1:2] != b"\n" and b"\n" not in text[:200]
            else Match.NO
        )
    return Match.CERTAIN if text[:1] == b"{" else Match.POSSIBLE


def _jaeger(row: dict[str, Any]) -> bool:
    return "traceID" in row and "spanID" in row and row.keys() <= _JAEGER_SPAN


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Give the events of a file as batches, bad lines counted with their place.

    Raises:
        ReadError: not one line is an object.
        LimitExceeded: more than `MAX_FIELDS` distinct names.
    """
    rejected_before = report.report.rejected_count
    rows = 0
    with source.stream() as stream, ThreadPoolExecutor(THREADS, thread_name_prefix="obskit-json") as pool:
        blocks = LineBlocks(stream, report, size=FIRST_BLOCK)
        lines = JsonLines(report)
        for block, attempt in _ahead(blocks, lines, pool):
            for batch in lines.batches(block, lambda: stream.damage, attempt):
                rows += batch.num_rows
                yield batch
            blocks.size = lines.block_size(BLOCK)
        if stream.damage and not lines.told_damage:
            report.reject("end of the file", stream.damage)
    if not rows and report.report.rejected_count > rejected_before:
        first = next((r for r in report.report.rejected if r.file == report.path), None)
        where = f" ({first.position}: {first.reason})" if first else ""
        raise ReadError(
            f"{source.path} has no line that is a JSON object{where}",
            hint="write one JSON object per line: jq -c . FILE > events.jsonl",
        )


class Attempt(NamedTuple):
    """A block on its way through Arrow, and the fields that were known when it set out."""

    schema: pa.Schema
    batch: Future[pa.RecordBatch | None]


def _ahead(
    blocks: LineBlocks, lines: JsonLines, pool: ThreadPoolExecutor
) -> Iterator[tuple[Block, Attempt | None]]:
    """Give the blocks in order, each with the attempt that was begun while earlier ones were taken."""
    waiting: deque[tuple[Block, Attempt | None]] = deque()
    for block in blocks:
        waiting.append((block, lines.attempt(block, pool)))
        if len(waiting) > THREADS or waiting[0][1] is None:
            yield waiting.popleft()
    yield from waiting


class JsonLines:
    """Turns blocks of lines into batches, learning the fields on the way."""

    def __init__(self, report: FileReport, *, fast: bool = True) -> None:
        self.told_damage = False
        self._report = report
        self._shape = Shape()
        self._rows = RowBatcher()
        self._fast = fast
        self._row_bytes = 1_000.0
        self._alike: Alike | None = None
        self._unlike = 0  # blocks since the last of which all lines were alike

    def block_size(self, most: int) -> int:
        """Return how many bytes to read next, so that rows times fields stay within bounds."""
        most = most if self._unlike else min(most, ALIKE_BLOCK)
        return int(min(most, max(64 * 1024, CELLS / max(self._shape.fields, 1) * self._row_bytes)))

    def attempt(self, block: Block, pool: ThreadPoolExecutor) -> Attempt | None:
        """Begin to parse a block by Arrow; None where it cannot be asked (yet)."""
        schema = self._known()
        if schema is None:
            return None
        batch = self._at_once(block, schema)
        if batch is not None:
            done = Future[pa.RecordBatch | None]()
            done.set_result(batch)
            return Attempt(schema, done)
        return Attempt(schema, pool.submit(_by_arrow, block.data, schema))

    def batches(
        self,
        block: Block,
        damage: Callable[[], str | None] = lambda: None,
        attempt: Attempt | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Give a block's rows; `damage` tells, once the last line is read, why the stream ended early."""
        batch = None if attempt is None else attempt.batch.result()
        schema = self._known()
        if batch is None and schema is not None and (attempt is None or schema is not attempt.schema):
            batch = self._at_once(block, schema)
            batch = _by_arrow(block.data, schema) if batch is None else batch
        if batch is None and schema is not None:
            batch = self._without_bad(block, schema, damage)
        if batch is not None:
            self._row_bytes = max(1.0, len(block.data) / max(batch.num_rows, 1))
            yield batch
            return
        yield from self._by_line(block, damage)

    def _at_once(self, block: Block, schema: pa.Schema) -> pa.RecordBatch | None:
        """Return a block whose lines are all alike; not in a thread, which numpy's work gains nothing by."""
        if self._unlike >= _TRIES or not (block.data.isascii() or is_utf8(block.data)):
            return None
        if self._alike is None or self._alike.schema is not schema:
            self._alike = Alike(schema)
        batch = self._alike.batch(block.data)
        self._unlike = self._unlike + 1 if batch is None else 0
        return batch

    def _without_bad(
        self, block: Block, schema: pa.Schema, damage: Callable[[], str | None]
    ) -> pa.RecordBatch | None:
        """Return a block but for its bad lines, which are counted; None where that is not all."""
        good, bad = split_odd_lines(block)
        if not bad:
            return None
        for line in bad:
            with contextlib.suppress(BadLine):
                parse_line(line.data)
                return None
        batch = self._at_once(Block(good, 0, 0, False), schema)
        batch = _by_arrow(good, schema) if batch is None else batch
        if batch is not None:
            for line in bad:
                deque(self._by_line(line, damage), 0)
        return batch

    def _known(self) -> pa.Schema | None:
        return self._shape.schema() if self._fast and self._shape.fields <= FAST_FIELDS else None

    def _by_line(self, block: Block, damage: Callable[[], str | None]) -> Iterator[pa.RecordBatch]:
        offset, number = block.offset, block.line
        lines = block.data.split(b"\n")
        last = len(lines) - 1 if block.torn else -1
        for at, line in enumerate(lines):
            if line.strip():
                try:
                    row = parse_line(line)
                    self._rows.add(flat(row))
                    self._shape.learn(row)
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
            self.told_damage = True
            return damage
        return "torn: the file ends within the line" if why == "not JSON" else why

    def _count_repeats(self, line: bytes, row: dict[str, Any]) -> None:
        """Count keys that one object has twice; the last value has won."""
        if line.count(b'":') <= _keys(row):
            return
        repeated: list[str] = []

        def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            out = dict(pairs)
            if len(out) < len(pairs):
                seen: set[str] = set()
                repeated.extend(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            return out

        json.loads(line, object_pairs_hook=look)
        for key in repeated:
            self._report.override(key)


def parsed(data: bytes, schema: pa.Schema, *, one: bool = False) -> pa.Table | None:
    """Return a block parsed by Arrow, or None where any line of it needs another way.

    Args:
        data: objects, one a line.
        schema: of all fields that there may be.
        one: it is one object, over however many lines.
    """
    if not data.isascii() and not is_utf8(data):
        return None
    try:
        table = pj.read_json(
            pa.BufferReader(data),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
    except (pa.ArrowException, OSError):
        return None
    if one:
        return table if table.num_rows == 1 else None
    if table.num_rows != newlines(data) + (not data.endswith(b"\n")):
        filled = sum(1 for line in data.split(b"\n") if line.strip())
        if table.num_rows != filled:  # several objects on one line, or one over several
            return None
    return table


def _by_arrow(data: bytes, schema: pa.Schema) -> pa.RecordBatch | None:
    """Return a block parsed by Arrow without columns of nulls, or None where it needs the other way."""
    table = parsed(data, schema)
    if table is None or table.num_rows == 0:
        return None
    columns, fields = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        if column.null_count < len(column):
            columns.append(column.chunk(0) if column.num_chunks == 1 else column.combine_chunks())
            fields.append(field)
    if not fields:
        return None
    try:
        batch = pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))
    except pa.ArrowInvalid:  # Arrow makes a broken list of [null, null] where no item was ever more
        return None
    return None if any(map(_wide, columns)) else batch


def _keys(row: dict[str, Any]) -> int:
    """Return how many keys an object and all objects in it have."""
    count = 0
    level: list[Any] = [row]
    while level:
        item = level.pop()
        if type(item) is dict:
            count += len(item)
            item = item.values()
        level.extend(inner for inner in item if type(inner) is dict or type(inner) is list)
    return count


def is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _wide(array: pa.Array) -> bool:
    """Whether a column has numbers that the two ways may see differently.

    So large ones may have been integers, which are kept exactly; and what is not finite may have been written
    as `Inf` or `-NaN`, which Arrow takes and the other way refuses.
    """
    kind = array.type
    if pa.types.is_struct(kind):
        return any(_wide(child) for child in array.flatten())
    if pa.types.is_list(kind):
        return _wide(array.flatten())
    if not pa.types.is_floating(kind) or array.null_count == len(array):
        return False
    return not bool(np.all(np.abs(array.drop_null().to_numpy(zero_copy_only=False)) < 2.0**63))


READER = Reader("flat JSONL", (".jsonl", ".ndjson", ".json", ".log"), sniff, read, lines="json")
