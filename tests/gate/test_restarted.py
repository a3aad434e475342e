"""A gate that is killed between two looks and started again gives the verdict of one that never stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from obskit import load
from tests.judge.rollouts import rollout
from tests.support.gate_harness import write_rollout

pytestmark = pytest.mark.once

ASK = "service=booking&candidate=2.4.0"


@contextmanager
def killed(folder: Path, cache: Path) -> Iterator[str]:
    """Start a gate, yield its address, and kill it."""
    command = ["judge", "--serve", "127.0.0.1:0", "--from", str(folder), "--every", "1s", "--slices", "none"]
    process = subprocess.Popen(
        [sys.executable, "-m", "obskit", *command],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OBSKIT_CACHE": str(cache)},
    )
    try:
        assert process.stderr is not None
        yield process.stderr.readline().removeprefix("verdicts on ").partition("/judge")[0]
    finally:
        process.kill()
        process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL


def asked(address: str, word: str) -> dict[str, Any]:
    """Ask until the verdict is a word."""
    deadline = time.monotonic() + 90
    found: dict[str, Any] = {}
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{address}/judge?{ASK}", timeout=20) as response:
            found = json.load(response)
        if found["verdict"] == word and "age_s" in found:
            return found
        time.sleep(0.1)
    raise AssertionError(found)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_gate_that_is_killed_between_looks_says_what_one_that_never_stopped_says(tmp_path: Path) -> None:
    write_rollout(tmp_path / "whole", rollout(minutes=20, before=5, ratio=2.5, errors=0.03))
    table = pq.read_table(tmp_path / "whole" / "events.parquet")
    times = table.column("timestamp").cast(pa.int64())
    (tmp_path / "events").mkdir()
    early = table.filter(pc.less(times, pc.subtract(pc.max(times), 20 * 60_000_000)))
    pq.write_table(early, tmp_path / "events" / "1.parquet")
    with killed(tmp_path / "events", tmp_path / "cache") as address:
        before = asked(address, "inconclusive")
    late = table.filter(pc.greater_equal(times, pc.subtract(pc.max(times), 20 * 60_000_000)))
    pq.write_table(late, tmp_path / "events" / "2.parquet")
    with killed(tmp_path / "events", tmp_path / "cache") as address:
        after = asked(address, "regress")
    expected = load(tmp_path / "whole").judge(candidate="2.4.0", service="booking", slices=()).to_dict()
    for name in ("sentence", "window", "looks", "notes"):
        assert after[name] == json.loads(json.dumps(expected[name], default=str)), name
    (errors,) = (one for one in after["criteria"] if one["name"] == "errors")
    (same,) = (one for one in expected["criteria"] if one["name"] == "errors")
    assert {name: errors[name] for name in ("ratio", "low", "high")} == pytest.approx(
        {name: same[name] for name in ("ratio", "low", "high")}, rel=1e-9
    )
    assert before["candidate"]["rows"] < after["candidate"]["rows"]
