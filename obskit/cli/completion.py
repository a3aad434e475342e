"""The command `completion`: a script that completes commands, options and paths in a shell."""

from __future__ import annotations

import argparse
import sys

import shtab

from obskit.cli.commands import build_parser


def completion(arguments: argparse.Namespace) -> None:
    """Print the completion script for a shell; see the command's help for how to load it."""
    sys.stdout.write(shtab.complete(build_parser(), arguments.shell))
