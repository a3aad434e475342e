"""One criterion of a verdict: its word, the counts of both arms, the ratio with its interval, the margin."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from obskit.display.result import plain
from obskit.judge.words import Word


@dataclass(frozen=True)
class ArmCounts:
    """What was counted of one arm.

    Attributes:
        n: observations.
        x: observations with the outcome.
        rate: the share with the outcome, weighted, in [0, 1]; NaN without observations.
        percentiles: p50, p95 and p99 of the duration in ms, weighted; empty for errors.
        p99_low, p99_high: the interval of p99 in ms, which holds at any number of looks; None without one.
    """

    n: int
    x: int
    rate: float
    percentiles: dict[str, float] = field(default_factory=dict)
    p99_low: float | None = None
    p99_high: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as values that JSON can hold; infinite numbers are None."""
        out = {"n": self.n, "x": self.x, "rate": plain(self.rate), **plain(self.percentiles)}
        if self.p99_low is not None:
            out |= {"p99_low": plain(self.p99_low), "p99_high": plain(self.p99_high)}
        return out


@dataclass(frozen=True)
class Criterion:
    """One criterion of a verdict.

    Attributes:
        name: "errors", "latency" or "traffic".
        word: its word.
        outcome: what is counted, in words.
        baseline, candidate: what was counted of the arms.
        ratio: the ratio of the rates of the outcome, from comparisons within looks and operations.
        low, high: its interval, which holds at any number of looks.
        difference: the difference of the rates.
        margin: the margin that it was held to, as text.
        log_e: the evidence of a regression, as the logarithm of an e-value.
        since: the end of the first look at which the word was so; None if it is not decided.
        requests: the candidate's observations until then.
        needed: how many observations of the candidate a pass is likely to need in all; None if it is
            decided, or if no number is enough.
        approximate: whether the interval is approximate because the sampling depends on the outcome.
        operation: the operation that has most of the excess, if one has.
        condition: the outcome as a condition, for `explain`.
        sentence: the criterion in one sentence.
    """

    name: str
    word: Word
    outcome: str
    baseline: ArmCounts
    candidate: ArmCounts
    ratio: float
    low: float
    high: float
    difference: float
    margin: str
    log_e: float
    since: datetime | None = None
    requests: int | None = None
    needed: float | None = None
    approximate: bool = False
    operation: str | None = None
    condition: str = ""
    sentence: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the criterion as values that JSON can hold; infinite numbers are None."""
        out = {name: getattr(self, name) for name in self.__dataclass_fields__}
        out["baseline"], out["candidate"] = self.baseline.to_dict(), self.candidate.to_dict()
        return {name: plain(value) for name, value in out.items()}
