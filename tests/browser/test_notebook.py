"""The notebooks as somebody reads them: in JupyterLab, with a mouse."""

from __future__ import annotations

from tests.support.local_server import ROOT

IDLE = "() => document.querySelector('.obskit-explorer')?.dataset.state === 'idle'"


def test_what_changed_after_the_deployment(lab, new_page):
    page = new_page()
    lab.open(page, ROOT / "notebooks" / "01-what-changed-after-the-deployment.ipynb", "what-changed.ipynb")
    lab.run_all(page)
    page.locator(".obskit-area canvas").wait_for(state="attached")
    page.locator(".obskit-area").scroll_into_view_if_needed()
    # What was drawn from Python is on screen already.
    page.wait_for_function(IDLE)
    assert "service.version = 2.4.0" in page.locator(".obskit-found").inner_text()

    page.locator(".obskit-area").scroll_into_view_if_needed()  # the answer next to it moved it
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
          return now && now !== before && document.querySelector(".obskit-explorer").dataset.state === "idle";
        }""",
        arg=before,
    )
    assert page.locator(".obskit-found li").count() >= 1
    page.locator(".obskit-chip").first.click()
    assert page.get_by_role("menuitem").count() >= 3
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show code").click()
    assert "events.explain(" in page.get_by_label("Code that reproduces what is shown").inner_text()
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


def test_judge_a_deployment(lab, new_page):
    page = new_page()
    lab.open(page, ROOT / "notebooks" / "04-judge-a-deployment.ipynb", "judge.ipynb")
    lab.run_all(page)
    cell = page.locator(".jp-Cell", has_text="verdict = events.judge(")
    cell.scroll_into_view_if_needed()
    words = cell.locator(".jp-OutputArea", has_text="regress: booking 2.4.0 fails on ")
    words.wait_for()
    words.scroll_into_view_if_needed()
    assert words.get_by_role("row", name="errors").is_visible()


def test_follow_the_trace(lab, new_page):
    page = new_page()
    lab.open(page, ROOT / "notebooks" / "05-follow-the-trace.ipynb", "follow.ipynb")
    lab.run_all(page)
    cell = page.locator(".jp-Cell", has_text="found = events.triage(")
    cell.scroll_into_view_if_needed()
    cell.get_by_text("where the time goes: self time of booking INSERT bookings").wait_for()

    cell = page.locator(".jp-Cell", has_text="bookings.map(baseline=")
    cell.scroll_into_view_if_needed()
    cell.locator("svg [data-service]", has_text="seatmap").click()
    far = cell.locator("[data-service].obskit-far")
    far.first.wait_for()
    assert "payment" in " ".join(far.all_text_contents())

    trace = page.locator(".obskit-trace").first
    trace.scroll_into_view_if_needed()
    trace.locator(".obskit-row:not([hidden])", has_text="INSERT bookings").click()
    trace.locator(".obskit-fields", has_text="db.client.pool_wait_ms").first.wait_for()
    assert "statement took 711 ms" in trace.locator(".obskit-panel").inner_text()
    assert trace.get_by_text("Fields that differ").is_visible()
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    assert (lab.folder / "follow.ipynb").stat().st_size < 1_500_000
