"""Judge the traffic: does the candidate answer requests at all, and is the split the declared one?

A candidate that crashes before it writes an event has a perfect error rate, so missing requests are never a
pass: neither those of all operations, nor those of one that it answered before. The share of requests is not
tested: connections and users come in bursts, and any test by request raises false alarms. The declared split
is tested on what was assigned, such as users.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from obskit.display import formatting
from obskit.engine import moment
from obskit.judge.observations import Observations
from obskit.judge.words import FEWEST, Word
from obskit.stats.deployments import log_e_split

GONE = 0.1  # part of the expected share below which the candidate answers no requests
FEWEST_EXPECTED = 50
LOOKS_WITHOUT = 5  # in which only the baseline answers an operation
SPLIT_ALPHA = 0.01
SPLIT_FLOOR = 0.1  # relative difference of the share that matters
# Relative difference of the mean weights above which more units of one arm are missed than of the other.
SAMPLED_DIFFERENTLY = 0.01


@dataclass(frozen=True)
class Traffic:
    """What became of the traffic.

    Attributes:
        word: "pass", "no_data" if the candidate answers no requests, or "inconclusive" if it stopped
            answering an operation, or the split is not the declared one.
        sentence: what a reader must know, or "".
        share: the candidate's share of the requests, in [0, 1].
        since: when the candidate's requests ended.
        note: why the declared split was not tested, or "".
    """

    word: Word
    sentence: str
    share: float
    since: datetime | None = None
    note: str = ""


def judge_traffic(observed: Observations, name: str, split: float | None, unit: str | None) -> Traffic:
    """Judge whether the candidate gets the requests that it should.

    Args:
        observed: the observations.
        name: the candidate.
        split: the declared share of the candidate; None if it is not declared.
        unit: the field that was assigned to the arms.

    Returns:
        The judgment.
    """
    looks = observed.looks.count
    every = observed.tally(observed.look, looks).astype(np.float64)
    ours = observed.tally(observed.look, looks, observed.candidate).astype(np.float64)
    share = float(ours.sum() / every.sum()) if every.sum() else math.nan
    found = _gone_since(every, ours, None if split is None else _share_of_rows(observed, split))
    if found is not None:
        look, expected, seen = found
        if not _goes_on(observed, look, expected / every[look:].sum()):
            since = moment(observed.looks.start + look * observed.looks.length)
            return gone(name, since, expected, seen, share)
    part = _operation_gone(observed)
    if part is not None:
        operation, look, expected = part
        since = moment(observed.looks.start + look * observed.looks.length)
        what = f"{name} answers no requests of {observed.operations.names[operation]}"
        return Traffic("inconclusive", _none_came(what, since, expected, 0), share, since)
    if split is not None and unit is not None:
        if _sampled_differently(observed):
            note = "the split cannot be tested: the versions are sampled differently"
            return Traffic("pass", "", share, note=note)
        return _split(observed.as_rows(), name, split, unit, share)
    return Traffic("pass", "", share)


def _goes_on(observed: Observations, look: int, usual: float) -> bool:
    """Return whether the candidate still answers requests that are part of earlier observations.

    A long trace, or a user, is one observation at its first request, but goes on with further ones.

    Args:
        observed: the observations.
        look: the look from which on the candidate has hardly any observations.
        usual: the candidate's share of them until then.
    """
    requests = observed.requests
    since = requests.look >= look
    ours = int((since & requests.candidate).sum())
    return ours > GONE * usual * int(since.sum())


def _share_of_rows(observed: Observations, split: float) -> float:
    """Return the candidate's share of the rows at a share of the requests: the arms may be sampled."""
    if observed.weight is None:
        return split
    candidate, baseline = _mean_weights(observed)
    ours, theirs = split / candidate, (1 - split) / baseline
    return ours / (ours + theirs)


def _mean_weights(observed: Observations) -> tuple[float, float]:
    """Return the mean weight of the candidate's rows and of the baseline's."""
    arms = [observed.candidate == arm for arm in (True, False)]
    ours, theirs = (float(observed.whole_weight[arm].sum()) / observed.number(arm) for arm in arms)
    return ours, theirs


def _sampled_differently(observed: Observations) -> bool:
    """Return whether more of one arm's rows were kept: a unit with few requests is then missed there."""
    if observed.weight is None:
        return False
    ours, theirs = _mean_weights(observed)
    return abs(ours / theirs - 1) > SAMPLED_DIFFERENTLY


def gone(name: str, since: datetime, expected: float, seen: float, share: float) -> Traffic:
    """Return the judgment on a candidate that answers no requests since a moment.

    Args:
        name: the candidate.
        since: the moment.
        expected: how many requests were to be expected since then.
        seen: how many came.
        share: the candidate's share of all requests.

    Returns:
        The judgment.
    """
    return Traffic("no_data", _none_came(f"{name} answers no requests", since, expected, seen), share, since)


def _none_came(what: str, since: datetime, expected: float, seen: float) -> str:
    return f"{what} since {formatting.time(since)}: {seen:,.0f} where {expected:,.0f} were to be expected."


def _gone_since(every: np.ndarray, ours: np.ndarray, split: float | None) -> tuple[int, float, float] | None:
    """Return the first look without the candidate's requests, how many were expected, and how many came."""
    looks = len(every)
    later, mine = every[::-1].cumsum()[::-1], ours[::-1].cumsum()[::-1]
    before, mine_before = every.cumsum() - every, ours.cumsum() - ours
    for look in range(looks):
        usual = split
        if usual is None:
            if not before[look]:
                continue
            # A ramp has a higher share in its later steps.
            recent = slice(max(0, look - 5), look)
            usual = max(mine_before[look] / before[look], ours[recent].sum() / max(every[recent].sum(), 1.0))
        expected = usual * later[look]
        if expected < FEWEST_EXPECTED:
            continue
        if mine[look] <= GONE * expected and ours[look] <= GONE * usual * every[look]:
            return look, float(expected), float(mine[look])
    return None


def _operation_gone(observed: Observations) -> tuple[int, int, float] | None:
    """Return an operation that the candidate stopped answering: its number, the first look, and the expected.

    The baseline goes on to answer it, in several looks and for a quarter of the time or more. Of several, the
    one of which most were to be expected.
    """
    looks, size = observed.looks.count, len(observed.operations)
    cell = observed.operation.astype(np.int64) * looks + observed.look
    every = observed.tally(cell, size * looks).reshape(size, looks)
    ours = observed.tally(cell, size * looks, observed.candidate).reshape(size, looks)
    all_ours, all_every = ours.sum(axis=0), every.sum(axis=0)
    worst = None
    for operation in np.flatnonzero(ours.sum(axis=1) >= FEWEST):
        if not observed.operations.keys[operation]:
            continue  # several that are rare
        look = int(np.flatnonzero(ours[operation])[-1]) + 1
        if _is_kept_up(every[operation], look):
            continue
        # A later request of a trace, or of a user, is no observation, but an answer.
        requests = observed.requests
        number = observed.operations.number(requests.rows)
        answered = requests.look[requests.candidate & (number == operation)]
        look = max(look, int(answered.max(initial=0)) + 1)
        if _is_kept_up(every[operation], look):
            continue
        later = every[operation, look:]
        before = ours[operation, :look].sum() / every[operation, :look].sum()
        # A candidate that gets less of everything is expected to get less of this, too.
        usual = min(before, all_ours[look:].sum() / all_every[look:].sum())
        expected = float(usual * later.sum())
        if expected >= FEWEST_EXPECTED and (worst is None or expected > worst[2]):
            worst = int(operation), look, expected
    return worst


def _is_kept_up(every: np.ndarray, look: int) -> bool:
    """Return whether too few looks, or too few with requests, are left to say that the candidate is gone."""
    later = every[look:]
    return bool(4 * len(later) < len(every) or np.count_nonzero(later) < LOOKS_WITHOUT)


def _split(observed: Observations, name: str, split: float, unit: str, share: float) -> Traffic:
    """Test the declared split on assigned units, each in its first look."""
    number = observed.clusters(unit)
    # In order of time: the files may overlap, or not be in this order.
    known = np.argsort(observed.look, kind="stable")
    known = known[number[known] > 0]
    key = number[known] * 2 + observed.candidate[known]
    _, first = np.unique(key, return_index=True)
    at = known[first]
    looks = observed.looks.count
    ours = np.bincount(observed.look[at][observed.candidate[at]], minlength=looks).cumsum()
    every = np.bincount(observed.look[at], minlength=looks).cumsum()
    evidence = log_e_split(every - ours, ours, split)
    off = np.abs(ours / np.maximum(every, 1) / split - 1) > SPLIT_FLOOR
    found = np.flatnonzero((evidence >= math.log(1 / SPLIT_ALPHA)) & off)
    if not len(found):
        return Traffic("pass", "", share)
    look = int(found[-1])
    seen = float(ours[look] / every[look])
    sentence = (
        f"{name} has {formatting.share(seen)} of {every[look]:,} values of {unit}, but "
        f"{formatting.share(split)} were declared: requests are lost, or the split is another one."
    )
    return Traffic("inconclusive", sentence, share)
