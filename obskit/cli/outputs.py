"""Commands that write files: convert and demo."""

from __future__ import annotations

import argparse
import importlib
import shlex
import sys
from pathlib import Path

from obskit.cli.inputs import names_of, options_of
from obskit.cli.load import answered, is_remote, located
from obskit.cli.terminal import Progress, write, write_json
from obskit.dataset import convert as convert_paths
from obskit.demo.generate import generate
from obskit.errors import InvalidArgument, MissingDependency
from obskit.events import Events
from obskit.remote import is_address
from obskit.schema import LoadReport, ReadOptions
from obskit.text import pluralize
from obskit.writers import STDOUT, Written, format_of, write_stream


def convert(arguments: argparse.Namespace) -> None:
    """Write events in another format. A dataset of all events is converted directly from the files."""
    if arguments.out == STDOUT:
        _to_stdout(arguments)
        return
    if is_address(arguments.out):
        raise InvalidArgument(
            "--out must be a file or a folder, not the address of an engine",
            hint="write a table from Python: events.write(address, table='prod.events')",
        )
    changed = (
        arguments.where,
        arguments.since,
        arguments.between,
        arguments.fields,
        arguments.error,
        arguments.lookup,
        arguments.table,
    )
    as_dataset = format_of(Path(arguments.out), arguments.to) is None
    if as_dataset and not any(changed) and not is_remote(arguments):
        _dataset(arguments)
        return
    with Progress() as progress:

        def copy(events: Events) -> tuple[Written, LoadReport]:
            fields = names_of(arguments.fields)
            return events.write(arguments.out, arguments.to, fields, progress=progress), events.load_report

        made, report = answered(arguments, progress, copy)
    if arguments.json:
        write_json(made.to_dict() | {"load_report": report.to_dict()})
    else:
        write(f"{made}\n{report}\n")


def _to_stdout(arguments: argparse.Namespace) -> None:
    """Write events to stdout, as JSON lines unless `--to` is given; print the summary on stderr."""
    if arguments.json:
        raise InvalidArgument(
            "--json and --out - both write to stdout", hint="leave out --json, or name a file with --out"
        )
    sys.stdout.flush()
    with Progress() as progress:

        def copy(events: Events) -> tuple[Written, LoadReport]:
            made = write_stream(
                events.scope,
                sys.stdout.buffer,
                format=arguments.to or "jsonl",
                fields=names_of(arguments.fields),
                progress=progress,
            )
            return made, events.load_report

        made, report = answered(arguments, progress, copy)
        sys.stdout.buffer.flush()
    write(f"{made}\n{report}\n", sys.stderr)


def _dataset(arguments: argparse.Namespace) -> None:
    with Progress() as progress:
        options = ReadOptions(**options_of(arguments))
        made = convert_paths(located(arguments), arguments.out, options=options, progress=progress)
    if arguments.json:
        write_json(
            {
                "kind": "dataset",
                "path": str(made.path),
                "dataset": {"rows": made.rows, "fingerprint": made.fingerprint},
                "files": len(made.files),
                "load_report": made.load_report.to_dict(),
            }
        )
    else:
        write(f"{pluralize(made.rows, 'event')} in {arguments.out}\n{made.load_report}\n")


def demo(arguments: argparse.Namespace) -> None:
    """Generate events of a booking platform with planted causes, or run the platform.

    Args:
        arguments: the command's arguments.

    Raises:
        InvalidArgument: an option of `--live` with `--out`, or the other way round.
        MissingDependency: `--live` without the extra `live`.
    """
    strange = ("events", "format", "scenario") if arguments.live else ("seconds", "into")
    for name in strange:
        if getattr(arguments, name) is not None:
            other = "--out" if arguments.live else "--live"
            raise InvalidArgument(f"--{name} only works with {other}", hint="obskit demo --help")
    if arguments.live:
        _live(arguments)
        return
    with Progress() as progress:
        made = generate(
            arguments.out,
            events=arguments.events or 40_000,
            seed=arguments.seed,
            format=arguments.format or "jsonl.gz",
            scenarios=arguments.scenario or (),
            progress=progress,
        )
    if arguments.json:
        write_json({"kind": "demo"} | made)
    else:
        planted = "".join(f"planted {entry['id']}: {entry['title']}\n" for entry in made["planted"])
        written = f"{pluralize(made['events'], 'event')} in {arguments.out}\n{planted}"
        write(f"{written}next: obskit triage {arguments.out}")


def _live(arguments: argparse.Namespace) -> None:
    try:
        live = importlib.import_module("obskit.demo.live.run")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "obskit":
            raise MissingDependency.of_module(error.name) from error
        raise MissingDependency.of("live", "obskit demo --live") from error

    def say(line: str) -> None:
        if not arguments.json:
            write(line)
            sys.stdout.flush()

    seen = live.run(arguments.into, seconds=arguments.seconds or 60, seed=arguments.seed, say=say)
    if arguments.json:
        write_json({"kind": "live demo"} | seen.to_dict())
    else:
        write(f"{seen}\nnext: obskit triage {shlex.quote(str(seen.path))}")
