"""The Explorer in marimo: displayed as it is, and as `mo.ui.anywidget`."""

from __future__ import annotations

import importlib.util

import pytest

from tests.browser.conftest import missing, pages
from tests.support import planted
from tests.support.explorer_page import ExplorerPage, findings_of
from tests.support.marimo_harness import Marimo

LAST = {"as it is": "ok.Explorer(events)", "mo.ui.anywidget": "mo.ui.anywidget(ok.Explorer(events))"}


@pytest.fixture(scope="module", params=LAST)
def marimo(request, tmp_path_factory):
    if importlib.util.find_spec("marimo") is None:
        missing("marimo is not installed (pip install 'obskit-notebook[dev]')")
    base = tmp_path_factory.mktemp("marimo")
    events = planted.write(tmp_path_factory.mktemp("events"))
    cells = ["import marimo as mo\nimport obskit as ok", f"events = ok.load({str(events)!r})"]
    server = Marimo(base, [*cells, LAST[request.param]])
    try:
        server.wait()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def explorer(chromium, marimo):
    with pages(chromium) as open_page:
        page = open_page()
        page.goto(marimo.url)
        shown = ExplorerPage(page)
        shown.wait()
        yield shown


def test_a_box_a_menu_the_code_and_a_trace(explorer, marimo, monkeypatch):
    explorer.box(0.55, explorer.height_of(400), 0.95, 1.2)
    first = explorer.panel.locator("li").first.inner_text()
    assert "service.version = 2.4.0" in first
    assert f"cloud.region = {planted.EVIL}" in first
    monkeypatch.chdir(marimo.base)
    assert findings_of(explorer.code())[0].startswith("service.version = '2.4.0' and cloud.region = ")

    explorer.chip("service.version = 2.4.0", "Only these events")
    explorer.root.locator(".obskit-step", has_text="service.version = '2.4.0'").wait_for()
    explorer.wait()
    rows = explorer.tab("Rows")
    rows.get_by_role("gridcell", name="GET /book").first.wait_for()
    traces = explorer.tab("Traces")
    explorer.click(traces.locator(".obskit-example").first)
    opened = explorer.root.locator(".obskit-waterfall .obskit-trace")
    opened.get_by_role("row", name="GET /book").first.click()
    opened.get_by_text("service.version").first.wait_for()
    assert explorer.page.evaluate("window.evil") is None


def test_a_condition_is_typed_with_completion(explorer):
    line = explorer.root.get_by_role("combobox", name="Filter")
    line.click()
    explorer.page.keyboard.type("customer.id = 'c1")
    explorer.root.locator(".obskit-offers li", has_text="'c1").first.wait_for()
    explorer.page.keyboard.press("ArrowDown")
    explorer.page.keyboard.press("Enter")
    explorer.page.keyboard.press("Enter")
    explorer.root.locator(".obskit-step", has_text="customer.id").wait_for()
    explorer.wait()
