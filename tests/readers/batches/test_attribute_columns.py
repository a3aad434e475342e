"""Attributes as arrays give the same columns as attributes as dicts."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.errors import LimitExceeded
from obskit.readers.batches import attribute_columns
from obskit.readers.batches.attribute_columns import Attributes, Level, Pivot
from obskit.readers.batches.row_batcher import RowBatcher, attribute_name
from obskit.schema import LoadReport, Normalizer, cast
from tests.support.examples import examples

KEYS = st.sampled_from(["a", "b", "A", "c.d", "name", "attributes.name", "", "(unnamed)", "http.status_code"])
VALUES = st.one_of(
    st.sampled_from(["x", "", "12", "é"]),
    st.integers(-(2**63), 2**64),
    st.integers(-3, 3),
    st.floats(),
    st.booleans(),
    st.none(),
    st.lists(st.one_of(st.integers(-2, 2), st.none()), max_size=2),
    st.lists(st.one_of(st.integers(-2, 2), st.text(max_size=2), st.floats(width=16)), max_size=2),
)
PAIRS = st.lists(st.tuples(KEYS, VALUES), max_size=5)
ROW = st.tuples(PAIRS, st.integers(0, 2), st.integers(0, 1))


def arrays(groups):
    flat = [(row, key, value) for row, pairs in enumerate(groups) for key, value in pairs]
    return Attributes.of([r for r, _, _ in flat], [k for _, k, _ in flat], [v for _, _, v in flat])


def by_array(rows, scopes, resources):
    report = LoadReport()
    levels = [
        Level(arrays(resources), np.array([resource for _, _, resource in rows], np.int64)),
        Level(arrays(scopes), np.array([scope for _, scope, _ in rows], np.int64)),
    ]
    own = {"duration_ms": pa.array([float(at) for at in range(len(rows))], pa.float64())}
    batches = list(Pivot(report.file("f")).batches(own, arrays([pairs for pairs, _, _ in rows]), levels))
    return batches, report


def by_row(rows, scopes, resources, sizes):
    report = LoadReport()
    batcher, batches = RowBatcher({b"obskit.named": b"1"}), []
    for at, (pairs, scope, resource) in enumerate(rows):
        row = {}
        for level in (resources[resource], scopes[scope], pairs):
            for key, value in level:
                if value is None:
                    continue
                if attribute_name(key) in row:
                    report.override(attribute_name(key))
                row[attribute_name(key)] = value
        batcher.add({**row, "duration_ms": float(at)})
        if batcher.rows == sizes[len(batches)]:
            batches.append(batcher.take())
    return batches, report


def normal(batches, report):
    normalizer = Normalizer(report)
    done = [normalizer.batch(batch) for batch in batches]
    rows = [row for batch in done for row in cast(batch, normalizer.schema).to_pylist()]
    return normalizer.schema, repr(rows), report.to_dict()  # repr makes NaN equal to itself


@pytest.mark.parametrize("cells", [16_000_000, 4])
@settings(max_examples=examples(120), deadline=None)
@given(
    st.lists(ROW, min_size=1, max_size=5),
    st.lists(PAIRS, min_size=3, max_size=3),
    st.lists(PAIRS, min_size=2, max_size=2),
)
def test_arrays_and_dicts_give_the_same_events(cells, rows, scopes, resources):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attribute_columns, "CELLS", cells)
        batches, report = by_array(rows, scopes, resources)
    slow = by_row(rows, scopes, resources, [batch.num_rows for batch in batches])
    assert normal(batches, report) == normal(*slow)


def test_a_key_of_several_types_becomes_text():
    values = [1, 2.5, "x", True, [1, "a"], 2**64]
    own = {"duration_ms": pa.nulls(6, pa.float64())}
    (batch,) = Pivot(LoadReport().file("f")).batches(own, arrays([[("v", value)] for value in values]))
    assert batch["v"].to_pylist() == ["1", "2.5", "x", "true", '[1,"a"]', "18446744073709551616"]
    assert json.loads(batch.schema.field("v").metadata[b"obskit.mixed"]) == {
        "int": 2,
        "float": 1,
        "bool": 1,
        "list": 1,
    }


def test_a_null_key_is_an_unnamed_column():
    keys = pa.array(["a", None, "a"]).dictionary_encode()
    pairs = Attributes(np.array([0, 0, 1]), keys, (pa.array(["x", "y", "z"]),), {})
    (batch,) = Pivot(LoadReport().file("f")).batches({"duration_ms": pa.array([1.0, 2.0])}, pairs)
    assert batch.to_pylist() == [
        {"duration_ms": 1.0, "a": "x", "(unnamed)": "y"},
        {"duration_ms": 2.0, "a": "z", "(unnamed)": None},
    ]


def test_rare_fields_make_small_batches():
    """A thousand rows, each with five fields that no other row has: no batch has a cell for all of them."""
    pairs = arrays([[(f"f{row}.{at}", 1) for at in range(5)] for row in range(1000)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attribute_columns, "CELLS", 100_000)
        batches = list(
            Pivot(LoadReport().file("f")).batches({"duration_ms": pa.nulls(1000, pa.float64())}, pairs)
        )
    assert max(batch.num_rows * (batch.num_columns - 1) for batch in batches) <= 100_000
    assert [name for batch in batches for name in batch.schema.names[1:]] == [
        f"f{row}.{at}" for row in range(1000) for at in range(5)
    ]


def test_too_many_names_over_several_batches_are_an_error():
    made = Pivot(LoadReport().file("f"))
    own = {"duration_ms": pa.nulls(1, pa.float64())}
    list(made.batches(own, arrays([[(f"a{at}", 1) for at in range(15_000)]])))
    with pytest.raises(LimitExceeded, match="more than 20,000 distinct field names"):
        list(made.batches(own, arrays([[(f"b{at}", 1) for at in range(15_000)]])))
