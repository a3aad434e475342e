"""Jaeger's and Zipkin's JSON with every kind of wrong value at every place: spans, or counted rejections."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from obskit.readers.jaeger import reader as jaeger
from obskit.readers.zipkin import reader as zipkin
from tests.support.loaded import Loaded
from tests.support.otlp_wrong_values import WRONG, replaced

pytestmark = pytest.mark.once

JAEGER = {
    "data": [
        {
            "traceID": "ab",
            "spans": [
                {
                    "traceID": "ab",
                    "spanID": "c1",
                    "operationName": "op",
                    "references": [{"refType": "CHILD_OF", "traceID": "ab", "spanID": "c2"}],
                    "startTime": 1777888800000000,
                    "duration": 5,
                    "tags": [{"key": "n", "type": "int64", "value": 5}],
                    "logs": [
                        {
                            "timestamp": 1777888800000000,
                            "fields": [{"key": "event", "type": "string", "value": "e"}],
                        }
                    ],
                    "processID": "p1",
                    "warnings": ["w"],
                }
            ],
            "processes": {"p1": {"serviceName": "s", "tags": [{"key": "h", "type": "string", "value": "x"}]}},
        }
    ]
}
ZIPKIN = [
    {
        "traceId": "ab",
        "id": "c1",
        "parentId": "c2",
        "name": "op",
        "kind": "SERVER",
        "timestamp": 1777888800000000,
        "duration": 5,
        "localEndpoint": {"serviceName": "s", "ipv4": "192.0.2.4", "port": 80},
        "annotations": [{"timestamp": 1777888800000000, "value": "e"}],
        "tags": {"k": "x"},
        "shared": True,
        "debug": True,
    }
]
PLACES = [
    pytest.param(document, before, after, id=f"{name} {path}")
    for name, document in (("jaeger", JAEGER), ("zipkin", ZIPKIN))
    for path, before, after in replaced(document)
]


@pytest.mark.parametrize(("document", "before", "after"), PLACES)
def test_a_wrong_value_costs_at_most_its_document(
    read: Callable[..., Loaded], document: Any, before: bytes, after: bytes
) -> None:
    good = json.dumps(document).encode()
    lines = [good, *(before + wrong + after for wrong in WRONG), good]
    loaded = read(b"\n".join(lines), name="a.jsonl")
    assert len(loaded.rows) >= 2
    assert all(position for position, _ in loaded.reasons)
    assert not any("fault" in reason for reason in loaded.report.rejected_by_reason), loaded.reasons


@pytest.mark.parametrize(("document", "key"), [(JAEGER, "logs"), (ZIPKIN, "annotations")])
def test_a_time_of_an_event_that_no_calendar_has_is_null_and_counted(
    read: Callable[..., Loaded], document: Any, key: str
) -> None:
    good = json.dumps(document)
    bad = good.replace(f'"{key}": [{{"timestamp": 1777888800000000', f'"{key}": [{{"timestamp": {10**18}')
    assert bad != good
    loaded = read(f"{good}\n{bad}\n".encode(), name="a.jsonl")
    assert [row["events"][0]["timestamp"] is None for row in loaded.rows] == [False, True]
    assert loaded.report.unparsed == {"events": 1}


@pytest.mark.parametrize(("module", "document"), [(jaeger, JAEGER), (zipkin, ZIPKIN)])
def test_a_fault_costs_the_span_that_it_happens_in(
    read: Callable[..., Loaded], monkeypatch: pytest.MonkeyPatch, module: Any, document: Any
) -> None:
    """One document of three spans: it is not cut into lines, so the parser itself goes on."""
    document = json.loads(json.dumps(document))
    spans = document if isinstance(document, list) else document["data"][0]["spans"]
    name = "name" if module is zipkin else "operationName"
    spans[:] = [{**spans[0], name: text} for text in ("a", "planted", "c")]
    real = module.span_row

    def faulty(found: Any, *rest: Any) -> Any:
        if "planted" in json.dumps(found):
            raise KeyError("x")
        return real(found, *rest)

    monkeypatch.setattr(module, "span_row", faulty)
    loaded = read(json.dumps(document, indent=1).encode(), name="a.json")
    assert loaded.reasons == [("span 2", "a fault in the reader (KeyError)")]
    assert len(loaded.rows) == 2
