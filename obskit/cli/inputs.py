"""Words to read before a verb takes them: a CSV's mapping, a window of time. Standard library only."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from obskit.errors import BadCall, NoSuchPath

_STRETCH = re.compile(r"-?\d+(\.\d+)?(us|ms|s|m|min|h|d|w)", re.IGNORECASE)


def mapping_of(path: str | None) -> dict[str, Any] | None:
    """Read the file of `--mapping`: a JSON object of our names and the columns they come from.

    Raises:
        NoSuchPath: there is no such file.
        BadCall: it holds no JSON object.
    """
    if path is None:
        return None
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NoSuchPath(f"no such file: {path}", hint="--mapping takes a file of JSON") from error
    except ValueError as error:
        raise BadCall(
            f"--mapping {path} is no JSON: {error}", hint='e.g. {"duration_ms": "Duration"}'
        ) from error
    if not isinstance(found, dict):
        raise BadCall(f"--mapping {path} holds no JSON object", hint='e.g. {"duration_ms": "Duration"}')
    return found


def window(text: str, option: str) -> tuple[str | None, str | None]:
    """Split `FROM/TO`; either may be left out, and a stretch such as `30m` counts back from the newest event.

    Raises:
        BadCall: neither end is given, or there is more than one slash.
    """
    first, slash, last = text.partition("/")
    if "/" in last or not (first or last):
        raise BadCall(
            f"{option} {text!r} is no window of time",
            hint=f"{option} 2026-05-04T10:00Z/2026-05-04T10:30Z, or one end left out",
        )
    if not slash:
        return start(first), None
    return (start(first) if first else None), (start(last) if last else None)


def start(text: str) -> str:
    """Return a time as `between` takes it: `30m` is `-30m`, everything else stays."""
    return f"-{text.lstrip('-')}" if _STRETCH.fullmatch(text) else text
