"""Plain application logs: of programs in many languages, and of nginx, PostgreSQL and others.

    2026-05-04 10:00:00,123 - shop.cart - ERROR - payment failed    ->   timestamp, severity_text, body,
    Traceback (most recent call last):                                   code.namespace, exception.type,
      File "cart.py", line 12, in pay                                    exception.message,
    ValueError: no card                                                  exception.stacktrace

The first lines decide the layout; `records` cuts blocks of lines into records. A record that the end of a
block cuts is completed with the next block. Lines before the first record are rejected with their position.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from obskit.errors import ReadError
from obskit.readers.app_log.columns import to_batch
from obskit.readers.app_log.exceptions import CRASH
from obskit.readers.app_log.inner_json import lift_objects
from obskit.readers.app_log.layouts import LAYOUTS, Layout, layout_of, narrowed
from obskit.readers.app_log.records import Cut, cut_records, first_lines, object_rows
from obskit.readers.app_log.times import Context
from obskit.readers.batches.row_batcher import DEPTH_LIMIT, RowBatcher
from obskit.readers.io.line_blocks import Block, LineBlocks
from obskit.readers.io.source import Source
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.readers.tables.dialect import has_named_times
from obskit.schema import FileReport, ReadOptions

BLOCK = 1024 * 1024
"""Bytes of a block."""

RECORD_LIMIT = 4 * 1024 * 1024
"""Bytes that one record may have; the lines after that are rejected until the next record begins."""

_SNIFFED = 100
_LOOKED_AT = 10  # lines at the beginning and the end of each block
_CONTINUES = (
    b"Traceback",
    b"Caused by",
    b"Suppressed:",
    b"goroutine ",
    b"During handling",
    b"The above",
    b"Stack trace:",
    b"[stacktrace]",
    b"#",
    b"}",
)
_NO_YEAR = (
    "times have no year ({name}): the year is that of the file's last change, so that no time is after it"
)
_NO_TIME = (
    "records have no time ({name}): load another file for when it happened, or let the program log the time"
)
_NO_DATE = "records have a time of day but no date ({name}): it is kept as log.time, and timestamp is empty"
_TORN_NOTE = "the file does not end with a line break: its last record may be incomplete"


def detect(head: bytes, most: int = _SNIFFED) -> tuple[Counter[str], int]:
    """Count the layouts of a file's first lines.

    Args:
        head: the file's first bytes.
        most: lines that are looked at.

    Returns:
        Name of a layout -> records; and the number of lines that belong to no record.
    """
    text = b"\n" + head.removeprefix(UTF8_BOM).replace(b"\r\n", b"\n")
    found: Counter[str] = Counter()
    other, at, in_trace = 0, 0, False
    for _ in range(most):
        end = text.find(b"\n", at + 1)
        line = text[at + 1 : end if end >= 0 else None]
        record = layout_of(text, at) if line.strip() else None
        if record is not None:
            found[record[0].name] += 1
            in_trace = False
            if 0 <= end < record[1].end():
                end = text.find(b"\n", record[1].end())
        elif line.strip() and line[:1] not in b" \t":
            in_trace = in_trace or bool(found and (line.startswith(_CONTINUES) or _is_error(line)))
            other += not in_trace
        if end < 0:
            break
        at = end
    return found, other


def _is_error(line: bytes) -> bool:
    word = line.split(b":", 1)[0].split(b" ", 1)[0]
    return word.endswith((b"Error", b"Exception")) or CRASH.match(line + b"\n") is not None


_BY_NAME = {layout.name: layout for layout in LAYOUTS}


def sniff(head: bytes) -> Match:
    """Return how well the head of a file matches: certain if most begin with a level or source."""
    first = head.removeprefix(UTF8_BOM).lstrip()[:1]
    if first in (b"<", b"") or b"\0" in head[:512]:
        return Match.NO
    found, other = detect(head)
    layouts = [_BY_NAME[name] for name in found]
    alone = sum(found[layout.name] for layout in layouts if layout.alone)
    lines = [line.strip() for line in head.split(b"\n", _SNIFFED)]
    objects = sum(line.startswith(b"{") and line.endswith(b"}") for line in lines)
    if not alone or max(found.get("access", 0), objects) > alone:
        return Match.NO
    share = alone / (alone + other)
    strict = sum(found[layout.name] for layout in layouts if layout.strict and layout.alone and layout.timed)
    if has_named_times(head):  # a table whose first column is a time
        return Match.NO
    if share >= 0.5 and strict >= alone / 2 and first != b"{":
        return Match.CERTAIN
    return Match.POSSIBLE if share >= 0.25 and (strict or share >= 0.5) else Match.NO


def read(source: Source, report: FileReport, options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the records of a file as batches.

    Args:
        source: the file.
        report: counts the lines that belong to no record.
        options: `tz` is the zone of times without one.

    Yields:
        Batches in the file's order; JSON objects between the records come after the records of their block.

    Raises:
        ReadError: the file has no record.
    """
    log = _Log(source, report, options)
    rows = 0
    with source.stream() as stream:
        for block in LineBlocks(stream, report, size=BLOCK):
            for batch in log.batches(block):
                rows += batch.num_rows
                yield batch
        for batch in log.last(stream.damage):
            rows += batch.num_rows
            yield batch
        if stream.damage:
            report.reject("end of the file", stream.damage)
    log.note()
    if not rows:
        raise ReadError(
            f"{source.path} has no record of an application log",
            hint="a record begins with a date and a time, such as 2026-05-04 10:00:00 INFO started",
        )


class _Log:
    """Turns blocks of lines into batches; keeps the last record of a block for the next one."""

    def __init__(self, source: Source, report: FileReport, options: ReadOptions) -> None:
        self._report = report
        self._row_lines = source.row_lines
        zone = ZoneInfo(options.tz) if options.tz else None
        self._context = Context(zone, modified(source), report.note)
        found, _ = detect(source.head)
        self._main = _main_layout(found, LAYOUTS[0])
        self._names = frozenset(found)
        self._layout = narrowed(self._main, self._names)
        self._carry = b""
        self._line, self._offset = 1, 0  # of the first byte in `_carry`
        self._torn = False
        self._seen: Counter[str] = Counter()
        self._started = False
        self._time: pa.Scalar | None = None  # of the last record that has one

    def batches(self, block: Block) -> Iterator[pa.RecordBatch]:
        """Yield the complete records of the lines so far."""
        if not self._carry:
            self._line, self._offset = block.line, block.offset
        data = self._carry + block.data
        self._torn = block.torn
        cut = _last_start(data)
        if cut == 0 and len(data) <= RECORD_LIMIT:
            self._carry = data
            return
        if cut == 0:
            yield from self._too_long(data)
            return
        self._carry = data[cut:]
        yield from self._rows(data[:cut])
        self._line, self._offset = self._line + data[:cut].count(b"\n"), self._offset + cut

    def last(self, damage: str | None) -> Iterator[pa.RecordBatch]:
        """Yield the last record."""
        data, self._carry = self._carry, b""
        if self._torn and not damage and self._started | (b"\n" in data):
            cut = data.rfind(b"\n") + 1
            if cut and _is_torn_start(data[cut:], data):
                line = self._line + data.count(b"\n")
                self._report.reject(
                    f"line {line}, byte {self._offset + cut}", "torn: the file ends within the line"
                )
                data = data[:cut]
            else:
                self._report.note(_TORN_NOTE)
        if data.strip():
            yield from self._rows(data)

    def note(self) -> None:
        """Add the notes about what the layouts lack."""
        for name, rows in self._seen.items():
            if not rows:
                continue
            if name == "glog":
                self._report.note(_NO_YEAR.format(name=name))
            layout = _BY_NAME.get(name)
            if layout is not None and layout.alone and not layout.timed:
                text = _NO_DATE if "clock" in layout.groups else _NO_TIME
                self._report.note(text.format(name=name))

    def _too_long(self, data: bytes) -> Iterator[pa.RecordBatch]:
        """Yield a record that is too long without its last lines, which are rejected."""
        keep = data.rfind(b"\n", 0, RECORD_LIMIT) + 1 or len(data)
        yield from self._rows(data[:keep])
        line, offset = self._line + data[:keep].count(b"\n"), self._offset + keep
        self._reject(data[keep:], line, offset, f"a record of more than {RECORD_LIMIT // 1024**2} MiB")
        self._carry = b""

    def _reject(self, lines: bytes, line: int, offset: int, reason: str) -> None:
        for position, _ in Block(lines, line, offset, torn=False).lines():
            self._report.reject(position, reason)

    def _reject_line(self, data: bytes, number: int, reason: str) -> None:
        """Reject a line of some lines, which is counted from 0."""
        before = data.split(b"\n", number)[:number]
        offset = self._offset + sum(len(line) + 1 for line in before)
        self._report.reject(f"line {self._line + number}, byte {offset}", reason)

    def _rows(self, data: bytes) -> Iterator[pa.RecordBatch]:
        """Yield the records of some lines, which begin with a record except at the start of the file."""
        text = _clean(data)
        self._look_at(data, _LOOKED_AT)
        cut = cut_records(text, self._layout)
        if not self._fits(cut):
            found = self._look_at(data, _SNIFFED)
            better = _main_layout(found, self._main)
            if better is not self._main:
                self._main, self._layout = better, narrowed(better, self._names)
                cut = cut_records(text, self._layout)
        if cut.stray:
            # Counted in lines: `_clean` changes the number of bytes.
            lines = cut.stray.rstrip(b"\n").count(b"\n") + 1
            stray = b"".join(line + b"\n" for line in data.split(b"\n", lines)[:lines])
            self._reject(stray, self._line, self._offset, "before the first record")
        batch = to_batch(cut, self._context, text, self._time)
        if batch is not None and len(times := batch.column("timestamp").drop_null()):
            self._time = times[-1]
        some_untimed = batch is not None and batch.column("timestamp").null_count > 0
        for group in cut.groups:
            if some_untimed or group.layout.timed:  # a message may have the time of its record
                self._seen[group.layout.name] += len(group.rests)
        inner, lifted = None, np.zeros(0, np.bool_)
        if batch is not None:
            self._started = True
            batch, inner, lifted = lift_objects(batch)
        if batch is not None and batch.num_rows:
            yield batch
        if inner is not None:
            yield inner
        records, objects = (
            first_lines(text, cut)
            if self._row_lines is not None or cut.objects
            else (np.empty(0, np.int64), np.empty(0, np.int64))
        )
        if inner is not None and self._row_lines is not None:
            records = np.concatenate([records[~lifted], records[lifted]])
        batcher, good = RowBatcher(), np.ones(len(objects), bool)
        for number, row in enumerate(object_rows(cut)):
            if row is None:
                good[number] = False
                self._reject_line(data, int(objects[number]), f"nested deeper than {DEPTH_LIMIT} levels")
            else:
                batcher.add(row)
        if batcher.rows:
            yield batcher.take()
        if self._row_lines is not None:
            self._row_lines += [records + self._line - 1, objects[good] + self._line - 1]

    def _look_at(self, data: bytes, lines: int) -> Counter[str]:
        """Return the layouts of some lines of a block; the main layout leaves them their lines."""
        found = detect(data[:65_536], lines)[0]
        last = data.find(b"\n", max(len(data) - 80 * lines, 0)) + 1
        if 0 < last < len(data) - 1:
            found += detect(data[last:], lines)[0]
        if not found.keys() <= self._names:
            self._names = self._names.union(found)
            self._layout = narrowed(self._main, self._names)
        return found

    def _fits(self, cut: Cut) -> bool:
        main, *others = (len(group.rests) for group in cut.groups)
        return main >= sum(others)


def modified(source: Source) -> datetime | None:
    """Return when a file, or a member of an archive, was changed last; None if that is not known."""
    try:
        return datetime.fromtimestamp(source.modified, UTC)
    except (OSError, ValueError, OverflowError):
        return None


def _clean(data: bytes) -> bytes:
    """Return text in UTF-8 without carriage returns and colours; other bytes become `\\xff`."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            data = data.decode("utf-8", "backslashreplace").encode()
    return data


def _main_layout(found: Counter[str], default: Layout) -> Layout:
    """Return the layout of most records, of those that a file may consist of."""
    return next((_BY_NAME[name] for name, _ in found.most_common() if _BY_NAME[name].alone), default)


def _last_start(data: bytes) -> int:
    """Return where the last record begins that the data has; 0 if that is its first byte or nowhere."""
    end = len(data) - data.endswith(b"\n")
    while end > 0:
        begin = data.rfind(b"\n", 0, end)
        if begin < 0:
            return 0
        if data[begin + 1 : begin + 2] not in b" \t\r\n" and layout_of(data, begin) is not None:
            return begin + 1
        end = begin
    return 0


def _is_torn_start(line: bytes, data: bytes) -> bool:
    """Whether a line breaks off within the beginning of a record, compared with the first record."""
    first = data.partition(b"\n")[0]
    found = layout_of(b"\n" + first)
    if found is None or layout_of(b"\n" + line) is not None or not line.strip():
        return False
    completed = b"\n" + line + first[len(line) :]
    again = layout_of(completed)
    return again is not None and again[0] is found[0]


READER = Reader("application log", (".log", ".txt", ".out", ".err"), sniff, read, lines="text")
