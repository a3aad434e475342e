"""The first line of another library's error, short enough for an error of ours."""

from __future__ import annotations


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or the name of its class if it has no message."""
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
