"""`events.trace`: what the notes say about the rows of a trace, and what a notebook gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from obskit import load
from obskit.display import live
from obskit.query import Trace

TRACE = "ab" * 16


def span(number: int, parent: int | None = None, **more: Any) -> dict[str, Any]:
    return {
        "trace_id": TRACE,
        "span_id": f"{number:016x}",
        "parent_span_id": None if parent is None else f"{parent:016x}",
        "timestamp": f"2026-05-04T10:00:00.{number:03}Z",
        "duration_ms": 10.0,
        "name": f"op {number}",
        "kind": "internal",
        "service.name": "shop",
    } | more


def traced(tmp_path: Path, *rows: dict[str, Any], **options: Any) -> Trace:
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return load(path, **options).trace(TRACE)


def test_spans_that_are_there_twice_are_counted(tmp_path: Path) -> None:
    """Both sides of a call may share an id, as in Zipkin: they are of different kinds."""
    sides = span(2, 1, kind="client"), span(2, 1, kind="server")
    assert traced(tmp_path, span(1), *sides).notes == ()
    found = traced(tmp_path, span(1), *sides, span(3, 1), span(3, 1))
    assert found.notes == ("1 span has the id, kind and service of another span",)
    assert len(found.model) == 5


def test_log_records_of_spans_that_are_missing_are_counted(tmp_path: Path) -> None:
    record = {
        "trace_id": TRACE,
        "span_id": f"{9:016x}",
        "timestamp": "2026-05-04T10:00:01Z",
        "kind": "event",
        "body": "x",
    }
    found = traced(tmp_path, span(1), span(2, 7), record, {**record, "span_id": f"{1:016x}"})
    assert found.notes == (
        "1 span has a parent that is not among these rows",
        "1 log record belongs to a span that is not among these rows",
    )
    assert [found.model.names[i] for i in range(len(found.model))] == ["op 1", "op 2", "x"]


def test_clocks_that_were_corrected_are_noted(tmp_path: Path) -> None:
    caller = span(5, duration_ms=90.5, kind="client") | {"host.name": "a"}
    callee = span(1, 5, kind="server", duration_ms=20.25, timestamp="2026-05-04T10:00:00.0001Z") | {
        "host.name": "b"
    }
    (note,) = traced(tmp_path, caller, callee).notes
    assert note.startswith("the clocks disagree: 1 span is moved by up to ")


def test_a_notebook_gets_the_widget_and_what_is_read_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("anywidget")
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("obskit.query.trace_tree.can_show", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    traced(tmp_path, span(1), span(2, 1), display_tz="Europe/Berlin")._ipython_display_()
    still, widget = shown
    assert "2026-05-04T12:00:00" in still["text/html"]
    assert "2026-05-04T12:00:00" in still["text/plain"]
    assert widget["text/html"] == "<span></span>"
    assert "application/vnd.jupyter.widget-view+json" in widget


def test_widgets_need_a_kernel() -> None:
    assert live.can_show() is False
