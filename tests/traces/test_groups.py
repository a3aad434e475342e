"""Quantiles, numbers and counts of groups, compared with plain programs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.traces import groups
from obskit.traces.groups import distinct, number_values, quantiles, sorted_values, sums

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1e9) | st.just(math.nan)), max_size=60)


def expected(pairs: list[tuple[int, float]], group: int, share: float) -> float:
    values = sorted(value for at, value in pairs if at == group and not math.isnan(value))
    return values[max(0, math.ceil(share * len(values)) - 1)] if values else math.nan


@pytest.mark.parametrize("large", [0, 1_000])
@given(pairs=PAIRS)
def test_quantiles_are_the_nearest_ranks(pairs: list[tuple[int, float]], large: int) -> None:
    """Large groups are partitioned, small ones sorted."""
    group = np.array([at for at, _ in pairs], np.int64)
    value = np.array([value for _, value in pairs], np.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "_LARGE_GROUP", large)
        found = quantiles(group, value, 6, (0.0, 0.5, 0.99, 1.0))
    for share, values in zip((0.0, 0.5, 0.99, 1.0), found, strict=True):
        np.testing.assert_array_equal(values, [expected(pairs, at, share) for at in range(6)])
    np.testing.assert_array_equal(value, [value for _, value in pairs])  # what was given is as it was


@given(values=st.lists(st.integers(0, 50)), limit=st.sampled_from([51, 10**9]))
def test_values_are_numbered_in_order(values: list[int], limit: int) -> None:
    value = np.array(values, np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "_FEW_GROUPS", 60)
        kinds, number = number_values(value, limit)
    assert kinds.tolist() == sorted(set(values))
    assert kinds[number].tolist() == values if values else not len(number)


@given(values=st.lists(st.integers(-3, 9)))
def test_sorted_values_are_distinct(values: list[int]) -> None:
    assert sorted_values(np.array(values, np.int64)).tolist() == sorted(set(values))


@given(pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6))))
def test_distinct_values_of_groups(pairs: list[tuple[int, int]]) -> None:
    group, value = (np.array([pair[at] for pair in pairs], np.int64) for at in range(2))
    wanted = [len({b for a, b in pairs if a == at}) for at in range(6)]
    assert distinct(group, value, 6).tolist() == wanted


@given(pairs=PAIRS)
def test_a_sum_is_of_the_known_values_and_unknown_without_one(pairs: list[tuple[int, float]]) -> None:
    found = sums(np.array([at for at, _ in pairs], np.int64), np.array([x for _, x in pairs], np.float64), 6)
    for group in range(6):
        values = [value for at, value in pairs if at == group]
        known = [value for value in values if not math.isnan(value)]
        assert found[group] == pytest.approx(sum(known) if known or not values else math.nan, nan_ok=True)
