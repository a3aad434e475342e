"""Requests become flat rows, and values become words and numbers."""

import pytest

from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.readers.otlp.rowwise import integer, is_request, kind_word, others, rows_of, severity, status_word
from obskit.schema import LoadReport
from tests.support import otlp_requests as made


def test_a_record_has_the_attributes_of_its_resource_and_scope():
    body = made.request(
        {"name": "GET /", "attributes": [made.attribute("n", intValue="7")]},
        resource=[made.attribute("service.name", stringValue="shop")],
        scope={"name": "lib"},
    )
    (row,) = rows_of(body, LoadReport().file("f"), "")
    assert {name: value for name, value in row.items() if value is not None} == {
        "name": "GET /",
        "status_code": "UNSET",
        "service.name": "shop",
        "otel.scope.name": "lib",
        "n": 7,
    }


def test_malformed_records_are_rejected_with_their_number():
    report = LoadReport()
    bodies = (made.request("x", made.span()), made.logs(3))
    rows = [row for body in bodies for row in rows_of(body, report.file("f"), "line 1")]
    assert len(rows) == 1
    assert [(r.position, r.reason) for r in report.rejected] == [
        ("line 1, spans 1", "a malformed span"),
        ("line 1, logRecords 1", "a malformed log record"),
    ]


def test_a_key_that_a_resource_has_twice_is_an_override_in_each_record():
    twice = [made.attribute("k", stringValue="a"), made.attribute("k", stringValue="b")]
    report = LoadReport()
    rows = list(rows_of(made.request(made.span(0), made.span(1), resource=twice), report.file("f"), ""))
    assert [row["k"] for row in rows] == ["b", "b"]
    assert report.overridden == {"k": 2}


@pytest.mark.parametrize(
    ("item", "word"), [(2, "server"), ("SPAN_KIND_CLIENT", "client"), (0, None), (9, None)]
)
def test_kinds(item, word):
    assert kind_word(item) == word


@pytest.mark.parametrize(
    ("item", "word"), [(2, "ERROR"), ("STATUS_CODE_OK", "OK"), (None, "UNSET"), (9, None)]
)
def test_statuses(item, word):
    assert status_word(item) == word


@pytest.mark.parametrize(
    ("item", "number"), [("SEVERITY_NUMBER_WARN2", 14), ("9", 9), (0, None), ("LOUD", None)]
)
def test_severities(item, number):
    assert severity(item) == number


@pytest.mark.parametrize(
    ("item", "reason"),
    [("soon", "a value that is not an integer"), (2**64, "an integer of more than 64 bits")],
)
def test_a_value_that_is_not_a_64_bit_integer_is_malformed(item, reason):
    with pytest.raises(MalformedRecord) as caught:
        integer(item)
    assert str(caught.value) == reason


def test_requests_are_recognised_by_their_keys():
    assert is_request({"resource_spans": []})
    assert is_request({})
    assert not is_request({"spans": []})
    assert not is_request([])
    assert others({"resourceMetrics": [{}], "resourceSpans": [{}]}) == ["metrics are not events"]
