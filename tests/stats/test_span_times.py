"""Self time and critical path against a slow definition of each, moment by moment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.stats.span_times import critical_path, cut_cycles, depths, self_times


@st.composite
def forests(draw):
    """Return up to 12 spans on a short axis, in any order, so that equal times are common."""
    rows = draw(st.integers(0, 12))
    order = draw(st.permutations(range(rows)))
    parent, start, end = (np.zeros(rows, np.int64) for _ in range(3))
    for at, row in enumerate(order):
        parent[row] = order[draw(st.integers(0, at - 1))] if at and draw(st.integers(0, 5)) else -1
        start[row] = draw(st.integers(0, 20))
        end[row] = start[row] + draw(st.integers(0, 12))
    return start, end, parent


def slow_self(start, end, parent, row):
    moments = range(start[row], end[row])
    children = [c for c in range(len(parent)) if parent[c] == row]
    return sum(not any(start[c] <= moment < end[c] for c in children) for moment in moments)


def slow_path(start, end, parent):
    """Return the time of each span on the path, by walking back from the end of every root."""
    time = np.zeros(len(parent), np.int64)

    def walk(row, low, high):
        cuts = [
            (min(max(end[c], low), high), min(max(start[c], low), high), c)
            for c in range(len(parent))
            if parent[c] == row
        ]
        cuts = sorted(cut for cut in cuts if cut[0] > cut[1])
        cursor, own = high, high - low
        while cuts:
            stop, begin, child = cuts.pop()
            if stop <= cursor:
                own -= stop - begin
                walk(child, begin, stop)
                cursor = begin
        time[row] += own

    for row in range(len(parent)):
        if parent[row] < 0:
            walk(row, start[row], end[row])
    return time


@given(forests())
def test_self_time_is_the_time_without_a_running_child(forest):
    start, end, parent = forest
    expected = [slow_self(start, end, parent, row) for row in range(len(parent))]
    assert self_times(start, end, parent).tolist() == expected


@given(forests())
def test_a_path_sums_to_the_durations_of_the_roots(forest):
    start, end, parent = forest
    path = critical_path(start, end, parent)
    assert path.time.sum() == (end - start)[parent < 0].sum()
    assert (path.time >= 0).all()
    assert (path.time[~path.on] == 0).all()


@given(forests())
def test_the_path_is_the_one_walked_back_from_the_end(forest):
    start, end, parent = forest
    ties = set(zip(parent.tolist(), start.tolist(), end.tolist(), strict=True))
    if len(ties) == len(parent):  # between equal siblings either may be taken
        assert critical_path(start, end, parent).time.tolist() == slow_path(start, end, parent).tolist()


def test_the_span_with_many_children_and_many_spans_with_a_few_give_the_same_path():
    """More parents than are walked one at a time: |--| |--| |--| under each of 100 roots."""
    start, end, parent = [], [], []
    for root in range(100):
        at = len(start)
        start += [root * 50, *(root * 50 + 10 * child for child in range(5))]
        end += [root * 50 + 50, *(root * 50 + 10 * child + 7 for child in range(5))]
        parent += [-1, *[at] * 5]
    path = critical_path(*(np.array(a, np.int64) for a in (start, end, parent)))
    assert path.on.all()
    assert path.time.reshape(100, 6).tolist() == [[15, 7, 7, 7, 7, 7]] * 100


def test_a_child_after_the_end_of_its_parent_is_off_the_path():
    start, end, parent = (np.array(a, np.int64) for a in ([0, 120, 50], [100, 150, 130], [-1, 0, 0]))
    path = critical_path(start, end, parent)
    assert path.on.tolist() == [True, False, True]
    assert path.time.tolist() == [50, 0, 50]
    assert self_times(start, end, parent).tolist() == [50, 30, 80]


def test_cycles_are_cut_and_what_hangs_below_them_is_kept():
    """0 is a root; 1 -> 2 -> 3 -> 1 is a cycle; 4 hangs below 3; 5 is its own parent."""
    parent = np.array([-1, 3, 1, 2, 3, 5], np.int64)
    assert depths(parent).tolist() == [0, -1, -1, -1, -1, -1]
    cut, cyclic = cut_cycles(parent)
    assert cyclic.tolist() == [False, True, True, True, False, True]
    assert cut.tolist() == [-1, -1, -1, -1, 3, -1]
    assert depths(cut).tolist() == [0, 0, 0, 0, 1, 0]


@pytest.mark.parametrize("years", [1, 200])
def test_durations_of_centuries_do_not_overflow(years):
    """200 years x 4 is more than 64 bits of ns hold; the unit is coarser then, by far less than 1 µs."""
    length = years * 365 * 86400 * 10**9
    start = np.array([0, 0, 0, length // 4] * 2, np.int64)
    end = np.array([length, length // 2, length // 4, length // 2] * 2, np.int64)
    parent = np.array([-1, 0, 1, 1, -1, 4, 5, 5], np.int64)
    own = self_times(start, end, parent)
    assert np.abs(own - np.array([length // 2, 0, length // 4, length // 4] * 2)).max() < 1000
    path = critical_path(start, end, parent)
    assert path.time.astype(float).sum() == pytest.approx(2.0 * length)
    assert path.on.all()


def test_many_spans_of_70_years_do_not_hide_the_times_of_the_others():
    """The unit of 2,000 such spans is longer than the 1 µs of a child: its path still ends."""
    many, length = 2000, 70 * 365 * 86400 * 10**9
    start, end = np.zeros(2 * many, np.int64), np.full(2 * many, length)
    parent = np.append(np.full(many, -1), np.arange(many))
    start[many:], end[many:] = 2**40 + 100, 2**40 + 1100
    path = critical_path(start, end, parent)
    assert path.on.all()
    assert path.time.tolist() == [length - 1000] * many + [1000] * many
    unit = 2**11  # 2,000 x 70 years in 2^61
    assert np.abs(self_times(start, end, parent)[:many] - (length - 1000)).max() <= unit


def test_a_chain_of_many_levels_is_cut_to_each_of_its_ancestors():
    """Every span begins and ends a ns after its parent, so that each is cut to the end of the root."""
    levels = 3000
    start = np.arange(levels)
    end, parent = start + levels, start - 1
    assert depths(parent).tolist() == start.tolist()
    path = critical_path(start, end, parent)
    assert path.on.all()
    assert path.time.tolist() == [1] * levels


def test_nothing_has_no_times():
    none = np.array([], np.int64)
    assert self_times(none, none, none).tolist() == []
    assert critical_path(none, none, none).time.tolist() == []
    assert depths(none).tolist() == []
