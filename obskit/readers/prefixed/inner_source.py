"""Inner lines as a file: the source that a reader gets for the lines behind prefixes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from obskit.errors import ReadError
from obskit.readers.io.source import HEAD, PIECE, Source, Stream
from obskit.schema import FileReport


class InnerSource(Source):
    """Lines in memory, under the path of the file that they are from.

    Args:
        source: the file.
        data: the lines.
    """

    def __init__(self, source: Source, data: bytes) -> None:
        vars(self).update(vars(source))
        self.head = data[:HEAD]
        self.whole = len(data) < HEAD
        self.size = len(data)
        self.compression = None
        self.damage = None
        self.growing = False
        self._data = data

    @contextmanager
    def stream(self) -> Iterator[Stream]:
        """Open a stream of the lines."""
        yield _Memory(self._data)

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """Raise ReadError: the lines are not a file."""
        raise ReadError(f"{self.path}: the lines behind the prefix cannot be read as a file of their own")
        yield self.path


class _Memory:
    """A stream of bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self.damage: str | None = None
        self._data = data
        self._at = 0

    def position(self) -> int:
        """Return how many bytes have been read."""
        return self._at

    def piece(self) -> bytes:
        """Return the next bytes; empty at the end."""
        begin, self._at = self._at, min(self._at + PIECE, len(self._data))
        return self._data[begin : self._at]


@dataclass(frozen=True)
class Collected(FileReport):
    """Collects all rejections of a reader, so that they can be moved to the lines of the file."""

    found: list[tuple[str, str]] = field(default_factory=list)

    def reject(self, position: str, reason: str) -> None:
        """Keep a rejection."""
        self.found.append((position, reason))
