"""Judge two arms that run at the same time: a canary, a rolling deployment, or two environments."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from obskit.display import formatting
from obskit.engine import moment
from obskit.judge.arms import Arms, NotJudged
from obskit.judge.criterion import ArmCounts, Criterion
from obskit.judge.error_rate import Track, main_operation, needed_errors, track_errors
from obskit.judge.latency import needed_latency, slow_strata, track_latency
from obskit.judge.latency_counts import (
    QUANTILES,
    LatencyCounts,
    Thresholds,
    count_latency,
    rise_counted,
)
from obskit.judge.looks import Looks
from obskit.judge.missing import check_values
from obskit.judge.observations import Hit, Observations
from obskit.judge.observed_counts import observe_counts
from obskit.judge.options import JudgeOptions, default_slices
from obskit.judge.outcome_counts import (
    counts_of_arm,
    error_strata,
    thresholds_of,
)
from obskit.judge.percentile_bounds import PercentileTrack, track_percentile
from obskit.judge.picture import Series
from obskit.judge.pods import PodShare, pods_of
from obskit.judge.sentences import errors_sentence, latency_sentence
from obskit.judge.setting import concurrent_looks, warming_up
from obskit.judge.slice_tests import SliceFinding
from obskit.judge.slices import find_slices
from obskit.judge.strata import Strata
from obskit.judge.traffic import Traffic, judge_traffic
from obskit.judge.uncovered import find_uncovered
from obskit.judge.words import FEWEST, word_at

BROKEN = 0.5  # error rate of the baseline above which it says nothing about the candidate
P95 = QUANTILES.index(0.95)


@dataclass(frozen=True, eq=False)
class Judged:
    """What was judged of two concurrent arms.

    Attributes:
        observed: the observations.
        thresholds: the thresholds of slow requests; None if the latency was not judged.
        criteria: the criteria.
        traffic: the traffic.
        slices: the slices that got worse.
        pods: the candidate's pods.
        series: the rates and the evidence over time.
        needed: how many observations of the candidate a pass is likely to need; None if it is unknown.
        broken: whether the baseline itself fails so often that it is no yardstick.
        notes: what a reader must know.
    """

    observed: Observations
    thresholds: Thresholds | None
    criteria: tuple[Criterion, ...]
    traffic: Traffic
    slices: tuple[SliceFinding, ...]
    pods: tuple[PodShare, ...]
    series: Series
    needed: float | None
    broken: bool
    notes: tuple[str, ...]


def judge_concurrent(arms: Arms, options: JudgeOptions) -> Judged:
    """Judge the candidate against the baseline that ran at the same time.

    Args:
        arms: the arms.
        options: the options.

    Returns:
        The criteria, slices, pods and traffic.

    Raises:
        NotJudged: the arms cannot be compared.
    """
    looks, notes = concurrent_looks(arms, options)
    left_out, more = warming_up(arms, options.warmup)
    observed = observe_counts(arms, looks, options.cluster, left_out)
    notes += [*more, *observed.notes]
    n_b = observed.number(observed.candidate)
    n_a = observed.number() - n_b
    if not n_a or not n_b:
        raise NotJudged("no_data", _too_few(arms, n_b))
    notes += check_values(arms, observed)
    judged = [name for name in ("errors", "latency") if _is_judged(name, observed, options)]
    if not judged:
        raise NotJudged("error", "These requests have neither errors nor durations to judge.")
    alpha_regress = options.alpha / len(judged)
    criteria: list[Criterion] = []
    tracks: dict[str, tuple[Track, Strata]] = {}
    thresholds = p99 = None
    if "errors" in judged:
        strata = error_strata(observed)
        criterion, track = _errors(arms, observed, strata, options, alpha_regress)
        criteria.append(criterion)
        tracks["errors"] = track, strata
    if "latency" in judged:
        thresholds = thresholds_of(arms, observed, options)
        counts = count_latency(observed, thresholds)
        p99 = track_percentile(observed, options.alpha)
        criterion, track = _latency(arms, observed, counts, thresholds, options, alpha_regress, p99)
        criteria.append(criterion)
        tracks["latency"] = track, slow_strata(counts, P95)
    rate = next((one.baseline.rate for one in criteria if one.name == "errors"), math.nan)
    uncovered = find_uncovered(arms, observed, thresholds, options.errors, rate)
    criteria = uncovered.withhold(criteria)
    notes += uncovered.notes
    traffic = judge_traffic(observed, arms.name, options.split, options.unit)
    criteria.append(traffic_criterion(traffic, n_a, n_b, options.split))
    notes += [traffic.note] if traffic.note else []
    ended = looks.end < arms.complete_until
    fields = options.slices if options.slices is not None else default_slices(arms.scope)
    slices, more = find_slices(
        observed,
        fields,
        thresholds,
        options.errors if "errors" in judged else None,
        options.alpha,
        ended=ended,
        planned=planned_looks(looks, options),
        required=options.slices is not None,
    )
    notes += more
    if options.slices is None and not fields:
        notes.append(
            "no slices were looked at, because no field of customers or clients is known: name fields with "
            "slices= (--slices)"
        )
    open_ones = [one for one in criteria if one.word not in ("pass", "regress") and one.name != "traffic"]
    wanted = [one.needed for one in open_ones]
    needed = max((w for w in wanted if w is not None), default=None) if None not in wanted else None
    return Judged(
        observed=observed,
        thresholds=thresholds,
        criteria=tuple(criteria),
        traffic=traffic,
        slices=tuple(slices),
        pods=tuple(_pods(observed, criteria, thresholds)),
        series=_series(looks, tracks, criteria, alpha_regress, p99),
        needed=needed,
        broken=_is_broken(criteria),
        notes=tuple(dict.fromkeys(notes)),
    )


def planned_looks(looks: Looks, options: JudgeOptions) -> int | None:
    """Return how many looks the window of time has in all, if its end was given; else None."""
    if options.during is None or options.during.end is None:
        return None
    return max(looks.count, (options.during.end - looks.start) // looks.length)


def _is_judged(name: str, observed: Observations, options: JudgeOptions) -> bool:
    if name == "errors":
        return options.errors is not None and observed.failed is not None
    return options.latency is not None and observed.duration is not None and bool(observed.duration.any())


def _errors(
    arms: Arms, observed: Observations, strata: Strata, options: JudgeOptions, alpha_regress: float
) -> tuple[Criterion, Track]:
    assert options.errors is not None
    assert observed.failed is not None
    track = track_errors(strata, options.errors, options.alpha, alpha_regress)
    word, look = word_at(track.regressed, track.passed, track.enough)
    low, high = strata.bounds(alpha_regress, options.alpha * 2 / 3)
    decided = word in ("pass", "regress")
    criterion = Criterion(
        name="errors",
        word=word,
        outcome="failed requests",
        baseline=counts_of_arm(observed, False, observed.failed, timed=False),
        candidate=counts_of_arm(observed, True, observed.failed, timed=False),
        ratio=strata.ratio(),
        low=low,
        high=high,
        difference=strata.difference(),
        margin=options.errors.text,
        log_e=float(track.log_e[-1]),
        since=None if look is None else moment(observed.looks.end_of(look)),
        requests=None if look is None else observed.number(observed.candidate & (observed.look <= look)),
        needed=None if decided else needed_errors(strata, options.errors, options.alpha),
        approximate=strata.dependent,
        operation=main_operation(strata, observed.operations.names) if word == "regress" else None,
        condition="error",
    )
    return replace(criterion, sentence=errors_sentence(criterion, arms)), track


def _latency(
    arms: Arms,
    observed: Observations,
    counts: LatencyCounts,
    thresholds: Thresholds,
    options: JudgeOptions,
    alpha_regress: float,
    p99: PercentileTrack | None,
) -> tuple[Criterion, Track]:
    assert options.latency is not None
    track, strongest = track_latency(counts, options.alpha, alpha_regress)
    word, look = word_at(track.regressed, track.passed, track.enough)
    at = strongest if word == "regress" else P95
    strata = slow_strata(counts, at)
    low, high = strata.bounds(alpha_regress, options.alpha)
    decided = word in ("pass", "regress")
    assert observed.duration is not None
    slow = thresholds.bucket[observed.duration] > thresholds.edges[observed.operation, at, 0]
    busiest = int(observed.tally(observed.operation, 1).argmax())
    criterion = Criterion(
        name="latency",
        word=word,
        outcome=f"requests slower than the earlier p{QUANTILES[at] * 100:g} of their operation",
        baseline=_with_interval(counts_of_arm(observed, False, slow), p99, 0),
        candidate=_with_interval(counts_of_arm(observed, True, slow), p99, 1),
        ratio=strata.ratio(),
        low=low,
        high=high,
        difference=strata.difference(),
        margin=latency_margin(options),
        log_e=float(track.log_e[-1]),
        since=None if look is None else moment(observed.looks.end_of(look)),
        requests=None if look is None else observed.number(observed.candidate & (observed.look <= look)),
        needed=None if decided else needed_latency(counts, options.alpha),
        approximate=strata.dependent,
        operation=main_operation(strata, observed.operations.names) if word == "regress" else None,
        condition=f"duration_ms > {thresholds.milliseconds(busiest, at):.6g}",
    )
    return replace(criterion, sentence=latency_sentence(criterion, arms, QUANTILES[at])), track


def _with_interval(counts: ArmCounts, p99: PercentileTrack | None, arm: int) -> ArmCounts:
    if p99 is None:
        return counts
    return replace(counts, p99_low=float(p99.low[arm, -1]), p99_high=float(p99.high[arm, -1]))


def latency_margin(options: JudgeOptions) -> str:
    """Return by how much the latency may rise, and what is a regression, as counted in whole buckets."""
    margin = rise_counted(options.latency or 0.0, up=False)
    least = rise_counted(options.least_slowdown, up=True)
    return f"+{100 * margin:.3g}%, regress from +{100 * least:.3g}%"


def traffic_criterion(traffic: Traffic, n_a: int, n_b: int, split: float | None) -> Criterion:
    """Return the criterion of the traffic, with the observations of the baseline and of the candidate."""
    return Criterion(
        name="traffic",
        word=traffic.word,
        outcome="requests answered",
        baseline=ArmCounts(n_a, n_a, 1 - traffic.share),
        candidate=ArmCounts(n_b, n_b, traffic.share),
        ratio=math.nan,
        low=math.nan,
        high=math.nan,
        difference=math.nan,
        margin="" if split is None else f"{formatting.share(split)} declared",
        log_e=0.0,
        since=traffic.since,
        sentence=traffic.sentence,
    )


def _pods(observed: Observations, criteria: list[Criterion], thresholds: Thresholds | None) -> list[PodShare]:
    """Return the candidate's pods with their share of the excess of the worst criterion."""
    bad = [one for one in criteria if one.word == "regress"]
    hit = None
    if any(one.name == "errors" for one in bad):
        hit = Hit()
    elif bad and thresholds is not None and observed.duration is not None:
        hit = Hit(thresholds.edges[:, P95, 0], thresholds.bucket)
    return pods_of(observed, hit)


def _is_broken(criteria: list[Criterion]) -> bool:
    return any(one.name == "errors" and one.baseline.rate > BROKEN for one in criteria)


def _too_few(arms: Arms, n_b: int) -> str:
    if not n_b:
        return (
            f"{arms.name} has no request while {arms.baseline.label} ran in the judged time; a verdict needs "
            f"{FEWEST} of each."
        )
    return f"{arms.baseline.label} has no request while {arms.name} ran; a verdict needs {FEWEST} of each."


def _series(
    looks: Looks,
    tracks: dict[str, tuple[Track, Strata]],
    criteria: list[Criterion],
    alpha: float,
    p99: PercentileTrack | None,
) -> Series:
    def rate(x: npt.NDArray[np.float64], n: npt.NDArray[np.float64]) -> list[float | None]:
        return [float(a / b) if b else None for a, b in zip(x.sum(axis=1), n.sum(axis=1), strict=True)]

    return Series(
        time=[moment(looks.start + k * looks.length) for k in range(looks.count)],
        rates={name: (rate(s.x_a, s.n_a), rate(s.x_b, s.n_b)) for name, (_, s) in tracks.items()},
        evidence={name: (track.log_e / math.log(1 / alpha)).tolist() for name, (track, _) in tracks.items()},
        since=[(one.since, f"{one.name}: {one.word}") for one in criteria if one.since is not None],
        p99=p99,
    )
