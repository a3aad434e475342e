"""Numbers and conditions as text for people."""

from __future__ import annotations

import pytest

from obskit.display import formatting


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
        ({"field": "a", "op": "in", "values": list(range(200))}, "a in (0, 1, 2, 3 … 200 values)"),
    ],
)
def test_conditions_in_words(item, text):
    assert formatting.condition(item) == text
