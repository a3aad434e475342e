"""What `curl -w '%{json}'` prints: one object a request, a line each, over several lines, or end to end.

Objects of a format of one's own are read too if they have `time_total` (or `time_total_seconds`), `http_code`
or `response_code`, and a phase or a URL. `"response_code":000`, which is no JSON and which curl prints where
there was no answer, is 0. An object that is none of curl's is an event as it stands.
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
from obskit.readers.registry import Match, Reader
from obskit.schema import FileReport, ReadOptions

OBJECT_LIMIT = 1024 * 1024
"""Bytes of one object; curl's are about two thousand, a chain of certificates makes them ten thousand."""

_BUFFER = 2 * OBJECT_LIMIT
# Python's error about JSON counts the lines before it, so what was read may not pile up before it.
_BEHIND = 32 * 1024
_SNIFFED = 20
_BOM = "\ufeff"
# Zeros before a number's first other digit become spaces, so that every place stays where it was.
_ZEROS = re.compile(r'("(?:response_code|http_code|http_connect|exitcode)"\s*:\s*)(0+)(?=\d)')
# Where to go on after what cannot be read: the next line, or the next object after a closing brace.
_AGAIN = re.compile(r"\n|\}\s*(?=\{)")
_BLANK = re.compile(r"[\s,]*")


def _parse_int(text: str) -> int | float:
    """Return an integer of any length, as floats beyond 64 bits; `int` refuses the longest of all."""
    value = int(text) if len(text) < 21 else 2**64
    return value if -(2**63) <= value < 2**64 else float(text)


_DECODER = json.JSONDecoder(parse_int=_parse_int)


class _Piece(NamedTuple):
    """A piece of text: an object, or why it is none; where it begins and ends in the text."""

    row: dict[str, Any] | None
    why: str
    start: int
    end: int


def _readable(text: str) -> str:
    return _ZEROS.sub(lambda found: found[1] + " " * len(found[2]), text)


def _next(text: str, at: int) -> _Piece | None:
    """Return what begins at or after a place; None at the end of the text."""
    start = _BLANK.match(text, at).end()  # type: ignore[union-attr]
    if start >= len(text):
        return None
    again = start + 1
    try:
        row, end = _DECODER.raw_decode(text, start)
    except RecursionError:
        why = f"nested deeper than {DEPTH_LIMIT} levels"
        again += DEPTH_LIMIT  # levels of the same object: beginning anew at each would take its square
    except ValueError:
        why = "not JSON"
    else:
        if type(row) is dict and end - start <= OBJECT_LIMIT:
            return _Piece(row, "", start, end)
        why = "not a JSON object" if type(row) is not dict else "an object of more than 1 MiB"
        return _Piece(None, why, start, end)
    found = _AGAIN.search(text, again)
    return _Piece(None, why, start, found.end() if found else len(text))


def sniff(head: bytes) -> Match:
    """Say whether the first objects of the head are all curl's."""
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


class _Text:
    """A stream as text in a buffer: at least an object's worth from `at`, and where that is in the file."""

    def __init__(self, stream: Stream) -> None:
        self.text, self.at, self.ended = "", 0, False
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._line, self._offset, self._begun = 1, 0, False

    def fill(self) -> None:
        """Read on where less than an object's worth is left; `at` may change, and what `text` begins with."""
        if self.at > _BEHIND:
            self.text, self.at = self.text[self.at :], 0
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
        self.text, self.at = _readable(text), 0

    def skip(self, end: int) -> None:
        """Go on to a place in the text."""
        passed = self.text[self.at : end]
        self._line += passed.count("\n")
        self._offset += len(passed) if passed.isascii() else len(passed.encode("utf-8", "surrogateescape"))
        self.at = end

    def place(self) -> str:
        """Say where in the file `at` is."""
        return f"line {self._line}, byte {self._offset}"


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Give the requests of a file as batches, what is no object counted with its place.

    Raises:
        ReadError: the file holds not one object.
        LimitExceeded: too many field names.
    """
    batcher, rows, first = RowBatcher(), 0, ""
    with source.stream() as stream:
        text = _Text(stream)
        text.fill()
        while (piece := _next(text.text, text.at)) is not None or not text.ended:
            if piece is None:
                text.skip(len(text.text))
                text.fill()
                continue
            text.skip(piece.start)
            why = _added(batcher, piece)
            if why:
                if text.ended and piece.end >= len(text.text) and not text.text.endswith("\n"):
                    why = stream.damage or ("torn: the file ends within it" if why == "not JSON" else why)
                report.reject(text.place(), why)
                first = first or f"{text.place()}: {why}"
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
            f"{source.path} has no object that curl printed ({first})", hint="was it written to its end?"
        )


def _added(batcher: RowBatcher, piece: _Piece) -> str:
    """Add a piece's event; return why that cannot be, or nothing."""
    if piece.row is None:
        return piece.why
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
    """Return an event's bytes.

    Raises:
        UnicodeEncodeError: half pairs, and bytes that were no UTF-8.
    """
    return len(json.dumps(event, ensure_ascii=False).encode())


READER = Reader("curl", (".json", ".jsonl", ".curl", ".txt"), sniff, read)
