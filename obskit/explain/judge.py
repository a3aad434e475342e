"""The evidence for slices, from exact counts over all rows of both groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from obskit.explain.candidates import Candidates
from obskit.explain.counted import Counted
from obskit.explain.earlier import LEAST_RATIO, overall_rate, risen
from obskit.explain.grouped_rows import SIDES
from obskit.explain.search import Slice
from obskit.explain.sets import HeldOut
from obskit.explain.time_scatter import TimeScatter
from obskit.explain.weights import Bools, Rows
from obskit.stats.counts import Counts, Floats
from obskit.stats.evidence import Evidence, excess_score, score, usual_rate, weigh

LEAST_CLUSTERS = 5
# Share of a selection up to which a slice may be a few bursts. Larger ones are many events in any case, and
# to look at all of their times would take long.
MAY_BE_BURST = 0.05


@dataclass(frozen=True)
class Judged:
    """Slices with their exact evidence; every array has one entry per slice.

    Attributes:
        slices: the conditions of each.
        selected, baseline: exact counts in both groups.
        evidence: what the counts say.
        score: what slices are ranked by: evidence, less what was always so where there is history.
        history_selected, history: counts in earlier time; None without history.
        clusters: number of selected clusters.
        effects: design effects of clustering in the selection and in the baseline.
        risen: whether the slice surely rose above its own earlier rate; false without history.
        usual: the earlier rate that the slice is compared with; 0 without history.
        least: the least excess over earlier rates that is divided among slices; 0 without history.
    """

    slices: list[Slice]
    selected: Counts
    baseline: Counts
    evidence: Evidence
    score: Floats
    history_selected: Counts | None
    history: Counts | None
    clusters: Floats
    effects: tuple[Floats, Floats]
    risen: Bools
    usual: Floats
    least: float

    def significant(self, floor: float) -> Bools:
        """Return which slices are significant, and may be large enough to act on."""
        return np.asarray(
            (self.risen | self.stands_out()) & (self.selected.n >= floor) & (self.clusters >= LEAST_CLUSTERS)
        )

    def stands_out(self) -> Bools:
        """Return which slices are significant next to the other events of the same time.

        A slice is left out only if its ratio is surely too small. If the estimate itself had to reach the
        least ratio, a cause of exactly that ratio would be missed every other time, in any number of events.
        """
        ratio = np.nan_to_num(self.evidence.plausible_ratio, nan=0.0, posinf=np.inf)
        return np.asarray((self.evidence.score > 0) & (ratio >= LEAST_RATIO))

    def joined(self, other: Judged) -> Judged:
        """Return these slices and others of the same question after them."""
        both = {
            name: np.concatenate([getattr(self.evidence, name), getattr(other.evidence, name)])
            for name in Evidence.__dataclass_fields__
        }
        return Judged(
            self.slices + other.slices,
            Counts.join([self.selected, other.selected]),
            Counts.join([self.baseline, other.baseline]),
            Evidence(**both),
            np.concatenate([self.score, other.score]),
            _join(self.history_selected, other.history_selected),
            _join(self.history, other.history),
            np.concatenate([self.clusters, other.clusters]),
            (
                np.concatenate([self.effects[0], other.effects[0]]),
                np.concatenate([self.effects[1], other.effects[1]]),
            ),
            np.concatenate([self.risen, other.risen]),
            np.concatenate([self.usual, other.usual]),
            max(self.least, other.least),
        )

    def take(self, at: Rows) -> Judged:
        """Return the slices at some positions, in their order; a position may be taken more than once."""
        return Judged(
            [self.slices[one] for one in at],
            self.selected[at],
            self.baseline[at],
            Evidence(*(getattr(self.evidence, name)[at] for name in Evidence.__dataclass_fields__)),
            self.score[at],
            None if self.history_selected is None else self.history_selected[at],
            None if self.history is None else self.history[at],
            self.clusters[at],
            (self.effects[0][at], self.effects[1][at]),
            self.risen[at],
            self.usual[at],
            self.least,
        )

    def without_history(self) -> Judged:
        """Return the slices, ranked by what they are now."""
        return replace(self, score=self.evidence.score)


def _join(one: Counts | None, other: Counts | None) -> Counts | None:
    return None if one is None or other is None else Counts.join([one, other])


def usual_rates(
    slices: Sequence[Slice], history_selected: Counts, history: Counts, overall: float, known: Judged | None
) -> Floats:
    """Return the earlier rate of each slice, shrunk toward that of its worst part.

    If a part was always bad, a slice that was hardly seen earlier is not taken to be like all events.
    """
    out = np.zeros(len(slices))
    found = {} if known is None else dict(zip(map(frozenset, known.slices), known.usual, strict=True))
    depth = np.array([len(conditions) for conditions in slices])
    for d in (1, 2, 3):
        at = np.flatnonzero(depth == d)
        parts = [[frozenset(slices[i]) - {condition} for condition in slices[i]] for i in at.tolist()]
        toward = np.array([max([overall, *(found.get(part, overall) for part in own)]) for own in parts])
        out[at] = usual_rate(history_selected[at], history[at], toward)
        found |= {frozenset(slices[i]): float(out[i]) for i in at.tolist()}
    return out


def judge(
    counted: Counted, candidates: Candidates, slices: list[Slice], known: Judged | None = None
) -> Judged:
    """Count slices exactly over all rows and weigh the evidence.

    Args:
        counted: all compared rows, with the counts of single conditions.
        candidates: the sample with its clusters. A set of values is judged by the half of the sample that
            did not choose it.
        slices: what to judge.
        known: slices judged before, among them the parts of new ones.
    Returns:
        Judged, in the order of `slices`.
    """
    full, levels, clusters = counted.full, counted.levels, candidates.clusters
    held_out, sample = candidates.held_out, candidates.sample
    joined = np.array([at for at, conditions in enumerate(slices) if len(conditions) > 1], dtype=np.int64)
    selected, baseline = counted.counts([conditions[0] for conditions in slices])
    exact_counts = full.count_slices(
        SIDES, [slices[at] for at in joined], lambda conditions: sample.slice(conditions).tobytes()
    )
    for exact, into in zip(exact_counts, (selected, baseline), strict=True):
        for name in ("n", "w", "w2"):
            getattr(into, name)[joined] = getattr(exact, name)
    all_selected, all_baseline = full.totals["selected"], full.totals["baseline"]
    # design effects can only take evidence back: they are computed where there is some
    plain = counted.scores([conditions[0] for conditions in slices])
    plain[joined] = score(selected[joined], all_selected, baseline[joined], all_baseline, levels.log_level[0])
    doubtful = np.flatnonzero(((plain > 0) | ("history" in full.groups)) & (selected.n >= levels.floor))
    effect_selected, effect_baseline, seen = np.ones(len(slices)), np.ones(len(slices)), selected.n.copy()
    effects = clusters.effects([sample.slice(slices[at]) for at in doubtful])
    effect_selected[doubtful], effect_baseline[doubtful], seen[doubtful] = effects
    if counted.question.selects_time:
        small = doubtful[selected.n[doubtful] < MAY_BE_BURST * all_selected.n[0]]
        rows = [full.slice(slices[at]) for at in small]
        scope = counted.question.scope
        effect, stretches = TimeScatter(scope, full, "selected").effects(rows)
        effect_selected[small] = np.maximum(effect_selected[small], effect)
        seen[small] = np.minimum(seen[small], stretches)
        effect, _ = TimeScatter(scope, full, "baseline").effects(rows)
        effect_baseline[small] = np.maximum(effect_baseline[small], effect)
    history_selected = history = None
    least = 0.0
    usual = np.zeros(len(slices))
    if "history" in full.groups:
        history_selected, history = full.count_slices(("history_selected", "history"), slices)
        usual = usual_rates(slices, history_selected, history, overall_rate(full.totals), known)
        least = float(np.max(selected.w - usual * (selected + baseline).w, initial=0.0))
    judged = Judged(
        slices,
        selected,
        baseline,
        Evidence(*(np.zeros(len(slices)) for _ in Evidence.__dataclass_fields__)),
        np.zeros(len(slices)),
        history_selected,
        history,
        seen,
        (effect_selected, effect_baseline),
        np.zeros(len(slices), dtype=bool),
        usual,
        least,
    )
    halves = {
        at: held_out[conditions[0]]
        for at, conditions in enumerate(slices)
        if len(conditions) == 1 and conditions[0] in held_out
    }
    return weigh_slices(counted, candidates, judged, halves)


def weigh_slices(
    counted: Counted,
    candidates: Candidates,
    judged: Judged,
    halves: Mapping[int, HeldOut],
    *,
    intervals: bool = True,
) -> Judged:
    """Return slices with the evidence that their counts give.

    Args:
        counted: all compared rows.
        candidates: the clusters of the sample.
        judged: slices with their counts; evidence, scores and whether they rose are replaced.
        halves: for each position that holds a set of values, its counts in the half that did not choose it.
        intervals: whether the intervals of the risk ratios are needed.
    Returns:
        The same slices in the same order.
    """
    totals, levels, clusters = counted.full.totals, counted.levels, candidates.clusters
    all_selected, all_baseline = totals["selected"], totals["baseline"]
    if not judged.slices:
        return judged
    deff = judged.effects
    depth = np.array([len(conditions) for conditions in judged.slices])
    level = np.array(levels.log_level)[depth - 1]
    selected, baseline = judged.selected, judged.baseline
    evidence = weigh(
        selected,
        all_selected,
        baseline,
        all_baseline,
        level,
        deff,
        clusters.units,
        intervals=intervals,
    )
    columns = {name: getattr(evidence, name) for name in Evidence.__dataclass_fields__}
    value, rose = evidence.score.copy(), np.zeros(len(depth), dtype=bool)
    if judged.history is not None and judged.history_selected is not None:
        history_selected, history = judged.history_selected, judged.history
        rose = risen(selected, baseline, history_selected, history, totals, level, deff[0], clusters.units[0])
        value = excess_score(
            selected,
            all_selected,
            baseline,
            all_baseline,
            totals["history_selected"],
            totals["history"],
            level,
            deff[0],
            clusters.units[0],
            judged.usual,
            least=judged.least,
        )
    whole = float(all_selected.w[0]), float(all_baseline.w[0])
    for one, half in halves.items():
        at = np.array([one])
        found = weigh(
            half.selected,
            half.all_selected,
            half.baseline,
            half.all_baseline,
            levels.log_level[0],
            (deff[0][at], deff[1][at]),
            clusters.units,
            whole,  # the halves come from a sample that holds less of the baseline than of the selection
        )
        for name, values in columns.items():
            values[at] = getattr(found, name)
        value[at] = found.score
    return replace(judged, evidence=Evidence(**columns), score=value, risen=rose)
