"""Numbers and conditions as text for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.display import formatting
from obskit.engine import format_condition


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0%"),
        (1, "100%"),
        (0.5, "50.0%"),
        (1e-9, "<0.01%"),
        (0.99999, ">99.99%"),
        (0.002, "0.2%"),
        (None, "?"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(value, text):
    assert formatting.share(value) == text


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"field": "a", "op": "=", "value": True}, "a = true"),
        ({"field": "a", "op": "=", "value": ""}, "a = ''"),
        ({"field": "a", "op": "missing"}, "a is missing"),
        ({"field": "a", "op": "between", "low": None, "high": 3.0}, "a ≤ 3"),
        ({"field": "a", "op": "between", "low": 1, "high": 3}, "1 ≤ a ≤ 3"),
        ({"field": "a", "op": "in", "values": ["x", "y"]}, "a in (x, y)"),
        ({"field": "a", "op": "in", "values": list(range(200))}, "a in (0, 1, 2, 3 and 196 more)"),
    ],
)
def test_conditions_in_words(item, text):
    assert formatting.condition(item) == text


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("a = 1", "a = 1"),
        ("a in (1, 2, 3, 4, 5)", "a in (1, 2, 3, 4, 5)"),
        ("a in (1, 2, 3, 4, 5, 6)", "a in (1, 2, 3, 4 and 2 more)"),
        (
            "b = 'x' and a in ('1,', ')', 'it''s', '', 'e', 'f') and c = 2",
            "b = 'x' and a in ('1,', ')', 'it''s', '' and 2 more) and c = 2",
        ),
        ("a = 'in (1, 2, 3, 4, 5, 6)'", "a = 'in (1, 2, 3, 4, 5, 6)'"),
        ('"x in (1, 2, 3, 4, 5, 6)" = 1', '"x in (1, 2, 3, 4, 5, 6)" = 1'),
    ],
)
def test_long_lists_of_values_are_shortened(text, short):
    assert formatting.shorten(text) == short


def test_text_that_is_long_in_another_way_is_cut():
    assert formatting.shorten("a = 'xxxxxxxxxx'", 8) == "a = 'xx…"


@given(st.lists(st.text(max_size=6), min_size=6, max_size=40), st.text(max_size=6))
def test_a_shortened_list_keeps_its_first_values_and_counts_the_rest(values, other):
    text = format_condition(
        [{"field": "a", "op": "in", "values": values}, {"field": "b", "op": "=", "value": other}]
    )
    first, last = (
        format_condition([{"field": "a", "op": "in", "values": values[:4]}]),
        text.rpartition(" and b =")[2],
    )
    assert formatting.shorten(text) == f"{first[:-1]} and {len(values) - 4} more) and b ={last}"
