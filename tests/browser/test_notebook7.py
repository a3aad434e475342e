"""The Explorer in Jupyter Notebook 7, with a real kernel; its pages are driven by their menus alone."""

from __future__ import annotations

import importlib.util
import json

import pytest
from playwright.sync_api import TimeoutError as Late

from tests.browser.conftest import missing, pages
from tests.support import planted
from tests.support.explorer_page import ExplorerPage, findings_of
from tests.support.lab_harness import Lab, notebook


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if importlib.util.find_spec("notebook") is None:
        missing("Jupyter Notebook is not installed (pip install 'obskit-notebook[dev]')")
    server = Lab(tmp_path_factory.mktemp("notebook"), module="notebook")
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def run_all(page):
    """Run all cells by the menu. The page looks ready before its kernel is, so it is asked until a cell runs."""
    for _ in range(15):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        try:
            page.locator(".jp-InputPrompt", has_text="*").or_(
                page.locator(".jp-InputPrompt", has_text="1")
            ).first.wait_for(timeout=2000)
        except Late:
            continue
        return
    raise AssertionError("no cell was run")


@pytest.fixture(scope="module")
def explorer(chromium, server, tmp_path_factory):
    events = planted.write(tmp_path_factory.mktemp("events"))
    cells = [f"import obskit as ok\n\nevents = ok.load({str(events)!r})", "ok.Explorer(events)"]
    (server.folder / "test.ipynb").write_text(json.dumps(notebook(cells)))
    with pages(chromium, ignored=of_the_notebook) as open_page:
        page = open_page(permissions=["clipboard-read", "clipboard-write"])
        # Asked to run a cell too early, or about news, it opens a dialog.
        page.add_locator_handler(page.locator("dialog.jp-Dialog"), lambda: page.keyboard.press("Escape"))
        page.goto(f"{server.url}/notebooks/test.ipynb?token={server.token}")
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=60_000)
        run_all(page)
        shown = ExplorerPage(page)
        shown.wait()
        yield shown


def of_the_notebook(error):
    """Whether an error of the page comes from code of Jupyter Notebook alone: 7.6 has one while it starts."""
    frames = [line for line in (error.stack or "").splitlines() if "://" in line]
    return bool(frames) and all("/static/notebook/" in line for line in frames)


def test_a_box_a_menu_and_the_code(explorer, server, monkeypatch):
    explorer.box(0.55, explorer.height_of(400), 0.95, 1.2)
    first = explorer.panel.locator("li").first.inner_text()
    assert "service.version = 2.4.0" in first
    assert f"cloud.region = {planted.EVIL}" in first
    monkeypatch.chdir(server.folder)
    code = explorer.code()
    assert findings_of(code)[0] == (
        "service.version = '2.4.0' and cloud.region = '<img src=x onerror=\"window.evil=1\"><b>bold</b>'"
    )
    explorer.chip("service.version = 2.4.0", "Only these events")
    explorer.root.locator(".obskit-step", has_text="service.version = '2.4.0'").wait_for()
    explorer.wait()
    assert explorer.page.evaluate("window.evil") is None


def test_every_tab_and_a_trace_in_place(explorer):
    assert "cloud.region" in explorer.tab("Fields").inner_text()
    assert "no field body" in explorer.tab("Messages").inner_text()
    rows = explorer.tab("Rows")
    rows.get_by_role("gridcell", name="GET /book").first.wait_for()
    traces = explorer.tab("Traces")
    explorer.click(traces.locator(".obskit-example").first)
    opened = explorer.root.locator(".obskit-waterfall .obskit-trace")
    opened.wait_for()
    opened.get_by_role("row", name="GET /book").first.click()
    opened.get_by_text("service.version").first.wait_for()


def test_the_picture_for_readers_without_a_kernel_is_hidden_next_to_the_widget(explorer):
    assert explorer.page.locator("[class^=obskit-still]").count() == 1
    assert explorer.page.locator("[class^=obskit-still]:visible").count() == 0
