"""Start the processes of the services, and stop every one of them again."""

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
_LOG_LINES = 8  # shown of a service that failed
# The service has the module path of this process, so it never imports from the current folder by accident.
_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
_BOOT += "from obskit.demo.live.service_process import main; main()"


@dataclass
class ServiceProcess:
    """The process of one service: it has a port, and waits until `serve` is called."""

    name: str
    process: subprocess.Popen[bytes]
    log: IO[bytes]
    url: str = field(default="", init=False)

    def serve(self, **upstream: str) -> None:
        """Let the service start to serve; it calls the services at these base URLs."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the process has ended; `check` reports why
            self.process.stdin.write(json.dumps(upstream).encode() + b"\n")
            self.process.stdin.flush()

    def check(self) -> None:
        """Check that the process is running.

        Raises:
            ObskitError: it has ended; the message contains the last lines of its log.
        """
        if (status := self.process.poll()) is not None:
            raise self._failure(f"exited with status {status}")

    def _failure(self, how: str) -> ObskitError:
        # pread, because the process shares the position of the file.
        log = os.pread(self.log.fileno(), os.fstat(self.log.fileno()).st_size, 0)
        said = log.decode("utf-8", "replace").strip().splitlines()[-_LOG_LINES:]
        return ObskitError(
            "\n".join([f"the service {self.name} {how}", *said]), hint="run obskit demo --live again"
        )

    def wait_for_port(self, until: float) -> None:
        """Wait until the service has printed its port.

        Args:
            until: deadline, on the clock of `time.monotonic`.

        Raises:
            ObskitError: the deadline passed, or the process ended.
        """
        pipe = self.process.stdout
        assert pipe is not None
        ready, _, _ = select.select([pipe], [], [], max(0.0, until - time.monotonic()))
        line = pipe.readline() if ready else b""
        if not line:
            if ready:
                self.process.wait(_STOP_SECONDS)
            self.check()
            raise self._failure(f"did not start within {_START_SECONDS:.0f} s")
        self.url = f"http://127.0.0.1:{json.loads(line)['port']}"


class Supervisor:
    """A context manager that stops every process started inside it.

    Args:
        folder: where the services write their events.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[ServiceProcess] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all, callers before the services that they call; kill those that do not stop."""
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

    def start(self, service: str, version: str, track: str | None = None) -> ServiceProcess:
        """Start a service; it does not serve yet."""
        role = {"service": service, "version": version, "track": track, "folder": str(self._folder)}
        where = json.dumps([os.path.abspath(entry) for entry in sys.path])
        log = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        process = subprocess.Popen(  # noqa: S603 (our own program and arguments)
            [sys.executable, "-P", "-c", _BOOT, json.dumps(role), where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment(),
            # Ctrl-C must only reach the parent, which then stops the services.
            start_new_session=True,
        )
        started = ServiceProcess(f"{service} {version}", process, log)
        self._started.append(started)
        return started

    def wait_for_ports(self) -> None:
        """Wait until every service has printed its port.

        Raises:
            ObskitError: one of them did not start in time.
        """
        until = time.monotonic() + _START_SECONDS
        for service in self._started:
            service.wait_for_port(until)

    def running(self) -> bool:
        """Return whether all services are still running."""
        return all(service.process.poll() is None for service in self._started)

    def check(self) -> None:
        """Check that all services are running.

        Raises:
            ObskitError: one of them has ended.
        """
        for service in self._started:
            service.check()


def _environment() -> dict[str, Any]:
    """Return our environment without variables that send events to a real backend or turn them off."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "OBSKIT_"))}
    return {**ours, "OTEL_SEMCONV_STABILITY_OPT_IN": "http"}
