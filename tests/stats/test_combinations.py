"""Counts of combinations, against a count of tuples."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from obskit.stats.combinations import count_combinations, sum_combinations

NUMBERS = st.one_of(st.integers(0, 3), st.integers(0, 2**31 - 1))


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=50))
def test_each_combination_is_counted(rows: list[tuple[int, int, int]]) -> None:
    columns = list(np.array(rows, np.int64).reshape(-1, 3).T)
    found, counts = count_combinations(columns)
    assert dict(
        zip(zip(*map(np.ndarray.tolist, found), strict=True), counts.tolist(), strict=True)
    ) == Counter(rows)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), min_size=1, max_size=50))
def test_weights_are_added(rows: list[tuple[int, int]]) -> None:
    code, weight = np.array(rows).T
    (found,), sums = sum_combinations([code], weight)
    expected = {one: sum(w for c, w in rows if c == one) for one in set(code.tolist())}
    assert dict(zip(found.tolist(), sums.tolist(), strict=True)) == expected
