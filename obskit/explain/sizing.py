"""How wide a finding is: as wide as the trouble.

Evidence alone can't tell a slice from the wider one that it is a part of: it trades how many events against
how sure. The events between the two can. Let C be a slice, P the same with one condition less, R the rest of
P without C, and O everything outside P. If R is as well as O, the cause is C. If R is worse too, in some
measure as C is, the cause is P.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from obskit.explain.clusters import Clusters
from obskit.explain.cores import spread
from obskit.explain.earlier import LEAST_RATIO
from obskit.explain.fit import KEPT, SURE, fits_outside
from obskit.explain.grouped_rows import SIDES, GroupedRows
from obskit.explain.judge import Judged
from obskit.explain.outside import OutsideCounts
from obskit.explain.search import Slice
from obskit.explain.weights import Bools
from obskit.stats.counts import Counts
from obskit.stats.evidence import USUAL

# Another trouble shows outside a slice if so many events outside it have the outcome.
LEAST_SEEN = 5


@dataclass(frozen=True)
class Parts:
    """Counts of some slices: with the outcome and in all, now and earlier.

    Attributes:
        now: the counts of compared rows with the outcome, and of all compared rows.
        earlier: the same of earlier time; None without history.
    """

    now: tuple[Counts, Counts]
    earlier: tuple[Counts, Counts] | None

    def __sub__(self, other: Parts) -> Parts:
        def less(one: tuple[Counts, Counts], two: tuple[Counts, Counts]) -> tuple[Counts, Counts]:
            return one[0] - two[0], one[1] - two[1]

        if self.earlier is None or other.earlier is None:
            return Parts(less(self.now, other.now), None)
        return Parts(less(self.now, other.now), less(self.earlier, other.earlier))

    def thinned(self, hits: float, others: float) -> Parts:
        """Return the parts with every so many events of each group counted once."""
        selected, every = self.now
        misses = every - selected
        selected = Counts(selected.n / hits, selected.w / hits, selected.w2 / hits)
        return Parts(
            (selected, selected + Counts(misses.n / others, misses.w / others, misses.w2 / others)),
            self.earlier,
        )

    def __getitem__(self, key: slice) -> Parts:
        now = (self.now[0][key], self.now[1][key])
        return Parts(now, None if self.earlier is None else (self.earlier[0][key], self.earlier[1][key]))


class Sizer:
    """Right-sizes slices.

    Args:
        outside: counts of all compared rows outside some slices.
        judged: slices with all parts of each.
        may: which of them may be named.
        clusters: which rows of a sample repeat each other.
        sample: the sample.
        history: whether a slice is compared with its own earlier rate.
    """

    def __init__(
        self,
        outside: OutsideCounts,
        judged: Judged,
        may: Bools,
        clusters: Clusters,
        sample: GroupedRows,
        *,
        history: bool,
    ) -> None:
        self._outside, self._judged, self._may = outside, judged, may
        self._clusters, self._sample = clusters, sample
        self._apart: dict[tuple[int, int], bool] = {}
        self._history = history and judged.history is not None
        number = {frozenset(conditions): at for at, conditions in enumerate(judged.slices)}
        self.wider: dict[int, list[int]] = {}
        self.narrower: dict[int, list[int]] = {}
        for conditions, at in number.items():
            for one in conditions if len(conditions) > 1 else ():
                part = number.get(conditions - {one})
                if part is not None:
                    self.wider.setdefault(at, []).append(part)
                    self.narrower.setdefault(part, []).append(at)

    def resize(self, at: int, others: Sequence[int]) -> int:
        """Return the slice that is as wide as the trouble which a slice shows.

        Args:
            at: a slice.
            others: slices with a trouble of their own, whose rows say nothing about this one.
        Returns:
            A slice that the given one is a part of, or that is a part of it, or the given one.
        """
        seen, score = {at}, self._judged.score
        for wide in (True, False):
            while True:
                near = [
                    other
                    for other in (self.wider if wide else self.narrower).get(at, ())
                    if self._may[other]
                    and other not in seen
                    and (not wide or score[other] >= KEPT * score[at])
                ]
                if not near:
                    break

                def evidence(other: int, at: int = at, wide: bool = wide) -> float:
                    if wide:
                        return -self._evidence(at, other, others)
                    return self._evidence(other, at, others, most=True)

                value = list(spread(evidence, near, self._outside.rows.length))
                best = int(np.argmax(value))
                if value[best] <= SURE:
                    break
                at = near[best]
                seen.add(at)
        return at

    def _evidence(self, child: int, parent: int, others: Sequence[int], *, most: bool = False) -> float:
        """Return, in nats, how much better the rest of a parent fits the outside than the child."""
        judged, sample = self._judged, self._sample
        aside = [judged.slices[other] for other in others if self._elsewhere(other, child, parent)]
        inner, outer = self._judged_parts(child), self._judged_parts(parent)
        rest, outside = outer - inner, self._total() - outer
        if aside:
            left = self._left([judged.slices[child], judged.slices[parent]], aside)
            rest, outside = left[1:2] - left[:1], left[2:] - left[1:2]
        if self._clusters.shared:
            # the retries of one request are one event
            own, whole = sample.slice(judged.slices[child]), sample.slice(judged.slices[parent])
            aside_rows = np.zeros_like(own)
            for conditions in aside:
                aside_rows = aside_rows | sample.slice(conditions)
            inner = inner.thinned(*self._clusters.repeats(own))
            rest = rest.thinned(*self._clusters.repeats(whole & ~own & ~aside_rows))
            outside = outside.thinned(*self._clusters.repeats(~whole & ~aside_rows))
        usual = [0.0, 0.0, 0.0]
        hits = float(inner.now[0].w[0])
        if most and hits < KEPT * (hits + float(rest.now[0].w[0])):
            return 0.0
        all_earlier = self._total().earlier
        if rest.earlier and inner.earlier and outer.earlier and outside.earlier and all_earlier:
            mean = _rate(all_earlier, 1.0, 0.5)
            worst = max(_rate(outer.earlier, USUAL, mean), mean)
            usual = [
                _log_odds(_rate(inner.earlier, USUAL, worst)),
                _log_odds(_rate(rest.earlier, USUAL, worst)),
                _log_odds(_rate(outside.earlier, USUAL, mean)),
            ]
        common = _log_odds(_rate(outside.now, 1.0, 0.5)) - usual[2]
        gap = _log_odds(_rate(inner.now, 1.0, 0.5)) - usual[0] - common
        base = usual[1] + common
        size = _size(rest.now[1])
        rate = _rate(rest.now, 0.0, 0.0)
        return fits_outside(size, rate, base, gap) if gap > 0 else 0.0

    def _elsewhere(self, other: int, child: int, parent: int) -> bool:
        """Return whether another trouble shows outside a slice too, and doesn't hold the slice's part."""
        judged, sample = self._judged, self._sample
        if set(judged.slices[other]) <= set(judged.slices[child]):
            return False
        key = (other, parent)
        if key not in self._apart:
            own, whole = sample.slice(judged.slices[other]), sample.slice(judged.slices[parent])
            bits = [own & ~whole, ~own & ~whole]
            hits, misses = sample.count("selected", bits).w, sample.count("baseline", bits).w
            seen = sample.count("selected", bits[:1]).n[0]
            ratio = (hits[0] + 0.5) * (misses[1] + 0.5) / ((misses[0] + 0.5) * (hits[1] + 0.5))
            self._apart[key] = bool(seen >= LEAST_SEEN and ratio >= LEAST_RATIO)
        return self._apart[key]

    def _judged_parts(self, at: int) -> Parts:
        judged = self._judged
        one = slice(at, at + 1)
        selected, baseline = judged.selected[one], judged.baseline[one]
        earlier = None
        if self._history and judged.history is not None and judged.history_selected is not None:
            earlier = judged.history_selected[one], judged.history[one]
        return Parts((selected, selected + baseline), earlier)

    def _total(self) -> Parts:
        totals = self._outside.rows.totals
        earlier = (totals["history_selected"], totals["history"]) if self._history else None
        return Parts((totals["selected"], totals["selected"] + totals["baseline"]), earlier)

    def _left(self, slices: Sequence[Slice], aside: Sequence[Slice]) -> Parts:
        """Return the parts of slices without the rows of others, then of all rows without them."""
        selected, baseline = self._outside.count(SIDES, slices, aside)
        earlier = None
        if self._history:
            before = self._outside.count(("history_selected", "history"), slices, aside)
            earlier = before[0], before[1]
        return Parts((selected, selected + baseline), earlier)


def _size(counts: Counts) -> float:
    """Return the effective number of observations (Kish)."""
    return float(counts.w[0] ** 2 / counts.w2[0]) if counts.w2[0] > 0 else 0.0


def _rate(of: tuple[Counts, Counts], more: float, towards: float) -> float:
    """Return the outcome's rate, drawn toward another by so many observations."""
    hits, every = of
    size = _size(every)
    own = float(hits.w[0] / every.w[0]) if every.w[0] > 0 else 0.0
    return (own * size + more * towards) / max(size + more, 1e-300)


def _log_odds(rate: float) -> float:
    p = min(max(rate, 1e-9), 1 - 1e-9)
    return math.log(p) - math.log1p(-p)
