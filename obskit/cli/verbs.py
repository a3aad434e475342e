"""Commands that are one verb of `Events`: triage, messages, info, rows, query, impact, trace."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any, Protocol

from obskit.cli.inputs import names_of
from obskit.cli.load import answered, opened, sample_first, whole
from obskit.cli.terminal import Progress, write, write_json
from obskit.display import formatting
from obskit.display.tables import text_table
from obskit.display.zone import shown_in
from obskit.engine import format_condition, split_window
from obskit.errors import EmptySelection, InvalidArgument
from obskit.events import SHOWN_FIELDS, Events, Triage
from obskit.query import Fields
from obskit.text import pluralize, safe

_CALCULATION = re.compile(r"\s*[A-Za-z_]\w*\s*\(")


class Result(Protocol):
    """What every verb returns: `str` for people, `to_dict` for programs."""

    def to_dict(self) -> dict[str, Any]:
        """Return the result as values that JSON can hold."""
        ...


def show(result: Result, arguments: argparse.Namespace) -> None:
    """Print a result as a table, or as JSON with `--json`."""
    if arguments.json:
        write_json(result.to_dict())
    else:
        write(str(result))


def _take_change(arguments: argparse.Namespace) -> tuple[str | None, str | None]:
    """Return where "later" begins and ends, and let all earlier rows be loaded, to compare with."""
    since, until = arguments.since, None
    if arguments.between is not None:
        bounds = split_window(arguments.between)
        since, until = bounds if len(bounds) == 2 else ("", "")
        if not (since or until):
            raise InvalidArgument(
                f"--between must be FROM/TO, got {arguments.between!r}",
                hint="--between 2026-05-04T10:00Z/2026-05-04T10:30Z; either end may be left out",
            )
    arguments.since = arguments.between = None
    return since, until


def messages(arguments: argparse.Namespace) -> None:
    """Print the messages, exceptions and values that are new, more frequent or gone."""
    since, until = _take_change(arguments)
    with Progress() as progress:
        answer = opened(arguments, progress).messages(
            since, until=until, explained=arguments.explained, progress=progress
        )
    show(answer, arguments)


def triage(arguments: argparse.Namespace) -> None:
    """Print the operations, what changed in them, and what explains the change."""
    since, until = _take_change(arguments)

    def ask(events: Events, progress: Progress) -> Triage:
        return events.triage(since, until=until, population=arguments.population, progress=progress)

    sample_first(arguments, ask)
    with Progress() as progress:
        events = opened(arguments, progress)
        answer = ask(events, progress)
    show(answer, arguments)
    if not arguments.json and (doubts := events.load_report.doubt_lines()):
        write("".join(f"\n{safe(line)}" for line in doubts))


def info(arguments: argparse.Namespace) -> None:
    """Print the rows, the time range, the fields, and what loading found."""
    # JSON is always in UTC.
    with Progress() as progress, shown_in(None if arguments.json else arguments.display_tz):
        events, fields = answered(arguments, progress, lambda events: (events, events.fields()))
    _require_rows(events, fields.dataset["scope_rows"])
    if arguments.json:
        found = fields.to_dict()
        write_json(
            found | {"kind": "info", "fields": found["rows"], "load_report": events.load_report.to_dict()}
        )
    else:
        with shown_in(arguments.display_tz):
            write(_describe(events, fields, everything=arguments.all))


def _describe(events: Events, fields: Fields, *, everything: bool) -> str:
    """Return what `info` prints."""
    rows, first, last = events.scope.extent
    of = "" if events.scope.where is None else f"{rows:,} of "
    when = (
        "" if first is None or last is None else f" from {formatting.time(first)} to {formatting.time(last)}"
    )
    shown = fields.shown if everything else fields.most_useful(SHOWN_FIELDS)
    more = len(fields) - len(shown)
    footer = [f"… {pluralize(more, 'more field')}: obskit info --all"] if more else []
    report = events.load_report
    doubts = "".join(f"{safe(line)}\n" for line in report.doubt_lines())
    rest = "\n".join(map(safe, report.lines(doubts=False)))
    return (
        f"{doubts}{of}{pluralize(events.dataset.rows, 'event')}{when}\n\n"
        f"{text_table(shown, most=len(shown))}\n"
        f"{chr(10).join([*footer, *fields.footer()])}\n\n{rest}"
    )


def rows(arguments: argparse.Namespace) -> None:
    """Print events, one per row."""

    def ask(events: Events) -> tuple[Events, Any]:
        return events, events.rows(names_of(arguments.fields), arguments.order, arguments.limit)

    with Progress() as progress:
        events, answer = answered(arguments, progress, ask)
    _require_rows(events, len(answer))
    show(answer, arguments)


def query(arguments: argparse.Namespace) -> None:
    """Print calculations by fields and over time."""
    arguments.paths, calculations = split_calculations(arguments.paths)

    def ask(events: Events) -> tuple[Events, Any]:
        return events, events.query(
            *(calculations or ["count()"]),
            by=arguments.by or (),
            every=arguments.every,
            having=arguments.having,
            order=arguments.order,
            limit=arguments.limit,
        )

    with Progress() as progress:
        events, answer = answered(arguments, progress, ask)
    _require_rows(events, answer.counted)
    show(answer, arguments)


def _require_rows(events: Events, rows: int) -> None:
    """Raise EmptySelection if a condition or window was given and leaves no rows.

    In Python an empty result is not an error. On the command line the exit status reports it to scripts.
    """
    where = events.scope.where
    if where is not None and not rows:
        raise EmptySelection(
            f"none of {events.dataset.rows:,} rows matches {where.text}",
            hint="obskit info PATH lists the fields, their most common values and the time range",
        )


def split_calculations(given: list[str]) -> tuple[list[str], list[str]]:
    """Split `PATH ... CALCULATION ...` at the first word that looks like a call and is not a file.

    Args:
        given: the words after the command.

    Returns:
        The paths, and the calculations.

    Raises:
        InvalidArgument: there is no path before the calculations.
    """
    cut = next(
        (i for i, word in enumerate(given) if _CALCULATION.match(word) and not Path(word).exists()),
        len(given),
    )
    if cut == 0:
        raise InvalidArgument(
            f"a path must come before {given[0]!r}", hint="obskit query events/ 'count()' --by http.route"
        )
    return given[:cut], given[cut:]


def impact(arguments: argparse.Namespace) -> None:
    """Print how many users or customers an outcome affected, and how many there are."""
    with Progress() as progress:
        answer = answered(
            arguments, progress, lambda events: events.impact(arguments.select, by=arguments.by)
        )
    show(answer, arguments)


def trace(arguments: argparse.Namespace) -> None:
    """Print the spans of one trace, or write them to a file.

    Args:
        arguments: the command's arguments.

    Raises:
        InvalidArgument: an option that has no effect without --out.
        EmptySelection: no event has the trace id.
    """
    for option, given in (("--to", arguments.to is not None), ("--linked", arguments.linked)):
        if given and arguments.out is None:
            raise InvalidArgument(f"{option} only works with --out", hint="obskit trace --help")
    answer: Result
    with Progress() as progress:
        events = whole(arguments, progress)
        found = events.trace(arguments.trace_id)
        answer = found
        if arguments.out is not None:
            same = format_condition(
                [{"field": "trace_id", "op": "=", "value": found.table["trace_id"][0].as_py()}]
            )
            chosen = events.traces(where=same, linked=arguments.linked)
            answer = chosen.write(arguments.out, arguments.to, progress=progress)
    show(answer, arguments)
