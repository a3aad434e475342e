"""Columns in structures: the same rows come back, and Spark writes no column of a wide answer by itself."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
import pytest
import sqlglot

import obskit as ok
from obskit.engine.result_types import with_types
from obskit.engine.statement import to_sql
from obskit.remote.compilers import SPARK
from obskit.remote.duckdb_client import DuckClient
from obskit.remote.packing import packed, unpacked
from obskit.remote.spark_client import SparkClient

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
ROWS = pa.table(
    {
        "timestamp": pa.array([NOW, None], pa.timestamp("us", "UTC")),
        "a.b": pa.array([1, None], pa.int64()),
        'it\'s `odd` "here"': pa.array(["x", None]),
        "float": pa.array([float("nan"), None], pa.float64()),
        "tags": pa.array([["a"], None], pa.list_(pa.string())),
        "s0": pa.array([True, None]),
        "s0.c0": pa.array([7, 8], pa.int8()),
    }
)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 6, 7, 8])
def test_the_columns_come_back(size: int) -> None:
    rows = ibis.table(ibis.Schema.from_pyarrow(ROWS.schema), name="rows")
    expression = packed(rows, size)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register("rows", ROWS)
        found = connection.sql(to_sql(expression)).to_arrow_table()
    typed = with_types(found, expression.schema().to_pyarrow())
    assert len(typed.columns) == (-(-7 // size) if 0 < size < 7 else 7)
    back = unpacked(typed, ROWS.column_names)
    assert back.schema == ROWS.schema
    assert str(back.to_pylist()) == str(ROWS.to_pylist())  # NaN is not equal to itself


def test_no_column_of_a_wide_answer_of_spark_is_written_by_itself() -> None:
    rows = ibis.table({f"c.{at}": "string" for at in range(67)}, name="rows")
    tree = sqlglot.parse_one(to_sql(packed(rows, SparkClient.packs), SPARK), dialect="spark")
    assert isinstance(tree, sqlglot.exp.Select)
    assert 67 / SparkClient.packs <= len(tree.selects) < 67 / SparkClient.packs + 1
    assert all(one.unalias().key == "struct" for one in tree.selects)


def test_explain_is_the_same_with_structures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with duckdb.connect(str(tmp_path / "events.duckdb")) as connection:
        connection.register("rows", ok.load("sample_events").to_arrow())
        connection.execute("create table events as from rows")
    there = ok.connect(f"duckdb://{tmp_path / 'events.duckdb'}", "events")
    wanted = there.explain("error")
    statements: list[str] = []
    run = DuckClient.run

    def listening(self: DuckClient, sql: str, cancelled: object = None) -> pa.Table:
        statements.append(sql)
        return run(self, sql, cancelled)  # type: ignore[arg-type]

    monkeypatch.setattr(DuckClient, "run", listening)
    monkeypatch.setattr(DuckClient, "packs", 8)
    found = there.explain("error")
    assert found.to_dict()["findings"] == wanted.to_dict()["findings"]
    assert len(wanted.findings) > 1
    assert ["s8" in sql for sql in statements].count(True) == 1
