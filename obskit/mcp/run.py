"""Run a server for agents until its client or a signal ends it."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable

from obskit.mcp.calls import Calls
from obskit.mcp.http import serve_http
from obskit.mcp.server import make_server
from obskit.mcp.settings import Settings
from obskit.mcp.stdio import serve_stdio
from obskit.mcp.workspace import Workspace


def run(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until stdin is closed or, over HTTP, until SIGTERM or SIGINT.

    Args:
        settings: what to read, and where to listen.
        say: prints a line for a person; stdout belongs to the protocol.

    Raises:
        NoSuchPath, ReadError: a path does not exist, or is neither a file nor a folder.
        InvalidArgument: a link leads out of the paths, or the port is in use.
    """
    workspace = Workspace(settings.paths, settings.opener)
    workspace.check()
    # The SDK logs what a client sent, which may be anything.
    for name in ("mcp", "uvicorn"):
        logging.getLogger(name).addHandler(logging.NullHandler())
    # Clients wait less long for an answer than a first load may take, so it begins now.
    threading.Thread(target=_load, args=(workspace,), name="obskit-mcp-load", daemon=True).start()
    server = make_server(Calls(workspace))
    if settings.http is not None:
        serve_http(server, settings, settings.http, say)
        return
    if sys.stdin is not None and sys.stdin.isatty():
        say("obskit mcp talks to an agent on stdin and stdout; docs/agents.md says how hosts start it")
    serve_stdio(server)


def _load(workspace: Workspace) -> None:
    try:
        workspace.events()
    except Exception:
        # The first call raises it again, and replies with it. If the client is gone, the process ends
        # meanwhile, and no pool takes work any more.
        return
