"""Tables as text and HTML: widths, cuts, links, alignment."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.display import formatting
from obskit.display.tables import UNIT, WRITTEN, check_link, format_cell, html_page, html_table, text_table
from obskit.errors import InvalidArgument
from obskit.text import is_safe
from tests.support.examples import examples


def test_links_must_be_http_or_https_addresses() -> None:
    table = pa.table({"trace_id": ['a"b/c']})
    page = html_table(table, links={"trace_id": "https://t.example/{trace_id}?x=1&y=2"})
    assert 'href="https://t.example/a%22b%2Fc?x=1&amp;y=2"' in page
    for bad in (
        "javascript:alert(1)//{trace_id}",
        "//x/{trace_id}",
        "https://{trace_id}/",
        "file:///{trace_id}",
    ):
        with pytest.raises(InvalidArgument) as caught:
            check_link(bad)
        assert str(caught.value) == (
            f"a link must be an http or https address, got {bad!r}\n"
            "Hint: give an address such as https://tracing.example/trace/{trace_id}"
        )


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (12345, None, "12,345"),
        (0.12345, None, "0.123"),
        (1234.5, None, "1,234"),
        (float("nan"), None, "NaN"),
        (1230.0, b"ms", "1.23 s"),
        (0.5, b"ms", "0.5 ms"),
        (150_000.0, b"ms", "2.5 min"),
        (0.0123, b"share", "1.2%"),
        (0.99985, b"share", "99.98%"),
        (0.99999, b"share", ">99.99%"),
        (None, None, "-"),
        (True, None, "true"),
        (["a", None], None, "[a, null]"),
        (datetime(2026, 5, 4, 10, 0, 0, 120_000, tzinfo=UTC), None, "2026-05-04T10:00:00.120Z"),
    ],
)
def test_values_for_people(value: object, unit: bytes | None, text: str) -> None:
    assert format_cell(value, unit) == text


def test_units_come_with_the_column() -> None:
    table = pa.table(
        [pa.array([1500.0])], schema=pa.schema([pa.field("p99", pa.float64(), metadata={UNIT: b"ms"})])
    )
    assert "1.5 s" in text_table(table)
    assert formatting.duration(8_000_000) == "2.22 h"


@settings(max_examples=examples(80), deadline=None)
@given(
    columns=st.lists(st.text(max_size=30), min_size=1, max_size=12, unique=True),
    cell=st.text(max_size=200),
    width=st.integers(20, 200),
)
def test_tables_fit_the_width(columns: list[str], cell: str, width: int) -> None:
    table = pa.table(
        {
            name.encode("utf-8", "replace").decode() + str(at): [cell.encode("utf-8", "replace").decode()]
            for at, name in enumerate(columns)
        }
    )
    for line in text_table(table, width).split("\n"):
        assert len(line) <= width
        assert all(map(is_safe, line))


def test_long_tables_are_cut_and_counted() -> None:
    text = text_table(pa.table({"n": list(range(80))}), 40)
    assert text.endswith("… 30 more rows")


@pytest.mark.parametrize("width", [30, 40, 60, 80, 200])
def test_numbers_and_times_are_never_cut(width: int) -> None:
    fields = [
        pa.field("route", pa.string()),
        pa.field("count(duration_ms > 500)", pa.int64()),
        pa.field("p99", pa.string(), metadata={UNIT: WRITTEN}),
        pa.field("note", pa.string()),
    ]
    columns = [["/a/very/long/route/" * 4], [123_456_789], ["0.0425 → 0.0512"], ["some words " * 5]]
    table = pa.Table.from_arrays([pa.array(c) for c in columns], schema=pa.schema(fields))
    text = text_table(table, width)
    head, _, row = text.split("\n")[:3]
    assert "123,456,789" in row
    assert ("0.0425 → 0.0512" in row) == ("p99" in head)
    assert max(map(len, text.split("\n"))) <= width
    if width >= 60:
        assert "note" in head
        assert "…" in row, "text gave way"


def test_null_differs_from_text_that_looks_like_it() -> None:
    table = pa.table({"v": ["-", "null", "", " ", None, "\u00a0x"]})
    assert [line.rstrip() for line in text_table(table, 40).split("\n")[2:]] == [
        "'-'",
        "null",
        "''",
        "' '",
        "-",
        "\u00a0x",
    ]
    page = html_table(table)
    assert page.count('GrayText)">-</span>') == 1
    assert "&#x27;-&#x27;" in page


def test_each_cell_is_aligned_and_the_style_sheet_is_there_once() -> None:
    table = pa.table({"name": ["  a"], "n": [1]})
    page = html_page(html_table(table), html_page("<p>more</p>"))
    assert page.count("<style>") == 1
    assert page.count('class="w" style="text-align:left"') == 2
    assert page.count('class="n" style="text-align:right"') == 2
    assert html_page(page, page).count("<style>") == 1


def test_a_short_text_is_not_wrapped_next_to_a_long_one() -> None:
    long = "x " * 9
    page = html_table(pa.table({"type": ["string"], "top": [long], "id": ["0" * 32], "path": ["x" * 37]}))
    assert '<td class="w" style="text-align:left">string</td>' in page
    assert f'<td style="text-align:left">{long}</td>' in page
    assert f'<td class="w" style="text-align:left">{"0" * 32}</td>' in page
    assert f'<td style="text-align:left">{"x" * 37}</td>' in page
    assert ".obskit-t .n,.obskit-t .w{white-space:nowrap}" in page
