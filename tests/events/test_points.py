"""Events and links of spans: stored, returned as events, and exceptions copied to the span."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from obskit import load
from obskit.errors import EmptySelection, InvalidArgument
from obskit.events import Events

TRACE = "5b8efff798038103d269b633813fc60c"
START = 1_544_712_660_000_000_000


def attributes(**pairs: str) -> list[dict[str, object]]:
    return [{"key": key.replace("__", "."), "value": {"stringValue": text}} for key, text in pairs.items()]


def point(what: str, after_ms: int, **pairs: str) -> dict[str, object]:
    time = str(START + after_ms * 1_000_000)
    return {"name": what, "timeUnixNano": time, "attributes": attributes(**pairs)}


def span(number: int, **more: object) -> dict[str, object]:
    return {
        "traceId": TRACE,
        "spanId": f"{number:016x}",
        "name": f"op {number}",
        "kind": 2,
        "startTimeUnixNano": str(START),
        "endTimeUnixNano": str(START + 1_000_000),
        **more,
    }


def loaded(tmp_path: Path, *spans: dict[str, object]) -> Events:
    resource = {"attributes": attributes(service__name="shop")}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}
    path = tmp_path / "spans.json"
    path.write_text(json.dumps(body))
    return load(path)


def rows(events: Events) -> list[dict[str, object]]:
    found = events.to_arrow().to_pylist()
    return [{name: value for name, value in row.items() if value is not None} for row in found]


def test_exception_events_are_copied_onto_the_span(tmp_path: Path) -> None:
    first = point("exception", 1, exception__type="Retry", exception__message="first")
    last = point("exception", 2, exception__type="Timeout", exception__stacktrace="at f()")
    own = attributes(exception__message="mine")
    got = rows(
        loaded(
            tmp_path,
            span(1, events=[first, point("other", 1), last], status={"code": 2}),
            span(2, events=[last], attributes=own),
            span(3, events=[last], status={"code": 2}, attributes=attributes(error__type="503")),
            span(4, events=[point("other", 1)]),
            span(5),
        )
    )
    wanted = ("exception.type", "exception.message", "exception.stacktrace", "error.type", "error")
    assert [[row.get(name) for name in wanted] for row in got] == [
        ["Timeout", None, "at f()", "Timeout", True],
        ["Timeout", "mine", "at f()", None, False],  # handled: not an error
        ["Timeout", None, "at f()", "503", True],
        [None, None, None, None, False],
        [None, None, None, None, False],
    ]


def test_points_are_events(tmp_path: Path) -> None:
    events = loaded(
        tmp_path,
        span(1, events=[point("exception", 1, exception__type="A"), point("retry", 2, name="x")]),
        span(2, events=[point("retry", 3)]),
        span(3),
    )
    points = events.points()
    assert rows(points) == [
        {
            "timestamp": row["timestamp"],
            "name": name,
            "kind": "event",
            "trace_id": TRACE,
            "span_id": f"{number:016x}",
            "error": False,
            "service.name": "shop",
            "span.name": f"op {number}",
            **more,
        }
        for row, (name, number, more) in zip(
            rows(points),
            [
                ("exception", 1, {"exception.type": "A"}),
                ("retry", 1, {"attributes.name": "x"}),
                ("retry", 2, {}),
            ],
            strict=True,
        )
    ]
    assert [row["timestamp"].microsecond for row in rows(points)] == [1000, 2000, 3000]
    counted = points.where("name = 'retry'").query("count() as n", by="span.name").to_arrow().to_pylist()
    assert [(row["span.name"], row["n"]) for row in counted] == [("op 1", 1), ("op 2", 1)]
    assert len(rows(events.where("name = 'op 2'").points())) == 1
    assert rows(points.refresh()) == rows(points)


def test_links_are_events(tmp_path: Path) -> None:
    link = {"traceId": "AB" * 16, "spanId": "CD" * 8, "attributes": attributes(why="batch")}
    events = loaded(tmp_path, span(1, links=[link, {"traceId": "EF" * 16}]), span(2))
    got = rows(events.links())
    assert [row["link.trace_id"] for row in got] == ["ab" * 16, "ef" * 16]
    assert (got[0]["link.span_id"], got[0]["why"], got[0]["kind"]) == ("cd" * 8, "batch", "link")
    assert (got[1]["trace_id"], got[1]["span_id"], got[1]["name"]) == (TRACE, f"{1:016x}", "op 1")


def test_no_points_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument) as caught:
        loaded(tmp_path, span(1)).points()
    assert str(caught.value) == (
        "the spans have no field events\n"
        "Hint: load OTLP, Jaeger or Zipkin data in which a span recorded an event"
    )
    events = loaded(tmp_path, span(1, events=[point("a", 1)]), span(2))
    with pytest.raises(EmptySelection) as none:
        events.where("name = 'op 2'").points()
    assert str(none.value) == (
        "none of these spans has an event\nHint: widen the condition of events.where(...)"
    )


def test_the_waterfall_says_how_many_points_a_span_has(tmp_path: Path) -> None:
    events = loaded(tmp_path, span(1, events=[point("a", 1), point("b", 1)]), span(2, events=[point("a", 1)]))
    lines = str(events.trace(TRACE)).splitlines()
    assert lines[1].endswith("  2 points")
    assert lines[2].endswith("  1 point")
    page = events.trace(TRACE)._repr_html_()
    assert "<small>2 points</small>" in page
