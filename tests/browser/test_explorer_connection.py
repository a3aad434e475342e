"""What the page says when the kernel does not answer: in a blank page whose clock the test moves."""

from __future__ import annotations

from tests.browser.test_explorer_page import asked, found, page, put, sent
from tests.browser.test_explorer_tabs import reply

__all__ = ["page"]

STATE = "document.querySelector('.obskit-explorer').dataset.state"


def opened(page):
    """Open a page whose timers stand still."""
    page = page()
    page.evaluate(
        """() => {
          window.timers = [];
          window.setTimeout = (call, after) => (timers.push({ call, at: after }), timers.length);
          window.setInterval = (call, after) => (timers.push({ call, every: after, at: after }), timers.length);
          window.clearTimeout = window.clearInterval = (id) => { if (timers[id - 1]) timers[id - 1].at = Infinity; };
          window.pass = (time) => {
            for (const timer of [...timers]) {
              timer.at -= time;
              while (timer.at <= 0) {
                timer.at = timer.every ? timer.at + timer.every : Infinity;
                timer.call();
              }
            }
          };
        }"""
    )
    return page


def words(page):
    return page.locator(".obskit-status").inner_text()


def test_a_click_that_changes_nothing_is_no_loss(page):
    page = opened(page)
    page.locator(".obskit-area").click()
    reply(page, {"type": "received"})
    page.evaluate("pass(60000)")
    assert page.evaluate(STATE) != "lost"


def test_a_kernel_that_says_nothing_and_comes_back(page):
    page = opened(page)
    put(page, "_asked", asked(resume="ok.Explorer(events, state={})"))
    put(page, "_found", found())
    put(page, "_status", {"state": "working", "text": "indexing…", "done": 1, "total": 4})
    page.evaluate("pass(4000)")
    assert sent(page)[-1] == {"type": "ping"}
    page.evaluate("pass(9000)")
    assert page.evaluate(STATE) != "lost"
    reply(page, {"type": "received"})
    page.evaluate("pass(4000)")
    page.evaluate("pass(10000)")
    assert page.evaluate(STATE) == "lost"
    assert words(page).startswith("No answer: The kernel has not answered for 10 seconds.")
    assert "ok.Explorer(events, state={})" in words(page)
    assert page.get_by_role("progressbar").count() == 0
    assert page.get_by_role("button", name="Cancel").count() == 0
    assert "92.0%" in page.locator(".obskit-panel").inner_text()
    reply(page, {"type": "received"})
    assert page.evaluate(STATE) == "working"
    assert words(page).startswith("indexing…")
    put(page, "_status", {"state": "idle", "text": "done"})
    page.evaluate("pass(60000)")
    assert page.evaluate(STATE) == "idle"


def test_a_kernel_that_ends_before_it_says_that_it_works(page):
    page = opened(page)
    put(page, "_asked", asked())
    area = page.locator(".obskit-area").bounding_box()
    page.mouse.move(area["x"] + 100, area["y"] + 30)
    page.mouse.down()
    page.mouse.move(area["x"] + 200, area["y"] + 90)
    page.mouse.up()
    assert sent(page)[-1]["type"] == "brush"
    reply(page, {"type": "received"})
    assert page.evaluate(STATE) == "working"
    page.evaluate("pass(4000)")
    assert sent(page)[-1] == {"type": "ping"}
    page.evaluate("pass(10000)")
    assert page.evaluate(STATE) == "lost"


def test_a_click_without_a_connection_is_answered_at_once(page):
    page = page()
    put(page, "_asked", asked())
    for refuse in ("() => { throw new Error('Cannot send'); }", "() => Promise.reject(new Error('later'))"):
        page.evaluate(f"window.before = model.send; window.Object.assign(model, {{ send: {refuse} }})")
        page.get_by_role("tab", name="Rows").click()
        page.wait_for_function(f"{STATE} === 'lost'")
        assert words(page).startswith("No answer: The kernel was restarted or has ended")
        page.evaluate("model.send = window.before")
        reply(page, {"type": "received"})
        assert page.evaluate(STATE) != "lost"


def test_what_was_being_judged_or_written_is_not_in_progress_any_more(page):
    page = opened(page)
    record = {
        "folder": "/data",
        "ledger": "",
        "judgements": ["cause"],
        "done": 0,
        "busy": True,
        "text": "Writing…",
    }
    put(page, "_found", {**found(), "deployments": ["booking 2.4.0"]})
    put(page, "_verdict", {"name": "booking 2.4.0", "busy": True})
    put(page, "_record", record)
    page.get_by_role("tab", name="Rows").click()
    page.evaluate("pass(10000)")
    assert page.evaluate(STATE) == "lost"
    assert page.get_by_role("button", name="Judge").is_enabled()
    assert page.get_by_role("button", name="Pin").is_enabled()
    assert "Judging" not in page.locator(".obskit-panel").inner_text()
