"""Requests of the candidate that a pass would not cover, because there is nothing to compare them with.

An operation that the baseline does not have adds nothing to the evidence, and a request whose outcome or
duration is not recorded counts as a good one. If there are enough of them to hide a rise beyond the margin,
nothing passes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from obskit.display import formatting
from obskit.judge.arms import Arms
from obskit.judge.criterion import Criterion
from obskit.judge.latency_counts import Thresholds
from obskit.judge.margins import Margin
from obskit.judge.observations import Observations
from obskit.judge.words import FEWEST
from obskit.text import pluralize

Bools = npt.NDArray[np.bool_]
MOST_NAMED = 3
FEWEST_FAILED = 5  # failures in operations without a baseline that are looked at
UNTIMED = 0.01  # share of requests that may lack a duration more than the baseline's do
NOTED = 0.01  # share of requests without a baseline from which on a note says so
DEVIATIONS = 3.0  # by which a share must be beyond chance


@dataclass(frozen=True)
class Uncovered:
    """What a pass would not cover.

    Attributes:
        errors: why the error rate cannot pass, or "".
        latency: why the latency cannot pass, or "".
        notes: what a reader must know.
    """

    errors: str
    latency: str
    notes: tuple[str, ...]

    def withhold(self, criteria: Sequence[Criterion]) -> list[Criterion]:
        """Return the criteria, without the passes that would not cover enough.

        Args:
            criteria: the criteria.

        Returns:
            The same criteria; those that cannot pass are inconclusive and say why.
        """
        why = {"errors": self.errors, "latency": self.latency}
        out = []
        for one in criteria:
            reason = why.get(one.name, "")
            if one.word == "pass" and reason:
                rates = one.sentence.partition("; a rise ")[0].removesuffix(".")
                sentence = f"{rates}. What can be compared shows no rise beyond the margin, but {reason}"
                one = replace(one, word="inconclusive", since=None, requests=None, sentence=sentence)
            out.append(one)
        return out


def find_uncovered(
    arms: Arms, observed: Observations, thresholds: Thresholds | None, margin: Margin | None, rate: float
) -> Uncovered:
    """Find what a pass would not cover.

    Args:
        arms: the arms.
        observed: the observations.
        thresholds: the thresholds of slow requests; None if the latency is not judged.
        margin: the margin of the error rate; None if it is not judged.
        rate: the baseline's error rate; NaN if it is not judged.

    Returns:
        What is not covered.
    """
    size = len(observed.operations)
    theirs = observed.tally(observed.operation, size, ~observed.candidate)
    alone = (theirs < FEWEST)[observed.operation] & observed.candidate
    n = observed.numbers
    weight = observed.whole_weight
    whole = float(weight[observed.candidate].sum())
    part = float(weight[alone].sum())
    named = _named(observed, alone)
    errors, notes = [], []
    if part > NOTED * whole:
        notes.append(
            f"warning: {formatting.share(part / whole)} of the candidate's requests are of operations that "
            f"{arms.baseline.label} has no or hardly any requests of ({named}): they are not compared"
        )
    if margin is not None and observed.failed is not None and math.isfinite(rate):
        allowed = max(rate * (margin.ratio - 1), margin.difference)
        failed = alone & observed.failed
        if n[failed].sum() >= FEWEST_FAILED and weight[failed].sum() - part * rate > whole * allowed:
            errors.append(
                f"{pluralize(int(n[failed].sum()), 'request')} of {named} failed, which "
                f"{arms.baseline.label} has no or hardly any requests of to compare with."
            )
        unknown = None if observed.known is None else ~observed.known
        if unknown is not None and _more(observed, unknown) > allowed:
            errors.append(f"{_have(arms, observed, unknown)} no status, so whether they failed is not known.")
    latency = ""
    if thresholds is not None and observed.duration is not None:
        untimed = ~(thresholds.timed & (thresholds.bucket >= 0))[observed.duration]
        if _more(observed, untimed) > UNTIMED:
            latency = (
                f"{_have(arms, observed, untimed)} no duration, or one that is negative or not a number."
            )
    return Uncovered(" Besides, ".join(errors), latency, tuple(notes))


def _more(observed: Observations, lacking: Bools) -> float:
    """Return the share of the candidate's requests that lack a value and would have it in the baseline.

    It is compared within operations, and 0 if it may be chance.
    """
    size = len(observed.operations)
    cell = observed.operation * 2 + observed.candidate
    n = observed.tally(cell, 2 * size).reshape(size, 2).astype(np.float64)
    x = observed.tally(cell, 2 * size, lacking).reshape(size, 2)
    both = (n > 0).all(axis=1)
    (n_a, n_b), (x_a, x_b) = n[both].T, x[both].T
    pooled = (x_a + x_b) / (n_a + n_b)
    excess = float((x_b - n_b * x_a / n_a).sum())
    spread = math.sqrt(float((n_b * pooled * (1 - pooled) * (1 + n_b / n_a)).sum()))
    return excess / float(n[:, 1].sum()) if excess > DEVIATIONS * spread else 0.0


def _have(arms: Arms, observed: Observations, lacking: Bools) -> str:
    ours, theirs = (
        formatting.share(observed.number(lacking & rows) / observed.number(rows))
        for rows in (observed.candidate, ~observed.candidate)
    )
    return f"{ours} of the requests of {arms.name} and {theirs} of those of {arms.baseline.label} have"


def _named(observed: Observations, rows: Bools) -> str:
    """Return the operations of some requests, the most frequent first."""
    counts = observed.tally(observed.operation, len(observed.operations), rows)
    found = [observed.operations.names[at] for at in np.argsort(-counts, kind="stable") if counts[at]]
    more = len(found) - MOST_NAMED
    return ", ".join(found[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
