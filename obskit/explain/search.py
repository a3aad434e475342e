"""Conjunctions of up to three conditions: screened on a sample of whole traces, verified by the caller.

The sample's rows are a matrix of 0 and 1, a column a condition; one matrix product gives the counts of all
pairs at once. What the screen keeps is optimistic: the exact counts decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from obskit.explain.frame import Frame, Item
from obskit.stats.evidence import Floats, divergence

Matrix: TypeAlias = npt.NDArray[np.float32]
Slice: TypeAlias = tuple[Item, ...]

# A child must say this much more than its parent, or the parent says it already.
MARGIN = 0.07
SEEDS = 30
KEEP = 60


@dataclass(frozen=True)
class Screen:
    """The sampled rows of both groups as condition matrices, and what each row weighs.

    `seen_a` (rows x conditions) and `seen_b` hold 0 or 1; `weight_a`, `weight_b` sum to 1; `size_a`, `size_b`
    are how many independent rows each sample is worth.
    """

    items: Sequence[Item]
    seen_a: Matrix
    seen_b: Matrix
    weight_a: Matrix
    weight_b: Matrix
    size_a: float
    size_b: float

    def only(self, columns: Sequence[int]) -> Screen:
        """Return the screen with some of its conditions."""
        at = list(columns)
        items = [self.items[i] for i in at]
        return replace(self, items=items, seen_a=self.seen_a[:, at], seen_b=self.seen_b[:, at])

    def shares(self, which: Matrix, weight: Matrix, columns: Matrix) -> Floats:
        """Return the weighted share of the rows in every (condition of `columns`, condition) pair."""
        return np.asarray((columns * weight[:, None]).T @ which, dtype=np.float64)

    def optimistic(self, p1: Floats, p0: Floats) -> Floats:
        """Return the divergence two standard errors to the slice's favour, sample noise being what it is."""
        high = np.minimum(p1 + 2 * np.sqrt(p1 * (1 - p1) / self.size_a) + 2 / self.size_a, 1.0)
        low = np.maximum(p0 - 2 * np.sqrt(p0 * (1 - p0) / self.size_b), 0.0)
        # nothing in the sample still leaves room for a few in the whole
        return divergence(np.where(p1 > 0, high, 0.0), np.maximum(low, 0.5 / self.size_b))


def screen(frame: Frame, items: Sequence[Item]) -> Screen:
    """Return the matrices of a sample frame with groups "a" and "b"."""
    n, w = frame.weights()
    in_a = np.concatenate(list(frame.groups["a"]))
    in_b = np.concatenate(list(frame.groups["b"]))
    seen = np.empty((len(n), len(items)), dtype=bool)
    for at, item in enumerate(items):
        seen[:, at] = frame.unpack(frame.bits(item))
    parts = []
    for rows in (in_a, in_b):
        weight = (n * w)[rows]
        weight = weight / max(weight.sum(), 1e-300)
        worth = 1.0 / max(float((weight**2 / np.maximum(n[rows], 1)).sum()), 1e-300)
        parts.append((seen[rows].astype(np.float32), weight.astype(np.float32), worth))
    (seen_a, weight_a, size_a), (seen_b, weight_b, size_b) = parts
    return Screen(items, seen_a, seen_b, weight_a, weight_b, size_a, size_b)


def conjunctions(table: Screen, score: Floats, floor: float, depth: int) -> list[Slice]:
    """Return conjunctions worth an exact count, best first.

    Args:
        table: the sample.
        score: exact score of each single condition; the best are the seeds.
        floor: least share of the selection that a slice must hold, in [0, 1].
        depth: 1, 2 or 3.
    Returns:
        Slices of two or three conditions on different fields.
    """
    if depth < 2 or len(table.items) < 2:
        return []
    seeds = np.argsort(-score, kind="stable")[:SEEDS]
    seeds = seeds[score[seeds] > 0]
    if not len(seeds):
        seeds = np.argsort(-score, kind="stable")[:SEEDS]
    names = np.array([item.field for item in table.items])
    found: list[Slice] = []
    parents: list[tuple[int, ...]] = [(int(seed),) for seed in seeds]
    reach = score[seeds]
    for _ in range(depth - 1):
        columns_a = np.stack([table.seen_a[:, list(p)].all(axis=1) for p in parents], axis=1).astype(
            np.float32
        )
        columns_b = np.stack([table.seen_b[:, list(p)].all(axis=1) for p in parents], axis=1).astype(
            np.float32
        )
        p1 = table.shares(table.seen_a, table.weight_a, columns_a)
        p0 = table.shares(table.seen_b, table.weight_b, columns_b)
        hope = table.optimistic(p1, p0)
        for at, parent in enumerate(parents):
            hope[at, np.isin(names, names[list(parent)])] = 0
        hope[p1 < 0.7 * floor] = 0
        beaten = np.maximum(reach[:, None], score[None, :])
        hope[hope <= (1 + MARGIN) * beaten] = 0
        children: dict[tuple[int, ...], tuple[float, float]] = {}
        for cell in np.argsort(-hope, axis=None, kind="stable")[: 8 * KEEP]:
            at, other = divmod(int(cell), len(table.items))
            if hope[at, other] <= 0:
                break
            key = tuple(sorted((*parents[at], other)))
            sure = float(
                divergence(p1[at : at + 1, other], np.maximum(p0[at : at + 1, other], 0.5 / table.size_b))[0]
            )
            children.setdefault(key, (sure, float(hope[at, other])))
        best = sorted(children, key=lambda key: -children[key][0])[:KEEP]
        found += [tuple(table.items[i] for i in key) for key in best]
        parents = best[:SEEDS]
        if not parents:
            break
        reach = np.array([children[key][0] * 0.5 for key in parents])
    return found


def interactions(table: Screen, floor: float) -> list[Slice]:
    """Return pairs that are commoner together in the selection than their parts lead one to expect.

    They need no effect of either part alone. For each pair the log odds of being selected in the four cells
    of its two conditions give an interaction and its standard error; z >= 5 is worth an exact count.
    """
    cells_a = _cells(table.seen_a, table.weight_a, table.size_a)
    cells_b = _cells(table.seen_b, table.weight_b, table.size_b)
    z = np.zeros_like(cells_a[0])
    variance = np.zeros_like(z)
    for sign, a, b in zip((1, -1, -1, 1), cells_a, cells_b, strict=True):
        z += sign * (np.log(a) - np.log(b))
        variance += 1 / a + 1 / b
    z /= np.sqrt(variance)
    names = np.array([item.field for item in table.items])
    z[names[:, None] == names[None, :]] = 0
    z[cells_a[0] < 0.7 * floor * table.size_a] = 0
    upper = np.triu(z, 1)
    best = np.argsort(-upper, axis=None, kind="stable")[:KEEP]
    pairs = [divmod(int(cell), len(table.items)) for cell in best if upper.flat[cell] >= 5]
    return [(table.items[i], table.items[j]) for i, j in pairs]


def _cells(seen: Matrix, weight: Matrix, size: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Return rows with both, the first only, the second only and neither of each pair, half a row added."""
    both = np.asarray((seen * weight[:, None]).T @ seen, dtype=np.float64)
    each = np.diag(both)
    first, second = each[:, None] - both, each[None, :] - both
    neither = 1 - each[:, None] - each[None, :] + both
    return tuple(np.maximum(part, 0) * size + 0.5 for part in (both, first, second, neither))  # type: ignore[return-value]
