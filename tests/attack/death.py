"""Kill a process during its first load of a folder: the next load returns the right rows."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import obskit as ok
from obskit.testing import samples
from tests.attack.cases import Case, Fault
from tests.attack.worker import ROOT

ROWS = 20_000
# Forks a process per line of its input, so that none of them spends a second on imports before it loads.
_FORKS = """
import os, signal, sys
from obskit.events import load
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
for line in sys.stdin:
    events, cache = line.rstrip().split("\\t")
    child = os.fork()
    if child == 0:
        os.environ["OBSKIT_CACHE"] = cache
        load(events)
        os._exit(0)
    print(child, flush=True)
"""
_FORMATS = ("OTLP JSON", "Jaeger", "Parquet", "access log", "CSV", "OTLP protobuf")


class Part:
    """Makes the inputs of this part; `prepare` returns what tries one, in a worker."""

    name = "death"
    worker = True

    def case(self, rng: random.Random, seed: int, number: int) -> Case:
        # The first one waits for the end, which says how long a load takes here.
        share = 2.0 if number == 0 else round(rng.random() * 1.05, 3)
        return Case("death", seed, number, b"", {"share": share, "kills": rng.choice([1, 1, 1, 2, 3])})

    @staticmethod
    def prepare(folder: Path) -> Callable[[Case], list[Fault]]:
        return Dying(folder).attempt


class Dying:
    """Kills loads of one folder, each with an empty cache at first."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._events, self._tried = folder, folder / "events", 0
        self._events.mkdir()
        for number in range(4):
            lines = "".join(
                f'{{"timestamp":"2026-05-04T10:{n % 3600 // 60:02d}:{n % 60:02d}Z","name":"row","n":{n}}}\n'
                for n in range(number * ROWS // 4, (number + 1) * ROWS // 4)
            )
            (self._events / f"rows-{number}.jsonl").write_text(lines)
        for name in _FORMATS:
            (self._events / name).write_bytes(samples()[name])
        self._forks = subprocess.Popen(
            [sys.executable, "-c", _FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        self._whole = self._rows(folder / "cache")
        self._seconds = self._time()

    def _rows(self, cache: Path) -> int:
        os.environ["OBSKIT_CACHE"] = str(cache)
        return ok.load(self._events).dataset.rows

    def _time(self) -> float:
        """Return the seconds of a whole first load in a process that has imported obskit."""
        cache = self._folder / "timed"
        taken = self._kill(cache, 60)
        shutil.rmtree(cache)
        return taken

    def attempt(self, case: Case) -> list[Fault]:
        self._tried += 1
        cache = self._folder / f"cache {self._tried}"
        try:
            for _ in range(case.details["kills"]):
                self._kill(cache, self._seconds * case.details["share"])
            return self._next(cache)
        finally:
            shutil.rmtree(cache, ignore_errors=True)

    def _kill(self, cache: Path, seconds: float) -> float:
        """Load in another process, and kill it after so many seconds; return how long it ran."""
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        self._forks.stdin.write(f"{self._events}\t{cache}\n")
        self._forks.stdin.flush()
        child, begun = int(self._forks.stdout.readline()), time.monotonic()
        while _runs(child) and time.monotonic() - begun < seconds:
            time.sleep(0.001)
        while _runs(child):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            time.sleep(0.001)
        return time.monotonic() - begun

    def _next(self, cache: Path) -> list[Fault]:
        try:
            os.environ["OBSKIT_CACHE"] = str(cache)
            events = ok.load(self._events)
            table = events.dataset.arrow()
        except Exception as error:
            return [Fault.of(error)]
        faults = []
        numbers = [number for number in table["n"].to_pylist() if number is not None]
        if sorted(numbers) != list(range(ROWS)) or table.num_rows != self._whole:
            faults.append(Fault("other rows after a kill", "", f"{table.num_rows} of {self._whole} rows"))
        if len(_datasets(cache)) != 1:
            faults.append(
                Fault("remains after a kill", "", f"{sorted(path.name for path in cache.rglob('*'))}"[:200])
            )
        return faults


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _datasets(cache: Path) -> list[Path]:
    """Return the finished datasets in a cache; what a kill left over is hidden, and removed a day later."""
    return sorted({path.parent for path in cache.rglob("*.parquet") if not path.parent.name.startswith(".")})
