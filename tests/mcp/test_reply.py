"""Pages: every one within the budget, every item on exactly one, and the rest is announced."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.errors import InvalidArgument
from obskit.mcp.document import Document, Item, Section, split_sections, table_section
from obskit.mcp.reply import BUDGET, LEAST_BUDGET, fit
from obskit.mcp.values import MARK, shown
from tests.support.examples import examples

TEXT = st.text(max_size=300) | st.text("ab \n'|{}", max_size=3_000)
ROWS = st.lists(st.lists(TEXT, min_size=3, max_size=3), max_size=40)


def document(rows: list[list[str]], first: int | None = None, fact: str = "") -> Document:
    numbered = [[number, *row] for number, row in enumerate(rows)]
    sections = [table_section("rows", ("number", "a", "b", "c"), numbered, 3_000)]
    return Document("rows", {"fact": shown(fact, 3_000)}, sections, "events.rows()", {"rows": 3}, first)


def pages(made: Document, budget: int) -> list[dict[str, object]]:
    found, offset = [], 0
    while True:
        reply = fit(made, "rows-1", offset=offset, budget=budget)
        assert reply.tokens <= budget
        found.append(reply.structured)
        if "next" not in reply.structured:
            return found
        assert reply.structured["next"]["arguments"]["offset"] > offset
        offset = reply.structured["next"]["arguments"]["offset"]


@settings(max_examples=examples(60))
@given(ROWS, st.integers(LEAST_BUDGET, 6_000), TEXT, st.none() | st.integers(0, 5))
def test_every_item_is_on_one_page_and_every_page_fits(
    rows: list[list[str]], budget: int, fact: str, first: int | None
) -> None:
    if first == 0 and rows:
        first = 1
    seen = []
    for page in pages(document(rows, first, fact), budget):
        part = page.get("rows")
        seen += [row[0] if isinstance(row, list) else row for row in part["rows"]] if part else []  # type: ignore[index]
    assert len(seen) == len(rows)
    assert [number for number in seen if isinstance(number, int)] == sorted(
        number for number in seen if isinstance(number, int)
    )


def test_an_item_larger_than_the_budget_is_shortened_and_says_so() -> None:
    value = "start " + "x y " * 20_000 + "end"
    made = Document("rows", {}, [Section("rows", [Item(value, [value])], ("a",))])
    reply = fit(made, "rows-1", budget=LEAST_BUDGET)
    assert reply.tokens <= LEAST_BUDGET
    for shortened in (reply.text.splitlines()[-1].removeprefix("- "), reply.structured["rows"]["rows"][0][0]):
        assert shortened.startswith("start ")
        assert shortened.endswith("end")
        assert MARK in shortened


def test_a_python_call_that_is_too_long_is_left_out_as_a_whole() -> None:
    made = Document("rows", {}, [], f"events.where({'x' * 5_000!r}).rows()")
    assert fit(made, "rows-1").structured["python"] == (
        "left out (5,023 characters); this call's arguments give the same answer"
    )


def test_the_first_page_ends_where_the_rest_matters_little_unless_more_is_asked_for() -> None:
    made = document([["a", "b", "c"]] * 10, first=4)
    assert fit(made, "rows-1").structured["shown"] == {"from": 1, "to": 4, "of": 10}
    assert fit(made, "rows-1", budget=BUDGET + 1).structured["shown"] == {"from": 1, "to": 10, "of": 10}
    assert fit(made, "rows-1", offset=4).structured["shown"] == {"from": 5, "to": 10, "of": 10}


def test_what_is_left_is_counted_by_section() -> None:
    items = [Item("x", "x")] * 5
    sections, first = split_sections([Section("a", items), Section("b", items)], {"a": 2})
    reply = fit(Document("triage", {}, sections, first=first), "triage-1")
    assert reply.structured["next"] == {
        "tool": "triage",
        "arguments": {"result": "triage-1", "offset": 7},
        "left": {"a": 3},
    }
    assert reply.text.splitlines()[-1] == 'next: triage {"result": "triage-1", "offset": 7} for 3 more: 3 a'


def test_an_offset_beyond_the_end_is_an_error() -> None:
    with pytest.raises(InvalidArgument) as caught:
        fit(document([["a", "b", "c"]]), "rows-1", offset=1)
    assert str(caught.value) == (
        "offset must be below 1, the number of items of rows-1, got 1\n"
        'Hint: rows {"result": "rows-1", "offset": 0}'
    )


def test_an_answer_without_items_is_a_reply() -> None:
    reply = fit(Document("messages", {"verdict": "nothing changed"}, []), "messages-1")
    assert reply.structured["shown"] == {"from": 0, "to": 0, "of": 0}
    assert "nothing changed" in reply.text
