"""Quantiles and counts of groups of values, exact and without a loop over the groups."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_FEW_GROUPS = 1 << 16
_LARGE_GROUP = 100  # values per group on average


def quantiles(group: Ints, value: Floats, size: int, shares: tuple[float, ...]) -> list[Floats]:
    """Return nearest-rank quantiles of the values of each group.

    Args:
        group: number of the group of each value, below `size`.
        value: NaN is left out.
        size: number of groups.
        shares: in [0, 1].

    Returns:
        One array per share; NaN for a group without values.
    """
    known = ~np.isnan(value)
    if not known.all():
        group, value = group[known], value[known]
    count = np.bincount(group, minlength=size)
    first = np.cumsum(count) - count
    ranks = [
        np.clip(np.ceil(share * count).astype(np.int64) - 1, 0, np.maximum(count - 1, 0)) for share in shares
    ]
    there = np.flatnonzero(count)
    if size > _FEW_GROUPS or size * _LARGE_GROUP > len(value):
        ordered = value[np.lexsort((value, group))]
    else:  # a partition of each group is several times as fast as sorting all values
        ordered = value[np.argsort(group.astype(np.uint16), kind="stable")]
        at = np.stack(ranks, axis=1)
        for number in there.tolist():
            ordered[first[number] : first[number] + count[number]].partition(at[number])
    out = []
    for rank in ranks:
        found = np.full(size, np.nan)
        found[there] = ordered[(first + rank)[there]]
        out.append(found)
    return out


def number_values(value: Ints, limit: int) -> tuple[Ints, Ints]:
    """Number values in ascending order, as `np.unique(value, return_inverse=True)` does.

    Args:
        value: not negative.
        limit: greater than every value.

    Returns:
        The distinct values, and the number of each value.

    Cost: O(n) where `limit` is not much larger than n; else that of sorting.
    """
    if limit > 4 * len(value) + _FEW_GROUPS:
        found, number = np.unique(value, return_inverse=True)
        return found, number.astype(np.int64)
    there = np.zeros(limit, bool)
    there[value] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[value]


def distinct(group: Ints, value: Ints, size: int) -> Ints:
    """Return the number of distinct values, which are not negative, of each group."""
    base = int(value.max(initial=0)) + 1
    return np.bincount(sorted_values(group * base + value) // base, minlength=size)


def sorted_values(value: Ints) -> Ints:
    """Return the distinct values in ascending order; several times as fast as `np.unique` for millions."""
    ordered = np.sort(value)
    fresh = np.ones(len(ordered), bool)
    fresh[1:] = ordered[1:] != ordered[:-1]
    return ordered[fresh]


def sums(group: Ints, value: npt.NDArray[np.generic], size: int) -> Floats:
    """Return the sum of the known values of each group, as floats; NaN if none of its values is known."""
    given = value.astype(np.float64)
    known = ~np.isnan(given)
    total = np.bincount(group[known], given[known], minlength=size).astype(np.float64)
    if not known.all():
        values, lost = (np.bincount(of, minlength=size) for of in (group, group[~known]))
        total[(lost > 0) & (lost == values)] = np.nan
    return total


def completed_sums(group: Ints, value: npt.NDArray[np.generic], size: int) -> Floats:
    """Return the sum of each group, where an unknown value counts as the mean of the group's known ones.

    NaN if none of its values is known.
    """
    total = sums(group, value, size)
    lost = np.isnan(value.astype(np.float64))
    if not lost.any():
        return total
    values, known = (np.bincount(of, minlength=size) for of in (group, group[~lost]))
    return total * values / np.maximum(known, 1)
