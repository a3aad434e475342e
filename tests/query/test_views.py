"""heatmap, fields, trace, sample, impact, traces; and where a scope's conditions are true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit.dataset import convert, from_arrow, write
from obskit.engine import Scope
from obskit.errors import DatasetError, EmptySelection, InvalidArgument, UnknownField
from obskit.query import catalogue, fields, heatmap, impact, sample, trace, traces

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
    with pytest.raises(InvalidArgument, match=r"http\.route is string, which has no axis"):
        heatmap(events(), y="http.route")
    with pytest.raises(InvalidArgument, match="bins"):
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
    assert result.dataset["scope_rows"] == events().narrow("http.route = '/a'").masks(None)[0].true.sum()


def folded(out: Path, per_file: int = 1 << 20, rows: int = 30_000) -> Scope:
    """Every kind of field, weights and folded events, nearly unique ids: what codes and rows may differ in."""
    rng = np.random.default_rng(5)
    times = rng.integers(0, 3600_000_000, rows) + 1_777_900_000_000_000
    made = from_arrow(
        pa.table(
            {
                "timestamp": pa.array(np.sort(times), pa.timestamp("us", "UTC")),
                "seen_at": pa.array(times, pa.timestamp("us", "UTC"), mask=rng.random(rows) < 0.2),
                "duration_ms": pa.array(rng.lognormal(3, 1.5, rows), mask=rng.random(rows) < 0.05),
                "trace_id": pa.array([f"{n:032x}" for n in rng.integers(0, 20_000, rows)]),
                "event_count": pa.array(rng.integers(1, 9, rows), mask=rng.random(rows) < 0.5),
                "sample_weight": pa.array(np.where(rng.random(rows) < 0.5, 1.0, 40.0)),
                "v": pa.array(np.array(["a", "b", "", None], object)[rng.integers(0, 4, rows)]),
                "wide": pa.array(rng.integers(-(2**60), 2**60, rows)),
                "port": pa.array(rng.integers(8_000, 8_100, rows)),
                "ok": pa.array(rng.random(rows) < 0.5),
                "tags": pa.array([["a"], None] * (rows // 2), pa.list_(pa.string())),
                "nothing": pa.nulls(rows, pa.float64()),
            }
        )
    )
    schema = made.schema
    return Scope.of(write(made.batches(), lambda: schema, out, made.load_report, rows_per_file=per_file))


@pytest.mark.parametrize("files", [1, 3])
def test_fields_are_the_same_before_and_after_codes(files: int, tmp_path: Path) -> None:
    scope = folded(tmp_path / "made", 30_000 // files)
    before = fields(scope).to_arrow()
    assert len(scope.dataset.files) == files
    table = scope.dataset.arrow()
    scope.dataset.codes.ensure(scope.schema.names)
    assert fields(scope).to_arrow().equals(before)
    rows = {row["field"]: row for row in before.to_pylist()}
    for name in ("v", "port", "wide", "ok", "trace_id", "event_count"):
        exact = len(table[name].drop_null().unique())
        assert rows[name]["values"] == exact if not rows[name]["at_least"] else rows[name]["values"] <= exact
    assert [name for name, row in rows.items() if row["at_least"]] == (["trace_id"] if files > 1 else [])
    share = table["v"].null_count / table.num_rows
    assert rows["v"]["fill"] == 1 - share, "rows, without weights"
    assert set(before["source"].to_pylist()) == {"all rows"}


def test_a_lower_bound_is_shown_as_one(tmp_path: Path) -> None:
    found = fields(folded(tmp_path / "made", 10_000), ["trace_id", "port"])
    values = dict(zip(found.shown["field"].to_pylist(), found.shown["values"].to_pylist(), strict=True))
    assert values["port"] == "100"
    assert values["trace_id"].startswith(">= ")
    for text in (str(found), found._repr_html_().replace("&gt;", ">")):
        assert values["trace_id"] in text
        assert "at_least" not in text


def test_a_sample_lies_in_all_of_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "SMALL_ROWS", 1_000)
    monkeypatch.setattr(catalogue, "SAMPLE_ROWS", 800)
    n = np.arange(10_000)
    table = pa.table({"timestamp": pa.array(n + 10**15, pa.timestamp("us", "UTC")), "n": n * 1.0})
    whole = Scope.of(from_arrow(table))
    for scope, rows in ((whole, 10_000), (whole.narrow("n >= 2000"), 8_000)):
        found = fields(scope, ["n"])
        (row,) = found.to_arrow().to_pylist()
        assert row["source"] == "a sample of 800 rows"
        assert found.notes == (
            "1 field is not counted yet: fill and values are those of a sample of 800 rows",
        )
        low, _, high = (float(part.replace(",", "")) for part in row["top"].split(" … "))
        assert low < 10_000 - rows + rows / 4
        assert high > 10_000 - rows / 4
        assert found.dataset["scope_rows"] == rows
    few = fields(whole.narrow("n < 500"), ["n"]).to_arrow().to_pylist()[0]
    assert (few["source"], few["top"].split(" … ")[2]) == ("all rows", "499")
    derived = fields(whole.derive("twice", "n * 2"), ["twice"])
    assert derived.table["source"].to_pylist() == ["the first 800 rows"]


def test_trace_is_a_tree() -> None:
    result = trace(spans(), "T1")
    assert result.to_arrow().column("span_id").to_pylist() == ["a", "b", "c", "d"]
    assert result.depths == (0, 1, 2, 0)
    text = str(result)
    assert "trace t1: 4 spans" in text
    assert "    query" in text
    assert "ERROR" in text
    assert "1 span has a parent that is not among these rows" in text
    page = result._repr_html_()
    assert "<b>error</b>" in page
    assert "&lt;b&gt;" in page
    assert 'style="text-align:left;padding-left:2.8em">query' in page, (
        "stands in under its parents in JupyterLab"
    )
    assert "<b></td>" not in page


def test_trace_that_is_not_there() -> None:
    with pytest.raises(EmptySelection) as caught:
        trace(spans(), "beef")
    assert str(caught.value) == (
        "no event has the trace id 'beef'\nHint: events.traces() lists some; ids are whole, in hex"
    )
    for ask in (lambda: trace(events(), "beef"), lambda: traces(events())):
        with pytest.raises(InvalidArgument) as none:
            ask()
        assert str(none.value) == (
            "the events have no trace_id\nHint: only traced events have one; where a column has another name, "
            "load with a mapping (--mapping)"
        )


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
    with pytest.raises(InvalidArgument, match=r"sample\(0\)"):
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
    assert str(result).startswith("1 of 2 user.id (50.0%), from 2026-05-04T10:00:00Z to 2026-05-04T10:01:00Z")
    assert "1 of 3 selected rows has no user.id" in result.notes


def test_impact_is_a_lower_bound_where_sampled() -> None:
    scope = Scope.of(
        from_arrow(pa.table({"user.id": ["u1", "u2"], "error": [True, False], "sample_weight": [10.0, 1.0]}))
    )
    result = impact(scope, "error")
    assert result.lower_bound
    assert str(result).startswith("at least 1 of at least 2 user.id\n")
    assert result.table.to_pylist()[0]["share"] is None, "a ratio of two lower bounds is no fact"
    assert (
        "events are sampled: 1 and 2 are lower bounds, for of some no row was kept; of those seen it is 50.0%, "
        "of all it is not known"
    ) in result.notes
    assert result.table.to_pylist()[0]["events"] == 10


def test_impact_counts_units_as_explain_does() -> None:
    table = pa.table(
        {
            "user.id": ["u1", "u2", "u3", "u4"],
            "kind": ["server", "client", "internal", "server"],
            "error": [True, True, True, False],
            "sample_weight": [1.0, 1.0, 1.0, None],
        }
    )
    scope = Scope.of(from_arrow(table))
    units = impact(scope, "error")
    assert (units.affected, units.total, units.population) == (1, 2, "units")
    assert units.notes == ("units of work only, as explain: kind in ('server', 'consumer')",)
    everything = impact(scope, "error", population="all")
    assert (everything.affected, everything.total, everything.population) == (3, 4, "all")
    assert "population='all'" in everything.query
    chosen = impact(scope.narrow("kind = 'client'"), "error")
    assert (chosen.affected, chosen.total) == (1, 1)
    assert "the condition names kind or name: all rows it is true of are taken" in chosen.notes
    some = impact(scope, "error is not null")
    assert (
        "warning: 1 of 2 rows has no sample weight, counted as 1; known and unknown weights are mixed"
        in some.notes
    )
    with pytest.raises(InvalidArgument, match="population='some'"):
        impact(scope, "error", population="some")


def test_impact_of_nobody_and_on_nobody() -> None:
    scope = Scope.of(from_arrow(pa.table({"session.id": ["s"], "customer_id": ["c"], "error": [False]})))
    with pytest.raises(UnknownField) as missing:
        impact(scope, "error")
    assert str(missing.value) == (
        "the events have no user.id to count\nHint: say which field: by='customer_id' (--by customer_id); "
        "there are customer_id, session.id"
    )
    with pytest.raises(UnknownField, match=r"no field is called 'user.nam'"):
        impact(scope, "error", by="user.nam")
    with pytest.raises(EmptySelection) as empty:
        impact(scope, "error", by="session.id")
    assert str(empty.value) == (
        "no row is selected: error is true of none of 1\n"
        "Hint: a condition that is true of some; fields() and info show what the fields hold"
    )


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
    with pytest.raises(InvalidArgument, match="there is a field 'slow' already"):
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
