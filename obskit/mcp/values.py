"""Values from the data as they appear in replies: one line each, bounded, with control characters visible.

Whoever sent the events chose the values. A value cannot forge a line of a reply, because line breaks and
invisible characters are escaped, and what is left out of a long value is said in brackets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from obskit.display.result import plain
from obskit.text import safe

MARK = "[left out: "
"""Start of every remark that a value is not complete; no condition may contain it."""

CONDITION = 1_000
"""Most characters of a condition; it is longer than other values, since it is meant to be used again."""

_SLACK = 40  # characters that a remark would take up itself
_DIGITS = 4  # significant digits of numbers that are not whole


def cut(text: str, most: int) -> str:
    """Return text with its middle left out if it is long; of a stack trace both ends matter.

    Args:
        text: one line.
        most: characters to keep; a few more are kept rather than left out with a remark as long.

    Returns:
        The text, or its first and last characters with the number of those left out between them.
    """
    if len(text) <= most + _SLACK:
        return text
    head, tail = most - most // 2, most // 2
    return f"{text[:head]}{MARK}{len(text) - most:,} characters]{text[len(text) - tail :]}"


def shown(value: Any, most: int) -> Any:
    """Return a value for a reply, as JSON can hold it.

    Args:
        value: a value from the data, or a structure of them.
        most: characters to keep of each text.

    Returns:
        The value: text escaped and cut, numbers with four significant digits, times in ISO 8601.
    """
    value = plain(value)
    if isinstance(value, Mapping):
        return {cut(safe(str(key)), most): shown(item, most) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item, most) for item in value]
    if isinstance(value, str):
        return cut(safe(value), most)
    if isinstance(value, float):
        return rounded(value)
    return value


def rounded(value: float) -> float | int | None:
    """Return a number with four significant digits, as an integer if it is whole; None if not finite."""
    if not math.isfinite(value):
        return None
    if value == 0:
        return 0
    digits = _DIGITS - 1 - math.floor(math.log10(abs(value)))
    short = round(value, max(digits, 0))
    return int(short) if short == int(short) and abs(short) < 2**53 else short


def condition(text: str) -> str:
    """Return a condition that can be given to `where` again; otherwise it says why it cannot.

    Args:
        text: a condition, as `where` reads it.

    Returns:
        The text itself. If it is long or has control characters, it is marked as not usable.
    """
    escaped = safe(text)
    if escaped != text:
        return f"{MARK}control characters, shown escaped] {cut(escaped, CONDITION)}"
    return cut(text, CONDITION)
