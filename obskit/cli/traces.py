"""The command `traces`: list, compare or map whole traces, or write them to a file."""

from __future__ import annotations

import argparse

from obskit.cli.load import opened
from obskit.cli.terminal import Progress
from obskit.cli.verbs import Result, show
from obskit.errors import EmptySelection, InvalidArgument
from obskit.traces import Traces

SHOWN = ("list", "operations", "shapes", "map")


def traces(arguments: argparse.Namespace) -> None:
    """Print the traces, how slow ones differ, or a view of them; or write them.

    Args:
        arguments: the command's arguments.

    Raises:
        InvalidArgument: options that do not go together.
        EmptySelection: no trace has an event that the conditions select.
    """
    _check(arguments)
    with Progress() as progress:
        found = opened(arguments, progress).traces(arguments.limit, linked=arguments.linked)
        if not len(found):
            where = found.scope.where
            raise EmptySelection(
                "no event is in a trace"
                if where is None
                else f"no trace has an event that matches {where.text}",
                hint="obskit info PATH lists the fields, their most common values and the time range",
            )
        if arguments.out is not None:
            selected = found if arguments.slow is None else found.narrow(arguments.slow)
            show(selected.write(arguments.out, arguments.to, progress=progress), arguments)
            return
        answer = _answer(found, arguments)
    show(answer, arguments)


def _answer(found: Traces, arguments: argparse.Namespace) -> Result:
    if arguments.slow is not None:
        return found.compare(arguments.slow, arguments.normal, logs=not arguments.without_logs)
    if arguments.show == "map":
        return found.map(arguments.baseline)
    if arguments.show == "operations":
        return found.operations()
    if arguments.show == "shapes":
        return found.shapes(arguments.limit)
    return found.list(arguments.order) if arguments.order else found.list()


def _check(arguments: argparse.Namespace) -> None:
    """Check that no option is given that would have no effect."""
    rules = (
        ("--normal", arguments.normal is not None and arguments.slow is None, "with --slow"),
        ("--without-logs", arguments.without_logs and arguments.slow is None, "with --slow"),
        ("--to", arguments.to is not None and arguments.out is None, "with --out"),
        ("--show", arguments.show is not None and arguments.slow is not None, "without --slow"),
        ("--show", arguments.show is not None and arguments.out is not None, "without --out"),
        ("--normal", arguments.normal is not None and arguments.out is not None, "without --out"),
        ("--baseline", arguments.baseline is not None and arguments.show != "map", "with --show map"),
        ("--order", arguments.order is not None and arguments.show not in (None, "list"), "with the list"),
        ("--order", arguments.order is not None and arguments.slow is not None, "without --slow"),
    )
    for option, wrong, only in rules:
        if wrong:
            raise InvalidArgument(f"{option} only works {only}", hint="obskit traces --help")
