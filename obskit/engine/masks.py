"""Masks: for which rows a condition is true, from the boolean column that an engine returns."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.errors import DatasetError
from obskit.text import pluralize

CACHE_BYTES = 256 << 20

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Mask:
    """For which rows of a file a condition is true, and for which it is null.

    Attributes:
        true: bool[rows], in the order of the file.
        null: the same; None if the condition is null for no row.
    """

    true: BoolArray
    null: BoolArray | None

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return self.true.nbytes + (0 if self.null is None else self.null.nbytes)


class MaskCache:
    """The masks of conditions that were asked for last, up to 256 MiB; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._masks: OrderedDict[str, list[Mask]] = OrderedDict()
        self._bytes = 0

    def get(self, key: str, make: Callable[[], list[Mask]]) -> list[Mask]:
        """Return the masks of a key; `make` makes them if they are not kept."""
        with self._lock:
            if key in self._masks:
                self._masks.move_to_end(key)
                return self._masks[key]
        made = make()
        with self._lock:
            if key not in self._masks:
                self._masks[key] = made
                self._bytes += sum(mask.nbytes for mask in made)
            while self._bytes > CACHE_BYTES and len(self._masks) > 1:
                _, old = self._masks.popitem(last=False)
                self._bytes -= sum(mask.nbytes for mask in old)
        return made


def check_rows(found: int, written: int) -> None:
    """Raise DatasetError if the files of a dataset no longer have as many rows as were written."""
    if found != written:
        raise DatasetError(
            f"the dataset has {pluralize(found, 'row')}, but {written:,} were written",
            hint="convert it again; something else changed the dataset",
        )


def split_by_file(column: pa.ChunkedArray, files: Sequence[int]) -> list[Mask]:
    """Return a boolean column of all rows as one mask per file; `files` are their numbers of rows."""
    check_rows(len(column), sum(files))
    true, null = to_numpy(column)
    masks, start = [], 0
    for rows in files:
        part = slice(start, start + rows)
        some = null[part] if null is not None else None
        masks.append(Mask(true[part], some if some is not None and some.any() else None))
        start += rows
    for mask in masks:
        mask.true.flags.writeable = False
    return masks


def expand_ranges(
    column: pa.ChunkedArray, files: Sequence[int], ranges: Sequence[tuple[int, int]]
) -> list[Mask]:
    """Return a boolean column of some rows of each file as masks that are false elsewhere.

    Args:
        column: the values, file after file.
        files: the number of rows of each file.
        ranges: (first row, one after the last row) of each file.

    Returns:
        One mask per file.
    """
    if len(column) != sum(last - first for first, last in ranges):
        raise DatasetError(
            "the rows of the dataset are no longer in the order of their stored times",
            hint="convert it again; something else changed the dataset",
        )
    true, null = to_numpy(column)
    masks, start = [], 0
    for rows, (first, last) in zip(files, ranges, strict=True):
        full = np.zeros(rows, dtype=bool)
        part = slice(start, start + last - first)
        full[first:last] = true[part]
        unknown = None
        if null is not None and null[part].any():
            unknown = np.zeros(rows, dtype=bool)
            unknown[first:last] = null[part]
        full.flags.writeable = False
        masks.append(Mask(full, unknown))
        start = part.stop
    return masks


def to_numpy(column: pa.ChunkedArray) -> tuple[BoolArray, BoolArray | None]:
    """Return where a boolean column is true, and where it is null (None if nowhere)."""

    def bits(chunk: pa.Array, data: pa.Buffer | None) -> BoolArray | bool:
        if chunk.null_count == len(chunk) or data is None:
            return False
        return unpack_bits(data, chunk.offset, len(chunk))

    return by_chunk(column, bits)


def by_chunk(
    column: pa.ChunkedArray, test: Callable[[pa.Array, pa.Buffer | None], BoolArray | bool]
) -> tuple[BoolArray, BoolArray | None]:
    """Return for which rows a test is true, and for which the column is null (None if for none).

    Args:
        column: values of fixed width.
        test: returns for which values of a chunk it is true, given the chunk and its buffer of values; what
            it says of nulls does not matter.

    Returns:
        True and null rows.
    """
    true = np.empty(len(column), dtype=bool)
    null = np.zeros(len(column), dtype=bool) if column.null_count else None
    at = 0
    for chunk in column.chunks:
        end = at + len(chunk)
        validity, data = chunk.buffers()
        true[at:end] = test(chunk, data)
        if null is not None and chunk.null_count:
            null[at:end] = ~unpack_bits(validity, chunk.offset, len(chunk))
            true[at:end] &= ~null[at:end]
        at = end
    return true, null


def unpack_bits(buffer: pa.Buffer, offset: int, length: int) -> BoolArray:
    """Return `length` bits of an Arrow bitmap, from the bit at `offset` on."""
    first = offset // 8
    octets = np.frombuffer(buffer, np.uint8)[first : (offset + length + 7) // 8]
    bits = np.unpackbits(octets, bitorder="little")
    return bits[offset - 8 * first :][:length].view(np.bool_)
