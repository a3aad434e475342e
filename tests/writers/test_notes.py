"""Notes of what was written: one sentence per kind of loss."""

from __future__ import annotations

import pyarrow as pa

from obskit.writers import WriteNotes


def test_a_note_names_the_first_fields_and_counts_rows() -> None:
    notes = WriteNotes()
    for number in range(7):
        notes.field("written as text: {fields}", f"f{number}")
    notes.field("written as text: {fields}", "f0")
    notes.count("ids are attributes")
    notes.count("ids are attributes", 1_999)
    notes.count("never", 0)
    notes.note("two documents")
    assert notes.lines() == (
        "written as text: f0, f1, f2, f3, f4 and 2 more",
        "ids are attributes: 2,000 rows",
        "two documents",
    )


def test_a_field_is_empty_if_no_batch_has_a_value() -> None:
    notes = WriteNotes()
    schema = pa.schema([("a", pa.int64()), ("b", pa.int64())])
    for a, b in (([None], [None]), ([None, 1], [None, None])):
        notes.count_batch(pa.RecordBatch.from_pydict({"a": a, "b": b}, schema))
    assert notes.rows == 3
    assert notes.empty() == ["b"]
