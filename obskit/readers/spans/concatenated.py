"""Find JSON objects that follow each other in a text, with or without line breaks and other text between.

    Starting collector                          rejected: line 1, byte 0: not JSON
    {                                    ->     an object
      "name": "GET /cart"
    }{"name": "GET /"}                          another object

An object begins at the start of a line, right after another object, or where the caller's pattern says. If it
is not JSON, the search goes on at the next place where an object may begin.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from obskit.readers.json_text import JsonText

LINE_START = re.compile(r"^\{", re.MULTILINE)
"""Where an object begins in pretty-printed JSON: nested objects are indented."""

# Only where an object ends matters. `int` raises a ValueError for a number of more than 4,300 digits.
_DECODER = json.JSONDecoder(parse_int=len, parse_float=len)
_PART = re.compile(r"\S{0,8}")
_GAP = re.compile(r"[\s,]*")
_EFFORT = 8
"""Characters scanned per character of the text, before damaged objects are skipped as a whole."""

_SHORTEST = 256
"""Characters of the shortest part in which the decoder may reach its limit of nesting."""


class Piece(NamedTuple):
    """A part of a text.

    Attributes:
        begin, end: byte offsets.
        is_object: whether it is a JSON object, rather than text around objects.
        torn: the text ends within the object that begins here.
    """

    begin: int
    end: int
    is_object: bool
    torn: bool = False


class Positions:
    """Positions of offsets in a text, which have to be asked for in order.

    Args:
        data: the text.
        line: number of its first line.
        offset: of the text in its file.
    """

    def __init__(self, data: bytes, line: int = 1, offset: int = 0) -> None:
        self._data = data
        self._at = 0
        self._line = line
        self._offset = offset

    def of(self, at: int) -> str:
        """Return the position of an offset, such as "line 3, byte 120"."""
        self._line += self._data.count(b"\n", self._at, at)
        self._at = at
        return f"line {self._line}, byte {self._offset + at}"


def find_objects(data: bytes, start: re.Pattern[str] = LINE_START) -> Iterator[Piece]:
    """Yield the objects in a text, and the text between them unless it is blank.

    Args:
        data: any bytes; those that are not ASCII matter only to who parses the pieces.
        start: matches where an object may begin, besides right after another one. The match begins with it.

    Yields:
        Pieces in order.

    Cost: linear in the length of the text, whatever is in it.
    """
    text = JsonText(data.decode("latin-1"))  # a character per byte, and JSON's own characters are ASCII
    left = _EFFORT * len(text)
    at = done = 0
    torn = False
    while (begin := _next_start(text, at, done, start)) >= 0:
        try:
            _, end = _DECODER.raw_decode(text, begin)
        except json.JSONDecodeError as error:
            # A string without an end is an error where it begins, but was read to the end of the text.
            failed = len(text) if error.msg.startswith("Unterminated") else error.pos
            # A word such as `true`, or an escape, that breaks off is an error where it begins.
            torn = torn or _PART.fullmatch(text, failed) is not None
        except RecursionError:
            failed = _too_deep(text, begin)
        else:
            if text[done:begin].strip():
                yield Piece(done, begin, False)
            yield Piece(begin, end, True)
            at = done = _GAP.match(text, end).end()  # type: ignore[union-attr]
            torn = False
            continue
        left -= failed - begin
        at = max(failed if left < 0 else 0, begin + 1)
    if text[done:].strip():
        yield Piece(done, len(text), False, torn)


def _too_deep(text: str, begin: int) -> int:
    """Return about how far the decoder comes before it gives up because of nesting: at least half of the way.

    The error does not say where it was, so parts of twice the length are tried until one is too deep as well.
    """
    size = _SHORTEST
    while begin + 2 * size < len(text):
        try:
            _DECODER.raw_decode(text[begin : begin + 2 * size])
        except RecursionError:
            break
        except json.JSONDecodeError:
            pass
        size *= 2
    return begin + size


def _next_start(text: str, at: int, done: int, start: re.Pattern[str]) -> int:
    if at == done and text[at : at + 1] == "{":
        return at
    found = start.search(text, at)
    return -1 if found is None else found.start()
