"""`load`: its sources and options."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from obskit import load
from obskit.errors import InvalidArgument, NoSuchPath
from tests.events.samples import T, count, table


def test_load_takes_files_tables_and_frames(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    pq.write_table(table(), path)
    assert load(path).fingerprint == load([path]).fingerprint == load(str(tmp_path / "*.parquet")).fingerprint
    assert (
        count(load(table())) == count(load(table().to_pandas())) == count(load(table().to_batches()[0])) == 6
    )
    assert load(load(path).dataset).fingerprint == load(path).fingerprint
    with pytest.raises(NoSuchPath):
        load(tmp_path / "none")
    with pytest.raises(InvalidArgument, match="cannot load events from int"):
        load(5)  # type: ignore[arg-type]


def test_load_narrows() -> None:
    assert count(load(table(), between="-2m", where="name = 'GET /b'")) == 2
    assert count(load(table(), between=("-2m", "-1m"))) == 1
    assert count(load(table(), between="2m")) == 3
    assert count(load(table(), between=T + timedelta(minutes=4))) == 2


def test_the_error_rule_can_be_replaced() -> None:
    assert load(table()).query("count(error) as n").to_arrow()["n"][0].as_py() == 2
    events = load(table(), error="duration_ms > 250")
    assert events.query("count(error) as n").to_arrow()["n"][0].as_py() == 3
    assert "error is defined as: duration_ms > 250" in events.query("count()").notes


def test_refresh_repeats_the_options_of_load(tmp_path: Path) -> None:
    tmp_path = tmp_path / "events"
    tmp_path.mkdir()
    pq.write_table(table(), tmp_path / "a.parquet")
    events = load(tmp_path, between="-1m", where="duration_ms > 0")
    assert count(events) == 2
    pq.write_table(table(12).slice(6), tmp_path / "b.parquet")
    assert [row["timestamp"].minute for row in events.refresh().to_arrow(["timestamp"]).to_pylist()] == [
        10,
        11,
    ]
