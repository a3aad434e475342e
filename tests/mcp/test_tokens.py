"""The estimate of tokens is not lower than what tokenizers count.

The counts below are those of the encoding o200k_base. cl100k_base has the same, but 21 for the Japanese text.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.mcp.tokens import count_json, count_tokens

COUNTED = [
    ("the quick brown fox jumps over the lazy dog", 9),
    ("http.route = '/book' and duration_ms > 500", 12),
    ("2026-05-04T10:00:00Z", 13),
    ("65b3af7c0d1e4c5f9a8b7c6d5e4f3a2b", 30),
    ("3a5353cd-3496-4ddd-a4d2-d4cd0d223d3c", 24),
    ("東京から大阪までの列車が遅れています。", 13),
    ("ошибка сервера не найдено", 7),
]


@pytest.mark.parametrize(("text", "tokens"), COUNTED)
def test_the_estimate_is_not_too_low(text: str, tokens: int) -> None:
    assert tokens <= count_tokens(text) <= 3 * tokens


@given(st.text(), st.text())
def test_text_that_gets_longer_never_costs_much_less(first: str, second: str) -> None:
    """A piece may join the one before, which saves at most the rounding of both."""
    assert count_tokens(first + second) >= count_tokens(first) - 1
    assert count_tokens(first + second) <= count_tokens(first) + len(
        second.encode("utf-8", "surrogatepass")
    ) + len(first)


@given(st.text(min_size=1))
def test_no_character_is_free_but_a_single_space(text: str) -> None:
    pieces = text.split(" ")
    assert count_tokens(text) >= (1 if any(pieces) else 0)


def test_json_is_counted_without_spaces() -> None:
    assert count_json({"a": [1, 2]}) == count_tokens('{"a":[1,2]}')
