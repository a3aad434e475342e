"""Check the whole numbers that users pass to verbs."""

from __future__ import annotations

import operator
from typing import Any

from obskit.errors import InvalidArgument

MOST = 2**53
"""More rows than any dataset has. Larger numbers mean "all"; no engine takes more than 64 bits."""


def whole_number(given: Any, name: str, example: str) -> int:
    """Return a number of rows or groups, at least 1.

    Args:
        given: what the user passed: an int, or an integer of numpy's.
        name: the argument.
        example: how it is passed, for the hint.

    Returns:
        The number, at most `MOST`.

    Raises:
        InvalidArgument: it is not a whole number of at least 1; floats, text, true and false are rejected.
    """
    try:
        # numpy's bool has an index too, with a warning
        number = None if "bool" in type(given).__name__ else operator.index(given)
    except TypeError:
        number = None
    if number is None or number < 1:
        raise InvalidArgument(
            f"{name} must be a whole number of at least 1, got {shown_value(given)}",
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
