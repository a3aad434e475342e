from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.display.trace.path import span_times


def times(*spans):
    """(start, duration, parent) per span."""
    start, duration, parent = zip(*spans, strict=True)
    return span_times(np.array(start, float), np.array(duration, float), np.array(parent))


def test_segments_of_children_and_the_gaps_between_them():
    """root  |---------|  0-100
    a         |--|        10-40
    b              |--|   60-90
    """
    found = times((0, 100, -1), (10, 30, 0), (60, 30, 0))
    assert found.own.tolist() == [40, 30, 30]
    assert found.critical.tolist() == [40, 30, 30]
    assert found.segments == ((0, 0, 10), (0, 40, 60), (0, 90, 100), (1, 10, 40), (2, 60, 90))


def test_what_ran_next_to_something_longer_is_not_on_the_path():
    found = times((0, 100, -1), (0, 100, 0), (20, 30, 0))
    assert [segment[0] for segment in found.segments] == [1]
    assert found.critical.tolist() == [0, 100, 0]


def test_unknown_times_are_unknown_and_the_others_are_not():
    found = times((0, 100, -1), (np.nan, 30, 0), (10, np.nan, 0), (20, 10, 2))
    assert np.isnan(found.own).tolist() == [False, True, True, False]
    assert found.own[0] == 100


@given(
    st.lists(
        st.tuples(st.floats(-1e15, 1e15), st.floats(0, 1e15), st.integers(0, 5)), min_size=1, max_size=20
    )
)
def test_segments_add_up_to_the_roots_and_to_the_time_of_each_span(rows):
    parents = [-1 if n == 0 else min(parent, n - 1) for n, (_, _, parent) in enumerate(rows)]
    found = times(
        *[(start, length, parent) for (start, length, _), parent in zip(rows, parents, strict=True)]
    )
    per_span = np.zeros(len(rows))
    for span, low, high in found.segments:
        assert high > low
        per_span[span] += high - low
    assert per_span == pytest.approx(found.critical, rel=1e-6, abs=1e-3)
