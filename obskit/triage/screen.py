"""Find the moments at which an operation may have got worse, for all operations at once.

The tests are those of `changes.evidence_of_growth`, on arrays: with thousands of operations and dozens of
moments, a test at a time takes most of triage's time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from obskit.stats import buckets
from obskit.stats.evidence import lower_bound, upper_bound
from obskit.triage.counts import Operation

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def moments_of_growth(
    operations: Sequence[Operation],
    comparable: Sequence[Sequence[int]],
    moments: int,
    *,
    slow: float,
    ratio: float,
    fewest: int,
    level: float,
) -> list[list[int]]:
    """Return per operation the moments at which one of its outcomes grew beyond chance.

    Args:
        operations: what was counted.
        comparable: per operation, the moments to compare at.
        moments: the number of all moments.
        slow: the percentile of earlier durations above which an event is slow, in [0, 1].
        ratio: the factor by which a share must grow.
        fewest: later events with the outcome.
        level: natural logarithm of the probability of a false alarm.

    Returns:
        Indices of moments, ascending.

    Cost: sums over the groups of each operation; memory O(operations x moments).
    """
    owner, place, sums = [], [], []
    for number, (operation, at) in enumerate(zip(operations, comparable, strict=True)):
        if not at:
            continue
        found = _outcome_sums(operation, np.array(at), moments, slow)
        for outcome in found:
            owner.append(np.full(len(at), number))
            place.append(np.array(at))
            sums.append(outcome)
    out: list[list[int]] = [[] for _ in operations]
    if not sums:
        return out
    grew = _grew(np.concatenate(sums, axis=2), ratio, fewest, level)
    for number, at in sorted(
        set(zip(np.concatenate(owner)[grew].tolist(), np.concatenate(place)[grew].tolist(), strict=True))
    ):
        out[number].append(at)
    return out


def _outcome_sums(operation: Operation, at: Ints, moments: int, slow: float) -> list[Floats]:
    """Return the sums of both outcomes at some moments.

    Returns:
        Per outcome: (hits before, all before, hits after, all after) x (n, w, w2) x moments.
    """
    cells = operation.cells
    size = len(cells)
    # Without weights, all three sums are the same.
    plain = bool((operation.sums == operation.sums[0]).all())
    sums = operation.sums[:1] if plain else operation.sums
    failed, cell = operation.place // size, operation.place % size
    out = [
        _sides(_grid(operation.interval * 2 + failed, sums, moments + 1, 2), at, lambda grid: grid[:, :, 1])
    ]
    timed = (cells != buckets.NULL) & (cells != buckets.NAN)
    if timed.any():
        kept = timed[cell]
        number = np.cumsum(timed) - 1
        index = operation.interval[kept] * int(timed.sum()) + number[cell[kept]]
        grid = _grid(index, sums[:, kept], moments + 1, int(timed.sum()))
        weight = np.cumsum(grid[-1 if plain else 1], axis=0)[at]
        running = np.cumsum(weight, axis=1)
        total = running[:, -1]
        limit = (running >= (slow * total * (1 - 1e-12))[:, None]).argmax(axis=1)
        # one column of the buckets above each moment's limit, without a mask over all buckets
        above = np.cumsum(grid[:, :, ::-1], axis=2)[:, :, ::-1]
        below = np.concatenate([above[:, :, 1:], np.zeros((*above.shape[:2], 1))], axis=2)
        found = _sides(grid, at, lambda _: below, limit)
        out.append(np.where(total > 0, found, 0.0))
    return [np.repeat(part, 3, axis=1) if plain else part for part in out]


def _grid(index: Ints, sums: Floats, rows: int, columns: int) -> Floats:
    """Return the sums by interval and column; (sums, rows, columns)."""
    return np.array([np.bincount(index, part, rows * columns) for part in sums]).reshape(-1, rows, columns)


def _sides(grid: Floats, at: Ints, hits_of: Callable[[Floats], Floats], limit: Ints | None = None) -> Floats:
    """Return (hits before, all before, hits after, all after) x sums x moments.

    Args:
        grid: sums by interval and column.
        at: the moments.
        hits_of: returns the sums of hits by interval; with a limit, by interval and limit.
        limit: the column to take at each moment.
    """
    every, hits = np.cumsum(grid.sum(axis=2), axis=1), np.cumsum(hits_of(grid), axis=1)
    before, whole = (hits[:, at], hits[:, -1:]) if limit is None else (hits[:, at, limit], hits[:, -1, limit])
    # the difference of equal float sums may be slightly negative
    later = (np.maximum(end - part, 0.0) for end, part in ((whole, before), (every[:, -1:], every[:, at])))
    return np.stack([before, every[:, at], *later])


def _grew(sums: Floats, ratio: float, fewest: int, level: float) -> Bools:
    """Return for which columns the bounds of the share before and after do not overlap."""
    hits0, all0, hits1, all1 = sums
    was, now = _share(hits0, all0), _share(hits1, all1)
    out: Bools = (hits1[0] >= fewest) & (now > 0) & (now >= ratio * was)
    chosen = np.flatnonzero(out)
    hits0, all0, hits1, all1 = (part[:, chosen] for part in (hits0, all0, hits1, all1))
    low = lower_bound(_share(hits1, all1), _size(hits1, all1), level)
    # one more heavy row with the outcome, because by chance none may have been sampled
    heavy = _heavy(all0)
    row = np.array([np.zeros(len(heavy)), np.sqrt(heavy), heavy])
    hits0, all0 = hits0 + row, all0 + row
    out[chosen] = low > upper_bound(_share(hits0, all0), _size(hits0, all0), level)
    return out


def _share(part: Floats, whole: Floats) -> Floats:
    found: Floats = np.clip(part[1] / np.maximum(whole[1], 1e-300), 0.0, 1.0)
    return found


def _size(part: Floats, whole: Floats) -> Floats:
    """Return effective sample sizes, as `stats.evidence.effective_size` for the side "low"."""
    p = _share(part, whole)
    total, squares = whole[1], whole[2]
    v = part[2] * (1 - p) ** 2 + (np.maximum(squares - part[2], 0.0) + _heavy(whole)) * p**2
    v = v / np.maximum(total**2, 1e-300)
    plain = total**2 / np.maximum(squares, 1e-300)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where((v > 0) & (p > 0) & (p < 1), p * (1 - p) / v, plain)
    found: Floats = np.maximum(size, 1e-9)
    return found


def _heavy(whole: Floats) -> Floats:
    """Return by how much the squared weight of a heavy row exceeds an average one: `stats.evidence.heavy`."""
    n, total, squares = whole
    with np.errstate(divide="ignore", invalid="ignore"):
        average = (total / n) ** 2
        gap = (squares / total) ** 2 - average
        found = np.where((total > 0) & (n > 0) & (gap > 1e-9 * average), gap, 0.0)
    return np.asarray(found, np.float64)
