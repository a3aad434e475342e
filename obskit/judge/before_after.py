"""Judge a switch from one version to another: the time after it, the time before, and earlier weeks.

Nothing ran at the same time, so anything else that changed is in the numbers. The change of each rate at the
switch is compared with its changes in the same hours of earlier weeks in which nothing was deployed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from obskit.dataset import NO_TIME
from obskit.display import formatting
from obskit.engine import moment
from obskit.judge.arms import Arms, Bools, NotJudged, rows_of, values_of
from obskit.judge.concurrent import BROKEN, latency_margin, traffic_criterion
from obskit.judge.criterion import ArmCounts, Criterion
from obskit.judge.file_masks import FileMasks
from obskit.judge.latency import FLOOR, MARGIN, PASSED_AT
from obskit.judge.latency_counts import QUANTILES, Thresholds, count_latency, thresholds_for
from obskit.judge.looks import Looks
from obskit.judge.missing import check_values
from obskit.judge.observations import Observations, observe
from obskit.judge.options import JudgeOptions
from obskit.judge.outcome_counts import counts_of_arm, error_strata, thresholds_of
from obskit.judge.setting import also_deployed
from obskit.judge.slice_tests import SliceFinding
from obskit.judge.strata import Strata
from obskit.judge.traffic import FEWEST_EXPECTED, Traffic, gone
from obskit.judge.uncovered import find_uncovered
from obskit.judge.words import FEWEST, Word, combine
from obskit.stats.deployments import Change, change_noise, compare_with_weeks, log_change

WEEK = timedelta(days=7) // timedelta(microseconds=1)
LONGEST = timedelta(days=1) // timedelta(microseconds=1)
MOST_WEEKS, FEWEST_WEEKS = 8, 3
# Without a request for so long, or for a quarter of the time since the switch, the candidate is gone.
SILENT = timedelta(minutes=10) // timedelta(microseconds=1)
# Without reference weeks only a rise this large, with so many errors, is a regression.
OBVIOUS_RATIO, OBVIOUS_ERRORS = 3.0, 20


@dataclass(frozen=True, eq=False)
class JudgedSwitch:
    """What was judged of a switch.

    Attributes:
        observed: the observations before and after it.
        thresholds: the thresholds of slow requests; None if the latency was not judged.
        criteria: the criteria.
        weeks: the number of reference weeks.
        at: the time of the switch in µs.
        length: the time before and after it in µs.
        also: what else was deployed in this time.
        notes: what a reader must know.
    """

    observed: Observations
    thresholds: Thresholds | None
    criteria: tuple[Criterion, ...]
    weeks: int
    at: int
    length: int
    also: tuple[str, ...]
    notes: tuple[str, ...]
    slices: tuple[SliceFinding, ...] = ()  # without requests at the same time, no slices are looked at

    @property
    def word(self) -> Word:
        """The word of all criteria; what else was deployed may hide a rise, so that nothing passes then."""
        word = combine([one.word for one in self.criteria])
        return "inconclusive" if word == "pass" and self.also else word

    def hidden(self) -> list[str]:
        """Return the sentence on what else was deployed, if that is why it does not pass."""
        if not self.also or any(one.word != "pass" for one in self.criteria):
            return []
        more = len(self.also) - 1
        others = f" and {more:,} more" if more else ""
        return [f"Nothing got worse, but {self.also[0]}{others} was deployed in this time, too."]


def is_switch(arms: Arms) -> bool:
    """Return whether the arms hardly ran at the same time: the candidate replaced the baseline.

    The baseline may have come back since then, when the candidate was taken back.
    """
    first, until = arms.candidate_times
    before, last = arms.baseline_times
    dataset = arms.scope.dataset
    mine, other = (FileMasks.of(dataset, arm.masks) for arm in (arms.candidate, arms.baseline))
    ours, later = mine.count(None, last + 1), mine.count(last + 1)
    theirs, earlier = other.count(first), other.count(None, first)
    during = other.count(first, until + 1)
    if before >= first or earlier < FEWEST:
        return False
    if until < last:
        return during < FEWEST <= ours
    return last < arms.complete_until and min(ours, theirs) < FEWEST and later > ours


def judge_switch(arms: Arms, options: JudgeOptions) -> JudgedSwitch:
    """Judge the time after the switch against the time before it.

    Args:
        arms: the arms.
        options: the options.

    Returns:
        The criteria; the level of each is alpha divided by the number of criteria.

    Raises:
        NotJudged: there is no time before or after the switch.
    """
    at, _ = arms.candidate_times
    end = arms.complete_until
    start, _ = arms.baseline_times
    if options.during is not None:
        at = max(at, options.during.start if options.during.start is not None else at)
        end = min(end, options.during.end if options.during.end is not None else end)
    last, replaced = _last_request(arms, end)
    # Of a candidate that was replaced, only the time until then is judged.
    length = min((last + 1 if replaced else end) - at, at - start, LONGEST)
    if length <= 0:
        raise NotJudged("no_data", f"{arms.name} has no complete time yet, or no time before it.")
    observed = _observe_switch(arms, at, length, options, (arms.candidate.masks, arms.baseline.masks))
    n_b = int(observed.candidate.sum())
    n_a = len(observed) - n_b
    if min(n_a, n_b) < FEWEST:
        label, n = (arms.name, n_b) if n_b < n_a else (arms.baseline.label, n_a)
        raise NotJudged(
            "no_data", f"{label} has {n:,} requests around the switch; a verdict needs {FEWEST} of each."
        )
    more = check_values(arms, observed)
    weeks = _reference_weeks(arms, at, length, options)
    thresholds = None
    if options.latency is not None and observed.duration is not None and observed.duration.any():
        thresholds = thresholds_of(arms, observed, options)
        # The requests before the switch are one of the two sides, so they all count.
        thresholds = replace(thresholds, first=thresholds.first * 0)
    judged = [options.errors is not None and observed.failed is not None, thresholds is not None]
    if not any(judged):
        raise NotJudged("error", "These requests have neither errors nor durations to judge.")
    alpha = options.alpha / sum(judged)
    criteria = []
    if judged[0]:
        criteria.append(_errors(arms, options, observed, weeks, alpha, length))
    if thresholds is not None:
        criteria.append(_latency(arms, options, observed, weeks, alpha, length, thresholds))
    rate = next((one.baseline.rate for one in criteria if one.name == "errors"), math.nan)
    uncovered = find_uncovered(arms, observed, thresholds, options.errors, rate)
    criteria = uncovered.withhold(criteria)
    traffic = Traffic("pass", "", n_b / (n_a + n_b))
    expected = observed.counted[0] / length * (end - last)
    silent = end - last >= min(SILENT, (end - at) / 4)
    if silent and not replaced and expected >= FEWEST_EXPECTED:
        traffic = gone(arms.name, moment(last), expected, 0, n_b / (n_a + n_b))
    criteria.append(traffic_criterion(traffic, n_a, n_b, None))
    also = tuple(also_deployed(arms, at - length, at + length))
    notes = (*_notes(weeks, also), *more, *uncovered.notes)
    return JudgedSwitch(observed, thresholds, tuple(criteria), len(weeks), at, length, also, notes)


def _last_request(arms: Arms, end: int) -> tuple[int, bool]:
    """Return when the candidate's last request before `end` was, and whether others took over since."""
    times = arms.scope.dataset.codes.times()
    ours = [time[mask & (time < end)] for time, mask in zip(times, arms.candidate.masks, strict=True)]
    last = max((int(time.max()) for time in ours if len(time)), default=end)
    both = zip(_successors(arms), times, strict=True)
    since = sum(int((mask & (time > last) & (time < end)).sum()) for mask, time in both)
    return last, since >= FEWEST


def _successors(arms: Arms) -> list[Bools]:
    """Return the rows that can have replaced the candidate's, one mask per file.

    They are of a service that the candidate has, and have another value of `by`, or are the baseline's where
    the arms are conditions. The requests of other services do not show that anything took over.
    """
    scope, mine = arms.scope, arms.candidate.masks
    if arms.by is None:
        out = [other & ~own for other, own in zip(arms.baseline.masks, mine, strict=True)]
    else:
        by = scope.codes(arms.by)
        rows = enumerate(zip(rows_of(scope), mine, strict=True))
        out = [mask & ~own & (by.codes(file) > 0) for file, (mask, own) in rows]
    if "service.name" not in scope.schema.names:
        return out
    services = scope.codes("service.name")
    has = np.zeros(services.size, np.bool_)
    for file, own in enumerate(mine):
        has[services.codes(file)[own]] = True
    return [mask & has[services.codes(file)] for file, mask in enumerate(out)]


def _observe_switch(
    arms: Arms, at: int, length: int, options: JudgeOptions, masks: tuple[Sequence[Bools], Sequence[Bools]]
) -> Observations:
    """Return the observations around a moment: after it as the candidate, and before it as the baseline."""
    times = arms.scope.dataset.codes.times()
    after = [m & (t >= at) & (t < at + length) for m, t in zip(masks[0], times, strict=True)]
    before = [m & (t < at) & (t >= at - length) for m, t in zip(masks[1], times, strict=True)]
    around = replace(
        arms,
        candidate=replace(arms.candidate, masks=after),
        baseline=replace(arms.baseline, masks=before),
    )
    # One look over both sides: they are strata of operations only.
    return observe(around, Looks(at - length, 2 * length, 1), options.cluster)


def _reference_weeks(arms: Arms, at: int, length: int, options: JudgeOptions) -> list[Observations]:
    """Return the observations around the same moment of earlier weeks in which no version began."""
    kept = rows_of(arms.scope)
    times = arms.scope.dataset.codes.times()
    oldest = min((int(t[m].min()) for t, m in zip(times, kept, strict=True) if m.any()), default=NO_TIME)
    begun = (
        [] if arms.by is None else [first for _, first, _ in values_of(arms.scope, arms.by, kept).values()]
    )
    out = []
    for week in range(1, MOST_WEEKS + 1):
        then = at - week * WEEK
        if then - length < oldest:
            break
        if any(then - length <= first < then + length and first > oldest for first in begun):
            continue
        observed = _observe_switch(arms, then, length, options, (kept, kept))
        n_b = int(observed.candidate.sum())
        if min(n_b, len(observed) - n_b) >= FEWEST:
            out.append(observed)
    return out


def _change(strata: Strata) -> float:
    n_a, x_a, n_b, x_b = (float(v[-1]) for v in strata.totals())
    return log_change(x_a, max(n_a, 1.0), x_b, max(n_b, 1.0))


def _judge_change(
    strata: Strata, weeks: Sequence[float], ratio: float, alpha: float, alpha_regress: float
) -> tuple[Word, Change, Change]:
    """Return the word, and the change with the bounds for a regression and for a pass."""
    change, x_a, x_b = _change(strata), float(strata.x_a.sum()), float(strata.x_b.sum())
    if len(weeks) < FEWEST_WEEKS:
        obvious = change > math.log(OBVIOUS_RATIO) and x_b > OBVIOUS_ERRORS
        unknown = Change(math.exp(change), 0.0, math.inf, len(weeks))
        return ("regress" if obvious else "inconclusive"), unknown, unknown
    noise = change_noise(x_a, x_b)
    worse = compare_with_weeks(change, weeks, alpha_regress, noise)
    within = compare_with_weeks(change, weeks, alpha, noise)
    if worse.low > 1 and worse.ratio > ratio:
        return "regress", worse, within
    return ("pass" if within.high < ratio else "inconclusive"), worse, within


def _errors(
    arms: Arms,
    options: JudgeOptions,
    observed: Observations,
    weeks: list[Observations],
    alpha_regress: float,
    length: int,
) -> Criterion:
    assert options.errors is not None
    assert observed.failed is not None
    strata = error_strata(observed)
    usual = [_change(error_strata(week)) for week in weeks]
    word, worse, within = _judge_change(strata, usual, options.errors.ratio, options.alpha, alpha_regress)
    ours, theirs = (counts_of_arm(observed, arm, observed.failed, timed=False) for arm in (True, False))
    if not ours.x and not theirs.x:
        worse = replace(worse, ratio=math.nan)
    if word == "regress" and ours.rate - theirs.rate <= options.errors.difference:
        word = "inconclusive"
    if word == "pass" and theirs.rate > BROKEN:
        word = "inconclusive"
    rates = (
        f"{arms.name} fails on {formatting.share(ours.rate)} of {ours.n:,} requests in the "
        f"{_span(length)} after the switch, {arms.baseline.label} on {formatting.share(theirs.rate)} of "
        f"{theirs.n:,} before it"
    )
    sentence = f"{rates}; {_beyond(worse, within, len(weeks))}"
    texts = ("errors", "failed requests", options.errors.text, "error", sentence)
    return _criterion(texts, word, theirs, ours, worse, within)


def _latency(
    arms: Arms,
    options: JudgeOptions,
    observed: Observations,
    weeks: list[Observations],
    alpha_regress: float,
    length: int,
    thresholds: Thresholds,
) -> Criterion:
    counts = count_latency(observed, thresholds)
    references = [count_latency(week, thresholds_for(week, observed, thresholds)) for week in weeks]
    words: list[Word] = []
    shown: list[tuple[Change, Change]] = []
    for q in PASSED_AT:
        at = QUANTILES.index(q)
        usual = [_change(week.strata(at, 0)) for week in references]
        worse_word, worse, _ = _judge_change(
            counts.strata(at, FLOOR), usual, 1.0, options.alpha, alpha_regress / len(PASSED_AT)
        )
        within_word, _, within = _judge_change(
            counts.strata(at, MARGIN), usual, 1.0, options.alpha, alpha_regress
        )
        words.append(worse_word if worse_word == "regress" else within_word)
        shown.append((worse, within))
    # Worse at one percentile is a regression; a pass needs all of them.
    word: Word = "regress" if "regress" in words else min(words, key=("inconclusive", "pass").index)
    worse, within = shown[-1]
    edges = thresholds.edges[observed.operation, QUANTILES.index(PASSED_AT[-1]), 0]
    assert observed.duration is not None
    slow = thresholds.bucket[observed.duration] > edges
    ours, theirs = (counts_of_arm(observed, arm, slow) for arm in (True, False))
    speeds = (
        f"its p95 is {formatting.duration(ours.percentiles['p95'])}, and was "
        f"{formatting.duration(theirs.percentiles['p95'])} before"
    )
    outcome = "requests slower than the earlier p95 of their operation"
    condition = f"duration_ms > {thresholds.milliseconds(0, QUANTILES.index(0.95)):.6g}"
    sentence = f"{arms.name}: {speeds} ({_span(length)} each)."
    texts = ("latency", outcome, latency_margin(options), condition, sentence)
    return _criterion(texts, word, theirs, ours, worse, within)


def _criterion(
    texts: tuple[str, str, str, str, str],
    word: Word,
    theirs: ArmCounts,
    ours: ArmCounts,
    worse: Change,
    within: Change,
) -> Criterion:
    """Return a criterion.

    Args:
        texts: its name, outcome, margin, condition and sentence.
        word: its word.
        theirs: what was counted of the baseline.
        ours: what was counted of the candidate.
        worse: the change with the bound for a regression.
        within: the change with the bound for a pass.
    """
    name, outcome, margin, condition, sentence = texts
    return Criterion(
        name=name,
        word=word,
        outcome=outcome,
        baseline=theirs,
        candidate=ours,
        ratio=worse.ratio,
        low=worse.low,
        high=within.high,
        difference=ours.rate - theirs.rate,
        margin=margin,
        log_e=0.0,
        approximate=True,
        condition=condition,
        sentence=sentence,
    )


def _beyond(worse: Change, within: Change, weeks: int) -> str:
    if math.isnan(worse.ratio):
        return "there is no error to compare."
    if weeks < FEWEST_WEEKS:
        return (
            f"{formatting.ratio(worse.ratio)} as often, but there are only {weeks} earlier weeks without a "
            f"deployment to compare with; {FEWEST_WEEKS} are needed."
        )
    low, high = formatting.ratio(worse.low)[:-1], formatting.ratio(within.high)
    return f"{formatting.ratio(worse.ratio)} as often [{low}, {high}] beyond what {weeks} earlier weeks show."


def _span(micros: int) -> str:
    return formatting.duration(micros / 1000)


def _notes(weeks: list[Observations], also: Sequence[str]) -> list[str]:
    notes = [
        "before and after only: anything else that changed at the same time is in these numbers",
        f"{len(weeks)} earlier weeks in which nothing was deployed are compared with",
        "the intervals hold for one look; keep a part of the traffic on the old version to judge at any time",
    ]
    if also:
        notes.append(f"warning: also deployed in this time: {', '.join(also)}")
    return notes
