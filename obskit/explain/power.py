"""What `explain` could have found at the size of a question: the least ratio of rates, by share of events."""

from __future__ import annotations

import numpy as np

from obskit.display import formatting
from obskit.explain.counted import Levels
from obskit.explain.earlier import LEAST_RATIO
from obskit.stats.counts import Counts, Floats
from obskit.stats.evidence import lower_bound, upper_bound

# For conditions that hold for so much of the compared events.
SHARES = (0.5, 0.1, 0.01)
# 9 times in 10 the counts are at least as clear as this many standard errors below what is expected.
USUALLY = 1.2816
LARGEST = 1e6
# Enough halvings for the shortest decimals that are shown.
STEPS = 30


def detectable(
    selected: Counts, baseline: Counts, levels: Levels, repeats: tuple[float, float] = (1.0, 1.0)
) -> list[dict[str, float]]:
    """Return the least effect of a single condition that is found 9 times in 10.

    Args:
        selected: the counts of the whole selection (length 1).
        baseline: the counts of the whole baseline (length 1).
        levels: what a slice has to reach.
        repeats: events per observation in both groups: rows of one trace may all say the same.
    Returns:
        For each share of the events for which some effect would be found: `share`, `ratio` of the outcome's
        rate inside and outside, and the two rates `inside` and `outside`.
    """
    size1, size0 = (
        float(whole.w[0] ** 2 / max(whole.w2[0], 1e-300)) / max(each, 1.0)
        for whole, each in zip((selected, baseline), repeats, strict=True)
    )
    rate = float(selected.w[0] / (selected.w[0] + baseline.w[0]))
    least = levels.floor / max(float(selected.n[0]), 1.0)
    share = np.array(SHARES)
    # Where the condition is rarer than the outcome, the ratio is largest when every event inside has it.
    high = np.where(share < rate, (1 - share) / np.maximum(rate - share, 1e-12), LARGEST)
    high = np.maximum(np.minimum(high, LARGEST), LEAST_RATIO)
    low = np.full(len(share), LEAST_RATIO)

    def is_found(ratio: Floats) -> Floats:
        p1, p0, inside, _ = _shares(share, ratio, rate)
        seen1 = np.maximum(p1 - USUALLY * np.sqrt(p1 * (1 - p1) / size1), 0.0)
        seen0 = np.minimum(p0 + USUALLY * np.sqrt(p0 * (1 - p0) / size0), 1.0)
        bounds = lower_bound(seen1, np.full(len(share), size1), levels.log_level[0])
        above = bounds > upper_bound(seen0, np.full(len(share), size0), levels.log_level[0])
        return np.asarray(above & (seen1 >= least) & (inside <= 1 + 1e-9))

    possible, at_once = is_found(high), is_found(low)
    for _ in range(STEPS):
        middle = np.sqrt(low * high)
        found = is_found(middle)
        low, high = np.where(found, low, middle), np.where(found, middle, high)
    ratio = np.where(at_once, LEAST_RATIO, high)
    _, _, inside, outside = _shares(share, ratio, rate)
    return [
        {
            "share": SHARES[at],
            "ratio": float(ratio[at]),
            "inside": float(inside[at]),
            "outside": float(outside[at]),
        }
        for at in range(len(SHARES))
        if possible[at] or at_once[at]
    ]


def _shares(share: Floats, ratio: Floats, rate: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Return a condition's share of the selection and of the baseline, and the rates inside and outside."""
    outside = rate / (share * ratio + 1 - share)
    inside = ratio * outside
    p1 = np.clip(share * inside / rate, 0.0, 1.0)
    p0 = np.clip(share * (1 - inside) / (1 - rate), 0.0, 1.0)
    return p1, p0, inside, outside


def power_note(rows: list[dict[str, float]]) -> str:
    """Return what would have been found, as a sentence for an answer without findings."""
    if not rows:
        return "too few events: no condition could have been found, however strong"
    parts = [
        f"{100 * row['share']:g}% of the events from {formatting.ratio(row['ratio'])} the rate outside "
        f"({formatting.share(row['inside'])} against {formatting.share(row['outside'])})"
        for row in rows
    ]
    return f"what would have been found: a condition on {', on '.join(parts)}; less may be missed"
