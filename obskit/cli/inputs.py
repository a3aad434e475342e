"""Files to read before a verb takes what they say: a CSV's mapping. Standard library only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from obskit.errors import InvalidArgument, NoSuchPath


def mapping_of(path: str | None) -> dict[str, Any] | None:
    """Read the file of `--mapping`: a JSON object of our names and the columns they come from.

    Raises:
        NoSuchPath: there is no such file.
        InvalidArgument: it holds no JSON object.
    """
    if path is None:
        return None
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NoSuchPath(f"no such file: {path}", hint="--mapping takes a file of JSON") from error
    except ValueError as error:
        raise InvalidArgument(
            f"--mapping {path} is no JSON: {error}", hint='e.g. {"duration_ms": "Duration"}'
        ) from error
    if not isinstance(found, dict):
        raise InvalidArgument(
            f"--mapping {path} holds no JSON object", hint='e.g. {"duration_ms": "Duration"}'
        )
    return found
