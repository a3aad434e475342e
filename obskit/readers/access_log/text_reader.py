"""Access logs as text: Apache's and nginx's common and combined ones and what is usual around them; Envoy's.

A file's layout is told by its first lines. Blocks of lines are taken apart by arrays (`block`); a line that
does not fit goes by itself (`single`), and so does every line of a layout for which there is no such way.
Rows come in the file's order. Bytes that are no UTF-8 are written as `\\xff`, as servers do themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from obskit.errors import ReadError
from obskit.readers.access_log.field_mapping import event
from obskit.readers.access_log.line_parser import LINE_LIMIT, Fields, NoEntry, fields
from obskit.readers.access_log.log_formats import CODES, COUNTS, ENVOY, LOGS, SECONDS, Layout
from obskit.readers.access_log.vectorized import Split, Splitter
from obskit.readers.io.line_blocks import Block, LineBlocks
from obskit.readers.io.source import Source
from obskit.readers.registry import Match, Reader
from obskit.schema import FileReport, ReadOptions

BLOCK = 2 * 1024 * 1024
_SNIFFED = 50
_INTEGERS = frozenset({"micros", *CODES, *COUNTS})


def _lines(head: bytes) -> list[str]:
    """Return the first lines of a file's head, without one that the head may have cut off."""
    whole = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", _SNIFFED)
    kept = whole[:-1] if len(whole) > 1 else whole
    return [line.decode("utf-8", "backslashreplace") for line in kept if line.strip()]


def layout_of(head: bytes, layouts: Sequence[Layout]) -> tuple[Layout, float]:
    """Return the layout that most of the first lines have, and the share of lines that are entries at all."""
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
        fields(line, layouts[0], layouts)
    except NoEntry:
        return False
    return True


class _Log:
    """The reader of one kind of log."""

    def __init__(self, layouts: Sequence[Layout], family: str) -> None:
        self._layouts = layouts
        self._family = family

    def sniff(self, head: bytes) -> Match:
        """Say whether at least half of the first lines are entries of such a log."""
        if b'"' not in head or b"[" not in head or head.lstrip()[:1] in (b"{", b"<"):
            return Match.NO
        share = layout_of(head, self._layouts)[1]
        return Match.CERTAIN if share >= 0.5 else Match.POSSIBLE if share >= 0.1 else Match.NO

    def read(self, source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
        """Give the requests of a file as batches, lines that are no entries counted with their place.

        Raises:
            ReadError: the file has not one entry.
        """
        layout = layout_of(source.head, self._layouts)[0]
        splitter = Splitter(layout) if layout.whole else None
        rows, first = 0, ""
        with source.stream() as stream:
            told = False
            for block in LineBlocks(stream, report, size=BLOCK, limit=LINE_LIMIT):
                columns, bad = self._taken(block, layout, splitter)
                for position, why in bad:
                    if block.torn and (position, why) == bad[-1] and why.startswith("torn") and stream.damage:
                        why, told = stream.damage, True
                    report.reject(position, why)
                    first = first or f" ({position}: {why})"
                if columns:
                    batch = event(columns, self._family)
                    rows += batch.num_rows
                    yield batch
            if stream.damage and not told:
                report.reject("end of the file", stream.damage)
        if not rows:
            raise ReadError(
                f"{source.path} has no line of an access log{first}", hint="was it written to its end?"
            )

    def _taken(
        self, block: Block, layout: Layout, splitter: Splitter | None
    ) -> tuple[dict[str, pa.Array], list[tuple[str, str]]]:
        """Return the fields of a block's lines, and where and why lines are none."""
        taken = _untaken(block.data) if splitter is None else splitter.split(block.data)
        found: list[Fields] = []
        lines: list[int] = []
        bad: list[tuple[str, str]] = []
        for number, begin, end in taken.left:
            raw = block.data[begin:end]
            if not raw.strip():
                continue
            torn = block.torn and end == len(block.data)
            try:
                found.append(
                    fields(raw.decode("utf-8", "backslashreplace"), layout, self._layouts, torn=torn)
                )
                lines.append(number)
            except NoEntry as error:
                bad.append((f"line {block.line + number}, byte {block.offset + begin}", str(error)))
        return _joined(taken, found, lines), bad


def _untaken(data: bytes) -> Split:
    places, begin = [], 0
    for number, line in enumerate(data.split(b"\n")):
        places.append((number, begin, begin + len(line)))
        begin += len(line) + 1
    return Split({}, np.empty(0, np.int64), places)


def _joined(taken: Split, found: list[Fields], lines: list[int]) -> dict[str, pa.Array]:
    """Return the rows of both ways in the order of their lines."""
    if not found:
        return taken.columns if len(taken.lines) else {}
    names = dict.fromkeys([*taken.columns, *(name for row in found for name in row)])
    order = pa.array(np.argsort(np.concatenate((taken.lines, lines)), kind="stable"))
    columns = {}
    for name in names:
        kind = pa.float64() if name in SECONDS else pa.int64() if name in _INTEGERS else pa.string()
        own = pa.array([row.get(name) for row in found], kind)
        many = taken.columns.get(name, pa.nulls(len(taken.lines), kind))
        many = many.dictionary_decode() if pa.types.is_dictionary(many.type) else many
        columns[name] = pa.concat_arrays([many.cast(kind), own]).take(order)
    return columns


_logs, _envoy = _Log(LOGS, "nginx"), _Log(ENVOY, "envoy")
ACCESS = Reader("access log", (".log", ".txt"), _logs.sniff, _logs.read, lines="text")
ENVOY_TEXT = Reader("Envoy access log", (".log", ".txt"), _envoy.sniff, _envoy.read, lines="text")
