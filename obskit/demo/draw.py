"""Random draws by table look-up.

Every draw takes raw generator bits and looks them up in a table of quantiles. It never applies a
transcendental function to a vector: the last bit of the result differs between processors, and the same seed
must give the same rows on all of them. The table is also five times faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Array = NDArray[Any]

_SLOTS = 1 << 16
_MIDDLES = (np.arange(_SLOTS) + 0.5) / _SLOTS


def latency_quantiles(
    median_ms: float, sigma: float, *, tail: float = 0.004, alpha: float = 1.5, cap_ms: float = 30_000
) -> Array:
    """Return the quantiles of a log-normal latency with a Pareto tail.

    Args:
        median_ms: median of the distribution.
        sigma: standard deviation of the logarithm.
        tail: share of draws in the Pareto tail, which starts where the log-normal part ends.
        alpha: exponent of the tail; smaller is heavier.
        cap_ms: maximum.

    Returns:
        int64[65536] of microseconds, ascending, at least 1.
    """
    body = median_ms * np.exp(sigma * ndtri(_MIDDLES))
    if tail > 0:
        start = int(_SLOTS * (1 - tail))
        left = (1 - _MIDDLES[start:]) / (1 - _MIDDLES[start])
        body[start:] = body[start] * left ** (-1 / alpha)
    micros: Array = np.maximum(np.rint(np.minimum(body, cap_ms) * 1000), 1).astype(np.int64)
    return micros


def category_table(weights: Sequence[float] | Array, bits: int = 16) -> Array:
    """Return a table of 2^bits category numbers; each appears in proportion to its weight."""
    w = np.asarray(weights, dtype=np.float64)
    edges = np.rint(np.cumsum(w) / w.sum() * (1 << bits)).astype(np.int64)
    table: Array = np.searchsorted(edges, np.arange(1 << bits), side="right").astype(np.int32)
    return table


def zipf_table(count: int, *, exponent: float, shift: float, bits: int = 20) -> Array:
    """Return a `category_table` of the Zipf-Mandelbrot law for `count` categories, most frequent first."""
    return category_table((np.arange(count) + 1.0 + shift) ** -exponent, bits)


class Dice:
    """The random draws of one chunk; they depend only on (seed, chunk)."""

    def __init__(self, seed: int, chunk: int) -> None:
        self._bits = np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, chunk])))

    def u16(self, n: int) -> Array:
        """Return n uniform uint16."""
        return self._bits.integers(0, _SLOTS, n, dtype=np.uint16)

    def u64(self, n: int) -> Array:
        """Return n uniform uint64, none of them 0 (an id of zeros is not valid)."""
        return np.maximum(self._bits.integers(0, 1 << 64, n, dtype=np.uint64), np.uint64(1))

    def pick(self, table: Array, n: int) -> Array:
        """Return n draws from a table of 2^16 or more quantiles or categories."""
        if len(table) == _SLOTS:
            return table[self.u16(n)]
        return table[self._bits.integers(0, len(table), n, dtype=np.uint32)]

    def chance(self, p: float | Array, n: int) -> Array:
        """Return n booleans, true with probability p (a number or an array of n; resolution 1/65536)."""
        return self.u16(n) < np.asarray(p * _SLOTS, dtype=np.float64)

    def below(self, limit: int | Array, n: int) -> Array:
        """Return n uniform int64 in [0, limit); limit is at most 65536 (a number or an array of n)."""
        return (self.u16(n).astype(np.int64) * limit) >> 16
