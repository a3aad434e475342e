"""The HTTP/1.1 server for OTLP. `connection` serves a single connection."""

from __future__ import annotations

import asyncio

from obskit.receive.connection import Connection, ConnectionClosed
from obskit.receive.crowd import GAVE_WAY, Crowd
from obskit.receive.intake import Intake
from obskit.receive.route import Router
from obskit.receive.settings import Settings

BUFFER = 64 * 1024
"""Bytes that are read ahead per connection; asyncio may read up to twice as many."""


class Web:
    """An HTTP server; `stop` lets requests in progress finish."""

    def __init__(self, intake: Intake, settings: Settings) -> None:
        self._intake = intake
        self._settings = settings
        self._router = Router(settings.host_rule(), settings.token, settings.limits.request)
        self._crowd = Crowd(settings.limits, self._report)
        intake.budget.make_way = self._crowd.free
        self._open: dict[asyncio.Task[None], Connection] = {}
        self._server: asyncio.Server | None = None

    async def start(self) -> list[str]:
        """Listen on the address and port of the settings.

        Returns:
            The addresses as URLs.

        Raises:
            OSError: the port is in use, or the address is not one of this machine's.
        """
        self._server = await asyncio.start_server(
            self._connected, self._settings.host, self._settings.http, limit=BUFFER
        )
        names = [listening.getsockname()[:2] for listening in self._server.sockets]
        return [f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}" for host, port in names]

    async def stop(self) -> None:
        """Accept no more connections, close idle ones, and wait up to `grace` seconds for the others."""
        if self._server is None:
            return
        self._server.close()
        for task, connection in self._open.items():
            if not connection.busy:
                task.cancel()
        tasks = list(self._open)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._settings.limits.grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        connection = Connection(
            reader, writer, self._intake, self._router, self._settings.limits, self._crowd
        )
        if task is None:
            return
        self._open[task] = connection
        try:
            if self._crowd.enter(connection) or await self._crowd.wait(connection):
                await connection.run()
                await connection.close()
        except (ConnectionError, ConnectionClosed, asyncio.CancelledError):
            pass  # the sender got no response, and so will send again
        finally:
            self._open.pop(task, None)
            self._crowd.leave(connection)
            writer.transport.abort()  # what the client did not read in time is not kept for it

    def _report(self, what: str, limit: str) -> None:
        self._intake.counts[what] += 1
        how = (
            "an idle or slow sender gave way to another"
            if what == GAVE_WAY
            else "a new sender was turned away"
        )
        self._intake.notices.notify(what, f"the limit of {limit} is reached: {how}")
