"""Cut a stream into blocks of whole lines, each with its position in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from obskit.readers.io.source import Stream
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import FileReport

BLOCK = 1024 * 1024
"""Bytes of a block, about, where its reader asks for no other size."""

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes that one line may have. A longer line is rejected without being held in memory."""

_NEWLINE = 10
_MOST_LINES = 16  # lines per line that is set aside, at least


@dataclass(frozen=True)
class Block:
    """Whole lines.

    Attributes:
        data: their bytes.
        line: number of the first line, from 1.
        offset: of the first line in the decompressed file, in bytes.
        torn: the file ends without a newline after the last line, which may be complete nevertheless.

    Example:
        block = Block(b"one\\ntwo\\n", line=1, offset=0, torn=False)
        for position, line in block.lines():
            print(position, line)
    """

    data: bytes
    line: int
    offset: int
    torn: bool

    @cached_property
    def newlines(self) -> int:
        """Number of newlines."""
        return newlines(self.data)

    def lines(self) -> Iterator[tuple[str, bytes]]:
        """Yield each line that is not blank.

        Yields:
            Its position, such as "line 3, byte 120", for a rejection; the line without its line break.
        """
        offset = self.offset
        for number, line in enumerate(self.data.split(b"\n"), start=self.line):
            if line.strip():
                yield f"line {number}, byte {offset}", line.removesuffix(b"\r")
            offset += len(line) + 1


def newlines(data: bytes) -> int:
    """Return the number of newlines, several times as fast as `bytes.count`."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == _NEWLINE))


def split_odd_lines(block: Block) -> tuple[bytes, list[Block]]:
    """Separate lines that may be JSON objects from the others, unless there are many of those.

    Args:
        block: of any lines.

    Returns:
        The lines that begin with `{` and end with `}`, or all if many do not; the others, a block each.
    """
    text = np.frombuffer(block.data, np.uint8)
    ends = np.flatnonzero(text == _NEWLINE)
    if not block.data.endswith(b"\n"):
        ends = np.append(ends, len(text))
    starts = np.concatenate([[0], ends[:-1] + 1])
    odd = np.flatnonzero((text[starts.clip(max=len(text) - 1)] != ord("{")) | (text[ends - 1] != ord("}")))
    if len(odd) > len(ends) / _MOST_LINES:
        return block.data, []
    good, others, after = [], [], 0
    for row in odd.tolist():
        start, end = int(starts[row]), int(ends[row])
        good.append(block.data[after:start])
        if start < end:
            torn = block.torn and end == len(text)
            others.append(Block(block.data[start:end], block.line + row, block.offset + start, torn))
        after = end + 1
    return b"".join([*good, block.data[after:]]), others


class LineBlocks:
    """Iterable of a stream's blocks; a byte order mark at its start is skipped.

    Args:
        stream: of the file, from its beginning.
        report: counts lines that are too long.
        size: of a block in bytes, about; the attribute may be changed between blocks.
        limit: longest line in bytes.

    Example:
        import pyarrow as pa

        def read(source, report, options):
            with source.stream() as stream:
                for block in LineBlocks(stream, report):
                    names = [line.decode() for _position, line in block.lines()]
                    yield pa.RecordBatch.from_pydict({"name": names})
    """

    def __init__(
        self, stream: Stream, report: FileReport, *, size: int = BLOCK, limit: int = LINE_LIMIT
    ) -> None:
        self.size = size
        self._stream = stream
        self._report = report
        self._limit = limit

    def __iter__(self) -> Iterator[Block]:
        line, offset, rest, ended = 1, 0, b"", False
        while not ended or rest:
            pieces, have = [rest], len(rest)
            while have < self.size and not ended:
                piece = self._stream.piece()
                ended = not piece
                if offset == 0 and have == 0 and piece.startswith(UTF8_BOM):
                    piece, offset = piece[3:], 3
                pieces.append(piece)
                have += len(piece)
            at = (
                0
                if ended or have > self._limit
                else pieces[-1].rfind(b"\n", 0, self.size + len(pieces[-1]) - have) + 1
            )
            if at:  # the usual case, without a second copy of the block
                rest = pieces[-1][at:]
                pieces[-1] = pieces[-1][:at]
                block = Block(b"".join(pieces), line, offset, torn=False)
                yield block
                line, offset = line + block.newlines, offset + len(block.data)
                continue
            data = b"".join(pieces)
            if not data:
                return
            first = data.find(b"\n")
            if first > self._limit or (first < 0 and len(data) > self._limit):
                skipped, rest, ended = self._skip(data, line, offset)
                line, offset = line + 1, offset + skipped
                continue
            cut = self._cut(data, ended)
            if cut == 0:  # a line longer than a block: read on until its end or the limit
                pieces, have, piece = [data], len(data), b""
                while not ended and b"\n" not in piece and have <= self._limit:
                    piece = self._stream.piece()
                    ended = not piece
                    pieces.append(piece)
                    have += len(piece)
                rest = b"".join(pieces)
                continue
            block = Block(data[:cut], line, offset, torn=not data.endswith(b"\n", 0, cut))
            yield block
            line, offset, rest = line + block.newlines, offset + cut, data[cut:]

    def _cut(self, data: bytes, ended: bool) -> int:
        """Return where the block ends: after a newline near `size`, or at the end of the last data."""
        if len(data) <= self.size and ended:
            return len(data)
        cut = data.rfind(b"\n", 0, self.size) + 1
        if cut == 0:
            cut = data.find(b"\n") + 1
        return len(data) if cut == 0 and ended else cut

    def _skip(self, data: bytes, line: int, offset: int) -> tuple[int, bytes, bool]:
        """Skip a line that is too long; return its length, the bytes after it, whether the stream ended."""
        self._report.reject(
            f"line {line}, byte {offset}", f"a line of more than {self._limit // 1024**2} MiB"
        )
        skipped, piece = 0, data
        while piece:
            at = piece.find(b"\n")
            if at >= 0:
                return skipped + at + 1, piece[at + 1 :], False
            skipped += len(piece)
            piece = self._stream.piece()
        return skipped, b"", True
