"""Receive a request's body piece by piece: decompress it, and count its bytes before keeping them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from types import TracebackType
from typing import Any

from obskit.receive.refusal import Refused, busy, too_large

# Bytes decompressed at once: a decompression bomb is detected after this many.
PIECE = 256 * 1024
MEMBERS = 1_000
"""Most members of one gzip body. Senders write one, and each makes zlib copy the rest of the data."""


class Budget:
    """A count of the bytes of all bodies in memory, with a limit. Not thread-safe.

    Args:
        most: the limit in bytes.

    Attributes:
        held: bytes in memory.
        make_way: called with the number of bytes that are missing; may free some at once.
    """

    def __init__(self, most: int) -> None:
        self.held = 0
        self.make_way: Callable[[int], object] = lambda _: None
        self._most = most

    def take(self, size: int) -> None:
        """Count bytes that are kept.

        Args:
            size: number of bytes.

        Raises:
            Refused: the limit would be exceeded (429).
        """
        self.request(size)
        if self.held + size > self._most:
            raise busy()
        self.held += size

    def request(self, size: int) -> None:
        """Have others make way if bytes are missing."""
        if self.held + size > self._most:
            self.make_way(self.held + size - self._most)

    def give(self, size: int) -> None:
        """Count bytes that are no longer kept."""
        self.held -= size


class Body:
    """A body being received. A context manager, which returns its bytes to the budget at the end.

    Args:
        budget: of all bodies.
        limit: most bytes, both as sent and decompressed.
        gzip: whether the body is compressed.
    """

    def __init__(self, budget: Budget, limit: int, *, gzip: bool) -> None:
        self.data: bytearray | bytes = bytearray()
        self._budget = budget
        self._limit = limit
        self._sent = 0
        self._inflate = zlib.decompressobj(wbits=31) if gzip else None
        self._members = 1

    def add(self, piece: bytes | bytearray) -> None:
        """Add a piece as it was sent.

        Args:
            piece: bytes, compressed if the body is.

        Raises:
            Refused: the body is too large, the budget is used up, or it is not valid gzip.
        """
        self._sent += len(piece)
        if self._sent > self._limit:
            raise too_large(self._limit)
        if self._inflate is None:
            self._hold(piece)
            return
        with memoryview(piece) as view:
            for start in range(0, len(view), PIECE):
                self._decompress(bytes(view[start : start + PIECE]))

    def _decompress(self, rest: bytes) -> None:
        inflate: Any = self._inflate
        while rest:
            if inflate.eof:  # another member follows
                self._members += 1
                if self._members > MEMBERS:
                    raise Refused(400, f"the gzip body has more than {MEMBERS:,} members")
                inflate = self._inflate = zlib.decompressobj(wbits=31)
            try:
                out = inflate.decompress(rest, PIECE)
                while out:
                    self._hold(out)
                    out = inflate.decompress(inflate.unconsumed_tail, PIECE)
            except zlib.error:
                raise Refused(400, "the body is declared as gzip but is not gzip") from None
            rest = inflate.unused_data

    def add_message(self, message: bytes) -> None:
        """Add a whole message; without gzip it is kept without a copy.

        Args:
            message: bytes, compressed if the body is.

        Raises:
            Refused: as for `add`.
        """
        if self._inflate is not None:
            self.add(message)
            return
        if len(message) > self._limit:
            raise too_large(self._limit)
        self._budget.take(len(message))
        self.data = message

    def end(self) -> bytearray | bytes:
        """Finish the body.

        Returns:
            All of it, decompressed.

        Raises:
            Refused: the gzip data is truncated.
        """
        if self._inflate is not None and not self._inflate.eof:
            raise Refused(400, "the gzip body is truncated")
        return self.data

    def discard(self) -> None:
        """Return the bytes to the budget now; the body is of no more use."""
        self._budget.give(len(self.data))
        self.data = bytearray()

    def _hold(self, piece: bytes | bytearray) -> None:
        if len(self.data) + len(piece) > self._limit:
            raise too_large(self._limit)
        self._budget.take(len(piece))
        self.data += piece

    def __enter__(self) -> Body:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()
