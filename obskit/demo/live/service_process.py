"""The main program of one service.

It listens on a port that the kernel chooses and prints the port to stdout. Then it reads one line from stdin,
the base URLs of the services that it calls, and serves. It stops at the end of stdin, which comes when the
parent process ends, even if the parent was killed.
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

SHUTDOWN_SECONDS = 3  # for requests in flight
_STDIN = 0


def main() -> None:
    """Serve until SIGTERM or the end of stdin; the first argument is the role as JSON."""
    role: dict[str, Any] = json.loads(sys.argv[1])
    # Without IPPROTO_TCP, asyncio leaves Nagle's algorithm on, which adds 40 ms to each response.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)  # noqa: T201
        line = _read_line()
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
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=SHUTDOWN_SECONDS)
    )
    threading.Thread(target=_stop_at_end_of_stdin, args=(server,), daemon=True).start()
    # uvicorn shuts down at SIGTERM and then raises it again. Make that an exit, so that `finally` runs.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run(sockets=[listener])
    finally:
        handle.shutdown()


def _read_line() -> bytes:
    """Return the first line of stdin; empty if stdin ended before."""
    read = b""
    while not read.endswith(b"\n"):
        more = os.read(_STDIN, 65536)
        if not more:
            return b""
        read += more
    return read


def _stop_at_end_of_stdin(server: uvicorn.Server) -> None:
    while os.read(_STDIN, 65536):
        pass
    server.should_exit = True
    time.sleep(SHUTDOWN_SECONDS + 2)
    os._exit(1)
