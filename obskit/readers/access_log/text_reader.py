"""Access logs as text: Apache's and nginx's common and combined formats with usual extensions, and Envoy's.

The first lines of a file decide its layout, unless the caller gives it as `log_format`. The vectorized parser
reads blocks of lines, or the regular expression of the layout if that is not tokens with spaces between them;
the line parser reads the lines that do not fit. Rows are in the file's order. Bytes that are not UTF-8 become
`\\xff`, as servers write them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from obskit.errors import ReadError
from obskit.readers.access_log.custom.columns import decode_json, standard_columns
from obskit.readers.access_log.custom.layout import compile_layout
from obskit.readers.access_log.field_mapping import to_events
from obskit.readers.access_log.line_parser import LINE_LIMIT, NO_LAYOUT, Fields, NotAnEntry, parse_entry
from obskit.readers.access_log.log_formats import CODES, COUNTS, ENVOY, LOGS, SECONDS, Layout
from obskit.readers.access_log.regex_splitter import RegexSplitter
from obskit.readers.access_log.vectorized import BlockSplitter, SplitBlock
from obskit.readers.io.line_blocks import Block, LineBlocks
from obskit.readers.io.source import Source
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import FileReport, ReadOptions
from obskit.schema.report import UNENDED

BLOCK = 2 * 1024 * 1024

REST_NOTE = (
    "access log lines end in values that nothing explains: they stay in access_log.rest, and no duration is "
    "read. If you know the layout, give it as log_format= or --log-format, such as "
    '\'%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D\' if they are microseconds'
)
UNENDED_NOTE = UNENDED

Columns = dict[str, pa.Array]

_CLOSED = (b'"', b"]", b"}")  # a value that ends with one of these is complete
_SNIFFED = 50
_CERTAIN = 0.5  # share of lines
_INTEGERS = frozenset({"micros", *CODES, *COUNTS})


def _lines(head: bytes, *, last: bool = False) -> list[str]:
    """Return the first or last lines of a file's head, without the very last, which may be incomplete."""
    text = head.removeprefix(UTF8_BOM)
    whole = text.rsplit(b"\n", _SNIFFED + 1)[1:] if last else text.split(b"\n", _SNIFFED)
    kept = whole[:-1] if len(whole) > 1 else whole
    return [line.decode("utf-8", "backslashreplace") for line in kept if line.strip()]


def detect_layout(head: bytes, layouts: Sequence[Layout]) -> tuple[Layout, float]:
    """Find the layout of a file.

    Args:
        head: the file's first bytes.
        layouts: the layouts that it can have.

    Returns:
        The layout of most of the first lines, and the share of these lines that are entries of any layout.
        If a program's start-up messages are before the entries, the last lines of the head decide.
    """
    first = _detect(_lines(head), layouts)
    if first[1] >= _CERTAIN:
        return first
    return max(first, _detect(_lines(head, last=True), layouts), key=lambda found: found[1])


def _detect(lines: list[str], layouts: Sequence[Layout]) -> tuple[Layout, float]:
    found: Counter[str] = Counter()
    entries = 0
    for line in lines:
        line = line.removesuffix("\r")
        fit = next((layout for layout in layouts if layout.pattern.fullmatch(line)), None)
        if (
            fit is not None
            and any(item.name == "clock" for item in fit.items)
            and not _is_entry(line, layouts)
        ):
            continue  # another server's time, such as Werkzeug's, which has no zone
        if fit is not None and not fit.cut:
            found[fit.name] += 1
        # Other servers write a time of another form in the same place.
        timed = fit is not None and "clock" not in fit.pattern.groupindex
        entries += timed or _is_entry(line, layouts)
    names = [name for name, _ in found.most_common(1)]
    chosen = next((layout for layout in layouts if layout.name in names), layouts[0])
    return chosen, entries / len(lines) if lines else 0.0


def _is_entry(line: str, layouts: Sequence[Layout]) -> bool:
    try:
        parse_entry(line, layouts[0], layouts)
    except NotAnEntry:
        return False
    return True


@dataclass(frozen=True)
class _Plan:
    """How the lines of one file are read.

    Attributes:
        layout: of most lines.
        layouts: that a line can have.
        family: prefix of fields without a convention.
        convert: turns the columns of these layouts into fields of `field_mapping`.
        decode: turns a value as it was written into text; None for the escapes of Apache and nginx.
        explain: says why a line has none of the layouts; None if there is nothing to say.
    """

    layout: Layout
    layouts: Sequence[Layout]
    family: str
    convert: Callable[[Columns], Columns]
    decode: Callable[[str], str] | None = None
    explain: Callable[[str], str] | None = None


class TextLog:
    """The reader for text logs of one family of servers.

    Args:
        layouts: that a line can have, the most common first.
        family: prefix of fields without a convention.
        convert: turns columns of these layouts into fields of `field_mapping`; it is given the time zone of
            times without one. None if the layouts have these fields.
        takes_log_format: whether the reader reads the layout that a caller gives.
        marks: bytes that every file of these layouts has.
        decode: turns a value as it was written into text; None decodes the escapes of Apache and nginx.
    """

    def __init__(
        self,
        layouts: Sequence[Layout],
        family: str,
        *,
        convert: Callable[[Columns, str | None], Columns] | None = None,
        takes_log_format: bool = False,
        marks: Sequence[bytes] = (b'"', b"["),
        decode: Callable[[str], str] | None = None,
    ) -> None:
        self._layouts = layouts
        self._family = family
        self._convert = convert
        self._takes_log_format = takes_log_format
        self._marks = marks
        self._decode = decode

    def sniff(self, head: bytes) -> Match:
        """Return how well the head of a file matches: certain if half of its lines are entries."""
        if not all(mark in head for mark in self._marks) or head.lstrip()[:1] == b"{":
            return Match.NO
        share = detect_layout(head, self._layouts)[1]
        return Match.CERTAIN if share >= _CERTAIN else Match.POSSIBLE if share >= 0.1 else Match.NO

    def _plan(self, head: bytes, options: ReadOptions) -> _Plan:
        if options.log_format is not None and self._takes_log_format:
            custom = compile_layout(options.log_format)
            decode = decode_json if custom.json else None

            def fields(columns: Columns) -> Columns:
                return standard_columns(columns, custom, options.tz)

            return _Plan(custom.layout, [custom.layout], custom.family, fields, decode, custom.mismatch)
        layout = detect_layout(head, self._layouts)[0]
        convert = self._convert
        if convert is None:
            return _Plan(layout, self._layouts, self._family, dict)
        return _Plan(
            layout,
            self._layouts,
            self._family,
            lambda columns: convert(columns, options.tz),
            self._decode,
        )

    def read(self, source: Source, report: FileReport, options: ReadOptions) -> Iterator[pa.RecordBatch]:
        """Yield the requests of a file as batches; lines that are not entries are rejected.

        Args:
            source: the file.
            report: counts the records that cannot be read.
            options: `log_format` is the layout of the lines, `tz` the time zone of times without one.

        Yields:
            Batches in the file's order.

        Raises:
            ReadError: no line of the file is an entry.
            InvalidArgument: the `log_format` cannot be read.
        """
        plan = self._plan(source.head, options)
        vectorizable = plan.layout.vectorizable
        splitter = BlockSplitter(plan.layout) if vectorizable else RegexSplitter(plan.layout)
        rows, first = 0, ""
        with source.stream() as stream:
            damage_reported = False
            for block in LineBlocks(stream, report, size=BLOCK, limit=LINE_LIMIT):
                columns, bad = _parse_block(block, plan, splitter)
                for position, reason in bad:
                    torn = block.torn and (position, reason) == bad[-1] and reason.startswith("torn")
                    if torn and stream.damage:
                        reason, damage_reported = stream.damage, True
                    report.reject(position, reason)
                    first = first or f" ({position}: {reason})"
                if columns:
                    _note(report, block, columns, bad)
                    batch = to_events(plan.convert(columns), plan.family)
                    rows += batch.num_rows
                    yield batch
            if stream.damage and not damage_reported:
                report.reject("end of the file", stream.damage)
        if not rows:
            hint = "the file may be truncated; copy it again"
            if plan.explain is not None:
                hint = "write log_format as the server's configuration has it"
            raise ReadError(f"{source.path} has no access log line{first}", hint=hint)


def _note(
    report: FileReport, block: Block, columns: Mapping[str, pa.Array], bad: list[tuple[str, str]]
) -> None:
    """Report values of unknown meaning, and a last value that may be incomplete."""
    if (rest := columns.get("rest")) is not None and rest.null_count < len(rest):
        report.note(REST_NOTE)
    torn = bool(bad) and bad[-1][1].startswith("torn")
    if block.torn and not torn and not block.data.rstrip().endswith(_CLOSED):
        report.note_open_end()


def _parse_block(
    block: Block, plan: _Plan, splitter: BlockSplitter | RegexSplitter
) -> tuple[Columns, list[tuple[str, str]]]:
    """Return the fields of a block's entries, and the position and reason of each other line."""
    split = splitter.split(block.data)
    found: list[Fields] = []
    lines: list[int] = []
    bad: list[tuple[str, str]] = []
    for number, begin, end in split.remaining:
        raw = block.data[begin:end]
        if not raw.strip():
            continue
        torn = block.torn and end == len(block.data)
        line = raw.decode("utf-8", "backslashreplace")
        try:
            found.append(parse_entry(line, plan.layout, plan.layouts, torn=torn, decode=plan.decode))
            lines.append(number)
        except NotAnEntry as error:
            reason = str(error)
            if plan.explain is not None and reason == NO_LAYOUT:
                reason = plan.explain(line.removesuffix("\r"))
            bad.append((f"line {block.line + number}, byte {block.offset + begin}", reason))
    return merge_entries(split, found, lines), bad


def unsplit(data: bytes) -> SplitBlock:
    """Return a block of lines that are all left to the line parser."""
    remaining, begin = [], 0
    for number, line in enumerate(data.split(b"\n")):
        remaining.append((number, begin, begin + len(line)))
        begin += len(line) + 1
    return SplitBlock({}, np.empty(0, np.int64), remaining)


def merge_entries(split: SplitBlock, found: list[Fields], lines: list[int]) -> dict[str, pa.Array]:
    """Put the rows of both parsers in the order of their lines.

    Args:
        split: the block, by the vectorized parser.
        found: entries by the line parser.
        lines: the line number of each of these.

    Returns:
        Field -> its values; empty if there is no row.
    """
    if not found:
        return split.columns if len(split.lines) else {}
    names = dict.fromkeys([*split.columns, *(name for row in found for name in row)])
    order = pa.array(np.argsort(np.concatenate((split.lines, lines)), kind="stable"))
    columns = {}
    for name in names:
        kind = pa.float64() if name in SECONDS else pa.int64() if name in _INTEGERS else pa.string()
        own = pa.array([row.get(name) for row in found], kind)
        values = split.columns.get(name, pa.nulls(len(split.lines), kind))
        values = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
        columns[name] = pa.concat_arrays([values.cast(kind), own]).take(order)
    return columns


_logs, _envoy = TextLog(LOGS, "nginx", takes_log_format=True), TextLog(ENVOY, "envoy")


def sniff_log_format(head: bytes, options: ReadOptions) -> Match:
    """Return how well the head of a file matches the layout that the caller gave.

    Args:
        head: the file's first bytes.
        options: with a `log_format`.

    Returns:
        CERTAIN if half of the first lines match it, POSSIBLE for other text.

    Raises:
        InvalidArgument: the `log_format` cannot be read.
    """
    layout = compile_layout(options.log_format or "").layout
    lines = [line.removesuffix("\r") for line in _lines(head)]
    matching = sum(layout.pattern.fullmatch(line) is not None for line in lines)
    if lines and matching >= len(lines) / 2:
        return Match.CERTAIN
    return Match.NO if b"\0" in head else Match.POSSIBLE


ACCESS = Reader(
    "access log", (".log", ".txt"), _logs.sniff, _logs.read, lines="text", sniff_log_format=sniff_log_format
)
ENVOY_TEXT = Reader("Envoy access log", (".log", ".txt"), _envoy.sniff, _envoy.read, lines="text")
