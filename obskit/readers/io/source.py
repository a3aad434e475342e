"""A file as a stream of bytes, whatever it is compressed with; nothing is held but the piece at hand.

What a stream is compressed with is told by its first bytes. A stream that breaks off or is corrupt gives
all bytes before the break, then ends, and says so in `damage`.
"""

from __future__ import annotations

import errno
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, BinaryIO, Protocol

import numpy as np
import pyarrow as pa

from obskit.errors import LimitExceeded, ReadError, StorageFull
from obskit.readers.io.compression import BZIP2, ZSTD, Bzip2, ZstdMessages

HEAD = 64 * 1024
"""Bytes, after decompression, that a reader may sniff."""

PIECE = 1024 * 1024
SPOOL_LIMIT = 4 * 1024**3
"""Bytes that a compressed file of a format read by columns may have when decompressed to disk."""

_GZIP = b"\x1f\x8b"
_FEW = 512


class Stream(Protocol):
    """Bytes from the first to the last; `damage` says why they ended early, if they did."""

    damage: str | None

    def position(self) -> int:
        """Return how many bytes of the file have been read, as they lie on disk."""
        ...

    def piece(self) -> bytes:
        """Return the next bytes, at most about 1 MiB; empty at the end."""
        ...


class Plain:
    """A file as it is, in which one may skip."""

    def __init__(self, file: BinaryIO) -> None:
        self.damage: str | None = None
        self._file = file

    def piece(self) -> bytes:
        """Return the next bytes."""
        return self._file.read(PIECE)

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._file.tell()

    def skip_to(self, position: int) -> None:
        """Go on from another place in the file."""
        self._file.seek(position)


class Gzip:
    """Members one after the other; `max_length` keeps a bomb from unfolding at once.

    `step` is how many bytes are read at once, at most: after the end of a member few, for what is read beyond
    the end of one is read again for the next, and members may be tiny. zlib gives nothing of a piece in which
    it fails, so that one is fed again byte by byte.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.damage: str | None = None
        self._file = file
        self.step = self._next = PIECE // 4
        self._inflate = zlib.decompressobj(wbits=31)
        self._failing = memoryview(b"")
        self._ended = False

    def piece(self) -> bytes:
        """Return the next bytes, unfolded."""
        while not self._ended and not len(self._failing):
            if self._inflate.eof and not self._next_member():
                break
            data = self._inflate.unconsumed_tail or self._read()
            if not data:
                return self._stop("the gzip stream is cut off")
            before = self._inflate.copy()
            try:
                out = self._inflate.decompress(data, PIECE)
            except zlib.error:
                self._inflate, self._failing = before, memoryview(data)
                break
            if out:
                return out
        return self._before_failure()

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._file.tell()

    def _before_failure(self) -> bytes:
        out: list[bytes] = []
        size = 0
        while len(self._failing) and size < PIECE:
            try:
                out.append(self._inflate.decompress(self._failing[:1]))
            except zlib.error:
                self._stop("the gzip stream is corrupt")
                self._failing = memoryview(b"")
                break
            self._failing = self._failing[1:]
            size += len(out[-1])
        return b"".join(out)

    def _read(self) -> bytes:
        size = min(self._next, self.step)
        self._next = 2 * size
        return self._file.read(size)

    def _next_member(self) -> bool:
        rest = self._inflate.unused_data or self._file.read(self.step)
        self._next = _FEW
        if rest[:1] == _GZIP[:1]:
            self._inflate = zlib.decompressobj(wbits=31)
            self._file.seek(self._file.tell() - len(rest))
            return True
        self._ended = True
        if rest.strip(b"\0"):
            self.damage = "bytes that are no gzip follow the gzip stream"
        return False

    def _stop(self, why: str) -> bytes:
        self._ended = True
        self.damage = why
        return b""


class _Zstd:
    """Frames one after the other. Arrow's stream loses what it had when it fails, so the last stretch
    before a break is read again in small steps."""

    def __init__(self, path: Path) -> None:
        self.damage: str | None = None
        self._path = path
        self._given = 0
        self._steps = iter((4096, 64, 1))
        self._step = PIECE // 4
        self._open()

    def _open(self) -> None:
        self._file = pa.OSFile(str(self._path))
        self._stream = pa.CompressedInputStream(self._file, "zstd")
        left = self._given
        while left:
            left -= self._stream.read_buffer(min(left, self._step)).size

    def piece(self) -> bytes:
        while self._step:
            try:
                # Not `read`, which loses the memory that it took for as many bytes whenever it fails.
                out: bytes = self._stream.read_buffer(self._step).to_pybytes()
            except (OSError, pa.ArrowException) as error:
                self.damage = f"the zstd stream is {'cut off' if 'runcated' in str(error) else 'corrupt'}"
                self._step = next(self._steps, 0)
                self.close()
                if self._step:
                    self._open()
                continue
            self._given += len(out)
            return out
        return b""

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return int(self._file.tell())

    def close(self) -> None:
        """Close the file below."""
        self._stream.close()


_BZIP2_MARKS = (b"1AY&SY", b"\x17rE8P\x90")  # of a first block, and of the end of an empty stream
_STREAMS: dict[str, Callable[[BinaryIO], Stream]] = {
    "gzip": Gzip,
    "bzip2": Bzip2,
    "zstd messages": ZstdMessages,
}


def _compression(magic: bytes) -> str | None:
    """Return what the first ten bytes of a file say that it is compressed with."""
    if magic[:2] == _GZIP:
        return "gzip"
    if magic[:3] == BZIP2 and magic[4:] in _BZIP2_MARKS:  # text may begin with BZh too
        return "bzip2"
    return "zstd" if magic[:4] == ZSTD else "zstd messages" if magic[4:8] == ZSTD else None


@cache
def keep_memory() -> None:
    """Have the C library keep up to 64 MB that were freed, rather than ask for them again for every block.

    By itself glibc gives back whatever is free above 256 KB, page by page: with blocks of a megabyte it may
    spend as long on that as on reading them. It learns to keep twice as much as the largest piece that was
    freed; this one is never written to, so it takes no memory. Another C library makes nothing of it.
    """
    np.empty(31 * 1024 * 1024, np.uint8)


class Source:
    """A file to read: its path, its first decompressed bytes, and streams from its beginning.

    Args:
        path: an ordinary file.

    Raises:
        ReadError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        keep_memory()
        self.path = path
        try:
            with path.open("rb") as file:
                magic = file.read(10)
                self.size = path.stat().st_size
        except OSError as error:
            raise ReadError(f"{path} cannot be opened: {error.strerror or error}") from error
        self.compression = _compression(magic)
        with self.stream() as stream:
            head = b""
            while len(head) < HEAD and (piece := stream.piece()):
                head += piece
            self.head = head[:HEAD]
            self.whole = len(head) < HEAD
            self.damage = stream.damage

    @contextmanager
    def stream(self) -> Iterator[Stream]:
        """Open the file from its beginning, decompressed."""
        if self.compression == "zstd":
            zstd = _Zstd(self.path)
            try:
                yield zstd
            finally:
                zstd.close()
            return
        with self.path.open("rb") as file:
            yield _STREAMS.get(self.compression or "", Plain)(file)

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """Give a path at which the decompressed file can be read in any order.

        Raises:
            LimitExceeded: it unfolds to more than `SPOOL_LIMIT` bytes.
            StorageFull: there is no room for it in the folder of temporary files.
        """
        if self.compression is None:
            yield self.path
            return
        with self.stream() as stream, tempfile.NamedTemporaryFile(prefix="obskit-") as copy:
            self._unfold(stream, copy)
            yield Path(copy.name)

    def _unfold(self, stream: Stream, copy: IO[bytes]) -> None:
        written = 0
        try:
            while piece := stream.piece():
                written += len(piece)
                if written > SPOOL_LIMIT:
                    raise LimitExceeded(
                        f"{self.path} unfolds to more than {SPOOL_LIMIT // 1024**3} GiB",
                        hint=f"decompress it first: {(self.compression or '').split()[0]} -d",
                    )
                copy.write(piece)
            copy.flush()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise StorageFull(
                f"no room in {tempfile.gettempdir()} to decompress {self.path}",
                hint="make room, or set TMPDIR to where there is some",
            ) from error


class Readable:
    """A stream as a file object, for libraries that read from one."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._rest = memoryview(b"")  # so that what is left is not copied for every few bytes taken
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        """Return up to size bytes, fewer only at the end."""
        pieces, have = [self._rest], len(self._rest)
        while (size < 0 or have < size) and (piece := self._stream.piece()):
            pieces.append(memoryview(piece))
            have += len(piece)
        left = max(0, have - size) if size >= 0 else 0
        cut = len(pieces[-1]) - left
        pieces[-1], self._rest = pieces[-1][:cut], pieces[-1][cut:]
        return b"".join(pieces)

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def close(self) -> None:
        """Close the object, not the stream below it."""
        self.closed = True
