"""Receive: OTLP from running systems into a folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from obskit.cli.terminal import write
from obskit.errors import InvalidArgument
from obskit.receive import Settings, run
from obskit.receive.settings import read_token


def receive(arguments: argparse.Namespace) -> None:
    """Write what is sent into the folder, until Ctrl-C or SIGTERM.

    Raises:
        InvalidArgument: no such port, no token where one is needed, or the folder or a port is taken.
        MissingDependency: gRPC was asked for and is not installed.
    """
    settings = Settings(
        Path(arguments.into).expanduser(),
        http=_port(arguments.http, 4318, "--http"),
        grpc=_port(arguments.grpc, 4317, "--grpc"),
        grpc_required=arguments.grpc is not None,
        host=arguments.host,
        token=read_token(arguments.token_file),
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
        raise InvalidArgument(f"{option} {text!r} is no port", hint=f"{option} {default}, or {option} off")
    return int(text)
