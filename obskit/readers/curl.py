"""The output of `curl -w '%{json}'`: one object per request, on one line or several, or end to end.

Objects of a custom format are also read if they have `time_total` (or `time_total_seconds`), `http_code` or
`response_code`, and a phase or a URL. For a request without an answer curl prints `"response_code":000`,
which is not JSON; it is read as 0. An object that is not from curl is an event with its own fields.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa

from obskit.errors import ReadError
from obskit.names.curl import as_event, is_timing
from obskit.readers.batches.row_batcher import DEPTH_LIMIT, RowBatcher, TooDeep, flat
from obskit.readers.io.source import Source, Stream
from obskit.readers.json_text import JsonText
from obskit.readers.registry import Match, Reader
from obskit.schema import FileReport, ReadOptions

OBJECT_LIMIT = 1024 * 1024
"""Bytes of one object; curl's have about two thousand, or ten thousand with a chain of certificates."""

_BUFFER = 2 * OBJECT_LIMIT
# Python's JSON error counts all lines before it, so text that was read already must not accumulate.
_BEHIND = 32 * 1024
_SNIFFED = 20
_BOM = "\ufeff"
# Leading zeros of a number become spaces, so that all offsets stay the same.
_ZEROS = re.compile(r'("(?:response_code|http_code|http_connect|exitcode)"\s*:\s*)(0+)(?=\d)')
# Where reading continues after an error: at the next line, or at the next object after a closing brace.
_AGAIN = re.compile(r"\n|\}\s*(?=\{)")
_BLANK = re.compile(r"[\s,]*")


def _parse_int(text: str) -> int | float:
    """Return an integer, or a float if it does not fit in 64 bits; `int` refuses very long texts."""
    value = int(text) if len(text) < 21 else 2**64
    return value if -(2**63) <= value < 2**64 else float(text)


_DECODER = json.JSONDecoder(parse_int=_parse_int)


class _Piece(NamedTuple):
    """An object in a text, or the reason why a piece of text is not an object."""

    row: dict[str, Any] | None
    problem: str
    start: int
    end: int


def _readable(text: str) -> str:
    return _ZEROS.sub(lambda found: found[1] + " " * len(found[2]), text)


def _next(text: str, at: int) -> _Piece | None:
    """Return the next object at or after an offset; None at the end of the text."""
    start = _BLANK.match(text, at).end()  # type: ignore[union-attr]
    if start >= len(text):
        return None
    again = start + 1
    try:
        row, end = _DECODER.raw_decode(text, start)
    except RecursionError:
        problem = f"nested deeper than {DEPTH_LIMIT} levels"
        again += DEPTH_LIMIT  # restarting at each level of the object would take quadratic time
    except ValueError:
        problem = "not JSON"
    else:
        if type(row) is dict and end - start <= OBJECT_LIMIT:
            return _Piece(row, "", start, end)
        problem = "not a JSON object" if type(row) is not dict else "object is larger than 1 MiB"
        return _Piece(None, problem, start, end)
    found = _AGAIN.search(text, again)
    return _Piece(None, problem, start, found.end() if found else len(text))


def sniff(head: bytes) -> Match:
    """Return how well the head of a file matches: its first objects must all be curl's."""
    if b'"time_total' not in head or b'_code"' not in head:
        return Match.NO
    text = _readable(head.decode("utf-8", "replace").removeprefix(_BOM))
    if text.lstrip()[:1] != "{":
        return Match.NO
    seen, at = 0, 0
    while seen < _SNIFFED and (piece := _next(text, at)) is not None:
        if piece.row is not None:
            if not is_timing(piece.row):
                return Match.NO
            seen += 1
        elif not seen and piece.end >= len(text):
            return Match.NO
        at = piece.end
    return Match.DIALECT if seen else Match.NO


class _TextBuffer:
    """The text of a stream around the offset `at`, and the position of `at` in the file."""

    def __init__(self, stream: Stream) -> None:
        self.text, self.at, self.ended = "", 0, False
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._line, self._offset, self._begun = 1, 0, False

    def fill(self) -> None:
        """Read more if less than `OBJECT_LIMIT` is left after `at`. This moves `text` and `at`."""
        if self.at > _BEHIND:
            self.text, self.at = JsonText(self.text[self.at :]), 0
        if self.ended or len(self.text) - self.at > OBJECT_LIMIT:
            return
        pieces, have = [self.text[self.at :]], len(self.text) - self.at
        while not self.ended and have < _BUFFER:
            raw = self._stream.piece()
            self.ended = not raw
            pieces.append(self._decode(raw, self.ended))
            have += len(pieces[-1])
        text = "".join(pieces)
        if not self._begun:
            self._begun = True
            if text.startswith(_BOM):
                text, self._offset = text[1:], 3
        self.text, self.at = JsonText(_readable(text)), 0

    def skip(self, end: int) -> None:
        """Move `at` forward to an offset in the text."""
        passed = self.text[self.at : end]
        self._line += passed.count("\n")
        self._offset += len(passed) if passed.isascii() else len(passed.encode("utf-8", "surrogateescape"))
        self.at = end

    def position(self) -> str:
        """Return the position of `at` in the file."""
        return f"line {self._line}, byte {self._offset}"


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the requests of a file as batches; anything that is not an object is rejected.

    Args:
        source: the file.
        report: counts the records that cannot be read.
        _options: not used.

    Yields:
        Batches in the file's order.

    Raises:
        ReadError: the file has no object.
        LimitExceeded: there are too many field names.
    """
    batcher, rows, first = RowBatcher(), 0, ""
    with source.stream() as stream:
        text = _TextBuffer(stream)
        text.fill()
        while (piece := _next(text.text, text.at)) is not None or not text.ended:
            if piece is None:
                text.skip(len(text.text))
                text.fill()
                continue
            text.skip(piece.start)
            problem = _add_event(batcher, piece)
            if problem:
                if text.ended and piece.end >= len(text.text) and not text.text.endswith("\n"):
                    torn = "torn: the file ends within it" if problem == "not JSON" else problem
                    problem = stream.damage or torn
                report.reject(text.position(), problem)
                first = first or f"{text.position()}: {problem}"
            else:
                rows += 1
            text.skip(piece.end)
            if batcher.full:
                yield batcher.take()
            text.fill()
        damage = stream.damage
    if batcher.rows:
        yield batcher.take()
    if damage and damage not in first:
        report.reject("end of the file", damage)
    if first and not rows:
        raise ReadError(
            f"{source.path} has no JSON object printed by curl ({first})",
            hint="the file may be truncated; run curl again",
        )


def _add_event(batcher: RowBatcher, piece: _Piece) -> str:
    """Add a piece's event; return why it cannot be added, or an empty text."""
    if piece.row is None:
        return piece.problem
    try:
        row = flat(piece.row)
        event = as_event(row) if is_timing(row) else row
        batcher.add(event, _size(event))
    except TooDeep:
        return f"nested deeper than {DEPTH_LIMIT} levels"
    except UnicodeEncodeError:
        return "not UTF-8"
    return ""


def _size(event: dict[str, Any]) -> int:
    """Return how many bytes an event has.

    Raises:
        UnicodeEncodeError: a text has a lone surrogate, or bytes that were not UTF-8.
    """
    return len(json.dumps(event, ensure_ascii=False).encode())


READER = Reader("curl", (".json", ".jsonl", ".curl", ".txt"), sniff, read)
