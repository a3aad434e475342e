"""Run a receiver: start the servers, wait for a signal, stop, and summarise."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
from collections.abc import Callable, Iterator

from obskit.distribution import install_command
from obskit.errors import InvalidArgument
from obskit.receive.crowd import GAVE_WAY, TURNED_AWAY
from obskit.receive.intake import Intake
from obskit.receive.memory import return_freed_memory
from obskit.receive.notices import Notices
from obskit.receive.packer import Packer
from obskit.receive.rpc import AVAILABLE, Rpc
from obskit.receive.segments import Segments
from obskit.receive.settings import Settings
from obskit.receive.web import Web
from obskit.text import pluralize

Say = Callable[[str], None]


def run(settings: Settings, say: Say) -> str:
    """Receive until SIGTERM or SIGINT, finish the requests in progress, and return a summary.

    Args:
        settings: where to listen and write.
        say: prints a line for a person.
    Returns:
        What was received and refused, for a person.

    Raises:
        InvalidArgument: the folder or a port is in use.
        MissingDependency: gRPC was requested and its extra is not installed.
    """
    return_freed_memory()
    return asyncio.run(receive(settings, say))


async def receive(settings: Settings, say: Say, stop: asyncio.Event | None = None) -> str:
    """Do what `run` does, until `stop` is set."""
    stop = stop or _stopped_by_signals()
    notices = Notices(say)
    with Segments(settings.into, settings.limits) as segments:
        intake = Intake(segments, settings.limits, notices)
        packing = Packer(segments, settings.limits, notices)
        servers: list[Web | Rpc] = []
        try:
            await _listen(settings, intake, servers, say)
            say(f"writing to {settings.into}; press Ctrl-C to stop")
            if segments.repaired_bytes:
                torn = pluralize(segments.repaired_bytes, "byte")
                say(f"moved {torn} aside: incomplete data from a receiver that was killed")
            work = asyncio.create_task(packing.run())
            waiting = asyncio.create_task(stop.wait())
            await asyncio.wait([work, waiting], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if work.done():
                await work  # it only ends by an internal error
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
        with _explain_port_error(settings.http, "--http"):
            for address in await web.start():
                say(f"OTLP/HTTP on {address} (protobuf, JSON)")
    if settings.grpc is None:
        return
    if not AVAILABLE and not settings.grpc_required and settings.http is not None:
        say(f"OTLP/gRPC is off: {install_command('receive-grpc')}")
        return
    calls = Rpc(intake, settings)
    servers.append(calls)
    with _explain_port_error(settings.grpc, "--grpc"):
        say(f"OTLP/gRPC on {await calls.start()}")


@contextlib.contextmanager
def _explain_port_error(port: int, option: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        known = {errno.EADDRINUSE: "it is already in use", errno.EACCES: "permission denied"}
        why = known.get(error.errno or 0, error.strerror or str(error))
        raise InvalidArgument(
            f"cannot listen on port {port}: {why}", hint=f"choose another port: {option} {port + 10}"
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
        parts.append(f"{pluralize(counts['rejected'], 'malformed record')} rejected")
    if counts["data points"]:
        parts.append(f"{pluralize(counts['data points'], 'metric data point')} refused")
    if counts["refused"]:
        kinds = sorted(key for key in counts if key.startswith("refused "))
        told = ", ".join(f"{counts[kind]:,} with {kind.split()[1]}" for kind in kinds)
        parts.append(f"refused requests: {told}")
    for what, who in ((GAVE_WAY, "idle or slow sender"), (TURNED_AWAY, "new sender")):
        if counts[what]:
            parts.append(f"{pluralize(counts[what], who)} {what}")
    return f"received {'; '.join(parts)}\nnext: obskit triage {settings.into}"
