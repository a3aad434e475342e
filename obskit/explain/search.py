"""Conjunctions of up to three conditions: screened on a sample of whole traces, verified by the caller.

The sample's rows are a matrix of 0 and 1, a column a condition; one matrix product gives the counts of all
pairs at once. What the screen keeps is optimistic: the exact counts decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from obskit.explain.frame import Frame, Item
from obskit.stats.evidence import Floats, divergence

Matrix: TypeAlias = npt.NDArray[np.float32]
Slice: TypeAlias = tuple[Item, ...]

# A child must say this much more than its parent, or the parent says it already.
MARGIN = 0.07
SEEDS = 30
KEEP = 40


@dataclass(frozen=True)
class Group:
    """The sampled rows of one group.

    Attributes:
        seen: conditions x rows, 0 or 1.
        weight: of each row; sums to 1.
        size: how many independent rows the sample is worth.
    """

    seen: Matrix
    weight: Matrix
    size: float

    def shares(self, slices: Matrix) -> Floats:
        """Return the weighted share of the rows that meet both, for each of `slices` and each condition."""
        with one_thread():
            shares = (slices * self.weight) @ self.seen.T
        return np.clip(shares.astype(np.float64), 0.0, 1.0)  # sums of float32 may pass 1

    def slices(self, keys: Sequence[tuple[int, ...]]) -> Matrix:
        """Return which rows meet all conditions of each key."""
        return np.stack([self.seen[list(key)].min(axis=0) for key in keys])


@dataclass(frozen=True)
class Screen:
    """The sampled rows of both groups as condition matrices."""

    items: Sequence[Item]
    a: Group
    b: Group

    def optimistic(self, p1: Floats, p0: Floats) -> Floats:
        """Return the divergence two standard errors to the slice's favour, sample noise being what it is."""
        high = np.minimum(p1 + 2 * np.sqrt(p1 * (1 - p1) / self.a.size) + 2 / self.a.size, 1.0)
        low = np.maximum(p0 - 2 * np.sqrt(p0 * (1 - p0) / self.b.size), 0.0)
        return self.likely(np.where(p1 > 0, high, 0.0), low)

    def likely(self, p1: Floats, p0: Floats) -> Floats:
        """Return the divergence of shares; nothing in the sample still leaves room for a few in the whole."""
        return divergence(p1, np.maximum(p0, 0.5 / self.b.size))


@contextmanager
def one_thread() -> Iterator[None]:
    """Multiply matrices on one core: on a busy machine BLAS threads that wait for each other cost seconds."""
    with _blas().limit(limits=1, user_api="blas"):
        yield


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def screen(frame: Frame, items: Sequence[Item]) -> Screen:
    """Return the matrices of a sample frame with groups "a" and "b"."""
    n, w = frame.weights()
    masks = [frame.unpack(frame.bits(item)) for item in items]
    groups = []
    for name in ("a", "b"):
        rows = np.flatnonzero(np.concatenate(list(frame.groups[name])))
        seen = np.empty((len(items), len(rows)), dtype=np.float32)
        for at, mask in enumerate(masks):
            seen[at] = mask[rows]
        weight = (n * w)[rows]
        weight = weight / max(weight.sum(), 1e-300)
        size = 1.0 / max(float((weight**2 / np.maximum(n[rows], 1)).sum()), 1e-300)
        groups.append(Group(seen, weight.astype(np.float32), size))
    return Screen(items, groups[0], groups[1])


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
        p1 = table.a.shares(table.a.slices(parents))
        p0 = table.b.shares(table.b.slices(parents))
        hope = table.optimistic(p1, p0)
        for at, parent in enumerate(parents):
            hope[at, np.isin(names, names[list(parent)])] = 0
        hope[p1 < 0.7 * floor] = 0
        hope[hope <= (1 + MARGIN) * np.maximum(reach[:, None], score[None, :])] = 0
        sure = table.likely(p1, p0)
        children: dict[tuple[int, ...], float] = {}
        for cell in np.argsort(-hope, axis=None, kind="stable")[: 8 * KEEP]:
            at, other = divmod(int(cell), len(table.items))
            if hope[at, other] <= 0:
                break
            children.setdefault(tuple(sorted((*parents[at], other))), float(sure[at, other]))
        best = sorted(children, key=lambda key: -children[key])[:KEEP]
        found += [tuple(table.items[i] for i in key) for key in best]
        parents = best[:SEEDS]
        if not parents:
            break
        # what the sample shows is not yet what its bounds will allow
        reach = np.array([children[key] * 0.5 for key in parents])
    return found


def interactions(table: Screen, floor: float) -> list[Slice]:
    """Return pairs that are commoner together in the selection than their parts lead one to expect.

    They need no effect of either part alone. For each pair the log odds of being selected in the four cells
    of its two conditions give an interaction and its standard error; z >= 5 is worth an exact count.
    """
    cells_a = _cells(table.a)
    cells_b = _cells(table.b)
    z = np.zeros_like(cells_a[0])
    variance = np.zeros_like(z)
    for sign, a, b in zip((1, -1, -1, 1), cells_a, cells_b, strict=True):
        z += sign * (np.log(a) - np.log(b))
        variance += 1 / a + 1 / b
    z /= np.sqrt(variance)
    names = np.array([item.field for item in table.items])
    z[names[:, None] == names[None, :]] = 0
    z[cells_a[0] < 0.7 * floor * table.a.size] = 0
    upper = np.triu(z, 1)
    best = np.argsort(-upper, axis=None, kind="stable")[:KEEP]
    pairs = [divmod(int(cell), len(table.items)) for cell in best if upper.flat[cell] >= 5]
    return [(table.items[i], table.items[j]) for i, j in pairs]


def _cells(group: Group) -> tuple[Floats, Floats, Floats, Floats]:
    """Return rows with both, the first only, the second only and neither of each pair, half a row added."""
    both = group.shares(group.seen)
    each = np.diag(both)
    first, second = each[:, None] - both, each[None, :] - both
    neither = 1 - each[:, None] - each[None, :] + both
    one, two, three, four = (np.maximum(x, 0) * group.size + 0.5 for x in (both, first, second, neither))
    return one, two, three, four
