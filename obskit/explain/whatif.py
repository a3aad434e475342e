"""Arithmetic about a finding: p99 without it, where a change came from, whether another field explains it.

It says what the numbers would be without these events, not what would have happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.dataset import FieldCodes
from obskit.explain.grouped_rows import SIDES, GroupedRows
from obskit.explain.weights import Bits
from obskit.stats.buckets import quantile
from obskit.stats.counts import Counts


class Latency:
    """The durations of all compared rows as a histogram, from which slices are subtracted.

    Args:
        rows: the compared rows.
        compared: the counts of all of them for each code of the field.
        name: a field whose codes are log buckets.
    """

    def __init__(self, rows: GroupedRows, compared: Counts, name: str = "duration_ms") -> None:
        self._rows, self._name = rows, name
        codes = rows.codes(name)
        self._bucket = codes.bucket if codes.bucket is not None else np.zeros(0, np.int32)
        self._whole = compared.w[1:]
        self.p99 = quantile(self._bucket, self._whole, 0.99)

    def without(self, bits: Bits) -> float:
        """Return p99 in milliseconds of the compared rows outside a slice; NaN where no row is left."""
        rest = self._whole - self._rows.tally_slice(SIDES, bits, self._name).w[1:]
        return quantile(self._bucket, np.maximum(rest, 0.0), 0.99)


def change(
    selected: Counts,
    baseline: Counts,
    history_selected: Counts,
    history: Counts,
    at: int,
    totals: Mapping[str, Counts],
) -> dict[str, float] | None:
    """Split the change of the outcome's rate since history into what the slice did and what it did not.

    Args:
        selected: the slices' counts in the selection.
        baseline: the slices' counts in the baseline.
        history_selected: the slices' counts of the outcome in earlier time.
        history: the slices' counts of all events in earlier time.
        at: which slice.
        totals: the counts of the whole groups, by group.
    Returns:
        `change` = `from_rate` (the slice's own rate changed) + `from_mix` (the slice makes up more or less
        of the events) + `elsewhere` (the rate outside changed), exactly; shares in [-1, 1]. None where there
        are no events to compare.
    """
    now = float(totals["selected"].w[0] + totals["baseline"].w[0])
    before = float(totals["history"].w[0])
    if now <= 0 or before <= 0:
        return None
    part_now = float(selected.w[at] + baseline.w[at]) / now
    part_before = float(history.w[at]) / before
    bad_now, bad_before = float(selected.w[at]) / now, float(history_selected.w[at]) / before
    rate_now = float(totals["selected"].w[0]) / now
    rate_before = float(totals["history_selected"].w[0]) / before
    inside_now, inside_before = _ratio(bad_now, part_now), _ratio(bad_before, part_before)
    outside_now = _ratio(rate_now - bad_now, 1 - part_now)
    outside_before = _ratio(rate_before - bad_before, 1 - part_before)
    part = (part_now + part_before) / 2
    gap = (inside_now + inside_before) - (outside_now + outside_before)
    return {
        "change": rate_now - rate_before,
        "from_rate": part * (inside_now - inside_before),
        "from_mix": (part_now - part_before) * gap / 2,
        "elsewhere": (1 - part) * (outside_now - outside_before),
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def adjusted(sample: GroupedRows, bits: Bits, confounders: Sequence[str]) -> dict[str, Any] | None:
    """Return the odds ratio of a slice: plain, and among events with the same value of another field.

    Args:
        sample: rows with the groups "selected" and "baseline".
        bits: the slice.
        confounders: fields to hold equal, one at a time.
    Returns:
        `odds_ratio`, and the lowest `adjusted_odds_ratio` with its field, `adjusted_for`. None where no
        field could be held equal. An adjusted ratio below 1 next to a plain one above 1 is Simpson's
        reversal.
    Source: Mantel and Haenszel (1959).
    """
    inside = sample.unpack(bits)
    is_a = np.concatenate(list(sample.groups["selected"]))
    is_b = np.concatenate(list(sample.groups["baseline"]))
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
    # selected and inside, selected and outside, baseline and inside, baseline and outside
    cell = np.where(is_a, 0, 2 * size) + np.where(inside, 0, size) + strata
    compared = is_a | is_b
    sums = np.bincount(cell[compared], weights=weight[compared], minlength=4 * size).reshape(4, size)
    (a, c), (b, d) = sums[:2] / scale_a, sums[2:] / scale_b
    total = a + b + c + d
    with np.errstate(divide="ignore", invalid="ignore"):
        above, below = np.nansum(a * d / total), np.nansum(b * c / total)
    return float(above / below) if below > 0 and above > 0 else None


def has_latency(codes: FieldCodes) -> bool:
    """Return whether a field's codes are log buckets, from which percentiles can be read."""
    return codes.bucket is not None and codes.size > 1
