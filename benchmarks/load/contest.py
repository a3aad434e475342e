"""Describe a format and its contestants, and time them.

The contestants take turns reading the same file into Arrow columns, so that a slow moment of the machine affects
all. The least CPU time of several rounds counts. Garbage is collected between runs and never during one, which
only helps contestants that create Python objects.
"""

from __future__ import annotations

import gc
import importlib.util
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from obskit.readers import read_batches
from obskit.schema import LoadReport, Normalizer

SPANS = 10_000
ATTRIBUTES = 30

Contestant = Callable[[Path], int]
"""Reads a file into Arrow and returns how many rows it had."""


@dataclass(frozen=True)
class Format:
    """A format and the contestants that read it.

    Attributes:
        name: value for `--only`.
        make: writes the file and returns its path; spans have `ATTRIBUTES` attributes.
        others: name -> contestant; skipped if the package that the name begins with is not installed.
        against: obskit is compared with the fastest of these.
        least: target for obskit's rate divided by the rate of that contestant.
        rows: number of rows in the file.
        ours: name -> contestant, for obskit.
    """

    name: str
    make: Callable[[Path], Path]
    others: Mapping[str, Contestant]
    against: Sequence[str]
    least: float
    rows: int = SPANS
    ours: Mapping[str, Contestant] = field(
        default_factory=lambda: {"obskit": obskit, "obskit, as events": events}
    )


def obskit(path: Path) -> int:
    """Read with obskit's reader."""
    return sum(batch.num_rows for batch in read_batches(path, LoadReport()))


def events(path: Path) -> int:
    """Read with obskit, and normalize names, types, errors and weights."""
    report = LoadReport()
    normalizer = Normalizer(report)
    return sum(normalizer.batch(batch).num_rows for batch in read_batches(path, report))


def rates(format: Format, path: Path, rounds: int) -> dict[str, float]:
    """Return the rows per CPU-second of every contestant that is installed, fastest first."""
    able = {name: run for name, run in format.others.items() if _installed(name)}
    least: dict[str, float] = {}
    for number in range(rounds + 1):
        # The turn after another contestant's may be slow: its memory is not in the caches. So turns rotate.
        turns = [*format.ours.items(), *able.items()]
        for name, run in turns[number % len(turns) :] + turns[: number % len(turns)]:
            gc.collect()
            gc.disable()
            start = time.process_time()
            try:
                rows = run(path)
            finally:
                took = time.process_time() - start
                gc.enable()
            if rows != format.rows:
                raise SystemExit(f"{format.name}: {name} read {rows:,} rows of {format.rows:,}")
            if number:  # the first round warms up
                least[name] = min(took, least.get(name, took))
    return dict(
        sorted(((name, format.rows / took) for name, took in least.items()), key=lambda item: -item[1])
    )


def _installed(name: str) -> bool:
    package = name.split(",")[0].split()[0].split(".")[0]
    return importlib.util.find_spec({"upb": "google.protobuf"}.get(package, package)) is not None


def verdict(format: Format, found: Mapping[str, float]) -> str:
    """Return a sentence that compares obskit's rate with the target."""
    if not format.against:
        return f"{format.name}: {found['obskit']:,.0f} per CPU-second; no other contestant reads it"
    rivals = {name: found[name] for name in format.against if name in found}
    if not rivals:
        return f"{format.name}: none of {', '.join(format.against)} is installed"
    rival = max(rivals, key=lambda name: rivals[name])
    ratio = found["obskit"] / rivals[rival]
    word = "reached" if ratio >= format.least else "NOT reached"
    return f"{format.name}: {ratio:.2f} x {rival}, must reach {format.least:g} x: {word}"
