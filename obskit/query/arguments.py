"""Check the whole numbers that users pass to verbs, and split an order by columns."""

from __future__ import annotations

import operator
from typing import Any

from obskit.errors import InvalidArgument

MOST = 2**53
"""More rows than any dataset has. Larger numbers mean "all"; no engine takes more than 64 bits."""


def whole_number(given: Any, name: str, example: str, least: int = 1) -> int:
    """Return a number of rows or groups.

    Args:
        given: what the user passed: an int, or an integer of numpy's.
        name: the argument.
        example: how it is passed, for the hint.
        least: the least number that is allowed.

    Returns:
        The number, at most `MOST`.

    Raises:
        InvalidArgument: it is not a whole number of at least `least`; floats, text, true and false are
            rejected.
    """
    try:
        # numpy's bool has an index too, with a warning
        number = None if "bool" in type(given).__name__ else operator.index(given)
    except TypeError:
        number = None
    if number is None or number < least:
        raise InvalidArgument(
            f"{name} must be a whole number of at least {least}, got {shown_value(given)}",
            hint=f"for example: {example}",
        )
    return min(number, MOST)


def shown_value(given: Any) -> str:
    """Return a value as text of bounded length; Python writes no integer of thousands of digits."""
    if isinstance(given, int) and given.bit_length() > 400:
        return f"a number of {given.bit_length():,} bits"
    try:
        text = repr(given)
    except Exception:  # numbers of thousands of digits within it, or its own method raises
        return f"a {type(given).__name__} that cannot be shown"
    return text if len(text) <= 80 else text[:77] + "..."


def split_order(order: str) -> list[str]:
    """Split "a desc, p99(x)" at the commas that are not in parentheses or quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, c in enumerate(order):
        quoted ^= c == '"'
        depth += 0 if quoted else (c == "(") - (c == ")")
        if c == "," and not depth and not quoted:
            parts.append(order[start:at])
            start = at + 1
    return [part.strip() for part in (*parts, order[start:])]


def split_direction(part: str) -> tuple[str, bool]:
    """Split "p99 desc" into the name, without quotes, and whether the order is descending."""
    descending = part.lower().endswith(" desc")
    for word in (" desc", " asc"):
        if part.lower().endswith(word):
            part = part[: -len(word)].strip()
            break
    if len(part) > 1 and part[0] == part[-1] == '"':
        part = part[1:-1].replace('""', '"')
    return part, descending
