"""The command `check`."""

from __future__ import annotations

import argparse
from pathlib import Path

from obskit.checks import checks
from obskit.cli.load import opened
from obskit.cli.terminal import Progress, write, write_json
from obskit.display.zone import shown_in
from obskit.errors import InvalidArgument

VIOLATED, NO_DATA = 10, 12
_STATUS = {"ok": 0, "violated": VIOLATED, "no data": NO_DATA}


def check(arguments: argparse.Namespace) -> int:
    """Print what the checks of a file found; return the exit status.

    Args:
        arguments: the command's arguments.

    Returns:
        0 if all checks are kept, 10 if one is violated, else 12 if one has no data.

    Raises:
        InvalidArgument: `--json` and `--junit -` both, or the JUnit file cannot be written.
    """
    if arguments.json and arguments.junit == "-":
        raise InvalidArgument("--json and --junit - both write to stdout", hint="name a file with --junit")
    with Progress() as progress:
        answer = checks(opened(arguments, progress), arguments.checks)
    if arguments.junit == "-":
        write(answer.to_junit())
    elif arguments.junit is not None:
        try:
            Path(arguments.junit).write_text(answer.to_junit(), encoding="utf-8")
        except OSError as error:
            raise InvalidArgument(
                f"{arguments.junit} cannot be written: {error.strerror or error}", hint="name another file"
            ) from error
    if arguments.json:
        write_json(answer.to_dict())
    elif arguments.junit != "-":
        with shown_in(arguments.display_tz):
            write(str(answer))
    return _STATUS[answer.word]
