"""Logs as logfmt, as logrus, slog, go-kit, Grafana and Heroku's router write them: one line per record.

    time=2026-05-04T10:00:00Z level=info msg="served /cart" status=200 took=12ms    ->  one row

Names and types are left to `schema`. Lines that are not pairs are rejected with their position.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.errors import ReadError
from obskit.readers.batches.row_batcher import RowBatcher
from obskit.readers.io.line_blocks import Block, LineBlocks
from obskit.readers.io.source import Source
from obskit.readers.jsonl.arrow_blocks import is_utf8
from obskit.readers.logfmt.block_parser import ParsedBlock, parse_block, typed
from obskit.readers.logfmt.line_parser import NotLogfmt, parse_line
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
_REQUEST = frozenset({b"method", b"path", b"status"})
"""Keys of lograge, whose lines have no time of their own."""

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
    """Return whether a line begins with a pair, has two at least, and names a time, a level, a message
    or a request."""
    line = line.strip()
    if _PAIRS.match(line) is None:
        return False
    keys = [pair.partition(b"=")[0].lower() for pair in _PAIRS.findall(line)]
    if len(keys) < 2 or (_KNOWN.isdisjoint(keys) and not set(keys) >= _REQUEST):
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
        damage_reported = False
        for block in LineBlocks(stream, report, size=BLOCK):
            batch, bad, repeated = _parse(block)
            for key, count in repeated.items():
                report.override(key, count)
            for position, reason, at_end in bad:
                if at_end and block.torn:
                    damage_reported = damage_reported or bool(stream.damage)
                    reason = stream.damage or "torn: the file ends within the line"
                report.reject(position, reason)
                first = first or f" ({position}: {reason})"
            if block.torn and not stream.damage and not any(at_end for _, _, at_end in bad):
                report.note_open_end()
            if batch is not None:
                rows += batch.num_rows
                yield batch
        if stream.damage and not damage_reported:
            report.reject("end of the file", stream.damage)
    if not rows:
        raise ReadError(
            f"{source.path} has no line of key=value pairs{first}",
            hint="the file may be truncated; copy it again",
        )


def _parse(block: Block) -> tuple[pa.RecordBatch | None, list[tuple[str, str, bool]], dict[str, int]]:
    """Return a block's rows, its bad lines (position, reason, whether it is the last), and repeated keys."""
    data = block.data
    parsed = parse_block(data) if data.isascii() or is_utf8(data) else _unparsed(data)
    bad: list[tuple[str, str, bool]] = []
    found, numbers = RowBatcher(), []
    repeated = dict(parsed.repeated)
    for number, begin, end in parsed.odd:
        try:
            row, twice = parse_line(data[begin:end])
        except NotLogfmt as error:
            bad.append(
                (f"line {block.line + number}, byte {block.offset + begin}", str(error), end == len(data))
            )
            continue
        for key in twice:
            repeated[key] = repeated.get(key, 0) + 1
        found.add(dict(row))
        numbers.append(number)
    return _batch(parsed, found, numbers), bad, repeated


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
