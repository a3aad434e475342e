"""Merge the dictionaries of one field over all files, and add up its totals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset.encoder import RARE, Encoded, Floats, Ints, least_and_greatest, middles
from obskit.dataset.population import Totals
from obskit.stats import buckets

Remap = npt.NDArray[np.int32]
BySet = dict[str, Totals]


@dataclass(frozen=True, eq=False)
class FieldCodes:
    """One field of a whole dataset in codes: 0 is missing, code g is `values[g - 1]`.

    Attributes:
        name: the field.
        kind: "value", "numeric" or "flag".
        type: the field's Arrow type.
        values: the entries; for "numeric" the middle of the bucket. Numbers ascend; others have no order.
        lo, hi: smallest and largest actual value of each entry ("numeric" only).
        bucket: the bucket of each entry ("numeric" only).
        rare_code: the entry shared by rare values, if there is one.
        parts: per file (codes per row, remap to global codes or None if they are global already).
        totals: sums per code, for "all" rows and for the "units".
        distinct: number of distinct values; None if they are not counted.
        at_least: whether `distinct` is a lower bound: rare values of several files may be equal.
    """

    name: str
    kind: str
    type: pa.DataType
    values: pa.Array
    lo: Floats | None
    hi: Floats | None
    bucket: Ints | None
    rare_code: int | None
    parts: list[tuple[npt.NDArray[Any], Remap | None]]
    totals: BySet
    distinct: int | None = None
    at_least: bool = False

    @property
    def size(self) -> int:
        """Number of codes: the entries, plus one for missing."""
        return len(self.values) + 1

    def codes(self, file: int) -> npt.NDArray[Any]:
        """Return the global codes of a file's rows: int32, or as stored where no remap is needed."""
        codes, remap = self.parts[file]
        return codes if remap is None else remap[codes]

    @property
    def nbytes(self) -> int:
        """Size of the mapped codes of all files in bytes (on disk, and in memory once counted)."""
        return sum(codes.nbytes for codes, _ in self.parts)


def merge(
    name: str,
    kind: pa.DataType,
    parts: Sequence[Encoded],
    totals: Sequence[BySet],
    common: pa.Array | None = None,
) -> FieldCodes:
    """Join the codes of one field in several files.

    Args:
        name: the field.
        kind: its type.
        parts: its codes, one per file.
        totals: its totals per local code, one per file.
        common: what `common_values` returned: the values that have an entry; the others share the rare one.

    Returns:
        Codes of all files with one common dictionary.

    Cost: O(entries of all files).
    """
    rare_code: int | None = None
    lo = hi = bucket = None
    kinds = {part.kind for part in parts if len(part.values)} or {part.kind for part in parts}
    if "numeric" in kinds:
        values, lo, hi, bucket, remaps = _numeric(parts)
    elif "flag" in kinds:
        values = pa.array([True] if any(len(part.values) for part in parts) else [], pa.bool_())
        remaps = [np.arange(len(part.values) + 1, dtype=np.int32) for part in parts]
    elif parts and (pa.types.is_int64(parts[0].values.type) or pa.types.is_boolean(parts[0].values.type)):
        values, remaps = _ordered(parts)
    else:
        values, remaps, rare_code = _strings(parts, common)
    size = len(values) + 1
    out = {
        key: Totals(
            _added(totals, remaps, size, lambda t: t.n, key).astype(np.int64),
            _added(totals, remaps, size, lambda t: t.w, key),
            _added(totals, remaps, size, lambda t: t.w2, key),
        )
        for key in ("all", "units")
    }
    which = "numeric" if "numeric" in kinds else "flag" if "flag" in kinds else "value"
    joined = [(part.codes, None if _identity(r) else r) for part, r in zip(parts, remaps, strict=True)]
    exact = len(values) - (rare_code is not None)
    if common is not None:  # other values have entries in the files too
        exact = len(pa.chunked_array(map(exact_values, parts), pa.string()).unique())
    distinct, at_least = _distinct(parts, which, exact)
    return FieldCodes(name, which, kind, values, lo, hi, bucket, rare_code, joined, out, distinct, at_least)


def _distinct(parts: Sequence[Encoded], which: str, exact: int) -> tuple[int | None, bool]:
    """Return the number of values of a field, and whether it is a lower bound."""
    some = [part for part in parts if len(part.values)]
    counts = [part.distinct for part in some if part.distinct is not None]
    if which == "flag" or len(counts) < len(some):
        return None, False
    if len(some) < 2:
        return (counts[0] if counts else 0), False
    if which == "value" and all(part.rare_code is None for part in some):
        return exact, False
    return max(*counts, exact if which == "value" else 0), True


def _identity(remap: Remap) -> bool:
    return bool((remap == np.arange(len(remap))).all())


def _added(
    totals: Sequence[BySet],
    remaps: list[Remap],
    size: int,
    of: Callable[[Totals], npt.NDArray[Any]],
    key: str,
) -> npt.NDArray[Any]:
    out = np.zeros(size, np.float64 if not totals else of(totals[0][key]).dtype)
    for part, remap in zip(totals, remaps, strict=True):
        np.add.at(out, remap, of(part[key]))
    return out


def _after_zero(index: npt.NDArray[Any]) -> Remap:
    out = np.zeros(len(index) + 1, np.int32)
    out[1:] = index
    return out


def _split(joined: npt.NDArray[Any], parts: Sequence[Encoded]) -> list[npt.NDArray[Any]]:
    return np.split(joined, np.cumsum([len(part.values) for part in parts])[:-1])


def _numeric(parts: Sequence[Encoded]) -> tuple[pa.Array, Floats, Floats, Ints, list[Remap]]:
    lows, highs, numbers = [], [], []
    for part in parts:
        if part.bucket is not None and part.lo is not None and part.hi is not None:
            lows.append(part.lo)
            highs.append(part.hi)
            numbers.append(part.bucket)
        else:  # exact integers in this file, buckets in another
            exact = part.values.to_numpy(zero_copy_only=False).astype(np.float64)
            lows.append(exact)
            highs.append(exact)
            numbers.append(buckets.buckets(exact))
    entries, inverse = np.unique(np.concatenate(numbers), return_inverse=True)
    lo, hi = least_and_greatest(inverse, len(entries), np.concatenate(lows), np.concatenate(highs))
    remaps = [_after_zero(at) for at in _split(inverse + 1, parts)]
    return middles(entries), lo, hi, entries.astype(np.int32), remaps


def _ordered(parts: Sequence[Encoded]) -> tuple[pa.Array, list[Remap]]:
    kind = parts[0].values.type
    found = [part.values.to_numpy(zero_copy_only=False) for part in parts]
    if all(len(x) == len(found[0]) and (x == found[0]).all() for x in found[1:]):
        return parts[0].values, [np.arange(len(found[0]) + 1, dtype=np.int32) for _ in parts]
    entries, inverse = np.unique(np.concatenate(found), return_inverse=True)
    return pa.array(entries.astype(found[0].dtype), kind), [
        _after_zero(at) for at in _split(inverse + 1, parts)
    ]


def exact_values(part: Encoded) -> pa.Array:
    """Return the entries of a file without the one that rare values share."""
    return part.values if part.rare_code is None else part.values[:-1]


def _strings(parts: Sequence[Encoded], common: pa.Array | None) -> tuple[pa.Array, list[Remap], int | None]:
    rare = [part.rare_code is not None for part in parts]
    exact = [exact_values(part) for part in parts]
    first = exact[0] if exact else pa.array([], pa.string())
    if common is not None:
        values = common
        index = [
            pc.fill_null(pc.index_in(one, common), len(common)).to_numpy(zero_copy_only=False)
            for one in exact
        ]
    elif all(values.equals(first) for values in exact[1:]):
        values, index = first, [np.arange(len(first)) for _ in parts]
    else:
        hashed = pa.chunked_array(exact, pa.string()).dictionary_encode().combine_chunks()
        values = hashed.dictionary
        at = hashed.indices.to_numpy(zero_copy_only=False)
        index = np.split(at, np.cumsum([len(values) for values in exact])[:-1])
    last = len(values) + 1
    remaps = [
        _after_zero(np.append(at + 1, last) if is_rare else at + 1)
        for at, is_rare in zip(index, rare, strict=True)
    ]
    if common is None and not any(rare):
        return values, remaps, None
    return pa.concat_arrays([values, pa.array([RARE], pa.string())]), remaps, last


def among(
    codes: npt.NDArray[Any], accept: npt.NDArray[np.bool_], hits: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Return which of the rows' codes are accepted.

    A run of codes (an interval, "has a value") is compared, which is ten times as fast as a look-up.

    Args:
        codes: the code of each row.
        accept: for each code, whether it is accepted.
        hits: the accepted codes, at least one.
    Returns:
        For each row, whether its code is accepted.
    """
    low, high = int(hits[0]), int(hits[-1])
    if high - low + 1 != len(hits):
        return np.asarray(accept[codes])
    if low == high:
        return np.asarray(codes == low)
    if high == len(accept) - 1:
        return np.asarray(codes >= low)
    if low == 0:
        return np.asarray(codes <= high)
    return np.asarray((codes >= low) & (codes <= high))
