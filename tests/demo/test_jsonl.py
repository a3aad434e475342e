"""JSON lines contain the values of the columns."""

from __future__ import annotations

import json

import pyarrow as pa

from obskit.demo.jsonl import json_lines
from obskit.demo.stream import batches


def test_json_lines_have_the_values_of_the_columns() -> None:
    [batch] = batches(300, 4)
    for text, row in zip(json_lines(batch).to_pylist(), batch.to_pylist(), strict=True):
        said = json.loads(text)
        assert None not in said.values()
        known = {name: value for name, value in row.items() if value is not None and name != "error"}
        known["timestamp"] = known["timestamp"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert said == known


def test_json_lines_escape_special_characters() -> None:
    batch = pa.record_batch({"a": ['quote " and \\ and \n', None], "b": [None, 1.5]})
    assert [json.loads(text) for text in json_lines(batch).to_pylist()] == [
        {"a": 'quote " and \\ and \n'},
        {"b": 1.5},
    ]
