"""Rows of a bit set, chosen without numbering all of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from obskit.explain.bit_rows import every
from obskit.explain.weights import pack


@given(
    rows=st.integers(0, 3_000),
    share=st.sampled_from([0.0, 0.01, 0.5, 0.99, 1.0]),
    step=st.sampled_from([1, 2, 63, 64, 65, 100, 500, 5_000]),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_so_many_rows_are_those_of_all_numbers(rows: int, share: float, step: int, seed: int) -> None:
    mask = np.random.default_rng(seed).random(rows) < share
    assert np.array_equal(every(pack([mask]), step), np.flatnonzero(mask)[::step])
