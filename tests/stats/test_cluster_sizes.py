"""A cluster that is far larger than nearly all others is cut to a size that doesn't depend on itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.stats.cluster_sizes import LEAST, most_rows


@pytest.mark.parametrize(
    ("sizes", "most"),
    [([1] * 200 + [300], 5), ([1, 300], 5), ([20] * 50, 60), ([5] * 90 + [7] * 10, 15), ([300], 900)],
)
def test_sizes(sizes: list[int], most: int) -> None:
    assert most_rows(np.array(sizes, np.int64)) == most


@given(st.lists(st.integers(1, 50), min_size=1, max_size=200), st.integers(1, 10**6))
def test_one_large_cluster_does_not_decide(sizes: list[int], large: int) -> None:
    found = most_rows(np.array([*sizes, large], np.int64))
    assert LEAST <= found <= max(LEAST, 3 * max(sizes))
