"""DuckDB in its own file: several connections of one process, and times in UTC whatever the machine's zone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

import obskit as ok

ROOT = Path(__file__).resolve().parents[2]
ASKED = """
import sys, obskit as ok
for address, table in zip(sys.argv[1::2], sys.argv[2::2]):
    there = ok.connect(address, table)
    hours = there.derive(at="hour(timestamp)").query("rows()", by="at", order="at")
    days = there.derive(at="date_trunc('day', timestamp)").query("rows()", by="at", order="at")
    print(hours.table.to_pylist(), days.table.to_pylist())
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("duckdb") / "events.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register("rows", ok.load("sample_events").to_arrow())
        connection.execute("create table events as from rows")
    return path


def test_a_file_can_be_connected_to_twice(file: Path) -> None:
    one, other = (ok.connect(f"duckdb://{file}", "events") for _ in range(2))
    assert one.query("count()").table.equals(other.query("count()").table)
    assert other.refresh().query("count()").table.equals(one.query("count()").table)


def test_a_table_without_units_of_work_can_be_asked(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "plain.duckdb")) as connection:
        connection.execute("create table events as select i % 3 as region from range(9) t(i)")
    there = ok.connect(f"duckdb://{tmp_path / 'plain.duckdb'}", "events")
    assert there.query("count() as n", by="region").table["n"].to_pylist() == [3, 3, 3]


def test_times_are_in_utc_on_a_machine_in_another_zone(file: Path, tmp_path: Path) -> None:
    """Of a table in DuckDB's own file, and of a Parquet file."""
    ok.load("sample_events").write(tmp_path / "events.parquet")
    said = [
        subprocess.run(
            [sys.executable, "-c", ASKED, f"duckdb://{file}", "events", "duckdb://", f"{tmp_path}/events.parquet"],
            env={**os.environ, "TZ": zone}, capture_output=True, text=True, check=True, cwd=ROOT,
        ).stdout.splitlines()
        for zone in ("UTC", "America/St_Johns")
    ]  # fmt: skip
    assert said[0] == said[1]
    assert len(said[0]) == 2
    hours = {row["at"] for row in ok.load("sample_events").derive(at="hour(timestamp)").query(
        "rows()", by="at"
    ).table.to_pylist()}  # fmt: skip
    assert all(f"'at': {hour}," in line for line in said[0] for hour in hours)


def test_files_outside_the_table_cannot_be_read(file: Path) -> None:
    client = ok.connect(f"duckdb://{file}", "events").dataset.client  # type: ignore[attr-defined]
    with pytest.raises(ok.RemoteError, match="DuckDB: "):
        client.run(f"select * from read_csv('{ROOT / 'README.md'}')")
    with pytest.raises(ok.ConditionError):
        client.run("set enable_external_access = true")
