"""Nothing that is shown holds a character that a terminal acts on, whatever the names and values of events."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import obskit as ok
from obskit.cli.app import main
from obskit.errors import ObskitError
from obskit.schema.report import Rejection
from obskit.text import is_safe

# One per kind: C0, ESC, DEL, C1, bidi overrides and isolates, line and paragraph separators, invisible.
ODD = "\x00\x07\x08\r\x1b[31m\x7f\x85\x9b2J\u202a\u202b\u202d\u202e\u2066\u2067\u2069\u2028\u2029\ufeff\u200b"
FIELD = f"field {ODD}"
ID = f"4bf92f35{ODD}"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    begin = datetime(2026, 5, 4, 10, tzinfo=UTC)
    lines = []
    for n in range(400):
        slow = n % 4 == 0 and n > 200
        row = {
            "timestamp": (begin + timedelta(seconds=n)).isoformat(),
            "duration_ms": 900.0 + n if slow else 10.0 + n % 7,
            "name": f"GET {ODD}",
            "kind": "server",
            "trace_id": ID if n < 3 else f"{n:032x}",
            "span_id": f"{n}{ODD}",
            "service.name": f"booking {ODD}",
            "service.version": f"2{ODD}" if n > 200 else f"1{ODD}",
            "user.id": f"user {n % 9}{ODD}",
            "status_message": ODD,
            "error.type": f"Timeout {ODD}" if slow else None,
            "status_code": "ERROR" if slow else "OK",
            "body": f"failed for {n} {ODD}",
            FIELD: f"value {ODD}" if slow else f"other {ODD}",
        }
        lines.append(json.dumps(row))
    lines.append('{"torn": ' + ODD)
    found = tmp_path_factory.mktemp("odd") / "events.jsonl"
    found.write_text("\n".join(lines))
    return found


@pytest.fixture(scope="module")
def events(path: Path) -> ok.Events:
    return ok.load(path)


def unsafe(text: str) -> set[str]:
    return {c for c in text if not is_safe(c) and c not in "\n\t"}


def quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"'


def _error(work: Callable[[], object]) -> str:
    with pytest.raises(ObskitError) as caught:
        work()
    return str(caught.value)


RESULTS: dict[str, Callable[[ok.Events], Any]] = {
    "events": lambda events: events,
    "narrowed": lambda events: events.where(f"{quoted(FIELD)} = 'value {ODD}'"),
    "schema": lambda events: events.schema,
    "dataset": lambda events: events.dataset,
    "load report": lambda events: events.load_report,
    "query": lambda events: events.query("count()", by=[FIELD, "name"]),
    "query of a named column": lambda events: events.query(f'count() as "n {ODD}"'),
    "series": lambda events: events.query("count()", by=FIELD, every="1m"),
    "fields": lambda events: events.fields(),
    "heatmap": lambda events: events.heatmap(bins=(10, 5)),
    "trace": lambda events: events.trace(ID),
    "traces": lambda events: events.traces(5),
    "sample": lambda events: events.sample(5),
    "impact": lambda events: events.impact("duration_ms > 500"),
    "explain": lambda events: events.explain("duration_ms > 500", population="all"),
    "triage": lambda events: events.triage(since="2026-05-04T10:03:21Z", population="all"),
    "derived": lambda events: events.derive(**{f"new {ODD[1:]}": "duration_ms"}).fields(),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_show_no_control_characters(name: str, events: ok.Events) -> None:
    found = RESULTS[name](events)
    for text in (str(found), repr(found), found._repr_html_() if hasattr(found, "_repr_html_") else ""):
        assert unsafe(text) == set()
    assert "\\x1b[31m" in repr(found) or name in WITHOUT


def test_findings_and_rejections_show_none(events: ok.Events) -> None:
    found = events.explain("duration_ms > 500", population="all")
    assert found.findings
    assert unsafe("".join(map(str, found.findings))) == set()
    assert unsafe(str(Rejection(f"file {ODD}", "line 1", ODD))) == set()


@pytest.mark.parametrize("name", ["series", "heatmap", "trace", "explain"])
def test_figures_show_none(name: str, events: ok.Events) -> None:
    figure = RESULTS[name](events).plot()
    assert unsafe(json.loads(figure.to_json())["layout"].get("title", {}).get("text", "")) == set()
    assert unsafe(repr(figure)) == set()
    shown = json.dumps(json.loads(figure.to_json()), ensure_ascii=False)
    assert not {"\u202e", "\u2066", "\u2028"} & set(shown)


WITHOUT = ("heatmap", "load report", "traces", "sample", "impact")
"""Results whose text is cut before the odd part of a name, or has none."""

ERRORS: dict[str, Callable[[ok.Events], object]] = {
    "unknown field": lambda events: events.where(f'"no {ODD}" = 1'),
    "unknown field, near": lambda events: events.fields([FIELD + "x"]),
    "unknown by": lambda events: events.query("count()", by=f"no {ODD}"),
    "by twice": lambda events: events.query("count()", by=[FIELD, FIELD]),
    "unreadable": lambda events: events.where(f"{quoted(FIELD)} = = '{ODD}'"),
    "not a number": lambda events: events.where(f"duration_ms > '{ODD}'"),
    "not true or false": lambda events: events.where(quoted(FIELD)),
    "text order": lambda events: events.where(f"{quoted(FIELD)} > 5"),
    "not a time": lambda events: events.between(f"2026{ODD}"),
    "null": lambda events: events.where(f"{quoted(FIELD)} = null"),
    "function": lambda events: events.where(f"round({quoted(FIELD)}) = 1"),
    "pattern": lambda events: events.where(f"{quoted(FIELD)} like name"),
    "no trace": lambda events: events.trace(f"no {ODD}"),
    "derive twice": lambda events: events.derive(**{FIELD: "1"}),
    "calculation": lambda events: events.query(f"sum({quoted(FIELD)})"),
    "unknown calculation": lambda events: events.query(f"no({ODD})"),
    "order": lambda events: events.query("count()", order=f"no {ODD}"),
    "every": lambda events: events.query("count()", every=ODD),
    "axis": lambda events: events.heatmap(x=FIELD),
    "empty": lambda events: events.explain(f"{quoted(FIELD)} = 'no {ODD}'"),
    "impact": lambda events: events.impact(f"{quoted(FIELD)} = 'no {ODD}'"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_show_none(name: str, events: ok.Events) -> None:
    assert unsafe(_error(lambda: ERRORS[name](events))) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["info"],
        ["query", "count()", "--by", FIELD],
        ["explain", "duration_ms > 500"],
        ["triage"],
        ["impact", "duration_ms > 500"],
        ["trace", ID],
    ],
)
def test_the_command_line_shows_none(
    arguments: list[str], path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb, *rest = arguments
    main([verb, str(path), *rest])
    shown = capsys.readouterr()
    assert shown.out or shown.err
    assert unsafe(shown.out + shown.err) == set()
