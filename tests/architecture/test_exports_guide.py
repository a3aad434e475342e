"""What the commands of docs/howto/exports.md save is read, with times and with errors."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from obskit import load

PAGE = (Path(__file__).resolve().parents[2] / "docs/howto/exports.md").read_text(encoding="utf-8")
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
BEGAN = 1_777_888_800  # 2026-05-04T10:00Z
LEVELS = ("info", "error", "info", "info")


def otlp(identify: Any) -> list[dict[str, Any]]:
    """Return one failed span; `identify` writes an id."""
    span = {
        "traceId": identify(TRACE),
        "spanId": identify(SPAN),
        "name": "POST /book",
        "kind": "SPAN_KIND_SERVER",
        "startTimeUnixNano": f"{BEGAN}000000000",
        "endTimeUnixNano": f"{BEGAN}250000000",
        "status": {"code": "STATUS_CODE_ERROR"},
    }
    service = {"key": "service.name", "value": {"stringValue": "booking"}}
    return [{"resource": {"attributes": [service]}, "scopeSpans": [{"spans": [span]}]}]


def in_base64(text: str) -> str:
    return base64.b64encode(bytes.fromhex(text)).decode()


def jaeger() -> str:
    tags = [
        {"key": "span.kind", "type": "string", "value": "server"},
        {"key": "error", "type": "bool", "value": True},
    ]
    span = {
        "traceID": TRACE,
        "spanID": SPAN,
        "operationName": "POST /book",
        "references": [],
        "startTime": BEGAN * 1_000_000,
        "duration": 250_000,
        "tags": tags,
        "logs": [],
        "processID": "p1",
        "warnings": None,
    }
    processes = {"p1": {"serviceName": "booking", "tags": []}}
    trace = {"traceID": TRACE, "spans": [span], "processes": processes, "warnings": None}
    return json.dumps({"data": [trace], "total": 0, "limit": 0, "offset": 0, "errors": None})


def xray() -> str:
    document = {
        "id": SPAN,
        "name": "booking",
        "trace_id": f"1-{TRACE[:8]}-{TRACE[8:]}",
        "start_time": BEGAN,
        "end_time": BEGAN + 0.25,
        "fault": True,
    }
    segments = [{"Id": SPAN, "Document": json.dumps(document)}]
    answer = {
        "Traces": [{"Id": document["trace_id"], "Duration": 0.25, "Segments": segments}],
        "UnprocessedTraceIds": [],
    }
    # The command is run for five traces at a time, so the answers follow one another.
    return json.dumps(answer, indent=4) + "\n" + json.dumps(answer | {"Traces": []}, indent=4) + "\n"


def datadog() -> str:
    attributes = {
        "trace_id": TRACE,
        "span_id": "1234567890",
        "parent_id": "0",
        "start_timestamp": "2026-05-04T10:00:00.000Z",
        "end_timestamp": "2026-05-04T10:00:00.250Z",
        "service": "booking",
        "resource_name": "POST /book",
        "type": "web",
        "status": "error",
        "tags": ["env:prod"],
    }
    page = {
        "data": [{"id": "A", "type": "spans", "attributes": attributes}],
        "meta": {"page": {"after": "x"}},
    }
    return json.dumps(page)


SAVED = {
    "jaeger.json": jaeger(),
    "tempo.json": json.dumps({"batches": otlp(in_base64)}) + "\n",
    "loki.log": "".join(
        f'2026-05-04T10:00:0{n}Z {{app="booking", pod="booking-1"}} level={level} msg="seat {n}"\n'
        for n, level in enumerate(LEVELS)
    ),
    "loki-lines.log": "".join(
        f'time=2026-05-04T10:00:0{n}Z level={level} msg="seat {n}"\n' for n, level in enumerate(LEVELS)
    ),
    "cloudwatch.log": "".join(
        f"2026-05-04 10:00:0{n},123 {level.upper()} shop.seats - seat {n}\n" for n, level in enumerate(LEVELS)
    ),
    "cloudwatch-tail.log": "".join(
        f"2026-05-04T10:00:0{n} {json.dumps({'level': level, 'msg': f'seat {n}'})}\n"
        for n, level in enumerate(LEVELS)
    ),
    "xray.json": xray(),
    "datadog-spans-$page.json": datadog(),
}
"""File of the page -> what the tool's answer looks like, with one error in it."""


def test_every_file_of_the_page_is_tested() -> None:
    assert set(re.findall(r"> export/(\S+)", PAGE)) == set(SAVED)


@pytest.mark.parametrize("name", SAVED)
def test_what_is_saved_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name.replace("$page", "1")
    path.write_text(SAVED[name], encoding="utf-8")
    events = load(path)
    rows = events.rows(["timestamp", "error"]).to_arrow().to_pylist()
    assert [row["timestamp"].isoformat()[:16] for row in rows] == ["2026-05-04T10:00"] * len(rows)
    assert sum(row["error"] for row in rows) == 1
    assert list(events.load_report.doubts) == []


def test_what_loki_and_tempo_answer_otherwise_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "v3.json"
    path.write_text(json.dumps({"result": {"resourceSpans": otlp(str)}}), encoding="utf-8")
    assert load(path).to_arrow().column("trace_id").to_pylist() == [TRACE]
    path.write_text(json.dumps({"trace": {"resourceSpans": otlp(in_base64)}}), encoding="utf-8")
    assert load(path).to_arrow().column("trace_id").to_pylist() == [TRACE]


def test_a_line_within_json_is_reported_as_the_page_says(tmp_path: Path) -> None:
    path = tmp_path / "loki.jsonl"
    lines = [
        {
            "labels": {"app": "booking"},
            "line": f"level=error msg=seat{n}",
            "timestamp": f"2026-05-04T10:00:{n}Z",
        }
        for n in range(10, 40)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert "whose levels and other fields are not read" in str(load(path).load_report)
