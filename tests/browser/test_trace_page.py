"""The waterfall's ES module in a blank page. The widget's Python answers it; there is no kernel and no server."""

from __future__ import annotations

import base64
import itertools

import numpy as np
import pytest

pytest.importorskip("anywidget")

from obskit.display.live.source import waterfall_script, waterfall_style
from obskit.display.live.waterfall import WaterfallView
from obskit.display.trace.model import trace_model
from obskit.display.trace.pairs import trace_rows
from obskit.display.trace.side import TraceSide
from tests.display.trace.spans import EVIL, at, log, span, table

PAGE = "http://127.0.0.1:9/obskit"
TRAITS = ("_view", "_details", "_found", "_code", "_status", "_still")
MODEL = """
async ({source, style, state, cells}) => {
  const sheet = document.createElement("style"); sheet.textContent = style; document.head.append(sheet);
  const values = {...state, _cells: new DataView(Uint8Array.from(atob(cells), (c) => c.charCodeAt(0)).buffer)};
  const listeners = {};
  window.sent = [];
  window.model = {
    get: (name) => values[name],
    on: (name, call) => (listeners[name] ??= []).push(call),
    off: (name, call) => { listeners[name] = (listeners[name] ?? []).filter((one) => one !== call); },
    send: async (message) => {
      window.sent.push(message);
      for (const [name, value] of Object.entries(await window.answer(message))) {
        values[name] = value;
        for (const call of listeners["change:" + name] ?? []) call();
      }
    },
    count: () => Object.values(listeners).reduce((sum, calls) => sum + calls.length, 0),
  };
  const module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
  const el = document.createElement("main"); document.body.append(el);
  window.cleanup = await module.default.render({model: window.model, el});
}
"""

ROWS = [
    span("root", None, 0, 100.0, service__name="edge"),
    span("api", "root", 5, 90.0, kind="server"),
    span(
        "db", "api", 20, 30.0, service__name="store", kind="client", error=True, exception__type="Timeout",
        exception__message="after 30 ms", exception__stacktrace="at f()\n  at g()", http__route="/book",
        events=[{"timestamp": at(25), "name": "retry", "attributes": '{"n": 2}'}],
        links=[{"trace_id": "cd" * 16, "span_id": "ef" * 8, "trace_state": None, "attributes": None}],
    ),
    log("db", 30, "no answer yet", 17),
    span("cache", "api", 60, 0.5, service__name="cache"),
    span("lost", "gone", 70, 10.0),
]  # fmt: skip


@pytest.fixture
def show(new_page):
    def open_trace(*sides, background="#fff", width=1440, span=None, cells=None, **options):
        made = [TraceSide(f"{n}" * 32, table(rows), trace_model(table(rows))) for n, rows in enumerate(sides)]
        widget = WaterfallView(made, trace_rows(*(side.model for side in made)), span=span, notes=["note: n"])

        def answer(message):
            before = {name: getattr(widget, name) for name in TRAITS}
            widget._receive(None, message, [])
            return {name: getattr(widget, name) for name in TRAITS if getattr(widget, name) != before[name]}

        page = new_page(**options)
        page.set_viewport_size({"width": width, "height": 900})
        html = f"<!doctype html><html lang=en><title>t</title><body style='margin:0;background:{background}'>"
        page.route(PAGE, lambda route: route.fulfill(content_type="text/html", body=html))
        page.goto(PAGE)
        page.expose_function("answer", answer)
        given = {
            "source": waterfall_script(),
            "style": waterfall_style(),
            "state": {name: getattr(widget, name) for name in TRAITS},
            "cells": base64.b64encode(widget._cells if cells is None else cells).decode(),
        }
        page.evaluate(MODEL, given)
        return page

    return open_trace


def rows(page):
    """The rows in sight, from top to bottom."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".obskit-body .obskit-row:not([hidden])")]
          .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)
          .map((row) => row.querySelector(".obskit-name").textContent)"""
    )


def row(page, name):
    return page.locator(
        ".obskit-body .obskit-row:not([hidden])", has=page.locator(".obskit-name", has_text=name)
    ).first


def bar(page, name):
    """(left, width) of a span's bar as shares of the time axis."""
    area, drawn = (
        row(page, name).locator(kind).first.bounding_box() for kind in (".obskit-bars", ".obskit-span")
    )
    return ((drawn["x"] - area["x"]) / area["width"], drawn["width"] / area["width"])


def ticks(page):
    return page.locator(".obskit-axis span").all_inner_texts()


def selected(page):
    return page.locator('.obskit-row[aria-selected="true"] .obskit-name').inner_text()


def drag(page, target, x0, x1):
    box = page.locator(target).first.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + x0 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + x1 * box["width"], y, steps=5)
    page.mouse.up()


def test_bars_are_where_the_spans_are(show):
    page = show(ROWS)
    assert rows(page) == ["root", "api", "db", "cache", "lost"]
    assert bar(page, "root") == pytest.approx((0, 1), abs=0.01)
    assert bar(page, "db") == pytest.approx((0.2, 0.3), abs=0.01)
    assert row(page, "db").locator(".obskit-service").inner_text() == "store"
    assert row(page, "db").locator(".obskit-n").all_inner_texts() == ["30 ms", "30 ms"]
    assert row(page, "db").locator(".obskit-fault").inner_text() == "✕ Timeout: after 30 ms"
    assert row(page, "db").locator(".obskit-mark").count() == 2
    assert row(page, "api").locator(".obskit-path").count() == 3
    assert row(page, "lost").locator(".obskit-tag").inner_text() == "parent missing"
    assert row(page, "db").locator(".obskit-tag").inner_text() == "linked"
    assert ticks(page)[:2] == ["0 ms", "20 ms"]
    page.get_by_label("Critical path").uncheck()
    assert page.locator(".obskit-path").count() == 0


def test_ten_thousand_spans_have_few_rows_in_the_page(show):
    many = [span("root", None, 0, 20_000.0), *(span(f"s{n}", "root", n, 1.0) for n in range(9_999))]
    page = show(many)
    assert page.locator(".obskit-body .obskit-row").count() < 60
    page.locator(".obskit-rows").focus()
    page.keyboard.press("End")
    page.wait_for_function(
        "() => document.querySelector('[aria-selected=\"true\"] .obskit-name')?.textContent === 's9998'"
    )
    assert page.locator(".obskit-rows").get_attribute("aria-rowcount") == "10001"
    assert page.locator('[aria-selected="true"]').get_attribute("aria-rowindex") == "10001"
    page.evaluate("document.querySelector('.obskit-rows').scrollTop = 24 * 5000")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.obskit-name')].some((n) => n.textContent === 's5005')"
    )
    assert page.locator(".obskit-body .obskit-row").count() < 60


def test_a_row_with_thousands_of_stretches_and_marks_is_drawn_to_its_end(show):
    """root waits for 3,000 children in turn: its own stretches are the gaps between them"""
    many = [span("root", None, 0, 30_000.0), *(span(f"s{n}", "root", 10 * n, 5.0) for n in range(3_000))]
    page = show(many + [log("root", 10 * n, "x") for n in range(3_000)])
    paths = row(page, "root").locator(".obskit-path")
    assert paths.count() < 50  # closer than a pixel: one line
    area, last = (found.bounding_box() for found in (row(page, "root").locator(".obskit-bars"), paths.last))
    assert last["x"] + last["width"] == pytest.approx(area["x"] + area["width"], abs=3)
    assert 50 < row(page, "root").locator(".obskit-mark").count() < 1_000
    drag(page, ".obskit-bars", 0.5, 0.51)
    assert row(page, "root").locator(".obskit-path").count() > 20


def test_collapse_and_expand_by_mouse(show):
    page = show(ROWS)
    row(page, "api").locator(".obskit-toggle").click()
    assert rows(page) == ["root", "api", "lost"]
    assert row(page, "api").get_attribute("aria-expanded") == "false"
    assert row(page, "api").locator(".obskit-tag").inner_text() == "+2"
    row(page, "api").locator(".obskit-toggle").click()
    assert rows(page) == ["root", "api", "db", "cache", "lost"]
    page.get_by_role("button", name="Collapse").click()
    assert rows(page) == ["root", "api", "lost"]
    page.get_by_role("button", name="Next error").click()  # opens what hides it
    assert (rows(page), selected(page)) == (["root", "api", "db", "cache", "lost"], "db")


def test_the_keyboard_moves_folds_and_zooms(show):
    page = show(ROWS)
    page.locator(".obskit-rows").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    assert selected(page) == "db"
    page.keyboard.press("ArrowLeft")
    assert selected(page) == "api"
    page.keyboard.press("ArrowLeft")
    assert rows(page) == ["root", "api", "lost"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("e")
    assert selected(page) == "db"
    assert page.locator("[aria-live]").inner_text() == "store, db, 30 ms, error Timeout: after 30 ms"
    assert page.locator(".obskit-rows").get_attribute("aria-activedescendant") == row(
        page, "db"
    ).get_attribute("id")
    page.keyboard.press("z")
    assert bar(page, "db") == pytest.approx((0.045, 0.91), abs=0.01)
    page.keyboard.press("0")
    page.keyboard.press("+")
    assert bar(page, "db")[1] == pytest.approx(0.6, abs=0.01)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.className") == "obskit-panel"


def test_a_drag_over_the_bars_zooms_and_the_scrubber_follows(show):
    page = show(ROWS)
    assert page.get_by_role("button", name="Whole trace").is_hidden()
    drag(page, ".obskit-bars", 0.2, 0.5)
    assert bar(page, "db") == pytest.approx((0, 1), abs=0.02)
    start = page.get_by_role("slider", name="Start of the time shown")
    assert float(start.get_attribute("aria-valuenow")) == pytest.approx(20, abs=0.5)
    frame, overview = (page.locator(kind).bounding_box() for kind in (".obskit-frame", ".obskit-overview"))
    assert frame["width"] / overview["width"] == pytest.approx(0.3, abs=0.01)
    start.press("Home")
    assert bar(page, "db")[0] == pytest.approx(0.4, abs=0.02)
    page.get_by_role("button", name="Whole trace").click()
    assert bar(page, "db") == pytest.approx((0.2, 0.3), abs=0.01)
    drag(page, ".obskit-overview", 0.6, 1.0)
    assert bar(page, "lost")[0] == pytest.approx(0.25, abs=0.02)
    assert row(page, "db").locator(".obskit-span").count() == 0
    page.locator(".obskit-overview").dblclick()
    assert bar(page, "db") == pytest.approx((0.2, 0.3), abs=0.01)


def test_the_names_can_be_given_more_room(show):
    page = show(ROWS)
    before = page.locator(".obskit-label").first.bounding_box()["width"]
    split = page.get_by_role("separator", name="Width of the names")
    split.press("ArrowRight")
    assert page.locator(".obskit-label").first.bounding_box()["width"] == pytest.approx(before + 20, abs=1)
    box = split.bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 104, box["y"] + 5, steps=3)
    page.mouse.up()
    assert page.locator(".obskit-label").first.bounding_box()["width"] == pytest.approx(before + 120, abs=3)
    assert bar(page, "db") == pytest.approx((0.2, 0.3), abs=0.01)
    assert page.get_by_role("button", name="Whole trace").is_hidden()  # it did not zoom


def test_the_wheel_zooms_with_ctrl_and_moves_with_shift(show):
    page = show(ROWS)
    box = page.locator(".obskit-bars").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 5)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -500)
    page.keyboard.up("Control")
    page.wait_for_function("() => !document.querySelector('.obskit-bar-top button:last-child').hidden")
    start = page.get_by_role("slider", name="Start of the time shown")
    before = float(start.get_attribute("aria-valuenow"))
    assert 0 < before < 50
    page.keyboard.down("Shift")
    page.mouse.wheel(0, 200)
    page.keyboard.up("Shift")
    page.wait_for_function(f"() => Number(document.querySelector('.obskit-handle').ariaValueNow) > {before}")


def test_a_selected_span_shows_all_that_is_known(show):
    page = show(ROWS, permissions=["clipboard-read", "clipboard-write"])
    row(page, "db").click()
    panel = page.locator(".obskit-panel")
    panel.get_by_text("Timeout").first.wait_for()
    text = panel.inner_text()
    for part in (
        "store",
        "after 30 ms",
        "Events (1)",
        "25 ms retry",
        "Log records (1)",
        "ERROR no answer yet",
        "Links (1)",
        "http.route",
    ):
        assert part in text, part
    panel.get_by_text("Stack", exact=True).click()
    assert "at g()" in panel.locator("pre").inner_text()
    panel.get_by_role("button", name="Copy link").click()
    assert page.evaluate("navigator.clipboard.readText()") == f"events.trace('{'0' * 32}', span='db')"
    panel.get_by_role("button", name="Parent", exact=True).click()
    assert selected(page) == "api"


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("Only events with this value", "events.where(\"http.route = '/book'\")"),
        ("Exclude this value", "events.where(\"not (http.route = '/book') or http.route is null\")"),
        ("Group by this field", "by='http.route')"),
    ],
)
def test_a_menu_on_a_field_gives_code(show, action, code):
    page = show(ROWS)
    row(page, "db").click()
    page.get_by_role("button", name="http.route: what to do with this value").click()
    page.get_by_role("menuitem", name=action).click()
    page.locator(".obskit-code").wait_for()
    assert code in page.locator(".obskit-code code").inner_text()


def test_marks_are_at_the_time_of_the_event_and_the_log_record(show):
    page = show(ROWS)
    area = row(page, "db").locator(".obskit-bars").bounding_box()
    marks = [found.bounding_box() for found in row(page, "db").locator(".obskit-mark").all()]
    middles = sorted((box["x"] + box["width"] / 2 - area["x"]) / area["width"] for box in marks)
    assert middles == pytest.approx([0.25, 0.30], abs=0.01)  # the event at 25 ms, the record at 30 ms


def test_the_time_axis_follows_the_zoom(show):
    page = show(ROWS)
    drag(page, ".obskit-bars", 0.2, 0.3)
    inside = [float(text.removesuffix(" ms")) for text in ticks(page)]
    assert len(inside) >= 3
    assert inside == sorted(inside)
    assert all(19.5 <= at <= 30.5 for at in inside)
    steps = {round(after - before, 6) for before, after in itertools.pairwise(inside)}
    assert len(steps) == 1


def test_the_scrubber_moves_the_stretch_that_is_shown(show):
    page = show(ROWS)
    drag(page, ".obskit-overview", 0.2, 0.5)
    handles = [page.get_by_role("slider", name=f"{name} of the time shown") for name in ("Start", "End")]

    def shown():
        return [float(handle.get_attribute("aria-valuenow")) for handle in handles]

    assert shown() == pytest.approx([20, 50], abs=1)
    drag(page, ".obskit-overview", 0.3, 0.5)  # begins inside the stretch: moves it
    assert shown() == pytest.approx([40, 70], abs=1.5)
    assert bar(page, "lost")[0] == pytest.approx(1, abs=0.05)
    drag(page, ".obskit-overview", 0.6, 0.95)
    assert shown() == pytest.approx([70, 100], abs=1.5)  # not beyond the end
    for handle, target, wanted in ((0, 0.8, [80, 100]), (1, 0.9, [80, 90])):
        box, whole = handles[handle].bounding_box(), page.locator(".obskit-overview").bounding_box()
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] / 2, y)
        page.mouse.down()
        page.mouse.move(whole["x"] + target * whole["width"], y, steps=4)
        page.mouse.up()
        assert shown() == pytest.approx(wanted, abs=2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_services_can_be_told_apart_without_red_and_green(show, scheme):
    """Colors as they look with deuteranopia and protanopia (Vienot, Brettel and Mollon, 1999) still differ."""
    many = [
        span("root", None, 0, 90.0),
        *(span(f"s{n}", "root", n, 5.0, service__name=f"svc{n}") for n in range(7)),
    ]
    page = show(many, background="#fff" if scheme == "light" else "#111", color_scheme=scheme)
    names = page.locator(".obskit-body .obskit-row:not([hidden]) .obskit-service").all_inner_texts()
    assert names[1:] == [f"svc{n}" for n in range(7)]  # the name is on each row
    colors = page.evaluate(
        """() => [...document.querySelectorAll(".obskit-body .obskit-row:not([hidden]) .obskit-span")]
          .map((bar) => getComputedStyle(bar).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number))"""
    )
    assert len(colors) == 8
    linear = np.array(colors[1:]) / 255.0
    linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    for seen in (
        [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],  # protanopia
        [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],  # deuteranopia
    ):
        look = np.clip(linear @ np.array(seen).T, 0, 1) ** (1 / 2.2)
        apart = np.linalg.norm(look[:, None] - look[None], axis=2)
        assert apart[np.triu_indices(len(look), 1)].min() > 0.08


def test_values_conditions_and_links_are_copied(show):
    page = show(ROWS, permissions=["clipboard-read", "clipboard-write"])
    row(page, "db").click()
    clipboard = "navigator.clipboard.readText()"
    button = page.get_by_role("button", name="http.route: what to do with this value")
    button.click()
    page.get_by_role("menuitem", name="Copy value").click()
    page.wait_for_function(f"async () => await {clipboard} === '/book'")
    assert page.locator("[aria-live]").inner_text() == "Copied the value."
    button.click()
    page.get_by_role("menuitem", name="Copy condition").click()
    page.wait_for_function(f"async () => await {clipboard} === \"http.route = '/book'\"")
    link = page.locator("details", has_text="Links (1)")
    assert "cd" * 16 in link.inner_text()
    link.get_by_role("button", name="Copy").click()
    page.wait_for_function(
        f"async () => await {clipboard} === \"events.trace('{'cd' * 16}', span='{'ef' * 8}')\""
    )


def test_the_menu_works_with_the_keyboard(show):
    page = show(ROWS)
    row(page, "db").click()
    button = page.get_by_role("button", name="http.route: what to do with this value")
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    for key in ("ArrowDown", "ArrowDown", "End", "ArrowDown", "ArrowUp", "Home", "ArrowDown"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.textContent") == "Exclude this value"
    page.keyboard.press("Escape")
    assert page.get_by_role("menuitem").count() == 0
    assert page.evaluate("document.activeElement.ariaLabel") == "http.route: what to do with this value"
    assert selected(page) == "db"


def test_records_of_spans_that_are_missing_are_shown_and_not_put_elsewhere(show):
    page = show([*ROWS, log("never seen", 40, "an orphan", 9)])
    orphan = row(page, "an orphan")
    assert orphan.locator(".obskit-tag").inner_text() == "span missing"
    assert orphan.get_attribute("aria-level") == "1"
    for name in ("root", "api", "cache", "lost"):
        assert row(page, name).locator(".obskit-mark").count() == 0


def test_a_span_that_lost_its_parent_is_at_the_top(show):
    page = show(ROWS)
    assert row(page, "lost").get_attribute("aria-level") == "1"
    assert row(page, "db").get_attribute("aria-level") == "3"
    row(page, "lost").click()
    page.locator(".obskit-panel h4").wait_for()
    assert "gone" in page.locator(".obskit-panel").inner_text()
    assert page.locator(".obskit-panel").get_by_role("button", name="Parent", exact=True).count() == 0


def test_search_marks_spans_and_enter_goes_through_them(show):
    page = show(ROWS)
    page.get_by_role("searchbox").fill("no answer")
    page.wait_for_function("() => document.querySelector('.obskit-about').textContent === '1 span'")
    assert page.locator(".obskit-hit .obskit-name").all_inner_texts() == ["db"]
    page.get_by_role("searchbox").press("Enter")
    assert selected(page) == "db"
    assert page.locator(".obskit-about").inner_text() == "1 of 1"
    page.get_by_role("searchbox").fill("")
    page.wait_for_function("() => !document.querySelector('.obskit-hit')")


def test_a_deep_link_opens_at_its_span(show):
    many = [span("root", None, 0, 20_000.0), *(span(f"s{n}", "root", n, 1.0) for n in range(3_000))]
    page = show(many, span=2_500)
    assert selected(page) == "s2499"
    assert page.locator('[aria-selected="true"]').is_visible()
    assert "s2499" in page.locator(".obskit-panel h4").inner_text()


def test_clocks_are_corrected_and_can_be_shown_as_recorded(show):
    page = show(
        [
            span("client", None, 10.5, 90, kind="client", host__name="a"),
            span("server", "client", 0.5, 50, kind="server", host__name="b"),
        ]
    )
    assert bar(page, "server")[0] > bar(page, "client")[0]
    page.get_by_label("Correct clocks").uncheck()
    assert bar(page, "server")[0] < bar(page, "client")[0]


def test_two_traces_next_to_each_other(show):
    other = [span("root", None, 500, 200.0, service__name="edge"), span("extra", "root", 520, 50.0)]
    page = show(ROWS, other)
    assert rows(page) == ["root", "api", "db", "cache", "extra", "lost"]
    assert row(page, "root").locator(".obskit-n").all_inner_texts() == ["100 ms", "200 ms"]
    assert row(page, "root").locator(".obskit-there").count() == 1
    assert row(page, "extra").locator(".obskit-tag").inner_text() == "only there"
    assert row(page, "api").locator(".obskit-tag").inner_text() == "only here"
    row(page, "root").click()
    page.get_by_text("Fields that differ").wait_for()
    assert "duration_ms\t100.0\t200.0" in page.locator(".obskit-differ").inner_text()


def test_hostile_values_are_text(show):
    huge = "x" * 1_000_000
    page = show(
        [
            span(
                EVIL,
                None,
                0,
                service__name=EVIL,
                error=True,
                exception__message=EVIL,
                exception__stacktrace=EVIL,
                field=EVIL,
                huge=huge,
            )
            | {EVIL: EVIL},
            span("שלום", EVIL, 1, service__name=huge),
            log(EVIL, 2, EVIL),
        ]
    )
    page.locator(".obskit-body .obskit-row").first.click()
    page.locator(".obskit-panel h4").wait_for()
    assert page.evaluate("window.evil") is None
    assert page.locator(".obskit img, .obskit script").count() == 0
    assert "<script>window.evil=1</script>" in page.locator(".obskit-panel").inner_text()
    assert "\u202e" not in page.content()
    assert "1,000,000 characters, cut here" in page.locator(".obskit-panel").inner_text()
    assert len(page.content()) < 300_000


def test_errors_of_python_are_shown(show):
    page = show(ROWS)
    page.evaluate("model.send({type: 'span', row: 99})")
    page.wait_for_function("() => document.querySelector('.obskit-status').textContent")
    assert (
        page.locator(".obskit-status").inner_text()
        == "Error: row must be from 0 to 4, got 99\nHint: run the cell again"
    )


def test_torn_bytes_are_an_error_and_not_a_wrong_picture(show):
    assert (
        show(ROWS, cells=b"\0" * 17).locator("main").inner_text()
        == "This waterfall has no data. Run the cell again."
    )


def test_closing_leaves_nothing_behind(show):
    page = show(ROWS)
    assert page.evaluate("model.count()") > 0
    page.evaluate("cleanup()")
    assert page.evaluate("model.count()") == 0


@pytest.mark.parametrize("width", [620, 800, 1440])
@pytest.mark.parametrize(("background", "scheme"), [("#fff", "light"), ("#111", "dark")])
def test_nothing_serious_for_those_who_cannot_see_or_point(show, width, background, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = show(ROWS, background=background, width=width, color_scheme=scheme)
    row(page, "db").click()
    page.locator(".obskit-panel h4").wait_for()
    page.get_by_role("searchbox").fill("db")
    page.wait_for_function("() => document.querySelector('.obskit-hit')")
    found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # nothing sticks out
    assert (
        row(page, "db").locator(".obskit-service").is_visible()
    )  # the color alone never identifies a service
