"""Rows by group, compared with a stable sort."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from obskit.stats.counting_sort import rows_by_group


@given(st.lists(st.integers(0, 6), max_size=40))
def test_rows_are_those_of_a_stable_sort(groups: list[int]) -> None:
    group = np.array(groups, np.int64)
    rows, begins = rows_by_group(group, 8)
    assert rows.tolist() == np.argsort(group, kind="stable").tolist()
    assert begins.tolist() == np.searchsorted(np.sort(group), np.arange(9)).tolist()
    assert rows.dtype == begins.dtype == np.int32
