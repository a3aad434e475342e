"""The transport over streamable HTTP on a loopback address, and who may use it.

A web page in a browser on this machine can send requests to loopback addresses. It is kept out as in
`obskit.receive`: by the `Host` header, which has the page's own domain if that resolves to 127.0.0.1, and by
the `Origin` header, which browsers send and agents do not.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from mcp.server import Server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from obskit.errors import InvalidArgument
from obskit.mcp.settings import Address, Settings
from obskit.receive.refusal import Refused
from obskit.receive.responses import authorized

PATH = "/mcp"
_REQUEST = 1024 * 1024  # most bytes of a request
_SESSIONS = 1_000
_CONNECTIONS = 256
_GRACE = 3  # seconds that calls have to finish at the end

_HOST = "the Host header must be localhost or a loopback address, or a name given with --allow-host"
_ORIGIN = "web pages cannot use obskit mcp: requests with an Origin header are refused"
_TOKEN = "missing or wrong token; send Authorization: Bearer TOKEN"  # noqa: S105

Say = Callable[[str], None]


class Guard:
    """Refuse requests of other hosts, of web pages, and without the token; ASGI middleware.

    Args:
        app: the application behind it.
        settings: the names and the token.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = settings.host_rule()
        self._token = settings.token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            try:
                self._check(Headers(scope=scope))
            except Refused as refused:
                headers = {"www-authenticate": "Bearer"} if refused.status == 401 else None
                answer = JSONResponse({"error": refused.text}, refused.status, headers)
                await answer(scope, receive, send)
                return
        elif scope["type"] != "lifespan":
            return
        await self._app(scope, receive, send)

    def _check(self, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            raise Refused(400, _HOST)
        try:
            self._hosts.check(hosts[0])
        except Refused as refused:
            raise Refused(refused.status, _HOST) from refused
        if "origin" in headers:
            raise Refused(403, _ORIGIN)
        given = headers.getlist("authorization")
        if len(given) > 1 or not authorized(given[0] if given else None, self._token):
            raise Refused(401, _TOKEN)


def application(server: Server[Any], settings: Settings) -> ASGIApp:
    """Return the server as an ASGI application that checks who may use it."""
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=_REQUEST,
        max_sessions=_SESSIONS,
        # `Guard` checks more strictly, and knows the names of --allow-host.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    return Guard(app, settings)


def serve_http(server: Server[Any], settings: Settings, address: Address, say: Say) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        server: the server.
        settings: who may use it.
        address: where to listen.
        say: prints a line for a person.

    Raises:
        InvalidArgument: the port is in use, or the address is not one of this machine's.
    """
    listening = _listen(address)
    with listening:
        config = uvicorn.Config(
            application(server, settings),
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE,
        )
        asyncio.run(_run(_Uvicorn(config), listening, settings, say))


class _Uvicorn(uvicorn.Server):
    """A server that leaves signals to `_run`: uvicorn would raise them again once it has stopped."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


async def _run(running: _Uvicorn, listening: socket.socket, settings: Settings, say: Say) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        # A second signal does not wait for the calls in progress.
        running.force_exit = running.should_exit
        running.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    say(f"MCP over streamable HTTP on http://{shown}:{port}{PATH}; press Ctrl-C to stop")
    if settings.token is None:
        say("every user of this machine can read these events; --token-file FILE requires a token")
    await running.serve(sockets=[listening])


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        raise InvalidArgument(
            f"cannot listen on {address.host}:{address.port}: {os.strerror(error.errno or errno.EIO)}",
            hint=f"choose another port: --http {address.host}:{min(address.port + 10, 65_535)}",
        ) from error
