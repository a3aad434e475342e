"""Whether the rest of a slice is a part of the trouble, or as well as the events outside."""

from __future__ import annotations

import math

import numpy as np

from obskit.explain.earlier import LEAST_RATIO
from obskit.stats.counts import Floats

# The part of a slice's rise, in log odds, that the rest of the same trouble shows too. Evidence picks the
# strongest part of a cause, so the rest shows less, but not nothing.
SHARED = 1 / 3
# The part of it that may be chance or spill over.
FINE = 1 / 4
LEAST_RISE = math.log(LEAST_RATIO)
# One of the two must be this many times as likely as the other, as a logarithm.
SURE = math.log(3)
# A finding keeps at least this share: of its evidence when it gets wider, of its events with the outcome when
# it gets narrower.
KEPT = 0.5


def fits_outside(size: float, rate: float, base: float, gap: float) -> float:
    """Return how much better a rest fits the outside than the trouble.

    Args:
        size: the effective observations of the rest.
        rate: the outcome's rate in the rest.
        base: the log odds that the rest would have if it were as well as the outside.
        gap: the rise of the slice above that of the outside, in log odds.
    Returns:
        The log of the ratio of likelihoods, each averaged over the rises that are meant.
    """
    well = min(LEAST_RISE, FINE * gap)
    part = max(LEAST_RISE, SHARED * gap)

    def likelihood(rises: Floats) -> float:
        p = 1 / (1 + np.exp(-np.clip(base + rises, -30, 30)))
        logs = size * (rate * np.log(p) + (1 - rate) * np.log1p(-p))
        most = float(logs.max())
        return most + math.log(float(np.exp(logs - most).mean()))

    whole = max(gap + well, part + LEAST_RISE)
    return likelihood(np.linspace(-well, well, 9)) - likelihood(np.linspace(part, whole, 17))


def log_odds_of(hits: float, misses: float) -> float:
    """Return the log odds of counts, with half an event added to each."""
    return math.log((hits + 0.5) / (misses + 0.5))
