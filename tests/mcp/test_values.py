"""Values in replies: one line, bounded, nothing invisible, and what is left out is said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.mcp.values import MARK, condition, cut, rounded, shown
from obskit.text import is_safe


@given(st.text(max_size=400), st.integers(1, 200))
def test_a_shown_text_is_bounded_and_has_no_control_characters(text: str, most: int) -> None:
    found = shown(text, most)
    assert len(found) <= most + 45
    assert all(is_safe(c) for c in found)


def test_a_long_text_keeps_both_ends() -> None:
    trace = "Traceback\n" + "  File 'x.py'\n" * 5_000 + "ValueError: seat 12A is taken"
    found = shown(trace, 100)
    assert found.startswith("Traceback\\n")
    assert found.endswith("ValueError: seat 12A is taken")
    assert f"{MARK}" in found


def test_a_text_is_not_cut_for_a_remark_that_is_as_long() -> None:
    assert cut("x" * 130, 100) == "x" * 130


def test_numbers_have_four_digits_and_stay_exact_if_whole() -> None:
    assert [rounded(x) for x in (0.0, 1234567.89, 0.000123456, 3.0, float("inf"), float("nan"))] == [
        0,
        1234568,
        0.0001235,
        3,
        None,
        None,
    ]
    assert shown(123456789, 10) == 123456789


def test_times_and_structures_become_json() -> None:
    at = datetime(2026, 5, 4, 10, tzinfo=UTC)
    assert shown({"at": at, "list": [1.23456, None, b"\xff"]}, 50) == {
        "at": "2026-05-04T10:00:00Z",
        "list": [1.235, None, "ff"],
    }


def test_a_condition_is_exact_or_says_that_it_is_not() -> None:
    assert condition("name = 'a'") == "name = 'a'"
    assert condition("name = 'a\x1bb'") == f"{MARK}control characters, shown escaped] name = 'a\\x1bb'"
    assert MARK in condition("name = '" + "x" * 5_000 + "'")


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\U000e0041", "\x00", "\r"])
def test_invisible_characters_are_shown(hidden: str) -> None:
    assert hidden not in shown(f"a{hidden}b", 50)
    assert "\\" in shown(f"a{hidden}b", 50)
