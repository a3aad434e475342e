"""Find the slices, such as one customer or one customer's client, that a deployment made worse.

The slices are looked at whenever the candidate's requests have doubled, and after the last look if no more
can follow. At the j-th time the rate of false discoveries is limited to alpha / (j (j + 1)), which sums to
alpha however often that is. If the end of the window is known beforehand, slices are looked at after an
eighth, a quarter, half and all of it, each time at alpha / 4, which finds more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from obskit.engine import moment
from obskit.judge.latency_counts import Thresholds
from obskit.judge.margins import Margin
from obskit.judge.observations import Observations
from obskit.judge.slice_counts import classes_of, layouts_of, outcomes_of
from obskit.judge.slice_source import slice_source
from obskit.judge.slice_tests import SliceFinding, SliceTest
from obskit.stats.many_slices import discoveries

FIRST_LOOK = 200  # observations of the candidate at the first look at slices
PLANNED = (1 / 8, 1 / 4, 1 / 2, 1.0)  # parts of a known window of time after which slices are looked at
MOST_FOUND = 200  # slices, those with the largest excess; if all of a version is bad, most slices are
COVERED = 0.8  # share of the excess of a slice above which a part of it is named instead


def find_slices(
    observed: Observations,
    fields: Sequence[str],
    thresholds: Thresholds | None,
    margin: Margin | None,
    alpha: float,
    *,
    ended: bool,
    planned: int | None = None,
    required: bool = False,
) -> tuple[list[SliceFinding], list[str]]:
    """Return the slices in which errors or slow requests are more frequent in the candidate.

    Args:
        observed: the observations.
        fields: the fields of the slices; slices of two fields are looked at, too.
        thresholds: the thresholds of slow requests; None if latency is not judged.
        margin: the margin of errors; None if errors are not judged.
        alpha: the rate of false discoveries over all looks.
        ended: whether no more looks will follow, so that the slices are looked at after the last.
        planned: the number of looks in a window whose end was known beforehand; None if it was not.
        required: whether a field that can have no slices is an error.

    Returns:
        The slices with the largest excess first, without those that are part of another or contain one that
        has most of their excess; and notes.

    Raises:
        InvalidArgument: a required field can have no slices.

    Cost: one count per observation and pair of fields, and one test per slice, outcome and time.
    """
    notes: list[str] = []
    if not fields or not len(observed):
        return [], notes
    outcomes = outcomes_of(observed, classes_of(observed, thresholds), thresholds, margin, notes)
    layouts = layouts_of(observed, fields, notes, required=required)
    if not layouts or not outcomes:
        return [], notes
    source = slice_source(observed, layouts, thresholds, outcomes)
    first: dict[tuple[int, tuple[int, ...]], SliceFinding] = {}
    schedule = _schedule(observed, ended, planned)
    tests: list[SliceTest] = []
    for step, look in enumerate(schedule, 1):
        tests = source.tests(look)
        p, least = (np.concatenate([getattr(test, name) for test in tests]) for name in ("p", "least"))
        chosen = discoveries(p, least, alpha / (step * (step + 1) if planned is None else len(PLANNED)))
        at = 0
        for number, test in enumerate(tests):
            for each in np.flatnonzero(chosen[at : at + len(test.p)]):
                key = number, tuple(int(codes[each]) for codes in test.codes)
                if test.matters(int(each)) and key not in first:
                    now_at = moment(observed.looks.end_of(look))
                    first[key] = test.finding(int(each), now_at, now_at)
            at += len(test.p)
    # A slice that was found stays. Its numbers are those of the last look, if its rise still matters then.
    found = []
    for (number, codes), one in first.items():
        place = tests[number].at(codes)
        if tests[number].matters(place):
            one = tests[number].finding(place, one.since, moment(observed.looks.end_of(schedule[-1])))
        found.append(one)
    if tests:
        several = {test.fields: len(test.p) for test in tests}
        times = f"{len(schedule)} time{'' if len(schedule) == 1 else 's'}"
        notes.append(f"slices of {', '.join(fields)}: {sum(several.values()):,} looked at, {times}")
    if len(found) > MOST_FOUND:
        notes.append(f"{len(found):,} slices got worse; the {MOST_FOUND} with the largest excess are listed")
        found = sorted(found, key=_rank)[:MOST_FOUND]
    return _distinct(found), notes


def _schedule(observed: Observations, ended: bool, planned: int | None) -> list[int]:
    """Return the looks after which slices are looked at."""
    looks = observed.looks.count
    if planned is not None:
        wanted_looks = {math.ceil(part * planned) - 1 for part in PLANNED}
        return sorted(look for look in wanted_looks if 0 <= look < looks)
    total = observed.tally(observed.look, looks, observed.candidate).cumsum()
    out: list[int] = []
    wanted = FIRST_LOOK
    for look, n in enumerate(total):
        if n >= wanted:
            out.append(look)
            wanted = 2 * int(n)
    if ended and looks and total[-1] and (not out or out[-1] != looks - 1):
        out.append(looks - 1)
    return out


def _rank(one: SliceFinding) -> tuple[float, str]:
    """Return what slices are ordered by; codes would depend on the division into files."""
    return -one.excess, one.condition


def _distinct(found: list[SliceFinding]) -> list[SliceFinding]:
    """Return findings without those that another one says better, the largest excess first.

    A slice of two fields replaces the slice of one of them if it has most of its excess; else it is only a
    part of it.
    """
    by_condition: dict[str, SliceFinding] = {}
    for one in sorted(found, key=_rank):
        by_condition.setdefault(one.condition, one)
    ordered = list(by_condition.values())
    dropped: set[str] = set()
    for whole in ordered:
        for part in ordered:
            if not set(whole.values.items()) < set(part.values.items()):
                continue
            covers = part.excess >= COVERED * whole.excess
            dropped.add(whole.condition if covers else part.condition)
    return [one for one in ordered if one.condition not in dropped]
