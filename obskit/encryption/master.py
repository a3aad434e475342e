"""Get the master key from where it is kept: a file, a variable, or a function that asks a key service."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable
from pathlib import Path

from obskit.errors import InvalidArgument

MasterKey = bytes | str | Callable[[], bytes]
"""32 bytes; "env:NAME" or "file:PATH" of the bytes, their hex or base64; or a function that returns them."""

SIZE = 32
_HINT = (
    "create one with `openssl rand -hex 32`, keep it in a secret store, and give it as env:NAME, file:PATH "
    "or a function that asks a key management service"
)


def read_master(given: MasterKey) -> bytes:
    """Return the 32 bytes of a master key.

    Args:
        given: the key, or where it is.

    Returns:
        32 bytes.

    Raises:
        InvalidArgument: the variable or file is not there, or does not hold a key of this size. The message
            never has a part of the key.
    """
    if callable(given):
        return _checked(given(), "the function for the master key returned")
    if isinstance(given, bytes):
        return _checked(given, "the master key has")
    kind, _, where = str(given).partition(":")
    if kind == "env" and where:
        text = os.environ.get(where)
        if text is None:
            raise InvalidArgument(f"the master key is to be in {where}, which is not set", hint=_HINT)
        return _checked(text.encode(), f"the environment variable {where} has")
    if kind == "file" and where:
        try:
            found = Path(where).read_bytes()
        except OSError as error:
            raise InvalidArgument(
                f"the file of the master key cannot be read: {where} ({error.strerror})", hint=_HINT
            ) from None
        return _checked(found, f"the file {where} has")
    raise InvalidArgument(
        "a master key given as text must begin with env: or file:, so that the key itself is in no program",
        hint=_HINT,
    )


def _checked(found: object, where: str) -> bytes:
    if not isinstance(found, bytes):
        raise InvalidArgument(f"{where} {type(found).__name__} instead of bytes", hint=_HINT)
    if len(found) == SIZE:
        return found
    text = found.strip()
    for decode in (binascii.unhexlify, lambda value: base64.b64decode(value, validate=True)):
        try:
            key = decode(text)
        except (binascii.Error, ValueError):
            continue
        if len(key) == SIZE:
            return bytes(key)
    raise InvalidArgument(f"{where} {len(found)} bytes that are not a key of {SIZE} bytes", hint=_HINT)
