"""The notebooks as somebody reads them: in JupyterLab, with a mouse."""

from __future__ import annotations

from tests.support.lab_harness import ROOT

IDLE = "() => document.querySelector('.obskit')?.dataset.state === 'idle'"


def test_what_changed_after_the_deployment(lab, new_page):
    page = new_page()
    lab.open(page, ROOT / "notebooks" / "01-what-changed-after-the-deployment.ipynb", "what-changed.ipynb")
    lab.run_all(page)
    page.locator(".obskit-area canvas").wait_for(state="attached")
    page.locator(".obskit-area").scroll_into_view_if_needed()
    # What was drawn from Python is on screen already.
    page.wait_for_function(IDLE)
    assert "service.version = 2.4.0" in page.locator(".obskit-found").inner_text()

    box = page.locator(".obskit-area").bounding_box()
    top, left = box["y"] + 6, box["x"] + 0.45 * box["width"]
    before = page.locator(".obskit-sides").inner_text()
    page.mouse.move(left, box["y"] + 0.42 * box["height"])
    page.mouse.down()
    page.mouse.move(left + 0.25 * box["width"], top, steps=5)
    page.mouse.up()
    page.wait_for_function(
        """(before) => {
          const now = document.querySelector(".obskit-sides")?.innerText;
          return now && now !== before && document.querySelector(".obskit").dataset.state === "idle";
        }""",
        arg=before,
    )
    assert page.locator(".obskit-found li").count() >= 1
    page.locator(".obskit-chip").first.click()
    assert page.get_by_role("menuitem").count() >= 3
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show code").click()
    assert "events.explain(" in page.locator(".obskit-code pre").inner_text()
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    assert (lab.folder / "what-changed.ipynb").stat().st_size < 1_500_000


def test_instrument_a_service(lab, new_page):
    page = new_page()
    lab.open(page, ROOT / "notebooks" / "02-instrument-a-service.ipynb", "instrument.ipynb")
    lab.run_all(page)
    found = page.locator(".jp-Cell", has_text="found = booked.explain").locator(".jp-OutputArea")
    found.scroll_into_view_if_needed()
    assert "feature_flag.new-seat-map = on" in found.inner_text().replace("'", "").replace('"', "")


def test_open_what_you_have(lab, new_page):
    page = new_page()
    lab.open(page, ROOT / "notebooks" / "03-open-what-you-have.ipynb", "open.ipynb")
    lab.run_all(page)
    answers = page.locator(".jp-Cell", has_text="answers = {}").locator(".jp-OutputArea")
    answers.scroll_into_view_if_needed()
    assert answers.inner_text().count("ticket.format = 'wallet' and service.version = '3.1.0'") == 4
