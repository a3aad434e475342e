"""The Explorer's filter line, controls, lines over time and tabs in a blank page, with a model that records."""

from __future__ import annotations

import pytest

from tests.browser.test_explorer_page import EVIL, MINUTE, START, asked, found, lines, page, put, sent, view

__all__ = ["page"]

OFFERS = [
    {"insert": "http.route ", "text": "http.route", "detail": "string", "begin": 0, "end": 3},
    {"insert": f"'{EVIL}' ", "text": f"'{EVIL}'", "detail": "12 rows", "begin": 0, "end": 3},
]


def reply(page, message):
    """Send a custom message as Python does."""
    page.evaluate("message => model.tell(message)", message)


def completion(page, **more):
    """Answer the last question for completions."""
    page.wait_for_function("sent.some(message => message.type === 'complete')")
    last = [message for message in sent(page) if message["type"] == "complete"][-1]
    message = {
        "type": "completion",
        "asked": last["asked"],
        "offers": OFFERS,
        "error": "",
        "hint": "",
        **more,
    }
    reply(page, message)
    return last


def acts(page):
    """Return what was asked for, without the questions for completions and pages."""
    return [message for message in sent(page) if message["type"] not in ("complete", "page")]


def test_typing_asks_for_completions_and_the_keyboard_takes_one(page):
    page = page()
    line = page.get_by_role("combobox", name="Filter")
    line.click()
    page.keyboard.type("htt")
    page.wait_for_function("sent.at(-1)?.text === 'htt'")
    assert completion(page, error="no field is called 'htt'")["at"] == 3
    assert page.locator(".obskit-problem").inner_text() == ""  # it may become one that is completed
    assert page.locator(".obskit-offers li").count() == 2
    assert EVIL in page.locator(".obskit-offers li").last.inner_text()
    assert line.get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    assert page.locator(".obskit-offers li").first.get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    assert line.input_value() == "http.route "
    assert acts(page) == []
    page.keyboard.type("= 'x'")
    page.keyboard.press("Enter")
    assert acts(page) == [{"type": "filter", "text": "http.route = 'x'", "step": None}]
    assert line.input_value() == "http.route = 'x'"  # it stays until Python took it
    put(page, "_asked", asked(steps=[{"text": "http.route = 'x'", "whole": "http.route = 'x'"}]))
    assert line.input_value() == ""
    assert page.evaluate("window.evil") is None


def test_a_late_answer_to_older_text_is_dropped(page):
    page = page()
    page.get_by_role("combobox", name="Filter").click()
    page.keyboard.type("h")
    first = completion(page, offers=[])
    page.keyboard.type("t")
    page.wait_for_function("sent.at(-1)?.text === 'ht'")
    reply(page, {"type": "completion", "asked": first["asked"], "offers": OFFERS, "error": "", "hint": ""})
    assert page.locator(".obskit-offers li").count() == 0


def test_a_late_answer_keeps_the_offer_that_is_pointed_at(page):
    """The answer to the longer word comes between the arrow and Enter."""
    page = page()
    line = page.get_by_role("combobox", name="Filter")
    line.click()
    page.wait_for_function("sent.at(-1)?.type === 'complete'")
    completion(page, offers=[{**offer, "begin": 0, "end": 0} for offer in OFFERS])
    page.keyboard.type("route")
    assert page.locator(".obskit-offers li").all_inner_texts() == ["http.route\nstring"]  # what still fits
    page.wait_for_function("sent.at(-1)?.text === 'route'")
    page.keyboard.press("ArrowDown")
    completion(page, offers=[{**OFFERS[1], "end": 5}, {**OFFERS[0], "end": 5}])
    assert page.locator(".obskit-offers li").last.get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    assert line.input_value() == "http.route "
    assert acts(page) == []


def offered(page):
    """Type the beginning of a name, and return the filter line, with two offers below it."""
    line = page.get_by_role("combobox", name="Filter")
    line.click()
    page.keyboard.type("ht")
    page.wait_for_function("sent.at(-1)?.text === 'ht'")
    completion(page, offers=[{**offer, "end": 2} for offer in OFFERS])
    return line


def test_an_offer_that_is_older_than_the_text_replaces_the_whole_word(page):
    page = page()
    line = offered(page)
    page.keyboard.type("tp.r")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert line.input_value() == "http.route "


def test_offers_stay_where_the_focus_comes_back_at_once(page):
    """A notebook takes the focus when a cell ends, and gives it back."""
    page = page()
    line = offered(page)
    line.evaluate("(input) => { input.blur(); input.focus(); }")
    page.wait_for_timeout(300)  # longer than offers stay after the focus has gone
    assert page.locator(".obskit-offers li").count() == 2
    assert page.locator(".obskit-offers").is_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert line.input_value() == "http.route "


def test_what_is_wrong_is_shown_while_typing(page):
    page = page()
    page.get_by_role("combobox", name="Filter").click()
    page.keyboard.type("htt")
    page.wait_for_function("sent.at(-1)?.text === 'htt'")
    completion(page, offers=[], error=f"no field {EVIL}", hint="the nearest is http.route")
    assert page.locator(".obskit-problem").inner_text() == f"no field {EVIL} Hint: the nearest is http.route"
    assert page.locator("[aria-live]").inner_text() == f"no field {EVIL}"


def test_why_a_condition_is_rejected_is_shown_at_the_line(page):
    page = page()
    page.get_by_role("combobox", name="Filter").fill("htt = 1")
    page.get_by_role("combobox", name="Filter").press("Enter")
    assert page.locator(".obskit-problem").is_hidden()
    put(page, "_status", {"state": "error", "text": f"no field {EVIL}", "hint": "the nearest is http.route"})
    assert page.locator(".obskit-problem").inner_text() == f"no field {EVIL} Hint: the nearest is http.route"
    put(page, "_status", {"state": "idle", "text": ""})
    put(page, "_status", {"state": "error", "text": "another question", "hint": ""})
    assert "another question" not in page.locator(".obskit-problem").inner_text()


def test_a_condition_is_changed_in_its_place(page):
    page = page()
    page.get_by_title("Change this condition").click()
    line = page.get_by_role("combobox", name="Filter")
    assert line.input_value() == "http.route = '/book'"
    line.fill("http.route = '/pay'")
    page.get_by_role("button", name="Apply").click()
    assert acts(page) == [{"type": "filter", "text": "http.route = '/pay'", "step": 0}]


def test_controls_send_what_was_chosen(page):
    page = page()
    put(
        page,
        "_choices",
        {"operations": [{"condition": "name = 'x'", "text": EVIL, "detail": "5"}], "fields": []},
    )
    put(page, "_asked", asked(can_zoom=True, window="2026-05-04T10:00:00Z/", redo=True))
    page.get_by_label("Operation").select_option(f"{EVIL} (5)")
    page.get_by_label("Time:").fill("-30m")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Zoom to box").click()
    page.get_by_role("button", name="All time").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Redo").click()
    page.get_by_role("button", name="History").click()
    assert page.get_by_role("menuitem").all_inner_texts() == [f"● 2. {EVIL}", "1. opened"]
    page.get_by_role("menuitem", name="opened").click()
    page.get_by_label("Time zone").select_option("local")
    assert acts(page) == [
        {"type": "operation", "condition": "name = 'x'"},
        {"type": "time", "text": "-30m"},
        {"type": "zoom", "in": True},
        {"type": "zoom", "in": False},
        {"type": "undo"},
        {"type": "redo"},
        {"type": "go", "at": 0},
        {"type": "zone", "zone": "local"},
    ]


def test_keys_undo_and_redo_but_not_in_text(page):
    page = page()
    page.locator(".obskit-area").focus()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Shift+Z")
    assert acts(page) == [{"type": "undo"}, {"type": "redo"}]
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "combobox"
    page.keyboard.type("ab")
    page.keyboard.press("Control+z")
    assert len(acts(page)) == 2


def test_times_are_those_of_the_browser_if_asked(page):
    page = page(timezone_id="Asia/Kolkata")
    assert page.locator(".obskit-x").inner_text().startswith("10:00")
    put(page, "_asked", asked(zone="local"))
    assert "15:30" in page.locator(".obskit-x").inner_text()
    assert "(local time)" in page.locator(".obskit-x").inner_text()


def test_a_stretch_of_time_is_dragged_on_the_lines(page):
    page = page()
    area = page.locator(".obskit-line-area").first.bounding_box()
    page.mouse.move(area["x"] + area["width"] / 4, area["y"] + 20)
    assert page.locator(".obskit-strip-readout").inner_text() == "10:10, 1m: rate 10 /s, errors none"
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] / 2, area["y"] + 20, steps=4)
    page.mouse.up()
    (message,) = acts(page)
    assert message["type"] == "brush"
    assert message["brush"]["x0"] == pytest.approx(START + 10 * MINUTE, abs=MINUTE / 5)
    assert message["brush"]["x1"] == pytest.approx(START + 20 * MINUTE, abs=MINUTE / 5)
    assert (message["brush"]["y0"], message["brush"]["y1"]) == (None, None)
    brush = {"x0": START, "x1": START + 20 * MINUTE, "y0": 100, "y1": None}
    put(page, "_asked", asked(brush=brush))
    stretch = page.locator(".obskit-stretch").first.bounding_box()
    assert stretch["width"] == pytest.approx(area["width"] / 2, abs=3)


def test_a_stretch_of_the_line_of_errors_selects_the_errors(page):
    page = page()
    area = page.locator("[data-line=errors]").bounding_box()
    page.mouse.move(area["x"] + area["width"] / 4, area["y"] + 20)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] / 2, area["y"] + 20, steps=4)
    page.mouse.up()
    (message,) = acts(page)
    assert message["brush"]["errors"] is True
    put(page, "_asked", asked(brush=message["brush"]))
    assert page.locator(".obskit-stretch").count() == 1  # on that line
    assert page.locator(".obskit-box").evaluate("node => getComputedStyle(node).borderStyle") == "dashed"
    page.locator(".obskit-strip").focus()
    for key in ("Shift+ArrowLeft", "Shift+Enter"):
        page.keyboard.press(key)
    assert acts(page)[-1]["brush"]["errors"] is True


def test_the_keyboard_selects_on_the_lines(page):
    page = page()
    page.locator(".obskit-strip").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("[aria-live]").inner_text().startswith("10:21, 1m: rate 21 /s")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    (message,) = acts(page)
    assert message["brush"]["x0"] == START + 18 * MINUTE
    assert message["brush"]["x1"] == START + 22 * MINUTE
    page.keyboard.press("Escape")
    assert acts(page)[-1] == {"type": "clear"}


def test_lines_have_gaps_where_there_are_no_events(page):
    page = page()
    drawn = page.locator(".obskit-line-area path").nth(1).get_attribute("d")
    assert drawn.count("M") == 1
    assert drawn.count("L") == 8  # nine minutes of forty


def test_a_line_of_zeros_has_zero_written_next_to_it(page):
    page = page()
    zeros = lines()
    zeros["lines"][1]["series"][0]["values"] = [0.0] * 40
    put(page, "_strip", zeros)
    assert page.locator(".obskit-line-top").nth(1).inner_text() == "0%"


def test_tabs_by_mouse_and_keyboard(page):
    page = page()
    page.get_by_role("tab", name="Rows").click()
    put(page, "_asked", asked(tab="rows"))
    assert page.get_by_role("tab", name="Rows").get_attribute("aria-selected") == "true"
    assert page.get_by_role("tabpanel").inner_text() == "Counting…"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Home")
    assert acts(page) == [{"type": "tab", "tab": tab} for tab in ("rows", "traces", "difference")]
    put(page, "_found", found())
    put(page, "_asked", asked())
    assert "92.0%" in page.get_by_role("tabpanel").inner_text()


def rows(total=100_000, **more):
    """Return the tab of rows with its first page."""
    return {
        "tab": "rows",
        "version": 5,
        "columns": [{"name": "timestamp", "kind": "time"}, {"name": "name", "kind": "text"}],
        "choices": ["timestamp", "name", "duration_ms"],
        "order": "",
        "of": "the selection",
        "total": total,
        "size": 100,
        "page": page_of(0, total),
        **more,
    }


def page_of(offset, total=100_000):
    count = max(0, min(100, total - offset))
    made = [
        {"cells": [START + (offset + n) * 1_000_000, f"row {offset + n} {EVIL}"], "trace": f"{n:032x}"}
        for n in range(count)
    ]
    return {"offset": offset, "rows": made, "version": 5 + offset}


def test_any_number_of_rows_is_scrolled_by_pages(page):
    page = page()
    put(page, "_panel", rows())
    put(page, "_asked", asked(tab="rows"))
    page.get_by_text("row 0 ").wait_for()
    assert page.get_by_role("row").count() < 40  # of 100,000
    assert "of 100,000 of the selection" in page.get_by_role("tabpanel").inner_text()
    page.locator(".obskit-grid").evaluate("node => { node.scrollTop = 24 * 50000; }")
    page.wait_for_function("sent.at(-1)?.type === 'page'")
    asked_for = sent(page)[-1]
    assert asked_for["offset"] == 50_000
    assert "…" in page.get_by_role("tabpanel").inner_text()
    reply(page, {"type": "page", "of": asked_for["of"] - 1, "page": page_of(50_000)})
    assert page.get_by_text("row 50000 ").count() == 0  # the answer to an older table
    reply(page, {"type": "page", "of": asked_for["of"], "page": page_of(50_000)})
    page.get_by_text("row 50000 ").wait_for()
    page.get_by_text("row 50001 ").click()
    assert page.get_by_role("menuitem").all_inner_texts() == [
        "Only these events",
        "Exclude these events",
        "Group by this field",
        "Copy value",
        "Open its trace",
    ]
    page.get_by_role("menuitem", name="Only").click()
    assert acts(page)[-1] == {"type": "only", "list": "panel", "row": 3, "chip": 0, "version": 50_005}
    page.get_by_title("Sort by name").click()
    assert acts(page)[-1] == {"type": "sort", "field": "name"}
    page.get_by_text("Columns").click()
    page.get_by_role("button", name="Remove the column name").click()
    assert acts(page)[-1] == {"type": "columns", "columns": ["timestamp"]}
    page.get_by_label("Add").fill("duration_ms")
    page.keyboard.press("Enter")
    assert acts(page)[-1] == {"type": "columns", "columns": ["timestamp", "name", "duration_ms"]}
    assert page.evaluate("window.evil") is None


def test_the_keyboard_walks_from_cell_to_cell(page):
    page = page()
    put(page, "_panel", rows(total=100))
    put(page, "_asked", asked(tab="rows"))
    page.get_by_text("row 0 ").wait_for()
    page.get_by_role("grid").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    assert page.locator(".obskit-here").inner_text() == f"row 1 {EVIL}"
    assert page.locator("[aria-live]").inner_text().startswith("row 2, name: row 1")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")  # exclude
    assert acts(page) == [{"type": "exclude", "list": "panel", "row": 3, "chip": 0, "version": 5}]
    page.get_by_role("grid").focus()
    page.keyboard.press("End")
    page.locator(".obskit-here", has_text="row 99").wait_for()
    assert page.locator(".obskit-here").inner_text() == f"row 99 {EVIL}"


def test_the_last_of_very_many_rows_is_reached(page):
    page = page()
    put(page, "_panel", rows(total=50_000_000))
    put(page, "_asked", asked(tab="rows"))
    page.get_by_text("row 0 ").wait_for()
    page.locator(".obskit-grid").evaluate("node => { node.scrollTop = node.scrollHeight; }")
    page.wait_for_function("sent.at(-1)?.type === 'page' && sent.at(-1).offset === 49999900")
    assert "to 50,000,000 of 50,000,000" in page.get_by_role("tabpanel").inner_text()


def test_a_page_that_was_overtaken_is_asked_for_again(page):
    """Two pages are in view; Python answers only the newest question."""
    page = page()
    put(page, "_panel", rows())
    put(page, "_asked", asked(tab="rows"))
    page.get_by_text("row 0 ").wait_for()
    page.locator(".obskit-grid").evaluate("node => { node.scrollTop = 24 * 4990; }")
    page.wait_for_function("sent.at(-1)?.offset === 5000")
    first, second = sent(page)[-2:]
    assert (first["offset"], second["offset"]) == (4900, 5000)
    reply(page, {"type": "page", "of": second["of"], "page": page_of(5000)})
    assert sent(page)[-1] == first
    reply(page, {"type": "page", "of": first["of"], "page": page_of(4900)})
    page.get_by_text("row 4999 ").wait_for()
    assert sent(page)[-1] == first


def test_rows_of_several_days_have_dates(page):
    page = page()
    put(page, "_panel", rows(total=1))
    put(page, "_asked", asked(tab="rows"))
    page.get_by_role("gridcell", name="10:00:00.000", exact=True).wait_for()
    put(page, "_view", view(x={**view()["x"], "high": START + 30 * 60 * MINUTE}))
    put(page, "_panel", rows(total=1))
    page.get_by_role("gridcell", name="2026-05-04 10:00:00.000", exact=True).wait_for()


def test_no_rows_are_said(page):
    page = page()
    put(page, "_panel", rows(total=0))
    put(page, "_asked", asked(tab="rows"))
    page.get_by_text("no rows of the selection").wait_for()
    assert page.locator(".obskit-rows [role=row]").count() <= 1  # at most the heading


def test_fields_have_bars_intervals_and_menus(page):
    page = page()
    bar = {
        "text": EVIL,
        "menu": 3,
        "condition": "c",
        "selected": [0.5, 0.4, 0.6],
        "baseline": [0.1, 0.05, 0.2],
    }
    field = {"name": EVIL, "certain": True, "text": "differs by at least 20%", "note": "", "bars": [bar]}
    other = {**field, "name": "b", "certain": False, "text": "no difference beyond chance"}
    panel = {
        "tab": "fields",
        "version": 9,
        "fields": [field, other],
        "selected": "10",
        "baseline": "90",
        "notes": [],
    }
    put(page, "_panel", panel)
    put(page, "_asked", asked(tab="fields"))
    assert page.locator("details[open]").count() == 1  # what is no more than chance is folded
    selected, baseline = (
        page.locator(f".obskit-pair .obskit-{side}").first.bounding_box() for side in ("selected", "baseline")
    )
    assert selected["width"] == pytest.approx(5 * baseline["width"], rel=0.1)
    page.get_by_role("button", name=EVIL).first.click()
    page.get_by_role("menuitem", name="Exclude").click()
    assert acts(page) == [{"type": "exclude", "list": "panel", "row": 3, "chip": 0, "version": 9}]
    assert page.evaluate("window.evil") is None


def test_traces_open_and_say_so_where_there_is_nothing_to_draw(page):
    page = page()
    one = {
        "trace": "a" * 32,
        "url": "javascript:alert(1)",
        "at": START,
        "name": EVIL,
        "duration": "3 ms",
        "error": True,
    }
    sides = [{"kind": "selected", "title": "Selection", "rows": [one]}]
    put(page, "_panel", {"tab": "traces", "version": 1, "sides": sides, "notes": []})
    put(page, "_asked", asked(tab="traces"))
    assert page.locator(".obskit a").count() == 0
    page.get_by_title(f"Open trace {'a' * 32}").click()
    assert acts(page) == [{"type": "trace", "trace": "a" * 32}]
    assert page.get_by_role("button", name="Compare").count() == 0  # with what is open
    put(page, "_asked", asked(tab="traces", trace="b" * 32))
    page.get_by_role("button", name="Compare").click()
    assert acts(page)[-1] == {"type": "trace", "trace": "b" * 32, "beside": "a" * 32}
    put(page, "_asked", asked(tab="traces", trace="b" * 32, beside="a" * 32))
    page.get_by_role("button", name="Compare", pressed=True).click()
    assert acts(page)[-1] == {"type": "trace", "trace": "b" * 32, "beside": None}
    put(page, "_trace", {"id": EVIL})  # without what belongs to it, as where a notebook was cut
    page.get_by_text("This waterfall has no data. Run the cell again.").wait_for()
    page.get_by_role("button", name="Close").click()
    assert acts(page)[-1] == {"type": "trace", "trace": None}
    assert page.evaluate("window.evil") is None


def test_work_is_shown_and_can_be_cancelled(page):
    page = page()
    put(page, "_status", {"state": "working", "text": "indexing…", "done": 3, "total": 4})
    assert page.get_by_role("progressbar").evaluate("node => node.value") == 0.75
    page.get_by_role("button", name="Cancel").click()
    assert acts(page) == [{"type": "cancel"}]
    put(page, "_status", {"state": "cancelled", "text": "Cancelled."})
    assert page.get_by_role("button", name="Cancel").count() == 0
    assert page.get_by_role("progressbar").count() == 0


@pytest.mark.parametrize("width", [480, 800, 2560])
def test_nothing_is_wider_than_the_page(page, width):
    page = page()
    page.set_viewport_size({"width": width, "height": 900})
    for tab, panel in (("rows", rows()), ("difference", {})):
        put(page, "_panel", panel)
        put(page, "_found", found())
        put(page, "_asked", asked(tab=tab, steps=[{"text": "x" * 160, "whole": "x"}]))
        put(page, "_view", view())
        put(page, "_record", record(ledger="/l.jsonl", text="x" * 300))
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("background", ["#fff", "#111"])
def test_nothing_is_hidden_from_those_who_cannot_see_it(page, background):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = page(background, color_scheme="dark" if background == "#111" else "light")
    bar = {"text": "eu", "menu": 0, "condition": "c", "selected": [0.5, 0.4, 0.6], "baseline": [0.1, 0, 0.2]}
    field = {"name": "region", "certain": True, "text": "differs", "note": "", "bars": [bar]}
    value = {"value": {"text": "eu", "menu": 0, "condition": "x"}, "cells": ["12"], "spark": [1, 2, 0]}
    trace = {"trace": "a" * 32, "url": None, "at": START, "name": "x", "duration": "3 ms", "error": True}
    panels = {
        "difference": {},
        "fields": {"fields": [field], "selected": "1", "baseline": "2"},
        "group": {"field": "region", "head": ["region", "events", "over time"], "rows": [value]},
        "messages": {"head": ["message", "events"], "rows": [value]},
        "rows": rows(),
        "traces": {"sides": [{"kind": "selected", "title": "Selection", "rows": [trace]}]},
    }
    for tab, panel in panels.items():
        put(page, "_panel", {"tab": tab, "version": 1, **panel})
        put(page, "_found", {**found(), "deployments": ["booking 2.4.0"]})
        put(page, "_asked", asked(tab=tab))
        put(page, "_record", record(ledger="/l.jsonl", text="no room", hint="x", error=True))
        problems = axe.Axe().run(page).response["violations"]
        own = [one for one in problems if one["id"] not in ("landmark-one-main", "page-has-heading-one", "region",
               "document-title", "html-has-lang")]  # fmt: skip
        assert not own, [
            (tab, one["id"], [node["failureSummary"] for node in one["nodes"]][:2]) for one in own
        ]


def record(**more):
    return {"folder": "/data/events", "ledger": "", "judgements": ["cause", "ruled out"], "done": 0, **more}


def test_a_pin_a_note_and_a_judgement_by_keyboard_and_what_became_of_them(page):
    page = page()
    put(page, "_record", record())
    assert page.get_by_role("button", name="Keep in ledger").count() == 0  # there is no ledger
    note = page.get_by_label("Note on the time axis")
    note.focus()
    page.keyboard.type("traffic moved / z")  # the keys of the widget are letters here
    page.keyboard.press("Enter")
    assert acts(page) == [
        {"type": "record", "action": "note", "text": "traffic moved / z", "judgement": "cause"}
    ]
    put(page, "_record", record(text="Writing…", busy=True))
    assert page.get_by_role("button", name="Pin").is_disabled()
    put(page, "_record", record(text=f"disk {EVIL}", hint="free some space", error=True))
    assert page.locator(".obskit-recorded").inner_text() == f"Error: disk {EVIL}\nHint: free some space"
    assert note.input_value() == "traffic moved / z"  # nothing that was typed is lost
    put(page, "_record", record(text="Noted.", done=1))
    assert note.input_value() == ""
    assert page.locator("[aria-live]").inner_text() == "Noted."
    put(page, "_record", record(ledger="/data/l.jsonl", done=1))
    page.get_by_role("button", name="Pin").press("Enter")
    page.get_by_label("Judgement").select_option("ruled out")
    page.get_by_label("Note").fill("it was so before")
    page.get_by_role("button", name="Keep in ledger").press("Enter")
    assert acts(page)[1:] == [
        {"type": "record", "action": "pin", "text": "", "judgement": "cause"},
        {"type": "record", "action": "keep", "text": "it was so before", "judgement": "ruled out"},
    ]
    assert page.evaluate("window.evil") is None


def test_in_high_contrast_the_sides_can_still_be_told_apart(page):
    page = page(forced_colors="active")
    put(page, "_found", found())
    selected, baseline = (
        page.locator(f".obskit-fill.obskit-{side}").first.evaluate(
            "node => [getComputedStyle(node).backgroundColor, getComputedStyle(node).backgroundImage].join()"
        )
        for side in ("selected", "baseline")
    )
    assert "rgb(230, 159, 0)" in selected
    assert "gradient" in baseline
