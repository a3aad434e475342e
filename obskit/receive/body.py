"""A request's body as it arrives: unfolded piece by piece, counted before it is held."""

from __future__ import annotations

import zlib
from types import TracebackType
from typing import Any

from obskit.receive.refusal import Refused, busy, too_large

# What is unfolded at once; a bomb is found out after this much.
PIECE = 256 * 1024
MEMBERS = 1_000
"""Members that one gzip body may have: senders write one, and each makes zlib copy what follows it."""


class Budget:
    """Bytes of all bodies that are held; for one thread."""

    def __init__(self, most: int) -> None:
        self.held = 0
        self._most = most

    def take(self, size: int) -> None:
        """Count bytes in.

        Raises:
            Refused: there is no room for them now.
        """
        if self.held + size > self._most:
            raise busy()
        self.held += size

    def give(self, size: int) -> None:
        """Count bytes out."""
        self.held -= size


class Body:
    """A body being received. A context manager, which gives its bytes back to the budget.

    Args:
        budget: of all bodies.
        limit: bytes that it may have, as sent and unfolded.
        gzip: whether it is folded.
    """

    def __init__(self, budget: Budget, limit: int, *, gzip: bool) -> None:
        self.data: bytearray | bytes = bytearray()
        self._budget = budget
        self._limit = limit
        self._sent = 0
        self._inflate = zlib.decompressobj(wbits=31) if gzip else None
        self._members = 1

    def add(self, piece: bytes | bytearray) -> None:
        """Take in a piece as it was sent.

        Raises:
            Refused: too large, no room, or no gzip.
        """
        self._sent += len(piece)
        if self._sent > self._limit:
            raise too_large(self._limit)
        if self._inflate is None:
            self._hold(piece)
            return
        with memoryview(piece) as view:
            for start in range(0, len(view), PIECE):
                self._unfold(bytes(view[start : start + PIECE]))

    def _unfold(self, rest: bytes) -> None:
        inflate: Any = self._inflate
        while rest:
            if inflate.eof:  # another member follows
                self._members += 1
                if self._members > MEMBERS:
                    raise Refused(400, f"a gzip body of more than {MEMBERS:,} members")
                inflate = self._inflate = zlib.decompressobj(wbits=31)
            try:
                out = inflate.decompress(rest, PIECE)
                while out:
                    self._hold(out)
                    out = inflate.decompress(inflate.unconsumed_tail, PIECE)
            except zlib.error:
                raise Refused(400, "a body that is said to be gzip and is not") from None
            rest = inflate.unused_data

    def adopt(self, message: bytes) -> None:
        """Take in a whole message; one that is not folded is held as it is.

        Raises:
            Refused: as `add`.
        """
        if self._inflate is not None:
            self.add(message)
            return
        if len(message) > self._limit:
            raise too_large(self._limit)
        self._budget.take(len(message))
        self.data = message

    def end(self) -> bytearray | bytes:
        """Return the whole body.

        Raises:
            Refused: it is cut off.
        """
        if self._inflate is not None and not self._inflate.eof:
            raise Refused(400, "a gzip body that is cut off")
        return self.data

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
        self._budget.give(len(self.data))
        self.data = bytearray()
