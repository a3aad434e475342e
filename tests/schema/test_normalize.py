"""Raw batches become events: names, types and columns."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from obskit.schema import MIXED, NAMED, LoadReport, Normalizer, cast
from tests.schema.samples import events, one


def test_events_always_have_a_timestamp_and_an_error_column():
    rows, report, schema = events({"a": 1})
    assert rows == [{"timestamp": None, "error": False, "a": 1}]
    assert report.untimed == 1
    assert report.rows_read == 1
    assert schema.field("timestamp").type.equals(pa.timestamp("us", "UTC"))


def test_columns_of_obskit_come_first_then_others_by_name():
    _, _, schema = events({"b": 1, "span_id": "1", "a": 1, "name": "x", "timestamp": 5})
    assert schema.names == ["timestamp", "name", "span_id", "error", "a", "b"]


def test_known_types_are_parsed_and_failures_are_counted():
    rows, report, _ = events({"http.response.status_code": "500"}, {"http.response.status_code": "many"})
    assert [row["http.response.status_code"] for row in rows] == [500, None]
    assert [row["error"] for row in rows] == [True, False]
    assert report.unparsed == {"http.response.status_code": 1}
    assert report.retyped == {"http.response.status_code": ("string", "int", 1)}


def test_old_names_become_current_and_the_current_one_wins():
    rows, report, _ = events(
        {"http.status_code": 404, "http.response.status_code": 200},
        {"http.status_code": 503, "http.response.status_code": None},
    )
    assert [row["http.response.status_code"] for row in rows] == [200, 503]
    assert "http.status_code" not in rows[0]
    assert report.renamed == {"http.status_code": ("http.response.status_code", 1)}
    assert report.overridden == {"http.status_code": 1}


def test_renamed_rows_are_counted_even_if_they_do_not_parse():
    rows, report, _ = events(
        {"http.status_code": "200", "name": "a"}, {"http.status_code": "many"}, {"name": "b"}
    )
    assert [row["http.response.status_code"] for row in rows] == [200, None, None]
    assert report.lines() == [
        "3 rows read, 0 rejected",
        "renamed http.status_code to http.response.status_code in 2 rows",
        "converted http.response.status_code from string to int in 1 row",
        "could not parse http.response.status_code in 1 row: set to null",
        "3 rows without a timestamp",
    ]


@pytest.mark.parametrize("alias", ["time", "ts", "@timestamp"])
def test_aliases_of_the_timestamp(alias):
    rows, report, _ = events({alias: "2026-05-04T10:00:00Z"})
    assert rows == [{"timestamp": datetime(2026, 5, 4, 10, tzinfo=UTC), "error": False}]
    assert report.renamed == {alias: ("timestamp", 1)}


def test_the_column_wins_over_its_alias_and_other_values_stay():
    rows, report, _ = events(
        {"timestamp": 1_700_000_000, "time": "lunch", "ts": 5},
        {"timestamp": None, "time": None, "ts": 1_700_000_006},
    )
    assert [row["timestamp"].timestamp() for row in rows] == [1_700_000_000, 1_700_000_006]
    assert [(row["time"], row["ts"]) for row in rows] == [("lunch", 5), (None, None)]
    assert report.unparsed == {}
    assert report.renamed == {"ts": ("timestamp", 1)}


@pytest.mark.parametrize(
    ("name", "value", "ms"),
    [
        ("duration_us", 1500, 1.5),
        ("durationNano", 1_500_000, 1.5),
        ("duration_s", 0.5, 500.0),
        ("duration_ms", "7", 7.0),
    ],
)
def test_a_duration_with_a_unit_in_its_name_is_converted(name, value, ms):
    assert one({name: value})["duration_ms"] == ms


def test_a_duration_without_a_unit_stays():
    assert one({"duration": 5}) == {"timestamp": None, "error": False, "duration": 5}


def test_an_error_message_is_kept():
    rows, report, _ = events({"error": "connection refused"}, {"error": "true"})
    assert [(row["error"], row["attributes.error"]) for row in rows] == [
        (False, "connection refused"),
        (True, None),
    ]
    assert report.renamed == {"error": ("attributes.error", 1)}


def test_an_http_status_in_status_code_moves_to_its_column():
    rows, _, _ = events({"status_code": "503"}, {"status_code": "OK"}, {"status_code": "weird"})
    assert [row["status_code"] for row in rows] == [None, "OK", None]
    assert [row["http.response.status_code"] for row in rows] == [503, None, None]
    assert [row["attributes.status_code"] for row in rows] == [None, None, "weird"]
    assert [row["error"] for row in rows] == [True, False, False]


def test_names_that_differ_only_in_case_are_numbered():
    rows, report, schema = events({"Region": 1, "region": 2, "Name": 3, "name": "x", "region~2": 4})
    assert schema.names == ["timestamp", "name", "error", "Name~2", "Region", "region~2", "region~2~2"]
    assert (rows[0]["Region"], rows[0]["region~2"], rows[0]["Name~2"]) == (1, 2, 3)
    assert "region differs from another field only in case: it is called region~2" in report.notes


def test_names_keep_their_place_over_batches():
    normalizer = Normalizer(LoadReport())
    normalizer.batch(pa.RecordBatch.from_pydict({"A": [1]}))
    assert normalizer.batch(pa.RecordBatch.from_pydict({"a": [2], "A": [3]})).column("a~2").to_pylist() == [2]


def test_types_are_unified_over_batches():
    report = LoadReport()
    normalizer = Normalizer(report)
    columns = [[1, 2], [1.5, None], [True, False], ["x", "y"], [[1], None]]
    batches = [normalizer.batch(pa.RecordBatch.from_pydict({"v": column})) for column in columns]
    values = [cast(batch, normalizer.schema).column("v").to_pylist() for batch in batches]
    assert values == [["1", "2"], ["1.5", None], ["true", "false"], ["x", "y"], ["[1]", None]]
    assert report.retyped == {"v": ("bool, float, int, list of int, string", "string", 6)}


def test_int_and_float_become_float_without_a_note():
    report = LoadReport()
    normalizer = Normalizer(report)
    first = normalizer.batch(pa.RecordBatch.from_pydict({"v": [1]}))
    second = normalizer.batch(pa.RecordBatch.from_pydict({"v": [1.5]}))
    assert [cast(b, normalizer.schema).column("v").to_pylist() for b in (first, second)] == [[1.0], [1.5]]
    assert report.retyped == {}


def test_values_that_a_reader_turned_to_text_are_counted_by_type():
    field = pa.field("v", pa.string(), metadata={MIXED: b'{"int":2}'})
    report = LoadReport()
    Normalizer(report).batch(
        pa.RecordBatch.from_arrays([pa.array(["1", "2", "x"])], schema=pa.schema([field]))
    )
    assert report.retyped == {"v": ("int, string", "string", 2)}


def test_a_field_of_nulls_is_text():
    _, _, schema = events({"a": None, "l": []})
    assert schema.field("a").type.equals(pa.string())
    assert schema.field("l").type.equals(pa.list_(pa.string()))


def test_attributes_are_not_aliases_if_the_reader_names_columns():
    row = one({"ts": 5, "duration_us": 7, "http.method": "GET"}, metadata=NAMED)
    assert row == {"timestamp": None, "error": False, "ts": 5, "duration_us": 7, "http.request.method": "GET"}


def test_normalizing_twice_changes_nothing():
    rows, _, _ = events(
        {"time": 5, "http.status_code": "500", "error": "boom", "Name": "x", "trace_state": "ot=th:c"}
    )
    assert events(*rows)[0] == rows


def test_timestamps_of_broken_clocks_are_kept_and_noted():
    rows, report, _ = events({"time": "1601-01-01T00:00:00Z"}, {"time": "9999-12-31T23:59:59Z"})
    assert [row["timestamp"].year for row in rows] == [1601, 9999]
    assert report.notes == [
        "some timestamps are before 1970 or after 2100: a clock was not set, or is broken"
    ]
    assert events({"time": "2026-01-01"})[1].notes == []


def test_an_empty_batch_stays_empty():
    report = LoadReport()
    normalizer = Normalizer(report)
    columns = {
        "time": pa.array([], pa.string()),
        "status_code": pa.array([], pa.int64()),
        "m": pa.array([], pa.map_(pa.string(), pa.string())),
    }
    assert normalizer.batch(pa.RecordBatch.from_pydict(columns)).num_rows == 0
    assert report.rows_read == 0
