from datetime import UTC, datetime

import orjson
import pyarrow as pa
import pytest

from obskit.errors import InvalidArgument, LimitExceeded, ReadError
from obskit.schema import MIXED, NAMED, LoadReport, Normalizer, cast, check_sources


def events(*rows, mapping=None, metadata=None, **options):
    """Normalize one batch of the rows; return (rows in the final schema, report, schema)."""
    report = LoadReport()
    normalizer = Normalizer(report, mapping=mapping, **options)
    keys = list(dict.fromkeys(key for row in rows for key in row))
    raw = pa.RecordBatch.from_pydict({key: [row.get(key) for row in rows] for key in keys})
    batch = normalizer.batch(raw.replace_schema_metadata(metadata))
    batch.validate(full=True)
    assert batch.num_rows == len(rows)
    return cast(batch, normalizer.schema).to_pylist(), report, normalizer.schema


def one(row, **options):
    return events(row, **options)[0][0]


def test_timestamp_and_error_are_always_there():
    rows, report, schema = events({"a": 1})
    assert rows == [{"timestamp": None, "error": False, "a": 1}]
    assert report.untimed == 1
    assert report.rows_read == 1
    assert schema.field("timestamp").type.equals(pa.timestamp("us", "UTC"))


def test_our_columns_come_first_then_the_rest_by_name():
    _, _, schema = events({"b": 1, "span_id": "1", "a": 1, "name": "x", "timestamp": 5})
    assert schema.names == ["timestamp", "name", "span_id", "error", "a", "b"]


def test_known_types_are_parsed_and_what_does_not_parse_is_null_and_counted():
    rows, report, _ = events({"http.response.status_code": "500"}, {"http.response.status_code": "many"})
    assert [row["http.response.status_code"] for row in rows] == [500, None]
    assert [row["error"] for row in rows] == [True, False]
    assert report.unparsed == {"http.response.status_code": 1}
    assert report.retyped == {"http.response.status_code": ("string", "int", 1)}


def test_old_names_become_todays_and_the_new_wins():
    rows, report, _ = events(
        {"http.status_code": 404, "http.response.status_code": 200},
        {"http.status_code": 503, "http.response.status_code": None},
    )
    assert [row["http.response.status_code"] for row in rows] == [200, 503]
    assert "http.status_code" not in rows[0]
    assert report.renamed == {"http.status_code": ("http.response.status_code", 1)}
    assert report.overridden == {"http.status_code": 1}


def test_a_row_is_renamed_whether_or_not_its_value_is_of_the_type():
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


def test_nested_objects_are_flat_and_the_shallower_of_equal_names_wins():
    rows, report, _ = events(
        {"a": {"b": 1, "c": {"d": "x"}}, "a.b": 2}, {"a": {"b": 3, "c": None}, "a.b": None}
    )
    assert [(row["a.b"], row["a.c.d"]) for row in rows] == [(2, "x"), (3, None)]
    assert report.overridden == {"a.b": 1}


def test_maps_become_columns():
    report = LoadReport()
    normalizer = Normalizer(report)
    maps = pa.array([[("k", 1), ("k", 2)], None, [], [("j", 3)]], pa.map_(pa.string(), pa.int64()))
    batch = normalizer.batch(pa.RecordBatch.from_pydict({"m": maps}).slice(0))
    assert batch.column("m.k").to_pylist() == [2, None, None, None]
    assert batch.column("m.j").to_pylist() == [None, None, None, 3]
    sliced = normalizer.batch(pa.RecordBatch.from_pydict({"m": maps}).slice(3))
    assert sliced.column("m.j").to_pylist() == [3]


@pytest.mark.parametrize("alias", ["time", "ts", "@timestamp"])
def test_aliases_of_the_timestamp(alias):
    rows, report, _ = events({alias: "2026-05-04T10:00:00Z"})
    assert rows == [{"timestamp": datetime(2026, 5, 4, 10, tzinfo=UTC), "error": False}]
    assert report.renamed == {alias: ("timestamp", 1)}


def test_an_alias_gives_way_to_our_name_and_keeps_what_it_does_not_give():
    rows, report, _ = events(
        {"timestamp": 1_700_000_000, "time": "lunch", "ts": 5}, {"timestamp": None, "time": None, "ts": 6}
    )
    assert [row["timestamp"].timestamp() for row in rows] == [1_700_000_000, 6]
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
def test_durations_whose_name_says_the_unit(name, value, ms):
    assert one({name: value})["duration_ms"] == ms


def test_a_bare_duration_says_no_unit_and_stays():
    assert one({"duration": 5}) == {"timestamp": None, "error": False, "duration": 5}


@pytest.mark.parametrize(
    ("row", "failed"),
    [
        ({"status_code": "ERROR"}, True),
        ({"status_code": "STATUS_CODE_ERROR"}, True),
        ({"status_code": 2}, True),
        ({"status_code": "OK"}, False),
        ({"error.type": "timeout"}, True),
        ({"error.type": ""}, False),
        ({"http.response.status_code": 500}, True),
        ({"http.response.status_code": 599}, True),
        ({"http.response.status_code": 600}, False),
        ({"http.response.status_code": 404}, False),
        ({"http.response.status_code": 408}, True),
        ({"http.response.status_code": 429}, True),
        ({"http.status_code": "502"}, True),
        ({"status_code": "OK", "http.response.status_code": 503}, True),
        ({"error": False, "http.response.status_code": 503}, False),  # said so
        ({"error": "true"}, True),
        ({}, False),
    ],
)
def test_error_rule(row, failed):
    assert one({"name": "x", **row})["error"] is failed


def test_an_error_that_is_a_message_is_kept():
    rows, report, _ = events({"error": "connection refused"}, {"error": "true"})
    assert [(row["error"], row["attributes.error"]) for row in rows] == [
        (False, "connection refused"),
        (True, None),
    ]
    assert report.renamed == {"error": ("attributes.error", 1)}


def test_a_status_code_of_http_goes_where_it_belongs():
    rows, _, _ = events({"status_code": "503"}, {"status_code": "OK"}, {"status_code": "weird"})
    assert [row["status_code"] for row in rows] == [None, "OK", None]
    assert [row["http.response.status_code"] for row in rows] == [503, None, None]
    assert [row["attributes.status_code"] for row in rows] == [None, None, "weird"]
    assert [row["error"] for row in rows] == [True, False, False]


@pytest.mark.parametrize(
    ("row", "weight"),
    [
        ({"sample_weight": 5}, 5.0),
        ({"SampleRate": "20"}, 20.0),
        ({"samplerate": 8}, 8.0),
        ({"trace_state": "ot=th:0"}, 1.0),
        ({"trace_state": "ot=th:c"}, 4.0),
        ({"tracestate": "vendor=1,ot=rv:abc;th:8"}, 2.0),
        ({"trace_state": "ot=th:fd70a3d70a3d71"}, 2**56 / (2**56 - 0xFD70A3D70A3D71)),
        ({"trace_state": "ot=th:c", "sample_weight": 3}, 3.0),
        ({"trace_state": "ot=p:8"}, None),
        ({"trace_state": "other=th:c"}, None),
        ({"trace_state": "ot=th:zz"}, None),
        ({"sample_weight": 0}, None),
        ({"sample_weight": float("nan")}, None),
        ({"sample_weight": float("inf")}, None),
        ({"sample_weight": 1e300}, None),
        ({"trace_state": "ot=th:ffffffffffffff"}, 2.0**56),
        ({"sample_weight": -1, "trace_state": "ot=th:c"}, 4.0),
    ],
)
def test_weights(row, weight):
    assert one(row).get("sample_weight") == weight


def test_a_weight_that_is_none_is_counted():
    assert events({"sample_weight": -1})[1].unparsed == {"sample_weight": 1}


def test_a_count_that_is_none_is_counted():
    counts = (3, 0, -5, 2**62, None)
    rows, report, _ = events(*({"event_count": count} for count in counts))
    assert [row["event_count"] for row in rows] == [3, 0, None, None, None]
    assert report.unparsed == {"event_count": 2}


def test_ids_are_lower_case_and_zeros_mean_none():
    row = one({"trace_id": "ABCDEF", "span_id": "0" * 16, "parent_span_id": ""})
    assert (row["trace_id"], row["span_id"], row["parent_span_id"]) == ("abcdef", None, None)
    assert one({"traceId": "AB", "parentSpanId": "CD"})["parent_span_id"] == "cd"


@pytest.mark.parametrize("kind", ["server", "SERVER", "SPAN_KIND_SERVER", "2"])
def test_kinds_are_lower_case_words(kind):
    assert one({"kind": kind})["kind"] == "server"


def test_a_kind_that_is_a_list_is_text():
    assert one({"kind": ["Server"]})["kind"] == '["server"]'


def test_what_formats_carry_for_us_is_put_back():
    row = {
        "duration_ms": 1.0,
        "obskit.duration_ms": 1.0000001,
        "status_code": "UNSET",
        "kind": "event",
        "obskit.null": "status_code,kind,no such",
        "obskit.field.time": "noon",
        "obskit.list.cart": "[1, null]",
        "obskit.list.bad": "[1, true]",
        "obskit.error": True,
        "obskit.events": '[{"name":"a"}]',
        "obskit.deployment.track": "canary",
    }
    rows, report, schema = events(row)
    assert {name: value for name, value in rows[0].items() if value is not None} == {
        "duration_ms": 1.0000001,
        "error": True,
        "time": "noon",
        "cart": [1, None],
        "obskit.list.bad": "[1, true]",
        "events": [{"timestamp": None, "name": "a", "attributes": None}],
        "obskit.deployment.track": "canary",
    }
    assert schema.field("cart").type == pa.list_(pa.int64())
    assert (report.overridden, report.renamed) == ({}, {})


@pytest.mark.parametrize(
    ("items", "want"),
    [
        (
            [{"timestamp": "2026-05-04T10:00:00Z", "name": "a", "attributes": {"n": 1}}, {"name": 7}],
            [(datetime(2026, 5, 4, 10, tzinfo=UTC), "a", '{"n":1}'), (None, "7", None)],
        ),
        ([], []),
        ([{"name": "a", "more": 1}], ['{"name":"a","more":1}']),
        (["x"], ["x"]),
    ],
)
def test_events_as_objects_of_json_are_a_spans_events(items, want):
    texts = [item if type(item) is str else orjson.dumps(item).decode() for item in items]
    found = events({"events": texts}, {"name": "none"})[0]
    assert [tuple(item.values()) if type(item) is dict else item for item in found[0]["events"]] == want
    assert found[1]["events"] is None


def test_names_that_differ_in_case_only():
    rows, report, schema = events({"Region": 1, "region": 2, "Name": 3, "name": "x", "region~2": 4})
    assert schema.names == ["timestamp", "name", "error", "Name~2", "Region", "region~2", "region~2~2"]
    assert (rows[0]["Region"], rows[0]["region~2"], rows[0]["Name~2"]) == (1, 2, 3)
    assert "region differs from another field only in case: it is called region~2" in report.notes


def test_names_keep_their_place_over_batches():
    normalizer = Normalizer(LoadReport())
    normalizer.batch(pa.RecordBatch.from_pydict({"A": [1]}))
    assert normalizer.batch(pa.RecordBatch.from_pydict({"a": [2], "A": [3]})).column("a~2").to_pylist() == [2]


def test_types_unite_over_batches_and_within():
    report = LoadReport()
    normalizer = Normalizer(report)
    columns = [[1, 2], [1.5, None], [True, False], ["x", "y"], [[1], None]]
    batches = [normalizer.batch(pa.RecordBatch.from_pydict({"v": column})) for column in columns]
    values = [cast(batch, normalizer.schema).column("v").to_pylist() for batch in batches]
    assert values == [["1", "2"], ["1.5", None], ["true", "false"], ["x", "y"], ["[1]", None]]
    assert report.retyped == {"v": ("bool, float, int, list of int, string", "string", 6)}


def test_int_and_float_are_float_and_no_news():
    report = LoadReport()
    normalizer = Normalizer(report)
    first = normalizer.batch(pa.RecordBatch.from_pydict({"v": [1]}))
    second = normalizer.batch(pa.RecordBatch.from_pydict({"v": [1.5]}))
    assert [cast(b, normalizer.schema).column("v").to_pylist() for b in (first, second)] == [[1.0], [1.5]]
    assert report.retyped == {}


def test_values_that_a_reader_made_text_are_counted_by_what_they_were():
    field = pa.field("v", pa.string(), metadata={MIXED: b'{"int":2}'})
    report = LoadReport()
    Normalizer(report).batch(
        pa.RecordBatch.from_arrays([pa.array(["1", "2", "x"])], schema=pa.schema([field]))
    )
    assert report.retyped == {"v": ("int, string", "string", 2)}


def test_a_field_of_nulls_can_be_asked_for():
    _, _, schema = events({"a": None, "l": []})
    assert schema.field("a").type.equals(pa.string())
    assert schema.field("l").type.equals(pa.list_(pa.string()))


def test_a_mapping_names_units_and_nulls():
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
            'Hint: give a column name, or {"from": name, "unit": "s|ms|us|ns", "null": [values]}',
        ),
        (
            {"name": 5},
            "invalid mapping for 'name': 5\n"
            'Hint: give a column name, or {"from": name, "unit": "s|ms|us|ns", "null": [values]}',
        ),
    ],
)
def test_a_mapping_that_cannot_be_read(mapping, text):
    with pytest.raises(InvalidArgument) as caught:
        Normalizer(LoadReport(), mapping=mapping)
    assert str(caught.value) == text


def test_a_mapping_of_a_column_that_is_not_there(tmp_path):
    with pytest.raises(ReadError) as caught:
        check_sources({"name": "OperationNam"}, ["TraceID", "OperationName"], tmp_path / "a.csv")
    assert str(caught.value) == (
        f"{tmp_path}/a.csv has no column 'OperationNam', but the mapping uses it\n"
        "Hint: its columns are OperationName, ..."
    )


def test_attributes_of_a_reader_that_names_our_columns_are_no_aliases():
    row = one({"ts": 5, "duration_us": 7, "http.method": "GET"}, metadata=NAMED)
    assert row == {"timestamp": None, "error": False, "ts": 5, "duration_us": 7, "http.request.method": "GET"}


def test_what_was_normalized_comes_out_the_same_again():
    rows, _, _ = events(
        {"time": 5, "http.status_code": "500", "error": "boom", "Name": "x", "trace_state": "ot=th:c"}
    )
    assert events(*rows)[0] == rows


def test_too_many_fields():
    with pytest.raises(LimitExceeded, match="more than 3 distinct field names"):
        events({"a": 1, "b": 2, "c": 3}, max_fields=3)


def test_names_like_sql_or_empty_are_names():
    rows, _, _ = events({'"; drop table x --': 1, "": 2, "select": 3})
    assert rows[0]['"; drop table x --'] == 1
    assert rows[0]["(unnamed)"] == 2
    assert rows[0]["select"] == 3


def test_timestamps_of_broken_clocks_are_kept_and_noted():
    rows, report, _ = events({"time": "1601-01-01T00:00:00Z"}, {"time": "9999-12-31T23:59:59Z"})
    assert [row["timestamp"].year for row in rows] == [1601, 9999]
    assert report.notes == [
        "some timestamps are before 1970 or after 2100: a clock was not set, or is broken"
    ]
    assert events({"time": "2026-01-01"})[1].notes == []


def test_no_rows_are_no_rows():
    report = LoadReport()
    normalizer = Normalizer(report)
    columns = {
        "time": pa.array([], pa.string()),
        "status_code": pa.array([], pa.int64()),
        "m": pa.array([], pa.map_(pa.string(), pa.string())),
    }
    assert normalizer.batch(pa.RecordBatch.from_pydict(columns)).num_rows == 0
    assert report.rows_read == 0
