"""Closed files: packing that loses nothing, the budget, and the minimum of free space."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from obskit.instrument import Files, Handle
from obskit.instrument.counters import Counters
from obskit.instrument.sinks import retention
from obskit.instrument.sinks.jsonl import JsonlSink
from tests.support.instrument_process import events_in

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


@pytest.mark.parametrize("when", ["while it packs", "before it is renamed"])
def test_a_process_that_dies_while_packing_leaves_each_event_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    path = tmp_path / "s-host-1-20260504T100000.000000Z.jsonl"
    path.write_bytes(b"".join(b'{"name":"work","n":%d}\n' % n for n in range(1000)))
    rename, unlink = Path.rename, Path.unlink

    def ends(self: Path, target: Path) -> Path:
        if when == "while it packs" or target.suffix == ".gz":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", ends)
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
    with pytest.raises(KeyboardInterrupt):
        retention.pack(path)
    monkeypatch.setattr(Path, "unlink", unlink)
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith(".")] == [path.name]
    loaded = events_in(tmp_path)
    assert sorted(loaded.to_arrow(["n"]).column(0).to_pylist()) == list(range(1000))
    assert loaded.load_report.rejected_count == 0


def test_the_budget_deletes_only_our_oldest_closed_files(tmp_path: Path) -> None:
    counters = Counters()
    sink = JsonlSink(tmp_path, "s", Files(rotate_bytes=1000, keep=5_000, free=0, pack=False), counters)
    other = tmp_path / "precious.jsonl"
    other.write_bytes(b"x" * 100_000)
    living = JsonlSink(tmp_path, "alive", Files(free=0), Counters())
    living.write(b"y" * 3000 + b"\n", time.perf_counter_ns())
    assert living.file is not None
    os.utime(living.file, (1, 1))
    for n in range(20):
        sink.write(b'{"n":%d,"pad":"%s"}\n' % (n, b"x" * 1000), time.perf_counter_ns())
        if sink.file is not None:
            os.utime(sink.file, (n + 10, n + 10))
    sink.tend()
    assert other.exists()
    assert living.file.exists()
    assert counters.as_dict()["deleted"] >= 15
    kept = [
        row["n"]
        for row in map(orjson.loads, b"".join(p.read_bytes() for p in tmp_path.glob("s-*")).splitlines())
    ]
    assert kept == list(range(kept[0], 20)) or sorted(kept) == list(range(min(kept), 20))
    sink.close(1)
    living.close(1)


def test_below_the_minimum_of_free_space_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counters = Counters()
    sink = JsonlSink(tmp_path, "s", Files(free=1000), counters)
    sink.write(b"{}\n", time.perf_counter_ns())
    monkeypatch.setattr(retention, "free_bytes", lambda _: 10)
    sink.tend()
    sink.write(b"{}\n", time.perf_counter_ns())
    assert counters.as_dict()["dropped"] == 1
    monkeypatch.setattr(retention, "free_bytes", lambda _: 10_000)
    sink.tend()
    sink.write(b"{}\n", time.perf_counter_ns())
    assert counters.as_dict()["written"] == 2
    sink.close(1)
