"""The command `mcp`: let an agent investigate events."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from obskit.cli.load import is_remote, located, whole
from obskit.cli.terminal import Progress, write
from obskit.errors import Unsupported
from obskit.events import Events
from obskit.mcp import Address, Settings, run
from obskit.mcp.settings import TOKEN_VARIABLE
from obskit.receive.settings import read_token


def mcp(arguments: argparse.Namespace) -> None:
    """Serve the events of the paths until the client goes or a signal comes.

    Args:
        arguments: the command's arguments.

    Raises:
        InvalidArgument: stdin is one of the paths, the address is not a loopback address, or the port is in
            use.
        NoSuchPath, ReadError: a path does not exist, or is neither a file nor a folder.
    """

    def open_paths(paths: Sequence[str]) -> Events:
        with Progress() as progress:
            return whole(argparse.Namespace(**{**vars(arguments), "paths": list(paths)}), progress)

    def say(line: str) -> None:
        write(line, sys.stderr)
        sys.stderr.flush()

    http = None if arguments.http is None else Address.parse(arguments.http)
    token = read_token(arguments.token_file, TOKEN_VARIABLE) if http is not None else None
    if is_remote(arguments):
        raise Unsupported(
            "obskit mcp reads files, not the table of an engine",
            hint="copy the rows first: obskit convert ADDRESS --table NAME --since 1h --out folder",
        )
    if "-" not in arguments.paths:  # `Settings` refuses it; here, stdin would be read to its end
        located(arguments)
    settings = Settings(
        [str(path) for path in arguments.paths],
        open_paths,
        http=http,
        token=token,
        allow_hosts=tuple(arguments.allow_host),
    )
    run(settings, say)
