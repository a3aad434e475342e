"""`obskit judge --serve`: verdicts over HTTP, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from obskit.cli.load import whole
from obskit.cli.terminal import Progress, write
from obskit.engine import parse_span
from obskit.errors import InvalidArgument
from obskit.events import Events
from obskit.gate import Address, Settings, run
from obskit.gate.settings import TOKEN_VARIABLE
from obskit.judge import JudgeArguments
from obskit.receive.settings import read_token
from obskit.text import safe


def serve(arguments: argparse.Namespace, given: Mapping[str, Any]) -> None:
    """Serve verdicts on the events of the paths.

    Args:
        arguments: the command's arguments.
        given: the arguments of `Events.judge`.

    Raises:
        InvalidArgument: the address or a time is not valid, a token is missing, or the port is in use.
        NoSuchPath: a path does not exist.
    """
    settings = Settings(
        Address.parse(arguments.serve),
        every=_length(arguments.every or "1m", "--every"),
        idle=None if arguments.idle == "none" else _length(arguments.idle or "10m", "--idle"),
        token=read_token(arguments.token_file, TOKEN_VARIABLE),
        allow_hosts=tuple(arguments.allow_host),
    )

    def say(line: str) -> None:
        write(safe(line), sys.stderr)
        sys.stderr.flush()

    def open_events() -> Events:
        with Progress() as progress:
            return whole(arguments, progress)

    write(run(settings, open_events, JudgeArguments(**given), say), sys.stderr)


def _length(text: str, option: str) -> timedelta:
    length = parse_span(text)
    if length <= timedelta(0):
        raise InvalidArgument(f"{option} must be longer than 0, got {text!r}", hint=f"{option} 1m")
    return length
