"""The commands of `obskit`: what each one does, and its options."""

from __future__ import annotations

import argparse

from obskit.cli.arguments import OPTIONS
from obskit.cli.parser import Parser, TopParser

_EPILOG = """\
examples:
  obskit triage events/                     which operations got slower or fail more, and what sets them apart
  obskit info events/                       rows, time range, fields
  obskit rows events/ --where error --order "duration_ms desc"
  obskit query events/ "count()" "p99(duration_ms) as p99" --by http.route --every 1m
  obskit explain events/ --select "duration_ms > 500" --where "http.route = '/book'"
  obskit judge events/ --candidate 2.4.0    is the new version worse than the old one next to it?
  obskit lab events/                        a notebook with the heatmap of these files

Conditions are SQL: "http.route = '/book' and duration_ms > 500". Strings go in single quotes.
Exit status: 0 success, 1 the data cannot be read or no row is left, 2 wrong arguments, 130 interrupted.
For judge and check: 0 pass, 10 regress or violated, 11 inconclusive, 12 no data.
"""


# Command -> its module in `obskit.cli`, and what it does.
COMMANDS: dict[str, tuple[str, str]] = {
    "triage": ("verbs", "list what changed, operation by operation, and what sets it apart"),
    "messages": ("verbs", "list log messages and exceptions that are new, more frequent or gone"),
    "info": ("verbs", "list rows, time range and fields, and what loading found"),
    "rows": ("verbs", "show events as they are, with the fields that matter first"),
    "query": ("verbs", "compute counts, rates and percentiles, by fields and over time"),
    "explain": ("explain", "find what distinguishes slow or failing events from the rest"),
    "judge": ("judge", "judge a deployment: pass, regress, inconclusive or no data"),
    "impact": ("verbs", "count the users or customers that an outcome hit"),
    "trace": ("verbs", "show the spans of one trace"),
    "traces": ("traces", "list whole traces, compare slow ones with others, map services"),
    "delivery": ("delivery", "measure lead time, frequency, failures, recovery and rework"),
    "check": ("check", "check objectives, costs and bounds that a file defines"),
    "report": ("report", "make one HTML or Markdown file of a notebook, a ledger or an incident"),
    "new": ("report", "copy a template: a notebook for the review of an incident"),
    "convert": ("outputs", "write events as a dataset, Parquet, Arrow, JSONL, OTLP or Jaeger JSON"),
    "schema": ("schema", "print the event model as a view in ClickHouse or Spark"),
    "shred": (
        "shred",
        "delete the key of a person, and with it every value that was encrypted under it",
    ),
    "demo": ("outputs", "generate events of a booking platform with planted causes, or run it live"),
    "probe": ("probe", "make real requests and record the phases of each as an event"),
    "receive": ("receive", "receive OTLP from running services into a folder"),
    "lab": ("lab", "open JupyterLab with the heatmap of your files"),
    "mcp": ("mcp", "let an agent investigate events, over the Model Context Protocol"),
    "completion": ("completion", "print a script that completes commands in your shell"),
}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; `parse_args` sets `command`."""
    top = TopParser(
        prog="obskit",
        description="Find which requests are slow or failing, for whom, and what sets them apart.",
        epilog=_EPILOG,
    )
    top.add_argument("--version", action="store_true", help="print the version and exit")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=Parser)
    top.commands = {}
    for name, (_module, does) in COMMANDS.items():
        command = commands.add_parser(name, help=does, description=does[0].upper() + does[1:] + ".")
        OPTIONS[name](command)
        top.commands[name] = command
    return top
