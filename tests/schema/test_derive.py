"""Errors, sample weights, counts, ids and kinds."""

from __future__ import annotations

import pytest

from tests.schema.samples import events, one


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
        ({"error": False, "http.response.status_code": 503}, False),  # the explicit value wins
        ({"error": "true"}, True),
        ({}, False),
    ],
)
def test_error_rule(row, failed):
    assert one({"name": "x", **row})["error"] is failed


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


def test_an_invalid_weight_is_counted():
    assert events({"sample_weight": -1})[1].unparsed == {"sample_weight": 1}


def test_an_invalid_event_count_is_counted():
    counts = (3, 0, -5, 2**62, None)
    rows, report, _ = events(*({"event_count": count} for count in counts))
    assert [row["event_count"] for row in rows] == [3, 0, None, None, None]
    assert report.unparsed == {"event_count": 2}


def test_ids_are_lower_case_and_zeros_are_null():
    row = one({"trace_id": "ABCDEF", "span_id": "0" * 16, "parent_span_id": ""})
    assert (row["trace_id"], row["span_id"], row["parent_span_id"]) == ("abcdef", None, None)
    assert one({"traceId": "AB", "parentSpanId": "CD"})["parent_span_id"] == "cd"


@pytest.mark.parametrize("kind", ["server", "SERVER", "SPAN_KIND_SERVER"])
def test_kinds_are_lower_case_words(kind):
    assert one({"kind": kind})["kind"] == "server"


def test_a_kind_that_is_a_number_is_read_only_where_it_is_clear_who_counts():
    row = one({"kind": "2"})
    assert (row.get("kind"), row["attributes.kind"]) == (None, "2")
    assert one({"kind": 2, "startTimeUnixNano": "1"})["kind"] == "server"


def test_a_kind_that_is_a_list_is_text():
    assert one({"kind": ["Server"]})["kind"] == '["server"]'
