"""A configured service in this process."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from obskit.instrument import Handle, configure
from obskit.instrument.configuration import isolated_configuration
from tests.support.instrument_process import PASSWORD, read


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Callable[..., Handle]]:
    """`service(**options)` configures this process as the service "booking" with files in tmp_path/events."""

    def make(**options: Any) -> Handle:
        return configure(options.pop("service", "booking"), **{"sink": tmp_path / "events", **options})

    with isolated_configuration():
        yield make


@pytest.fixture
def rows(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """`rows()` returns the rows that are on disk now, in no order across files."""
    return lambda: read(tmp_path / "events")


@pytest.fixture(autouse=True, scope="session")
def _todays_names() -> Iterator[None]:
    """Set before any test, because the instrumentations read it once per process."""
    patch = pytest.MonkeyPatch()
    patch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")
    yield
    patch.undo()


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real redis-server on loopback that requires PASSWORD."""
    if not shutil.which("redis-server"):
        pytest.skip("needs redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    words = f"--port {port} --bind 127.0.0.1 --appendonly no --requirepass {PASSWORD} --save".split()
    server = subprocess.Popen(
        ["redis-server", *words, ""],
        cwd=tmp_path_factory.mktemp("redis"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert server.poll() is None, "redis-server ended at once"
                assert time.monotonic() < deadline, "redis-server does not listen"
                time.sleep(0.02)
        yield port
    finally:
        server.terminate()
        server.wait(20)
