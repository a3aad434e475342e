"""From a folder to the cause by mouse and keyboard, in a real JupyterLab with a real kernel."""

from __future__ import annotations

import json

import pytest

from tests.browser.test_lab import ask, drag, events_file, height_of
from tests.support import planted

__all__ = ["events_file"]

NOTEBOOK = "investigation.ipynb"
PANEL = ".obskit-side-by-side > .obskit-panel"
DONE = "() => ['idle', 'error'].includes(document.querySelector('.obskit-explorer')?.dataset.state)"


@pytest.fixture(scope="module")
def opened(lab, shared_page, events_file):
    """A page with an Explorer of the planted events; the tests of this module go on from one another."""
    load = f"import obskit as ok\n\nevents = ok.load({str(events_file)!r})"
    lab.open(shared_page, [load, "explorer = ok.Explorer(events)\nexplorer"], NOTEBOOK)
    lab.run_all(shared_page)
    shared_page.wait_for_function("() => document.querySelectorAll('.obskit-area canvas').length === 1")
    shared_page.locator(".obskit-explorer").scroll_into_view_if_needed()
    return shared_page


def settled(page):
    """Wait until the kernel has answered everything."""
    ask(page, "explorer._latest.wait(60)")
    page.wait_for_function(DONE)


def tab(page, name):
    page.locator(".obskit-tabs").get_by_role("tab", name=name).click()
    settled(page)
    return page.locator(PANEL)


def test_the_lines_and_the_operations_are_there(opened):
    settled(opened)
    assert opened.locator(".obskit-line-area").count() == 3
    assert "booking GET /book" in opened.get_by_label("Operation").inner_text()


def test_a_condition_is_typed_with_completion(opened):
    page = opened
    page.get_by_role("combobox", name="Filter").click()
    page.keyboard.type("service.na")
    page.locator(".obskit-offers li", has_text="service.name").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("= ")
    page.locator(".obskit-offers li", has_text="'booking'").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.locator(".obskit-step", has_text="service.name = 'booking'").wait_for()
    settled(page)
    assert ask(page, "print(explorer.state['steps'])") == "[\"service.name = 'booking'\"]"


def test_the_box_names_the_cause_and_every_tab_shows_it(opened):
    page = opened
    drag(page, 0.55, height_of(page, 400), 0.95, 1.2)
    settled(page)
    assert "service.version = 2.4.0" in page.locator(".obskit-found li").first.inner_text()
    fields = tab(page, "Fields").inner_text()
    assert "service.version" in fields
    assert fields.index("differs by at least") < fields.index("no difference beyond chance")
    assert "no field body" in tab(page, "Messages").inner_text()
    rows = tab(page, "Rows")
    rows.get_by_role("gridcell", name="GET /book").first.wait_for()
    total = ask(page, "print(explorer._panel['total'])")
    assert f"of {int(total):,} of the selection" in rows.inner_text()
    assert page.locator(".obskit-explorer img").count() == 0
    assert page.evaluate("window.evil") is None


def test_a_trace_opens_in_place_from_a_row(opened):
    page = opened
    page.locator(PANEL).get_by_role("gridcell", name="GET /book").first.click()
    page.get_by_role("menuitem", name="Open its trace").click()
    settled(page)
    page.locator(".obskit-waterfall .obskit-trace").wait_for()
    assert "GET /book" in page.locator(".obskit-waterfall").inner_text()
    assert ask(page, "print(explorer.state['trace'] == explorer._trace['id'])") == "True"


def test_a_reload_of_the_page_keeps_everything(opened):
    page = opened
    before = ask(page, "import json; print(json.dumps(explorer.state))")
    page.evaluate("jupyterapp.commands.execute('docmanager:save').then(() => true)")
    page.reload()
    page.locator(".obskit-area canvas").wait_for(timeout=40_000)
    assert (
        page.locator(".obskit-tabs").get_by_role("tab", name="Rows").get_attribute("aria-selected") == "true"
    )
    assert page.locator(".obskit-step", has_text="service.name").count() == 1
    page.locator(".obskit-waterfall .obskit-trace").wait_for()
    assert ask(page, "print(json.dumps(explorer.state))") == before


def test_going_back_and_the_state_that_restores_it(opened):
    page = opened
    page.get_by_role("button", name="Undo").click()
    settled(page)
    assert "box" not in json.loads(ask(page, "print(json.dumps(explorer.state))"))
    page.get_by_role("button", name="Redo").click()
    settled(page)
    same = ask(
        page,
        "again = ok.Explorer(events, state=explorer.state); again.wait(60)\n"
        "print(again.explanation.findings == explorer.explanation.findings, again.code == explorer.code)",
    )
    assert same == "True True"


def test_what_is_for_readers_without_a_kernel_is_not_seen_beside_the_widget(opened):
    assert opened.locator("[class^=obskit-still]").count() >= 1
    assert opened.locator("[class^=obskit-still]:visible").count() == 0


def test_the_saved_notebook_is_small_and_reads_without_a_kernel(lab, opened):
    opened.evaluate("jupyterapp.commands.execute('docmanager:save').then(() => true)")
    opened.wait_for_timeout(500)
    path = lab.folder / NOTEBOOK
    assert path.stat().st_size < 300_000
    outputs = [out for cell in json.loads(path.read_text())["cells"] for out in cell.get("outputs", [])]
    html = "".join("".join(out["data"].get("text/html", "")) for out in outputs if "data" in out)
    assert "data:image/png;base64," in html
    assert "service.version = 2.4.0" in html  # the findings of the last box, not of the first picture
    assert "ok.Explorer(events, state={" in html
    assert planted.EVIL not in html
