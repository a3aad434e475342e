"""Delta tables: only files that the log lists are read, with the partition columns."""

import json

import pyarrow as pa
import pytest

import obskit as ok
from obskit.errors import MissingDependency, ReadError
from obskit.readers import expand
from obskit.readers.tables import delta

deltalake = pytest.importorskip("deltalake")

EVENTS = pa.table(
    {
        "timestamp": [f"2026-05-04T10:00:0{n}Z" for n in range(4)],
        "name": ["a", "b", "c", "d"],
        "day": ["x", "x", "y", "y"],
        "http.status_code": [200, 503, 200, 200],
    }
)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "events"
    deltalake.write_deltalake(str(path), EVENTS, partition_by=["day"])
    deltalake.DeltaTable(str(path)).delete("name = 'c'")
    return path


def test_deleted_rows_are_not_read_and_partition_columns_are(table, load):
    files = expand(table)
    assert [file.name for file in files] == ["00000000000000000001.json"]
    got = load(*files)
    rows = sorted(
        (row["name"], row["day"], row["http.response.status_code"], row["error"]) for row in got.rows
    )
    assert rows == [("a", "x", 200, False), ("b", "x", 503, True), ("d", "y", 200, False)]


def test_a_table_in_a_folder_with_other_files(table, load):
    (table.parent / "more.jsonl").write_text('{"name":"e"}\n')
    got = load(*expand(table.parent))
    assert sorted(row["name"] for row in got.rows) == ["a", "b", "d", "e"]


def test_a_changed_table_is_loaded_again(table):
    assert ok.load(table).dataset.rows == 3
    deltalake.write_deltalake(str(table), EVENTS.slice(0, 1), mode="append")
    assert ok.load(table).dataset.rows == 4


def test_an_unreadable_data_file_is_rejected_and_the_others_are_read(table, load):
    broken = sorted(table.glob("day=x/*.parquet"))[0]
    broken.write_bytes(b"PAR1" + b"\0" * (broken.stat().st_size - 4))
    got = load(*expand(table))
    assert [row["name"] for row in got.rows] == ["d"]
    ((position, reason),) = got.reasons
    assert position.endswith(".parquet, after row 0")
    assert reason == "a data file of the Delta table that cannot be read"


def test_a_broken_log_is_an_error(table, load):
    entry = table / "_delta_log" / "00000000000000000000.json"
    entry.write_text(entry.read_text()[:200])
    with pytest.raises(ReadError) as caught:
        load(*expand(table))
    assert str(caught.value).startswith(f"{table} cannot be read as a Delta table: ")


def test_a_log_entry_outside_of_a_table_is_an_error(tmp_path, load):
    path = tmp_path / "entry.json"
    path.write_text(json.dumps({"commitInfo": {"operation": "WRITE"}}) + "\n")
    with pytest.raises(ReadError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path} is a log entry of a Delta table, but is not at _delta_log/<20 digits>.json\n"
        "Hint: load the table's folder, which contains _delta_log"
    )


def test_a_missing_deltalake_is_an_error_with_the_extra_to_install(table, load, monkeypatch):
    monkeypatch.setattr(delta, "deltalake", None)
    with pytest.raises(MissingDependency) as caught:
        load(*expand(table))
    assert str(caught.value) == (
        f"{table} is a Delta table: reading it needs the extra 'delta'\nHint: pip install 'obskit-notebook[delta]'"
    )


def test_a_mapping_of_a_missing_column_is_an_error(table, load):
    with pytest.raises(ReadError, match=f"{table} has no column 'when', but the mapping uses it"):
        load(*expand(table), mapping={"timestamp": "when"})
