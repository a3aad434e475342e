"""Compare heatmaps with Polars in memory, and percentiles with DuckDB's exact ones over the same Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

import obskit
from benchmarks.machine import Row, interleaved


def measure(path: Path, rows: int) -> Iterator[Row]:
    """Yield the rows of the table for one size."""
    events = obskit.load(path)
    size = f"{rows / 1e6:g}M"
    files = f"{path}/*.parquet"
    frame = pl.read_parquet(files, columns=["timestamp", "duration_ms"])
    low, high = events.dataset.span
    assert low is not None
    assert high is not None
    width = (high - low).total_seconds() * 1e6 / 200

    def polars_grid() -> pl.DataFrame:
        x = ((pl.col("timestamp") - low).dt.total_microseconds() / width).floor().cast(pl.Int32)
        y = (pl.col("duration_ms").log(10) * 10).floor().cast(pl.Int32)
        return frame.lazy().group_by(x.alias("x"), y.alias("y")).len().collect()

    events.heatmap()
    ours, other = interleaved([events.heatmap, polars_grid], 5)
    yield Row(
        "heatmap 200 x 60, warm", size, ours, "Polars in memory", other, "<= 1.5x Polars (ratio >= 0.67)"
    )

    connection = duckdb.connect()
    connection.execute("set enable_progress_bar = false")
    for by, what in (("http.route", "few groups"), ("k8s.pod.name", "many groups")):
        statement = (
            f'select "{by}", count(*), quantile_cont(duration_ms, 0.5), quantile_cont(duration_ms, 0.99) '
            f"from read_parquet('{files}') group by 1"
        )

        def duck(statement: str = statement) -> object:
            return connection.sql(statement).to_arrow_table()

        def query(by: str = by) -> object:
            return events.query("count()", "p50(duration_ms)", "p99(duration_ms)", by=by)

        query()
        ours, other = interleaved([query, duck])
        yield Row(
            f"count, p50, p99 by {by} ({what})",
            size,
            ours,
            "DuckDB's quantile_cont, Parquet",
            other,
            "ratio >= 1.0",
        )
