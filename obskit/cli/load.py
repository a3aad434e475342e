"""From arguments to `Events`: load the paths, and apply `--where`, `--since` and `--between`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from obskit.cli.engine_arguments import check_engine
from obskit.cli.inputs import lookups_of, mapping_of, options_of
from obskit.cli.terminal import Progress, write
from obskit.dataset import is_stream, is_url, local_paths
from obskit.errors import InvalidArgument, ObskitError, UnknownField
from obskit.events import Events, connect, is_pin, labelled, load, preview
from obskit.remote import is_address
from obskit.schema import ReadOptions

Answer = TypeVar("Answer")


def opened(arguments: argparse.Namespace, progress: Progress) -> Events:
    """Load the paths, and apply `--where`, `--since` and `--between`."""
    return _narrowed(whole(arguments, progress), arguments)


def answered(arguments: argparse.Namespace, progress: Progress, ask: Callable[[Events], Answer]) -> Answer:
    """Answer a question about the events, which `opened` returns, without reading files of other times.

    Args:
        arguments: the command's arguments.
        progress: shows how far loading is.
        ask: answers the question; it depends only on the events of the window.

    Returns:
        What `ask` returns. If it names a field that the files of the window lack, all files are read.
    """
    when = _window(arguments)
    if when is not None and not arguments.lookup and not is_remote(arguments):  # a lookup precedes the window
        events = whole(arguments, progress, between=when)
        try:
            return ask(events.where(arguments.where) if arguments.where else events)
        except UnknownField:
            if not events.scope.dataset.left_out:
                raise
    return ask(opened(arguments, progress))


def whole(
    arguments: argparse.Namespace, progress: Callable[[str, int, int], None], between: str | None = None
) -> Events:
    """Load the paths, and apply `--lookup`; or connect to a table."""
    if is_remote(arguments):
        check_engine(arguments)
        mapping = mapping_of(arguments.mapping)
        return connect(
            str(arguments.paths[0]), arguments.table, mapping=mapping, display_tz=arguments.display_tz
        )
    if getattr(arguments, "table", None):
        raise InvalidArgument(
            "--table needs the address of an engine as the path", hint="for example sc://host:15002"
        )
    lookups = lookups_of(arguments.lookup)
    events = load(
        located(arguments),
        **options_of(arguments),
        error=arguments.error,
        between=between,
        display_tz=arguments.display_tz,
        progress=progress,
    )
    for file, field, column in lookups:
        events = events.lookup(file, field, key=column)
    return events


def is_remote(arguments: argparse.Namespace) -> bool:
    """Return whether a path is the address of an engine."""
    return any(is_address(str(path)) for path in arguments.paths)


def located(arguments: argparse.Namespace) -> list[str | Path]:
    """Return the paths as files: stdin (`-`), pipes and URLs are copied into the cache, once per command."""
    if any(path == "-" or is_stream(path) or is_url(str(path)) for path in arguments.paths):
        arguments.paths = local_paths([sys.stdin.buffer if path == "-" else path for path in arguments.paths])
    paths: list[str | Path] = arguments.paths
    return paths


def sample_first(arguments: argparse.Namespace, ask: Callable[[Events, Progress], object]) -> bool:
    """Print an answer from a sample on stderr if files have to be converted before the exact one.

    It is for people: with `--json` there is only the exact answer.

    Args:
        arguments: the command's arguments.
        ask: computes the answer. An error is ignored here, since the exact answer raises it again.

    Returns:
        Whether an answer was printed.
    """
    # `--error` and `--lookup` are applied to the whole; a sample has not been through them.
    # A pin opens as a whole or not at all.
    if arguments.json or arguments.error or arguments.lookup or any(map(is_pin, arguments.paths)):
        return False
    if is_remote(arguments) or arguments.table:
        return False
    with preview(located(arguments), ReadOptions(**options_of(arguments))) as scope:
        if scope is None:
            return False
        try:
            with Progress() as progress:
                answer = ask(_narrowed(Events(scope, display_tz=arguments.display_tz), arguments), progress)
        except ObskitError:
            return False
        if answer is not None:
            write(f"FROM A SAMPLE; the exact answer follows.\n\n{labelled(answer, scope)}\n", sys.stderr)
        return answer is not None


def _narrowed(events: Events, arguments: argparse.Namespace) -> Events:
    when = _window(arguments)
    if when is not None:
        events = events.between(when)
    return events.where(arguments.where) if arguments.where else events


def _window(arguments: argparse.Namespace) -> str | None:
    given: str | None = arguments.since if arguments.between is None else arguments.between
    return given
