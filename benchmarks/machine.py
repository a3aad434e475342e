"""Time functions fairly, format the results, and describe the machine."""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line of the table: the work, and how long obskit and the alternative took."""

    work: str
    size: str
    seconds: float
    alternative: str = ""
    other_seconds: float | None = None
    target: str = ""

    def cells(self) -> list[str]:
        """Return the cells of the line; the ratio is the alternative's time divided by obskit's."""
        other = "" if self.other_seconds is None else f"{self.other_seconds:.3g} s"
        ratio = "" if self.other_seconds is None else f"{self.other_seconds / self.seconds:.2f}x"
        return [self.work, self.size, f"{self.seconds:.3g} s", self.alternative, other, ratio, self.target]


HEADER = ["work", "size", "obskit", "alternative", "its time", "ratio", "must reach"]


def best(function: Callable[[], Any], repeat: int = 3) -> float:
    """Return the shortest wall time of several runs in seconds, because noise only adds time."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def interleaved(functions: Sequence[Callable[[], Any]], repeat: int = 3) -> list[float]:
    """Return the shortest time of each; they take turns, so that a slow moment of the machine affects all."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(repeat):
        for at, function in enumerate(functions):
            times[at].append(best(function, 1))
    return [min(each) for each in times]


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [HEADER, ["---"] * len(HEADER), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def about() -> str:
    """Describe the machine and the versions, without host or user names."""
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in _lines(Path("/proc/cpuinfo"))
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("pyarrow", "duckdb", "polars", "numpy", "pandas")
    )
    return f"{os.cpu_count()} cores ({cpu}), {memory:.0f} GiB, Python {platform.python_version()}, {packages}"


def peak() -> float:
    """Return this process's peak resident memory in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
