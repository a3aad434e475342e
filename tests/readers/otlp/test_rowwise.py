"""Requests become flat rows, and values become words and numbers."""

import pytest

from obskit.readers.otlp import rowwise
from obskit.readers.otlp.rowwise import is_request, others, rows_of
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


def test_requests_are_recognised_by_their_keys():
    assert is_request({"resource_spans": []})
    assert is_request({})
    assert not is_request({"spans": []})
    assert not is_request([])
    assert others({"resourceMetrics": [{}], "resourceSpans": [{}]}) == ["metrics are not events"]


def test_a_malformed_resource_or_scope_rejects_each_of_its_records():
    """The receiver refuses the same records; rows without their resource would belong to no service."""
    for level in ("resource", "scope"):
        body = made.request(made.span(0), made.span(1))
        part = body["resourceSpans"][0]
        part = part if level == "resource" else part["scopeSpans"][0]
        part[level] = {"attributes": [made.attribute("k", doubleValue="abc")]}
        report = LoadReport()
        assert list(rows_of(body, report.file("f"), "line 1")) == []
        assert [(r.position, r.reason) for r in report.rejected] == [
            ("line 1, spans 1", "doubleValue is not a number"),
            ("line 1, spans 2", "doubleValue is not a number"),
        ]


def test_a_fault_costs_the_record_that_it_happens_in(monkeypatch):
    """A fault is an error that nobody thought of, so it has to be planted."""
    real = rowwise.span

    def faulty(item):
        return real(item) if item["name"] != "GET /1" else {}["planted"]

    monkeypatch.setattr(rowwise, "span", faulty)
    report = LoadReport()
    rows = list(rows_of(made.request(*map(made.span, range(3))), report.file("f"), ""))
    assert [row["name"] for row in rows] == ["GET /0", "GET /2"]
    assert [(r.position, r.reason) for r in report.rejected] == [
        ("spans 2", "a fault in the reader (KeyError)")
    ]


def test_too_little_memory_is_not_a_fault(monkeypatch):
    def exhausted(_item):
        raise MemoryError

    monkeypatch.setattr(rowwise, "span", exhausted)
    with pytest.raises(MemoryError):
        list(rows_of(made.request(made.span()), LoadReport().file("f"), ""))
