"""The facts of whole traces, compared with a plain program that looks at one trace at a time."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import from_arrow, trace_columns, write
from obskit.dataset.dataset import open_dataset

T = datetime(2026, 5, 4, 10, tzinfo=UTC)
Row = dict[str, Any]
_TYPES = {
    "timestamp": pa.timestamp("us", "UTC"),
    "duration_ms": pa.float64(),
    "kind": pa.string(),
    "trace_id": pa.string(),
    "span_id": pa.string(),
    "parent_span_id": pa.string(),
    "error": pa.bool_(),
}


def table_of(rows: list[Row]) -> pa.Table:
    schema = pa.schema(list(_TYPES.items()))
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema)


def facts_of(rows: list[Row]) -> list[Row]:
    """Return the facts of the trace of each row, the rows in the order of time."""
    return stored(from_arrow(table_of(rows)))


def stored(dataset: Any) -> list[Row]:
    parts = [trace_columns(arrays) for arrays in dataset.codes.traces()]
    return [row for part in parts for row in pa.table(part).to_pylist()]


def expected(rows: list[Row]) -> list[Row]:
    """Compute the same, one trace at a time."""
    out = []
    for row in rows:
        own = [r for r in rows if r["trace_id"] == row["trace_id"] and row["trace_id"] is not None]
        spans = [
            r
            for r in own
            if r.get("kind") not in ("event", "link")
            and (r.get("kind") is not None or r.get("duration_ms") is not None)
        ]
        out.append(_facts(row, spans))
    return out


def _facts(row: Row, spans: list[Row]) -> Row:
    none = dict.fromkeys(("masked_error", "complete", "error_count", "span_count", "duration_ms"))
    if row["trace_id"] is None:
        return none
    ids = {r.get("span_id") for r in spans} - {None}
    failed = [r for r in spans if r.get("error")]
    roots = [r for r in spans if r.get("parent_span_id") is None]
    orphans = [r for r in spans if r.get("parent_span_id") is not None and r["parent_span_id"] not in ids]
    tops = roots or (orphans if len(orphans) == 1 else [])
    masked: bool | None = None
    if spans and not failed:
        masked = False
    elif tops and not any(r.get("error") for r in tops):
        masked = True
    elif tops and all(r.get("error") for r in tops):
        masked = False
    timed = [r for r in spans if r.get("timestamp") is not None]
    ends = [r["timestamp"] + timedelta(milliseconds=r.get("duration_ms") or 0.0) for r in timed]
    length = (max(ends) - min(r["timestamp"] for r in timed)).total_seconds() * 1000 if timed else None
    return {
        "masked_error": masked if spans else None,
        "complete": (len(roots) == 1 and not orphans) if spans else None,
        "error_count": len(failed),
        "span_count": len(spans),
        "duration_ms": length,
    }


def same(found: list[Row], wanted: list[Row]) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        lengths = one.pop("duration_ms"), other.pop("duration_ms")
        assert one == other
        assert lengths == (None, None) or math.isclose(*lengths, abs_tol=1e-3)


def random_rows(seed: int, hexadecimal: bool) -> list[Row]:
    """Trees, forests, lost parents, log records, ids that other traces use too, and nulls."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for trace in range(60):
        size = int(rng.integers(1, 7))
        ids = [f"{n + 1:016x}" if hexadecimal else f"s{n}" for n in range(size)]  # repeated in each trace
        for at in range(size):
            parent = ids[int(rng.integers(0, at))] if at else None
            if rng.random() < 0.15:
                parent = None if rng.random() < 0.5 else "ffffffffffffffff"
            kind = rng.choice(["server", "client", "event", ""])
            rows.append(
                {
                    "trace_id": f"{trace + 1:032x}" if rng.random() < 0.95 else None,
                    "span_id": ids[at],
                    "parent_span_id": parent,
                    "kind": kind or None,
                    "error": [True, False, None][int(rng.choice([0, 1, 2], p=[0.2, 0.7, 0.1]))],
                    "timestamp": T + timedelta(milliseconds=int(rng.integers(0, 5000)))
                    if rng.random() < 0.9
                    else None,
                    "duration_ms": float(rng.integers(0, 900)) if rng.random() < 0.9 else None,
                }
            )
    return rows


@pytest.mark.parametrize("hexadecimal", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_facts_are_those_of_a_plain_program(seed: int, hexadecimal: bool) -> None:
    dataset = from_arrow(table_of(random_rows(seed, hexadecimal)))
    same(stored(dataset), expected(dataset.arrow().to_pylist()))


def test_a_trace_in_several_files_is_one_trace(tmp_path: Path) -> None:
    rows = random_rows(11, True)
    np.random.default_rng(1).shuffle(rows)
    one = from_arrow(table_of(rows))
    many = write(
        table_of(rows).to_batches(max_chunksize=20),
        lambda: one.schema,
        tmp_path / "many",
        one.load_report,
        rows_per_file=20,
    )
    assert len(many.files) > 5
    wanted = expected(many.arrow().to_pylist())
    same(stored(many), [dict(row) for row in wanted])
    # What was stored is what another process reads.
    same(stored(open_dataset(tmp_path / "many")), wanted)


def test_an_error_that_a_retry_hid_is_masked() -> None:
    span = {"trace_id": "a" * 32, "kind": "client", "timestamp": T, "duration_ms": 1.0}
    root = span | {"span_id": "1", "kind": "server", "error": False, "duration_ms": 90.0}
    first = span | {"span_id": "2", "parent_span_id": "1", "error": True}
    again = span | {"span_id": "3", "parent_span_id": "1", "error": False}
    (fact, *_) = facts_of([root, first, again])
    assert fact == {
        "masked_error": True,
        "complete": True,
        "error_count": 1,
        "span_count": 3,
        "duration_ms": 90.0,
    }
    (fact, *_) = facts_of([root | {"error": True}, first, again])
    assert fact["masked_error"] is False, "the caller saw it"
    (fact, *_) = facts_of([first, again])
    assert fact["masked_error"] is None, "two spans whose parent is not there: nobody knows what it returned"
    (fact, *_) = facts_of([root | {"parent_span_id": "elsewhere"}, first, again])
    assert (fact["masked_error"], fact["complete"]) == (True, False), "the caller is in another system"
