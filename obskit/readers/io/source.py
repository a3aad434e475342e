"""Open a file as a stream of decompressed bytes, one piece in memory at a time.

The first bytes of a file identify its compression. A stream that breaks off or is corrupt yields all
bytes before the break, then ends; `damage` says why.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.errors import LimitExceeded, ReadError, StorageFull
from obskit.readers.io.compression import BZIP2, UTF16, XZ, ZSTD, Bzip2, Utf16, Xz, ZstdMessages
from obskit.readers.io.entries import special
from obskit.readers.io.live_files import is_locked

HEAD = 64 * 1024
"""Bytes, after decompression, that a reader may sniff."""

PIECE = 1024 * 1024
SPOOL_LIMIT = 4 * 1024**3
"""Bytes that a file may have when it is decompressed to disk, for formats that need random access."""

_GZIP = b"\x1f\x8b"
_FEW = 512


class Stream(Protocol):
    """The bytes of a file in order. `damage` says why they ended early; None if they did not."""

    damage: str | None

    def position(self) -> int:
        """Return how many bytes of the file on disk have been read."""
        ...

    def piece(self) -> bytes:
        """Return the next bytes, at most about 1 MiB; empty at the end."""
        ...


class Plain:
    """A file that is not compressed, and allows skipping."""

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
        """Continue at another position in the file."""
        self._file.seek(position)


class Gzip:
    """Concatenated gzip members. `max_length` limits what a decompression bomb can fill at once.

    At most `step` bytes are read at once. Bytes read beyond the end of a member are read again for the next
    one, and members may be tiny, so only few bytes are read after the end of a member. If zlib fails, it
    returns nothing of the piece, so that piece is fed again byte by byte.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.damage: str | None = None
        self._file = file
        self.step = self._next = PIECE // 4
        self._inflate = zlib.decompressobj(wbits=31)
        self._failing = memoryview(b"")
        self._ended = False

    def piece(self) -> bytes:
        """Return the next bytes, decompressed; empty at the end."""
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
            self.damage = "the bytes after the gzip stream are not gzip"
        return False

    def _stop(self, why: str) -> bytes:
        self._ended = True
        self.damage = why
        return b""


class _Zstd:
    """Concatenated zstd frames.

    Arrow's stream loses the output of a call that fails, so the last part before a break is read again in
    small steps.
    """

    def __init__(self, path: Path) -> None:
        self.damage: str | None = None
        self._path = path
        self._given = 0
        self._steps = iter((4096, 64, 1))
        self._step = PIECE // 4
        self._open()

    def _open(self) -> None:
        self._file = pa.OSFile(os.fsencode(self._path))  # a name may not be UTF-8
        self._stream = pa.CompressedInputStream(self._file, "zstd")
        left = self._given
        while left:
            left -= self._stream.read_buffer(min(left, self._step)).size

    def piece(self) -> bytes:
        while self._step:
            try:
                # `read` would leak the memory that it allocates for the result when it fails.
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
        """Close the file."""
        self._stream.close()


_BZIP2_MARKS = (b"1AY&SY", b"\x17rE8P\x90")  # of a first block, and of the end of an empty stream
_STREAMS: dict[str, Callable[[BinaryIO], Stream]] = {
    "gzip": Gzip,
    "bzip2": Bzip2,
    "xz": Xz,
    "UTF-16": Utf16,
    "zstd messages": ZstdMessages,
}


def _compression(magic: bytes) -> str | None:
    """Return the compression of a file, detected from its first ten bytes; None if there is none."""
    if magic[:2] == _GZIP:
        return "gzip"
    if magic[:3] == BZIP2 and magic[4:] in _BZIP2_MARKS:  # text may begin with BZh too
        return "bzip2"
    if magic[:6] == XZ:
        return "xz"
    if magic[:2] in UTF16 and magic[2:4] != b"\0\0":  # with two zeros it would be UTF-32
        return "UTF-16"
    return "zstd" if magic[:4] == ZSTD else "zstd messages" if magic[4:8] == ZSTD else None


@cache
def keep_memory() -> None:
    """Make the C library keep up to 64 MB of freed memory, instead of returning it after every block.

    By default glibc returns all free memory above 256 KB, page by page; with blocks of a megabyte that can
    take as long as reading them. It learns to keep twice the size of the largest freed piece. The piece
    allocated here is never written to, so it takes no memory. Other C libraries ignore it.
    """
    np.empty(31 * 1024 * 1024, np.uint8)


class Source:
    """A file to read.

    Args:
        path: an ordinary file, or the name of a member of an archive, such as `logs.tar.gz!app.log`.
        stored: where the bytes are, if not at `path`: the temporary copy of a member.
        modified: when a member was last modified, in seconds since 1970; by default that of the file.

    Attributes:
        path: how the file is called in messages.
        modified: when the file was last modified, in seconds since 1970. Use it in place of `path.stat()`,
            which fails for a member of an archive.
        head: the first bytes, decompressed; at most `HEAD`.
        whole: the head is the whole file.
        size: of the file on disk, in bytes.
        growing: another process holds the lock of the file, because it is writing to it.
        compression: such as "gzip", or "UTF-16" for text that is decoded; None for a file as it is.
        damage: why the head ends early; None if it does not.
        row_lines: None, or a list to which a reader that joins lines appends, for each batch, an array with
            the index of each row's first line. It is a list for lines behind prefixes.
        row_groups: of a Parquet file, the row groups to read; None for all.

    Raises:
        ReadError: the file cannot be opened.

    Example:
        from pathlib import Path

        path = Path("events.jsonl")
        path.write_text('{"timestamp": "2026-05-04T10:00:00Z", "name": "book"}\\n')
        source = Source(path)
        with source.stream() as stream:
            print(source.head[:20], stream.piece())
    """

    row_lines: list[npt.NDArray[np.int64]] | None = None
    row_groups: frozenset[int] | None = None

    def __init__(self, path: Path, *, stored: Path | None = None, modified: float | None = None) -> None:
        keep_memory()
        self.path = path
        self.stored = stored or path
        self.modified = 0.0
        self.damage: str | None = None
        try:
            start = self._open()
        except OSError as error:
            raise ReadError(f"{path} cannot be opened: {error.strerror or error}") from error
        if modified is not None:
            self.modified = modified
        self.compression = _compression(start[:10])
        self.head = start[:HEAD]
        self.whole = len(start) < HEAD
        if self.compression is not None:
            self._decompress_head()

    def _open(self) -> bytes:
        """Return the first bytes of the file as they are on disk, with one opening of it."""
        # Not to wait for a writer, should it be a pipe by now.
        descriptor = os.open(self.stored, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            if stat.S_ISDIR(status.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not stat.S_ISREG(status.st_mode):
                what = special(str(self.path), status.st_mode)
                raise ReadError(f"{self.path} cannot be read: it is {what.reason}", hint=what.hint)
            self.size = status.st_size
            self.modified = status.st_mtime
            self.growing = is_locked(descriptor)
            start = b""
            while len(start) < HEAD and (piece := os.read(descriptor, HEAD - len(start))):
                start += piece
            return start
        finally:
            os.close(descriptor)

    def _decompress_head(self) -> None:
        with self.stream() as stream:
            head = b""
            while len(head) < HEAD and (piece := stream.piece()):
                head += piece
            self.head = head[:HEAD]
            self.whole = len(head) < HEAD
            self.damage = stream.damage

    @contextmanager
    def stream(self) -> Iterator[Stream]:
        """Open a stream of the decompressed file from its beginning."""
        if self.compression == "zstd":
            zstd = _Zstd(self.stored)
            try:
                yield zstd
            finally:
                zstd.close()
            return
        if self.compression is None and self.whole:
            yield Plain(io.BytesIO(self.head))
            return
        with self.stored.open("rb") as file:
            yield _STREAMS.get(self.compression or "", Plain)(file)

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """Yield a path to the decompressed file, for random access.

        Yields:
            The file's own path, or that of a temporary copy if it is compressed.

        Raises:
            LimitExceeded: the decompressed file has more than `SPOOL_LIMIT` bytes.
            StorageFull: the folder of temporary files is full.
        """
        if self.compression is None:
            yield self.stored
            return
        with self.stream() as stream, tempfile.NamedTemporaryFile(prefix="obskit-") as copy:
            self._decompress(stream, copy)
            yield Path(copy.name)

    def _decompress(self, stream: Stream, copy: IO[bytes]) -> None:
        written = 0
        try:
            while piece := stream.piece():
                written += len(piece)
                if written > SPOOL_LIMIT:
                    raise LimitExceeded(
                        f"{self.path} has more than {SPOOL_LIMIT // 1024**3} GiB when decompressed",
                        hint=f"decompress it first: {(self.compression or '').split()[0]} -d",
                    )
                copy.write(piece)
            copy.flush()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise StorageFull(
                f"no space left in {tempfile.gettempdir()} to decompress {self.path}",
                hint="free some space, or set TMPDIR to a folder on another disk",
            ) from error


class Readable:
    """A stream as a file object, for libraries that need one."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._rest = memoryview(b"")  # a view, so that small reads do not copy the rest
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, fewer only at the end."""
        pieces, have = [self._rest], len(self._rest)
        while (size < 0 or have < size) and (piece := self._stream.piece()):
            pieces.append(memoryview(piece))
            have += len(piece)
        left = max(0, have - size) if size >= 0 else 0
        cut = len(pieces[-1]) - left
        pieces[-1], self._rest = pieces[-1][:cut], pieces[-1][cut:]
        return b"".join(pieces)

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def close(self) -> None:
        """Close the object, not the stream."""
        self.closed = True
