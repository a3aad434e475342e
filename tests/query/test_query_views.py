"""heatmap, fields, trace, sample, impact, traces; and where a scope's conditions are true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit.dataset import convert, from_arrow
from obskit.engine import Scope
from obskit.errors import BadCall, DatasetError, EmptySelection, UnknownField
from obskit.query import fields, heatmap, impact, sample, trace, traces

T = datetime(2026, 5, 4, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))


def events(rows: int = 5_000) -> Scope:
    rng = np.random.default_rng(3)
    duration = rng.lognormal(3, 1.5, rows)
    duration[:7] = 0.0
    times = np.sort(rng.integers(0, 3600_000_000, rows)) + 1_777_900_000_000_000
    return Scope.of(
        from_arrow(
            pa.table(
                {
                    "timestamp": pa.array(times, pa.timestamp("us", "UTC"), mask=rng.random(rows) < 0.01),
                    "duration_ms": pa.array(duration, mask=rng.random(rows) < 0.05),
                    "http.route": pa.array(np.array(["/a", "/b", None], object)[rng.integers(0, 3, rows)]),
                    "size": pa.array(rng.integers(0, 3_000, rows)),
                    "sample_weight": pa.array(np.where(rng.random(rows) < 0.5, 1.0, 4.0)),
                    "tags": pa.array([["a"], None] * (rows // 2), pa.list_(pa.string())),
                }
            )
        )
    )


def spans() -> Scope:
    """One trace of four spans, one of them without its parent; another of one."""
    rows = [
        ("t1", "a", None, 0, 100.0, "GET /", False),
        ("t1", "c", "b", 30, 20.0, "query", True),
        ("t1", "b", "a", 10, 80.0, "call", False),
        ("t1", "d", "lost", 60, 5.0, "<b>", False),
        ("t2", "e", None, 0, 7.0, "GET /", False),
    ]
    columns = list(zip(*rows, strict=True))
    return Scope.of(
        from_arrow(
            pa.table(
                {
                    "trace_id": pa.array(columns[0]),
                    "span_id": pa.array(columns[1]),
                    "parent_span_id": pa.array(columns[2], pa.string()),
                    "timestamp": pa.array(
                        [T + timedelta(milliseconds=ms) for ms in columns[3]], pa.timestamp("us", "UTC")
                    ),
                    "duration_ms": pa.array(columns[4]),
                    "name": pa.array(columns[5]),
                    "error": pa.array(columns[6]),
                }
            )
        )
    )


@pytest.mark.parametrize("where", [None, "http.route = '/a'", "size > 2900"])
@pytest.mark.parametrize("y", ["duration_ms", "size"])
def test_heatmap_counts_what_numpy_counts(where: str | None, y: str) -> None:
    scope = events().narrow(where)
    result = heatmap(scope, y=y, bins=(20, 10))
    rows = scope.run(lambda t: t.select("timestamp", y, "sample_weight")).table
    weight = rows.column("sample_weight").to_numpy()
    times = rows.column("timestamp").cast(pa.int64()).fill_null(-1).to_numpy().astype(float)
    values = rows.column(y).cast(pa.float64()).fill_null(float("nan")).to_numpy()
    there = (times >= 0) & ~np.isnan(values) & ((values > 0) | (result.apart["zero"] == 0))
    x_edges = result.x_edges.astype("int64").astype(float)
    expected = np.histogram2d(values[there], times[there], [result.y_edges, x_edges], weights=weight[there])[
        0
    ]
    assert result.grid.shape == (10, 20)
    assert result.grid.sum() == pytest.approx(weight[there].sum())
    # cells are within 1% of a value of each other, so few events fall on the other side of an edge
    assert np.abs(result.grid - expected).sum() <= 0.06 * expected.sum()
    assert result.apart["missing"] == pytest.approx(weight[(times < 0) | np.isnan(values)].sum())
    if y == "duration_ms" and where is None:
        assert result.apart["zero"] > 0
        assert result.y_edges[1] / result.y_edges[0] == pytest.approx(result.y_edges[2] / result.y_edges[1])


def test_heatmap_by_statement_agrees_with_codes() -> None:
    scope = events()
    coded = heatmap(scope, y="duration_ms", bins=(12, 6))
    stated = heatmap(scope.derive("took", "duration_ms"), y="took", bins=(12, 6))
    assert coded.sql == ""
    assert "GROUP BY" in stated.sql
    assert coded.x_edges.tolist() == stated.x_edges.tolist()
    assert np.abs(coded.grid - stated.grid).sum() <= 0.05 * stated.grid.sum()
    assert coded.apart == pytest.approx(stated.apart)


def test_heatmap_of_two_numbers_and_its_table() -> None:
    result = heatmap(events(), x="size", y="duration_ms", bins=(4, 3))
    assert result.table.column("events").to_numpy().sum() == pytest.approx(result.grid.sum())
    assert result.table.schema.names == [
        "size from",
        "size to",
        "duration_ms from",
        "duration_ms to",
        "events",
    ]


def test_heatmap_of_nothing_and_of_what_has_no_axis() -> None:
    empty = heatmap(events().narrow("size > 5000"))
    assert empty.grid.sum() == 0
    with pytest.raises(BadCall, match=r"http\.route is string, which has no axis"):
        heatmap(events(), y="http.route")
    with pytest.raises(BadCall, match="bins"):
        heatmap(events(), bins=(0, 5))
    with pytest.raises(UnknownField):
        heatmap(events(), y="duration")


def test_fields_from_a_scan_and_from_codes() -> None:
    scope = events()
    by_scan = {row["field"]: row for row in fields(scope).to_arrow().to_pylist()}
    scope.dataset.codes.ensure(scope.schema.names)
    by_codes = {row["field"]: row for row in fields(scope).to_arrow().to_pylist()}
    for name in ("duration_ms", "http.route", "size", "tags"):
        assert by_scan[name]["fill"] == pytest.approx(by_codes[name]["fill"])
    assert by_codes["http.route"]["values"] == by_scan["http.route"]["values"] == 2
    assert by_codes["http.route"]["type"] == "string"
    assert by_codes["tags"]["type"] == "list of string"
    assert "/a" in by_codes["http.route"]["top"]


def test_fields_of_some_and_of_narrowed_rows() -> None:
    result = fields(events().narrow("http.route = '/a'"), ["http.route", "size"])
    rows = {row["field"]: row for row in result.to_arrow().to_pylist()}
    assert set(rows) == {"http.route", "size"}
    assert rows["http.route"]["top"] == "/a 100%"


def test_trace_is_a_tree() -> None:
    result = trace(spans(), "T1")
    assert result.to_arrow().column("span_id").to_pylist() == ["a", "b", "c", "d"]
    assert result.depths == (0, 1, 2, 0)
    text = str(result)
    assert "trace t1: 4 spans" in text
    assert "    query" in text
    assert "ERROR" in text
    assert "1 spans have a parent that is not among these rows" in text
    page = result._repr_html_()
    assert "<b>error</b>" in page
    assert "&lt;b&gt;" in page
    assert "<b></td>" not in page


def test_trace_that_is_not_there() -> None:
    with pytest.raises(EmptySelection) as caught:
        trace(spans(), "beef")
    assert str(caught.value) == (
        "no event has the trace id 'beef'\nHint: events.traces() lists some; ids are whole, in hex"
    )
    with pytest.raises(BadCall, match="no trace_id"):
        trace(events(), "beef")


def test_traces_are_listed_longest_first() -> None:
    rows = traces(spans()).to_arrow().to_pylist()
    assert [(row["trace_id"], row["spans"], row["errors"], row["root"]) for row in rows] == [
        ("t1", 4, 1, "GET /"),
        ("t2", 1, 0, "GET /"),
    ]


def test_samples_are_repeatable() -> None:
    scope = events()
    first = sample(scope, 5, seed=1).to_arrow()
    assert first.equals(sample(scope, 5, seed=1).to_arrow())
    assert not first.equals(sample(scope, 5, seed=2).to_arrow())
    assert sample(scope.narrow("size < 0"), 5).to_arrow().num_rows == 0
    with pytest.raises(BadCall, match=r"sample\(0\)"):
        sample(scope, 0)


def test_impact_counts_people() -> None:
    scope = Scope.of(
        from_arrow(
            pa.table(
                {
                    "timestamp": pa.array(
                        [T, T + timedelta(minutes=1), T + timedelta(minutes=2), T], pa.timestamp("us", "UTC")
                    ),
                    "user.id": pa.array(["u1", "u1", "u2", None]),
                    "error": pa.array([True, True, False, True]),
                }
            )
        )
    )
    result = impact(scope, "error")
    assert (result.affected, result.total, result.lower_bound) == (1, 2, False)
    assert result.table.to_pylist()[0]["last"] == T + timedelta(minutes=1)
    assert str(result).startswith("1 of 2 user.id (50%), from 2026-05-04 10:00:00Z to 2026-05-04 10:01:00Z")
    assert "1 of 3 selected rows have no user.id" in result.notes


def test_impact_is_a_lower_bound_where_sampled() -> None:
    scope = Scope.of(
        from_arrow(pa.table({"user.id": ["u1", "u2"], "error": [True, False], "sample_weight": [10.0, 1.0]}))
    )
    result = impact(scope, "error")
    assert result.lower_bound
    assert "at least 1 of 2 user.id" in str(result)
    assert result.table.to_pylist()[0]["events"] == 10


def test_masks_stand_in_the_order_of_the_rows() -> None:
    scope = events()
    condition = scope.condition("duration_ms > 50 and timestamp is not null")
    masks = scope.masks(condition)
    column = pa.chunked_array(
        [
            scope.dataset.take(at, np.arange(file.rows), ["duration_ms"]).column(0).combine_chunks()
            for at, file in enumerate(scope.dataset.files)
        ]
    )
    values = column.fill_null(float("nan")).to_numpy()
    times = np.concatenate(scope.dataset.codes.times())
    true = np.concatenate([mask.true for mask in masks])
    assert (true == ((values > 50) & (times != np.iinfo(np.int64).min))).all()
    null = np.concatenate([np.zeros(len(m.true), bool) if m.null is None else m.null for m in masks])
    assert (null == (np.isnan(values) & (times != np.iinfo(np.int64).min))).all()
    assert scope.masks(condition) is masks
    assert all(mask.true.all() for mask in scope.masks(None))
    narrowed = scope.narrow("size > 100")
    assert (
        sum(mask.true.sum() for mask in narrowed.masks(None))
        == narrowed.run(lambda t: t.aggregate(n=t.count())).table["n"][0].as_py()
    )


def test_derived_fields_have_codes() -> None:
    scope = events().derive("slow", "duration_ms > 50").derive("twice", "duration_ms * 2")
    codes = scope.codes("slow")
    assert sorted(codes.values.to_pylist()) == [False, True]
    assert scope.codes("twice").kind == "numeric"
    assert scope.codes("slow") is codes
    with pytest.raises(BadCall, match="there is a field 'slow' already"):
        scope.derive("SLOW", "duration_ms > 5")


def test_two_threads_ask_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    scope = events()
    with ThreadPoolExecutor(4) as pool:
        counts = list(
            pool.map(
                lambda n: (
                    scope.narrow(f"size > {n}").run(lambda t: t.aggregate(n=t.count())).table["n"][0].as_py()
                ),
                range(0, 3000, 100),
            )
        )
    assert counts == sorted(counts, reverse=True)


def test_the_engine_reads_nothing_else_and_says_what_is_gone(tmp_path: Path) -> None:
    scope = events()
    other = tmp_path / "secret.csv"
    other.write_text("a\n1\n")
    with pytest.raises(DatasetError, match="cannot be read"):
        scope.engine.run(f"select * from read_csv('{other}')")


@pytest.mark.parametrize("name", ["a[1]b", "a*b", "a?b", "it's", "ünï {x}", "a%20b"])
def test_folders_are_taken_literally(name: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1, 2, 3]}), tmp_path / "events.parquet")
    dataset = convert(tmp_path / "events.parquet", tmp_path / name)
    found = Scope.of(dataset).run(lambda t: t.aggregate(n=t["x"].sum())).table
    assert found.to_pylist() == [{"n": 6}]


@pytest.mark.parametrize(
    "text",
    [
        "duration_ms > 50 and timestamp >= '2026-05-04T13:20Z' and timestamp < '2026-05-04T13:25Z'",
        "timestamp between '2026-05-04T13:20Z' and '2026-05-04T13:21Z' and (size > 100 or duration_ms < 5)",
        "timestamp > '-5m' and duration_ms is null",
        "timestamp = '2026-05-04T13:20Z'",
        "timestamp < '2020-01-01'",
        "duration_ms > 5 or timestamp < '2026-05-04T13:10Z'",
        "not timestamp < '2026-05-04T13:50Z'",
    ],
)
@pytest.mark.parametrize("timed", [True, False])
def test_a_window_of_time_reads_less_and_says_the_same(
    text: str, timed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = events()
    table = made.dataset.arrow()
    scope = Scope.of(from_arrow(table.filter(table["timestamp"].is_valid()) if timed else table))
    condition = scope.condition(text)
    windowed = scope.masks(condition)
    monkeypatch.setattr("obskit.engine.scope.time_window", lambda _: (None, None))
    plain = Scope.of(scope.dataset).masks(condition)
    for ours, theirs in zip(windowed, plain, strict=True):
        assert (ours.true == theirs.true).all()
        nothing = np.zeros(len(ours.true), bool)
        assert (
            (nothing if ours.null is None else ours.null) == (nothing if theirs.null is None else theirs.null)
        ).all()
