"""Decompress bzip2 files, and the zstd messages that the OpenTelemetry Collector's file exporter writes.

Like every `source.Stream` these hold one piece, or one message of limited size, in memory. `damage` says what
could not be decompressed.
"""

from __future__ import annotations

import bz2
import os
from typing import BinaryIO

import pyarrow as pa

PIECE = 1024 * 1024
MESSAGE_LIMIT = 64 * 1024 * 1024
"""Bytes that one message may have after decompression."""

BZIP2 = b"BZh"
ZSTD = b"\x28\xb5\x2f\xfd"


class Bzip2:
    """Concatenated bzip2 streams. `max_length` limits what a decompression bomb can fill at once."""

    def __init__(self, file: BinaryIO) -> None:
        self.damage: str | None = None
        self._file = file
        self._decompressor = bz2.BZ2Decompressor()
        self._ended = False

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._file.tell()

    def piece(self) -> bytes:
        """Return the next bytes, decompressed; empty at the end."""
        while not self._ended:
            data = b""
            if self._decompressor.eof:
                data = self._decompressor.unused_data or self._file.read(PIECE // 4)
                if data[:3] != BZIP2[: len(data[:3])] or not data:
                    if data.strip(b"\0"):
                        self.damage = "the bytes after the bzip2 stream are not bzip2"
                    break
                self._decompressor = bz2.BZ2Decompressor()
            elif self._decompressor.needs_input:
                data = self._file.read(PIECE // 4)
                if not data:
                    self.damage = "the bzip2 stream is cut off"
                    break
            try:
                out = self._decompressor.decompress(data, PIECE)
            except OSError:
                self.damage = "the bzip2 stream is corrupt"
                break
            if out:
                return out
        self._ended = True
        return b""


class ZstdMessages:
    """Messages that are compressed one by one, each after its length in four bytes.

    JSON messages come out one per line; others come out after their decompressed length, as the exporter
    writes uncompressed messages. A message that cannot be decompressed, or is too large, is skipped.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.damage: str | None = None
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._rest = memoryview(b"")
        self._json: bool | None = None
        self._skipped = 0
        self._first = ""

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._file.tell()

    def piece(self) -> bytes:
        """Return the next bytes, decompressed; empty at the end."""
        while not len(self._rest):
            message = self._next()
            if message is None:
                return b""
            self._rest = memoryview(message)
        piece, self._rest = bytes(self._rest[:PIECE]), self._rest[PIECE:]
        return piece

    def _next(self) -> bytes | None:
        """Return the next message, empty if it is skipped; None at the end."""
        at = self._file.tell()
        head = self._file.read(8)
        if not head:
            return None
        length = int.from_bytes(head[:4], "big")
        if length > self._size - at - 4 or len(head) < 8:
            self._skip(at, "an incomplete zstd message")
            return self._after(at)
        if head[4:] != ZSTD or length < len(ZSTD):
            self._skip(at, "bytes that are not a zstd message")
            return self._after(at)
        if length > MESSAGE_LIMIT:
            self._file.seek(length - 4, os.SEEK_CUR)
            self._skip(at, f"a zstd message of more than {MESSAGE_LIMIT >> 20} MiB")
            return b""
        data = head[4:] + self._file.read(length - 4)
        try:
            with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
                # `read` would leak the memory that it allocates for the result when it fails.
                message: bytes = stream.read_buffer(MESSAGE_LIMIT + 1).to_pybytes()
        except (OSError, pa.ArrowException):
            self._skip(at, "a corrupt zstd message")
            return b""
        if len(message) > MESSAGE_LIMIT:
            self._skip(at, f"a zstd message of more than {MESSAGE_LIMIT >> 20} MiB")
            return b""
        if self._json is None:
            self._json = message.lstrip()[:1] in (b"{", b"[")
        return message + b"\n" if self._json else len(message).to_bytes(4, "big") + message

    def _after(self, at: int) -> bytes | None:
        """Go to the next message after a wrong length at `at`; return empty bytes, or None at the end."""
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

    def _skip(self, at: int, what: str) -> None:
        self._skipped += 1
        self._first = self._first or f"{what} at byte {at}"
        more = f", and {self._skipped - 1:,} more" if self._skipped > 1 else ""
        self.damage = f"{self._first}{more}"
