"""`compare`: the numbers of a verdict for two groups of requests, without the word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.display import formatting
from obskit.display.result import Result, plain
from obskit.display.tables import SHARE, UNIT
from obskit.engine import Scope, moment
from obskit.errors import InvalidArgument
from obskit.judge.arm_choice import find_arms
from obskit.judge.arms import Arms, NotJudged
from obskit.judge.criterion import ArmCounts
from obskit.judge.latency import slow_strata
from obskit.judge.latency_counts import QUANTILES, count_latency
from obskit.judge.missing import check_values
from obskit.judge.observations import Observations, observe
from obskit.judge.options import JudgeArguments, JudgeOptions, call_text, parse_options
from obskit.judge.outcome_counts import counts_of_arm, error_strata, thresholds_of
from obskit.judge.setting import concurrent_looks
from obskit.judge.slice_tests import SliceFinding
from obskit.judge.slices import find_slices
from obskit.judge.strata import Strata
from obskit.query.output import dataset_of, merge_notes
from obskit.text import safe


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Comparison(Result):
    """Two groups of requests side by side. `table` has one row per outcome.

    Attributes:
        baseline_label, candidate_label: what the groups are.
        baseline, candidate: requests, the error rate, and p50, p95 and p99 of the duration in ms.
        window: the time that is compared: first and last moment.
        slices: the slices in which the candidate is worse.

    Example:
        compared = events.compare(candidate="2.4.0", baseline="2.3.7")
        compared.candidate.percentiles["p95"]
    """

    baseline_label: str
    candidate_label: str
    baseline: ArmCounts
    candidate: ArmCounts
    window: tuple[Any, Any]
    slices: tuple[SliceFinding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as values that JSON can hold."""
        return {
            **super().to_dict(),
            "baseline": {"value": self.baseline_label, **self.baseline.to_dict()},
            "candidate": {"value": self.candidate_label, **self.candidate.to_dict()},
            "window": plain(self.window),
            "slices": [one.to_dict() for one in self.slices],
        }

    def headline(self) -> str:
        """Return both groups in one line."""
        arms = []
        for label, arm in ((self.candidate_label, self.candidate), (self.baseline_label, self.baseline)):
            speed = ", ".join(f"{n} {formatting.duration(v)}" for n, v in arm.percentiles.items())
            arms.append(f"{label}: {arm.n:,} requests, {formatting.share(arm.rate)} failed, {speed}")
        return "; ".join(arms)

    def footer(self) -> list[str]:
        """Return the lines below the table: both groups, the worst slices, the call and the notes."""
        lines = [self.headline()]
        for one in self.slices[:3]:
            (n_a, x_a), (n_b, x_b) = one.baseline, one.candidate
            lines.append(
                f"worse for {formatting.shorten(one.condition, 200)} ({one.outcome}): {x_b:,} of {n_b:,}, "
                f"{x_a:,} of {n_a:,} of the baseline"
            )
        return [*map(safe, lines), *super().footer()]


def compare(scope: Scope, arguments: JudgeArguments) -> Comparison:
    """Compare two groups of requests that were answered at the same time.

    Args:
        scope: the events.
        arguments: what to compare; see `Events.compare`.

    Returns:
        The comparison.

    Raises:
        InvalidArgument: an argument is not valid, or one of the groups has no requests.
        ConditionError, UnknownField, UnknownFunction: a condition or a time cannot be parsed.
    """
    if "timestamp" not in scope.schema.names or scope.dataset.span[0] is None:
        raise InvalidArgument(
            "compare needs requests with times, but no event has a time",
            hint="map the column with the time: mapping={'timestamp': 'COLUMN'}",
        )
    arguments = arguments.with_present_names()
    options = parse_options(scope, arguments)
    try:
        arms = find_arms(scope, options)
        looks, notes = concurrent_looks(arms, options)
        observed = observe(arms, looks, options.cluster)
        notes += [*observed.notes, *check_values(arms, observed)]
    except NotJudged as why:
        raise InvalidArgument(why.sentence, hint="name both groups: candidate and baseline") from None
    if not observed.candidate.any() or observed.candidate.all():
        raise InvalidArgument(
            f"{arms.candidate.label} and {arms.baseline.label} have no requests at the same time",
            hint="compare groups that ran at the same time, or judge with mode='before_after'",
        )
    return _comparison(arms, options, observed, notes, call_text("compare", scope, arguments))


def _comparison(
    arms: Arms, options: JudgeOptions, observed: Observations, notes: list[str], query: str
) -> Comparison:
    rows: list[tuple[str, Strata]] = []
    failed = observed.failed if observed.failed is not None else np.zeros(len(observed), np.bool_)
    if observed.failed is not None:
        rows.append(("errors", error_strata(observed)))
    thresholds = None
    if observed.duration is not None and observed.duration.any():
        thresholds = thresholds_of(arms, observed, options)
        counts = count_latency(observed, thresholds)
        rows += [
            (f"slower than earlier p{q * 100:g}", slow_strata(counts, at)) for at, q in enumerate(QUANTILES)
        ]
    slices: list[SliceFinding] = []
    if options.slices:
        slices, more = find_slices(
            observed, options.slices, thresholds, options.errors, options.alpha, ended=True
        )
        notes = notes + more
    looks = observed.looks
    return Comparison(
        kind="comparison",
        table=_table(rows, options.alpha),
        query=query,
        dataset=dataset_of(arms.scope),
        notes=merge_notes(arms.scope.notes, arms.notes, notes),
        baseline_label=arms.baseline.label,
        candidate_label=arms.candidate.label,
        baseline=counts_of_arm(observed, False, failed),
        candidate=counts_of_arm(observed, True, failed),
        window=(moment(looks.start), moment(looks.end)),
        slices=tuple(slices),
    )


def _table(rows: list[tuple[str, Strata]], alpha: float) -> pa.Table:
    """Return one row per outcome; the intervals hold however often one looks."""
    columns: dict[str, list[Any]] = {"outcome": [name for name, _ in rows]}
    for key in ("baseline", "candidate", "difference", "ratio", "low", "high"):
        columns[key] = []
    for _, strata in rows:
        n_a, x_a, n_b, x_b = (float(v[-1]) for v in strata.totals())
        low, high = strata.bounds(alpha / 2, alpha / 2)
        columns["baseline"].append(x_a / n_a if n_a else None)
        columns["candidate"].append(x_b / n_b if n_b else None)
        columns["difference"].append(strata.difference())
        columns["ratio"].append(strata.ratio())
        columns["low"].append(low)
        columns["high"].append(high)
    shares = {"baseline", "candidate", "difference"}
    fields = [
        pa.field(
            name,
            pa.string() if name == "outcome" else pa.float64(),
            metadata={UNIT: SHARE} if name in shares else None,
        )
        for name in columns
    ]
    arrays = [pa.array(columns[field.name], field.type, from_pandas=True) for field in fields]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))
