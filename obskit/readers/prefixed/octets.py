r"""Syslog messages with their length before them and nothing between them (RFC 6587, octet counting).

    47 <34>1 2026-05-04T10:00:00Z web-1 su - - - text55 <34>1 2026-05-04T10:00:01Z ...

becomes one line per message, which is then read like any other file of syslog lines. Line breaks within a
message are replaced while it is a line, and are put back into the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.io.line_blocks import LINE_LIMIT
from obskit.readers.io.source import HEAD, Source, Stream
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import FileReport
from obskit.schema.report import TORN

_FRAME = re.compile(rb"(\d{1,8}) (?=<\d{1,3}>)")
_LONGEST_FRAME = 20
_BREAK = b"\x01\x02\x01"
_LINE = re.compile(r"line (\d+), byte \d+")


def is_framed(head: bytes) -> bool:
    """Return whether a file's first bytes are messages with their lengths that lines would not separate.

    Args:
        head: the file's first bytes.

    Returns:
        Whether the next message begins right where the first one ends, or the first one has several lines.
    """
    text = head.removeprefix(UTF8_BOM)
    first = _FRAME.match(text)
    if first is None:
        return False
    end = first.end() + int(first[1])
    if _FRAME.match(text, end):
        return True
    after = text[end : end + 2].lstrip(b"\r\n")
    return b"\n" in text[first.end() : end].rstrip(b"\r\n") and (not after or after.isdigit())


def unframed_head(head: bytes) -> bytes:
    """Return the whole messages of a file's first bytes as lines."""
    out, at = [], 3 * head.startswith(UTF8_BOM)
    while (frame := _FRAME.match(head, at)) is not None and frame.end() + int(frame[1]) <= len(head):
        at = frame.end() + int(frame[1])
        out.append(_as_line(head[frame.end() : at]))
        at += len(head[at : at + 2]) - len(head[at : at + 2].lstrip(b"\r\n"))
    return b"".join(out)


def _as_line(message: bytes) -> bytes:
    return message.rstrip(b"\r\n").replace(b"\n", _BREAK) + b"\n"


class UnframedSource(Source):
    """A file of messages with their lengths, as lines.

    Args:
        source: the file.
        report: counts what is not a message.
    """

    def __init__(self, source: Source, report: FileReport) -> None:
        vars(self).update(vars(source))
        self.head = unframed_head(source.head)[:HEAD]
        self._framed = source
        self._report = report

    @contextmanager
    def stream(self) -> Iterator[Stream]:
        """Open a stream of the lines."""
        with self._framed.stream() as stream:
            yield _Unframed(stream, self._report)


class _Unframed:
    """A stream of messages as lines; a message that cannot be read is an empty line."""

    def __init__(self, stream: Stream, report: FileReport) -> None:
        self.damage: str | None = None
        self._stream = stream
        self._report = report
        self._rest = b""
        self._offset = 0
        self._started = self._ended = False

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._stream.position()

    def piece(self) -> bytes:
        """Return the next lines; empty at the end."""
        while not self._ended:
            more = self._stream.piece()
            self._ended = not more
            self.damage = self._stream.damage
            self._rest += more
            if not self._started and self._rest.startswith(UTF8_BOM):
                self._rest, self._offset = self._rest[3:], 3
            self._started = True
            if lines := self._lines():
                return lines
        return b""

    def _lines(self) -> bytes:
        """Return the whole messages of the bytes so far as lines."""
        out, data, at = [], self._rest, 0
        while at < len(data):
            if data[at : at + 1] in b"\r\n":
                at += 1
                continue
            frame = _FRAME.match(data, at)
            if frame is None and len(data) - at < _LONGEST_FRAME and not self._ended:
                break
            if frame is None or int(frame[1]) > LINE_LIMIT:
                self._report.reject(
                    f"byte {self._offset + at}", "not a syslog message with its length before it"
                )
                found = _FRAME.search(data, at + 1 if frame is None else frame.end())
                out.append(b"\n")
                at = found.start() if found is not None else len(data)
                continue
            end = frame.end() + int(frame[1])
            if end > len(data):
                if self._ended:
                    if not self.damage:  # which the reader of the lines reports
                        self._report.reject(
                            f"byte {self._offset + at}", f"{TORN}the file ends within the message"
                        )
                    at = len(data)
                break
            out.append(_as_line(data[frame.end() : end]))
            at = end
        self._rest, self._offset = data[at:], self._offset + at
        return b"".join(out)


@dataclass(frozen=True)
class MessageReport(FileReport):
    """Reports positions as the number of a message."""

    def reject(self, position: str, reason: str) -> None:
        """Count a message that was left out."""
        super().reject(_LINE.sub(r"message \1", position), reason)


def with_line_breaks(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch with the line breaks of messages put back."""
    mark = _BREAK.decode()
    columns = [
        pc.replace_substring(values, mark, "\n") if pa.types.is_string(values.type) else values
        for values in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)
