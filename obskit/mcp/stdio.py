"""The transport over stdin and stdout: a host starts the server and ends it by closing stdin."""

from __future__ import annotations

import signal
from typing import Any

import anyio
from mcp.server import Server
from mcp.server.stdio import stdio_server


def serve_stdio(server: Server[Any]) -> None:
    """Serve one client until it closes stdin.

    Args:
        server: the server.
    """
    # A thread waits in a read of stdin, which only the end of the process can stop; nothing is lost by it.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        anyio.run(_serve, server)
    finally:
        signal.signal(signal.SIGINT, before)


async def _serve(server: Server[Any]) -> None:
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
