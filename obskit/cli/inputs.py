"""The options of the command line that say how to read files. Standard library only."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from obskit.errors import InvalidArgument, NoSuchPath


def options_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return how to read files, as the keyword arguments of `load` and `ReadOptions`.

    Args:
        arguments: the command's arguments.

    Returns:
        mapping, log_format, tz and path_fields; None where not given.

    Raises:
        NoSuchPath, InvalidArgument: from the file of `--mapping`.
    """
    return {
        "mapping": mapping_of(arguments.mapping),
        "log_format": arguments.log_format,
        "tz": arguments.tz,
        "path_fields": arguments.path_fields,
    }


def lookups_of(given: list[str]) -> list[tuple[str, str, str | None]]:
    """Parse the values of `--lookup`.

    Args:
        given: FILE:FIELD or FILE:FIELD=COLUMN.

    Returns:
        (file, field, column) of each; the column is None if it has the field's name.

    Raises:
        InvalidArgument: a value has no colon, or a part is empty.
    """
    found = []
    for text in given:
        file, _, rest = text.rpartition(":")
        field, equals, column = rest.partition("=")
        if not (file and field) or (equals and not column):
            raise InvalidArgument(
                f"--lookup must be FILE:FIELD or FILE:FIELD=COLUMN, got {text!r}",
                hint="--lookup targets.csv:client.address=network",
            )
        found.append((file, field, column or None))
    return found


def names_of(given: str | None) -> list[str] | None:
    """Return the field names of `--fields A,B,...`; None if the option is not given."""
    return None if given is None else [name.strip() for name in given.split(",")]


def mapping_of(path: str | None) -> dict[str, Any] | None:
    """Read the file of `--mapping`.

    Args:
        path: a JSON file, or None.

    Returns:
        The JSON object: our field names -> the columns they come from. None without a path.

    Raises:
        NoSuchPath: there is no such file, or it cannot be read.
        InvalidArgument: the file is not a JSON object.
    """
    if path is None:
        return None
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NoSuchPath(f"no such file: {path}", hint="--mapping takes a JSON file") from error
    except OSError as error:
        raise NoSuchPath(
            f"{path} cannot be read: {error.strerror or error}", hint="--mapping takes a JSON file"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(
            f"--mapping {path} is not JSON: {error}", hint='for example {"duration_ms": "Duration"}'
        ) from error
    if not isinstance(found, dict):
        raise InvalidArgument(
            f"--mapping {path} is not a JSON object", hint='for example {"duration_ms": "Duration"}'
        )
    return found
