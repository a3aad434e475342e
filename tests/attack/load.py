"""Mutated files of every format next to a good one: `load` returns every good row, or raises an ObskitError."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

import obskit as ok
from tests.attack.byte_mutations import mutate, pack
from tests.attack.cases import Case, Fault
from tests.attack.fixtures import fixtures

GOOD = "".join(
    f'{{"timestamp":"2026-05-04T10:00:0{n}Z","name":"good {n}","duration_ms":{n}.5,"kind":"server"}}\n'
    for n in range(5)
)
WANTED = {(f"good {n}", f"2026-05-04 10:00:0{n}+00:00", n + 0.5) for n in range(5)}
SUFFIXES = (
    *(
        ".json",
        ".jsonl",
        ".log",
        ".csv",
        ".tsv",
        ".txt",
        ".parquet",
        ".arrow",
        ".pb",
        ".otlp",
        ".gz",
        ".json.gz",
    ),
    *(".zst", ".bz2", ".curl", ".bin", ".JSON", "", ".", ".tmp", ".exe", "~"),
)
NAMES = (
    *(
        "a\nb",
        "a b",
        "-rf",
        "[a]*?.json",
        "é",
        "a\udcff",
        "x" * 240,
        "day=1",
        "data.parquet",
        "meta.json",
        ".hidden",
    ),
    *(
        "traces-20260504T10Z-0001.otlp",
        "logs-20260504T10Z-0001.jsonl",
        "inner/obskit.json",
        "%41",
        "a.jsonl.gz.gz",
        "\x1b[31m",
    ),
)
PLACES = (
    "self link",
    "dangling link",
    "link to the folder",
    "pipe",
    "socket",
    "folder",
    "empty",
    "unreadable",
)


class Part:
    """Makes the inputs of this part; `prepare` returns what tries one, in a worker."""

    name = "load"
    worker = True
    together = 8

    def case(self, rng: random.Random, seed: int, number: int) -> Case:
        found = fixtures()
        # In turn, so that a short attack reaches every format.
        name = list(found)[number % len(found)] if rng.random() < 0.8 else rng.choice(list(found))
        fixture = found[name]
        others = [other.data for other in found.values()]
        data, steps = mutate(rng, fixture.data, others, fixture.structure)
        if rng.random() < 0.12:
            data, packed = pack(rng, data)
            steps.append(packed)
        path, place = fixture.name, ""
        if not fixture.beside and rng.random() < 0.25:
            path = rng.choice(
                [*NAMES, *("file" + suffix for suffix in SUFFIXES), *("file" + suffix for suffix in SUFFIXES)]
            )
        if not fixture.beside and rng.random() < 0.02:
            place = rng.choice(PLACES)
        if "/" not in path:
            path = rng.choice(["", "", "z", "folder/"]) + path
        return Case(
            "load", seed, number, data, {"fixture": name, "file": path, "steps": steps, "place": place}
        )

    @staticmethod
    def prepare(folder: Path) -> Callable[[Case], list[Fault]]:
        return Loading(folder)


class Loading:
    """Loads one folder per case, or one folder of several cases."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._tried = folder, 0
        self(Case("load", 0, 0, b"{}", {"fixture": "flat JSONL", "file": "a.jsonl", "place": ""}))

    def __call__(self, case: Case) -> list[Fault]:
        """Load a folder with the file of one case."""
        with self._new_folder() as root:
            _write(case, root)
            return _load(root, thoroughly=case.number % 16 == 0)

    def together(self, cases: list[Case]) -> bool:
        """Load one folder with the files of all cases, much faster; return whether nothing went wrong."""
        with self._new_folder() as root:
            for number, case in enumerate(cases):
                _write(case, root / str(number))
            return not _load(root, thoroughly=cases[0].number % 64 == 0, limits=True)

    @contextlib.contextmanager
    def _new_folder(self) -> Iterator[Path]:
        self._tried += 1
        if self._tried % 4 == 0:  # looking for what to evict from a full cache takes longer than the load
            shutil.rmtree(self._folder / "cache", ignore_errors=True)
        root = self._folder / f"events {self._tried}"
        root.mkdir()
        try:
            (root / "n-good.jsonl").write_text(GOOD)
            yield root
        finally:
            shutil.rmtree(root, ignore_errors=True)


def _write(case: Case, root: Path) -> None:
    for name, data in fixtures()[case.details["fixture"]].beside.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    path, place = root / case.details["file"], case.details["place"]
    path.parent.mkdir(parents=True, exist_ok=True)
    if place == "self link":
        path.symlink_to(path.name)
    elif place == "dangling link":
        path.symlink_to("nowhere")
    elif place == "link to the folder":
        path.symlink_to(".")
    elif place == "pipe":
        os.mkfifo(path)
    elif place == "socket":
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(os.path.relpath(path)) if len(os.path.relpath(path)) < 100 else path.write_bytes(b"")
    elif place == "folder":
        path.mkdir()
        (path / "inner").write_bytes(case.payload)
    else:
        path.write_bytes(b"" if place == "empty" else case.payload)
        if place == "unreadable":
            path.chmod(0)


def _load(root: Path, *, thoroughly: bool, limits: bool = False) -> list[Fault]:
    """Return what is wrong; with `limits`, a limit that is exceeded too."""
    try:
        events = ok.load(root)
    except ok.LimitExceeded as error:
        return (
            [Fault.of(error)] if limits else []
        )  # too many distinct names: the one fault of a file that ends the load, as its docs say
    except ok.ObskitError as error:
        return [Fault.of(error, "the load is refused")]
    except Exception as error:
        return [Fault.of(error)]
    try:
        table = _table(events, through_engine=thoroughly)
        table.validate(full=True)
        str(events.load_report)
    except Exception as error:
        return [Fault.of(error, "what was loaded cannot be read")]
    names, times, durations = (table[name].to_pylist() for name in ("name", "timestamp", "duration_ms"))
    found = [
        (name, str(time), duration)
        for name, time, duration in zip(names, times, durations, strict=True)
        if name is not None and name.startswith("good ")
    ]
    faults = []
    if WANTED - set(found):
        why = "; ".join(sorted(events.load_report.rejected_by_reason))
        faults.append(Fault("rows of the good file are missing", "", f"{len(found)} of {len(WANTED)}: {why}"))
    if len(found) > len(WANTED):
        faults.append(Fault("rows of the good file are repeated", "", f"{len(found)} of {len(WANTED)}"))
    if table.num_rows != events.dataset.rows:
        faults.append(
            Fault("rows are lost", "", f"{table.num_rows} of {events.dataset.rows} are in the table")
        )
    return faults


def _table(events: ok.Events, *, through_engine: bool) -> pa.Table:
    """Return all rows: from the Parquet files, or ten times as slowly as a user gets them."""
    if through_engine:
        repr(events)
        if events.dataset.rows < 20_000:
            return events.to_arrow()
    return events.dataset.arrow()
