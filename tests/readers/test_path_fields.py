"""Fields of the paths of files: in every row, also of small files read together and members of archives."""

from pathlib import Path

import pyarrow as pa
import pytest

import obskit as ok
from obskit.readers import read_paths
from obskit.readers.path_fields import PathFields, with_fields
from obskit.schema import LoadReport, ReadOptions
from tests.support.archives import lines, tar
from tests.support.loaded import load_batches

ZONE = r"az=(?P<cloud__zone>[^/]+)"


def load(paths, pattern=ZONE, roots=()):
    report, options = LoadReport(), ReadOptions(path_fields=pattern)
    return load_batches(read_paths(paths, report, options, roots=roots), report, options)


@pytest.fixture
def folder(tmp_path):
    for zone in "abc":
        for number in range(3):
            path = tmp_path / f"az={zone}" / f"{number}.jsonl"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(lines(number + 1))
    return tmp_path


def count(rows, field="cloud.zone"):
    seen = {}
    for row in rows:
        seen[row.get(field)] = seen.get(row.get(field), 0) + 1
    return seen


def test_small_files_that_are_read_together_keep_their_own(folder):
    got = load(sorted(folder.rglob("*.jsonl")))
    assert count(got.rows) == {"a": 6, "b": 6, "c": 6}
    assert got.report.notes == []


def test_members_of_archives(tmp_path):
    (tmp_path / "x.tar").write_bytes(tar({"az=a/1.log": lines(2), "az=b/1.log": lines(3), "2.log": lines(1)}))
    got = load([tmp_path / "x.tar"])
    assert count(got.rows) == {"a": 2, "b": 3, None: 1}
    assert got.report.notes == [
        "path_fields matches the path of 2 of 3 files; rows of 1 file have none of its fields"
        f" (first: {tmp_path}/x.tar!2.log)"
    ]


def test_the_path_below_the_given_folder_is_searched_first(folder):
    got = load(sorted(folder.rglob("*.jsonl")), r"^(?P<top>[^/]+)/", roots=[folder])
    assert count(got.rows, "top") == {"az=a": 6, "az=b": 6, "az=c": 6}


def test_the_absolute_path_is_searched_last(folder, monkeypatch):
    monkeypatch.chdir(folder / "az=b")
    got = load(["0.jsonl"])
    assert count(got.rows) == {"b": 1}


def test_no_match_is_a_note(folder):
    got = load([folder / "az=a" / "1.jsonl"], r"region=(?P<region>\w+)")
    assert got.report.notes == [
        "path_fields matches the path of no file; rows of 1 file have none of its fields"
        f" (first: {folder}/az=a/1.jsonl)"
    ]


def test_a_value_that_a_row_has_of_its_own_stays(tmp_path):
    (tmp_path / "az=a.jsonl").write_text('{"zone": "own", "time": 1777888800}\n{"time": 1777888801}\n')
    got = load([tmp_path / "az=a.jsonl"], r"az=(?P<zone>\w)")
    assert [row["zone"] for row in got.rows] == ["own", "a"]
    assert got.report.overridden == {"zone": 1}


def test_a_group_that_matches_nothing_gives_no_field():
    fields = PathFields(r"(?P<a>x)?(?P<b>y)", [], LoadReport())
    assert fields.of(Path("y")) == (("b", "y"),)
    assert fields.of(Path("/nothing")) == ()
    batch = pa.RecordBatch.from_pydict({"n": [1]})
    assert with_fields(batch, (), LoadReport()) is batch


def test_through_load(folder, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
    events = ok.load(folder, path_fields=r"^az=(?P<zone>[^/]+)")
    counted = events.query("count() as n", by=["zone"]).to_arrow().to_pydict()
    assert dict(zip(counted["zone"], counted["n"], strict=True)) == {"a": 6, "b": 6, "c": 6}
