"""Logs as logfmt, as logrus, slog, go-kit, Grafana and Heroku's router write them: one line per record.

    time=2026-05-04T10:00:00Z level=info msg="served /cart" status=200 took=12ms    ->  one row

Names and types are left to `schema`. A stack trace belongs to the record before it (`stack_traces`); other
lines that are not pairs are rejected with their position. A record that the end of a block cuts off from its
trace is parsed with the next block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.errors import ReadError
from obskit.readers.batches.row_batcher import RowBatcher
from obskit.readers.io.line_blocks import Block, LineBlocks
from obskit.readers.io.source import Source
from obskit.readers.jsonl.arrow_blocks import is_utf8
from obskit.readers.logfmt.block_parser import ParsedBlock, Places, parse_block, typed
from obskit.readers.logfmt.line_parser import NotLogfmt, parse_line, without_torn_end
from obskit.readers.logfmt.stack_traces import add_traces, find_traces, last_record, without_traces
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import FileReport, ReadOptions
from obskit.schema.types import convert, unify

BLOCK = 1024 * 1024
"""Bytes of a block."""

_SNIFFED = 50
_PAIRS = re.compile(rb'[A-Za-z_@][\w.@/\-]*=(?:"(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)')
_KNOWN = frozenset(
    (
        b"time",
        b"ts",
        b"t",
        b"timestamp",
        b"@timestamp",
        b"level",
        b"lvl",
        b"severity",
        b"msg",
        b"message",
        b"at",
    )
)
_REQUEST = frozenset((b"method", b"path", b"status"))  # lograge has no time, level or message
_TIMES = ("time", "ts", "timestamp", "@timestamp", "t")
_LEVEL = "^(?:trace|debug|info|notice|warn|warning|error|critical|fatal)$"
_ISO = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"


def sniff(head: bytes) -> Match:
    """Return how well the head of a file matches: most lines are pairs, one a time, level or message."""
    lines = [line for line in head.removeprefix(UTF8_BOM).split(b"\n", _SNIFFED)[:_SNIFFED] if line.strip()]
    good = sum(map(is_record, lines))
    if not good:
        return Match.NO
    share = good / len(lines)
    return Match.CERTAIN if share >= 0.5 else Match.POSSIBLE if share >= 0.2 else Match.NO


def is_record(line: bytes) -> bool:
    """Return whether a line begins with a pair, has two, and names a time, level, message or request."""
    line = line.strip()
    if _PAIRS.match(line) is None:
        return False
    keys = {pair.partition(b"=")[0].lower() for pair in _PAIRS.findall(line)}
    if len(keys) < 2 or (_KNOWN.isdisjoint(keys) and not keys >= _REQUEST):
        return False
    try:
        parse_line(line)
    except NotLogfmt:
        return False
    return True


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the records of a file as batches; lines that are not pairs are rejected.

    Args:
        source: the file.
        report: counts the lines that cannot be read.
        _options: not used.

    Yields:
        Batches in the file's order, with the names of the file.

    Raises:
        ReadError: no line consists of pairs.
        LimitExceeded: there are too many distinct keys.
    """
    rows, first = 0, ""
    with source.stream() as stream:
        for block, torn in _whole_records(LineBlocks(stream, report, size=BLOCK)):
            parsed = _parse(block, torn=torn, damage=stream.damage)
            for key, count in parsed.repeated.items():
                report.override(key, count)
            for position, reason in parsed.bad:
                report.reject(position, reason)
                first = first or f" ({position}: {reason})"
            if parsed.open_end:
                report.note_open_end()
            if parsed.batch is not None:
                rows += parsed.batch.num_rows
                if source.row_lines is not None:
                    source.row_lines.append(parsed.lines + block.line - 1)
                yield parsed.batch
        if stream.damage and stream.damage not in first:
            report.reject("end of the file", stream.damage)
    if not rows:
        raise ReadError(
            f"{source.path} has no line of key=value pairs{first}",
            hint="the file may be truncated; copy it again",
        )


def _whole_records(blocks: Iterable[Block]) -> Iterator[tuple[Block, bool]]:
    """Yield blocks that end with a record and its stack trace, and whether the file ends within the last."""
    held, line, offset, torn = b"", 1, 0, False
    for block in blocks:
        if held:
            cut = last_record(held, is_record)
            if cut:
                whole = Block(held[:cut], line, offset, torn=False)
                yield whole, False
                line, offset, held = line + whole.newlines, offset + cut, held[cut:]
        if not held:
            line, offset = block.line, block.offset
        held, torn = held + block.data, block.torn
    if held:
        yield Block(held, line, offset, torn=torn), torn


class _Parsed(NamedTuple):
    """What a block consists of.

    Attributes:
        batch: its rows.
        lines: number of the line that each row begins in, from 0.
        bad: position and reason of each line that is not pairs.
        repeated: key -> lines that have it several times.
        open_end: the last line may be incomplete.
    """

    batch: pa.RecordBatch | None
    lines: Places
    bad: list[tuple[str, str]]
    repeated: dict[str, int]
    open_end: bool


def _parse(block: Block, *, torn: bool, damage: str | None) -> _Parsed:
    """Return what a block consists of."""
    data, rejected = block.data, []
    if torn and damage:  # the last line is incomplete, also where it looks whole
        at = data.rfind(b"\n") + 1
        rejected = [(block.line + data.count(b"\n"), block.offset + at, damage)] if data[at:].strip() else []
        data, torn = data[:at], False
    elif torn:
        data = without_torn_end(data)
        if len(data) < len(block.data) and data.endswith(b"\n"):  # nothing of the last line is left
            line = block.line + data.count(b"\n")
            rejected, torn = [(line, block.offset + len(data), "torn: the file ends within the line")], False
    batch, lines, bad, repeated = _rows(data)
    if bad:
        traces = find_traces(data, [number for number, _, _ in bad], is_record)
        if traces:
            batch, lines, bad, repeated = _rows(without_traces(data, traces))
            assert batch is not None  # the records of the traces
            rows = np.searchsorted(lines, [trace.record for trace in traces]).tolist()
            batch = add_traces(batch, rows, traces)
    at_end = block.line + data.count(b"\n")
    for number, begin, reason in bad:
        line = block.line + number
        if torn and line == at_end:
            torn, reason = False, "torn: the file ends within the line"
        rejected.append((line, block.offset + begin, reason))
    places = [(f"line {line}, byte {offset}", reason) for line, offset, reason in sorted(rejected)]
    return _Parsed(batch, lines, places, repeated, torn)


def _rows(
    data: bytes,
) -> tuple[pa.RecordBatch | None, Places, list[tuple[int, int, str]], dict[str, int]]:
    """Return rows, the line of each, bad lines (number, offset, reason), and repeated keys."""
    parsed = parse_block(data) if data.isascii() or is_utf8(data) else _unparsed(data)
    bad: list[tuple[int, int, str]] = []
    found, numbers = RowBatcher(), []
    repeated = dict(parsed.repeated)
    for number, begin, end in parsed.odd:
        try:
            row, twice = parse_line(data[begin:end])
        except NotLogfmt as error:
            bad.append((number, begin, str(error)))
            continue
        for key in twice:
            repeated[key] = repeated.get(key, 0) + 1
        found.add(dict(row))
        numbers.append(number)
    lines = np.sort(np.concatenate([parsed.lines, np.array(numbers, np.int64)]))
    return _batch(parsed, found, numbers), lines, bad, repeated


def _unparsed(data: bytes) -> ParsedBlock:
    """Return a block whose lines are all left to the line parser."""
    lines, begin = [], 0
    for number, line in enumerate(data.split(b"\n")):
        if line.strip():
            lines.append((number, begin, begin + len(line)))
        begin += len(line) + 1
    return ParsedBlock({}, np.empty(0, np.int64), lines, {})


def _batch(parsed: ParsedBlock, found: RowBatcher, numbers: list[int]) -> pa.RecordBatch | None:
    """Return the rows of both parsers in the order of their lines."""
    columns = parsed.columns
    if numbers:
        others = found.take()
        order = pa.array(np.argsort(np.concatenate([parsed.lines, numbers]), kind="stable"))
        merged = {}
        for name in dict.fromkeys([*columns, *others.schema.names]):
            own = columns.get(name, pa.nulls(len(parsed.lines)))
            at = others.schema.get_field_index(name)
            more = typed(others.column(at)) if at >= 0 else pa.nulls(len(numbers))
            kind = unify(own.type, more.type)
            merged[name] = pa.concat_arrays([convert(own, kind), convert(more, kind)]).take(order)
        columns = merged
    if not columns:
        return None
    if "t" in columns and not columns.keys() & set(_TIMES[:-1]) and _all(columns["t"], _ISO):
        columns["time"] = columns.pop("t")  # Grafana's name
    if "at" in columns and "level" not in columns and _all(columns["at"], _LEVEL):
        columns["level"] = columns.pop("at")  # Heroku's name
    return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))


def _all(values: pa.Array, pattern: str) -> bool:
    """Whether a column has text, all of which matches."""
    if not pa.types.is_string(values.type):
        return False
    return bool(pc.all(pc.match_substring_regex(values, pattern)).as_py())


READER = Reader("logfmt", (".log", ".logfmt", ".txt"), sniff, read, lines="text")
