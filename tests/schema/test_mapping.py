"""The mapping of a caller: units, nulls, and what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from obskit.errors import InvalidArgument, ReadError
from obskit.schema import ReadOptions, check_sources
from tests.schema.samples import events


def test_a_mapping_has_units_and_nulls():
    mapping = {
        "timestamp": {"from": "Start", "unit": "ns"},
        "duration_ms": {"from": "Took", "unit": "us"},
        "parent_span_id": {"from": "Parent", "null": ["root"]},
        "http.method": "Verb",
    }
    rows, report, _ = events(
        {"Start": 1_700_000_000_000_000_000, "Took": 2500, "Parent": "root", "Verb": "GET", "Else": 1},
        {"Start": 5, "Took": 1, "Parent": "AB", "Verb": None, "Else": 2},
        mapping=mapping,
    )
    assert rows[0] == {
        "timestamp": datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        "duration_ms": 2.5,
        "parent_span_id": None,
        "error": False,
        "Else": 1,
        "http.request.method": "GET",
    }
    assert rows[1]["timestamp"] == datetime(1970, 1, 1, tzinfo=UTC)
    assert rows[1]["parent_span_id"] == "ab"
    assert report.renamed == {}


@pytest.mark.parametrize(
    ("mapping", "text"),
    [
        (
            {"timestamp": {"from": "t", "unit": "min"}},
            "invalid unit in the mapping for 'timestamp': 'min'\n"
            "Hint: use s, ms, us or ns, for timestamp and duration_ms only",
        ),
        (
            {"name": {"source": "t"}},
            "invalid mapping for 'name': {'source': 't'}\n"
            'Hint: give a column name, or {"from": name, "unit": "s|ms|us|ns", "null": [values], '
            '"format": "%d/%m/%Y %H:%M:%S"}',
        ),
        (
            {1: "t", "name": "u"},
            "field names in a mapping must be text, got 1\n"
            'Hint: write field -> column, such as {"duration_ms": "elapsed"}',
        ),
        (
            ["name"],
            "mapping must be a dict, got list\n"
            'Hint: write field -> column, such as {"duration_ms": "elapsed"}',
        ),
        (
            {"name": 5},
            "invalid mapping for 'name': 5\n"
            'Hint: give a column name, or {"from": name, "unit": "s|ms|us|ns", "null": [values], '
            '"format": "%d/%m/%Y %H:%M:%S"}',
        ),
    ],
)
def test_an_invalid_mapping_is_an_error(mapping, text):
    with pytest.raises(InvalidArgument) as caught:
        ReadOptions(mapping=mapping)
    assert str(caught.value) == text


def test_a_mapping_of_a_missing_column_is_an_error(tmp_path):
    with pytest.raises(ReadError) as caught:
        check_sources({"name": "OperationNam"}, ["TraceID", "OperationName"], tmp_path / "a.csv")
    assert str(caught.value) == (
        f"{tmp_path}/a.csv has no column 'OperationNam', but the mapping uses it\n"
        "Hint: its columns are OperationName, ..."
    )
