"""The options of the command `shred`."""

from __future__ import annotations

import argparse


def add_shred_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of `obskit shred`."""
    command.add_argument(
        "--subject",
        required=True,
        metavar="X",
        help="whose values become unreadable, as in the events: a user id; - reads it from standard input",
    )
    command.add_argument("--keys", required=True, metavar="DIR", help="the folder of the keys")
    command.add_argument(
        "--master",
        default="env:OBSKIT_MASTER_KEY",
        metavar="WHERE",
        help="the master key: env:NAME or file:PATH; default env:OBSKIT_MASTER_KEY",
    )
    command.add_argument("--json", action="store_true", help="print JSON")
