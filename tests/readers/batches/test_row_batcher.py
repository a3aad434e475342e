"""Rows as dicts become batches with exact types."""

import json

import pyarrow as pa
import pytest

from obskit.errors import LimitExceeded
from obskit.readers.batches import row_batcher
from obskit.readers.batches.row_batcher import BATCH_TYPES, RowBatcher, TooDeep, attribute_name, flat, typed
from obskit.schema import MIXED


def batch(*rows, **options):
    batcher = RowBatcher(**options)
    for row in rows:
        batcher.add(row)
    return batcher.take()


def test_int_and_float_become_float_and_other_mixtures_text():
    got = batch({"a": 1, "b": "x"}, {"a": 2.5, "b": 7})
    assert got.to_pydict() == {"a": [1.0, 2.5], "b": ["x", "7"]}
    assert json.loads(got.schema.field("b").metadata[MIXED]) == {"int": 1}


def test_an_integer_of_more_than_64_bits_makes_its_column_text():
    array, mixed = typed([1, 2**64, None])
    assert array.to_pylist() == ["1", "18446744073709551616", None]
    assert mixed == {"int": 2}


def test_a_missing_field_is_null_and_a_new_batch_starts_empty():
    batcher = RowBatcher()
    for row in ({"a": 1}, {}, {"b": "x"}):
        batcher.add(row)
    assert batcher.take().to_pydict() == {"a": [1, None, None], "b": [None, None, "x"]}
    batcher.add({"c": True})
    assert batcher.take().to_pydict() == {"c": [True]}


def test_rows_without_fields_are_still_rows():
    assert batch({}, {}).num_rows == 2


def test_columns_with_a_fixed_type_keep_it():
    got = batch({"timestamp": 1_000_000}, {"timestamp": None}, types=BATCH_TYPES)
    assert got.schema.field("timestamp").type == pa.timestamp("us", "UTC")


def test_a_batch_is_full_by_cells_and_by_bytes(monkeypatch):
    monkeypatch.setattr(row_batcher, "CELLS", 4)
    batcher = RowBatcher()
    batcher.add({"a": 1, "b": 1})
    assert not batcher.full
    batcher.add({"a": 1, "b": 1})
    assert batcher.full
    batcher.take()
    batcher.add({"a": 1}, row_batcher.BYTES)
    assert batcher.full


def test_too_many_names_over_several_batches_are_an_error():
    batcher = RowBatcher()
    batcher.add({f"a{n}": 1 for n in range(15_000)})
    batcher.take()
    with pytest.raises(LimitExceeded, match="more than 20,000 distinct field names"):
        batcher.add({f"b{n}": 1 for n in range(15_000)})


def test_nested_objects_are_flattened_and_the_shallower_of_two_names_wins():
    assert flat({"a": {"b": 1, "c": {"d": 2}}, "a.b": 3}) == {"a.b": 3, "a.c.d": 2}
    row = {"a": 1}
    assert flat(row) is row


@pytest.mark.parametrize("kind", ["object", "list"])
def test_rows_nested_too_deeply_are_refused(kind):
    value = 1
    for _ in range(65):
        value = {"k": value} if kind == "object" else [value]
    with pytest.raises(TooDeep):
        flat({"a": value})


def test_attributes_named_like_columns_are_renamed():
    assert [attribute_name(key) for key in ("http.route", "kind", "links", "")] == [
        "http.route",
        "attributes.kind",
        "attributes.links",
        "(unnamed)",
    ]


def test_objects_become_json_text():
    got = batch({"a": {"b": [1]}}, {"a": {}})
    assert got.to_pydict() == {"a": ['{"b":[1]}', "{}"]}
    assert json.loads(got.schema.field("a").metadata[MIXED]) == {"object": 2}
