"""Which slices surely rose above their own earlier rate, whatever they are like next to other events now.

A slice that was always good may now fail as often as all others. Next to them it shows nothing, next to its
own past it does.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from obskit.explain.weights import Bools
from obskit.stats.counts import Counts, Floats, share_and_size
from obskit.stats.evidence import Z95, effective_count, lower_bound, upper_bound, usual_rate

# A slice's rate must be this many times the rate of the other events, as far as its 95% interval can tell.
LEAST_RATIO = 1.5


def overall_rate(totals: Mapping[str, Counts]) -> float:
    """Return the outcome's earlier rate in all events."""
    return float(totals["history_selected"].w[0] / max(totals["history"].w[0], 1e-300))


def risen(
    selected: Counts,
    baseline: Counts,
    history_selected: Counts,
    history: Counts,
    totals: Mapping[str, Counts],
    log_level: Floats | float,
    effect: Floats,
    unit: float,
) -> Bools:
    """Return which slices have surely a larger share of the selection than their earlier rates predict.

    Args:
        selected: the slices' counts in the selection.
        baseline: the slices' counts in the baseline.
        history_selected: the slices' counts of the outcome in earlier time.
        history: the slices' counts of all events in earlier time.
        totals: the counts of the whole groups.
        log_level: natural log of the one-sided error level of each bound; one for all slices, or one each.
        effect: design effect of clustering in the selection.
        unit: extra weight of a large cluster.
    Returns:
        Whether the lower bound of a slice's share is above the upper bound of the predicted one, and the rate
        may have risen 1.5 times as much as that of the other events: the 95% interval reaches that.
    """
    usual = overall_rate(totals)
    size = np.where(history.w2 > 0, history.w**2 / np.maximum(history.w2, 1e-300), 0.0)
    own = np.where(history.w > 0, history_selected.w / np.maximum(history.w, 1e-300), 0.0)
    high = upper_bound(own, np.maximum(size / effect, 1e-9), log_level)
    earlier = totals["history"]
    whole = np.array([float(earlier.w[0] ** 2 / max(earlier.w2[0], 1e-300))])
    low_usual = lower_bound(np.array([usual]), whole, log_level)
    events = selected.w + baseline.w
    every = float(totals["selected"].w[0] + totals["baseline"].w[0])
    most = np.where(size > 0, high, 1.0) * events / np.maximum(low_usual * every, 1e-300)
    low = lower_bound(*share_and_size(selected, totals["selected"], effect, unit, side="low"), log_level)
    predicted = np.clip(
        usual_rate(history_selected, history, usual) * events / max(usual * every, 1e-300), 1e-12, 1.0
    )
    share = np.clip(selected.w / float(totals["selected"].w[0]), 0.0, 1.0)
    # next to nothing outside a slice: its interval is without end
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = (share / predicted) / ((1 - share) / (1 - predicted))
        now = effective_count(selected, effect) * (1 - share)
        before = (effective_count(history_selected, effect) + 0.5) * (1 - predicted) ** 2
        ratio = ratio * np.exp(Z95 * np.sqrt(1 / now + 1 / before))
    return np.asarray((low > most) & (np.nan_to_num(ratio, nan=np.inf) >= LEAST_RATIO))
