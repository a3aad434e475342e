"""Looks of one process, which counts only what is new, against verdicts of processes that start at each look.

The events of an hour are written as they arrive: one row in twenty up to three minutes late, traces with
requests in several files. Meanwhile files are compressed and renamed, and one is replaced.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit import load
from obskit.dataset import FileMemo
from obskit.events import Events
from obskit.judge import Verdict
from obskit.judge.file_masks import FileMasks
from tests.judge.rollouts import NEW, Columns, T, rollout
from tests.judge.test_invariance import customers, numbers, same

pytestmark = pytest.mark.once

Rng = np.random.Generator
LATE = timedelta(minutes=3)
STEPS = range(10, 71, 10)


@pytest.fixture(autouse=True)
def several_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("obskit.dataset.groups.SMALLEST", 1 << 16)
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pa.Table]:
    """Half an hour of one version and an hour of two, in order of arrival, with the column `arrived`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBSKIT_CACHE", str(tmp_path_factory.mktemp("cache")))

        def change(columns: Columns, rng: Rng) -> None:
            customers(columns, rng)
            n = len(columns["timestamp"])
            columns["trace_id"] = columns["trace_id"][np.maximum(np.arange(n) - rng.integers(0, 30, n), 0)]
            new = columns["service.version"] == NEW
            columns["error"] = columns["error"] | (new & (rng.random(n) < 0.01))

        table = rollout(rpm=120, share=0.3, change=change, after=10).to_arrow()
        rng = np.random.default_rng([20261130, 1])
        late = np.where(rng.random(table.num_rows) < 0.05, rng.random(table.num_rows), 0.0)
        times = table.column("timestamp").cast(pa.int64()).to_numpy()
        arrived = times + (late * LATE / timedelta(microseconds=1)).astype(np.int64)
        yield table.append_column("arrived", pa.array(arrived)).sort_by("arrived")


class Folder:
    """Writes the rows of each step into a file of its own, or all of them into one that grows."""

    def __init__(self, path: Path, rows: pa.Table, *, growing: bool = False) -> None:
        path.mkdir()
        self.path, self._growing = path, growing
        self._arrived = rows.column("arrived").to_numpy()
        self._rows = rows.drop_columns(["arrived"]).to_pylist()
        self._written = 0

    def write_until(self, minute: float) -> Path:
        end = int(np.searchsorted(self._arrived, (T + timedelta(minutes=minute)).timestamp() * 1e6))
        name = "events.jsonl" if self._growing else f"events-{minute:03.0f}.jsonl"
        with (self.path / name).open("a") as out:
            for row in self._rows[self._written : end]:
                out.write(json.dumps(row, default=lambda at: at.isoformat()) + "\n")
        self._written = end
        return self.path / name


def fresh(path: Path) -> Verdict:
    """Return the verdict of a process that starts now."""
    return load(path).judge(NEW, settle="1s")


def test_each_look_is_the_verdict_of_a_process_that_starts_then(rows: pa.Table, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "events", rows)
    folder.write_until(0)
    second = folder.write_until(5)
    events = load(folder.path)
    said = []
    for minute in STEPS:
        written = folder.write_until(minute)
        if minute == 30:  # rotated: the same rows in a file with another name, which comes later
            rotated = folder.path / "events-zzz.jsonl.gz"
            rotated.write_bytes(gzip.compress(second.read_bytes()))
            second.unlink()
        if minute == 50:  # replaced: no request of this file fails any more
            written.write_text(written.read_text().replace('"error": true', '"error": false'))
        events = events.refresh()
        watched = events.judge(NEW, settle="1s")
        said.append(watched.sentence)
        assert numbers(watched) == numbers(fresh(folder.path)), minute
        assert len(events.dataset.files) > 3
    assert len(set(said)) == len(STEPS), "each look is another one"
    at_once = load(load(folder.path).to_arrow()).judge(NEW, settle="1s")
    same(numbers(at_once), numbers(watched))


def test_a_file_that_grows_is_judged_as_a_process_that_starts_then_does(
    rows: pa.Table, tmp_path: Path
) -> None:
    folder = Folder(tmp_path / "events", rows, growing=True)
    folder.write_until(5)
    events = load(folder.path)
    for minute in STEPS:
        folder.write_until(minute)
        events = events.refresh()
        assert numbers(events.judge(NEW, settle="1s")) == numbers(fresh(folder.path)), minute
    assert len(events.dataset.files) > 3


def test_a_further_look_reads_only_new_files(
    rows: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path / "events", rows)
    for minute in (-20, -10, 0, 10, 20, 30):
        folder.write_until(minute)
    events = load(folder.path)
    asked: set[int] = set()
    make = FileMasks.__getitem__

    def recorded(self: FileMasks, file: int) -> object:
        asked.add(file)
        return make(self, file)

    monkeypatch.setattr(FileMasks, "__getitem__", recorded)
    events.judge(NEW, settle="1s", slices=())
    files = len(events.dataset.files)
    assert asked == set(range(files))
    folder.write_until(33)
    events = events.refresh()
    asked.clear()
    events.judge(NEW, settle="1s", slices=())
    added = len(events.dataset.files) - files
    # the new files, and the one that the last look ended in
    assert added >= 1
    assert asked <= set(range(files - 2, files + added))
    asked.clear()
    events.refresh().judge(NEW, settle="1s", slices=())
    assert not asked


def test_what_is_kept_is_bounded(rows: pa.Table, tmp_path: Path) -> None:
    """A memo that keeps next to nothing gives the same verdicts."""
    folder = Folder(tmp_path / "events", rows)
    events: Events | None = None
    for minute in (0, 20, 40):
        folder.write_until(minute)
        events = load(folder.path) if events is None else events.refresh()
        events.dataset.codes.share(FileMemo(limit=5_000))
        assert numbers(events.judge(NEW, settle="1s")) == numbers(fresh(folder.path)), minute
        assert events.dataset.codes.memo.kept_bytes < 5_000 + (1 << 22)


def customers_of(part: int, more_of_one: int) -> pa.Table:
    """Ten minutes of two versions. Nearly each customer has one request; "other" fails in the newer version."""
    rng, n = np.random.default_rng(part), 9_000
    newer, which = rng.random(n) < 0.3, rng.random(n)
    customer = np.array([f"u{part}-{at}" for at in range(n)], dtype=object)
    for at, name in enumerate(("good", "other", "zoo")):
        customer[(which >= 0.03 * at) & (which < 0.03 * (at + 1))] = name
    customer[np.flatnonzero(which > 0.5)[:more_of_one]] = "aaa"
    start = int(T.timestamp()) * 1_000_000 + part * 600_000_000
    return pa.table(
        {
            "timestamp": pa.array(
                start + np.sort(rng.integers(0, 600_000_000, n)), pa.timestamp("us", "UTC")
            ),
            "duration_ms": rng.lognormal(4, 0.5, n),
            "service.version": np.where(newer, "2.4.0", "2.3.7"),
            "service.name": ["booking"] * n,
            "name": ["GET /"] * n,
            "kind": ["server"] * n,
            "error": (rng.random(n) < 0.01) | ((customer == "other") & newer & (rng.random(n) < 0.5)),
            "customer.id": customer.astype(str),
            "trace_id": [f"{part:08x}{at:024x}" for at in range(n)],
        }
    )


def test_customers_that_become_common_later_are_not_taken_for_others(tmp_path: Path) -> None:
    """The codes of a nearly unique field in a file depend on which values are common in the other files."""
    folder = tmp_path / "events"
    folder.mkdir()
    for part, more in enumerate((3, 1)):
        pq.write_table(customers_of(part, more), folder / f"{part}.parquet")
    asked = {"candidate": "2.4.0", "settle": "1s", "slices": ("customer.id",)}

    def slices(events: Events) -> list[tuple[str, tuple[float, ...], tuple[float, ...]]]:
        return [(one.condition, one.baseline, one.candidate) for one in events.judge(**asked).slices]

    events = load(folder)
    assert len(events.dataset.files) == 2
    assert [condition for condition, _, _ in slices(events)] == ["customer.id = 'other'"]
    pq.write_table(customers_of(2, 200), folder / "2.parquet")
    watched = slices(events.refresh())
    assert watched == slices(load(folder))
    assert [condition for condition, _, _ in watched] == ["customer.id = 'other'"]
