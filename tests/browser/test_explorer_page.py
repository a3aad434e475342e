"""The Explorer's ES module in a blank page, with a model that only records: no kernel, no server."""

from __future__ import annotations

import struct

import pytest

from obskit.display.palette import RAMP_DARK, RAMP_LIGHT
from obskit.explorer.source import script, style

EVIL = '<img src=x onerror="window.evil=1"><b>bold</b>&amp;'
START = 1_777_888_800_000_000  # 2026-05-04T10:00Z in microseconds
MINUTE = 60_000_000
COLUMNS, ROWS = 40, 20

PAGE = "http://127.0.0.1:9/obskit"
MODEL = """
async ({source, style, state, grid}) => {
  const sheet = document.createElement("style"); sheet.textContent = style; document.head.append(sheet);
  const values = {...state, _grid: new DataView(new Uint8Array(grid).buffer)};
  const listeners = {};
  window.sent = [];
  window.model = {
    get: (name) => values[name],
    on: (name, call) => (listeners[name] ??= []).push(call),
    off: (name, call) => { listeners[name] = (listeners[name] ?? []).filter((one) => one !== call); },
    send: (message) => window.sent.push(message),
    put: (name, value) => {
      values[name] = value;
      for (const call of listeners["change:" + name] ?? []) call();
    },
    tell: (message) => {
      for (const call of listeners["msg:custom"] ?? []) call(message);
    },
    count: () => Object.values(listeners).reduce((sum, calls) => sum + calls.length, 0),
  };
  const module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
  const el = document.createElement("div"); document.body.append(el);
  window.cleanup = await module.default.render({model: window.model, el});
}
"""


def view(**more):
    return {
        "columns": COLUMNS,
        "rows": ROWS,
        "x": {
            "field": "timestamp",
            "time": True,
            "log": False,
            "low": START,
            "high": START + COLUMNS * MINUTE,
        },
        "y": {"field": "duration_ms", "time": False, "log": True, "low": 1.0, "high": 10_000.0, "unit": "ms"},
        "fields": ["duration_ms", "http.response.size"],
        "markers": [{"at": START + 20 * MINUTE, "label": EVIL}],
        "incomplete_from": START + 39 * MINUTE,
        "incomplete": "Hatched: the newest minute.",
        "about": "100,000 events",
        "notes": [],
        "ramp": {"light": list(RAMP_LIGHT), "dark": list(RAMP_DARK)},
        **more,
    }


def grid():
    cells = [0] * (COLUMNS * ROWS)
    for column in range(COLUMNS):
        for row in range(5, 12):
            cells[row * COLUMNS + column] = 10 ** (column % 5)
    return list(struct.pack(f"<{len(cells)}I", *cells))


def row(*chips, **more):
    return {
        "chips": list(chips),
        "conditions": [f"condition of {chip}" for chip in chips],
        "condition": " and ".join(chips),
        "selected": {"share": 0.92, "text": "92.0%", "events": "(1,234)"},
        "baseline": {"share": 0.011, "text": "1.1%", "events": "(987)"},
        "strength": "84× (70–99×) the rate elsewhere",
        "note": None,
        "aliases": ["container.image.tag = 2.4.0"],
        "examples": {
            "selected": [{"id": "65b3af7c" * 4, "url": None}],
            "baseline": [{"id": "0" * 32, "url": "javascript:alert(1)"}],
        },
        **more,
    }


def found(**more):
    return {
        "selection": {"events": "1,341", "condition": f"duration_ms > 500 {EVIL}"},
        "baseline": {"events": "98,659", "condition": "not (duration_ms > 500)"},
        "history": None,
        "lists": [
            {
                "key": "findings",
                "title": "What sets it apart",
                "open": True,
                "rows": [row("service.version = 2.4.0", EVIL)],
            },
            {"key": "refinements", "title": "Narrower slices", "open": False, "rows": [row("region = eu")]},
        ],
        "skipped": [{"field": EVIL, "reason": "unique"}],
        "skipped_count": "1",
        "notes": [EVIL],
        "version": 7,
        **more,
    }


def asked(**more):
    """Return what the controls show."""
    return {
        "steps": [{"text": "http.route = '/book'", "whole": "http.route = '/book'"}],
        "opened": "",
        "operation": "",
        "window": "",
        "can_zoom": False,
        "brush": {},
        "selection": "",
        "compare": "rest",
        "compares": [["rest", "everything outside the box"], ["time", "other events in the same time"]],
        "tab": "difference",
        "group": "",
        "trace": "",
        "zone": "utc",
        "undo": True,
        "redo": False,
        "at": 1,
        "history": [{"at": 0, "text": "opened"}, {"at": 1, "text": EVIL}],
        **more,
    }


def lines():
    """Return the lines over time: 40 minutes, errors in the middle only."""
    values = [{"name": "rate", "values": [float(minute) for minute in range(COLUMNS)]}]
    errors = [{"name": "errors", "values": [0.5 if 10 < minute < 20 else None for minute in range(COLUMNS)]}]
    return {
        "start": START,
        "step": MINUTE,
        "every": "1m",
        "lines": [
            {"key": "rate", "title": "rate", "unit": "/s", "series": values},
            {"key": "errors", "title": "errors", "unit": "%", "series": errors},
        ],
    }


def put(page, name, value):
    page.evaluate("([name, value]) => model.put(name, value)", [name, value])


def state(**more):
    return {
        "_view": view(),
        "_asked": asked(),
        "_strip": lines(),
        "_choices": {"operations": [], "fields": ["region", "http.route"]},
        "_panel": {},
        "_found": {},
        "_code": "import obskit as ok",
        "_status": {},
        **more,
    }


@pytest.fixture
def page(new_page):
    def start(background="#fff", **options):
        page = new_page(**options)
        page.route(
            PAGE,
            lambda route: route.fulfill(
                content_type="text/html", body=f"<body style='background:{background}'>"
            ),
        )
        page.goto(PAGE)
        page.evaluate(MODEL, {"source": script(), "style": style(), "state": state(), "grid": grid()})
        return page

    return start


def drag(page, x0, y0, x1, y1):
    """Drag over the plot; coordinates are fractions from its left and its bottom."""
    box = page.locator(".obskit-area").bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"]) for x, y in ((x0, y0), (x1, y1))]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=5)
    page.mouse.up()


def sent(page):
    return page.evaluate("window.sent")


def pixel(page, column, row):
    context = "document.querySelector('canvas').getContext('2d')"
    return page.evaluate(f"[...{context}.getImageData({column}, {ROWS - 1 - row}, 1, 1).data]")


def test_cells_are_drawn_by_log_and_empty_is_left_out(page):
    page = page()
    assert pixel(page, 0, 0) == [0, 0, 0, 0]
    few, many = pixel(page, 0, 5), pixel(page, 4, 5)
    assert few[3] == many[3] == 255
    assert sum(few[:3]) > sum(many[:3])  # on white, more is darker
    assert page.locator(".obskit-x").inner_text().startswith("10:00")
    assert "1,000" in page.locator(".obskit-y").inner_text()
    assert page.locator(".obskit-area .obskit-hatch").is_visible()
    assert page.locator(".obskit-area .obskit-marker").inner_text() == EVIL


def test_dark_page_flips_the_ramp(page):
    page = page("#111", color_scheme="dark")
    few, many = pixel(page, 0, 5), pixel(page, 4, 5)
    assert sum(few[:3]) < sum(many[:3])
    assert page.locator(".obskit.obskit-dark").count() == 1
    ink = page.locator(".obskit").evaluate("node => getComputedStyle(node).color")
    assert ink.startswith("rgba(255, 255, 255")


def test_a_dragged_box_is_sent_in_the_fields_own_units(page):
    page = page()
    drag(page, 0.25, 0.5, 0.5, 0.75)
    (message,) = sent(page)
    assert message["type"] == "brush"
    brush = message["brush"]
    assert brush["x0"] == pytest.approx(START + 10 * MINUTE, abs=MINUTE / 5)
    assert brush["x1"] == pytest.approx(START + 20 * MINUTE, abs=MINUTE / 5)
    assert brush["y0"] == pytest.approx(100, rel=0.05)
    assert brush["y1"] == pytest.approx(1000, rel=0.05)


def test_sides_on_the_rim_are_open_and_a_drag_may_leave_the_plot(page):
    page = page()
    drag(page, 0.5, 0.5, 1.5, 1.5)
    (message,) = sent(page)
    assert (message["brush"]["x1"], message["brush"]["y1"]) == (None, None)
    assert message["brush"]["x0"] is not None


def test_a_click_clears(page):
    page = page()
    page.locator(".obskit-area").click()
    assert sent(page) == [{"type": "clear"}]


def test_the_keyboard_draws_a_box_and_says_where(page):
    page = page()
    page.locator(".obskit-area").focus()
    page.keyboard.press("ArrowRight")
    assert "events" in page.locator("[aria-live]").inner_text()
    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowUp"):
        page.keyboard.press(key)
    assert page.locator("[aria-live]").inner_text().startswith("Box 10:21:00 – 10:24:00")
    page.keyboard.press("Enter")
    (message,) = sent(page)
    assert message["brush"]["x0"] == START + 21 * MINUTE
    assert message["brush"]["x1"] == START + 24 * MINUTE
    assert message["brush"]["y0"] == pytest.approx(100)
    page.keyboard.press("Escape")
    assert sent(page)[-1] == {"type": "clear"}
    # The other way: Enter begins, arrows stretch, Enter ends.
    for key in ("Enter", "ArrowLeft", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    assert sent(page)[-1]["type"] == "brush"


def test_the_box_python_holds_is_drawn(page):
    page = page()
    put(page, "_asked", asked(brush={"x0": START, "x1": START + 20 * MINUTE, "y0": 100, "y1": None}))
    box, area = page.locator(".obskit-box").bounding_box(), page.locator(".obskit-area").bounding_box()
    assert box["width"] == pytest.approx(area["width"] / 2, abs=3)
    assert box["height"] == pytest.approx(area["height"] / 2, abs=3)
    put(page, "_asked", asked())
    assert page.locator(".obskit-box").is_hidden()


def test_the_explanation_has_counts_shares_words_and_no_html(page):
    page = page()
    page.evaluate("(found) => model.put('_found', found)", found())
    panel = page.locator(".obskit-panel")
    text = panel.inner_text()
    for part in (
        "Selection: 1,341 events",
        "Baseline: 98,659 events",
        "92.0% (1,234)",
        "1.1% (987)",
        "84×",
        EVIL,
    ):
        assert part in text
    assert page.locator(".obskit img, .obskit li b:has-text('bold')").count() == 0
    assert page.evaluate("window.evil") is None
    selected, baseline = (
        page.locator(f".obskit-fill.obskit-{side}").first for side in ("selected", "baseline")
    )
    assert selected.bounding_box()["width"] > 20 * baseline.bounding_box()["width"]
    assert selected.evaluate("n => getComputedStyle(n).backgroundColor") == "rgb(230, 159, 0)"
    assert "gradient" in baseline.evaluate(
        "n => getComputedStyle(n).backgroundImage"
    )  # hatched, not colour alone
    page.get_by_text("Example traces").first.click()
    assert page.locator(".obskit a").count() == 0  # a javascript: address becomes no link


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_menu_of_a_value(page, way):
    page = page()
    page.evaluate("(found) => model.put('_found', found)", found())
    chip = page.get_by_role("button", name="service.version = 2.4.0")
    if way == "mouse":
        chip.click()
        page.get_by_role("menuitem", name="Exclude").click()
    else:
        chip.focus()
        page.keyboard.press("Enter")
        assert chip.get_attribute("aria-expanded") == "true"
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
    assert sent(page) == [{"type": "exclude", "list": "findings", "row": 0, "chip": 0, "version": 7}]
    assert page.locator(".obskit-menu").count() == 0
    assert chip.evaluate("node => document.activeElement === node")
    chip.press("ArrowDown")
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.textContent") == "Copy condition"
    page.keyboard.press("Escape")
    assert page.locator(".obskit-menu").count() == 0
    page.get_by_role("button", name="all of these").click()
    assert page.get_by_role("menuitem").all_inner_texts() == [
        "Only these events",
        "Exclude these events",
        "Copy condition",
    ]
    page.get_by_role("menuitem", name="Only").click()
    assert sent(page)[-1] == {"type": "only", "list": "findings", "row": 0, "chip": None, "version": 7}


def test_copy_puts_the_condition_on_the_clipboard(page):
    page = page(permissions=["clipboard-read", "clipboard-write"])
    page.evaluate("(found) => model.put('_found', found)", found())
    page.get_by_role("button", name="service.version = 2.4.0").click()
    page.get_by_role("menuitem", name="Copy").click()
    page.wait_for_function("document.querySelector('[aria-live]').textContent.startsWith('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == "condition of service.version = 2.4.0"


def test_code_status_error_steps_axis_and_group(page):
    page = page()
    page.get_by_role("button", name="Show code").click()
    assert page.locator("pre").inner_text() == "import obskit as ok"
    page.evaluate("(text) => model.put('_status', {state: 'error', text, hint: 'Did you mean name?'})", EVIL)
    assert page.locator(".obskit-status").inner_text() == f"Error: {EVIL}\nHint: Did you mean name?"
    assert EVIL in page.locator("[aria-live]").inner_text()
    page.get_by_role("button", name="Remove http").click()
    page.get_by_label("Field on the vertical axis").select_option("http.response.size")
    page.get_by_label("Compare").select_option("time")
    table = {
        "tab": "group",
        "version": 3,
        "field": "region",
        "head": ["region", "events", "over time"],
        "rows": [{"value": {"text": EVIL, "menu": 0, "condition": "x"}, "cells": ["12"], "spark": [1, 2, 0]}],
        "notes": [],
    }
    put(page, "_panel", table)
    put(page, "_asked", asked(tab="group", group="region"))
    assert page.locator("td").first.inner_text().startswith(EVIL)
    page.get_by_role("button", name="No groups").click()
    assert sent(page) == [
        {"type": "remove", "step": 0},
        {"type": "axis", "y": "http.response.size"},
        {"type": "compare", "compare": "time"},
        {"type": "ungroup"},
    ]


def test_a_deployment_is_judged_where_it_was_asked_for(page):
    page = page()
    put(page, "_found", {**found(), "deployments": [EVIL]})
    page.get_by_role("button", name="Judge").press("Enter")
    assert sent(page) == [{"type": "judge", "deployment": EVIL}]
    put(page, "_verdict", {"name": EVIL, "busy": True})
    assert page.get_by_role("button", name="Judge").is_disabled()
    verdict = {"name": EVIL, "word": "regress", "text": f"it fails {EVIL}", "criteria": ["errors: regress"]}
    put(page, "_verdict", verdict)
    panel = page.locator(".obskit-verdict")
    assert f"{EVIL}: regress. it fails {EVIL}" in panel.inner_text()
    assert page.locator("[aria-live]").inner_text() == f"regress: it fails {EVIL}"
    put(page, "_verdict", {"name": EVIL, "error": f"no data {EVIL}", "hint": "draw the box again"})
    assert f"Error: no data {EVIL} Hint: draw the box again" in panel.inner_text()
    assert page.evaluate("window.evil") is None


def test_nothing_to_draw_is_said(page):
    page = page()
    page.evaluate("model.put('_grid', new DataView(new ArrayBuffer(40 * 20 * 4)))")
    assert page.locator(".obskit-empty").inner_text() == "No events to draw."


def test_cleaning_up_leaves_no_listener(page):
    page = page()
    assert page.evaluate("(cleanup(), model.count())") == 0


def test_following_is_turned_on_and_its_words_are_text(page):
    page = page()
    assert not page.get_by_label("Follow").is_checked()
    assert {"type": "seen"} not in sent(page)
    page.get_by_label("Follow").check()
    assert sent(page)[-1] == {"type": "follow", "on": True}
    page.evaluate("text => model.put('_following', {every: 5, text, error: ''})", f"6,120 events {EVIL}")
    assert page.locator(".obskit-followed").inner_text() == f"6,120 events {EVIL}"
    page.evaluate("text => model.put('_following', {every: 5, text: '', error: text})", f"no room {EVIL}")
    assert page.locator(".obskit-followed.obskit-error").inner_text() == f"Following: no room {EVIL}"
    assert page.locator("[aria-live]").inner_text() == f"Following: no room {EVIL}"
    assert page.evaluate("window.evil") is None
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert sent(page)[-1] == {"type": "seen"}
    page.evaluate("model.put('_following', {})")
    assert not page.get_by_label("Follow").is_checked()
    page.evaluate("cleanup(); document.dispatchEvent(new Event('visibilitychange'))")
    assert sent(page)[-1] == {"type": "seen"}
    assert page.evaluate("model.count()") == 0


def test_a_picture_that_comes_while_a_box_is_drawn_waits(page):
    """The axes stay under the pointer; the new picture is shown when the button is let go of."""
    page = page()
    box = page.locator(".obskit-area").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)
    page.evaluate("view => model.put('_view', view)", view(about="200,000 events"))
    assert page.locator(".obskit-about").inner_text() == "100,000 events"
    page.mouse.up()
    assert sent(page)[0]["brush"]["x0"] == pytest.approx(START + 10 * MINUTE, abs=MINUTE / 5)
    page.wait_for_function("document.querySelector('.obskit-about').textContent === '200,000 events'")


def test_the_memory_of_the_page_is_flat_after_two_hundred_boxes(page):
    page = page()
    session = page.context.new_cdp_session(page)

    def boxes(first, last):
        for number in range(first, last):
            brush = {"x0": START, "x1": START + (1 + number % 30) * MINUTE, "y0": 100, "y1": None}
            put(page, "_asked", asked(brush=brush))
            put(page, "_found", {**found(), "version": number})
            put(page, "_strip", lines())
            put(page, "_view", view(about=f"{number} events"))
        session.send("HeapProfiler.collectGarbage")
        counts = session.send("Memory.getDOMCounters")
        heap = session.send("Runtime.getHeapUsage")["usedSize"]
        return counts["nodes"], counts["jsEventListeners"], heap

    boxes(0, 20)  # until caches are full
    nodes, listeners, heap = boxes(20, 40)
    nodes_after, listeners_after, heap_after = boxes(40, 240)
    assert nodes_after <= nodes + 200  # less than one for each box
    assert listeners_after <= listeners + 100
    assert heap_after <= heap + 1_000_000
