"""Text for people: escape what a terminal would act on, and put counts in words. Standard library only."""

from __future__ import annotations

import unicodedata


def is_safe(c: str) -> bool:
    """Return whether a character can be shown as it is.

    A character is unsafe when it moves the cursor, changes the text direction or is invisible.
    """
    if c.isprintable():
        return True
    # Spaces of any width and characters unknown to this Python are text; joiners combine several.
    return unicodedata.category(c) in ("Zs", "Cn", "Co") or c in "\u200c\u200d"


def safe(text: str, *, lines: bool = False) -> str:
    """Return text with unsafe characters escaped as Python would write them, such as `\\x1b`.

    Values come from whoever sent the events, and may hold sequences that a terminal acts on.

    Args:
        text: one line of text, or several with `lines`.
        lines: keep tabs and newlines as they are.

    Returns:
        The text; unchanged if all of it is safe.
    """
    if text.isprintable():
        return text
    kept = "\t\n" if lines else ""
    return "".join(c if c in kept or is_safe(c) else repr(c)[1:-1] for c in text)


def pluralize(count: float | None, one: str, more: str | None = None) -> str:
    """Return a count with its noun: "1 row was", "12,345 rows were", or "? rows" for an unknown count.

    Args:
        count: the number of things; rounded. None if unknown.
        one: the singular noun.
        more: the plural noun; by default the singular with an s.

    Returns:
        The rounded count with thousands separators, a space and the noun.
    """
    shown = "?" if count is None else f"{count:,.0f}"
    return f"{shown} {one if shown == '1' else more or f'{one}s'}"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message that is not blank; the error's type if all are blank."""
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
