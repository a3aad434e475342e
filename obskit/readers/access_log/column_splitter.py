"""Split blocks of lines into columns at single separators, with numpy and without a copy of the text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_NEWLINE, _RETURN = b"\n\r"


def split_columns(
    data: bytes, separator: bytes, count: int
) -> tuple[list[pa.Array], list[tuple[int, int, int]]]:
    """Split lines into columns.

    Args:
        data: whole lines; the last one can lack its newline. Bytes that are not UTF-8 become `\\xff`.
        separator: one byte.
        count: number of columns.

    Returns:
        The columns of the lines that have so many, empty if there is no such line; (number, begin, end) of
        each other line.
    """
    text, starts, ends = _lines(data)
    stops = ends - ((text[np.maximum(ends - 1, 0)] == _RETURN) & (ends > starts))
    separators = np.flatnonzero(text == separator[0])
    first = np.searchsorted(separators, starts)
    fits = (np.diff(first, append=len(separators)) == count - 1) & (stops > starts) & (count > 0)
    lines = np.flatnonzero(fits)
    left = np.flatnonzero(~fits)
    others = list(zip(left.tolist(), starts[left].tolist(), ends[left].tolist(), strict=True))
    if not len(lines):
        return [], others
    between = separators[first[lines][:, None] + np.arange(count - 1)]
    edges = np.empty((len(lines), 2 * count), np.int64)
    edges[:, 0], edges[:, -1] = starts[lines], stops[lines]
    edges[:, 1:-1:2], edges[:, 2::2] = between, between + 1
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            return _decoded(data, edges, count), others
    pieces = edges.size - 1
    offsets = pa.py_buffer(edges.astype(np.int32))
    # One array of text over the block: its items are the values and the separators between them.
    every = pa.Array.from_buffers(pa.string(), pieces, [None, offsets, pa.py_buffer(data)])
    return [every.take(pa.array(np.arange(2 * at, pieces, 2 * count))) for at in range(count)], others


def _lines(
    data: bytes,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the bytes, and where each line begins and ends."""
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(text == _NEWLINE)
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(text))
    return text, np.concatenate(([0], ends[:-1] + 1)), ends


def _decoded(data: bytes, edges: npt.NDArray[np.int64], count: int) -> list[pa.Array]:
    rows = edges.tolist()
    return [
        pa.array([data[row[2 * at] : row[2 * at + 1]].decode("utf-8", "backslashreplace") for row in rows])
        for at in range(count)
    ]
