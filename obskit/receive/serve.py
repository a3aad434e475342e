"""A receiver from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
from collections.abc import Callable, Iterator

from obskit.distribution import install_command
from obskit.errors import InvalidArgument
from obskit.receive.intake import Intake
from obskit.receive.memory import give_back
from obskit.receive.notices import Notices
from obskit.receive.packer import Packing
from obskit.receive.rpc import AVAILABLE, Rpc
from obskit.receive.segments import Segments
from obskit.receive.settings import Settings
from obskit.receive.web import Web
from obskit.text import pluralize

Say = Callable[[str], None]


def run(settings: Settings, say: Say) -> str:
    """Receive until SIGTERM or SIGINT, finish what is in flight, and return a line that sums it up.

    Args:
        settings: where to listen and write.
        say: gets lines for a person.
    Raises:
        InvalidArgument: the folder or a port is taken.
        MissingDependency: gRPC was asked for and its extra is not installed.
    """
    give_back()
    return asyncio.run(receive(settings, say))


async def receive(settings: Settings, say: Say, stop: asyncio.Event | None = None) -> str:
    """Do what `run` does, until `stop` is set."""
    stop = stop or _stopped_by_signals()
    notices = Notices(say)
    with Segments(settings.into, settings.limits) as segments:
        intake = Intake(segments, settings.limits, notices)
        packing = Packing(segments, settings.limits, notices)
        servers: list[Web | Rpc] = []
        try:
            await _listen(settings, intake, servers, say)
            say(f"writing into {settings.into}; Ctrl-C ends it")
            if segments.healed:
                torn = pluralize(segments.healed, "byte aside that was", "bytes aside that were")
                say(f"put {torn} torn when the last receiver died")
            work = asyncio.create_task(packing.run())
            waiting = asyncio.create_task(stop.wait())
            await asyncio.wait([work, waiting], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if work.done():
                await work  # it never ends but by a fault of ours
        finally:
            intake.closing = True
            await asyncio.gather(*(server.stop() for server in servers))
            intake.close()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        return _summary(intake, settings)


async def _listen(settings: Settings, intake: Intake, servers: list[Web | Rpc], say: Say) -> None:
    if settings.http is not None:
        web = Web(intake, settings)
        servers.append(web)
        with _taken(settings.http, "--http"):
            for address in await web.start():
                say(f"OTLP/HTTP on {address} (protobuf, JSON)")
    if settings.grpc is None:
        return
    if not AVAILABLE and not settings.grpc_required and settings.http is not None:
        say(f"OTLP/gRPC is off: {install_command('receive-grpc')}")
        return
    calls = Rpc(intake, settings)
    servers.append(calls)
    with _taken(settings.grpc, "--grpc"):
        say(f"OTLP/gRPC on {await calls.start()}")


@contextlib.contextmanager
def _taken(port: int, option: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        known = {errno.EADDRINUSE: "it is taken", errno.EACCES: "it is not for you"}
        why = known.get(error.errno or 0, error.strerror or str(error))
        raise InvalidArgument(
            f"cannot listen on port {port}: {why}", hint=f"another one: {option} {port + 10}"
        ) from error


def _stopped_by_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _summary(intake: Intake, settings: Settings) -> str:
    counts = intake.counts
    kept = f"{pluralize(counts['traces'], 'span')} and {pluralize(counts['logs'], 'log record')}"
    parts = [f"{kept} in {pluralize(counts['requests'], 'request')}"]
    if counts["rejected"]:
        parts.append(f"{pluralize(counts['rejected'], 'malformed one')} rejected")
    if counts["data points"]:
        parts.append(f"{pluralize(counts['data points'], 'data point')} of metrics refused")
    if counts["refused"]:
        kinds = sorted(key for key in counts if key.startswith("refused "))
        told = ", ".join(f"{counts[kind]:,} with {kind.split()[1]}" for kind in kinds)
        parts.append(f"refused requests: {told}")
    return f"received {'; '.join(parts)}\nnext: obskit triage {settings.into}"
