"""A server of the tests, on the loopback interface, with folders of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


class LocalServer:
    """A server that can be started, waited for, stopped, and started again at the same address.

    A subclass sets `command` before it calls `start`, and `health` to the path that answers once it is ready.

    Args:
        base: a folder of the server's own.
        folders: names of environment variables, and the folders in `base` that they name, so that no file of
            the user is read or written.

    Attributes:
        base: that folder.
        port: a free port.
        url: the address on the loopback interface.
        command: the command that starts it.
        process: the process that runs.
    """

    health = "/"
    command: list[str]

    def __init__(self, base: Path, folders: Mapping[str, str]) -> None:
        self.base = base
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = base / "log"
        self._environment = {**os.environ, **{name: str(base / folder) for name, folder in folders.items()}}
        paths = filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
        self._environment["PYTHONPATH"] = os.pathsep.join(paths)

    def start(self) -> None:
        """Start the server, also again after `stop`: at the same address, with the same files."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self._environment,
                cwd=self.base,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, seconds: float = 45) -> None:
        """Return when the server answers."""
        name = type(self).__name__
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"{name} ended by itself:\n{self.log.read_text()[-3000:]}")
            try:
                with urllib.request.urlopen(f"{self.url}{self.health}", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise TimeoutError(f"{name} did not answer in {seconds:g} s:\n{self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        """End the server; it ends its kernels. What is left of its own group after that is killed."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(8)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)
