"""The same questions on a Spark cluster of two workers, on ClickHouse embedded in this process, and at home.

python -m benchmarks.remote [--rows 5000000] [--only spark clickhouse]
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import obskit as ok
from benchmarks import brushing, data
from benchmarks.machine import Row, about, best, interleaved, table
from obskit.events import Events, RemoteEvents
from obskit.explorer import Explorer
from obskit.names import COLUMNS
from obskit.remote import open_table, parse_table
from tests.support.chdb_client import ChdbClient, ask, embedded
from tests.support.spark_cluster import SparkCluster

UNITS = "kind in ('server', 'consumer') or (parent_span_id is null and duration_ms is not null)"
QUERY = ("count()", "p50(duration_ms)", "p99(duration_ms)")
BY = "service.version"
PARTS = ("spark", "clickhouse")
FIELDS = 60  # that explain looks at
WARM = 8  # so many questions later, Java has compiled most of what Spark runs


def limit_of(events: Events) -> float:
    """Return the duration that 1% of the units of work exceed."""
    units = events.where(UNITS)
    return float(units.query("p99(duration_ms) as p99", exact=True).table["p99"][0].as_py())


@contextmanager
def spark(path: Path) -> Iterator[RemoteEvents]:
    """Start a cluster and connect to the Parquet files of a dataset."""
    folder = Path(tempfile.mkdtemp(prefix="obskit-spark-"))
    cluster = SparkCluster(folder, memory="3g")
    try:
        yield ok.connect(cluster.start().url, f"{path}/*.parquet")
    finally:
        cluster.close()
        shutil.rmtree(folder, ignore_errors=True)


def clickhouse(path: Path) -> RemoteEvents:
    """Copy the Parquet files of a dataset into a MergeTree in memory and on disk of this process."""
    session = embedded()
    ask(
        session,
        f"CREATE TABLE prod.events ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM file('{path}/*.parquet', Parquet)",
    )
    return RemoteEvents(open_table(ChdbClient(session), parse_table("prod.events")))


def asked(events: Events, limit: float) -> Callable[[], Any]:
    """Return explain of 1%; each run asks for another limit, so that nothing is answered from a cache."""
    numbers = iter(range(1000))
    return lambda: explained(events, limit + next(numbers) * 1e-6)


def explained(events: Events, limit: float) -> Any:
    """Return explain of the slower ones, of sixty fields."""
    names = [name for name in events.schema.names if name not in COLUMNS][:FIELDS]
    return events.explain(f"duration_ms > {limit}", history=None, fields=names)


def same_findings(there: Events, home: Events, limit: float) -> str:
    """Return for how many of three questions the first five findings are those at home, and print them."""
    names = [name for name in home.schema.names if name not in COLUMNS][:FIELDS]
    questions: list[tuple[str, str | None]] = [
        (f"duration_ms > {limit}", None),
        ("error", None),
        ("duration_ms > 1000", "http.route = '/book'"),
    ]
    same = ordered = 0
    for selection, where in questions:
        first = []
        for events in (there, home):
            found = events.explain(selection, where=where, history=None, fields=names).findings[:5]
            first.append([frozenset(one.condition.split(" and ")) for one in found])
            print(*(one.condition for one in found), "", sep="\n", flush=True)
        same += set(first[0]) == set(first[1])
        ordered += first[0] == first[1]
    return (
        f"first five findings as at home in {same} of {len(questions)} questions, in {ordered} in its order"
    )


def measure_spark(path: Path, home: Events, size: str) -> Iterator[Row]:
    """Yield the rows of Spark."""
    limit = limit_of(home)
    explained(home, limit)
    with spark(path) as there:
        ask_one = asked(there, limit)
        yield Row("explain of 1%, Spark, the first question of a cluster", size, best(ask_one, 1))
        for _ in range(WARM):
            ask_one()
        seconds = best(ask_one)
        same = same_findings(there, home, limit)
        local = best(asked(home, limit))
        yield Row("explain of 1%, Spark, later", size, seconds, f"at home; {same}", local, "<= 10 s")
        client: Any = there.dataset.client
        by_hand = (
            f"SELECT `{BY}`, count(*), percentile_approx(duration_ms, array(0.5, 0.99)) FROM "
            f"parquet.`{path}/*.parquet` GROUP BY `{BY}`"
        )
        both = interleaved([lambda: there.query(*QUERY, by=BY), lambda: client.run(by_hand)])
        yield Row(
            "count, p50, p99 by version, Spark", size, both[0], "SQL by hand", both[1], "<= 1.3x its time"
        )


def measure_clickhouse(path: Path, home: Events, size: str) -> Iterator[Row]:
    """Yield the rows of ClickHouse."""
    there = clickhouse(path)
    engine = ok.connect("duckdb://", f"{path}/*.parquet")
    for name, local in (("codes in memory", home), ("DuckDB over Parquet", engine)):
        for work, ask_one in (
            ("count, p50, p99 by version", lambda events: events.query(*QUERY, by=BY)),
            ("heatmap of 200 x 60", lambda events: events.heatmap()),
        ):
            ask_one(local)
            both = interleaved([lambda a=ask_one: a(there), lambda a=ask_one, e=local: a(e)])  # type: ignore[misc]
            yield Row(f"{work}, chdb", size, both[0], name, both[1], "<= 1.5x its time")
    explorer = Explorer(there)
    explorer.wait()
    yield from brushing.boxes(explorer, f"{size}, chdb, 40 minutes above 700 ms", 40, 700.0, "<= 1 s")
    limit = limit_of(home)
    yield Row(
        "explain of 1%, chdb", size, best(asked(there, limit), 2), "at home", best(asked(home, limit), 2)
    )


def main() -> None:
    """Print each row when it is measured, then the whole table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    given = parser.parse_args()
    path = data.events(given.rows)
    home = ok.load(path)
    size = f"{given.rows / 1e6:g}M x {len(home.schema)}"
    found = []
    parts = {"spark": measure_spark, "clickhouse": measure_clickhouse}
    for part in given.only:
        for row in parts[part](path, home, size):
            print(" | ".join(row.cells()), flush=True)
            found.append(row)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"\n{about()}, load {load}\n\n{table(found)}")


if __name__ == "__main__":
    main()
