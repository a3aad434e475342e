"""Commands that write: convert and demo."""

from __future__ import annotations

import argparse

from obskit.cli.inputs import mapping_of
from obskit.cli.terminal import Progress, write, write_json
from obskit.dataset import convert as convert_paths
from obskit.demo import generate


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
    """Make events of a booking platform with causes planted in them."""
    with Progress() as progress:
        made = generate(
            arguments.out,
            events=arguments.events,
            seed=arguments.seed,
            format=arguments.format,
            progress=progress,
        )
    if arguments.json:
        write_json({"kind": "demo"} | made)
    else:
        write(f"{arguments.events:,} events in {arguments.out}\nnext: obskit triage {arguments.out}")
