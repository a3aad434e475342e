"""Conjunctions of two and three conditions, screened on a sample of whole traces.

The sample is a matrix of 0 and 1, conditions x rows, so one matrix product counts all pairs at once. Rows
that meet the same conditions are one column of it. The screen is optimistic: the exact counts of what it
keeps decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.explain.cores import one_thread, spread
from obskit.explain.grouped_rows import SIDES, FieldCondition, GroupedRows
from obskit.explain.weights import Rows
from obskit.stats.counts import Floats
from obskit.stats.evidence import divergence

Matrix: TypeAlias = npt.NDArray[np.float32]
Bytes: TypeAlias = npt.NDArray[np.uint8]
Slice: TypeAlias = tuple[FieldCondition, ...]

# A conjunction must score this much more than each of its parts; otherwise the part says it already.
MARGIN = 0.07
SEEDS = 30
# Shares are sums of float32: two that differ by less than this factor are taken as equal.
ROUNDING = 1.0001
KEEP = 40
# So many slices are multiplied by all conditions at a time.
KEYS_AT_ONCE = SEEDS // 2


@dataclass(frozen=True)
class Group:
    """The sampled rows of one group, those that meet the same conditions together.

    Attributes:
        seen: conditions x patterns; 1 where rows of the pattern meet the condition, else 0.
        weight: the weight of the rows of each pattern; the sum is 1.
        size: the effective number of independent rows in the sample.
    """

    seen: Matrix
    weight: Matrix
    size: float

    def shares(self, keys: Sequence[tuple[int, ...]]) -> Floats:
        """Return the weighted share of the rows that meet all conditions of a key and another condition.

        Args:
            keys: positions of conditions, at least one in each.
        Returns:
            keys x conditions; shares in [0, 1].
        """
        parts = [keys[at : at + KEYS_AT_ONCE] for at in range(0, len(keys), KEYS_AT_ONCE)]
        with one_thread():
            found = list(spread(self._products, parts, self.seen.size))
        shares = np.concatenate([np.zeros((0, len(self.seen)), dtype=np.float32), *found])
        return np.clip(shares.astype(np.float64), 0.0, 1.0)  # sums of float32 may pass 1

    def _products(self, keys: Sequence[tuple[int, ...]]) -> Matrix:
        slices = np.empty((len(keys), len(self.weight)), dtype=np.float32)
        # one slice after the other: each stays in the cache until it is done
        for into, (first, *others) in zip(slices, keys, strict=True):
            np.multiply(self.seen[first], self.weight, out=into)
            for other in others:
                into *= self.seen[other]
        return slices @ self.seen.T

    def share_of_each(self) -> Floats:
        """Return the weighted share of the rows that meet each condition."""
        with one_thread():
            shares = self.seen @ self.weight
        return np.clip(shares.astype(np.float64), 0.0, 1.0)


@dataclass(frozen=True)
class Screen:
    """The sampled rows of both groups as condition matrices."""

    conditions: Sequence[FieldCondition]
    selected: Group
    baseline: Group

    def optimistic(self, p1: Floats, p0: Floats) -> Floats:
        """Return the divergence if both shares are off by two standard errors in the slice's favor."""
        high = np.minimum(p1 + 2 * np.sqrt(p1 * (1 - p1) / self.selected.size) + 2 / self.selected.size, 1.0)
        low = np.maximum(p0 - 2 * np.sqrt(p0 * (1 - p0) / self.baseline.size), 0.0)
        return self.likely(np.where(p1 > 0, high, 0.0), low)

    def likely(self, p1: Floats, p0: Floats) -> Floats:
        """Return the divergence of shares; a baseline share of 0 is taken as half a row of the sample."""
        return divergence(p1, np.maximum(p0, 0.5 / self.baseline.size))


def screen(sample: GroupedRows, conditions: Sequence[FieldCondition]) -> Screen:
    """Return the matrices of a sample with the groups "selected" and "baseline"."""
    n, w = sample.weights()
    eights = [_eight(sample, conditions[at : at + 8]) for at in range(0, len(conditions), 8)]
    groups = []
    for name in SIDES:
        rows = np.flatnonzero(np.concatenate(list(sample.groups[name])))
        # the rows of a group are next to each other: a slice is copied faster than picked rows
        run = slice(rows[0], rows[-1] + 1) if len(rows) and rows[-1] - rows[0] < len(rows) else rows
        number, first = _patterns([eight[run] for eight in eights], len(rows))
        of_patterns = [eight[run].take(first) for eight in eights]
        seen = np.empty((len(conditions), len(first)), dtype=np.float32)
        for at, into in enumerate(seen):
            into[:] = of_patterns[at // 8] >> (at % 8) & 1
        weight = (n * w)[run]
        weight = weight / max(weight.sum(), 1e-300)
        size = 1.0 / max(float((weight**2 / np.maximum(n[run], 1)).sum()), 1e-300)
        groups.append(Group(seen, np.bincount(number, weight).astype(np.float32), size))
    return Screen(conditions, groups[0], groups[1])


def _eight(sample: GroupedRows, conditions: Sequence[FieldCondition]) -> Bytes:
    """Return which of at most eight conditions each row meets: bit k of its byte is the k-th condition."""
    out = np.zeros(sample.length, dtype=np.uint8)
    for condition in reversed(conditions):
        out += out  # by one bit
        out |= sample.unpack(sample.bits(condition)).view(np.uint8)
    return out


def _patterns(eights: Sequence[Bytes], rows: int) -> tuple[Rows, Rows]:
    """Return which conditions each row meets, as the number of a pattern, and the first row of each pattern.

    Args:
        eights: one byte per row for every eight conditions.
        rows: how many rows there are.
    """
    number = np.zeros(rows, dtype=np.int64)
    # the number so far and four more bytes fit into 64 bits
    for start in range(0, len(eights), 4):
        key = number.astype(np.uint64)
        for eight in eights[start : start + 4]:
            key <<= np.uint64(8)
            key |= eight
        number = pa.array(key).dictionary_encode().indices.to_numpy()
    first = np.zeros(int(number.max(initial=-1)) + 1, dtype=np.int64)
    first[number[::-1]] = np.arange(rows - 1, -1, -1)
    return number, first


def conjunctions(
    table: Screen, score: Floats, floor: float, depth: int, *, past: bool = False
) -> list[Slice]:
    """Return conjunctions worth an exact count, best first.

    Args:
        table: the sample.
        score: exact score of each single condition; the best are the seeds.
        floor: the smallest share of the selection that a slice must have, in [0, 1].
        depth: 1, 2 or 3.
        past: whether slices are also compared with their own earlier time. A condition without a score, which
            does not stand out from the other events, may then be a part of a cause.
    Returns:
        Slices of two or three conditions on different fields.
    """
    if depth < 2 or len(table.conditions) < 2:
        return []
    seeds = np.argsort(-score, kind="stable")[:SEEDS]
    if not past and (score[seeds] > 0).any():
        seeds = seeds[score[seeds] > 0]
    names = np.array([condition.field for condition in table.conditions])
    found: list[Slice] = []
    parents: list[tuple[int, ...]] = [(int(seed),) for seed in seeds]
    reach = score[seeds]
    each = table.selected.share_of_each(), table.baseline.share_of_each()
    for _ in range(depth - 1):
        p1, p0 = table.selected.shares(parents), table.baseline.shares(parents)
        hope = table.optimistic(p1, p0)
        for at, parent in enumerate(parents):
            hope[at, np.isin(names, names[list(parent)])] = 0
        hope[p1 < 0.7 * floor] = 0
        hope[hope <= (1 + MARGIN) * np.maximum(reach[:, None], score[None, :])] = 0
        sure = table.likely(p1, p0)
        # A slice is compared with its parts in the same rows: where a part has no baseline rows by chance,
        # neither has anything that holds with it, and such slices would take all the places.
        place = np.arange(len(parents)), [parent[0] for parent in parents]
        for part1, part0 in ((p1[place][:, None], p0[place][:, None]), each):
            hope[p1 * part0 <= ROUNDING * p0 * part1] = 0
        children: dict[tuple[int, ...], float] = {}
        for cell in np.argsort(-hope, axis=None, kind="stable")[: 8 * KEEP]:
            at, other = divmod(int(cell), len(table.conditions))
            if hope[at, other] <= 0:
                break
            children.setdefault(tuple(sorted((*parents[at], other))), float(sure[at, other]))
        best = sorted(children, key=lambda key: -children[key])[:KEEP]
        found += [tuple(table.conditions[i] for i in key) for key in best]
        parents = best[:SEEDS]
        if not parents:
            break
        # bounds will allow less than the sample shows
        reach = np.array([children[key] * 0.5 for key in parents])
    return found


def interactions(table: Screen, floor: float) -> list[Slice]:
    """Return pairs that are more common together in the selection than their parts lead one to expect.

    Neither part needs an effect alone. For each pair, the log odds of being selected in the four cells of its
    two conditions give an interaction and its standard error; z >= 5 is worth an exact count.

    Args:
        table: the sample.
        floor: the smallest share of the selection that a pair must have, in [0, 1].
    Returns:
        At most 40 pairs, the clearest first.
    """
    cells_a = _cells(table.selected)
    cells_b = _cells(table.baseline)
    z = np.zeros_like(cells_a[0])
    variance = np.zeros_like(z)
    for sign, one, other in zip((1, -1, -1, 1), cells_a, cells_b, strict=True):
        z += sign * (np.log(one) - np.log(other))
        variance += 1 / one + 1 / other
    z /= np.sqrt(variance)
    names = np.array([condition.field for condition in table.conditions])
    z[names[:, None] == names[None, :]] = 0
    z[cells_a[0] < 0.7 * floor * table.selected.size] = 0
    upper = np.triu(z, 1)
    best = np.argsort(-upper, axis=None, kind="stable")[:KEEP]
    pairs = [divmod(int(cell), len(table.conditions)) for cell in best if upper.flat[cell] >= 5]
    return [(table.conditions[i], table.conditions[j]) for i, j in pairs]


def _cells(group: Group) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the rows of each pair that meet both, only the first, only the second, and neither, plus 0.5."""
    both = group.shares([(at,) for at in range(len(group.seen))])
    each = np.diag(both)
    first, second = each[:, None] - both, each[None, :] - both
    neither = 1 - each[:, None] - each[None, :] + both
    one, two, three, four = (np.maximum(x, 0) * group.size + 0.5 for x in (both, first, second, neither))
    return one, two, three, four
