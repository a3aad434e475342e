"""Judge whether a deployment's regression is over after a later moment: for the whole, and for each slice."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from obskit.display import formatting
from obskit.display.result import plain
from obskit.engine import microseconds
from obskit.judge.arms import Arms, rows_of
from obskit.judge.before_after import JudgedSwitch
from obskit.judge.concurrent import Judged
from obskit.judge.latency_counts import QUANTILES, Thresholds, thresholds_for
from obskit.judge.looks import Looks
from obskit.judge.observations import Observations, observe
from obskit.judge.options import JudgeOptions
from obskit.judge.outcome_counts import outcome_strata
from obskit.judge.words import FEWEST

Bools = npt.NDArray[np.bool_]
Recovered = Literal["recovered", "not recovered", "too few requests"]
WHOLE = "all requests"
MOST_SLICES = 20
SLOW = QUANTILES.index(0.95)


@dataclass(frozen=True)
class Recovery:
    """What became of one regression.

    Attributes:
        what: "all requests", or the slice as a condition.
        outcome: "errors" or "latency".
        word: "recovered", "not recovered" or "too few requests" to say.
        before: share with the outcome in the baseline, before.
        during: share with the outcome in the candidate.
        after: share with the outcome in all requests after the moment.
        requests: requests after the moment.
        since: the moment.
        sentence: the same in words.
    """

    what: str
    outcome: str
    word: Recovered
    before: float
    during: float
    after: float
    requests: int
    since: datetime
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return the recovery as values that JSON can hold."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}


def judge_recovery(arms: Arms, options: JudgeOptions, judged: Judged | JudgedSwitch) -> tuple[Recovery, ...]:
    """Judge whether what got worse is over after a moment, whichever version answers then.

    The requests after it are compared with those of the baseline before it, and with the candidate's. It is
    over if they fail less than the candidate's did, and are neither shown nor estimated to be beyond the
    margin of the baseline.

    Args:
        arms: the arms.
        options: the options, with `after`.
        judged: what was judged of the time before.

    Returns:
        One recovery for each criterion and each slice that got worse.
    """
    assert options.after is not None
    at, start, end = microseconds(options.after), judged.observed.looks.start, arms.complete_until
    times = arms.scope.dataset.codes.times()
    kept = rows_of(arms.scope)
    after = [mask & (time >= at) for mask, time in zip(kept, times, strict=True)]
    looks = Looks(start, max(end - start, 1), 1)
    pairs = []
    for arm in (arms.baseline, arms.candidate):
        before = [mask & (time < at) for mask, time in zip(arm.masks, times, strict=True)]
        pair = replace(
            arms, candidate=replace(arms.candidate, masks=after), baseline=replace(arm, masks=before)
        )
        pairs.append(observe(pair, looks, options.cluster))
    asked: list[tuple[str, str, dict[str, str | None]]] = [
        (WHOLE, one.name, {}) for one in judged.criteria if one.name != "traffic" and one.word == "regress"
    ]
    asked += [(one.condition, one.outcome, one.values) for one in judged.slices[:MOST_SLICES]]
    return tuple(
        _recovery(what, outcome, values, pairs, options, judged, options.after)
        for what, outcome, values in asked
    )


def _recovery(
    what: str,
    outcome: str,
    values: dict[str, str | None],
    pairs: list[Observations],
    options: JudgeOptions,
    judged: Judged | JudgedSwitch,
    since: datetime,
) -> Recovery:
    """Compare the requests after the moment with the baseline, and with the candidate."""
    counts, strata = [], []
    for observed in pairs:
        hit, kept = _hits(observed, outcome, judged), _within(observed, values)
        strata.append(outcome_strata(observed, hit, kept))
        counts.append([_rate(observed, hit, kept & (observed.candidate == arm)) for arm in (False, True)])
    (before, after), (during, _) = counts
    n = int((pairs[0].candidate & _within(pairs[0], values)).sum())
    level = math.log(1 / options.alpha)
    worse = float(strata[0].log_e(up=True)[-1]) >= level
    better = float(strata[1].log_e(up=False)[-1]) >= level
    ratio, rise = (options.errors.ratio, options.errors.difference) if options.errors else (1.5, 0.001)
    beyond = after - before > rise and after > ratio * before
    word: Recovered = "too few requests"
    if n >= FEWEST and worse and beyond:
        word = "not recovered"
    elif n >= FEWEST and better and not worse and not beyond:
        word = "recovered"
    verb = "failed" if outcome == "errors" else "were slow"
    sentence = (
        f"{word} since {formatting.time(since)}: {formatting.share(after)} of {n:,} requests {verb}, "
        f"{formatting.share(during)} of the candidate's before, {formatting.share(before)} of the baseline's "
        f"({formatting.shorten(what, 200)})"
    )
    return Recovery(what, outcome, word, before, during, after, n, since, sentence)


def _hits(observed: Observations, outcome: str, judged: Judged | JudgedSwitch) -> Bools:
    if outcome == "errors":
        assert observed.failed is not None
        return observed.failed
    assert judged.thresholds is not None
    assert observed.duration is not None
    found: Thresholds = thresholds_for(observed, judged.observed, judged.thresholds)
    slow = found.bucket[observed.duration] > found.edges[observed.operation, SLOW, 0]
    return np.asarray(slow & (found.first[observed.operation] == 0), np.bool_)


def _within(observed: Observations, values: dict[str, str | None]) -> Bools:
    """Return the observations of a slice."""
    kept = np.ones(len(observed), np.bool_)
    for field, value in values.items():
        number, codes = observed.codes(field)
        wanted = [at for at, known in enumerate(codes.values.to_pylist(), 1) if str(known) == value]
        kept &= np.isin(number, wanted)
    return kept


def _rate(observed: Observations, hit: Bools, kept: Bools) -> float:
    """Return the weighted share with the outcome; NaN without observations."""
    weight = observed.weight if observed.weight is not None else np.ones(len(observed))
    total = float(weight[kept].sum())
    return float(weight[kept & hit].sum()) / total if total else math.nan


def describe(found: tuple[Recovery, ...]) -> str:
    """Return recoveries in one sentence; "" without any.

    Args:
        found: the recoveries.

    Returns:
        A sentence that says what is over and what is not.
    """
    if not found:
        return ""
    since = formatting.time(found[0].since)
    bad = list(dict.fromkeys(one.what for one in found if one.word == "not recovered"))
    if bad:
        return f"Not recovered since {since}: {', '.join(formatting.shorten(one, 100) for one in bad[:3])}."
    unsure = sum(one.word == "too few requests" for one in found)
    if unsure:
        return f"Since {since} there are too few requests to say whether it has recovered."
    return f"Recovered since {since}."
