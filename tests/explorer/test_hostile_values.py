"""Values that look like HTML, run from right to left, or are longer than a page may be: text everywhere, and code that runs."""

from __future__ import annotations

import json
import threading

import pytest

import obskit as ok
from tests.explorer.test_panels import executed

pytestmark = pytest.mark.once

HOSTILE = (
    '<script>window.evil=1</script>"><img src=x onerror=alert(1)>',
    "\u202eexe.gnp\u202c \u2066right to left\u2069",
    "' or 1 = 1 --",
    'quote " and \\ and \n line\r\n and \x1b[31m\x07 control',
    "{{7*7}} ${7*7} %s {0}",
    "x" * 300_000,
)
SLOW = {"x0": None, "x1": None, "y0": 400, "y1": None}
MOST_BYTES = 200_000  # of what the page gets about a tab


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One file for each hostile value, which is what all slow requests have in common."""
    found = {}
    for place, evil in enumerate(HOSTILE):
        path = tmp_path_factory.mktemp("hostile") / f"{place}.jsonl"
        with path.open("w") as file:
            for number in range(600):
                slow = number % 10 == 0
                row = {
                    "timestamp": f"2026-05-04T10:{number // 60:02}:{number % 60:02}Z",
                    "duration_ms": 900 + number % 7 if slow else 40 + number % 7,
                    "kind": "server",
                    "name": "GET /book",
                    "trace_id": f"{number:032x}",
                    "span_id": f"{number:016x}",
                    "service.name": "booking",
                    "tenant": evil if slow else f"tenant-{number % 4}",
                }
                if slow:
                    row["body"] = evil
                file.write(json.dumps(row) + "\n")
        found[evil] = path
    return found


def send(explorer, **message):
    explorer._receive(explorer, message, [])
    explorer.wait(60)


def displayed(shown):
    """Yield the texts that the page shows; conditions for the clipboard are what they are."""
    if isinstance(shown, str):
        yield shown
    for key, value in (
        shown.items() if isinstance(shown, dict) else enumerate(shown if isinstance(shown, list) else ())
    ):
        if key not in ("conditions", "condition", "whole"):
            yield from displayed(value)


@pytest.mark.parametrize("evil", HOSTILE, ids=["html", "rtl", "sql", "control", "template", "long"])
def test_the_page_gets_short_text_and_the_code_gives_the_same_answer(files, evil):
    explorer = ok.Explorer(ok.load(files[evil]))
    send(explorer, type="brush", brush=SLOW)
    assert any(item["field"] in ("tenant", "body") for item in explorer.explanation.findings[0].conditions)
    assert executed(explorer)["found"].findings == explorer.explanation.findings
    send(explorer, type="group", field="tenant")
    for tab in ("difference", "fields", "group", "messages", "rows", "traces"):
        send(explorer, type="tab", tab=tab)
        assert explorer._status["state"] == "idle", explorer._status
        for shown in (explorer._panel, explorer._found, explorer._asked, explorer._choices):
            text = json.dumps(shown, ensure_ascii=False)
            assert len(text) < MOST_BYTES
            assert not {"\u202e", "\u2066", "\x1b", "\x00"} & set("".join(displayed(shown)))
        executed(explorer)
    # Narrowed by the value itself, without the box: nothing would be left to compare with.
    send(explorer, type="clear")
    send(explorer, type="tab", tab="group")
    place = next(at for at, row in enumerate(explorer._panel["rows"]) if row["cells"][0] == "60")
    send(
        explorer,
        type="only",
        list="panel",
        row=explorer._panel["rows"][place]["value"]["menu"],
        chip=0,
        version=explorer._panel["version"],
    )
    assert explorer.events.query("rows()").table.column(0)[0].as_py() == 60
    assert executed(explorer)["events"].query("rows()").table.column(0)[0].as_py() == 60
    assert len(json.dumps(explorer._asked)) < MOST_BYTES


def test_twenty_quick_boxes_and_two_explorers_of_one_dataset(files):
    events = ok.load(files[HOSTILE[0]])
    pair = ok.Explorer(events), ok.Explorer(events)

    def draw(explorer, least):
        for step in range(20):
            explorer._receive(explorer, {"type": "brush", "brush": {**SLOW, "y0": least + step}}, [])

    threads = [threading.Thread(target=draw, args=given) for given in zip(pair, (300, 500), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for explorer, last in zip(pair, (319, 519), strict=True):
        explorer.wait(120)
        assert explorer.selection == f"duration_ms >= {last}"
        assert explorer.explanation.selection["condition"] == explorer.selection
        assert explorer._status["state"] == "idle"
        assert explorer.explanation.selection["events"] == 54  # six are in the newest stretch
