"""A verdict that is asked for while events arrive: killed processes, late rows and rotated files do not change it.

The events of an hour are written as they arrive, on a clock of the test: one row in twenty up to three minutes
late, into a file that is rotated, renamed and compressed meanwhile.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from obskit import load
from obskit.judge import Verdict
from tests.judge.rollouts import NEW, Columns, T, rollout
from tests.judge.test_invariance import customers, numbers, same

pytestmark = pytest.mark.once

Rng = np.random.Generator
LATE = timedelta(minutes=3)
SETTLE = "4m"
STEPS = 6  # of ten minutes
ROTATE = 4_000  # rows of a file


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pa.Table]:
    """Half an hour of one version and an hour of two, in order of arrival, with the column `arrived`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBSKIT_CACHE", str(tmp_path_factory.mktemp("cache")))

        def slower_for_one(columns: Columns, rng: Rng) -> None:
            customers(columns, rng)
            new = columns["service.version"] == NEW
            columns["error"] = columns["error"] | (new & (rng.random(len(new)) < 0.01))

        rows = rollout(rpm=200, share=0.3, change=slower_for_one, after=10).to_arrow()
        rng = np.random.default_rng([20261129, 2])
        late = np.where(rng.random(rows.num_rows) < 0.05, rng.random(rows.num_rows), 0.0)
        times = rows.column("timestamp").cast(pa.int64()).to_numpy()
        arrived = times + (late * LATE / timedelta(microseconds=1)).astype(np.int64)
        yield rows.append_column("arrived", pa.array(arrived)).sort_by("arrived")


class Service:
    """Writes rows when they arrive, and rotates its file: x.jsonl, x.jsonl.1, then x.jsonl.2.gz and so on."""

    def __init__(self, folder: Path, table: pa.Table) -> None:
        folder.mkdir()
        self._file = folder / "booking.jsonl"
        self._arrived = table.column("arrived").to_numpy()
        self._rows = table.drop_columns(["arrived"]).to_pylist()
        self._written = self._in_file = self.rotations = 0

    def write_until(self, minute: float) -> None:
        end = int(np.searchsorted(self._arrived, (T + timedelta(minutes=minute)).timestamp() * 1e6))
        for row in self._rows[self._written : end]:
            if self._in_file == ROTATE:
                self._rotate()
            with self._file.open("a") as out:
                out.write(json.dumps(row, default=lambda at: at.isoformat()) + "\n")
            self._in_file += 1
        self._written = end

    def _rotate(self) -> None:
        folder, name = self._file.parent, self._file.name
        for number in range(self.rotations, 1, -1):
            (folder / f"{name}.{number}.gz").rename(folder / f"{name}.{number + 1}.gz")
        first = folder / f"{name}.1"
        if first.exists():
            (folder / f"{name}.2.gz").write_bytes(gzip.compress(first.read_bytes()))
            first.unlink()
        self._file.rename(first)
        self.rotations, self._in_file = self.rotations + 1, 0


def command(folder: Path, *words: str) -> list[str]:
    code = "import sys; from obskit.cli import main; sys.exit(main(sys.argv[1:]))"
    judge = ["judge", str(folder), "--candidate", NEW, "--settle", SETTLE]
    return [sys.executable, "-c", code, *judge, *words]


def kill_a_judge(folder: Path, cache: Path, *, after_a_look: bool) -> str:
    """Start a process that judges again and again, kill it, and return what it said.

    Args:
        folder: the events.
        cache: the cache, which may be incomplete afterwards.
        after_a_look: whether to kill it after its second look, or as soon as it writes into the cache.
    """
    before = set(cache.rglob("*"))
    process = subprocess.Popen(
        # One small customer: never enough for a decision, at which it would end.
        command(folder, "--where", "customer.id = 'c59'", "--watch", "10m", "--every", "50ms"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OBSKIT_CACHE": str(cache)},
    )
    assert process.stderr is not None
    said = ""
    try:
        if after_a_look:
            said = process.stderr.readline() + process.stderr.readline()
        end = time.monotonic() + 60
        while not after_a_look and set(cache.rglob("*")) == before and time.monotonic() < end:
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait(30)
        process.stderr.close()
    assert process.returncode == -signal.SIGKILL
    return said


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_process_that_is_killed_between_looks_gives_the_verdict_of_one_that_never_stopped(
    table: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(tmp_path / "events", table)
    service.write_until(1)
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "steady"))
    (tmp_path / "killed").mkdir()
    events = load(tmp_path / "events")
    verdicts: list[Verdict] = []
    for step in range(1, STEPS + 1):
        service.write_until(10 * step + (11 if step == STEPS else 0))
        events = events.refresh()
        verdicts.append(events.judge(NEW, settle=SETTLE))
        if step in (2, 3):
            said = kill_a_judge(tmp_path / "events", tmp_path / "killed", after_a_look=step != 3)
            assert said.count("inconclusive: ") + said.count("no data: ") == (0 if step == 3 else 2), said
    assert service.rotations >= 3
    done = subprocess.run(
        command(tmp_path / "events", "--json"),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "OBSKIT_CACHE": str(tmp_path / "killed")},
    )
    assert done.returncode == 10, done.stderr
    found = json.loads(done.stdout)
    for name in ("dataset", "notes", "reproduce"):
        del found[name]
    last = json.loads(json.dumps(numbers(verdicts[-1]), default=str))
    same(json.loads(json.dumps(found)), last)
    # And it is that of all rows at once, without a file.
    at_once = load(table.drop_columns(["arrived"])).judge(NEW, settle=SETTLE)
    same(numbers(at_once), numbers(verdicts[-1]))
    assert [one.word for one in verdicts][-1] == "regress"


def test_late_rows_do_not_change_what_was_said_before_them(
    table: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`settle` is longer than any row is late, so a look says what it says when all rows are there."""
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))
    arrived = table.column("arrived").to_numpy()
    rows = table.drop_columns(["arrived"])
    whole = load(rows)
    changed = 0
    for minute in (12, 25, 40, 55):
        now = (T + timedelta(minutes=minute)).timestamp() * 1e6
        part = load(rows.filter(pa.array(arrived < now)))
        then = part.judge(NEW, settle=SETTLE, slices=())
        assert then.window is not None
        later = whole.judge(NEW, during=(None, then.window[1]), slices=())
        same(numbers(then), numbers(later))
        hasty = part.judge(NEW, settle="1s", slices=())
        assert hasty.window is not None
        again = whole.judge(NEW, during=(None, hasty.window[1]), slices=())
        changed += hasty.criterion("errors").candidate.n != again.criterion("errors").candidate.n
    assert changed, "without settle, some looks count fewer requests than there were"
