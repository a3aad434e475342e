"""Events written into tables of Spark: every type and value comes back, and nothing is half written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import obskit as ok
from obskit.events import Events, RemoteEvents
from obskit.remote import spark_table
from obskit.remote.address import parse_address
from obskit.remote.spark_client import SparkClient
from tests.remote.contract.compare import assert_same
from tests.remote.contract.conftest import HOSTILE, HOSTILE_NAME
from tests.support.spark_cluster import SparkCluster

ADDRESS = "sc://127.0.0.1:9"  # nobody listens


@pytest.fixture(scope="module")
def events() -> Events:
    """400 events with every type, missing values and odd names; `empty` has no value at all."""
    rows, rng = 400, np.random.default_rng(5)
    start = dt.datetime(2026, 5, 4, 10, tzinfo=dt.UTC)

    def some(values: list[Any]) -> list[Any]:
        return [None if rng.random() < 0.2 else values[at % len(values)] for at in range(rows)]

    return ok.load(
        pa.table(
            {
                "timestamp": [start + dt.timedelta(microseconds=1_234_567 * at) for at in range(rows)],
                "duration_ms": [float(at) / 7 for at in range(rows)],
                "name": some(["GET /a", "GET /b"]),
                "span_id": [f"{at:016x}" for at in range(rows)],
                "severity_number": pa.array(some([9, 17]), pa.int32()),
                "odd.float": some([1.5, float("nan"), float("inf"), float("-inf"), -0.0, 1e-300]),
                "big": some([2**53 + 1, -(2**62), 0]),
                "tags": pa.array(
                    [[f"t{k}" for k in range(at % 3)] for at in range(rows)], pa.list_(pa.string())
                ),
                "flag": some([True, False]),
                HOSTILE_NAME: some(HOSTILE),
                "a, b;{c}=(d)": some(["x"]),
            }
        )
    )


@pytest.fixture
def table(spark_cluster: SparkCluster) -> Iterator[str]:
    """A name that no table has, before and after a test."""
    client = SparkClient(parse_address(spark_cluster.url))
    name = "default.written_events"
    client.run(f"DROP TABLE IF EXISTS {name}")
    yield name
    client.run(f"DROP TABLE IF EXISTS {name}")


def read(url: str, table: str) -> RemoteEvents:
    return ok.connect(url, table)


def sorted_rows(events: Events) -> pa.Table:
    return events.to_arrow(sorted(events.schema.names)).sort_by("span_id")


@pytest.mark.engines
def test_every_value_comes_back(spark_cluster: SparkCluster, table: str, events: Events) -> None:
    seen: list[tuple[str, int, int]] = []
    found = events.write(spark_cluster.url, table=table, progress=lambda *step: seen.append(step))
    assert (
        str(found) == f"wrote 400 events with {len(events.schema)} fields to default.written_events (spark)"
    )
    assert seen[-1] == ("writing rows", 400, 400)
    there = read(spark_cluster.url, table)
    assert_same(sorted_rows(there), sorted_rows(events))


@pytest.mark.engines
def test_pieces_become_one_table_and_nothing_else_is_left(
    spark_cluster: SparkCluster, table: str, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_table, "ROWS", 50)
    monkeypatch.setattr(spark_table, "BYTES", 1)
    client = SparkClient(parse_address(spark_cluster.url))
    before = tables(client)
    events.write(spark_cluster.url, table=table)
    assert_same(sorted_rows(read(spark_cluster.url, table)), sorted_rows(events))
    assert tables(client) == before | {"written_events"}


def tables(client: SparkClient) -> set[str]:
    return set(client.run("SHOW TABLES IN default").column("tableName").to_pylist())


@pytest.mark.engines
def test_a_failure_between_pieces_leaves_the_table_as_it_was(
    spark_cluster: SparkCluster, table: str, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_table, "ROWS", 50)
    monkeypatch.setattr(spark_table, "BYTES", 1)
    client = SparkClient(parse_address(spark_cluster.url))
    events.where("duration_ms < 10").write(spark_cluster.url, table=table)
    rows = read(spark_cluster.url, table).dataset.rows
    before = tables(client)

    def stop(_what: str, done: int, _total: int) -> None:
        if done >= 150:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        events.write(spark_cluster.url, table=table, append=True, progress=stop)
    assert read(spark_cluster.url, table).dataset.rows == rows
    assert tables(client) == before


@pytest.mark.engines
@pytest.mark.parametrize("size", [1, 1 << 30])
def test_appended_rows_have_null_where_a_column_is_not_theirs(
    spark_cluster: SparkCluster, table: str, events: Events, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(spark_table, "BYTES", size)
    monkeypatch.setattr(spark_table, "ROWS", 50)
    early, late = events.where("duration_ms < 20"), events.where("duration_ms >= 20")
    early.write(spark_cluster.url, table=table)
    # In another order, and without a column.
    fields = [name for name in reversed(events.schema.names) if name != "flag"]
    late.write(spark_cluster.url, table=table, fields=fields, append=True)
    there = read(spark_cluster.url, table)
    assert_same(sorted_rows(there).drop_columns(["flag"]), sorted_rows(events).drop_columns(["flag"]))
    assert (
        there.query("rows()", where="duration_ms >= 20 and flag is not null").table.column(0)[0].as_py() == 0
    )


@pytest.mark.engines
def test_what_does_not_fit_is_an_error_that_names_it(
    spark_cluster: SparkCluster, table: str, events: Events
) -> None:
    url, shown = spark_cluster.url, "default.written_events"
    events.write(url, table=table, fields=["span_id", "big"])
    with pytest.raises(ok.InvalidArgument) as caught:
        events.write(url, table=table)
    assert str(caught.value) == (
        f"the table {shown} exists at {url}\nHint: choose another name, or add the rows to it: append=True"
    )
    with pytest.raises(ok.InvalidArgument) as caught:
        events.write(url, table=table, fields=["span_id", "name", "flag"], append=True)
    assert str(caught.value) == (
        f"the table {shown} has no columns 'name', 'flag'\n"
        "Hint: add the columns there, or choose the fields to write: fields=[...]"
    )
    other = events.derive(wide="duration_ms").write
    client = SparkClient(parse_address(url))
    client.run(f"DROP TABLE {table}")
    client.run(f"CREATE TABLE {table} (span_id STRING, wide BIGINT, severity_number BIGINT) USING parquet")
    with pytest.raises(ok.InvalidArgument) as caught:
        other(url, table=table, fields=["span_id", "wide"], append=True)
    assert str(caught.value) == (
        f"the column wide of {shown} is bigint, but the field is double\n"
        "Hint: write a new table, or leave the field out: fields=[...]"
    )
    events.write(url, table=table, fields=["span_id", "severity_number"], append=True)  # int fits into bigint
    assert client.run(f"SELECT sum(severity_number) s FROM {table}").to_pylist()[0]["s"] == sum(
        n or 0 for n in events.to_arrow(["severity_number"]).column(0).to_pylist()
    )


@pytest.mark.engines
def test_a_database_that_is_not_there(spark_cluster: SparkCluster, events: Events) -> None:
    with pytest.raises(ok.RemoteError, match=r"(?s)SCHEMA_NOT_FOUND.*Hint: check the name"):
        events.write(spark_cluster.url, table="no_such_database.t")


@pytest.mark.engines
def test_rows_of_another_engine_are_written_without_a_file_between(
    spark_cluster: SparkCluster, table: str, events: Events, tmp_path: Any
) -> None:
    events.write(tmp_path / "events.parquet")
    there = ok.connect("duckdb://", str(tmp_path / "events.parquet"))
    there.where("flag").write(spark_cluster.url, table=table)
    assert_same(sorted_rows(read(spark_cluster.url, table)), sorted_rows(events.where("flag")))


@pytest.mark.parametrize(
    ("path", "options", "said"),
    [
        ("clickhouse://u:secret@h/db", {"table": "t"}, "obskit does not write into clickhouse://"),
        ("duckdb://x.db", {"table": "t"}, "obskit does not write into duckdb://"),
        (ADDRESS, {"table": "a/b"}, "'a/b' is a path, expected the name of a table"),
        (ADDRESS, {"table": "a..b"}, "'a..b' is not the name of a table"),
        (ADDRESS, {"table": "t", "format": "parquet"}, "a table has no format"),
        (ADDRESS, {}, "an address of an engine needs the name of a table"),
        ("file.parquet", {"append": True}, "only a table can be appended to"),
        ("file.parquet", {"table": "t"}, "this is not an engine"),
    ],
)
def test_calls_that_are_wrong(events: Events, path: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises((ok.InvalidArgument, ok.Unsupported)) as caught:
        events.write(path, **options)
    assert str(caught.value).splitlines()[0] == said
    assert "secret" not in str(caught.value)


def test_no_rows_and_unknown_fields_are_found_before_connecting(events: Events) -> None:
    with pytest.raises(ok.EmptySelection, match="no rows to write to t"):
        events.where("duration_ms < 0").write(ADDRESS, table="t")
    with pytest.raises(ok.UnknownField):
        events.write(ADDRESS, table="t", fields=["nope"])
