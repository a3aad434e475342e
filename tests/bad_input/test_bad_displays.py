"""Values that whoever sends events may choose are escaped in every display."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pyarrow as pa
import pytest

import obskit as ok
from obskit.cli import main

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[31m\x9b2J\r\n\u202e{{7*7}}</style>"
FIELD = '<b onclick="x()">f\x1b[0m</b>'
ROWS = 300
BEGIN = datetime(2026, 5, 4, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def events() -> ok.Events:
    slow = [i % 4 == 0 for i in range(ROWS)]
    return ok.load(
        pa.table(
            {
                "timestamp": pa.array([BEGIN + timedelta(seconds=i) for i in range(ROWS)]),
                "duration_ms": [100.0 if s else 1.0 for s in slow],
                "name": [EVIL if i % 3 else "ok" for i in range(ROWS)],
                "kind": ["server"] * ROWS,
                "trace_id": [f"{i // 3 + 1:032x}" for i in range(ROWS)],
                "span_id": [f"{i + 1:016x}" for i in range(ROWS)],
                "error": slow,
                "v": [EVIL + str(i % 8) if s else "plain" for i, s in enumerate(slow)],
                FIELD: [EVIL if i % 2 else "a" for i in range(ROWS)],
                "service.name": [EVIL] * ROWS,
                "service.version": [EVIL if i > 150 else "1" for i in range(ROWS)],
                "status_message": [EVIL] * ROWS,
            }
        ),
        trace_url="https://tracing.example/{trace_id}",
    )


class Page(HTMLParser):
    """Collects the elements and attributes of a page that could run code or load something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.bad: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        ours = tag == "img" and (given.get("src") or "").startswith("data:image/png;base64,")
        if tag in ("script", "img", "iframe", "object", "link", "b") and not ours and (attrs or tag != "b"):
            self.bad.append(tag)
        self.bad += [f"{tag} {name}" for name in given if name.startswith("on")]
        href = given.get("href")
        if href is not None and not href.startswith("https://tracing.example/"):
            self.bad.append(f"{tag} {href}")


def shows(events: ok.Events) -> dict[str, Any]:
    evil = EVIL.replace("'", "''")
    return {
        "events": events,
        "narrowed": events.where(f"name = '{evil}'"),
        "load report": events.load_report,
        "fields": events.fields(),
        "query": events.query("count()", by=["name", FIELD]),
        "series": events.query("count()", by="v", every="1m", limit=2),
        "explain": events.explain("duration_ms > 50", where=f"name = '{evil}'", depth=2),
        "triage": events.triage(),
        "impact": events.impact("duration_ms > 50", by="v"),
        "trace": events.trace(f"{1:032x}"),
        "traces": events.traces(),
        "sample": events.sample(5),
        "heatmap": events.heatmap(),
    }


def test_values_are_escaped_in_html_and_terminals(events: ok.Events) -> None:
    for name, shown in shows(events).items():
        page = shown._repr_html_()
        assert Page(page).bad == [], name
        for text in (page, repr(shown), str(shown)):
            found = {c for c in text if not c.isprintable()} - {"\n"}
            assert not found, (name, found)


def test_results_print_as_tables(events: ok.Events) -> None:
    for shown in (events.query("count()", by="v"), events.heatmap()):
        assert repr(shown) == str(shown)
        assert "table=" not in repr(shown)


def test_the_explorer_without_a_kernel(events: ok.Events) -> None:
    widget = ok.Explorer(events)
    bundle = widget._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    assert Page(bundle["text/html"]).bad == []


def test_values_are_escaped_in_figures(events: ok.Events) -> None:
    for name in ("series", "explain", "trace", "heatmap"):
        drawn = shows(events)[name].plot().to_json()
        assert "<script" not in drawn, name
        assert "<img" not in drawn, name


def texts(value: Any) -> list[str]:
    """Return all strings within a JSON value."""
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in texts(item)]


@pytest.mark.parametrize(
    "words",
    [
        ["triage"],
        ["info"],
        ["query", "count()", "--by", "name", "--by", FIELD],
        ["explain", "--select", "duration_ms > 50"],
        ["impact", "--select", "duration_ms > 50", "--by", "v"],
    ],
)
def test_the_command_line(events: ok.Events, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    call = [words[0], str(events.dataset.path), *words[1:]]
    assert main(call) == 0
    said = capsys.readouterr()
    assert {c for c in said.out if not c.isprintable()} == {"\n"}
    assert said.err == ""
    assert main([*call, "--json"]) == 0
    printed = capsys.readouterr().out
    assert {c for c in printed if not c.isprintable()} == {"\n"}
    if words[0] != "impact":  # impact shows no values
        assert EVIL in "\n".join(texts(json.loads(printed))), "JSON has it unchanged"
