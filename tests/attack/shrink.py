"""Make an input that shows a fault shorter, within a bounded time."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from typing import Any


def shrink(data: bytes, still: Callable[[bytes], bool], seconds: float) -> bytes:
    """Return the shortest bytes found within the time for which `still` is true.

    Args:
        data: bytes for which it is true.
        still: tries bytes; whether they show the same fault.
        seconds: how long to look.
    """
    deadline = time.monotonic() + seconds
    for smaller in (_fewer_pieces, _smaller_json, _fewer_pieces):
        changed = True
        while changed and time.monotonic() < deadline:
            changed = False
            for candidate in smaller(data):
                if time.monotonic() > deadline:
                    break
                if len(candidate) < len(data) and still(candidate):
                    data, changed = candidate, True
                    break
    return data


def _fewer_pieces(data: bytes) -> Iterator[bytes]:
    """Leave out lines, then stretches of bytes, the longest first."""
    lines = data.splitlines(keepends=True)
    if 1 < len(lines) < 500:
        for at in range(len(lines)):
            yield b"".join(lines[:at] + lines[at + 1 :])
    size = len(data) // 2
    while size >= max(1, len(data) // 64):
        for at in range(0, len(data), size):
            yield data[:at] + data[at + size :]
        size //= 2
    if len(data) < 200:
        for at in range(len(data)):
            yield data[:at] + data[at + 1 :]


def _smaller_json(data: bytes) -> Iterator[bytes]:
    """Leave out one member or item of a JSON document, or put an inner value in the place of its container."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    try:
        for path in _paths(document, ()):
            smaller = copy.deepcopy(document)
            container = smaller
            for key in path[:-1]:
                container = container[key]
            del container[path[-1]]
            yield json.dumps(smaller, separators=(",", ":")).encode()
    except RecursionError:
        return


def _paths(value: Any, above: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (*above, key)
    for key in keys:
        yield from _paths(value[key], (*above, key))
