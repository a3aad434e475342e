"""Records of a JSON document that a reader of JSON lines knows better, given to it line by line.

    [{"logger": "http.log.access", "request": {...}, "status": 200}, ...]    Caddy's requests in a list

A list of such records is what `jq -s .` makes of their lines. Without their reader they would be flat rows,
whose durations have no unit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from obskit.errors import ReadError
from obskit.readers.io.source import Source
from obskit.readers.jsonl.envelopes import NotRecord, loki_metrics, records
from obskit.readers.prefixed.inner_source import Collected, InnerSource
from obskit.readers.registry import REGISTRY, Match, Reader
from obskit.readers.spans.json_documents import CutPoints, SpanFormat
from obskit.schema import FileReport, LoadReport, ReadOptions

_TRIED = 20
_LINE = re.compile(r"line (\d+)(?:,.*)?")
_DECODER = json.JSONDecoder()


def line_reader(text: bytes, cuts: CutPoints | None) -> Reader | None:
    """Return the reader of JSON lines that is certain of a document's first records.

    Args:
        text: the beginning of the document.
        cuts: where its list begins; None if that is not known.

    Returns:
        The reader; None if the records are flat events.
    """
    lines = [orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in _first_records(text, cuts)]
    if not lines:
        return None
    for reader in REGISTRY.readers():
        if reader.lines == "json" and reader.sniff(b"".join(lines)) is Match.DIALECT:
            return reader
    return None


def _first_records(text: bytes, cuts: CutPoints | None) -> list[dict[str, Any]]:
    try:
        found: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = _first_items(text[cuts.begin :].decode(errors="replace")) if cuts else []
    out: list[dict[str, Any]] = []
    for record in records(found):
        if len(out) == _TRIED:
            break
        if type(record) is dict:
            out.append(record)
    return out


def _first_items(text: str) -> list[Any]:
    """Return the first objects of a list that does not end within the text."""
    out: list[Any] = []
    at = 0
    while len(out) < _TRIED:
        try:
            item, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        out.append(item)
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n,"))
    return out


class RecordLines(SpanFormat):
    """The records of one file as lines for another reader.

    Args:
        report: counts the records that cannot be read.
        source: the file.
        reader: of JSON lines.
        options: of the call to `load`.
        cut: returns where a document can be cut.
    """

    name = "a JSON document of records"

    def __init__(
        self, report: FileReport, source: Source, reader: Reader, options: ReadOptions, cut: Any
    ) -> None:
        super().__init__(report)
        self._source, self._reader, self._options, self._cut = source, reader, options, cut
        self._positions: list[str] = []
        self._lines: list[bytes] = []

    def cut_points(self, data: bytes) -> CutPoints | None:
        """Return where a list can be cut."""
        found: CutPoints | None = self._cut(data)
        return found

    def parse_rows(self, document: Any, where: str) -> Iterator[dict[str, Any]]:
        """Keep the records of a document as lines; anything else is rejected."""
        if loki_metrics(document):
            self.reject(where or "the document", "metrics are not events")
            return
        for record in records(document):
            position = self.next_position(where, "record")
            if isinstance(record, NotRecord):
                self.reject(position, str(record))
                continue
            self._lines.append(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
            self._positions.append(position)
        yield from ()

    def flush(self) -> Iterator[pa.RecordBatch]:
        """Yield what the reader makes of the lines that are kept."""
        if not self._lines:
            return
        data, positions = memoryview(b"".join(self._lines)), self._positions
        self._lines, self._positions = [], []
        own = LoadReport(display_names=self.report.report.display_names)
        collected = Collected(own, self.report.path)
        try:
            for batch in self._reader.read(InnerSource(self._source, data), collected, self._options):
                self.rows_given += batch.num_rows
                yield batch
        except ReadError:
            pass  # no line can be read: each of them was rejected
        for position, reason in collected.found:
            line = _LINE.fullmatch(position)
            number = int(line[1]) if line else 0
            self.reject(positions[number - 1] if 0 < number <= len(positions) else position, reason)
        for note in own.notes:
            self.report.note(note)
        for key, rows in own.overridden.items():
            self.report.override(key, rows)
