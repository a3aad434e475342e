"""The services' processes, as whoever starts them sees them: each one started is ended."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from obskit.errors import ObskitError

_START_SECONDS, _STOP_SECONDS = 60.0, 8.0
_LINES = 8  # of what a service that failed said
# It looks for modules where this process does, and not in the current folder because it happens to be that.
_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
_BOOT += "from obskit.demo.live.process import main; main()"


@dataclass
class Service:
    """A process that has a port and waits, or serves."""

    name: str
    process: subprocess.Popen[bytes]
    log: IO[bytes]
    url: str = field(default="", init=False)

    def serve(self, **upstream: str) -> None:
        """Let it serve; it calls the services at these base URLs."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it is gone, which `check` tells with the reason
            self.process.stdin.write(json.dumps(upstream).encode() + b"\n")
            self.process.stdin.flush()

    def check(self) -> None:
        """Make sure that it is there.

        Raises:
            ObskitError: it ended by itself; with the last it said.
        """
        if (status := self.process.poll()) is not None:
            raise self._gone(f"ended by itself with status {status}")

    def _gone(self, how: str) -> ObskitError:
        # Not by the file's own position, which is the process's too.
        log = os.pread(self.log.fileno(), os.fstat(self.log.fileno()).st_size, 0)
        said = log.decode("utf-8", "replace").strip().splitlines()[-_LINES:]
        return ObskitError("\n".join([f"the service {self.name} {how}", *said]), hint="try again")

    def wait_for_port(self, until: float) -> None:
        """Wait for it to say its port.

        Raises:
            ObskitError: it did not until then (of `time.monotonic`), or ended.
        """
        pipe = self.process.stdout
        assert pipe is not None
        ready, _, _ = select.select([pipe], [], [], max(0.0, until - time.monotonic()))
        line = pipe.readline() if ready else b""
        if not line:
            if ready:
                self.process.wait(_STOP_SECONDS)
            self.check()
            raise self._gone("did not start in time")
        self.url = f"http://127.0.0.1:{json.loads(line)['port']}"


class Processes:
    """A context manager: what was started within it has ended after it.

    Args:
        folder: where the services write their events.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Service] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all: those who ask before those who answer, then whatever is left."""
        for service in reversed(self._started):
            service.process.terminate()
        until = time.monotonic() + _STOP_SECONDS
        for service in self._started:
            try:
                service.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                service.process.kill()
                service.process.wait()
            for file in (service.process.stdin, service.process.stdout, service.log):
                if file is not None:
                    file.close()

    def start(self, service: str, version: str, track: str | None = None) -> Service:
        """Start one, which does not serve yet."""
        role = {"service": service, "version": version, "track": track, "folder": str(self._folder)}
        where = json.dumps([os.path.abspath(entry) for entry in sys.path])
        log = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        process = subprocess.Popen(  # noqa: S603 (ourselves, with words of our own)
            [sys.executable, "-P", "-c", _BOOT, json.dumps(role), where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment(),
            # Ctrl-C is for who started it; that one ends the services.
            start_new_session=True,
        )
        started = Service(f"{service} {version}", process, log)
        self._started.append(started)
        return started

    def wait_for_ports(self) -> None:
        """Wait for all that were started to say their ports.

        Raises:
            ObskitError: one did not.
        """
        until = time.monotonic() + _START_SECONDS
        for service in self._started:
            service.wait_for_port(until)

    def running(self) -> bool:
        """Whether all that were started are still there."""
        return all(service.process.poll() is None for service in self._started)

    def check(self) -> None:
        """Make sure that all are there.

        Raises:
            ObskitError: one is not.
        """
        for service in self._started:
            service.check()


def _environment() -> dict[str, Any]:
    """Return our environment without what would send these events to a real backend, or switch them off."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "OBSKIT_"))}
    return {**ours, "OTEL_SEMCONV_STABILITY_OPT_IN": "http"}
