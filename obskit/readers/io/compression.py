"""bzip2, and the messages that the Collector's file exporter compresses one by one, as streams.

As every stream (`source.Stream`) they hold no more than a piece, or one message of a bounded size, and say in
`damage` what could not be unfolded.
"""

from __future__ import annotations

import bz2
import os
from typing import BinaryIO

import pyarrow as pa

PIECE = 1024 * 1024
MESSAGE_LIMIT = 64 * 1024 * 1024
"""Bytes that one message may unfold to."""

BZIP2 = b"BZh"
ZSTD = b"\x28\xb5\x2f\xfd"


class Bzip2:
    """Streams one after the other; `max_length` keeps a bomb from unfolding at once."""

    def __init__(self, file: BinaryIO) -> None:
        self.damage: str | None = None
        self._file = file
        self._unfold = bz2.BZ2Decompressor()
        self._ended = False

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._file.tell()

    def piece(self) -> bytes:
        """Return the next bytes, unfolded."""
        while not self._ended:
            data = b""
            if self._unfold.eof:
                data = self._unfold.unused_data or self._file.read(PIECE // 4)
                if data[:3] != BZIP2[: len(data[:3])] or not data:
                    if data.strip(b"\0"):
                        self.damage = "bytes that are no bzip2 follow the bzip2 stream"
                    break
                self._unfold = bz2.BZ2Decompressor()
            elif self._unfold.needs_input:
                data = self._file.read(PIECE // 4)
                if not data:
                    self.damage = "the bzip2 stream is cut off"
                    break
            try:
                out = self._unfold.decompress(data, PIECE)
            except OSError:
                self.damage = "the bzip2 stream is corrupt"
                break
            if out:
                return out
        self._ended = True
        return b""


class ZstdMessages:
    """Messages, each with its length before it and compressed by itself.

    JSON comes out a message a line, anything else with its length before it as it would be uncompressed. A
    message that cannot be unfolded, or is too large, is passed over.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.damage: str | None = None
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._rest = memoryview(b"")
        self._json: bool | None = None
        self._lost = 0
        self._first = ""

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._file.tell()

    def piece(self) -> bytes:
        """Return the next bytes, unfolded."""
        while not len(self._rest):
            message = self._next()
            if message is None:
                return b""
            self._rest = memoryview(message)
        piece, self._rest = bytes(self._rest[:PIECE]), self._rest[PIECE:]
        return piece

    def _next(self) -> bytes | None:
        """Return the next message as it is to come out, None at the end."""
        at = self._file.tell()
        head = self._file.read(8)
        if not head:
            return None
        length = int.from_bytes(head[:4], "big")
        if length > self._size - at - 4 or len(head) < 8:
            self._lose(at, "a zstd message that the file ends in")
            return self._after(at)
        if head[4:] != ZSTD or length < len(ZSTD):
            self._lose(at, "bytes that are no zstd message")
            return self._after(at)
        if length > MESSAGE_LIMIT:
            self._file.seek(length - 4, os.SEEK_CUR)
            self._lose(at, "a zstd message that is too large")
            return b""
        data = head[4:] + self._file.read(length - 4)
        try:
            with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
                # Not `read`, which loses the memory that it took for as many bytes whenever it fails.
                message: bytes = stream.read_buffer(MESSAGE_LIMIT + 1).to_pybytes()
        except (OSError, pa.ArrowException):
            self._lose(at, "a corrupt zstd message")
            return b""
        if len(message) > MESSAGE_LIMIT:
            self._lose(at, "a zstd message that is too large")
            return b""
        if self._json is None:
            self._json = message.lstrip()[:1] in (b"{", b"[")
        return message + b"\n" if self._json else len(message).to_bytes(4, "big") + message

    def _after(self, at: int) -> bytes | None:
        """Go to the next message after a place whose length lies; return nothing, or None at the end."""
        start, tail = at + 5, b""
        self._file.seek(start)
        while data := self._file.read(PIECE):
            found = (tail + data).find(ZSTD)
            if found >= 0 and start - len(tail) + found - 4 > at:
                self._file.seek(start - len(tail) + found - 4)
                return b""
            start += len(data)
            tail = (tail + data)[-3:]
        return None

    def _lose(self, at: int, what: str) -> None:
        self._lost += 1
        self._first = self._first or f"{what} at byte {at}"
        more = f", and {self._lost - 1:,} more that cannot be read" if self._lost > 1 else ""
        self.damage = f"{self._first}{more}"
