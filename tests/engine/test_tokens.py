"""How large a condition may be, and that reading one takes no longer than its size suggests."""

from __future__ import annotations

import sys
from typing import Any

import ibis
import pyarrow as pa
import pytest

from obskit.engine import format_condition, parse_condition
from obskit.engine.tokens import MAX_CHARACTERS, MAX_TERMS, MAX_TOKENS, KnownNames, tokenize
from obskit.errors import ConditionError, LimitExceeded, ObskitError

SCHEMA = pa.schema(
    [
        ("a", pa.int64()),
        ("t", pa.string()),
        ("times", pa.list_(pa.timestamp("us", "UTC"))),
        ("timestamp", pa.timestamp("us", "UTC")),
    ]
)


@pytest.mark.parametrize("word", ["or", "and"])
def test_a_condition_may_have_2000_connectives(word: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        parse_condition(f" {word} ".join(["a = 1"] * 20_001), SCHEMA)
    assert str(caught.value) == (
        "the condition has 20,000 `and` and `or`; the limit is 2,000\n"
        "Hint: write field in ('a', 'b', ...) for many values of one field, or split it into several "
        "`where` calls"
    )
    assert len(tokenize(f" {word} ".join(["a = 1"] * (MAX_TERMS + 1)), KnownNames(["a"]))) == 8_003


def test_a_list_may_have_10000_values() -> None:
    values = ", ".join(map(str, range(10_000)))
    assert len(tokenize(f"a in ({values})", KnownNames(["a"]))) <= MAX_TOKENS
    with pytest.raises(LimitExceeded) as caught:
        parse_condition(f"a in ({values}, {values})", SCHEMA)
    assert str(caught.value) == (
        "the condition has 40,003 words, values and symbols; the limit is 20,100, which is enough for a list "
        "of 10,000 values\n"
        "Hint: use fewer values: split them into several queries, or derive a field that groups them"
    )


def test_an_ibis_expression_has_the_same_limit() -> None:
    field = ibis._["a"]
    with pytest.raises(LimitExceeded, match="the limit is"):
        parse_condition(field.isin(list(range(10_100))), SCHEMA)


def test_a_written_condition_has_the_same_limit() -> None:
    text = format_condition([{"field": "a", "op": "in", "values": list(range(20_000))}])
    with pytest.raises(LimitExceeded):
        parse_condition(text, SCHEMA)


def calls_of(text: str) -> int:
    """Return how many calls reading a condition makes, whether or not it is one."""
    count = 0

    def profile(_frame: Any, what: str, _argument: Any) -> None:
        nonlocal count
        count += what in ("call", "c_call")

    sys.setprofile(profile)
    try:
        tokenize(text, KnownNames(["a", "t"]))
    except ObskitError:
        return count
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    ("before", "repeated", "after"),
    [
        ("", "a = 1 or ", "a = 1"),
        ("", "not ", "a"),
        ("t = '", "''", "'"),
        ("t = '", "''", ""),
        ("", "x", " = 1"),
        ("a", ".", " = 1"),
        ("", " ", "a"),
        ("a in (", "1, ", "1)"),
        ('"', '""', '"'),
        ("a = 1", "0", ""),
        ("a ", "- ", "1"),
        ("", "(a) + ", "1"),
    ],
)
def test_the_work_grows_no_faster_than_the_text(before: str, repeated: str, after: str) -> None:
    few, many = (calls_of(before + repeated * n + after) for n in (500, 5_000))
    assert many <= 11 * few


@pytest.mark.parametrize(
    "text", ["x" * 900_000 + " = 1", "x" * 900_000 + "(a)", "1" + "x" * 900_000, "a." * 400_000]
)
def test_an_error_about_a_long_text_is_short(text: str) -> None:
    assert len(text) < MAX_CHARACTERS
    with pytest.raises(ObskitError) as caught:
        parse_condition(text, SCHEMA)
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize(
    "text", ["(" * 190 + "a = 1", "((a", "a = 'x", '"a = 1', "(" * 300 + "a" + ")" * 300]
)
def test_what_is_not_balanced_or_too_deep_is_rejected(text: str) -> None:
    with pytest.raises(ConditionError):
        parse_condition(text, SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        "times = '2026-05-04T10:00Z'",
        "times != '2026-05-04'",
        "times in ('2026-05-04T10:00Z', '2026-05-05')",
        "timestamp in ('2026-05-04T10:00Z', '2026-05-05')",
        "timestamp not in ('2026-05-04')",
    ],
)
def test_lists_of_times_are_compared_with_times(text: str) -> None:
    assert str(parse_condition(text, SCHEMA))


def test_a_list_of_times_is_not_compared_with_a_number() -> None:
    with pytest.raises(ConditionError, match="compares a time with 5"):
        parse_condition("times = 5", SCHEMA)
