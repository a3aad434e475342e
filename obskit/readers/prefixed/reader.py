"""Lines behind a prefix that another program wrote: the prefix becomes fields, the rest is read as it is.

    [pod/shop-1/app] {"time": "2026-05-04T10:00:00Z", "msg": "served"}
    2026-05-04T10:00:00.413656027Z stdout F 10.0.0.7 - - [04/May/2026:10:00:00 +0000] "GET / HTTP/1.1" 502 13

become an event with `k8s.pod.name` and `k8s.container.name`, and a request with `client.address` 10.0.0.7 and
`log.iostream`. The time of the prefix is `timestamp` if the line has none of its own; it is always
`observed_timestamp` for lines of a known format.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa

from obskit.errors import ReadError
from obskit.readers.io.line_blocks import Block, LineBlocks
from obskit.readers.io.source import Source, Stream
from obskit.readers.prefixed.detection import Layout, detect
from obskit.readers.prefixed.docker import split_docker
from obskit.readers.prefixed.inner import InnerLines
from obskit.readers.prefixed.lines import Lines, Peeler, Prefixes, joined
from obskit.readers.prefixed.octets import (
    MessageReport,
    UnframedSource,
    is_framed,
    unframed_head,
    with_line_breaks,
)
from obskit.readers.prefixed.parts import PartJoiner
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import after_banner
from obskit.schema import FileReport, ReadOptions
from obskit.schema.report import TORN

BLOCK = 1024 * 1024
"""Bytes of a block: it and the arrays of its lines fit the processor's cache."""

CHUNK = 8 * 1024 * 1024
"""Bytes of inner lines that are read at once."""


def sniff(head: bytes) -> Match:
    """Return how well the head of a file matches: surely, or not at all."""
    return Match.NO if detect(unframed_head(head) if is_framed(head) else head) is None else Match.DIALECT


def read(source: Source, report: FileReport, options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the events of the lines behind prefixes.

    Args:
        source: the file.
        report: counts what cannot be read.
        options: how to read it; passed on to the readers of the lines.

    Yields:
        Batches with the fields of the prefixes; rows of one source are in the file's order.

    Raises:
        ReadError: no line can be read.
    """
    if is_framed(source.head):
        framed, report = source, MessageReport(report.report, report.path, report.growing)
        yield from map(with_line_breaks, read(UnframedSource(framed, report), report, options))
        return
    layout = detect(source.head) or detect(after_banner(source.head))
    if layout is None:
        raise ReadError(
            f"{source.path} has no prefix that obskit knows before its lines",
            hint="the file may have changed while it was read; load it again",
        )
    rows, before = 0, report.report.rejected_count
    with source.stream() as stream:
        file = _PrefixedFile(source, layout, report, options)
        for batch in file.batches(stream):
            rows += batch.num_rows
            yield batch
    file.note()
    if not rows and report.report.rejected_count > before:
        first = next((r for r in report.report.rejected if r.file == report.path), None)
        where = f" ({first.position}: {first.reason})" if first else ""
        raise ReadError(
            f"{source.path} has no line behind a prefix of {layout.name} that can be read{where}",
            hint="the file may be truncated; copy it again",
        )


class _PrefixedFile:
    """A file that is being read."""

    def __init__(self, source: Source, layout: Layout, report: FileReport, options: ReadOptions) -> None:
        self._layout = layout
        self._report = report
        self._joiner = PartJoiner(report)
        self._newest = datetime.fromtimestamp(source.modified, UTC)
        self._peeler = Peeler(layout.kinds, self._newest, self._joiner, options.tz, docker=layout.docker)
        keys = [name for kind in layout.kinds for name in kind.source]
        keys += ["log.iostream"] if layout.docker else []
        self._inner = InnerLines(source, report, options, keys, layout.name)
        self._damage_reported = False

    def batches(self, stream: Stream) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the file."""
        prefixes = Prefixes()
        waiting: list[Lines] = []
        size, torn = 0, False
        for block in LineBlocks(stream, self._report, size=BLOCK):
            lines = self._lines(block, prefixes)
            if block.torn:
                lines, torn = self._last(block, lines, stream)
            waiting.append(lines)
            size += len(block.data)
            if size >= CHUNK and not block.torn:
                yield from self._inner.read(joined(waiting), prefixes, last=False)
                waiting, size, prefixes = [], 0, Prefixes()
        if waiting or self._inner.waits:
            waiting = waiting or [self._lines(Block(b"", 1, 0, torn=False), prefixes)]
            yield from self._inner.read(joined(waiting), prefixes, last=True, torn=torn)
        self._joiner.finish()
        if stream.damage and not self._damage_reported:
            self._report.reject("end of the file", stream.damage)

    def note(self) -> None:
        """Say in the report what was removed, and what the lines were read as."""
        formats = ", ".join(self._inner.formats) or "nothing"
        if not self._layout.kinds and not self._layout.docker:
            self._report.note(f"colours of a terminal were removed, and the lines were read as {formats}")
            return
        self._report.note(
            f"each line has a prefix ({self._layout.name}): it was removed and kept as fields, and the "
            f"lines were read as {formats}"
        )
        if any("bsd" in kind.parts for kind in self._layout.kinds):
            self._report.note(
                f"times of {self._layout.name} without a year are in the last year before the file was "
                f"written ({self._newest:%Y-%m-%d})"
            )
        if self._peeler.odd_times:
            self._report.note(
                f"{self._peeler.odd_times:,} times of {self._layout.name} occur twice, or not at all, "
                "because the clock was changed: read as the earlier one, or moved forward"
            )

    def _lines(self, block: Block, prefixes: Prefixes) -> Lines:
        if self._layout.docker:
            split = split_docker(block, self._peeler, prefixes, self._report)
        else:
            split = self._peeler.split(block)
        return self._peeler.peel(split, prefixes)

    def _last(self, block: Block, lines: Lines, stream: Stream) -> tuple[Lines, bool]:
        """Return the lines of the last block, and whether the last one may be incomplete.

        A line that ends within its prefix is rejected.
        """
        number = block.line + block.data.count(b"\n")
        begin = block.data.rfind(b"\n") + 1
        if self._layout.docker or not block.data[begin:].strip():
            return lines, False
        is_last = len(lines.number) > 0 and int(lines.number[-1]) == number
        if is_last and (int(lines.prefix[-1]) or not self._layout.kinds):
            return lines, True
        why = stream.damage or f"{TORN}the file ends within the line"
        self._damage_reported = bool(stream.damage)
        self._report.reject(f"line {number}, byte {block.offset + begin}", why)
        return (lines.take(slice(-1)) if is_last else lines), False


READER = Reader("lines with a prefix", (".log", ".txt"), sniff, read, lines="text")
