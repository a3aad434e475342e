"""The command `receive`: OTLP from running services into a folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from obskit.cli.terminal import write
from obskit.errors import InvalidArgument
from obskit.receive import Limits, Settings, run
from obskit.receive.settings import read_token


def receive(arguments: argparse.Namespace) -> None:
    """Write what services send into the folder, until Ctrl-C or SIGTERM.

    Args:
        arguments: the command's arguments.

    Raises:
        InvalidArgument: a port is not valid, a token is missing, or the folder or a port is in use.
        MissingDependency: `--grpc` without the extra `receive-grpc`.
    """
    limits = Limits() if arguments.peer is None else Limits(peer=arguments.peer)
    settings = Settings(
        Path(arguments.into).expanduser(),
        http=_port(arguments.http, 4318, "--http"),
        grpc=_port(arguments.grpc, 4317, "--grpc"),
        grpc_required=arguments.grpc is not None,
        host=arguments.host,
        token=read_token(arguments.token_file),
        limits=limits,
        allow_hosts=tuple(arguments.allow_host),
    )

    def say(line: str) -> None:
        write(line, sys.stderr)
        sys.stderr.flush()

    write(run(settings, say))


def _port(text: str | None, default: int, option: str) -> int | None:
    if text is None:
        return default
    if text == "off":
        return None
    if not text.isdecimal():
        raise InvalidArgument(
            f"{option} must be a port or off, got {text!r}", hint=f"{option} {default}, or {option} off"
        )
    return int(text)
