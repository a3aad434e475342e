"""The Explorer on log records in a real JupyterLab: a row per level, and a box over whole rows."""

from __future__ import annotations

import os

import pytest

from tests.triage.test_logs import logs


@pytest.fixture(scope="module")
def opened(lab, shared_page, tmp_path_factory):
    folder = tmp_path_factory.mktemp("logs")
    logs(folder)
    cells = [f"import obskit as ok\n\nevents = ok.load({str(folder / 'app.jsonl')!r})", "ok.Explorer(events)"]
    lab.open(shared_page, cells, "logs.ipynb")
    lab.run_all(shared_page)
    shared_page.wait_for_function("() => document.querySelectorAll('.obskit-area canvas').length === 1")
    shared_page.locator(".obskit").scroll_into_view_if_needed()
    return shared_page


def test_a_box_over_errors_of_logs_is_explained(opened):
    labels = opened.locator(".obskit-y span").all_text_contents()
    assert labels == ["INFO", "WARN", "ERROR"]
    area = opened.locator(".obskit-area").bounding_box()
    # within the top row, not at its edges: the box takes the whole row
    left, top = area["x"] + 0.75 * area["width"], area["y"] + 0.1 * area["height"]
    opened.mouse.move(left, top)
    opened.mouse.down()
    opened.mouse.move(area["x"] + 0.95 * area["width"], area["y"] + 0.2 * area["height"], steps=5)
    opened.mouse.up()
    chip = opened.locator(".obskit-chip").first
    chip.wait_for()
    assert "checkout-2" in chip.text_content()
    sides = opened.locator(".obskit-sides").text_content()
    assert "severity_number >= 17" in sides
    assert "severity_number <" not in sides
    if folder := os.environ.get("OBSKIT_SCREENSHOTS"):
        opened.locator(".obskit").screenshot(path=f"{folder}/logs.png")
