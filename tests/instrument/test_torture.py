"""Forks, threads, tasks, generators and rotation at once, in many processes: no event is lost uncounted."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.instrument_process import ROOT, events_in

SERVICE = ROOT / "tests/support/torture.py"


def lines(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(folder.iterdir()):
        if path.name.endswith(".jsonl.packing"):  # of a process that ended while it packed
            assert path.name.startswith(".")
            continue
        data = path.read_bytes()
        # The packed one takes the place of the plain one before it is called so: a process may end between.
        for line in (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).splitlines():
            yield path, line


@pytest.mark.parametrize("mode", ["sampled", "stuck"])
def test_every_event_is_accounted_for(tmp_path: Path, mode: str) -> None:
    """Nine processes share a folder: forks, forks of forks, and multiprocessing's. Events are on disk or counted."""
    events, ledgers = tmp_path / "events", tmp_path / "ledgers"
    ledgers.mkdir()
    words = [sys.executable, str(SERVICE), str(events), str(ledgers), mode]
    service = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert service.returncode == 0, service.stderr
    records = [json.loads(path.read_bytes()) for path in ledgers.iterdir()]
    assert len(records) == 1 + 2 + 4 + 2
    emitted: dict[str, Any] = {key: item for ledger in records for key, item in ledger["events"].items()}
    assert len(emitted) == sum(len(ledger["events"]) for ledger in records)

    rows: dict[str, dict[str, Any]] = {}
    provisional: list[dict[str, Any]] = []
    by_process: Counter[int] = Counter()
    for path, line in lines(events):
        row = orjson.loads(line)  # no torn line
        assert f"-{row['process.pid']}-" in path.name
        by_process[row["process.pid"]] += 1
        if row.get("obskit.unfinished"):
            provisional.append(row)
            continue
        assert row["t.key"] not in rows, "written twice"
        rows[row["t.key"]] = row

    for ledger in records:
        counted, expected = ledger["counters"], ledger["expected"]
        assert {name: counted[name] for name in expected} == expected
        assert counted["dropped"] == counted["failed"] == counted["waiting"] == counted["deleted"] == 0
        assert counted["written"] == by_process.pop(ledger["pid"], 0)
        mine = sum(key in rows for key in ledger["events"])
        assert counted["written"] == mine + counted["unfinished"]
        assert len(ledger["events"]) == mine + counted["unsampled"]
    assert not by_process, "rows of a process that nobody knows"
    assert len(provisional) == sum(ledger["counters"]["unfinished"] for ledger in records)
    assert any(path.suffix == ".gz" for path in events.iterdir())

    assert rows.keys() <= emitted.keys()
    assert len({row["span_id"] for row in rows.values()}) == len(rows)
    for key, row in rows.items():
        assert {n: v for n, v in row.items() if n.startswith("t.") and n != "t.key"} == {
            f"t.{name}": value for name, value in emitted[key]["fields"].items()
        }
        above = emitted[key]["parent"]
        if above is None:
            assert "parent_span_id" not in row
        elif above in rows:
            assert (row["trace_id"], row["parent_span_id"]) == (
                rows[above]["trace_id"],
                rows[above]["span_id"],
            )
        assert row.get("part.a_part.count") == (1 if row["name"] == "unit" and "t.own" in row else None)
    if mode == "sampled":
        assert 0.2 < len(rows) / len(emitted) < 0.6
        weight = {row["span_id"]: row["sample_weight"] for row in rows.values()}
        inner = [row for row in rows.values() if row["name"] == "inner"]
        assert all(weight[row["parent_span_id"]] == row["sample_weight"] for row in inner)
    else:
        assert rows.keys() == emitted.keys()
        deferred = sum(ledger["counters"]["deferred"] for ledger in records)
        assert deferred > 0
        assert provisional

    loaded = events_in(events)
    replaced = sum(any(p["span_id"] == r["span_id"] for r in rows.values()) for p in provisional)
    assert loaded.dataset.rows == len(rows) + len(provisional) - replaced
    assert loaded.load_report.replaced == replaced
    # A file that was begun and not written to yet.
    assert set(loaded.load_report.rejected_by_reason) <= {"is empty"}
