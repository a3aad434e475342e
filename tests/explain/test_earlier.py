"""Slices that rose above their own earlier rate."""

from __future__ import annotations

import numpy as np

from obskit.explain.earlier import risen
from obskit.stats.counts import Counts


def equal(events: float) -> Counts:
    """Return the counts of one slice of events of weight 1."""
    return Counts(*(np.array([events]) for _ in range(3)))


def test_a_slice_of_nearly_all_of_the_selection_has_a_wide_interval_and_no_warning() -> None:
    """Rounding leaves a millionth of an event outside the slice: e to the power of its error overflows."""
    totals = {
        "selected": equal(1_000 * (1 + 1e-14)),
        "baseline": equal(9_000.0),
        "history_selected": equal(50.0),
        "history": equal(10_000.0),
    }
    slices = equal(1_000.0), equal(1_000.0), equal(5.0), equal(2_000.0)
    assert risen(*slices, totals, float(np.log(1e-4)), np.ones(1), 0.0).tolist() == [True]
