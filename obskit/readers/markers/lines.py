"""Markers of which each is a line of text: read the lines, count those that are not markers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator

import pyarrow as pa

from obskit.readers.batches.row_batcher import RowBatcher
from obskit.readers.io.line_blocks import LineBlocks
from obskit.readers.io.source import Source
from obskit.readers.markers.rows import Row
from obskit.schema import NAMED, FileReport

LINE_LIMIT = 1024 * 1024
BLOCK = 1024 * 1024

ParseLine = Callable[[str], Row | str]
"""Takes a line without its end, and returns the marker, or why it is not one."""


def cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line of CSV; none if it cannot be parsed."""
    try:
        return next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []


def read_lines(
    source: Source, report: FileReport, parse: ParseLine, *, header: bool
) -> Iterator[pa.RecordBatch]:
    """Yield the markers of a file as batches.

    Args:
        source: the file.
        report: counts the lines that are not markers.
        parse: makes a marker of a line.
        header: whether the first line that is not empty is a header, which is left out.

    Yields:
        Batches in the file's order; none if no line is a marker.
    """
    batcher = RowBatcher(dict(NAMED))
    with source.stream() as stream:
        for block in LineBlocks(stream, report, size=BLOCK, limit=LINE_LIMIT):
            offset = block.offset
            for number, line in enumerate(block.data.split(b"\n"), start=block.line):
                if line.strip() and not header:
                    found = _parsed(line, parse)
                    if isinstance(found, str):
                        report.reject(f"line {number}, byte {offset}", found)
                    else:
                        batcher.add(found)
                header = header and not line.strip()
                offset += len(line) + 1
            if batcher.rows:
                yield batcher.take()
            if block.torn and not stream.damage:
                report.note_open_end()
        if stream.damage:
            report.reject("end of the file", stream.damage)


def _parsed(line: bytes, parse: ParseLine) -> Row | str:
    try:
        text = line.decode().strip("\r")
    except UnicodeDecodeError:
        return "not UTF-8"
    return parse(text)
