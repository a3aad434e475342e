"""Traces that links connect, over any number of others."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from obskit.dataset import connected


@given(
    st.integers(1, 40).flatmap(
        lambda size: st.tuples(st.just(size), st.lists(st.tuples(st.integers(1, size), st.integers(1, size))))
    )
)
def test_connected_traces_share_the_smallest_number(case: tuple[int, list[tuple[int, int]]]) -> None:
    size, links = case
    least = list(range(size + 1))
    for _ in range(size):
        for one, other in links:
            least[one] = least[other] = min(least[one], least[other])
    first, second = (np.array([link[at] for link in links], np.int64) for at in (0, 1))
    assert connected(first, second, size).tolist() == least


def test_a_long_chain_is_one_trace_in_any_order() -> None:
    number = np.random.default_rng(1).permutation(100_000) + 1
    found = connected(number[:-1], number[1:], 100_000)
    assert found[0] == 0
    assert (found[1:] == 1).all()
