"""The option for events in a table elsewhere, and its check. Standard library only."""

from __future__ import annotations

import argparse

from obskit.errors import InvalidArgument

# Options that say how to read files, and what they are called.
_OF_FILES = {
    "log_format": "--log-format",
    "tz": "--tz",
    "path_fields": "--path-fields",
    "error": "--error",
    "lookup": "--lookup",
}


def add_table(group: argparse._ActionsContainer) -> None:
    """Add the option `--table`."""
    group.add_argument(
        "--table",
        metavar="NAME",
        help="the table with the events, where the path is the address of an engine: "
        "clickhouse://host:8123/db, sc://host:15002 (Spark) or duckdb://FILE",
    )


def check_engine(arguments: argparse.Namespace) -> None:
    """Check the arguments that name a table elsewhere.

    Args:
        arguments: the command's arguments; one of the paths is an address.

    Raises:
        InvalidArgument: there are other paths, no table, or options that are about files.
    """
    if len(arguments.paths) > 1:
        raise InvalidArgument(
            "the address of an engine must be the only path", hint="ask each engine with a command of its own"
        )
    if not arguments.table:
        raise InvalidArgument(
            "the address of an engine needs the name of a table", hint="for example --table otel_traces"
        )
    for name, option in _OF_FILES.items():
        if getattr(arguments, name, None):
            raise InvalidArgument(
                f"{option} is about files, and the events are in a table", hint=f"leave out {option}"
            )
