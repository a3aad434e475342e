"""What several readers look for in the first bytes of a file."""

from __future__ import annotations

import re

UTF8_BOM = b"\xef\xbb\xbf"

OTLP_REQUEST = re.compile(rb'"resource_?(?:[Ss]pans|[Ll]ogs|[Mm]etrics|[Pp]rofiles)"\s*:')
"""The key that every OTLP request in JSON has."""


def json_start(head: bytes) -> bytes:
    """Return the text from its first `{` or `[`, empty if it begins with anything else.

    Args:
        head: the first bytes of a file; a byte order mark and white space before the JSON are skipped.

    Returns:
        The rest of the head, not parsed.
    """
    text = head.removeprefix(UTF8_BOM).lstrip()
    return text if text[:1] in (b"{", b"[") else b""
