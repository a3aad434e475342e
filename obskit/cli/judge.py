"""The command `judge`: print a verdict, and exit with its status."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from typing import Any

from obskit.cli.inputs import names_of
from obskit.cli.judge_arguments import ALLOWED
from obskit.cli.load import whole
from obskit.cli.terminal import Progress, write, write_json
from obskit.dataset import is_stream, is_url
from obskit.engine import parse_span
from obskit.errors import InvalidArgument, MissingDependency
from obskit.events import Events, Verdict
from obskit.text import safe

STATUS = {"pass": 0, "error": 1, "regress": 10, "inconclusive": 11, "no_data": 12}
DECIDED = ("pass", "regress")
SERVE_ONLY = ("idle", "token_file", "allow_host")
NOT_SERVED = ("json", "markdown", "allow", "dry_run", "watch", "after")


def judge(arguments: argparse.Namespace) -> int:
    """Print the verdict on a deployment.

    Args:
        arguments: the command's arguments.

    Returns:
        The exit status: 0 pass, 10 regress, 11 inconclusive, 12 no data, 1 error; with `--serve` 0.

    Raises:
        InvalidArgument: options that exclude each other, or values that they cannot have.
        MissingDependency: `--serve` without the extra `receive`.
    """
    arguments.paths += arguments.followed
    if not arguments.paths:
        raise InvalidArgument("judge needs the events of both versions", hint="obskit judge events/")
    if arguments.serve is not None:
        return _serve(arguments)
    for option in SERVE_ONLY:
        if getattr(arguments, option):
            name = option.replace("_", "-")
            raise InvalidArgument(f"--{name} only works with --serve", hint="--serve 127.0.0.1:8911")
    if arguments.json and arguments.markdown:
        raise InvalidArgument("--json and --markdown exclude each other", hint="leave one of them out")
    allowed = _allowed(arguments.allow)
    given = _verb_arguments(arguments)
    verdict = _ask(arguments, given) if arguments.watch is None else _watch(arguments, given)
    if arguments.json:
        write_json(verdict.to_dict())
    else:
        write(verdict.to_markdown() if arguments.markdown else str(verdict))
    status = STATUS[verdict.word]
    if arguments.dry_run or verdict.word in allowed:
        why = "--dry-run" if arguments.dry_run else f"--allow {verdict.word}"
        if status:
            write(f"obskit: exit status 0 instead of {status}, because of {why}", sys.stderr)
        return 0
    return status


def _serve(arguments: argparse.Namespace) -> int:
    for option in NOT_SERVED:
        if getattr(arguments, option):
            name = option.replace("_", "-")
            raise InvalidArgument(f"--{name} and --serve exclude each other", hint="leave one of them out")
    _check_readable_again(arguments, "--serve")
    given = _verb_arguments(arguments)
    try:
        module = importlib.import_module("obskit.cli.judge_serve")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "obskit":
            raise
        raise MissingDependency.of("receive", "obskit judge --serve") from error
    module.serve(arguments, given)
    return 0


def _ask(arguments: argparse.Namespace, given: dict[str, Any]) -> Verdict:
    with Progress() as progress:
        events = whole(arguments, progress)
    return events.judge(**given)


def _watch(arguments: argparse.Namespace, given: dict[str, Any]) -> Verdict:
    """Judge again and again until there is a decision or the time is over."""
    _check_readable_again(arguments, "--watch")
    limit = parse_span(arguments.watch).total_seconds()
    step = parse_span(arguments.every or "1m").total_seconds()
    if limit <= 0 or step <= 0:
        raise InvalidArgument("--watch and --every must be longer than 0", hint="--watch 30m --every 1m")
    end = time.monotonic() + limit
    looks = Watched(arguments, given)
    while True:
        verdict = looks.look()
        left = end - time.monotonic()
        if verdict.word in DECIDED or left <= 0:
            return verdict
        write(safe(verdict.headline()), sys.stderr)
        time.sleep(min(step, left))


class Watched:
    """Looks at the same files again and again.

    A look reads what is new and counts only that. Its verdict is the one of a process that starts now: only
    what was counted in files that have not changed is kept, in memory.

    Args:
        arguments: the command's arguments, which name the files.
        given: the arguments of `Events.judge`.
    """

    def __init__(self, arguments: argparse.Namespace, given: dict[str, Any]) -> None:
        self._arguments, self._given = arguments, given
        self._events: Events | None = None
        self._progress: Progress | None = None

    def look(self) -> Verdict:
        """Return the verdict on the files as they are now."""
        with Progress() as self._progress:
            if self._events is None:
                self._events = whole(self._arguments, self._report)
            else:
                self._events = self._events.refresh()
        return self._events.judge(**self._given)

    def _report(self, what: str, done: int, total: int) -> None:
        if self._progress is not None:  # each look has a line of its own
            self._progress(what, done, total)


def _check_readable_again(arguments: argparse.Namespace, option: str) -> None:
    if any(path == "-" or is_stream(path) or is_url(str(path)) for path in arguments.paths):
        raise InvalidArgument(
            f"{option} needs files or folders, which can be read again", hint="write the events to a folder"
        )


def _verb_arguments(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments of `Events.judge`; the window of time leaves earlier events to compare with."""
    if arguments.every is not None and arguments.watch is None and arguments.serve is None:
        raise InvalidArgument("--every only works with --watch or --serve", hint="--watch 30m --every 1m")
    during = arguments.between
    if arguments.since is not None:
        during = (arguments.since, None)
    given = {
        name: getattr(arguments, name)
        for name in (
            "candidate",
            "baseline",
            "by",
            "candidate_where",
            "baseline_where",
            "service",
            "environment",
            "where",
            "split",
            "unit",
            "looks",
            "alpha",
            "mode",
            "warmup",
            "after",
            "git",
        )
    }
    given["looks"] = 1 if arguments.looks == "1" else arguments.looks
    given["cluster"] = None if arguments.cluster.lower() == "none" else arguments.cluster
    given["during"] = during
    if arguments.slices is not None:
        given["slices"] = () if arguments.slices.lower() == "none" else names_of(arguments.slices)
    for option, name in (("margin_errors", "errors"), ("margin_latency", "latency")):
        value = getattr(arguments, option)
        if value is not None:
            given[name] = None if value.lower() == "none" else value
    for name in ("least_slowdown", "settle"):
        if getattr(arguments, name) is not None:
            given[name] = getattr(arguments, name)
    return given


def _allowed(given: str | None) -> set[str]:
    words = {word.strip() for word in given.split(",")} if given is not None else set()
    for word in sorted(words):
        if word not in ALLOWED:
            raise InvalidArgument(
                f"--allow must be {' or '.join(ALLOWED)}, got {word!r}",
                hint=f"--allow {','.join(ALLOWED)}",
            )
    return words
