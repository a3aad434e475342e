"""A report in the browser, with the network off: sort, pick, hover, zoom, fold."""

from __future__ import annotations

import json
import re

import pytest

from obskit import Ledger, load, note, report
from tests.report.test_report import HOSTILE, KEY, SECRET, SLOW
from tests.support.local_server import ROOT


@pytest.fixture(scope="module")
def review(tmp_path_factory):
    base = tmp_path_factory.mktemp("review")
    note(HOSTILE, into=base / "notes", at="2026-05-04T11:30Z")
    events = load([ROOT / "sample_events", base / "notes"])
    book = events.where("http.route = '/book'")
    people = events.where(f"{SLOW} and user.id is not null").rows(["user.id", "duration_ms"], limit=9)
    ledger = Ledger(base / "ledger.jsonl")
    found = book.explain("duration_ms > 500", during="2026-05-04T10:00Z/2026-05-04T10:30Z")
    ledger.keep(found, "cause", question=f"which are slow? {HOSTILE}")
    ledger.keep(people, "contributing", question="whose are slow?", why=f"token {SECRET}")
    ledger.keep(book.query("share(error)", by="cloud.region"), "ruled out", why="all regions fail")
    path = base / "review.html"
    report(events, path, selection=SLOW, ledger=ledger, pseudonyms=["user.id"], pseudonym_key=KEY)
    return path, people.to_arrow()["user.id"].to_pylist()


@pytest.fixture
def page(new_page, review):
    path, _ = review
    page = new_page(offline=True)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: asked.append(message.text) if message.type == "error" else None)
    page.goto(path.as_uri())
    page.wait_for_function("document.documentElement.dataset.ready === 'yes'")
    yield page
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_it_opens_without_a_network_and_shows_no_secret(page, review):
    path, people = review
    text = path.read_text()
    shown = page.evaluate("document.documentElement.outerHTML")
    for hidden in (SECRET, *people):
        assert hidden.lower() not in text.lower()
        assert hidden.lower() not in shown.lower()
    assert HOSTILE in page.inner_text("body").replace("\n", " ")
    assert page.locator("img").count() == 0


def test_tables_sort(page):
    table = page.locator("table", has_text="user.id affected")
    button = table.get_by_role("button", name="affected", exact=True).first

    def column():
        cells = table.locator("tbody tr td:nth-child(2)").all_inner_texts()
        return [float(cell.replace(",", "")) for cell in cells]

    button.click()
    assert column() == sorted(column())
    assert table.locator("th").nth(1).get_attribute("aria-sort") == "ascending"
    button.click()
    assert column() == sorted(column(), reverse=True)
    assert column()[0] > 0


def test_one_of_several_answers_is_shown(page):
    choice = page.locator(".choice").first
    tabs = choice.get_by_role("tab")
    assert tabs.count() == 2
    panels = choice.locator(".panel")
    assert [panels.nth(n).is_visible() for n in range(2)] == [True, False]
    assert "service.version = '2.4.0'" in panels.nth(0).inner_text()
    another = choice.get_by_role("button", name="Another question…")
    assert another.get_attribute("aria-disabled") == "true"
    assert "not the events" in another.get_attribute("title")
    another.focus()
    page.keyboard.press("Enter")
    assert "Load them as the report says" in choice.get_by_role("status").inner_text()
    tabs.nth(0).press("ArrowRight")
    assert [panels.nth(n).is_visible() for n in range(2)] == [False, True]
    assert re.search("p-[0-9a-f]{16}", panels.nth(1).inner_text())


def test_a_chart_is_hovered_and_zoomed(page):
    chart = page.locator(".chart").first
    chart.scroll_into_view_if_needed()
    box = chart.locator("svg").bounding_box()
    whole = chart.get_attribute("data-view")
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    assert re.match(r"2026-05-04T1\d:00:00Z\naffected: [\d,.]+", chart.locator(".tip").inner_text())
    page.mouse.move(box["x"] + 0.4 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], middle, steps=4)
    page.mouse.up()
    zoomed = chart.get_attribute("data-view")
    assert zoomed != whole
    low, high = zoomed.split()
    assert whole.split()[0] < low < high < whole.split()[1]
    chart.locator("svg").dblclick()
    assert chart.get_attribute("data-view") == whole
    chart.locator("svg").press("+")
    assert chart.get_attribute("data-view") != whole
    chart.locator("svg").press("Escape")
    assert chart.get_attribute("data-view") == whole


def test_sections_fold_and_code_is_folded(page):
    section = page.locator("details.s").first
    assert section.get_attribute("open") is not None
    section.locator("> summary").click()
    assert section.get_attribute("open") is None
    assert not page.get_by_text("of 40,001 rows").first.is_visible()


def test_a_heatmap_of_a_notebook(new_page, tmp_path):
    events = load(ROOT / "sample_events").where("http.route = '/book'")
    figure = events.heatmap(bins=(40, 20)).plot()._repr_mimebundle_()
    cell = {"cell_type": "code", "source": "plot", "metadata": {},
            "outputs": [{"output_type": "display_data", "data": figure}]}  # fmt: skip
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "x.ipynb").write_text(json.dumps(notebook))
    report(tmp_path / "x.ipynb", tmp_path / "x.html")
    page = new_page(offline=True)
    page.goto((tmp_path / "x.html").as_uri())
    chart = page.locator(".chart").first
    assert chart.locator("rect[fill-opacity]").count() > 50
    cell = chart.locator("rect[fill-opacity]").nth(30).bounding_box()
    page.mouse.move(cell["x"] + cell["width"] / 2, cell["y"] + cell["height"] / 2)
    assert re.search(r"[\d,.]+ to [\d,.]+: [\d,.]+ events", chart.locator(".tip").inner_text())
