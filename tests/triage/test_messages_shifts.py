"""Which values are new, more frequent or gone: planted changes are found, bursts are not changes."""

from __future__ import annotations

import numpy as np
import pytest

from obskit.triage.messages_shifts import TimeGrid, find_shifts
from tests.triage.log_days import HOURS, bursts

pytestmark = pytest.mark.once

CELLS = 48


def grid(*rows: list[float], moments: list[int] | None = None, rest: float = 1_000.0) -> TimeGrid:
    """A grid of rows of values, next to `rest` events of other values in each stretch."""
    counts = np.array(rows, float)
    at = [counts.shape[1] // 2] if moments is None else moments
    return TimeGrid(counts, counts.sum(0) + rest, np.ones(len(counts)), at, [False] * len(at))


def changes(*rows: list[float], **options) -> list[str]:
    found = {shift.row: shift.change for shift in find_shifts(grid(*rows, **options))[0]}
    return [found.get(row, "") for row in range(len(rows))]


def test_new_more_gone_and_the_same():
    """
    0 0 0 0 | 9 9 9 9     new
    9 9 9 9 | 30 30 30    more
    9 9 9 9 | 0 0 0 0     gone
    30 30 30 | 9 9 9 9    less: not reported
    9 9 9 9 | 9 9 9 9
    """
    half = CELLS // 2
    rows = [[0] * half + [9] * half, [9] * half + [30] * half, [9] * half + [0] * half,
            [30] * half + [9] * half, [9] * CELLS]  # fmt: skip
    assert changes(*rows) == ["new", "more", "gone", "", ""]


def test_one_burst_is_not_a_change():
    """All lines of a value are in one stretch after the moment: one observation, whatever it says."""
    burst = [0] * 30 + [500] + [0] * 17
    assert changes(burst) == [""]
    assert changes(burst[::-1]) == [""]
    assert changes([0] * 24 + [20] * 24) == ["new"]


def test_a_value_is_new_only_if_enough_of_it_was_seen():
    assert changes([0] * 24 + [1] * 4 + [0] * 20) == [""]
    assert changes([0] * 24 + [1] * 24) == ["new"]


def test_a_new_value_is_found_by_where_its_few_events_are():
    """
    rest  3 3 3 3 | 3 3 3 3     of few lines in all, no share is known well
    value 0 0 0 0 | 1 0 1 0     but of ten, by chance, some would have been before
    """
    assert changes([0] * 24 + [1, 0] * 10 + [0] * 4, rest=3.0) == ["new"]
    assert changes([0] * 24 + [1, 0] * 6 + [0] * 12, rest=3.0) == [""]
    assert changes([1, 0] * 10 + [0] * 28, rest=3.0) == ["gone"]


def test_lines_that_fall_anywhere_are_hardly_ever_new_or_gone():
    """1,000 grids of 20 rare values and 6 moments: about 1 in 100 may raise an alarm."""
    rng = np.random.default_rng(5)
    moments = [8, 14, 20, 28, 34, 40]
    alarms = sum(
        bool(find_shifts(grid(*rng.poisson(0.5, (20, CELLS)), moments=moments, rest=40.0))[0])
        for _ in range(1_000)
    )
    assert alarms <= 20


def test_the_moment_with_the_most_evidence_is_named():
    row = [0] * 32 + [9] * 16
    found, _ = find_shifts(grid(row, moments=[16, 24, 32, 40]))
    assert [(shift.change, shift.at) for shift in found] == [("new", 2)]


def test_what_is_new_in_steps_is_new_if_only_that_is_asked_for():
    """A few since the 12th stretch, many since the 24th, the moment with more evidence."""
    steps = grid([0] * 12 + [9] * 12 + [90] * 24, moments=[12, 24])
    ((more,), _), ((new,), _) = find_shifts(steps), find_shifts(steps, ("new", "gone"))
    assert (more.change, more.at, new.change, new.at) == ("more", 1, "new", 0)
    assert (new.before, new.after) == (0, 9 * 12 + 90 * 24)


def test_a_shift_that_is_given_has_the_same_numbers_as_one_that_is_found():
    """
    0 0 0 | 9 9 9     new
    9 9 9 | 0 0 0     gone
    """
    both = grid([0] * 24 + [9] * 24, [9] * 24 + [0] * 24)
    for shift in find_shifts(both)[0]:
        assert both.shift(shift.row, shift.at, shift.change) == shift
    few = grid([0] * 47 + [1]).shift(0, 0, "new")
    assert (few.before, few.after, few.excess) == (0, 1, 1)


def test_a_deployment_with_nearly_as_much_evidence_is_named():
    row = [0] * 31 + [1] + [9] * 16
    whole = grid(row, moments=[31, 32])
    assert [shift.at for shift in find_shifts(whole)[0]] == [1]
    preferred = TimeGrid(whole.counts, whole.whole, whole.unit, whole.moments, [True, False])
    assert [shift.at for shift in find_shifts(preferred)[0]] == [0]


def test_a_moment_with_too_little_time_on_a_side_is_not_used():
    assert find_shifts(grid([9] * 3 + [0] * 45, moments=[3])) == ([], 0)
    assert find_shifts(grid([0] * 45 + [9] * 3, moments=[45])) == ([], 0)


def test_sampled_events_are_fewer_observations():
    """24 rows that represent 100 events each are 24 observations, not 2,400."""
    row = [0] * 24 + [100] * 3 + [0] * 21
    whole = grid(row, rest=100_000)
    assert (
        find_shifts(TimeGrid(whole.counts, whole.whole, np.array([100.0]), whole.moments, [False]))[0] == []
    )


def test_the_numbers_of_a_shift():
    (shift,) = find_shifts(grid([0] * 24 + [10] * 24, rest=90.0))[0]
    assert (shift.before, shift.after, shift.share_before, shift.share_after) == (
        0,
        240,
        0,
        pytest.approx(0.1),
    )
    assert shift.excess == 240
    (gone,) = find_shifts(grid([10] * 24 + [0] * 24, rest=90.0))[0]
    assert gone.excess == pytest.approx(0.1 * 24 * 90)


def simulated(seed: int, burst: int, *, chosen: bool) -> int:
    """The number of alarms where nothing changes."""
    which, hours = bursts(seed, burst)
    edges = (
        np.concatenate([np.linspace(0, 16, 25)[:-1], np.linspace(16, HOURS + 1, 25)])
        if chosen
        else np.linspace(0, HOURS + 0.01, 97)
    )
    cell = np.searchsorted(edges, hours, side="right") - 1
    counts = np.zeros((which.max() + 1, len(edges) - 1))
    np.add.at(counts, (which, cell), 1.0)
    moments = [24] if chosen else list(range(4, 96, 4))
    return len(
        find_shifts(TimeGrid(counts, counts.sum(0), np.ones(len(counts)), moments, [False] * len(moments)))[0]
    )


@pytest.mark.parametrize("chosen", [True, False])
@pytest.mark.parametrize("burst", [1, 20, 200])
def test_bursts_raise_no_alarm(burst, chosen):
    """40 days without a change; `python -m benchmarks --only messages` runs more and larger ones."""
    assert sum(simulated(seed, burst, chosen=chosen) > 0 for seed in range(40)) == 0
