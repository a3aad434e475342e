"""Trace and span ids in OTLP's JSON: hex, as the protocol says, or base64, as protobuf's own JSON has them.

    "5b8efff798038103d269b633813fc60c"                  hex: unchanged
    "W47/95gDgQPSabYzgT/GDA=="                          base64 of the 16 bytes
    "NWI4ZWZmZjc5ODAzODEwM2QyNjliNjMzODEzZmM2MGM="      base64 of the 32 hex digits (a bug of an exporter)

All three are the same id. Only a text whose length and padding no hex id has is taken for base64.
"""

from __future__ import annotations

import base64
import binascii
import re

import pyarrow as pa
import pyarrow.compute as pc

from obskit.schema.parse import by_value

_PADDED = re.compile(r"[A-Za-z0-9+/_-]{10,43}={1,2}", re.ASCII)
_HEX = re.compile(rb"[0-9A-Fa-f]+")
_LENGTHS = frozenset({12, 24, 44})
_URL_SAFE = str.maketrans("-_", "+/")


def hex_id(text: str) -> str:
    """Return an id as hex digits if it is in base64; any other text is returned as it is.

    Args:
        text: an id.
    Returns:
        16 or 32 hex digits for base64 of an id's bytes or digits; else the text.
    """
    if len(text) not in _LENGTHS or not _PADDED.fullmatch(text):
        return text
    try:
        raw = base64.b64decode(text.translate(_URL_SAFE), validate=True)
    except binascii.Error:
        return text
    if len(raw) in (16, 32) and _HEX.fullmatch(raw):
        return raw.decode()
    return raw.hex() if len(raw) in (8, 16) else text


def hex_texts(ids: pa.Array) -> pa.Array:
    """Return ids, each as `hex_id` returns it; without base64 the array itself.

    Args:
        ids: texts.
    Returns:
        Texts.
    """
    padded = pc.ends_with(ids, "=")
    return by_value(ids, hex_id, pa.string()) if pc.any(padded).as_py() else ids
