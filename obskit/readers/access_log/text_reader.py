"""Access logs as text: Apache's and nginx's common and combined formats with usual extensions, and Envoy's.

The first lines of a file decide its layout. The vectorized parser reads blocks of lines; the line parser
reads lines that do not fit, and all lines of a layout with labels. Rows are in the file's order. Bytes that
are not UTF-8 become `\\xff`, as servers write them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from obskit.errors import ReadError
from obskit.readers.access_log.field_mapping import to_events
from obskit.readers.access_log.line_parser import LINE_LIMIT, Fields, NotAnEntry, parse_entry
from obskit.readers.access_log.log_formats import CODES, COUNTS, ENVOY, LOGS, SECONDS, Layout
from obskit.readers.access_log.vectorized import BlockSplitter, SplitBlock
from obskit.readers.io.line_blocks import Block, LineBlocks
from obskit.readers.io.source import Source
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import FileReport, ReadOptions

BLOCK = 2 * 1024 * 1024
_SNIFFED = 50
_INTEGERS = frozenset({"micros", *CODES, *COUNTS})


def _lines(head: bytes) -> list[str]:
    """Return the first lines of a file's head, without the last one, which may be incomplete."""
    whole = head.removeprefix(UTF8_BOM).split(b"\n", _SNIFFED)
    kept = whole[:-1] if len(whole) > 1 else whole
    return [line.decode("utf-8", "backslashreplace") for line in kept if line.strip()]


def detect_layout(head: bytes, layouts: Sequence[Layout]) -> tuple[Layout, float]:
    """Find the layout of a file.

    Args:
        head: the file's first bytes.
        layouts: the layouts that it can have.

    Returns:
        The layout of most of the first lines, and the share of these lines that are entries of any layout.
    """
    lines = _lines(head)
    found: Counter[str] = Counter()
    entries = 0
    for line in lines:
        line = line.removesuffix("\r")
        fit = next((layout.name for layout in layouts if layout.pattern.fullmatch(line)), None)
        if fit is not None:
            found[fit] += 1
        entries += fit is not None or _is_entry(line, layouts)
    names = [name for name, _ in found.most_common(1)]
    chosen = next((layout for layout in layouts if layout.name in names), layouts[0])
    return chosen, entries / len(lines) if lines else 0.0


def _is_entry(line: str, layouts: Sequence[Layout]) -> bool:
    try:
        parse_entry(line, layouts[0], layouts)
    except NotAnEntry:
        return False
    return True


class _TextLog:
    """The reader for text logs of one family of servers."""

    def __init__(self, layouts: Sequence[Layout], family: str) -> None:
        self._layouts = layouts
        self._family = family

    def sniff(self, head: bytes) -> Match:
        """Return how well the head of a file matches: certain if half of its lines are entries."""
        if b'"' not in head or b"[" not in head or head.lstrip()[:1] in (b"{", b"<"):
            return Match.NO
        share = detect_layout(head, self._layouts)[1]
        return Match.CERTAIN if share >= 0.5 else Match.POSSIBLE if share >= 0.1 else Match.NO

    def read(self, source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
        """Yield the requests of a file as batches; lines that are not entries are rejected.

        Args:
            source: the file.
            report: counts the records that cannot be read.
            _options: not used.

        Yields:
            Batches in the file's order.

        Raises:
            ReadError: no line of the file is an entry.
        """
        layout = detect_layout(source.head, self._layouts)[0]
        splitter = BlockSplitter(layout) if layout.vectorizable else None
        rows, first = 0, ""
        with source.stream() as stream:
            damage_reported = False
            for block in LineBlocks(stream, report, size=BLOCK, limit=LINE_LIMIT):
                columns, bad = self._parse_block(block, layout, splitter)
                if block.torn and not (stream.damage or (bad and bad[-1][1].startswith("torn"))):
                    report.note_open_end()
                for position, reason in bad:
                    torn = block.torn and (position, reason) == bad[-1] and reason.startswith("torn")
                    if torn and stream.damage:
                        reason, damage_reported = stream.damage, True
                    report.reject(position, reason)
                    first = first or f" ({position}: {reason})"
                if columns:
                    batch = to_events(columns, self._family)
                    rows += batch.num_rows
                    yield batch
            if stream.damage and not damage_reported:
                report.reject("end of the file", stream.damage)
        if not rows:
            raise ReadError(
                f"{source.path} has no access log line{first}",
                hint="the file may be truncated; copy it again",
            )

    def _parse_block(
        self, block: Block, layout: Layout, splitter: BlockSplitter | None
    ) -> tuple[dict[str, pa.Array], list[tuple[str, str]]]:
        """Return the fields of a block's entries, and the position and reason of each other line."""
        split = unsplit(block.data) if splitter is None else splitter.split(block.data)
        found: list[Fields] = []
        lines: list[int] = []
        bad: list[tuple[str, str]] = []
        for number, begin, end in split.remaining:
            raw = block.data[begin:end]
            if not raw.strip():
                continue
            torn = block.torn and end == len(block.data)
            try:
                found.append(
                    parse_entry(raw.decode("utf-8", "backslashreplace"), layout, self._layouts, torn=torn)
                )
                lines.append(number)
            except NotAnEntry as error:
                bad.append((f"line {block.line + number}, byte {block.offset + begin}", str(error)))
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


_logs, _envoy = _TextLog(LOGS, "nginx"), _TextLog(ENVOY, "envoy")
ACCESS = Reader("access log", (".log", ".txt"), _logs.sniff, _logs.read, lines="text")
ENVOY_TEXT = Reader("Envoy access log", (".log", ".txt"), _envoy.sniff, _envoy.read, lines="text")
