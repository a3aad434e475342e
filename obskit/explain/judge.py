"""The evidence for slices, from exact counts over all rows of both groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from obskit.explain.candidates import Candidates
from obskit.explain.counted import Counted
from obskit.explain.earlier import LEAST_RATIO, overall_rate, risen
from obskit.explain.grouped_rows import SIDES
from obskit.explain.search import Slice
from obskit.explain.time_scatter import TimeScatter
from obskit.explain.weights import Bools, Rows
from obskit.stats.evidence import Counts, Evidence, Floats, excess_score, score, usual_rate, weigh

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
        effect: design effect of clustering in the selection.
        risen: whether the slice surely rose above its own earlier rate; false without history.
        usual: the earlier rate that the slice is compared with; 0 without history.
    """

    slices: list[Slice]
    selected: Counts
    baseline: Counts
    evidence: Evidence
    score: Floats
    history_selected: Counts | None
    history: Counts | None
    clusters: Floats
    effect: Floats
    risen: Bools
    usual: Floats

    def significant(self, floor: float) -> Bools:
        """Return which slices are significant and large enough to act on."""
        return np.asarray(
            (
                self.risen
                | (self.evidence.score > 0)
                & (np.nan_to_num(self.evidence.risk_ratio, nan=0.0, posinf=np.inf) >= LEAST_RATIO)
            )
            & (self.selected.n >= floor)
            & (self.clusters >= LEAST_CLUSTERS)
        )

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
            *(
                np.concatenate([getattr(self, name), getattr(other, name)])
                for name in ("clusters", "effect", "risen", "usual")
            ),
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
    joined = [at for at, conditions in enumerate(slices) if len(conditions) > 1]
    bits = [full.slice(slices[at]) for at in joined]
    selected, baseline = counted.counts([conditions[0] for conditions in slices])
    for group, into in zip(SIDES, (selected, baseline), strict=True):
        exact = full.count(group, bits)
        for name in ("n", "w", "w2"):
            getattr(into, name)[joined] = getattr(exact, name)
    all_selected, all_baseline = full.totals["selected"], full.totals["baseline"]
    depth = np.array([len(conditions) for conditions in slices])
    # design effects can only take evidence back: they are computed where there is some
    plain = score(selected, all_selected, baseline, all_baseline, levels.log_level[0])
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
    rose, usual = np.zeros(len(slices), dtype=bool), np.zeros(len(slices))
    if "history" in full.groups:
        every = [full.slice(conditions) for conditions in slices]
        history_selected, history = full.count("history_selected", every), full.count("history", every)
        usual = usual_rates(slices, history_selected, history, overall_rate(full.totals), known)
        least = float(np.max(selected.w - usual * (selected + baseline).w, initial=0.0))
    columns = {name: np.zeros(len(slices)) for name in Evidence.__dataclass_fields__}
    value = np.zeros(len(slices))

    def record(at: Rows, found: Evidence) -> None:
        for name, values in columns.items():
            values[at] = getattr(found, name)
        value[at] = found.score

    for d in (1, 2, 3):
        at = np.flatnonzero(depth == d)
        if not len(at):
            continue
        level = levels.log_level[d - 1]
        record(
            at,
            weigh(
                selected[at],
                all_selected,
                baseline[at],
                all_baseline,
                level,
                (effect_selected[at], effect_baseline[at]),
                clusters.units,
            ),
        )
        if history is not None and history_selected is not None:
            rose[at] = risen(
                selected[at],
                baseline[at],
                history_selected[at],
                history[at],
                full.totals,
                level,
                effect_selected[at],
                clusters.units[0],
            )
            value[at] = excess_score(
                selected[at],
                all_selected,
                baseline[at],
                all_baseline,
                full.totals["history_selected"],
                full.totals["history"],
                level,
                effect_selected[at],
                clusters.units[0],
                usual[at],
                least=least,
            )
    for one, conditions in enumerate(slices):
        if len(conditions) == 1 and conditions[0] in held_out:
            half, at = held_out[conditions[0]], np.array([one])
            deff = effect_selected[at], effect_baseline[at]
            level = levels.log_level[0]
            record(
                at,
                weigh(
                    half.selected,
                    half.all_selected,
                    half.baseline,
                    half.all_baseline,
                    level,
                    deff,
                    clusters.units,
                ),
            )
    evidence = Evidence(**columns)
    return Judged(
        slices,
        selected,
        baseline,
        evidence,
        value,
        history_selected,
        history,
        seen,
        effect_selected,
        rose,
        usual,
    )
