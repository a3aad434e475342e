"""How far a share of sampled events may be from that of all events."""

from __future__ import annotations

import math

import ibis.expr.types as ir
import numpy as np

from obskit.engine import Condition, Scope
from obskit.query.terms import per_row, row_count, sample_weight
from obskit.stats.counts import Counts, effective_size, share
from obskit.stats.evidence import lower_bound, upper_bound

_TAIL = math.log(0.025)


def sampled_share(scope: Scope, condition: Condition) -> tuple[float, float] | None:
    """Return the interval of 95% of the share of events for which a condition is true.

    Args:
        scope: the events.
        condition: true, false or null; events for which it is null are left out.

    Returns:
        (low, high) in [0, 1]; None if the events are not sampled, so that the share is exact, or if there are
        none.

    Source: as for findings; see `stats.evidence`.
    """
    if "sample_weight" not in scope.schema.names:
        return None

    def build(table: ir.Table) -> ir.Table:
        # As a number: `NOT (x) IS NOT NULL`, which Ibis would write, means something else.
        hits = condition.to_ibis(table).cast("float64")
        n, w = row_count(table).cast("float64"), sample_weight(table)
        weights = {"n": per_row(n, table), "w": per_row(n * w, table), "w2": per_row(n * w * w, table)}
        one = table.select(hits=hits, **weights)
        one = one.filter(one.hits.notnull())
        return one.aggregate(
            n=one.n.sum(),
            w=one.w.sum(),
            w2=one.w2.sum(),
            hit_n=(one.n * one.hits).sum(),
            hit_w=(one.w * one.hits).sum(),
            hit_w2=(one.w2 * one.hits).sum(),
        )

    row = scope.run(build).table.to_pylist()[0]
    if not row["n"] or math.isclose(row["w"], row["n"]):
        return None
    whole = Counts(*(np.array([float(row[name])]) for name in ("n", "w", "w2")))
    part = Counts(*(np.array([float(row[f"hit_{name}"])]) for name in ("n", "w", "w2")))
    seen = share(part, whole)
    low = lower_bound(seen, effective_size(part, whole, side="low"), _TAIL)
    high = upper_bound(seen, effective_size(part, whole, side="high"), _TAIL)
    return float(low[0]), float(high[0])
