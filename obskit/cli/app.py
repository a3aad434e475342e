"""From words to an exit status: parse, call the command's room, print errors as a message and a hint."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence

from obskit.cli.arguments import COMMANDS, parser
from obskit.cli.terminal import write
from obskit.errors import (
    ConditionError,
    InvalidArgument,
    MissingDependency,
    NoSuchPath,
    ObskitError,
    UnknownField,
    UnknownFunction,
)

ANSWERED, BAD_DATA, BAD_CALL, INTERRUPTED = 0, 1, 2, 130
# What the caller typed, and not what the files hold.
_INVALID_ARGUMENTS = (
    InvalidArgument,
    ConditionError,
    MissingDependency,
    NoSuchPath,
    UnknownField,
    UnknownFunction,
)
# Packages of the extra `notebook`; every other package that is missing belongs to `data`.
_OF_NOTEBOOK = ("jupyterlab", "ipywidgets", "anywidget", "plotly", "IPython", "traitlets")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: arguments without the program's name; those of the process if None.

    Returns:
        The exit status: 0 answered, 1 bad data, 2 bad call, 130 interrupted.
    """
    try:
        status = _run(argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        write("obskit: interrupted", sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has seen enough. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ANSWERED
    return status


def _run(argv: Sequence[str] | None) -> int:
    words = parser()
    try:
        arguments = words.parse_args(argv)
    except SystemExit as stop:  # argparse has printed help, or what is wrong
        return stop.code if isinstance(stop.code, int) else BAD_CALL
    if arguments.version:
        write(f"obskit {_version()}")
        return ANSWERED
    if arguments.command is None:
        words.print_help(sys.stderr)
        return BAD_CALL
    try:
        _call(arguments)
    except BrokenPipeError:
        raise
    except Exception as error:
        return _told(error)
    return ANSWERED


def _told(error: Exception) -> int:
    """Print an error for a person, and return the exit status that it means."""
    if os.environ.get("OBSKIT_DEBUG"):
        traceback.print_exc()
    elif isinstance(error, ObskitError | OSError):
        write(f"obskit: {error}", sys.stderr)
    else:
        write(
            f"obskit: {type(error).__name__}: {error}\n"
            "Hint: this is a fault in obskit; OBSKIT_DEBUG=1 shows where, please report it",
            sys.stderr,
        )
    return BAD_CALL if isinstance(error, _INVALID_ARGUMENTS) else BAD_DATA


def _call(arguments: argparse.Namespace) -> None:
    room, _does, _arguments = COMMANDS[arguments.command]
    try:
        module = importlib.import_module(f"obskit.cli.{room}")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "obskit":
            raise
        if getattr(arguments, "live", False):  # of `demo`: its extra brings `data` with it
            raise MissingDependency.of("live", "obskit demo --live") from error
        extra = "notebook" if package in _OF_NOTEBOOK else "data"
        if arguments.command == "receive":  # which brings `data` with it
            extra = "receive"
        raise MissingDependency.of(extra, f"obskit {arguments.command}") from error
    getattr(module, arguments.command)(arguments)


def _version() -> str:
    return str(importlib.import_module("importlib.metadata").version("obskit"))
