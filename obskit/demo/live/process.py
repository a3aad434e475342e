"""One service in a process of its own, from the inside.

It listens on a port that the kernel chooses and says which on stdout; then it waits on stdin for one line,
which says whom it calls, and serves. The open stdin is its lease: when whoever started it is gone, however
that went, stdin ends and so does the service.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from typing import Any

import uvicorn

from obskit.demo.live.services import build
from obskit.instrument import configure, deployment

GRACE = 3  # seconds for requests in flight
_STDIN = 0


def main() -> None:
    """Serve until SIGTERM or the end of stdin; the role is the first argument, as JSON."""
    role: dict[str, Any] = json.loads(sys.argv[1])
    # Named as TCP, or asyncio takes it for something else and leaves Nagle's algorithm on: 40 ms an answer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)  # noqa: T201
        line = _line()
        if line:
            _serve(role, json.loads(line), listener)


def _serve(role: dict[str, Any], upstream: dict[str, str], listener: socket.socket) -> None:
    service, version, track = role["service"], role["version"], role["track"]
    handle = configure(
        service,
        version=version,
        environment="demo",
        deployment_id=f"{service}-{version}",
        track=track,
        sink=role["folder"],
    )
    if track == "canary":
        deployment(f"{service}-{version}", name=f"{service} {version}", status="started")
    app = build(service, version, upstream)
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE)
    )
    threading.Thread(target=_end_with_stdin, args=(server,), daemon=True).start()
    # uvicorn ends in good order at SIGTERM, then raises it again: as an exit, so that what follows is run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run(sockets=[listener])
    finally:
        handle.shutdown()


def _line() -> bytes:
    """Return the first line of stdin; nothing if it ended before."""
    read = b""
    while not read.endswith(b"\n"):
        more = os.read(_STDIN, 65536)
        if not more:
            return b""
        read += more
    return read


def _end_with_stdin(server: uvicorn.Server) -> None:
    while os.read(_STDIN, 65536):
        pass
    server.should_exit = True
    time.sleep(GRACE + 2)
    os._exit(1)
