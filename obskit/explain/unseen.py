"""Slices with one condition more that leave out a few events which are well.

The search for conjunctions keeps those with clearly more evidence than their parts. One that only leaves out
a few events has hardly more, though it says better what the trouble is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from obskit.explain.clusters import Clusters
from obskit.explain.fit import KEPT, fits_outside, log_odds_of
from obskit.explain.grouped_rows import FieldCondition, GroupedRows
from obskit.explain.judge import Judged
from obskit.explain.search import Slice

# Of the conditions that a finding could have in addition, so many are counted exactly.
MOST_CHILDREN = 5


def unseen_children(
    sample: GroupedRows,
    clusters: Clusters,
    judged: Judged,
    chosen: Sequence[int],
    conditions: Sequence[FieldCondition],
    depth: int,
) -> list[Slice]:
    """Return slices with one condition more than a finding that would be as wide as the trouble.

    Args:
        sample: rows to find them on.
        clusters: which of these rows repeat each other.
        judged: slices counted so far.
        chosen: positions of the findings in `judged`.
        conditions: conditions to add.
        depth: the most conditions in one slice.
    Returns:
        Slices that are not in `judged`, the clearest few of each finding.
    """
    known = {frozenset(conditions) for conditions in judged.slices}
    bits = [sample.bits(condition) for condition in conditions]
    out: list[Slice] = []
    for at in chosen:
        own = judged.slices[at]
        fields = {condition.field for condition in own}
        more = [
            i
            for i, condition in enumerate(conditions)
            if len(own) < depth
            and condition.field not in fields
            and frozenset((*own, condition)) not in known
        ]
        if not more:
            continue
        parent = sample.slice(own)
        inside = np.stack([parent, *(parent & bits[i] for i in more)])
        hits = sample.count("selected", inside)
        # a condition that holds for few of the selected events, or for all, leaves out nothing of use
        likely = np.flatnonzero((4 * hits.w[1:] > hits.w[0]) & (hits.n[1:] < hits.n[0])) + 1
        kept = np.array([0, *likely])
        more, inside, hits = [more[k - 1] for k in likely], inside[kept], hits[kept]
        misses = sample.count("baseline", inside)
        all_hits, all_misses = sample.totals["selected"].w[0], sample.totals["baseline"].w[0]
        outside = log_odds_of(all_hits - hits.w[0], all_misses - misses.w[0])
        value = np.zeros(len(more))
        for k, part in enumerate(inside[1:], 1):
            # the child's, then the rest's
            a, rest_a = hits.w[k], hits.w[0] - hits.w[k]
            b, rest_b = misses.w[k], misses.w[0] - misses.w[k]
            if log_odds_of(rest_a, rest_b) > log_odds_of(a, b):
                continue
            once = clusters.repeats(parent & ~part) if clusters.shared else (1.0, 1.0)
            rest_a, rest_b = rest_a / once[0], rest_b / once[1]
            size = (hits.n[0] - hits.n[k]) / once[0] + (misses.n[0] - misses.n[k]) / once[1]
            if a > KEPT * (a + rest_a):
                rate = rest_a / max(rest_a + rest_b, 1e-300)
                value[k - 1] = fits_outside(size, rate, outside, log_odds_of(a, b) - outside)
        best = [k for k in np.argsort(-value, kind="stable")[:MOST_CHILDREN] if value[k] > 0]
        out += [(*own, conditions[more[k]]) for k in best]
    return list({frozenset(one): one for one in out}.values())
