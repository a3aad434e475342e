"""A Spark standalone cluster on loopback: a master, two workers and a Connect server, from pip's pyspark.

`.venv-spark` has pyspark; the environment of the tests has the thin client only, for both are called `pyspark`.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What pip's launcher passes to Java 17 and newer.
_OPENED = (
    "java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.util java.util.concurrent"
)
_OPENED += " java.util.concurrent.atomic sun.nio.ch sun.nio.cs sun.security.action sun.util.calendar"


def spark_home() -> Path | None:
    """Return the folder of pip's pyspark in `.venv-spark` (or `OBSKIT_SPARK_VENV`); None if it is not there."""
    folder = Path(os.environ.get("OBSKIT_SPARK_VENV") or ROOT / ".venv-spark")
    found = sorted(folder.glob("lib/python3*/site-packages/pyspark/jars"))
    return found[0].parent if found else None


def missing() -> str | None:
    """Return what a cluster needs and is not here; None if everything is."""
    if os.environ.get("OBSKIT_SPARK"):
        return None  # the address of a cluster that runs already
    if shutil.which("java") is None:
        return "needs Java 17 (apt-get install openjdk-17-jre-headless)"
    return None if spark_home() is not None else "needs pyspark in .venv-spark (make test-engines)"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class SparkCluster:
    """A running cluster; `close` ends every process that it started.

    Attributes:
        folder: for logs and for the work of the executors.
        memory: of each executor and of the Connect server.
        url: the address for `ok.connect`.
        workers: the processes of the workers.
    """

    folder: Path
    memory: str = "1g"
    url: str = ""
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _others: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> SparkCluster:
        master = self._launch(
            "master",
            "org.apache.spark.deploy.master.Master",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--webui-port",
            "0",
        )
        self._others.append(master)
        self._master = self._wait("master", r"Starting Spark master at (spark://127\.0\.0\.1:\d+)")
        for _ in range(2):
            self.add_worker()
        port = free_port()
        settings = {
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.connect.grpc.binding.port": str(port),
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.executor.memory": self.memory,
            "spark.executor.cores": "1",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.warehouse.dir": str(self.folder / "warehouse"),
        }  # fmt: skip
        given = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
        self._others.append(
            self._launch(
                "connect", "org.apache.spark.deploy.SparkSubmit", "--master", self._master, *given,
                "--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal",
            )
        )  # fmt: skip
        self._wait("connect", r"Spark Connect server started at")
        self.url = f"sc://127.0.0.1:{port}"
        return self

    def add_worker(self) -> None:
        """Start a worker with one core."""
        name = f"worker{len(self.workers)}"
        self.workers.append(
            self._launch(
                name, "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--webui-port", "0",
                "--cores", "1", "--memory", self.memory, "--work-dir", str(self.folder / name), self._master,
            )
        )  # fmt: skip
        self._wait(name, r"Successfully registered with master")

    def kill_worker(self) -> None:
        """Kill one worker and its executor at once, as a machine that loses power."""
        worker = self.workers.pop(0)
        # The executor is a child of the worker, in the worker's process group.
        os.killpg(worker.pid, 9)
        worker.wait()

    def close(self) -> None:
        for process in [*self.workers, *reversed(self._others)]:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()
        self.workers, self._others = [], []

    def _launch(self, name: str, main: str, *arguments: str) -> subprocess.Popen[bytes]:
        home = spark_home()
        assert home is not None
        self.folder.mkdir(parents=True, exist_ok=True)
        opened = [
            part
            for package in _OPENED.split()
            for part in ("--add-opens", f"java.base/{package}=ALL-UNNAMED")
        ]
        command = [
            "java",
            "-Xmx" + self.memory,
            *opened,
            "-Dio.netty.tryReflectionSetAccessible=true",
            "-cp",
            f"{home}/jars/*",
            main,
            *arguments,
        ]
        environment = {
            **os.environ,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_SCALA_VERSION": "2.13",
        }
        environment["SPARK_LOCAL_DIRS"] = str(self.folder / "local")
        with self._log(name).open("wb") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                cwd=self.folder, env=environment, start_new_session=True,
            )  # fmt: skip

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _wait(self, name: str, pattern: str, seconds: float = 180) -> str:
        end = time.monotonic() + seconds
        process = ([*self._others, *self.workers] or [None])[-1]
        while time.monotonic() < end and (process is None or process.poll() is None):
            text = self._log(name).read_text(errors="replace")
            if found := re.search(pattern, text):
                return found[1] if found.groups() else found[0]
            time.sleep(0.1)
        raise RuntimeError(f"{name} did not start: {text[-2000:]}")
