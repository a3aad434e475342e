"""Every float has one bucket, in order, and a quantile of a histogram is within 1% of the exact one."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from obskit.stats.buckets import INFINITY, NAN, NEGATIVE_INFINITY, NULL, ZERO, buckets, middles, quantile

finite = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)


@given(st.lists(finite, min_size=2))
def test_buckets_order_as_values_do(values: list[float]) -> None:
    ordered = np.sort(np.array(values))
    assert (np.diff(buckets(ordered)) >= 0).all()


@given(finite.filter(lambda x: 1e-300 < abs(x) < 1e300))
def test_a_bucket_is_reported_within_one_percent(value: float) -> None:
    reported = middles(buckets(np.array([value])))[0]
    assert abs(reported - value) <= 0.01 * abs(value)


def test_zero_infinity_and_nan_have_buckets_of_their_own() -> None:
    values = np.array([0.0, -0.0, math.inf, -math.inf, math.nan])
    assert buckets(values).tolist() == [ZERO, ZERO, INFINITY, NEGATIVE_INFINITY, NAN]
    shown = middles(np.array([ZERO, INFINITY, NEGATIVE_INFINITY, NAN, NULL], dtype=np.int32))
    assert shown[:3].tolist() == [0.0, math.inf, -math.inf]
    assert np.isnan(shown[3:]).all()


@given(
    st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=200),
    st.sampled_from([0.0, 0.25, 0.5, 0.9, 0.99, 1.0]),
)
def test_quantiles_agree_with_the_nearest_rank(values: list[float], q: float) -> None:
    ordered = np.sort(np.array(values))
    exact = ordered[max(math.ceil(q * len(ordered) * (1 - 1e-12)) - 1, 0)]
    found = quantile(buckets(ordered), np.ones(len(ordered)), q)
    assert abs(found - exact) <= 0.0101 * exact


def test_weights_move_a_quantile_and_nothing_to_count_is_nan() -> None:
    bucket = buckets(np.array([1.0, 100.0]))
    assert quantile(bucket, np.array([99.0, 1.0]), 0.5) < 2
    assert quantile(bucket, np.array([1.0, 99.0]), 0.5) > 90
    assert math.isnan(quantile(np.array([NAN, NULL], dtype=np.int32), np.ones(2), 0.5))
