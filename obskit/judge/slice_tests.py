"""Test the slices: in which of them is an outcome more frequent in the candidate?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.display.result import plain
from obskit.engine import format_condition
from obskit.judge.observations import Ints
from obskit.judge.slice_counts import SliceOutcome, SliceTable
from obskit.stats.many_slices import exact_p, stratified_p
from obskit.stats.sequential import Floats

FEWEST_OUTCOMES = 3
LEAST_RATIO = 1.5


@dataclass(frozen=True)
class SliceFinding:
    """A slice that got worse.

    Attributes:
        condition: the slice as a condition.
        values: field -> value.
        outcome: "errors" or "latency".
        baseline, candidate: (observations, observations with the outcome) of the arms.
        ratio: the ratio of the rates of the outcome, from comparisons within strata.
        excess: how many of the candidate's outcomes are more than it had at the baseline's rate.
        p: the p-value.
        since: the time of the look at which it was found.
        until: the time of the look that the numbers are of: the last one, or the one at which it was found
            if the rise was smaller later.
        selection: the outcome as a condition, for `explain`.
        recovered: whether it recovered, if that was asked.
    """

    condition: str
    values: dict[str, str | None]
    outcome: str
    baseline: tuple[int, int]
    candidate: tuple[int, int]
    ratio: float
    excess: float
    p: float
    since: datetime
    until: datetime
    selection: str = "error"
    recovered: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as values that JSON can hold."""
        (n_a, x_a), (n_b, x_b) = self.baseline, self.candidate
        return {
            "condition": self.condition,
            "values": plain(self.values),
            "outcome": self.outcome,
            "baseline": {"n": n_a, "x": x_a},
            "candidate": {"n": n_b, "x": x_b},
            "ratio": plain(self.ratio),
            "excess": plain(self.excess),
            "p": plain(self.p),
            "since": plain(self.since),
            "until": plain(self.until),
            "recovered": self.recovered,
        }


@dataclass(frozen=True, eq=False)
class SliceTest:
    """The slices of one or two fields with one outcome, at one time; arrays have one entry per slice.

    Attributes:
        fields, values: as in `SliceTable`.
        codes: the codes of the fields.
        outcome: the outcome.
        n, x: observations, and those with the outcome, of both arms; of shape (2, slices).
        ratio: the ratio of the rates, from comparisons within strata.
        p, least: p-values, and the least that are possible.
    """

    fields: tuple[str, ...]
    values: tuple[pa.Array, ...]
    codes: tuple[Ints, ...]
    outcome: SliceOutcome
    n: Floats
    x: Floats
    ratio: Floats
    p: Floats
    least: Floats

    def at(self, codes: tuple[int, ...]) -> int:
        """Return where a slice is in the arrays."""
        same = np.ones(len(self.p), np.bool_)
        for mine, code in zip(self.codes, codes, strict=True):
            same &= mine == code
        return int(np.flatnonzero(same)[0])

    def matters(self, at: int) -> bool:
        """Return whether the rise of a slice is large enough to matter."""
        margin, x_b, ratio = self.outcome.margin, self.x[1, at], self.ratio[at]
        if x_b < FEWEST_OUTCOMES or ratio < max(LEAST_RATIO, margin.ratio):
            return False
        rise = self.outcome.scale * x_b / self.n[1, at] * (1 - 1 / ratio)
        return bool(rise > margin.difference)

    def finding(self, at: int, since: datetime, until: datetime) -> SliceFinding:
        """Return a slice.

        Args:
            at: where it is in the arrays.
            since: when it was found.
            until: the time of these numbers.

        Returns:
            The slice with its numbers at this time.
        """
        shown: dict[str, str | None] = {
            name: str(values[int(code) - 1])
            for name, values, code in zip(self.fields, self.values, (c[at] for c in self.codes), strict=True)
        }
        ratio = float(self.ratio[at])
        return SliceFinding(
            condition=format_condition([{"field": f, "op": "=", "value": v} for f, v in shown.items()]),
            values=shown,
            outcome=self.outcome.name,
            baseline=(int(self.n[0, at]), int(self.x[0, at])),
            candidate=(int(self.n[1, at]), int(self.x[1, at])),
            ratio=ratio,
            excess=float(self.x[1, at]) * (1 - 1 / ratio),
            p=float(self.p[at]),
            since=since,
            until=until,
            selection=self.outcome.selection,
        )


def tests_of(
    table: SliceTable, outcomes: Sequence[SliceOutcome], tables: Sequence[SliceTable]
) -> list[SliceTest]:
    """Test all slices of a table: those of both fields, and those of one that no table before has.

    Args:
        table: the table.
        outcomes: the outcomes.
        tables: all tables.

    Returns:
        One test per outcome and combination of fields.
    """
    before = {name for other in tables[: tables.index(table)] for name in other.fields}
    whole = tuple(range(len(table.fields)))
    chosen = [whole]
    if len(whole) > 1:
        chosen += [(axis,) for axis in whole if table.fields[axis] not in before]
    out = []
    for outcome in outcomes:
        n = table.counts[..., list(outcome.counted)].sum(axis=-1)
        x = table.counts[..., list(outcome.hits)].sum(axis=-1)
        for axes in chosen:
            rest = tuple(axis for axis in whole if axis not in axes)
            out.append(_test(table, axes, outcome, n.sum(axis=rest), x.sum(axis=rest)))
    return out


def _test(table: SliceTable, axes: tuple[int, ...], outcome: SliceOutcome, n: Floats, x: Floats) -> SliceTest:
    """Test slices: exactly with one stratum, else with the bound over strata."""
    values = tuple(table.values[axis] for axis in axes)
    inner = tuple(slice(1, None) for _ in axes)  # without missing values
    shape = n[inner].shape[: len(axes)]
    n, x = (v[inner].reshape(-1, *v.shape[-2:]) for v in (n, x))
    chosen = np.flatnonzero(n.any(axis=(1, 2)))
    codes = tuple(code + 1 for code in np.unravel_index(chosen, shape))
    n, x = n[chosen], x[chosen]
    both = (n > 0).all(axis=2)
    m = np.where(both, x.sum(axis=2), 0.0)
    share = np.divide(n[..., 1], total := n.sum(axis=2), out=np.zeros_like(total), where=total > 0)
    ours, inside, expected, most = (
        v.sum(axis=1) for v in (np.where(both, x[..., 1], 0.0), m, m * share, np.minimum(m, n[..., 1]))
    )
    if n.shape[1] == 1:
        p, least = exact_p(n[:, 0, 0], x[:, 0, 0], n[:, 0, 1], x[:, 0, 1])
    else:
        p, least = stratified_p(ours, inside, expected, most)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = ours * (inside - expected) / ((inside - ours) * expected)
    ratio = np.where(np.isnan(ratio), 1.0, ratio)
    n, x = n.sum(axis=1).T, x.sum(axis=1).T
    return SliceTest(
        tuple(table.fields[axis] for axis in axes), values, codes, outcome, n, x, ratio, p, least
    )
