"""From candidate slices to findings: exact counts, what counts as one cause, and in which order.

A slice is judged by all rows of both groups. A conjunction is a finding where it says clearly more than every
part of it; two conditions that hold for the same rows are one (aliases); what a finding already explains is
taken away before the next is looked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from obskit.explain.frame import Frame, Item
from obskit.explain.search import MARGIN, Slice
from obskit.explain.sets import HeldOut
from obskit.explain.weights import Bits, Bools, Rows
from obskit.stats.evidence import Counts, Evidence, Floats, excess_score, heavy, score, weigh

LEAST_RATIO = 1.5
# A next cause must hold this share of the first one's evidence once the first one's rows are gone.
LEFT_OVER = 0.05
SAME_ROWS = 0.9
# Between conditions on the same rows, the one people act on is named first.
PREFERRED = (
    "service.version",
    "deployment.id",
    "obskit.deployment.track",
    "service.name",
    "http.route",
    "name",
    "db.query.summary",
    "error.type",
    "cloud.region",
    "cloud.availability_zone",
    "host.name",
)


@dataclass(frozen=True)
class Levels:
    """Log error level of a bound for each depth of conjunction, and the floors."""

    log_level: tuple[float, float, float]
    floor: float


@dataclass(frozen=True)
class Judged:
    """Slices with their exact evidence; arrays run along `slices`."""

    slices: list[Slice]
    a: Counts
    b: Counts
    evidence: Evidence
    score: Floats  # what they are ranked by: evidence, less what was always so where there is history
    history_a: Counts | None
    history: Counts | None
    clusters: Floats

    def stands(self, floor: float) -> Bools:
        """Return which slices are significant and large enough to act on."""
        return np.asarray(
            (self.evidence.score > 0)
            & (np.nan_to_num(self.evidence.risk_ratio, nan=0.0, posinf=np.inf) >= LEAST_RATIO)
            & (self.a.n >= floor)
            & (self.clusters >= 5)
        )


def order(item: Item) -> tuple[int, int, str]:
    """Return the key by which conditions on the same rows are preferred."""
    rank = PREFERRED.index(item.field) if item.field in PREFERRED else len(PREFERRED)
    spec = item.spec
    vague = spec["op"] == "missing" or (
        spec["op"] == "between" and spec["low"] is None and spec["high"] is None
    )
    return int(vague), rank, item.field


def judge(
    full: Frame,
    sample: Frame,
    clusters: Clusters,
    held: Mapping[Item, HeldOut],
    counts: Callable[[Sequence[Item]], tuple[Counts, Counts]],
    slices: list[Slice],
    levels: Levels,
) -> Judged:
    """Count slices exactly over all rows and weigh them; sets, by the half that did not choose them.

    Args:
        full, sample: all compared rows, and a sample of whole clusters.
        clusters: the sample's clusters.
        held: sets, with their counts on the half that did not choose them.
        counts: the counts of single conditions in both groups.
        slices: what to judge.
        levels: error levels and floors.
    """
    joined = [at for at, items in enumerate(slices) if len(items) > 1]
    bits = [full.slice(slices[at]) for at in joined]
    a, b = counts([items[0] for items in slices])
    for group, into in (("a", a), ("b", b)):
        exact = full.count(group, bits)
        for name in ("n", "w", "w2"):
            getattr(into, name)[joined] = getattr(exact, name)
    all_a, all_b = full.totals["a"], full.totals["b"]
    depth = np.array([len(items) for items in slices])
    # traces are looked at where there is something to take back
    plain = score(a, all_a, b, all_b, levels.log_level[0])
    doubtful = np.flatnonzero((plain > 0) & (a.n >= levels.floor))
    effect_a, effect_b, seen = np.ones(len(slices)), np.ones(len(slices)), a.n.copy()
    effects = clusters.effects([sample.slice(slices[at]) for at in doubtful])
    effect_a[doubtful], effect_b[doubtful], seen[doubtful] = effects
    history_a = history = None
    if "history" in full.groups:
        every = [full.slice(items) for items in slices]
        history_a, history = full.count("history_a", every), full.count("history", every)
    columns = {name: np.zeros(len(slices)) for name in Evidence.__dataclass_fields__}
    value = np.zeros(len(slices))

    def note(at: Rows, found: Evidence) -> None:
        for name, values in columns.items():
            values[at] = getattr(found, name)
        value[at] = found.score

    for d in (1, 2, 3):
        at = np.flatnonzero(depth == d)
        if not len(at):
            continue
        level = levels.log_level[d - 1]
        note(at, weigh(a[at], all_a, b[at], all_b, level, (effect_a[at], effect_b[at]), clusters.units))
        if history is not None and history_a is not None:
            earlier = history_a[at], full.totals["history_a"], history[at], full.totals["history"]
            value[at] = excess_score(
                a[at], all_a, b[at], all_b, *earlier, level, effect_a[at], clusters.units[0]
            )
    for one, items in enumerate(slices):
        if len(items) == 1 and items[0] in held:
            half, at = held[items[0]], np.array([one])
            deff = effect_a[at], effect_b[at]
            level = levels.log_level[0]
            note(at, weigh(half.a, half.all_a, half.b, half.all_b, level, deff, clusters.units))
    evidence = Evidence(**columns)
    return Judged(slices, a, b, evidence, value, history_a, history, seen)


class Clusters:
    """How much rows of one trace say the same: design effects, from a sample of whole traces.

    Args:
        frame: the sample, with groups "a" and "b".
        ids: the cluster of each row; negative where it has none and stands alone.
    """

    def __init__(self, frame: Frame, ids: Rows) -> None:
        n, w = frame.weights()
        self._frame = frame
        self._sides = []
        for group in ("a", "b"):
            rows = np.flatnonzero(np.concatenate(list(frame.groups[group])))
            own = ids[rows].copy()
            alone = own < 0
            own[alone] = -1 - np.arange(alone.sum())
            _, number, size = np.unique(own, return_inverse=True, return_counts=True)
            self._sides.append(_Side(rows, number, size, n[rows], w[rows]))

    def effects(self, slices: Sequence[Bits]) -> tuple[Floats, Floats, Floats]:
        """Return the design effect of each slice in both groups, and its number of clusters in "a"."""
        out = np.ones((2, len(slices)))
        seen = np.zeros(len(slices))
        masks = [self._frame.unpack(bits) for bits in slices]
        for at, mask in enumerate(masks):
            for group, side in enumerate(self._sides):
                inside = mask[side.rows]
                if group == 0:
                    seen[at] = side.distinct(inside)
                out[group, at] = side.design_effect(inside)
        return out[0], out[1], seen

    @property
    def units(self) -> tuple[float, float]:
        """The weight of a large cluster beyond an average one, in both groups; 0 where all are of a size."""
        return self._sides[0].unit, self._sides[1].unit


class _Side:
    """One group's sampled rows with their clusters."""

    def __init__(self, rows: Rows, number: Rows, size: Rows, n: Floats, w: Floats) -> None:
        self.rows, self.n = rows, n
        self.weight, self.squares = n * w, n * w * w
        self.shared = size[number] > 1
        self.plain = not self.shared.any()
        self.total = float(self.weight.sum())
        kept, self.number = np.unique(number[self.shared], return_inverse=True)
        self.clusters = len(kept)
        self._n, self._weight, self._squares = (
            n[self.shared],
            self.weight[self.shared],
            self.squares[self.shared],
        )
        self._alone = ~self.shared
        self._each = np.bincount(self.number, self._weight, self.clusters)
        self._rest = float(self.squares[self._alone].sum())
        squares = float((self._each**2).sum()) + self._rest
        count = self.clusters + float(n[self._alone].sum())
        self.unit = 0.0 if self.plain else math.sqrt(heavy(squares, self.total, count))

    def distinct(self, inside: Bools) -> float:
        """Return how many clusters, or events that stand alone, lie in a slice."""
        if self.plain:
            return float(self.n[inside].sum())
        seen = np.zeros(self.clusters, dtype=bool)
        seen[self.number[inside[self.shared]]] = True
        return float(seen.sum() + self.n[inside & self._alone].sum())

    def design_effect(self, inside: Bools) -> float:
        """Return the variance of a slice's share with clusters over the variance without, >= 1."""
        if self.plain or self.total <= 0:
            return 1.0
        p = float(self.weight[inside].sum()) / self.total
        picked = np.flatnonzero(inside[self.shared])
        sums = np.bincount(self.number[picked], self._weight[picked], self.clusters) - p * self._each
        alone = self._variance(float(self.squares[inside & self._alone].sum()), self._rest, p)
        together = float((sums**2).sum()) + alone
        apart = alone + self._variance(float(self._squares[picked].sum()), float(self._squares.sum()), p)
        return max(1.0, together / apart) if apart > 0 else 1.0

    @staticmethod
    def _variance(inside: float, whole: float, p: float) -> float:
        return inside * (1 - p) ** 2 + (whole - inside) * p**2


def aliases(frame: Frame, items: Sequence[Item]) -> list[list[int]]:
    """Return groups of conditions that hold for the same rows in both groups of a frame.

    An empty union counts as the same. Groups are made around the condition seen first, so callers pass the
    strongest first.
    """
    bits = [frame.bits(item) for item in items]
    sizes = np.array([[frame.meets(group, one, one)[0] for group in ("a", "b")] for one in bits])
    free = np.ones(len(items), dtype=bool)
    groups: list[list[int]] = []
    for at in range(len(items)):
        if not free[at]:
            continue
        # rows that differ in number by more cannot be the same rows
        small, large = np.minimum(sizes, sizes[at]), np.maximum(sizes, sizes[at])
        near = np.flatnonzero(free & (small >= SAME_ROWS * large).all(axis=1))
        group = [at, *(int(i) for i in near if i != at and same_rows(frame, bits[at], bits[i]))]
        free[group] = False
        groups.append(group)
    return groups


def same_rows(frame: Frame, one: Bits, other: Bits) -> bool:
    """Return whether two slices hold the same rows in both groups, exactly counted."""
    for group in ("a", "b"):
        both, union = frame.meets(group, one, other)
        if union and both <= SAME_ROWS * union:
            return False
    return True


def ordered(judged: Judged) -> list[int]:
    """Return all slices, strongest first; what history demotes goes by its evidence, equals by preference."""

    def key(at: int) -> tuple[float, float, int, list[tuple[int, int, str]]]:
        items = judged.slices[at]
        value, evidence = float(judged.score[at]), float(judged.evidence.score[at])
        return -round(value, 9), -round(evidence, 9), len(items), [order(item) for item in items]

    return sorted(range(len(judged.slices)), key=key)


def accepted(judged: Judged, stands: Bools) -> list[int]:
    """Return the slices that say clearly more than each of their parts, best first."""
    known = {frozenset(items): judged.score[at] for at, items in enumerate(judged.slices)}
    keep = []
    for at, items in enumerate(judged.slices):
        if not stands[at] or judged.score[at] <= 0:
            continue
        parts = [frozenset(part) for size in range(1, len(items)) for part in combinations(items, size)]
        if all(judged.score[at] > (1 + MARGIN) * known.get(part, 0.0) for part in parts):
            keep.append(at)
    return sorted(keep, key=lambda at: (-judged.score[at], len(judged.slices[at])))


def cover(sample: Frame, judged: Judged, candidates: Sequence[int], levels: Levels, most: int) -> list[int]:
    """Return which candidates are causes of their own: the best, then the best of what is left, and so on."""
    if not candidates:
        return []
    bits = [sample.slice(judged.slices[at]) for at in candidates]
    at = list(candidates)
    # what separates completely may only restate the selection (a log's message): then it explains nothing
    # away but its own parts (the pods of a version), for the cause may lie beneath it
    restated = restates(judged.evidence)[at]
    said = np.zeros(len(candidates), dtype=bool)
    # the sample knows no history: what that took from a slice, it takes from what is left of it
    share = judged.score[at] / judged.evidence.score[at]
    gone = np.zeros_like(bits[0])
    chosen = [0]
    first = 0.0
    while len(chosen) <= most:
        all_a, all_b = sample.count("a", [~gone]), sample.count("b", [~gone])
        if all_a.n[0] < 5 or all_b.n[0] < 1:
            break
        left = [b & ~gone for b in bits]
        a, b = sample.count("a", left), sample.count("b", left)
        value = share * score(a, all_a, b, all_b, levels.log_level[0])
        if not first:
            first = float(value[0])
            if first <= 0:  # too few rows in the sample to tell what is left
                break
        else:
            value[chosen] = 0
            value[said] = 0
            best = int(np.argmax(value))
            if value[best] <= LEFT_OVER * first:
                break
            chosen.append(best)
        if restated[chosen[-1]]:
            said |= _within(sample, bits, bits[chosen[-1]])
        else:
            gone = gone | bits[chosen[-1]]
    return [candidates[one] for one in chosen[:most]]


def restates(evidence: Evidence) -> Bools:
    """Return which slices hold all of the selection and none of the baseline, or as good as."""
    return np.asarray((evidence.selected_share > 0.99) & (evidence.baseline_share < 0.01))


def _within(frame: Frame, slices: Sequence[Bits], whole: Bits) -> Bools:
    """Return which slices lie within another, all but a tenth of their rows."""
    rows = [sum(frame.meets(group, b, b)[0] for group in ("a", "b")) for b in slices]
    inside = [sum(frame.meets(group, b, whole)[0] for group in ("a", "b")) for b in slices]
    return np.array([part >= SAME_ROWS * all_ for part, all_ in zip(inside, rows, strict=True)])
