"""One table of events at home, in DuckDB, in ClickHouse (chdb) and in Spark, with names and values that are odd."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import obskit as ok
from obskit.events import Events, RemoteEvents
from obskit.remote import open_table
from obskit.remote.address import parse_table
from tests.support import planted

ENGINES = ["duckdb", "clickhouse", pytest.param("spark", marks=pytest.mark.engines)]
# Each ends a literal or an identifier of some dialect, or is replaced inside one.
HOSTILE_NAME = "odd \"name\" `x` 'y' \\ ${env:HOME} {p:String}"
HOSTILE = [
    "it's", 'say "x"', "`tick`", "back\\slash", "end\\", "${env:HOME}", "{x:String}", "%s %(a)s", "a%b_c", "-- no",
    "/* no */", "'; drop table events; --", "$$x$$", "\\'", "naïve ünïcode 日本", "tab\tand\nline", "NULL", "",
]  # fmt: skip


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """12,000 requests with a planted cause, sample weights, lists, odd floats, odd texts and missing values."""
    found = ok.load(planted.write(tmp_path_factory.mktemp("planted"))).to_arrow()
    rows, rng = found.num_rows, np.random.default_rng(3)

    def some(values: Any, missing: float = 0.1) -> pa.Array:
        return pa.array(values, mask=rng.random(rows) < missing)

    odd = np.array([1.5, -2.5, 0.0, np.nan, np.inf, -np.inf, 2.5, 1e-300, -0.5])
    status = rng.choice([200, 404, 429, 500], rows, p=[0.9, 0.05, 0.02, 0.03])
    failed = (status >= 429) | (found.column("duration_ms").to_numpy() > 500)
    # ClickHouse has no missing list, only an empty one.
    lists = [[f"t{k}" for k in range(n)] for n in rng.integers(0, 4, rows)]
    columns = {
        **{name: found.column(name) for name in found.schema.names if name != "error"},
        "error": pa.array(failed),
        "sample_weight": some(rng.choice([1.0, 4.0], rows)),
        "event_count": some(rng.choice([1, 3], rows)),
        "http.response.status_code": some(status),
        "odd.float": some(odd[rng.integers(0, len(odd), rows)]),
        "odd.int": some(rng.integers(-7, 8, rows)),
        HOSTILE_NAME: some(np.array(HOSTILE, dtype=object)[rng.integers(0, len(HOSTILE), rows)]),
        "odd.text": some(
            np.array(["A-b-c", " pad ", "ÜBER", "x", "order 4711"], dtype=object)[rng.integers(0, 5, rows)]
        ),
        "tags": pa.array(lists, pa.list_(pa.string())),
        "started": pa.array(
            found.column("timestamp").to_numpy() - rng.integers(0, 10**9, rows).astype("timedelta64[us]"),
            pa.timestamp("us", "UTC"),
        ),
    }
    order = ok.load(pa.table(columns)).to_arrow()
    assert order.num_rows == rows
    return order.sort_by("timestamp")


@pytest.fixture(scope="session")
def home(table: pa.Table) -> Events:
    return ok.load(table)


@pytest.fixture(scope="session", params=ENGINES)
def there(
    request: pytest.FixtureRequest, home: Events, tmp_path_factory: pytest.TempPathFactory
) -> RemoteEvents:
    """The same rows in an engine."""
    folder = tmp_path_factory.mktemp(request.param)
    rows = home.to_arrow()
    if request.param == "duckdb":
        with duckdb.connect(str(folder / "events.duckdb")) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.register("rows", rows)
            connection.execute("create table events as from rows")
        return ok.connect(f"duckdb://{folder / 'events.duckdb'}", "events")
    if request.param == "clickhouse":
        from tests.support.chdb_client import ChdbClient, create_table

        session = request.getfixturevalue("chdb_session")
        create_table(session, "prod.events", rows, folder / "rows.parquet")
        return RemoteEvents(open_table(ChdbClient(session), parse_table("prod.events")))
    url = request.getfixturevalue("spark_cluster").url
    (folder / "rows").mkdir()
    for part in range(4):  # so that both workers have some
        size = -(-rows.num_rows // 4)
        pq.write_table(rows.slice(part * size, size), folder / "rows" / f"{part}.parquet")
    return ok.connect(url, str(folder / "rows"))
