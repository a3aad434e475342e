"""Unsafe characters are escaped, and counts have the right plural."""

import pytest

from obskit.text import is_safe, pluralize, safe


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zürich\u00a0東京\u2009🚆", "Zürich\u00a0東京\u2009🚆"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("\x1b[31m\x9b", "\\x1b[31m\\x9b"),
        ("a\tb\nc", "a\\tb\\nc"),
        ("a\u202eb\u2066c\u200bd\ufeff", "a\\u202eb\\u2066c\\u200bd\\ufeff"),
        ("\u2028\ud800", "\\u2028\\ud800"),
    ],
)
def test_unsafe_characters_are_escaped(text: str, shown: str) -> None:
    assert safe(text) == shown
    assert safe(shown) == shown
    assert all(map(is_safe, shown))


def test_lines_keeps_tabs_and_newlines() -> None:
    assert safe("a\tb\nc\r", lines=True) == "a\tb\nc\\r"


def test_pluralize_uses_the_singular_only_for_one():
    assert [pluralize(n, "row") for n in (0, 1, 1.2, 2, 12345, None)] == [
        *("0 rows", "1 row", "1 row", "2 rows", "12,345 rows", "? rows")
    ]
    assert pluralize(1, "row was", "rows were") == "1 row was"
    assert pluralize(2, "row was", "rows were") == "2 rows were"
