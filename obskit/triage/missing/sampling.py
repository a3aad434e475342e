"""Sampling that changed: fewer rows, each of which stands for more events. No work is lost by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from obskit.triage.missing.binned import BinnedRows, Floats
from obskit.triage.missing.slices import Slices
from obskit.triage.missing.steps import FEWEST, FEWEST_BINS

RATIO = 1.5  # all later weights differ from all earlier ones by at least this factor
_FEWEST_LATER = 2  # bins


@dataclass(frozen=True)
class SamplingChange:
    """A slice whose sample weight changed.

    Attributes:
        conditions: the slice; empty for all rows.
        at: the first bin after the moment.
        before, after: the mean sample weight.
        expected, found: events after the moment by weight; both are the same.
    """

    conditions: tuple[dict[str, Any], ...]
    at: int
    before: float
    after: float
    events: float


def find_sampling_changes(rows: BinnedRows, watched: Sequence[Slices]) -> list[SamplingChange]:
    """Return the sampling changes of all rows, else of services, else of operations.

    Args:
        rows: the rows by time.
        watched: slices; those of operations, and of the first of their fields, are looked at.

    Returns:
        The changes; empty if weights stayed, or vary from bin to bin.
    """
    operations = watched[:1] if watched else []
    services = [one for one in watched[1:] if operations and one.fields == operations[0].fields[:1]]
    for group in ("all", "services", "operations"):
        found: list[SamplingChange] = []
        for slices in services if group == "services" else operations:
            w, w2 = slices.count(rows)
            if group == "all":
                w, w2 = w.sum(axis=0, keepdims=True), w2.sum(axis=0, keepdims=True)
            else:
                w, w2 = w[:-1], w2[:-1]
            for at in np.flatnonzero(w.sum(axis=1) >= FEWEST).tolist():
                step = _step(w[at], w2[at])
                if step is not None:
                    items = () if group == "all" else slices.items(at)
                    found.append(SamplingChange(items, *step))
        if found:
            return found
    return []


def _step(w: Floats, w2: Floats) -> tuple[int, float, float, float] | None:
    used = np.flatnonzero(w > 0)
    if len(used) < FEWEST_BINS + _FEWEST_LATER:
        return None
    weight = w2[used] / w[used]
    low, high = np.minimum.accumulate(weight), np.maximum.accumulate(weight)
    later_low = np.minimum.accumulate(weight[::-1])[::-1]
    later_high = np.maximum.accumulate(weight[::-1])[::-1]
    for k in range(FEWEST_BINS, len(used) - _FEWEST_LATER + 1):
        if later_low[k] >= RATIO * high[k - 1] or later_high[k] * RATIO <= low[k - 1]:
            at = int(used[k])
            before, after = (float(w2[part].sum() / w[part].sum()) for part in (slice(at), slice(at, None)))
            return at, before, after, float(w[at:].sum())
    return None
