"""Files in formats that obskit does not read: what they are, and what to do instead.

`refusal` is asked before the readers: it knows files that a reader would take for something else, such as a
trace of Chrome, whose lines are also JSON lines. `description` is asked when no reader recognizes a file.
"""

from __future__ import annotations

from obskit.readers.unsupported.binary import binary_format, other_binary
from obskit.readers.unsupported.json_shapes import json_format, other_json
from obskit.readers.unsupported.kinds import Unsupported
from obskit.readers.unsupported.printed import printed_spans
from obskit.readers.unsupported.text import other_text, text_format

__all__ = ["Unsupported", "description", "refusal"]


def refusal(head: bytes) -> Unsupported | None:
    """Return what a file is if it is certainly of a format that obskit does not read.

    Args:
        head: the first bytes, decompressed.

    Returns:
        The format; None for any other file.

    Example:
        print(refusal(b"%PDF-1.7\\n"))
    """
    return binary_format(head) or json_format(head) or text_format(head)


def description(head: bytes, whole: bool = True) -> Unsupported:
    """Return what a file looks like that no reader recognizes, and what would help.

    Args:
        head: the first bytes, decompressed.
        whole: whether they are the whole file.

    Returns:
        What it looks like; its hint says what to do.

    Example:
        print(description(b"hello\\nworld\\n").what)
    """
    printed = None if other_binary(head) else printed_spans(head[:65_536].decode(errors="replace"))
    return printed or other_binary(head) or other_json(head, whole) or other_text(head)
