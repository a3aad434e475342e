"""Jaeger documents: one item per trace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import obskit as ok
from obskit.events import Events
from obskit.writers import jaeger, save
from tests.writers.samples import MOMENT


def test_jaeger_has_one_item_per_trace_in_any_order_of_rows(
    events: Events, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = events.write(tmp_path / "a.jaeger.json")
    assert made.notes == ()
    first, second = json.loads((tmp_path / "a.jaeger.json").read_bytes())["data"]
    assert [len(first["spans"]), len(second["spans"])] == [6, 6]
    assert first["processes"] == {"p1": {"serviceName": "booking", "tags": []}}
    assert second["spans"][1] == {
        "traceID": f"{2:032x}",
        "spanID": f"{4:016x}",
        "operationName": "",
        "references": [],
        "startTime": MOMENT + 3,
        "duration": 375,
        "logs": [],
        "tags": [
            {"key": "span.kind", "type": "string", "value": "server"},
            {"key": "obskit.list.cart", "type": "string", "value": "[3,null]"},
            {"key": "http.response.status_code", "type": "int64", "value": 500},
            {"key": "obskit.null", "type": "string", "value": "status_code"},
        ],
        "processID": "p1",
    }
    monkeypatch.setattr(save, "TRACES", 3)
    monkeypatch.setattr(jaeger, "DOCUMENT_BYTES", 100)
    monkeypatch.setattr(jaeger, "SPANS", 4)
    made = events.write(tmp_path / "b.jaeger.json")
    assert made.notes == ("4 JSON documents, one per line: Jaeger's UI loads only files with one",)
    answers = [json.loads(line)["data"] for line in (tmp_path / "b.jaeger.json").read_bytes().splitlines()]
    assert sorted((len(item["spans"]), item["traceID"][-1]) for (item,) in answers) == [
        (2, "1"),
        (2, "2"),
        (4, "1"),
        (4, "2"),
    ]
    for name in ("a", "b"):
        got = ok.load(tmp_path / f"{name}.jaeger.json").to_arrow()
        assert got.select(events.schema.names).equals(events.to_arrow())
