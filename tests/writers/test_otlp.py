"""OTLP requests: spans and log records apart."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import obskit as ok
from obskit.events import Events


def test_otlp_has_spans_and_logs_in_separate_requests(events: Events, tmp_path: Path) -> None:
    made = events.write(tmp_path / "a.otlp.json.gz")
    assert made.format == "otlp-json"
    lines = gzip.decompress((tmp_path / "a.otlp.json.gz").read_bytes()).splitlines()
    spans, logs = map(json.loads, lines)
    (resource,) = spans["resourceSpans"]
    assert resource["resource"]["attributes"] == [
        {"key": "service.name", "value": {"stringValue": "booking"}}
    ]
    ((scope,), (records,)) = (
        resource["scopeSpans"],
        [s["logRecords"] for s in logs["resourceLogs"][0]["scopeLogs"]],
    )
    assert (len(scope["spans"]), len(records)) == (10, 2)
    assert scope["spans"][3] == {
        "traceId": f"{2:032x}",
        "spanId": f"{4:016x}",
        "kind": 2,
        "startTimeUnixNano": "1777888800000003000",
        "endTimeUnixNano": "1777888800000378000",
        "status": {},
        "attributes": [
            {"key": "cart", "value": {"arrayValue": {"values": [{"intValue": "3"}, {}]}}},
            {"key": "http.response.status_code", "value": {"intValue": "500"}},
            {"key": "obskit.null", "value": {"stringValue": "status_code"}},
        ],
    }
    assert records[0]["timeUnixNano"] == "1777888800000010000"
    got = ok.load(tmp_path / "a.otlp.json.gz").to_arrow()
    assert got.select(events.schema.names).equals(events.to_arrow())
