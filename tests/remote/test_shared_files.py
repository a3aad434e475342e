"""The lines of docs/engines.md with which other programs read obskit's files: each gives obskit's own counts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import obskit as ok
from obskit.remote.address import parse_address
from obskit.remote.spark_client import SparkClient
from tests.support.spark_cluster import SparkCluster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `converted` with two files."""
    path = tmp_path_factory.mktemp("shared") / "converted"
    ok.load("sample_events").write(path)
    return path


@pytest.fixture(scope="module")
def wanted() -> dict[str, int]:
    """Rows per version, as obskit counts them."""
    rows = ok.load("sample_events").query("rows() as n", by="service.version").table.to_pylist()
    return {row["service.version"]: row["n"] for row in rows}


def lines_of(program: str, folder: Path) -> list[str]:
    """Return the two lines of a program in the page, about a folder."""
    page = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
    found = re.search(rf"^{program}:\n\n```text\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    assert "converted/*.parquet" in found[1]
    lines = found[1].replace("converted/", f"{folder}/").splitlines()
    assert len(lines) == 2
    return lines


def run(lines: list[str], **names: Any) -> Any:
    """Run the first line, and return the value of the second."""
    exec(lines[0], names)
    return eval(lines[1], names)


def counts(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {row["service.version"]: row["n"] for row in rows}


def test_duckdb(folder: Path, wanted: dict[str, int]) -> None:
    found = run(lines_of("DuckDB", folder))
    assert counts(found.to_arrow_table().to_pylist()) == wanted


def test_polars(folder: Path, wanted: dict[str, int]) -> None:
    pytest.importorskip("polars", reason="needs polars")
    assert counts(run(lines_of("Polars", folder)).to_dicts()) == wanted


@pytest.mark.engines
def test_spark(spark_cluster: SparkCluster, folder: Path, wanted: dict[str, int]) -> None:
    client = SparkClient(parse_address(spark_cluster.url))
    found = client.command(lambda session: run(lines_of("Spark", folder), spark=session))
    assert counts(found.to_pylist()) == wanted


def test_clickhouse(chdb_session: Any, folder: Path, wanted: dict[str, int]) -> None:
    from tests.support.chdb_client import ask

    said = ask(chdb_session, "\n".join(lines_of("ClickHouse", folder)), "JSONEachRow")
    rows = [json.loads(line) for line in said.decode().splitlines()]
    assert {row["service.version"]: int(row["n"]) for row in rows} == wanted
