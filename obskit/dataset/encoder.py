"""Encode one column of one file as small integers: code 0 is missing, code g is entry g of a dictionary.

Example: ["a", null, "b", "a"] becomes codes [1, 0, 2, 1] with the entries ["a", "b"]. Pure functions, no
files. The kind of encoding depends only on the column's type ("value", "numeric", "flag"), except that
integers with more than 65,536 distinct values are put into buckets like floats.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.stats import buckets

RARE = "(rare)"
RARE_ROWS = 5  # in a nearly unique column, values on fewer rows than this share the entry RARE
RARE_ENTRIES = 4_096  # a dictionary up to this size is kept whole, however unique its values
MOST_INTEGERS = 65_536
_SPAN = buckets.INFINITY - buckets.NULL + 1
_SMALL = 20_000  # below this many values sorting is cheaper than a table over the whole span

Codes = npt.NDArray[Any]  # uint8, uint16 or uint32
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Encoded:
    """Codes of one column of one file.

    Attributes:
        kind: "value", "numeric" or "flag".
        codes: one per row; 0 is missing, g is entry g.
        values: the entries, `values[g - 1]`; for "numeric" the middle of the bucket.
        lo, hi: smallest and largest actual value of each entry ("numeric" only).
        bucket: the bucket of each entry ("numeric" only).
        rare_code: the entry shared by all rare values, if there is one.
        distinct: exact number of distinct values; None if they are not counted.
    """

    kind: str
    codes: Codes
    values: pa.Array
    lo: Floats | None = None
    hi: Floats | None = None
    bucket: Ints | None = None
    rare_code: int | None = None
    distinct: int | None = None


def width(entries: int) -> np.dtype[Any]:
    """Return the smallest unsigned type that holds the codes 0..entries."""
    return np.dtype(np.uint8 if entries <= 0xFF else np.uint16 if entries <= 0xFFFF else np.uint32)


def entry_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column's entries: int64, float64, string or bool; bool for a flag too."""
    if pa.types.is_dictionary(kind):
        return entry_type(kind.value_type)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_integer(kind):
        return pa.float64() if pa.types.is_uint64(kind) else pa.int64()
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pa.float64()
    return pa.bool_()


def encode(array: pa.ChunkedArray | pa.Array) -> Encoded:
    """Encode a column.

    Args:
        array: any Arrow column; dictionaries of strings are used as they are.

    Returns:
        Encoded; string entries in no particular order (the rare one last), others ascending.

    Cost: one pass; hashing for strings and wide integers.
    """
    kind = array.type
    target = entry_type(kind)
    flat = _flat(array)
    if target == pa.string():
        return _strings(flat)
    if pa.types.is_dictionary(kind):
        flat = flat.dictionary_decode()
        kind = flat.type
    if target == pa.bool_() and not pa.types.is_boolean(kind):
        present = _valid(flat)
        return Encoded("flag", present.view(np.uint8), pa.array([True] if present.any() else [], pa.bool_()))
    if target == pa.bool_():
        return _booleans(flat)
    flat = flat if kind == target else flat.cast(target, safe=False)
    valid = _valid(flat) if flat.null_count else None
    data = _numbers(flat, np.dtype(np.int64 if target == pa.int64() else np.float64))
    dense = data if valid is None else data[valid]
    made = _integers(dense) if target == pa.int64() else _floats(dense)
    if valid is None:
        return made
    codes = np.zeros(len(flat), made.codes.dtype)
    codes[valid] = made.codes
    return replace(made, codes=codes)


def _flat(array: pa.ChunkedArray | pa.Array) -> pa.Array:
    if isinstance(array, pa.Array):
        return array
    if pa.types.is_dictionary(array.type):
        array = array.unify_dictionaries()
    if array.num_chunks == 1:
        return array.chunk(0)
    return array.combine_chunks() if array.num_chunks else pa.array([], array.type)


def _valid(array: pa.Array) -> npt.NDArray[np.bool_]:
    out: npt.NDArray[np.bool_] = pc.is_valid(array).to_numpy(zero_copy_only=False)
    return out


def _numbers(array: pa.Array, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return the data buffer; values at nulls are undefined."""
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.zeros(len(array), dtype)
    return np.frombuffer(buffer, dtype, count=len(array), offset=array.offset * dtype.itemsize)


def _booleans(array: pa.Array) -> Encoded:
    true = pc.fill_null(array, False).to_numpy(zero_copy_only=False)
    valid = _valid(array)
    present = [value for value in (False, True) if ((true == value) & valid).any()]
    codes = np.zeros(len(array), np.uint8)
    for code, value in enumerate(present, 1):
        codes[(true == value) & valid] = code
    return Encoded("value", codes, pa.array(present, pa.bool_()), distinct=len(present))


def _strings(array: pa.Array) -> Encoded:
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    values = array.dictionary
    if values.null_count or values.type != pa.string():
        array = array.dictionary_decode().cast(pa.string()).dictionary_encode()
        values = array.dictionary
    index = array.indices
    if index.null_count:
        index = (
            pc.fill_null(index, pa.scalar(-1, index.type))
            if pa.types.is_signed_integer(index.type)
            else (pc.fill_null(index.cast(pa.int64()), -1))
        )
    codes = index.to_numpy(zero_copy_only=False) + 1
    rows = np.bincount(codes, minlength=len(values) + 1)[1:] if len(values) else np.zeros(0, np.int64)
    used = rows > 0
    distinct = int(used.sum())
    nearly_unique = distinct > max(RARE_ENTRIES, rows.sum() / 2)
    rare = used & (rows < RARE_ROWS) if nearly_unique else np.zeros(len(rows), bool)
    if distinct == len(rows) and not rare.any():
        return Encoded("value", codes.astype(width(distinct)), values, distinct=distinct)
    keep = used & ~rare
    kept = int(keep.sum())
    rare_code = kept + 1 if rare.any() else None
    renumber = np.zeros(len(rows) + 1, width(kept + 1))
    renumber[1:][keep] = np.arange(1, kept + 1)
    if rare_code is not None:
        renumber[1:][rare] = rare_code
    values = values.filter(pa.array(keep))
    if rare_code is not None:
        values = pa.concat_arrays([values, pa.array([RARE], pa.string())])
    return Encoded("value", renumber[codes], values, rare_code=rare_code, distinct=distinct)


def _integers(data: npt.NDArray[np.int64]) -> Encoded:
    if not len(data):
        return Encoded("value", np.zeros(0, np.uint8), pa.array([], pa.int64()), distinct=0)
    low, high = int(data.min()), int(data.max())
    if high - low < max(1 << 16, 2 * len(data)):
        offset = data - low
        seen = np.zeros(high - low + 1, bool)
        seen[offset] = True
        entries = np.flatnonzero(seen)
        if len(entries) > MOST_INTEGERS:
            return replace(_floats(data.astype(np.float64)), distinct=len(entries))
        rank = np.zeros(len(seen), width(len(entries)))
        rank[entries] = np.arange(1, len(entries) + 1)
        return Encoded("value", rank[offset], pa.array(entries + low, pa.int64()), distinct=len(entries))
    hashed = pa.array(data).dictionary_encode()
    values = hashed.dictionary.to_numpy()
    if len(values) > MOST_INTEGERS:
        return replace(_floats(data.astype(np.float64)), distinct=len(values))
    order = np.argsort(values)
    rank = np.zeros(len(values), width(len(values)))
    rank[order] = np.arange(1, len(values) + 1)
    codes = rank[hashed.indices.to_numpy()]
    return Encoded("value", codes, pa.array(values[order], pa.int64()), distinct=len(values))


def _floats(data: Floats) -> Encoded:
    bucket = buckets.buckets(data)
    if len(data) < _SMALL:
        entries, inverse = np.unique(bucket, return_inverse=True)
        codes = (inverse + 1).astype(width(len(entries)))
    else:
        offset = bucket - buckets.NULL
        seen = np.zeros(_SPAN, bool)
        seen[offset] = True
        found = np.flatnonzero(seen)
        rank = np.zeros(_SPAN, width(len(found)))
        rank[found] = np.arange(1, len(found) + 1)
        codes = rank[offset]
        entries = (found + buckets.NULL).astype(np.int32)
    lo, hi = least_and_greatest(codes.astype(np.intp) - 1, len(entries), data, data)
    return Encoded("numeric", codes, middles(entries), lo, hi, entries)


def least_and_greatest(
    at: npt.NDArray[np.intp], entries: int, low: Floats, high: Floats
) -> tuple[Floats, Floats]:
    """Return the minimum of `low` and the maximum of `high` per entry; NaN for the entry of NaN."""
    lo, hi = np.full(entries, np.inf), np.full(entries, -np.inf)
    with np.errstate(invalid="ignore"):
        np.minimum.at(lo, at, low)
        np.maximum.at(hi, at, high)
    return lo, hi


def middles(entries: Ints) -> pa.Array:
    """Return the middle of each bucket; infinite if it is beyond the largest float."""
    with np.errstate(over="ignore"):
        return pa.array(buckets.middles(entries))
