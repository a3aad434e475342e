"""The Explorer in a real JupyterLab whose kernel restarts, whose network is cut, whose page is loaded again.

What must hold: the page says what happened, shows the last answer, nothing looks as if it were still being
counted, and everything works again once there is a kernel.
"""

from __future__ import annotations

import json

import pytest

from tests.browser.conftest import pages
from tests.browser.test_lab import ask, drag, events_file, height_of
from tests.support.explorer_page import ExplorerPage
from tests.support.lab_harness import READY, Lab
from tests.support.network import Network

__all__ = ["events_file"]

STATE = "() => document.querySelector('.obskit-explorer')?.dataset.state"
SAVE = "jupyterapp.commands.execute('docmanager:save').then(() => true)"
RESTART = "jupyterapp.shell.currentWidget.sessionContext.restartKernel().then(() => true)"
# The next box is answered only once `gate` is set.
HOLD = """
import threading
gate = threading.Event()
explain = explorer._answers._explain
explorer._answers._explain = lambda *given: (gate.wait(60), explain(*given))
"""


@pytest.fixture
def cells(events_file):
    return [
        f"import obskit as ok\n\nevents = ok.load({str(events_file)!r})",
        "explorer = ok.Explorer(events)\nexplorer",
    ]


@pytest.fixture
def page(chromium):
    """A page whose own errors fail the test; JupyterLab itself has some when its server is gone."""
    with pages(chromium, ignored=of_jupyterlab) as open_page:
        page = open_page(permissions=["clipboard-read", "clipboard-write"])
        # JupyterLab says in a dialog that its server is gone.
        page.add_locator_handler(page.locator("dialog.jp-Dialog"), lambda: page.keyboard.press("Escape"))
        yield page


def of_jupyterlab(error):
    """Whether an error of the page comes from code of JupyterLab alone."""
    frames = [line for line in (error.stack or "").splitlines() if "://" in line]
    return all("/static/lab/" in line for line in frames)


def slow_box(page):
    drag(page, 0.55, height_of(page, 400), 0.95, 1.2)


def explored(lab, page, cells, name, url=None):
    """Open a notebook with an Explorer, draw a box, and return it."""
    lab.open(page, cells, name, url)
    lab.run_all(page)
    explorer = ExplorerPage(page)
    explorer.wait()
    explorer.root.scroll_into_view_if_needed()
    explorer.wait()
    slow_box(page)
    explorer.panel.locator("li").first.wait_for()
    explorer.wait()
    return explorer


def assert_last_answer(page, explorer):
    """Nothing answers: the picture, the box and the finding are there, and nothing is in progress."""
    page.wait_for_function(f"({STATE})() === 'lost'")
    assert explorer.root.locator(".obskit-area canvas").is_visible()
    assert explorer.root.locator(".obskit-box").is_visible()
    assert "service.version = 2.4.0" in explorer.panel.locator("li").first.inner_text()
    assert not explorer.root.get_by_role("progressbar").is_visible()
    assert not explorer.root.get_by_role("button", name="Cancel").is_visible()
    assert "Counting" not in explorer.root.inner_text()
    assert explorer.root.locator("[aria-live].obskit-hidden").inner_text().startswith("No answer: ")


def test_a_kernel_that_restarts(lab, page, cells):
    explorer = explored(lab, page, cells, "restarts.ipynb")
    state = ask(page, "import json; print(json.dumps(explorer.state))")
    page.evaluate(RESTART)
    page.wait_for_function(READY)
    explorer.root.get_by_role("tab", name="Rows").click()
    assert_last_answer(page, explorer)
    status = explorer.root.locator(".obskit-status")
    assert status.inner_text().startswith("No answer: The kernel was restarted or has ended")
    status.get_by_role("button", name="Copy").click()
    page.wait_for_function(
        "document.querySelector('[aria-live].obskit-hidden').textContent === 'Copied the line.'"
    )
    resume = page.evaluate("navigator.clipboard.readText()")

    # The same cells again give a new Explorer, which works.
    lab.run_all(page)
    explorer.wait()
    explorer.root.scroll_into_view_if_needed()
    explorer.wait()
    slow_box(page)
    explorer.panel.locator("li", has_text="service.version = 2.4.0").first.wait_for()

    # The line that was copied gives the old one's state.
    restored = f"explorer = {resume}; explorer.wait(60); print(json.dumps(explorer.state))"
    assert json.loads(ask(page, f"import json\n{restored}")) == json.loads(state)
    assert ask(page, "print(explorer.explanation.findings[0].condition)").startswith(
        "service.version = '2.4.0'"
    )


def test_a_kernel_that_restarts_while_it_counts(lab, page, cells):
    explorer = explored(lab, page, cells, "restarts-at-work.ipynb")
    ask(page, HOLD)
    drag(page, 0.6, height_of(page, 400), 0.9, 1.2)
    page.wait_for_function(f"({STATE})() === 'working'")
    page.evaluate(RESTART)
    assert_last_answer(page, explorer)  # without another click


def test_a_network_that_is_cut_and_mended(lab, page, cells):
    network = Network(lab.url)
    try:
        explorer = explored(lab, page, cells, "network.ipynb", network.url)
        network.cut()
        explorer.root.get_by_role("tab", name="Rows").click()
        assert_last_answer(page, explorer)
        status = explorer.root.locator(".obskit-status")
        assert status.inner_text().startswith("No answer: The kernel has not answered for 10 seconds.")
        network.mend()
        # JupyterLab sends what was clicked once it is connected again; it tries after some seconds.
        explorer.panel.get_by_role("gridcell", name="GET /book").first.wait_for(timeout=90_000)
        page.wait_for_function(f"({STATE})() === 'idle'")
        assert "No answer" not in status.inner_text()
    finally:
        network.stop()


def test_a_server_that_ends_and_comes_back(page, cells, tmp_path):
    lab = Lab(tmp_path / "own")
    try:
        lab.wait()
        explorer = explored(lab, page, cells, "server.ipynb")
        page.evaluate(SAVE)
        lab.stop()
        explorer.root.get_by_role("tab", name="Fields").click()
        assert_last_answer(page, explorer)
        lab.start()
        lab.wait()
        page.reload()
        page.wait_for_function(READY, timeout=60_000)
        still = page.locator("[class^=obskit-still]")
        still.wait_for()  # what is read without a kernel, until the cell runs again
        assert "service.version" in still.inner_text()
        lab.run_all(page)
        explorer.wait()
        explorer.root.scroll_into_view_if_needed()
        explorer.wait()
        slow_box(page)
        explorer.panel.locator("li", has_text="service.version = 2.4.0").first.wait_for()
    finally:
        lab.stop()


def test_a_page_that_is_loaded_again_in_the_middle_of_a_question(lab, page, cells):
    explorer = explored(lab, page, cells, "reload.ipynb")
    page.evaluate(SAVE)
    ask(page, HOLD)
    drag(page, 0.6, height_of(page, 400), 0.9, 1.2)
    page.wait_for_function(f"({STATE})() === 'working'")
    page.reload()
    page.wait_for_function(READY, timeout=60_000)
    page.wait_for_function(f"({STATE})() === 'working'", timeout=60_000)
    assert explorer.root.get_by_role("button", name="Cancel").is_visible()
    assert ask(page, "gate.set(); explorer.wait(60); print(explorer.explanation.selection['condition'])") in (
        explorer.root.locator(".obskit-sides").inner_text()
    )
    explorer.wait()
    assert explorer.root.get_by_role("button", name="Cancel").is_hidden()


def test_twenty_quick_boxes_in_each_of_two_explorers_of_one_dataset(lab, page, cells):
    lab.open(page, [*cells, "other = ok.Explorer(events)\nother"], "two.ipynb")
    lab.run_all(page)
    page.wait_for_function("() => document.querySelectorAll('.obskit-area canvas').length === 2")
    widgets = page.locator(".obskit-explorer").all()
    high = height_of(page, 400)
    for step in range(20):
        for widget in widgets:
            area = widget.locator(".obskit-area")
            area.scroll_into_view_if_needed()
            box = area.bounding_box()
            page.mouse.move(
                box["x"] + (0.4 + step / 100) * box["width"], box["y"] + (1 - high) * box["height"]
            )
            page.mouse.down()
            page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 2, steps=2)
            page.mouse.up()
    for widget, name in zip(widgets, ("explorer", "other"), strict=True):
        wanted = (
            f"{name}.wait(120); print({name}.explanation.selection['condition'], {name}.selection, sep='\\n')"
        )
        answered, selected = ask(page, wanted).splitlines()
        assert answered == selected
        page.wait_for_function(
            "() => [...document.querySelectorAll('.obskit-explorer')].every(({dataset}) => dataset.state === 'idle')"
        )
        assert selected in widget.locator(".obskit-sides").inner_text()
    assert ask(page, "print(explorer._history.at, other._history.at)") == "20 20"
