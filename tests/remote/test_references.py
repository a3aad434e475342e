"""Numbers by reference: the same rows fulfill a condition, and Spark writes the same code for another number."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pytest
import sqlglot

from obskit.engine.draws import drawn
from obskit.engine.statement import to_sql
from obskit.remote.compilers import SPARK
from obskit.remote.references import by_reference

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
ROWS = pa.table(
    {
        "trace_id": pa.array(["a", None, "b", "c"]),
        "took": pa.array([1.5, None, float("nan"), -2.0], pa.float64()),
        "size": pa.array([7, None, 2**53 + 1, -1], pa.int64()),
        "at": pa.array([NOW, None, NOW + dt.timedelta(microseconds=1), NOW], pa.timestamp("us", "UTC")),
    }
)
TABLE: Any = ibis.table(ibis.Schema.from_pyarrow(ROWS.schema), name="rows")
MOMENT = ibis.literal(NOW, "timestamp('UTC', 6)")
CONDITIONS = {
    "float": TABLE["took"] > 1.25,
    "float and integer": TABLE["took"] <= 1,
    "literal first": ibis.literal(1.5) == TABLE["took"],
    "infinity": TABLE["took"] < float("inf"),
    "integer": TABLE["size"] != 7,
    "large integer": TABLE["size"] > 2**53,
    "small integer": (TABLE["size"] % 100).cast("int8") == 7,
    "between": TABLE["size"].between(0, 7),
    "time": TABLE["at"] > MOMENT,
    "calculated": TABLE["size"].abs() >= 7,
    "several": ~((TABLE["took"] > 0) | (TABLE["size"] < 0)).fill_null(False),
    "in CASE": (TABLE["took"] > 1).ifelse(TABLE["size"] > 6, TABLE["at"] < MOMENT),
}


def _in_duckdb(condition: Any) -> list[bool | None]:
    """Return for which rows Spark's SQL of a condition is true."""
    sql = to_sql(TABLE.select(found=condition), SPARK)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create macro get(items, place) as items[place + 1]")
        connection.register("rows", ROWS)
        found = connection.sql(sqlglot.transpile(sql, read="spark", write="duckdb")[0]).fetchall()
    return [row[0] for row in found]


@pytest.mark.parametrize("name", CONDITIONS)
def test_the_same_rows_fulfill_a_condition(name: str) -> None:
    condition = CONDITIONS[name]
    found = _in_duckdb(by_reference(condition))
    assert found == _in_duckdb(condition)
    assert len(set(found)) > 1


def _without_arrays(condition: Any) -> str:
    """Return Spark's SQL without what is passed to its code by reference."""
    sql = "".join(to_sql(TABLE.select(found=by_reference(condition)), SPARK).split())
    return re.sub(r"ARRAY\((CAST\([^()]+\)),\1\)", "ARRAY()", sql)


def test_another_number_or_time_is_not_in_the_code() -> None:
    def asked(number: float, size: int, moment: dt.datetime, share: float) -> Any:
        time: Any = ibis.literal(moment, "timestamp('UTC', 6)")
        return (
            (TABLE["took"] > number) & TABLE["size"].between(size, size + 9) & (TABLE["at"] < time)
            & drawn(TABLE, share)
        )  # fmt: skip

    first = _without_arrays(asked(1468.9, 3, NOW, 0.25))
    assert first == _without_arrays(asked(0.5, 70_000, NOW + dt.timedelta(days=1), 0.03))
    assert first.count("ARRAY()") == 5


@pytest.mark.parametrize(
    "condition",
    [
        TABLE["trace_id"] == "a",
        TABLE["size"] > 1.5,  # compared as decimals
        TABLE["size"] < ibis.literal(2**63, "uint64"),
        TABLE["took"] > ibis.null("float64"),
        TABLE["took"] > TABLE["size"],
        ibis.literal(1) > 0,
        ibis.literal(True),
    ],
)
def test_other_conditions_stay_as_they_are(condition: Any) -> None:
    assert by_reference(condition).equals(condition)


def test_a_filter_of_the_rows_can_still_skip_parts_of_files() -> None:
    rows = TABLE.filter(TABLE["size"] > 5)
    sql = to_sql(rows.select(found=by_reference(rows["took"] > 5)), SPARK)
    assert "`size` > 5" in sql
    assert "`took` > GET(ARRAY(" in sql
