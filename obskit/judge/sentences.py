"""Write the sentences of a verdict: what, where, since when, how sure."""

from __future__ import annotations

import math

from obskit.display import formatting
from obskit.judge.arms import Arms
from obskit.judge.criterion import ArmCounts, Criterion
from obskit.judge.pods import PodShare
from obskit.judge.slice_tests import SliceFinding
from obskit.judge.words import FEWEST
from obskit.text import pluralize


def errors_sentence(one: Criterion, arms: Arms) -> str:
    """Return the sentence of the criterion of errors."""
    ours, theirs = (_of(arm, one.approximate) for arm in (one.candidate, one.baseline))
    rates = f"{arms.name} fails on {ours}, {arms.baseline.label} on {theirs}"
    if one.word == "regress":
        where = f" Almost all additional failures are in {one.operation}." if one.operation else ""
        if one.low <= 1:  # it was so at an earlier look
            return f"{rates} by now, but a rise beyond the margin was shown at {_when(one)}.{where}"
        return f"{rates}: {_at_least(one.low)} as often, since {_when(one)}.{where}"
    if one.word == "pass":
        more = ""
        if one.low > 1:
            more = f" It is worse, {_at_least(one.low)} as often, but by less than the margin."
        return f"{rates}; a rise beyond the margin ({one.margin}) is excluded.{more}"
    if one.word == "no_data":
        return too_few(one, arms)
    return f"{rates}; a rise beyond the margin ({one.margin}) is neither shown nor excluded."


def latency_sentence(one: Criterion, arms: Arms, quantile: float) -> str:
    """Return the sentence of the criterion of latency."""
    name = f"p{quantile * 100:g}"
    shown = name if name in one.candidate.percentiles else "p95"
    ours, theirs = (one.candidate.percentiles[shown], one.baseline.percentiles[shown])
    speeds = (
        f"{arms.name} has a {shown} of {formatting.duration(ours)}, {arms.baseline.label} of "
        f"{formatting.duration(theirs)}"
    )
    if one.word == "regress":
        where = f" in {one.operation}" if one.operation else ""
        if one.low <= 1:
            return f"{speeds} by now, but a slowdown was shown at {_when(one)}."
        return (
            f"{speeds}: requests{where} exceed the earlier {name} "
            f"{formatting.ratio(one.ratio)[:-1]} times as often, since {_when(one)}."
        )
    if one.word == "pass":
        return f"{speeds}; a rise of p50 or p95 by {one.margin.partition(',')[0]} is excluded."
    if one.word == "no_data":
        return too_few(one, arms)
    return f"{speeds}; a rise by {one.margin.partition(',')[0]} is neither shown nor excluded."


def too_few(one: Criterion, arms: Arms) -> str:
    """Return the sentence of a criterion with too few observations."""
    label, n = arms.name, one.candidate.n
    if one.baseline.n < one.candidate.n:
        label, n = arms.baseline.label, one.baseline.n
    return f"{label} has {pluralize(n, 'request')} so far; a verdict needs {FEWEST} of each version."


def slice_sentence(one: SliceFinding, arms: Arms, more: int) -> str:
    """Return the sentence of a slice that got worse though the whole may not have."""
    (n_a, x_a), (n_b, x_b) = one.baseline, one.candidate
    verb = "fails on" if one.outcome == "errors" else "is slow on"
    others = f" {pluralize(more, 'more slice')} got worse." if more else ""
    return (
        f"{arms.name} {verb} {x_b:,} of {pluralize(n_b, 'request')} where "
        f"{formatting.shorten(one.condition, 200)}, {arms.baseline.label} on {x_a:,} of {n_a:,}, "
        f"{slice_time(one)}.{others}"
    )


def slice_time(one: SliceFinding) -> str:
    """Return since when a slice is worse, or until when its numbers are if that is over."""
    if one.until > one.since:
        return f"since {formatting.time(one.since)}"
    return f"until {formatting.time(one.until)}"


def pod_sentence(pod: PodShare, others: int) -> str:
    """Return the sentence that one pod carries the excess."""
    return (
        f"One pod, {pod.pod}, has {formatting.share(pod.excess)} of it; "
        f"{pluralize(others, 'other pod')} of the candidate {'does' if others == 1 else 'do'} not differ, so "
        "the host may be the cause, not the version."
    )


def needed_sentence(needed: float | None, observed: int) -> str:
    """Return how many more requests a decision is likely to need; "" if that is not known."""
    if needed is None or not math.isfinite(needed):
        return ""
    more = max(needed - observed, 0.0)
    if more <= 0:
        return "It takes more requests than usual for versions that do not differ."
    rounded = float(f"{more:.1e}")
    return f"About {rounded:,.0f} more requests of the candidate are likely needed."


def _of(arm: ArmCounts, sampled: bool) -> str:
    """Return a rate, with the counts if sampling makes it something else than their ratio."""
    share = formatting.share(arm.rate)
    if sampled:
        return f"about {share} of requests ({arm.x:,} of {arm.n:,} rows)"
    return f"{share} of {pluralize(arm.n, 'request')}"


def _at_least(low: float) -> str:
    return f"at least {formatting.ratio(low)[:-1]} times"


def _when(one: Criterion) -> str:
    if one.since is None:
        return "?"
    return f"{formatting.time(one.since)} ({pluralize(one.requests, 'request')} of the candidate)"
