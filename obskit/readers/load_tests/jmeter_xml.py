"""Results of JMeter as XML (`.jtl`).

    <testResults version="1.2">
    <httpSample t="250" lt="240" ct="12" ts="1777888800000" s="true" lb="Cart" rc="200" tn="Users 1-1"/>

`t` (elapsed), `lt` (latency), `ct` (connect) and `it` (idle) are milliseconds, `ts` is the start in
milliseconds since 1970. Samples within samples, such as redirects, are events too. The file is read as a
stream; of one that breaks off, the samples before the break are kept. Entities are not expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

import pyarrow as pa

from obskit.readers.batches.row_batcher import RowBatcher
from obskit.readers.io.source import Source
from obskit.readers.load_tests import jmeter_columns
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import FileReport, ReadOptions

NESTED = "JMeter's samples within samples are read next to the samples that contain them"
TEXT_LIMIT = 64 * 1024
"""Characters of a failure message or URL that are kept."""

_ROOT = re.compile(rb"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)?<testResults\b", re.DOTALL)
_COLUMNS = {
    "ts": "timeStamp",
    "t": "elapsed",
    "lb": "label",
    "rc": "responseCode",
    "rm": "responseMessage",
    "tn": "threadName",
    "dt": "dataType",
    "s": "success",
    "by": "bytes",
    "sby": "sentBytes",
    "ng": "grpThreads",
    "na": "allThreads",
    "lt": "Latency",
    "ct": "Connect",
    "it": "IdleTime",
    "hn": "Hostname",
}
"""Attributes of a sample, and JMeter's names for the same in CSV."""

_TEXTS = {"java.net.URL": "URL", "failureMessage": "failureMessage"}
_TYPES = dict.fromkeys([*_COLUMNS.values(), *_TEXTS.values()], pa.string())


def sniff(head: bytes) -> Match:
    """Return whether the root of a document is JMeter's."""
    return Match.CERTAIN if _ROOT.match(head.removeprefix(UTF8_BOM)) else Match.NO


class _Samples:
    """Collects the samples of a document while expat parses it."""

    def __init__(self, report: FileReport) -> None:
        self.found: list[dict[str, str]] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity
        self._report = report
        self._open: list[dict[str, str]] = []
        self._field: str | None = None

    def position(self) -> str:
        """Return where the parser is."""
        return f"line {self.parser.ErrorLineNumber}, byte {max(self.parser.ErrorByteIndex, 0)}"

    def unfinished(self) -> int:
        """Return how many samples have begun and not ended."""
        return len(self._open)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in ("httpSample", "sample"):
            if self._open:
                self._report.note(NESTED)
            row = {_COLUMNS[name]: value for name, value in attributes.items() if name in _COLUMNS}
            self._open.append(row)
        self._field = _TEXTS.get(tag)

    def _text(self, text: str) -> None:
        if self._field is not None and self._open:
            row = self._open[-1]
            row[self._field] = (row.get(self._field, "") + text)[:TEXT_LIMIT]

    def _end(self, tag: str) -> None:
        self._field = None
        if tag in ("httpSample", "sample") and self._open:
            self.found.append(self._open.pop())

    def _entity(self, *_: Any) -> None:
        raise ValueError("declares entities")


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the samples of a file as batches.

    Args:
        source: the file.
        report: counts what cannot be read.
        _options: not used.

    Yields:
        Batches in the order in which samples end.
    """
    samples = _Samples(report)
    batcher = RowBatcher(types=_TYPES)
    with source.stream() as stream:
        ended = False
        while not ended:
            piece = stream.piece()
            ended = not piece
            problem = _parse(samples, piece, ended)
            for row in samples.found:
                if "timeStamp" not in row and "elapsed" not in row:
                    report.reject(samples.position(), "a sample without a time")
                    continue
                batcher.add(row, 400)
                if batcher.full:
                    yield _converted(batcher.take(), report)
            samples.found.clear()
            if problem:
                report.reject(samples.position(), stream.damage or problem)
                break
        else:
            if stream.damage:
                report.reject("end of the file", stream.damage)
    if batcher.rows:
        yield _converted(batcher.take(), report)


def _parse(samples: _Samples, piece: bytes, ended: bool) -> str | None:
    """Parse a piece; return why the document ends early, or None."""
    try:
        samples.parser.Parse(piece, ended)
    except expat.ExpatError as error:
        if ended and samples.parser.ErrorByteIndex >= 0 and error.code in _CUT_OFF:
            return "torn: the XML ends before its root does"
        return "not XML; the rest of the file is not read"
    except ValueError as error:
        return f"the XML {error}; the rest of the file is not read"
    return None


_CUT_OFF = frozenset(
    expat.errors.codes[text]
    for text in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)


def _converted(batch: pa.RecordBatch, report: FileReport) -> pa.RecordBatch:
    return jmeter_columns.convert(batch, report)


READER = Reader("JMeter XML", (".jtl", ".xml"), sniff, read)
