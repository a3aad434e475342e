"""The command `schema`: the event model as a view in an engine."""

from __future__ import annotations

import argparse

from obskit.cli.terminal import write, write_json
from obskit.remote import parse_table, view


def schema(arguments: argparse.Namespace) -> None:
    """Print the statement that makes a view with obskit's columns in ClickHouse or Spark."""
    sql = view(arguments.engine, parse_table(arguments.view), parse_table(arguments.table))
    if arguments.json:
        write_json({"kind": "schema", "engine": arguments.engine, "sql": sql})
    else:
        write(sql)
