"""Bound the quoted values of a table: without a closing quote, a value would be the rest of the file.

    id,note
    1,"never closed            rejected: line 2, byte 8
    2,fine                     read as it stands
    3,"two                     one row, because its quote is closed within `LIMIT`, and is followed
    lines"                     by a delimiter or the end of the line

A rejected line is replaced by one that Arrow rejects too, so that rows keep their numbers.
"""

from __future__ import annotations

import numpy as np

from obskit.readers.io.source import Stream

LIMIT = 256 * 1024
"""Bytes from the line on which a quote is opened to its end: a long stack trace takes some tens of KB."""

MARK = "\U0010fffd"
"""Begins a line that replaces a rejected one."""

OPEN = "a quote that is not closed"

_LINE_LIMIT = 16 * 1024 * 1024
_QUOTE, _NEWLINE, _RETURN = ord('"'), ord("\n"), ord("\r")


class BoundedQuotes:
    """A stream of whole lines, without those on which a quote is opened that is not closed.

    Args:
        stream: of the file, from its beginning.
        delimiter: between the fields.
        fields: number of fields of a row.
        line: number of the first line of the stream in the file.
        offset: of the first byte of the stream in the file.

    Attributes:
        damage: as in `Stream`.
        rejected: positions of the lines that were left out and are not taken yet, in order.
    """

    def __init__(
        self, stream: Stream, delimiter: str, fields: int, *, line: int = 1, offset: int = 0
    ) -> None:
        self.damage: str | None = None
        self.rejected: list[str] = []
        self._stream = stream
        self._delimiter = ord(delimiter)
        self._replacement = MARK.encode() + delimiter.encode() * fields + b"\n"
        self._fields = fields
        self._rest = b""
        self._line, self._offset = line, offset
        self._ended = False

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._stream.position()

    def piece(self) -> bytes:
        """Return the next lines; empty at the end."""
        while not self._ended:
            new = self._stream.piece()
            self._ended = not new
            data = self._rest + new
            cut = len(data) if self._ended or len(data) > _LINE_LIMIT else data.rfind(b"\n") + 1
            out, used = self._checked(data[:cut]), cut
            if out is None:
                out, used = self._repaired(data)
            self._line += data.count(b"\n", 0, used)
            self._offset += used
            self._rest = data[used:]
            if out:
                return out
        return b""

    def _checked(self, data: bytes) -> bytes | None:
        """Return lines as they are if no quoted value goes on beyond its line; else None."""
        if b'"' not in data:
            return data
        text = np.frombuffer(data, np.uint8)
        quotes = np.flatnonzero(text == _QUOTE)
        lines = np.searchsorted(np.flatnonzero(text == _NEWLINE), quotes)
        if len(quotes) % 2 or (lines[::2] != lines[1::2]).any():
            return None
        before = np.where(quotes[::2] > 0, text[quotes[::2] - 1], _NEWLINE)
        after = np.append(text, _NEWLINE)[quotes[1::2] + 1]
        opened = (before == _NEWLINE) | (before == self._delimiter)
        closed = (after == _NEWLINE) | (after == _RETURN) | (after == self._delimiter)
        # An escaped quote, `""`, closes a value and opens it again.
        again = np.zeros(len(opened), bool)
        again[1:] = quotes[2::2] == quotes[1:-1:2] + 1
        escaped = np.zeros(len(closed), bool)
        escaped[:-1] = again[1:]
        return data if (opened | again).all() and (closed | escaped).all() else None

    def _repaired(self, data: bytes) -> tuple[bytes, int]:
        """Return lines without those whose quote is not closed, and how many bytes were looked at."""
        out: list[bytes] = []
        at, line = 0, self._line
        while at < len(data):
            end = data.find(b"\n", at)
            if end < 0 and not self._ended and len(data) - at <= _LINE_LIMIT:
                break
            end = len(data) if end < 0 else end + 1
            stop: int | None = end
            if data.find(b'"', at, end) >= 0:
                stop = self._record_end(data, at, end)
            unclear = stop is None or data[stop - 1] != _NEWLINE
            if unclear and not self._ended and len(data) - at <= LIMIT:
                break  # its end may be in the next piece
            if stop is None:
                self.rejected.append(f"line {line}, byte {self._offset + at}")
                out.append(self._replacement)
                stop = end
            else:
                out.append(data[at:stop])
            line += data.count(b"\n", at, stop)
            at = stop
        return b"".join(out), at

    def _record_end(self, data: bytes, at: int, end: int) -> int | None:
        """Return where the row that begins at `at` ends; None if a quote of it is not closed.

        A row of several lines has to be well-formed, because a stray quote can be closed by another one.
        """
        limit = min(len(data), at + LIMIT)
        fields, several = 0, False
        while True:
            fields += 1
            if data[at : at + 1] == b'"':
                whole = self._closing(data, at, limit)
                if whole is None:
                    return None
                if b"\n" in data[at:whole]:
                    several = True
                    end = data.find(b"\n", whole) + 1 or len(data)
                    if data[whole : whole + 1] not in (b"", b"\n", b"\r", bytes([self._delimiter])):
                        return None
                at = whole
            following = data.find(bytes([self._delimiter]), at, end)
            if following < 0:
                return end if not several or fields == self._fields else None
            at = following + 1

    def _closing(self, data: bytes, at: int, limit: int) -> int | None:
        """Return the end of the quoted value that begins at `at`, after its closing quote."""
        found = data.find(b'"', at + 1, limit)
        while found >= 0 and data[found + 1 : found + 2] == b'"':
            found = data.find(b'"', found + 2, limit)
        return None if found < 0 else found + 1
