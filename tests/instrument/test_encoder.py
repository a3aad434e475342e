"""The fast and the slow path to a line: the same line for every event that the fast path accepts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.trace import SpanKind

from obskit.instrument import Handle, event
from obskit.instrument.encoder import RowEncoder
from obskit.instrument.limits import Limits
from obskit.instrument.redaction.options import Redaction, pseudonym
from obskit.instrument.sampling import Verdict
from obskit.instrument.spans.event_span import EventSpan

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]
KEY = b"0123456789abcdef"
TEXTS = st.text(max_size=40) | st.sampled_from(
    ["/book/{seat}", "[list]", "Bearer abcdef0123456789", "https://u:p@h/?token=1", "\ud800", "é", "x" * 300]
)
PLAIN = TEXTS | st.integers() | st.floats() | st.booleans() | st.none()
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)
NAMES = TEXTS | st.sampled_from(
    ["duration_ms", "name", "error", "service.name", "process.uptime", "password", "db.query.text", "seat"]
)


def _adding(counts: Counter[str]) -> Callable[..., None]:
    def add(name: str, number: int = 1) -> None:
        counts[name] += number

    return add


def span(name: Any, kind: SpanKind, fields: dict[str, Any], **own: Any) -> EventSpan:
    made = EventSpan(None, name, kind, fields)  # type: ignore[arg-type]
    made.trace_hex, made.span_hex = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    made.started, made.clock = 1_764_000_000_123_456_789, 1
    for key, value in own.items():
        setattr(made, key, value)
    return made


@settings(deadline=None)
@given(
    name=TEXTS,
    kind=st.sampled_from(SpanKind),
    fields=st.dictionaries(NAMES, VALUES, max_size=8),
    parent=st.none() | st.just("00f067aa0ba902b7"),
    weight=st.none() | st.floats(1, 1e6),
    started=st.integers(0, 4 * 10**18),
    taken=st.integers(0, 10**15),
    state=st.sampled_from(["", "ot=th:8", 'vendor=a"b', "ot=th:8,k=Bearer abcdef0123456789"]),
    redaction=st.sampled_from([None, Redaction()]),
)
def test_the_fast_path_gives_the_same_line_as_the_slow_one(
    name: str,
    kind: SpanKind,
    fields: dict[str, Any],
    parent: str | None,
    weight: float | None,
    started: int,
    taken: int,
    state: str,
    redaction: Redaction | None,
) -> None:
    counts: list[Counter[str]] = []
    lines = []
    for way in ("short", "long"):
        counted: Counter[str] = Counter()
        rows = RowEncoder({"service.name": "booking"}, redaction, Limits(length=256), _adding(counted), [])
        verdict = Verdict(True, weight, None)
        verdict.state_text = state
        event = span(name, kind, dict(fields), parent_hex=parent, verdict=verdict, started=started)
        clock = 1 + taken
        line = (
            rows.encode_fast(event, clock, weight)
            if way == "short"
            else rows.line(rows.row(event, clock, weight))
        )
        lines.append(line)
        counts.append(counted)
    short, long = lines
    if short is None:
        assert not counts[0]  # what the short way leaves to the long one, it has not counted
        return
    assert short.endswith(b"}\n")
    assert short.count(b"\n") == 1
    drifting = {"process.uptime": 0, "process.memory.usage": 0}
    assert orjson.loads(short) | drifting == orjson.loads(long) | drifting
    assert counts[0] == counts[1]


def test_usual_events_take_the_fast_path() -> None:
    rows = RowEncoder({"service.name": "booking"}, Redaction(), Limits(), _adding(Counter()), [])
    usual = {
        "seat": "14C",
        "http.route": "/book/{seat}",
        "price": 12.5,
        "cart.items": 3,
        "vip": True,
        "note": None,
    }
    assert (
        rows.encode_fast(span("book", SpanKind.SERVER, usual, verdict=Verdict(True, 1.0, None)), 5, 1.0)
        is not None
    )
    masked = rows.encode_fast(
        span("book", SpanKind.SERVER, {"password": "hunter2"}, verdict=Verdict(True, 1.0, None)), 5, 1.0
    )
    assert masked is not None
    assert b"hunter2" not in masked


@pytest.mark.parametrize("fields", [{"service.name": "other"}, {"service": {"name": "other"}}])
@pytest.mark.parametrize("redaction", [None, Redaction()])
def test_a_service_attribute_appears_once_per_line(
    fields: dict[str, Any], redaction: Redaction | None
) -> None:
    """The event's own value wins, under a flat or a nested name; the rest are the service's."""
    resource = {"service.name": "booking", "host.name": "h-1"}
    rows = RowEncoder(resource, redaction, Limits(), _adding(Counter()), [])
    event = span("book", SpanKind.SERVER, fields, verdict=Verdict(True, 1.0, None))
    assert rows.encode_fast(event, 5, 1.0) is None
    line = rows.line(rows.row(event, 5, 1.0))
    assert line.count(b'"service.name"') == line.count(b'"host.name"') == 1
    assert {**orjson.loads(line), "host.name": "h-1", "service.name": "other"} == orjson.loads(line)


def test_lists_are_limited_at_any_depth() -> None:
    """Short lines are not checked again, so lists must be cut before."""
    counts: Counter[str] = Counter()
    rows = RowEncoder({}, None, Limits(items=3, depth=2), _adding(counts), [])
    fields = {"seats": [1, 2, 3, 4], "deep": [[[1]]], "tags": {"b": (1, 2)}}
    event = span("book", SpanKind.SERVER, fields, verdict=Verdict(True, 1.0, None))
    found = orjson.loads(rows.line(rows.row(event, 5, 1.0)))
    assert (found["seats"], found["deep"], found["tags.b"]) == ([1, 2, 3], [["[1]"]], [1, 2])
    assert counts == {"cut": 2}


def test_a_field_with_the_name_of_a_column_is_an_attribute(service: Service, rows: Rows) -> None:
    service()
    with event("book") as e:
        e.add(name="x", timestamp=1, trace_id="no", event_count=9, body="b", error=True)
        e.add({"service.name": "other"})
    (row,) = rows()
    assert row["name"] == "book"
    assert row["attributes.name"] == "x"
    assert row["attributes.timestamp"] == 1
    assert row["attributes.trace_id"] == "no"
    assert row["attributes.event_count"] == 9
    assert row["attributes.body"] == "b"
    assert "event_count" not in row
    assert row["error"] is True
    assert row["service.name"] == "other"


def test_a_field_with_the_name_of_a_column_can_have_a_pseudonym(service: Service, rows: Rows) -> None:
    service(redaction=Redaction(pseudonyms=("name", "user.id", "host.name"), pseudonym_key=KEY))
    with event("greet") as e:
        e.add({"name": "Ann Smith", "user.id": "ann"})
    with event("other") as e:
        e.add({"user.id": "ann", "auth.tokens": ["a", "b"]})
    greet, other = rows()
    assert greet["name"] == "greet"
    assert greet["attributes.name"] == pseudonym("Ann Smith", KEY)
    assert greet["user.id"] == other["user.id"] == pseudonym("ann", KEY)
    assert greet["host.name"] == other["host.name"]
