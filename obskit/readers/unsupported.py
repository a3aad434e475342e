"""Describe files in formats that obskit does not read, for the error message."""

from __future__ import annotations

import re

from obskit.readers.sniffing import UTF8_BOM

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"BZh", "bzip2 within a compressed stream"),
    (b"\xfd7zXZ", "xz data"),
    (b"\x1f\x8b", "gzip within a compressed stream"),
    (b"\x28\xb5\x2f\xfd", "zstd within a compressed stream"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
    (b"PARE", "an encrypted Parquet file"),
)
_LINES = "write one JSON object per line: jq -c '.[]' FILE > events.jsonl"


def describe(head: bytes) -> tuple[str, str | None]:
    """Describe the first bytes of a file that no reader recognizes.

    Args:
        head: the first bytes, decompressed.

    Returns:
        What they look like, such as "a PNG image"; a hint, or None.
    """
    for magic, name in _MAGIC:
        if head.startswith(magic):
            hint = "unpack it first" if name.endswith((" archive", " data", " stream")) else None
            return name, "write it as UTF-8" if name.endswith("UTF-16") else hint
    text = head.removeprefix(UTF8_BOM).lstrip()
    if text[:1] == b"<":
        return ("HTML" if re.match(rb"(?i)<(!doctype )?html", text) else "XML"), None
    if text[:1] in (b"[", b"{"):
        return _json(text)
    if b"\0" in head:
        return "binary data of an unknown format", None
    try:
        head[:-4].decode()
    except UnicodeDecodeError:
        return "binary data, or text that is not UTF-8", None
    return "plain text", None


def _json(text: bytes) -> tuple[str, str | None]:
    if re.search(rb'"binaryAnnotations"\s*:', text):
        return (
            "Zipkin JSON of version 1, which is not supported",
            "export the traces as version 2: /api/v2/traces",
        )
    if text[:1] == b"[":
        return "a JSON list", _LINES
    return (
        "JSON, but neither OTLP nor one object per line",
        "write one JSON object per line: jq -c . FILE > events.jsonl",
    )
