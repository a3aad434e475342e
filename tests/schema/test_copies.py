"""Copies are counted as a comparison of whole rows, one by one, would count them."""

from collections import Counter

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from obskit.schema import TIMESTAMP
from obskit.schema.copies import Copies

SCHEMA = pa.schema(
    [
        ("timestamp", TIMESTAMP),
        ("duration_ms", pa.float64()),
        ("span_id", pa.string()),
        ("name", pa.string()),
        ("error", pa.bool_()),
        ("nothing", pa.null()),
        ("items", pa.list_(pa.int64())),
        ("point", pa.struct([("x", pa.int64())])),
    ]
)
FEW = {
    "timestamp": st.sampled_from([0, 1, None]),
    "duration_ms": st.sampled_from([0.5, float("nan"), None]),
    "span_id": st.sampled_from(["a", None]),
    "name": st.sampled_from(["a", "", None]),
    "error": st.sampled_from([True, False]),
    "nothing": st.none(),
    "items": st.sampled_from([[1], [], None]),
    "point": st.sampled_from([{"x": 1}, {"x": None}, None]),
}


def copies(rows, schema=SCHEMA):
    """Return the copies among rows that are one batch."""
    batch = pa.RecordBatch.from_pylist(rows, schema)
    found = Copies()
    found.add(batch, has_times=True)
    return found.rows


@given(st.lists(st.fixed_dictionaries(FEW), min_size=2, max_size=60))
def test_as_if_compared_row_by_row(rows):
    timed = any(row["timestamp"] is not None or row["duration_ms"] is not None for row in rows)
    expected = (
        sum(count - 1 for count in Counter(repr([row[name] for name in FEW]) for row in rows).values())
        if timed
        else 0
    )
    assert copies(rows) == expected


def test_every_copy_of_a_large_batch_counts():
    rows = [{"timestamp": n // 4, "name": f"n{n // 2}"} for n in range(40_000)]
    assert copies(rows, SCHEMA.empty_table().select(["timestamp", "name"]).schema) == 20_000
