"""Spans and their parents, compared with a plain program; copies, cycles, shared ids, lost times, many files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.dataset import MISSING, ROOT, Dataset, from_arrow, write
from obskit.dataset.dataset import open_dataset
from obskit.schema import LoadReport
from obskit.traces.records import statements
from tests.support.examples import examples

T = datetime(2026, 5, 4, 10, tzinfo=UTC)
Row = dict[str, Any]
_TYPES = {
    "timestamp": pa.timestamp("us", "UTC"),
    "duration_ms": pa.float64(),
    "name": pa.string(),
    "kind": pa.string(),
    "service.name": pa.string(),
    "trace_id": pa.string(),
    "span_id": pa.string(),
    "parent_span_id": pa.string(),
}


def span(n: int, parent: int | None = None, **more: Any) -> Row:
    """Return a span that starts n seconds after T and takes 500 ms."""
    return {
        "trace_id": f"{1:032x}", "span_id": f"{n:016x}",
        "parent_span_id": None if parent is None else f"{parent:016x}", "kind": "internal",
        "timestamp": T + timedelta(seconds=n), "duration_ms": 500.0, "name": f"s{n}", **more,
    }  # fmt: skip


def table_of(rows: list[Row]) -> pa.Table:
    schema = pa.schema(list(_TYPES.items()))
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema)


def in_files(rows: list[Row], size: int, folder: Path) -> Dataset:
    """Write the rows as a dataset of files of so many rows."""
    table = table_of(rows)
    made = write(
        table.to_batches(max_chunksize=size), lambda: table.schema, folder, LoadReport(), rows_per_file=size
    )
    assert len(made.files) == -(-len(rows) // size)
    return made


def parents(rows: list[Row]) -> list[int]:
    found: list[int] = from_arrow(table_of(rows)).forest.parent.tolist()
    return found


def test_spans_have_parents_and_records_have_spans() -> None:
    record = {**span(2), "kind": "event", "duration_ms": None, "timestamp": T + timedelta(seconds=9)}
    outside = {**record, "span_id": None, "timestamp": T + timedelta(seconds=10)}
    stray = {**record, "span_id": "f" * 16, "timestamp": T + timedelta(seconds=11)}
    rows = [span(1), span(2, 1), span(3, 2), span(4, 99), record, outside, stray]
    forest = from_arrow(table_of(rows)).forest
    assert forest.parent.tolist() == [ROOT, 0, 1, MISSING, 1, ROOT, MISSING]
    assert forest.span.tolist() == [True, True, True, True, False, False, False]
    assert forest.depth.tolist() == [0, 1, 2, 0]
    assert forest.roots.tolist() == [ROOT, 0]


def test_equal_ids_of_other_traces_are_other_spans() -> None:
    other = f"{2:032x}"
    rows = [
        span(1),
        span(2, 1),
        span(3, None, trace_id=other, span_id=f"{1:016x}"),
        span(4, 1, trace_id=other),
    ]
    assert parents(rows) == [ROOT, 0, ROOT, 2]


def test_two_roots_and_none_have_no_root() -> None:
    other = f"{2:032x}"
    forest = from_arrow(table_of([span(1), span(2), span(3, 77, trace_id=other)])).forest
    assert forest.roots.tolist() == [ROOT, MISSING, ROOT]


def test_a_copy_of_a_span_counts_once() -> None:
    """Sent twice by an exporter that tried again; the third row has its id and other times."""
    again = span(2, 1)
    reused = span(5, 1, span_id=f"{2:016x}")
    forest = from_arrow(table_of([span(1), span(2, 1), again, span(4, 2), reused])).forest
    assert forest.copy.tolist() == [False, False, True, False, False]
    assert forest.span.tolist() == [True, True, False, True, True]
    assert forest.parent.tolist() == [ROOT, 0, 0, 1, 0]
    assert np.bincount(forest.trace[forest.rows]).tolist() == [0, 4]


def test_a_cycle_is_cut() -> None:
    forest = from_arrow(
        table_of([span(1), span(2, 4), span(3, 2), span(4, 3), span(5, 5), span(6, 2)])
    ).forest
    assert forest.parent.tolist() == [ROOT, MISSING, MISSING, MISSING, MISSING, 1]
    assert (forest.depth >= 0).all()


def test_a_server_that_shares_the_id_of_its_client_is_below_it() -> None:
    """Zipkin's two sides: a child belongs to the side of its own service, else to the server."""
    rows = [
        span(1, kind="server", **{"service.name": "web"}),
        span(2, 1, kind="client", **{"service.name": "web"}),
        span(3, 1, span_id=f"{2:016x}", kind="server", **{"service.name": "pay"}),
        span(4, 2, **{"service.name": "pay"}),
        span(5, 2, **{"service.name": "web"}),
        span(6, 2, **{"service.name": "other"}),
        span(7, 2),
    ]
    assert parents(rows) == [ROOT, 0, 1, 2, 1, 2, 2]
    assert parents([rows[0], rows[2], rows[1], *rows[3:]]) == [ROOT, 0, 1, 2, 1, 2, 2]


def test_times_that_are_unknown_make_what_depends_on_them_unknown() -> None:
    other = f"{2:032x}"
    rows = [
        span(1, duration_ms=9000.0),
        span(2, 1, duration_ms=None),
        span(3, 1),
        span(4, 3, duration_ms=-5.0),
        span(5, None, trace_id=other),
        span(6, None, trace_id=other, duration_ms=float("inf")),
        span(7, None, trace_id=f"{3:032x}"),
    ]
    forest = from_arrow(table_of(rows)).forest
    assert forest.timed.tolist() == [True, False, True, False, True, False, True]
    assert [None if np.isnan(x) else x / 1e6 for x in forest.self_ns] == [
        None,
        None,
        None,
        None,
        500,
        None,
        500,
    ]
    assert [None if np.isnan(x) else x / 1e6 for x in forest.critical_ns] == [None] * 6 + [500]


@pytest.mark.parametrize("year", [1, 1754, 9999])
def test_a_clock_that_was_not_set_spoils_no_other_span(year: int) -> None:
    forest = from_arrow(
        table_of([span(1), span(2, 1, timestamp=datetime(year, 1, 1, tzinfo=UTC)), span(3)])
    ).forest
    assert sorted(forest.timed.tolist()) == [False, True, True]


def test_ends_are_cut_to_the_resolution_of_starts() -> None:
    """Starts are cut to µs: a ends 0.9 µs after b seems to begin, and is on the path all the same."""
    rows = [
        span(1, timestamp=T, duration_ms=3.0),
        span(2, 1, timestamp=T, duration_ms=1.0009),
        span(3, 1, timestamp=T + timedelta(milliseconds=1), duration_ms=2.0),
    ]
    forest = from_arrow(table_of(rows)).forest
    assert (forest.critical_ns / 1e6).tolist() == [0.0, 1.0, 2.0]


def test_a_parent_may_be_in_another_file(tmp_path: Path) -> None:
    """Every second span is in the second file."""
    rows = [span(n, n // 2 or None) for n in range(1, 41)]
    joined = in_files(rows[::2] + rows[1::2], 20, tmp_path / "rows")
    whole = joined.arrow(["span_id", "parent_span_id"]).to_pylist()
    named = [None if at < 0 else whole[at]["span_id"] for at in joined.forest.parent.tolist()]
    assert named == [row["parent_span_id"] for row in whole]


def test_equal_values_of_two_files_have_one_number(tmp_path: Path) -> None:
    """Ids of any length, also of different ones, and null; the numbers are in the order of the files."""
    ids = ["a", None, "b" * 300, "é", "", "b" * 300, "c" * 32, None, "a", "d" * 15]
    codes = in_files([span(at, trace_id=value) for at, value in enumerate(ids)], 5, tmp_path / "rows").codes
    assert [number.tolist() for number in codes.numbers("trace_id")] == [[1, 0, 2, 3, 4], [2, 5, 0, 1, 6]]
    assert [number.tolist() for number in codes.clusters("trace_id")] == [[1, 0, 2, 3, 4], [1, 2, 0, 3, 4]]


def hostile(seed: int) -> list[Row]:
    """Return spans, records and links with repeated, missing and odd ids, cycles, and times that cannot be."""
    random = np.random.default_rng(seed)
    shapes = ("{:016x}", "span-{}", "{:032x}", "{}", "ü{}", "")

    def of(values: Any) -> Any:
        return values[int(random.integers(0, len(values)))]

    rows: list[Row] = []
    for n in range(int(random.integers(1, 150))):
        made = {
            "timestamp": of([None, *[T + timedelta(milliseconds=int(random.integers(0, 500)))] * 20]),
            "duration_ms": of([None, float("nan"), float("inf"), -1.0, 3e15, *[0.0, 1.0, 10.5, 100.0] * 8]),
            "name": of([None, "a", "b"]),
            "kind": of([None, "client", "server", "internal", "producer", "consumer", "event", "link"]),
            "service.name": of([None, "x", "y"]),
            "trace_id": of([None, *[f"{int(random.integers(1, 6)):032x}"] * 15]),
            "span_id": of([None, *[of(shapes).format(n + 1 if random.random() < 0.9 else 3)] * 15]),
            "parent_span_id": of([None, of(shapes).format(int(random.integers(0, n + 3)))]),
        }
        rows += [made] if random.random() < 0.9 or not rows else [made, dict(of(rows))]
    return rows


@pytest.mark.parametrize("seed", range(12))
def test_a_piece_of_any_size_and_what_is_stored_give_the_same(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = hostile(seed)
    whole = in_files(rows, len(rows), tmp_path / "whole").forest
    assert len(whole.critical_ns) == len(whole.self_ns) == whole.span.sum()
    monkeypatch.setattr("obskit.dataset.trace_order.PIECE", 4)
    pieces = in_files(rows, len(rows), tmp_path / "rows").forest
    assert len(pieces.self_ns) == len(whole.self_ns)
    monkeypatch.setattr("obskit.dataset.span_forest.find_parents", None)  # what is stored is used
    monkeypatch.setattr("obskit.dataset.span_forest.critical_path", None)
    for forest in (pieces, open_dataset(tmp_path / "rows").forest):
        for name in ("trace", "span", "copy", "parent", "depth", "roots", "timed", "self_ns", "critical_ns"):
            np.testing.assert_array_equal(getattr(forest, name), getattr(whole, name), err_msg=name)
    assert ((whole.parent < 0) | whole.span[whole.parent]).all()
    above = whole.inner_parent
    assert (whole.depth[above >= 0] == whole.depth[above[above >= 0]] + 1).all()


def test_a_copy_is_no_log_record_of_its_span() -> None:
    """Spans may name their line of code, as log records do; the second row repeats the first."""
    rows = [span(1, **{"code.line.number": 7}), span(1, **{"code.line.number": 7}), span(2, 1)]
    schema = pa.schema([*_TYPES.items(), ("code.line.number", pa.int64())])
    table = pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema)
    dataset = from_arrow(table)
    assert statements(dataset)[0].tolist() == []


def test_the_columns_are_null_where_nothing_is_known() -> None:
    record = {**span(9), "kind": "event", "duration_ms": None}
    column = from_arrow(table_of([span(1), span(2, 1), record])).forest.column
    assert column("obskit.depth").to_pylist() == [0, 1, None]
    assert column("obskit.self_ms").to_pylist() == [500.0, 500.0, None]
    assert column("obskit.critical_ms").to_pylist() == [500.0, 0.0, None]


@pytest.mark.parametrize("ids", ["{:016x}", "span-{}", "{:08x}"])
@settings(max_examples=examples(25), deadline=None)
@given(data=st.data())
def test_parents_are_those_of_a_plain_program(ids: str, data: st.DataObject) -> None:
    rows = []
    for n in range(data.draw(st.integers(1, 12))):
        parent = data.draw(st.one_of(st.none(), st.integers(0, 14)))
        row = span(n, trace_id=f"{data.draw(st.integers(1, 2)):032x}", span_id=ids.format(n + 1))
        rows.append(row | {"parent_span_id": None if parent is None else ids.format(parent + 1)})
    where = {(row["trace_id"], row["span_id"]): at for at, row in enumerate(rows)}
    expected = []
    for row in rows:
        at = where.get((row["trace_id"], row["parent_span_id"]), MISSING)
        expected.append(ROOT if row["parent_span_id"] is None else at)
    for start in range(len(rows)):  # a span that is its own ancestor has no parent
        at, steps = expected[start], 0
        while at >= 0 and at != start and steps < len(rows):
            at, steps = expected[at], steps + 1
        if at == start:
            rows[start]["cyclic"] = True
    found = parents(rows)
    assert found == [MISSING if row.get("cyclic") else at for row, at in zip(rows, expected, strict=True)]


def test_a_dataset_of_no_rows_has_no_spans(tmp_path: Path) -> None:
    write(iter([]), lambda: table_of([]).schema, tmp_path / "none", LoadReport())
    forest = open_dataset(tmp_path / "none").forest
    assert (forest.traces, len(forest.rows), len(forest.self_ns), len(forest.critical_ns)) == (0, 0, 0, 0)
