"""Commands that write: convert and demo."""

from __future__ import annotations

import argparse
import importlib
import shlex
import sys

from obskit.cli.inputs import mapping_of
from obskit.cli.terminal import Progress, write, write_json
from obskit.dataset import convert as convert_paths
from obskit.demo.generate import generate
from obskit.errors import BadCall, MissingDependency


def convert(arguments: argparse.Namespace) -> None:
    """Write events as a Dataset: Parquet, sorted by time."""
    with Progress() as progress:
        made = convert_paths(
            arguments.paths, arguments.out, mapping=mapping_of(arguments.mapping), progress=progress
        )
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
        write(f"{made.rows:,} events in {arguments.out}\n{made.load_report}\n")


def demo(arguments: argparse.Namespace) -> None:
    """Make events of a booking platform with causes planted in them, or run the platform.

    Raises:
        BadCall: options of the one with the other.
        MissingDependency: the platform is to run, and the extra `live` is not there.
    """
    strange = ("events", "format") if arguments.live else ("seconds", "into")
    for name in strange:
        if getattr(arguments, name) is not None:
            other = "--out" if arguments.live else "--live"
            raise BadCall(f"--{name} goes with {other} alone", hint="obskit demo --help")
    if arguments.live:
        _live(arguments)
        return
    with Progress() as progress:
        made = generate(
            arguments.out,
            events=arguments.events or 40_000,
            seed=arguments.seed,
            format=arguments.format or "jsonl.gz",
            progress=progress,
        )
    if arguments.json:
        write_json({"kind": "demo"} | made)
    else:
        write(f"{made['events']:,} events in {arguments.out}\nnext: obskit triage {arguments.out}")


def _live(arguments: argparse.Namespace) -> None:
    try:
        room = importlib.import_module("obskit.demo.live.run")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "obskit":
            raise
        raise MissingDependency.of("live", "obskit demo --live") from error

    def say(line: str) -> None:
        if not arguments.json:
            write(line)
            sys.stdout.flush()

    seen = room.run(arguments.into, seconds=arguments.seconds or 60, seed=arguments.seed, say=say)
    if arguments.json:
        write_json({"kind": "live demo"} | seen.to_dict())
    else:
        write(f"{seen}\nnext: obskit triage {shlex.quote(str(seen.path))}")
