"""Results with more columns than fit."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

from obskit.display.wide import PIXELS, WideResult, fitting_characters, fitting_pixels

IDS = ["8ed290e4427cf51532cf5f7217965923", "92d25e3427ecff5383c07b26ddceef40"]


def wide(columns: int = 140, *, chosen: bool = False, text: str = "value") -> WideResult:
    table = pa.table({"trace_id": IDS, **{f"attribute.{n:03}": [text, "<b>"] for n in range(columns)}})
    return WideResult(kind="rows", table=table, query="events.rows()", sql="select 1", chosen=chosen)


@pytest.mark.parametrize("width", [40, 80, 100, 240])
def test_text_fits_the_terminal_and_names_the_rest(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = str(wide()).splitlines()
    assert max(map(len, lines[:4])) <= width
    assert IDS[0] in lines[2], "an id is useless where a part of it is cut off"
    shown = len(lines[0].split())
    assert lines[4].startswith(f"… {141 - shown} more columns: attribute.{shown - 1:03}, ")
    assert lines[4].endswith(" more")


def test_html_shows_columns_that_fit_and_names_the_rest() -> None:
    page = wide()._repr_html_()
    shown = page.count("<th ")
    assert 8 <= shown <= 14
    names = f"<p>attribute.{shown - 1:03}, attribute."
    assert f"<details><summary>… {141 - shown} more columns</summary>{names}" in page
    assert "<b>" not in page
    assert "overflow-x:auto" in page
    assert "<summary>SQL</summary>" in page


def test_columns_that_the_caller_chose_are_all_in_the_page() -> None:
    page = wide(chosen=True)._repr_html_()
    assert page.count("<th ") == 141
    assert "more column" not in page


def test_all_columns_are_in_the_data() -> None:
    assert len(wide().to_dict()["columns"]) == 141
    assert wide().to_arrow().num_columns == 141


def test_long_text_leaves_room_for_others() -> None:
    assert fitting_pixels(wide(text="x" * 500).table) == 3
    assert fitting_characters(wide(text="x" * 500).table, 100) == 3
    assert fitting_characters(wide().table, 5) == 1
    assert fitting_pixels(wide().table.select([])) == 0
    assert re.match("nothing", str(WideResult(kind="rows", table=pa.table({}), query="")))
    assert PIXELS == 1_200
