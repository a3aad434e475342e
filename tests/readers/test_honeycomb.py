"""Honeycomb batches and lines."""

import json
from datetime import UTC, datetime

import pytest

from obskit.errors import ReadError

DATA = {
    "trace.trace_id": "abc",
    "trace.span_id": "1",
    "trace.parent_id": "0",
    "name": "GET /book",
    "service_name": "front",
    "library.name": "lib",
    "duration_ms": 1.5,
    "span.kind": "server",
    "http.status_code": 503,
    "cart": {"id": 7},
    "error": True,
}
EVENT = {"time": "2026-05-04T10:00:00.123456Z", "samplerate": 4, "data": DATA}
ROW = {
    "timestamp": datetime(2026, 5, 4, 10, 0, 0, 123456, tzinfo=UTC),
    "duration_ms": 1.5,
    "name": "GET /book",
    "kind": "server",
    "trace_id": "abc",
    "span_id": "1",
    "parent_span_id": "0",
    "status_code": "ERROR",
    "error": True,
    "sample_weight": 4.0,
    "http.response.status_code": 503,
    "otel.scope.name": "lib",
    "service.name": "front",
    "cart.id": 7,
}


def test_the_first_of_several_times_and_rates_counts_and_the_others_stay(read):
    line = DATA | {"time": EVENT["time"], "timestamp": "noon", "samplerate": 4, "sample_rate": 0.25}
    (row,) = read(dumped(line)).rows
    assert row == ROW | {"attributes.timestamp": "noon", "sample_rate": 0.25}


def dumped(document, **how):
    return json.dumps(document, **how).encode()


@pytest.mark.parametrize(
    "data",
    [
        dumped([EVENT, EVENT]),
        dumped([EVENT, EVENT], indent=2),
        dumped(EVENT) + b"\n" + dumped(EVENT) + b"\n",
        dumped(DATA | {"Timestamp": EVENT["time"], "samplerate": 4}) + b"\n",
        dumped([EVENT]) + b"\n" + dumped([EVENT]) + b"\n",
    ],
    ids=["batch", "indented", "lines", "data alone", "batches"],
)
def test_every_form_gives_the_same_rows(read, data):
    got = read(data)
    assert got.report.rejected_count == 0
    assert got.rows == [ROW] * len(got.rows) != []


def test_annotations_are_events_below_their_span(read):
    note = {"trace.trace_id": "abc", "trace.parent_id": "1", "name": "retry"}
    link = note | {"trace.link.trace_id": "F0", "trace.link.span_id": "E0", "meta.annotation_type": "link"}
    given = [
        {"time": 1777888800, "data": note | {"meta.annotation_type": "span_event"}},
        {"time": 1777888800123, "data": link},
    ]
    one, other = read(dumped(given)).rows
    assert (one["kind"], one["parent_span_id"], one["name"]) == ("event", "1", "retry")
    assert one["timestamp"] == datetime(2026, 5, 4, 10, tzinfo=UTC)
    assert other["timestamp"].microsecond == 123000
    assert [(link["trace_id"], link["span_id"]) for link in other["links"]] == [("f0", "e0")]
    assert "duration_ms" not in one


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ({"status_code": 2, "status_message": "slow"}, ("ERROR", True, None)),
        ({"status_code": 0}, ("UNSET", False, None)),
        ({"status_code": 503}, (None, True, None)),
        ({"error": "timeout", "status_code": 503}, ("ERROR", True, "timeout")),
        ({"error": False}, (None, False, None)),
    ],
)
def test_errors(read, data, wanted):
    (row,) = read(dumped([{"time": 1777888800, "data": data | {"trace.trace_id": "1"}}])).rows
    assert (row.get("status_code"), row["error"], row.get("error.type")) == wanted


def test_bad_events_are_rejected_with_their_position(read):
    deep = {}
    for _ in range(100):
        deep = {"a": deep}
    got = read(dumped([EVENT, 5, {"time": 1, "data": []}, {"time": 1, "data": deep}, EVENT]))
    assert len(got.rows) == 2
    assert got.reasons == [
        ("event 2", "not an event"),
        ("event 3", "event data is not an object"),
        ("event 4", "nested deeper than 64 levels"),
    ]


def test_a_torn_batch_gives_the_events_before(read):
    got = read(dumped([EVENT] * 20)[:-30])
    assert len(got.rows) == 19
    assert [reason for _, reason in got.reasons] == ["not JSON"]


def test_a_file_without_an_event_is_an_error(read, tmp_path):
    with pytest.raises(ReadError) as caught:
        read(dumped([EVENT])[:-30], name="torn.json")
    assert str(caught.value).startswith(
        f"{tmp_path}/torn.json looks like Honeycomb JSON, but no record in it can be read: "
    )


def test_other_events_with_data_are_not_detected_as_honeycomb(read):
    got = read(dumped({"type": "x", "time": "2026-05-04T10:00:00Z", "data": {"a": 1}}) + b"\n")
    assert {"type": "x", "data.a": 1}.items() <= got.rows[0].items()
