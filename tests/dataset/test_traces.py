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
from obskit.dataset.span_keys import span_keys
from obskit.engine import Scope
from obskit.traces import traces

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


@pytest.mark.parametrize("hexadecimal", [True, False])
@pytest.mark.parametrize("width", [32, 16, 5])
def test_a_trace_in_several_files_is_one_trace(tmp_path: Path, width: int, hexadecimal: bool) -> None:
    """Every third trace id has fewer digits, as those of Zipkin."""
    rows = random_rows(11, hexadecimal)
    for row in rows:
        if row["trace_id"] is not None and int(row["trace_id"], 16) % 3 == 0:
            row["trace_id"] = row["trace_id"][-width:]
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


ROOT_SPAN = {"trace_id": "a" * 32, "span_id": "1" * 16, "kind": "server", "timestamp": T, "duration_ms": 90.0}
CHILD_SPAN = ROOT_SPAN | {
    "span_id": "2" * 16,
    "parent_span_id": "1" * 16,
    "kind": "client",
    "duration_ms": 9.0,
}


@pytest.mark.parametrize(
    ("rows", "complete"),
    [
        ([ROOT_SPAN], True),
        ([ROOT_SPAN, CHILD_SPAN], True),
        ([ROOT_SPAN, ROOT_SPAN, CHILD_SPAN], True),  # sent twice
        ([ROOT_SPAN, ROOT_SPAN | {"kind": "client", "duration_ms": 95.0}], True),  # both sides share the id
        ([ROOT_SPAN, ROOT_SPAN | {"duration_ms": 95.0}], False),  # two spans with one id
        ([ROOT_SPAN, ROOT_SPAN | {"span_id": "3" * 16}], False),
        ([ROOT_SPAN, ROOT_SPAN | {"span_id": None}, ROOT_SPAN | {"span_id": None}], False),
        ([CHILD_SPAN], False),
        ([ROOT_SPAN, CHILD_SPAN | {"parent_span_id": "3" * 16}], False),
        ([ROOT_SPAN, CHILD_SPAN | {"parent_span_id": "2" * 16}], False),  # its own parent
    ],
)
def test_a_trace_is_complete_with_one_root_and_all_parents(
    tmp_path: Path, rows: list[Row], complete: bool
) -> None:
    """Also with one span per file, and the same in the list of traces."""
    one = from_arrow(table_of(rows))
    batches = table_of(rows).to_batches(max_chunksize=1)
    many = write(batches, lambda: one.schema, tmp_path / "many", one.load_report, rows_per_file=1)
    assert len(many.files) == len(rows)
    for dataset in (one, many):
        assert {fact["complete"] for fact in stored(dataset)} == {complete}
        listed = traces(Scope.of(dataset)).list().to_arrow()
        assert listed["complete"].to_pylist() == [complete]


@pytest.mark.parametrize("seed", range(4))
def test_the_list_of_traces_and_the_field_agree(seed: int) -> None:
    """On damaged traces too; only cycles, which no single span shows, are seen by the list alone."""
    dataset = from_arrow(table_of(random_rows(seed, hexadecimal=True)))
    field = {row["trace_id"]: row["complete"] for row in _with_ids(dataset)}
    listed = traces(Scope.of(dataset), limit=1000).list().to_arrow().to_pylist()
    listed = [row for row in listed if row["spans"]]  # log records alone are neither
    assert len(listed) > 20
    assert {row["trace_id"]: row["complete"] for row in listed} == {
        row["trace_id"]: field[row["trace_id"]] for row in listed
    }


def _with_ids(dataset: Any) -> list[Row]:
    ids = dataset.arrow(["trace_id"]).column(0).to_pylist()
    return [{"trace_id": one, **fact} for one, fact in zip(ids, stored(dataset), strict=True)]


@pytest.mark.parametrize("length", [1, 8, 15, 17, 36, 5_000])
def test_an_id_is_the_same_key_in_every_column(length: int) -> None:
    """Ids of 16 bytes have a faster way if all have that length; it gives the same keys."""
    ids = ["0123456789abcdef", "x" * length, "ü" * length]
    trace = np.ones(1, np.int64)
    alone = [span_keys([pa.chunked_array([[one]])], trace)[0][0] for one in ids]
    (together,) = span_keys([pa.chunked_array([[*ids, None]])], np.ones(4, np.int64))
    assert together[:3].tolist() == alone
    assert len(set(together.tolist())) == 4
