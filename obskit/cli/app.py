"""From arguments to an exit status: parse, run the command, print errors as a message and a hint."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence

from obskit import distribution
from obskit.cli.commands import COMMANDS, build_parser
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

ANSWERED, DATA_ERROR, CALL_ERROR, INTERRUPTED = 0, 1, 2, 130
# Errors about what the caller typed; all others are about the data.
_CALL_ERRORS = (
    InvalidArgument,
    ConditionError,
    MissingDependency,
    NoSuchPath,
    UnknownField,
    UnknownFunction,
)
# Packages of the extra `notebook`; any other missing package belongs to `data` or to the command's own extra.
_NOTEBOOK_PACKAGES = ("jupyterlab", "ipywidgets", "anywidget", "plotly", "IPython", "traitlets")
# Commands whose extra brings `data` with it, or does not need it.
_OWN_EXTRAS = {"receive": "receive", "mcp": "mcp", "completion": "completion"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: arguments without the program's name; by default those of the process.

    Returns:
        The exit status: 0 success, 1 the data cannot be read or no row is left, 2 wrong arguments,
        130 interrupted. Verdicts and checks: 0 pass, 10 regress or violated, 11 inconclusive, 12 no data.
    """
    try:
        status = _run(argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        write("obskit: interrupted", sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has closed the pipe. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ANSWERED
    return status


def _run(argv: Sequence[str] | None) -> int:
    parser = build_parser()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as stop:  # argparse has printed the help or the error
        return stop.code if isinstance(stop.code, int) else CALL_ERROR
    if arguments.version:
        write(f"obskit {_version()}")
        return ANSWERED
    if arguments.command is None:
        parser.print_help(sys.stderr)
        return CALL_ERROR
    try:
        return _call(arguments)
    except BrokenPipeError:
        raise
    except Exception as error:
        return _print_error(error)


def _print_error(error: Exception) -> int:
    """Print an error as a message and a hint; return its exit status."""
    if os.environ.get("OBSKIT_DEBUG"):
        traceback.print_exc()
    elif isinstance(error, ObskitError | OSError):
        write(f"obskit: {error}", sys.stderr)
    else:
        write(
            f"obskit: {type(error).__name__}: {error}\n"
            "Hint: this is a bug in obskit; please report it with the traceback that OBSKIT_DEBUG=1 prints",
            sys.stderr,
        )
    return CALL_ERROR if isinstance(error, _CALL_ERRORS) else DATA_ERROR


def _call(arguments: argparse.Namespace) -> int:
    """Run a command and return its exit status: what its function returns, and 0 for None."""
    module_name, _help = COMMANDS[arguments.command]
    try:
        module = importlib.import_module(f"obskit.cli.{module_name}")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "obskit":
            raise MissingDependency.of_module(error.name) from error
        if getattr(arguments, "live", False):
            raise MissingDependency.of("live", "obskit demo --live") from error
        extra = _OWN_EXTRAS.get(arguments.command) or (
            "notebook" if package in _NOTEBOOK_PACKAGES else "data"
        )
        raise MissingDependency.of(extra, f"obskit {arguments.command}") from error
    status = getattr(module, arguments.command)(arguments)
    return status if isinstance(status, int) else ANSWERED


def _version() -> str:
    # Imported here: it costs more than all else that `obskit --help` does.
    return str(importlib.import_module("importlib.metadata").version(distribution.NAME))
