"""Run a gate: listen, judge in the background, and stop at a signal."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
from collections import Counter
from collections.abc import Callable

from obskit.errors import InvalidArgument
from obskit.events import Events
from obskit.gate.connection import Connection
from obskit.gate.looks import Looks
from obskit.gate.question import parse_question
from obskit.gate.reply import ADVANCE, Reply, first_step, reply, reply_to_error
from obskit.gate.settings import Settings
from obskit.judge import JudgeArguments
from obskit.receive.crowd import Crowd
from obskit.text import pluralize

Say = Callable[[str], None]


def run(settings: Settings, opener: Callable[[], Events], base: JudgeArguments, say: Say) -> str:
    """Serve verdicts until SIGTERM or SIGINT.

    Args:
        settings: where to listen, and how often to judge.
        opener: loads the events for the first time; after that they are refreshed.
        base: the arguments of `judge`, of which requests replace the service, environment and versions.
        say: prints a line for a person.

    Returns:
        How many requests were answered, for a person.

    Raises:
        InvalidArgument: the port is in use, or the address is not one of this machine's.
        NoSuchPath: the files do not exist at the start.
    """
    return asyncio.run(serve(settings, opener, base, say))


async def serve(
    settings: Settings,
    opener: Callable[[], Events],
    base: JudgeArguments,
    say: Say,
    stop: asyncio.Event | None = None,
) -> str:
    """Do what `run` does, until `stop` is set."""
    stop = stop or _stopped_by_signals()
    looks = Looks(opener, base, settings, say)
    gate = _Gate(settings, looks, base)
    for address in await gate.start():
        say(f"verdicts on {address}/judge, /flagger/advance and /flagger/rollback")
    say("press Ctrl-C to stop")
    work = asyncio.create_task(looks.run())
    waiting = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([work, waiting], return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            await work  # it only ends by an internal error
    finally:
        waiting.cancel()
        work.cancel()
        await gate.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await work
    return f"answered {pluralize(gate.counts.total(), 'request')}"


class _Gate:
    """The server: accepts connections within the limits, and answers requests from the last look."""

    def __init__(self, settings: Settings, looks: Looks, base: JudgeArguments) -> None:
        self._settings = settings
        self._looks = looks
        self._base = base
        self._crowd = Crowd(settings.limits, lambda _what, _limit: None)
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.counts: Counter[str] = Counter()

    async def start(self) -> list[str]:
        """Listen, and return the addresses as URLs."""
        host, port = self._settings.address.host, self._settings.address.port
        try:
            self._server = await asyncio.start_server(self._connected, host, port)
        except OSError as error:
            known = {errno.EADDRINUSE: "it is already in use", errno.EACCES: "permission denied"}
            why = known.get(error.errno or 0, error.strerror or str(error))
            raise InvalidArgument(
                f"cannot listen on {host} port {port}: {why}",
                hint="choose another port: --serve 127.0.0.1:8912",
            ) from error
        names = [listening.getsockname()[:2] for listening in self._server.sockets]
        return [f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}" for host, port in names]

    async def stop(self) -> None:
        """Accept no more connections, and end the open ones: a controller asks again."""
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def answer(self, path: str, query: str) -> Reply:
        """Return the response to a request."""
        self.counts[path] += 1
        try:
            question, may_step = parse_question(query, self._base, steps=path == ADVANCE)
            asked = await self._looks.last(question)
        except InvalidArgument as error:
            return reply_to_error(path, error)
        found = reply(path, question, asked, self._settings, self._looks.clock())
        return first_step(found, asked) if may_step else found

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        connection = Connection(reader, writer, self._settings, self.answer)
        self._open.add(task)
        try:
            if self._crowd.enter(connection) or await self._crowd.wait(connection):
                await connection.run()
                await connection.close()
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client asks again
        finally:
            self._open.discard(task)
            self._crowd.leave(connection)
            writer.transport.abort()


def _stopped_by_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
