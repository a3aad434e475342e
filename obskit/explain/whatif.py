"""Arithmetic about a finding: p99 without it, where the change came from, whether other fields explain it.

It says what the numbers would be, not what would have happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.dataset import FieldCodes
from obskit.explain.frame import Frame
from obskit.explain.weights import Bits
from obskit.stats.buckets import quantile
from obskit.stats.evidence import Counts

# strata thinner than this in either group say nothing
LEAST = 1


class Latency:
    """The histogram of durations of all compared rows, from which slices are subtracted."""

    def __init__(self, frame: Frame, name: str = "duration_ms") -> None:
        self._frame, self._name = frame, name
        codes = frame.codes(name)
        self._bucket = codes.bucket if codes.bucket is not None else np.zeros(0, np.int32)
        self._whole = frame.tally("a", name).w[1:] + frame.tally("b", name).w[1:]
        self.p99 = quantile(self._bucket, self._whole, 0.99)

    def without(self, bits: Bits) -> float:
        """Return p99 in milliseconds of the compared rows outside a slice; NaN where none is left."""
        rest = self._whole - self._frame.tally_slice(("a", "b"), bits, self._name).w[1:]
        return quantile(self._bucket, np.maximum(rest, 0.0), 0.99)


def change(
    a: Counts, b: Counts, history_a: Counts, history: Counts, at: int, totals: Mapping[str, Counts]
) -> dict[str, float] | None:
    """Split the change of the outcome's rate since history into what the slice did and what it did not.

    Returns:
        `change` = `from_rate` (the slice's own rate moved) + `from_mix` (there is more or less of it) +
        `elsewhere` (the rate outside moved), exactly; shares in [-1, 1].
    """
    now = float(totals["a"].w[0] + totals["b"].w[0])
    before = float(totals["history"].w[0])
    if now <= 0 or before <= 0:
        return None
    q1, q0 = float(a.w[at] + b.w[at]) / now, float(history.w[at]) / before
    bad1, bad0 = float(a.w[at]) / now, float(history_a.w[at]) / before
    rate1, rate0 = float(totals["a"].w[0]) / now, float(totals["history_a"].w[0]) / before
    in1, in0 = _over(bad1, q1), _over(bad0, q0)
    out1, out0 = _over(rate1 - bad1, 1 - q1), _over(rate0 - bad0, 1 - q0)
    return {
        "change": rate1 - rate0,
        "from_rate": (q1 + q0) / 2 * (in1 - in0),
        "from_mix": (q1 - q0) * ((in1 + in0) - (out1 + out0)) / 2,
        "elsewhere": (1 - (q1 + q0) / 2) * (out1 - out0),
    }


def _over(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def adjusted(sample: Frame, bits: Bits, confounders: Sequence[str]) -> dict[str, Any] | None:
    """Return the slice's odds ratio as it is, and within equal values of other fields.

    Args:
        sample: rows with groups "a" and "b".
        bits: the slice.
        confounders: fields to hold equal, each alone.
    Returns:
        `odds_ratio`, and the `adjusted_odds_ratio` furthest from it with `adjusted_for`; None where there is
        nothing to hold equal. Below 1 while the plain one is above 1 is Simpson's reversal.
    Source: Mantel and Haenszel (1959).
    """
    inside = sample.unpack(bits)
    is_a = np.concatenate(list(sample.groups["a"]))
    is_b = np.concatenate(list(sample.groups["b"]))
    n, w = sample.weights()
    weight = n * w
    scale_a, scale_b = weight[is_a].sum(), weight[is_b].sum()
    plain = _mantel_haenszel(inside, is_a, is_b, weight, np.zeros(len(inside), np.int64), scale_a, scale_b)
    found: dict[str, Any] | None = None
    for name in confounders:
        ratio = _mantel_haenszel(inside, is_a, is_b, weight, sample.values(name), scale_a, scale_b)
        if ratio is None or plain is None:
            continue
        if found is None or ratio < found["adjusted_odds_ratio"]:
            found = {"odds_ratio": plain, "adjusted_odds_ratio": ratio, "adjusted_for": name}
    return found


def _mantel_haenszel(
    inside: npt.NDArray[np.bool_],
    is_a: npt.NDArray[np.bool_],
    is_b: npt.NDArray[np.bool_],
    weight: npt.NDArray[np.float64],
    strata: npt.NDArray[np.int64],
    scale_a: float,
    scale_b: float,
) -> float | None:
    size = int(strata.max(initial=0)) + 1

    def per_stratum(rows: npt.NDArray[np.bool_], scale: float) -> npt.NDArray[np.float64]:
        return np.bincount(strata[rows], weights=weight[rows], minlength=size) / scale

    a, c = per_stratum(is_a & inside, scale_a), per_stratum(is_a & ~inside, scale_a)
    b, d = per_stratum(is_b & inside, scale_b), per_stratum(is_b & ~inside, scale_b)
    total = a + b + c + d
    with np.errstate(divide="ignore", invalid="ignore"):
        above, below = np.nansum(a * d / total), np.nansum(b * c / total)
    return float(above / below) if below > 0 and above > 0 else None


def has_latency(codes: FieldCodes) -> bool:
    """Return whether a field's codes are log buckets, from which percentiles can be read."""
    return codes.bucket is not None and codes.size > 1
