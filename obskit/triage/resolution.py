"""What triage could have seen: the smallest change that is beyond chance, given how many events there are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from obskit.display import formatting
from obskit.stats.counts import Counts, share
from obskit.stats.evidence import lower_bound, upper_bound
from obskit.triage.changes import ALPHA, FEWEST_LATER, RATIO, SLOW, Row

Floats = npt.NDArray[np.float64]
_STEPS = 40  # of the bisection


def describe_resolution(rows: Sequence[Row], comparisons: int, name: Callable[[Row], str]) -> str:
    """Return a sentence that says which changes would have been found.

    Args:
        rows: the operations, none of which got worse.
        comparisons: the number of comparisons that the threshold is corrected for.
        name: returns the name of an operation.

    Returns:
        Text such as "It would have been found if errors of GET / had grown from 0.1% to 0.4%"; empty if
        nothing was compared.
    """
    compared = [row for row in rows if row.compared and row.before.events and row.after.events]
    if not compared:
        return ""
    level = math.log(ALPHA / 2 / max(1, comparisons))
    sizes = np.array([[_size(side.all) for side in (row.before, row.after)] for row in compared])
    was = np.array([float(share(row.before.failed, row.before.all)[0]) for row in compared])
    errors = smallest_growth(was, sizes[:, 0], sizes[:, 1], level)
    most = int(np.argmax(sizes.sum(axis=1)))
    text = (
        f"It would have been found if errors of {name(compared[most])} had grown from "
        f"{formatting.share(float(was[most]))} to {_or_more(float(errors[most]))}"
    )
    timed = np.array([[_size(side.timed) for side in (row.before, row.after)] for row in compared])
    if timed[most].min() > 0:
        slow = smallest_growth(np.array([1 - SLOW]), timed[most, :1], timed[most, 1:], level)
        text += f", or its slow requests from {formatting.share(1 - SLOW)} to {_or_more(float(slow[0]))}"
    if len(compared) > 2:
        text += f"; half of the operations would need {formatting.share(float(np.median(errors)))} of errors"
    return text + "."


def smallest_growth(was: Floats, before: Floats, after: Floats, level: float) -> Floats:
    """Return the smallest later shares that are beyond chance.

    Args:
        was: earlier shares.
        before: effective events before.
        after: effective events after.
        level: natural logarithm of the probability of a false alarm.

    Returns:
        Shares in [0, 1]; 1 also where not even that would be beyond chance.
    """
    limit = upper_bound(was, before, level)
    least = np.maximum(RATIO * was, FEWEST_LATER / np.maximum(after, 1e-300))
    low, high = np.minimum(least, 1.0), np.ones(len(was))
    for _ in range(_STEPS):
        middle = (low + high) / 2
        found = lower_bound(middle, after, level) > limit
        low, high = np.where(found, low, middle), np.where(found, middle, high)
    return high


def _size(counts: Counts) -> float:
    """Return how many events of equal weight counts are worth."""
    squares = float(counts.w2[0])
    return float(counts.w[0]) ** 2 / squares if squares > 0 else 0.0


def _or_more(value: float) -> str:
    return formatting.share(value) + (" or more" if value < 1 else "")
