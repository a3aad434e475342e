"""The text of an encrypted value: `enc:1:<token of the subject>:<ciphertext>`."""

from __future__ import annotations

import re

PREFIX = "enc:1:"
UNREADABLE = "[key deleted]"
TOKEN = 32
"""Hexadecimal digits of the token of a subject."""
_FORM = re.compile(rf"{PREFIX}[0-9a-f]{{{TOKEN}}}:[A-Za-z0-9_-]{{22,}}")


def is_encrypted(value: object) -> bool:
    """Return whether a value has the form of an encrypted one."""
    return type(value) is str and value.startswith(PREFIX) and _FORM.fullmatch(value) is not None
