"""Types: unified, converted, named."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.schema import EVENTS_TYPE, TIMESTAMP, cast, unify
from obskit.schema.types import convert, plain, to_text, word

KINDS = [
    pa.null(),
    pa.bool_(),
    pa.int64(),
    pa.float64(),
    pa.string(),
    TIMESTAMP,
    pa.list_(pa.int64()),
    pa.list_(pa.string()),
    EVENTS_TYPE,
]


@pytest.mark.parametrize("left", KINDS)
@pytest.mark.parametrize("right", KINDS)
def test_unify_is_symmetric_and_convert_follows_it(left, right):
    kind = unify(left, right)
    assert kind.equals(unify(right, left))
    assert unify(kind, left).equals(kind)
    assert len(convert(pa.nulls(2, left), kind)) == 2


def test_unify():
    assert unify(pa.int64(), pa.float64()).equals(pa.float64())
    assert unify(pa.bool_(), pa.int64()).equals(pa.string())
    assert unify(pa.null(), TIMESTAMP).equals(TIMESTAMP)
    assert unify(pa.list_(pa.null()), pa.list_(pa.string())).equals(pa.list_(pa.string()))
    assert unify(pa.list_(pa.int64()), pa.int64()).equals(pa.string())


def test_names_of_types():
    assert [word(kind) for kind in KINDS] == [
        "null",
        "bool",
        "int",
        "float",
        "string",
        "timestamp",
        "list of int",
        "list of string",
        "list of struct",
    ]


@given(st.lists(st.one_of(st.none(), st.integers(-(2**53) + 1, 2**53 - 1)), min_size=1))
def test_an_integer_has_the_same_text_as_a_float(values):
    assert (
        to_text(pa.array(values, pa.float64())).to_pylist()
        == to_text(pa.array(values, pa.int64())).to_pylist()
    )


def test_text_of_times_and_lists():
    moments = pa.array([datetime(2026, 5, 4, 10, tzinfo=UTC), None], TIMESTAMP)
    assert to_text(moments).to_pylist() == ["2026-05-04T10:00:00.000000Z", None]
    assert to_text(pa.array([["a", None], None])).to_pylist() == ['["a",null]', None]


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (pa.array([1, None], pa.uint8()), [1, None]),
        (pa.array([2**64 - 1, 2**63], pa.uint64()), ["18446744073709551615", "9223372036854775808"]),
        (pa.array([1.5], pa.float32()), [1.5]),
        (pa.array([Decimal("1.50")]), [1.5]),
        (pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
        (pa.array(["a"], pa.large_string()), ["a"]),
        (pa.array([b"abc", b"\xff\x00"]), ["abc", "ff00"]),
        (pa.array([date(2026, 5, 4)]), [datetime(2026, 5, 4, tzinfo=UTC)]),
        (pa.array([datetime(2026, 5, 4)], pa.timestamp("ns")), [datetime(2026, 5, 4, tzinfo=UTC)]),
        (pa.array([2**62, 5], pa.timestamp("s")), [None, datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)]),
        (pa.array([1500], pa.duration("us")), [1.5]),
        (pa.array([[1, 2], None, []], pa.large_list(pa.int32())), [[1, 2], None, []]),
        (pa.array([[{"a": 1}], None]), [['{"a":1}'], None]),
        (pa.array([[[1], [2]]]), [["[1]", "[2]"]]),
    ],
)
def test_plain(array, values):
    got = plain(array)
    got.validate(full=True)
    assert got.to_pylist() == values
    assert plain(array[1:]).to_pylist() == values[1:]


def test_cast_adds_nulls_widens_and_converts_to_text():
    schema = pa.schema(
        [("a", pa.string()), ("b", pa.float64()), ("c", pa.int64()), ("d", pa.list_(pa.string()))]
    )
    batch = pa.RecordBatch.from_pydict({"d": [[1], None], "b": [1, None], "a": [True, False]})
    out = cast(batch, schema)
    assert out.schema.equals(schema)
    assert out.to_pylist() == [
        {"a": "true", "b": 1.0, "c": None, "d": ["1"]},
        {"a": "false", "b": None, "c": None, "d": None},
    ]
    table = pa.Table.from_batches([batch, batch])
    assert cast(table, schema).to_pylist() == out.to_pylist() * 2
    assert cast(batch.slice(1), schema).to_pylist() == out.to_pylist()[1:]
