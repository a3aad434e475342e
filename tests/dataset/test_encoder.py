"""The codes of a column decode to the same column, for any values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.dataset import RARE, encode
from obskit.dataset.encoder import MOST_INTEGERS
from obskit.stats import buckets

INTS = st.integers(-(2**63), 2**63 - 1)
SMALL = st.integers(-5, 5)


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def decoded(array: pa.Array | pa.ChunkedArray) -> list[Any]:
    made = encode(array)
    entries = [None, *made.values.to_pylist()]
    return [entries[code] for code in made.codes]


@given(st.lists(st.none() | SMALL | INTS))
def test_integers_decode_to_themselves_and_ascend(values: list[int | None]) -> None:
    made = encode(pa.array(values, pa.int64()))
    assert decoded(pa.array(values, pa.int64())) == values
    assert made.values.to_pylist() == sorted({v for v in values if v is not None})
    assert (made.kind, made.rare_code) == ("value", None)


@given(st.lists(st.none() | st.booleans()))
def test_booleans_decode_to_themselves(values: list[bool | None]) -> None:
    assert decoded(pa.array(values, pa.bool_())) == values


@given(st.lists(st.none() | st.text(max_size=2) | st.sampled_from(["a", "b", ""]), max_size=60))
def test_strings_decode_to_themselves_or_to_rare(values: list[str | None]) -> None:
    assert decoded(pa.array(values, pa.string())) == values, "a short dictionary is kept whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("obskit.dataset.encoder.RARE_ENTRIES", 0)
        _check_rare(values)


def _check_rare(values: list[str | None]) -> None:
    made = encode(pa.array(values, pa.string()))
    present = [v for v in values if v is not None]
    nearly_unique = len(set(present)) > len(present) / 2
    for value, seen in zip(values, decoded(pa.array(values, pa.string())), strict=True):
        rare = nearly_unique and value is not None and present.count(value) < 5
        assert seen == (RARE if rare else value)
    assert (made.rare_code is not None) == (nearly_unique and any(present.count(v) < 5 for v in present))
    assert len(set(made.codes) - {0}) == len(made.values), "every entry has a row"


@given(st.lists(st.none() | st.floats() | st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan, -1.0])))
def test_floats_are_between_the_limits_of_their_bucket(values: list[float | None]) -> None:
    made = encode(pa.array(values, pa.float64()))
    assert made.kind == "numeric"
    assert made.lo is not None
    assert made.hi is not None
    assert made.bucket is not None
    assert (np.diff(made.bucket) > 0).all()
    held: dict[int, list[float]] = {}
    for value, code in zip(values, made.codes, strict=True):
        assert (value is None) == (code == 0)
        if value is not None:
            held.setdefault(int(code), []).append(value)
            assert made.bucket[code - 1] == buckets.buckets(np.array([value]))[0]
    assert len(held) == len(made.bucket)
    for code, inside in held.items():
        low, high = (math.nan, math.nan) if math.isnan(inside[0]) else (min(inside), max(inside))
        assert same(made.lo[code - 1], low)
        assert same(made.hi[code - 1], high)


def test_null_nan_zero_empty_and_infinities_have_codes_of_their_own() -> None:
    made = encode(pa.array([None, math.nan, 0.0, -0.0, math.inf, -math.inf, -3.0, 3.0]))
    assert made.codes.tolist() == [0, 1, 4, 4, 6, 2, 3, 5]
    made = encode(pa.array([None, "", "NaN", None, ""] * 5))
    assert made.codes.tolist()[:5] == [0, 1, 2, 0, 1]


def test_large_and_small_columns_are_encoded_alike() -> None:
    values = np.concatenate([np.random.default_rng(1).lognormal(0, 3, 50_000), [0.0, np.nan, -2.0, np.inf]])
    whole, piece = encode(pa.array(values)), encode(pa.array(values[-10_000:]))
    assert whole.bucket is not None
    assert piece.bucket is not None
    assert (whole.bucket[whole.codes[-10_000:] - 1] == piece.bucket[piece.codes - 1]).all()


def test_integers_beyond_the_limit_become_buckets() -> None:
    exact = encode(pa.array(np.arange(MOST_INTEGERS) * 7))
    dense = encode(pa.array(np.arange(MOST_INTEGERS + 1)))
    wide = encode(pa.array(np.arange(MOST_INTEGERS + 1) * 1_000_003))
    assert [exact.kind, dense.kind, wide.kind] == ["value", "numeric", "numeric"]
    assert exact.codes.dtype == np.uint32
    assert dense.hi is not None
    assert dense.hi[-1] == MOST_INTEGERS


@pytest.mark.parametrize(("distinct", "dtype"), [(255, np.uint8), (256, np.uint16), (65_535, np.uint16)])
def test_codes_are_as_narrow_as_they_can_be(distinct: int, dtype: type) -> None:
    assert encode(pa.array(list(range(distinct)))).codes.dtype == dtype
    assert encode(pa.array([str(i) for i in range(distinct)] * 2)).codes.dtype == dtype


@pytest.mark.parametrize(
    "array",
    [
        pa.array([[1], None, []]),
        pa.array([{"a": 1}, None, {"a": None}]),
        pa.array([0, None, 5], pa.timestamp("us", "UTC")),
        pa.array([b"x", None, b""]),
    ],
)
def test_nested_binary_and_time_columns_become_flags(array: pa.Array) -> None:
    made = encode(array)
    assert (made.kind, made.codes.tolist(), made.values.to_pylist()) == ("flag", [1, 0, 1], [True])


def test_chunks_slices_dictionaries_and_odd_types_make_no_difference() -> None:
    plain = pa.array(["a", None, "b", "a", ""] * 3)
    chunked = pa.chunked_array([plain[:4], plain[4:5], plain[5:]])
    odd = pa.DictionaryArray.from_arrays(
        pa.array([0, None, 1, 0, 3] * 3, pa.uint8()), ["a", "b", "never used", "", None]
    )
    parts = [plain[3:].dictionary_encode(), odd[:3].dictionary_decode().dictionary_encode()]
    for array in (plain, chunked, chunked.dictionary_encode(), odd, plain.cast(pa.large_string())):
        assert decoded(array) == plain.to_pylist()
        assert len(encode(array).values) == 3
    joined = pa.chunked_array([part.cast(parts[0].type) for part in parts])
    assert decoded(joined) == plain.to_pylist()[3:] + plain.to_pylist()[:3]
    assert decoded(pa.array([1, None, 3, 1], pa.int32())[1:]) == [None, 3, 1]
    assert encode(pa.array([1.5, None], pa.float32())[1:]).codes.tolist() == [0]
    assert encode(pa.nulls(3)).codes.tolist() == [0, 0, 0]
    assert encode(pa.chunked_array([], pa.string())).codes.tolist() == []


@given(st.lists(st.none() | st.integers(-3, 3) | INTS, max_size=60))
def test_distinct_values_are_counted_exactly(values: list[int | None]) -> None:
    exact = len({value for value in values if value is not None})
    texts = pa.array([None if value is None else str(value) for value in values], pa.string())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("obskit.dataset.encoder.RARE_ENTRIES", 0)
        patch.setattr("obskit.dataset.encoder.MOST_INTEGERS", 5)
        assert encode(pa.array(values, pa.int64())).distinct == exact, "bucketed or not"
        assert encode(texts).distinct == exact, "rare or not"
    assert encode(pa.array([0.5, 1.5])).distinct is None
    assert encode(pa.array([["a"]])).distinct is None
