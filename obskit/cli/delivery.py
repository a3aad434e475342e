"""The command `delivery`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from obskit.cli.load import whole
from obskit.cli.terminal import Progress, write, write_json
from obskit.delivery import Delivery, DeliveryComparison
from obskit.delivery import delivery as measure
from obskit.display.zone import shown_in
from obskit.errors import InvalidArgument


def delivery(arguments: argparse.Namespace) -> None:
    """Print the five delivery metrics, or the ratio of two groups or windows."""
    if not arguments.paths and not arguments.git:
        raise InvalidArgument(
            "there is nothing to measure", hint="name files with deployments, or a repository with --git"
        )
    with Progress() as progress:
        events = whole(arguments, progress) if arguments.paths else None
        incidents = None
        if arguments.incidents:
            own = argparse.Namespace(**{**vars(arguments), "paths": arguments.incidents})
            incidents = whole(own, progress)

        def ask(during: str) -> Delivery:
            return measure(
                events,
                git=_repositories(arguments.git),
                incidents=incidents,
                during=None if during == "all" else during,
                per=None if arguments.per == "all" else arguments.per,
                bands=arguments.bands,
                environment=arguments.environment,
                deployments=arguments.deployments,
                pull_requests=arguments.pull_requests,
                verdicts=arguments.verdicts,
                progress=progress,
            )

        found = ask(arguments.during)
        answer: Delivery | DeliveryComparison = found
        if arguments.compare:
            first, second = arguments.compare
            answer = _compared(found, first, second, ask)
    if arguments.json:
        write_json(answer.to_dict())
        return
    with shown_in(arguments.display_tz):
        write(answer.to_markdown() if arguments.markdown else str(answer))


def _compared(found: Delivery, first: str, second: str, ask: Callable[[str], Delivery]) -> DeliveryComparison:
    """Compare two groups, or one group in two windows."""
    if second in found.groups or "/" not in second:
        return found.compare(first, second)
    return found.compare(first, ask(second))


def _repositories(given: list[str] | None) -> str | dict[str | None, str] | None:
    """Return the values of `--git`: folders, of which one may be for all services without their own."""
    if not given:
        return None
    found: dict[str | None, str] = {}
    for text in given:
        service, equals, folder = text.partition("=")
        name = service if equals else None
        if name in found:
            raise InvalidArgument(
                f"--git names two repositories for {name or 'all services'}",
                hint="--git booking=FOLDER for one service",
            )
        found[name] = folder if equals else text
    return found[None] if list(found) == [None] else found
