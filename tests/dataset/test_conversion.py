"""Convert files of any format: the cache, full disks, interruptions, several processes."""

from __future__ import annotations

import errno
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit.dataset import Encoded, convert, encode, from_arrow, open_dataset, parts
from obskit.dataset.writer import build
from obskit.errors import DatasetError, InvalidArgument, NoSuchPath, ReadError, StorageFull
from obskit.schema import ReadOptions
from tests.dataset.samples import entries, jsonl


def test_files_are_converted_once(source: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, int, int]] = []
    data = convert(source, progress=lambda *step: heard.append(step))
    assert (data.rows, data.load_report.rows_read) == (80, 80)
    assert data.arrow(["n"])["n"].to_pylist() == list(range(80))
    assert heard[-1] == ("reading rows", 80, 0)
    assert own_cache.stat().st_mode & 0o777 == 0o700
    assert data.path.stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr("obskit.dataset.event_stream.read_paths", None)
    again = convert([str(source)])
    assert (again.path, again.fingerprint, again.load_report.rows_read) == (data.path, data.fingerprint, 80)


def test_another_mapping_or_set_of_files_is_another_entry(source: Path) -> None:
    made = {convert(source).path}
    jsonl(source / "b.jsonl", 31, 50)
    data = convert(source)
    assert data.rows == 81
    made.add(data.path)
    os.utime(source / "b.jsonl", ns=(1, 1))
    made.add(convert(source).path)
    made.add(convert(source / "b.jsonl").path)
    mapped = convert(source, options=ReadOptions(mapping={"service.name": "name"}))
    assert "service.name" in mapped.schema.names
    made.add(mapped.path)
    assert len(made) == 5


def test_a_dataset_is_opened_in_place_and_foreign_parquet_is_converted(
    source: Path, tmp_path: Path, own_cache: Path
) -> None:
    data = convert(source, tmp_path / "out")
    assert data.path == tmp_path / "out"
    assert convert(tmp_path / "out").path == tmp_path / "out"
    assert not own_cache.exists(), "neither needs the cache"
    (tmp_path / "foreign").mkdir()
    shutil.copy(data.files[0].path, tmp_path / "foreign" / "x.parquet")
    foreign = convert(tmp_path / "foreign")
    assert own_cache in foreign.path.parents
    assert foreign.arrow().equals(data.arrow())
    both = convert([tmp_path / "out", tmp_path / "foreign"])
    assert both.rows == 160, "a Dataset among other sources is read as its parts"


def test_the_output_may_not_contain_the_source(source: Path, tmp_path: Path) -> None:
    for out in (source, tmp_path):
        with pytest.raises(InvalidArgument, match=r"the output .* contains the input "):
            convert(source, out)
    inside = convert(source, source / "out")
    assert inside.rows == 80
    assert convert(source, source / "out").rows == 80, "the output is not read as a source"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    with pytest.raises(DatasetError, match="is not empty and is not a Dataset"):
        convert(source, tmp_path / "full")


def test_input_that_cannot_be_read_leaves_nothing(tmp_path: Path, own_cache: Path) -> None:
    with pytest.raises(NoSuchPath):
        convert(tmp_path / "nope", tmp_path / "out")
    (tmp_path / "bad.bin").write_bytes(b"\x00\x01" * 50)
    with pytest.raises(ReadError):
        convert(tmp_path / "bad.bin", tmp_path / "out")
    with pytest.raises(ReadError):
        convert(tmp_path / "bad.bin")
    assert not (tmp_path / "out").exists()
    assert entries(own_cache) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.bin", "cache"]


def test_a_table_in_memory_is_cached_by_content(own_cache: Path) -> None:
    table = pa.table({"timestamp": pa.array([1, 2], pa.timestamp("us", "UTC")), "x": [1, 2]})
    first = from_arrow(table)
    assert first.arrow(["x"])["x"].to_pylist() == [1, 2]
    assert from_arrow(pa.concat_tables([table.slice(0, 1), table.slice(1)])).path == first.path
    assert from_arrow(table, ReadOptions(mapping={"y": "x"})).path != first.path
    assert from_arrow(table.slice(1)).path != first.path
    assert len(entries(own_cache)) == 3


@pytest.mark.parametrize("harm", ["version", "torn", "empty"])
def test_a_torn_or_outdated_cache_entry_is_made_again(source: Path, harm: str) -> None:
    data = convert(source)
    if harm == "version":
        content = json.loads((data.path / "obskit.json").read_text())
        (data.path / "obskit.json").write_text(json.dumps(content | {"format": 99}))
    elif harm == "torn":
        data.files[0].path.write_bytes(b"PAR1")
    else:
        for path in data.path.iterdir():
            path.unlink()
    again = convert(source)
    assert (again.path, again.fingerprint) == (data.path, data.fingerprint)
    assert again.arrow().num_rows == 80


def test_a_source_that_grows_keeps_the_codes_of_its_old_parts(
    source: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obskit.dataset.conversion.build", functools.partial(build, rows=20))
    old = convert(source)
    old.codes.field("name")
    jsonl(source / "c.jsonl", 20, 80)
    new = convert(source)
    assert [file.digest for file in new.files[:4]] == [file.digest for file in old.files]
    coded: list[int] = []

    def count(column: pa.ChunkedArray) -> Encoded:
        coded.append(len(column))
        return encode(column)

    monkeypatch.setattr("obskit.dataset.file_codes.encode", count)
    assert new.codes.field("name").totals["all"].n.sum() == 100
    assert coded == [20]
    assert sorted(p.name for p in (own_cache / "codes").iterdir()) == sorted(f.digest for f in new.files)


class _FullDisk:
    """A part's file on a disk that is full after some bytes."""

    def __init__(self, path: Path, space: int = 3_000) -> None:
        self.space = space
        self.inner = _real_sink(path)
        self.hash = self.inner.hash
        self.closed = False

    def write(self, data: bytes) -> int:
        self.space -= len(data)
        if self.space < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.inner.write(data)

    def tell(self) -> int:
        return self.inner.tell()

    def flush(self) -> None:
        self.inner.flush()

    def close(self) -> None:
        self.closed = True
        self.inner.close()


_real_sink = parts._Hashing


@pytest.mark.parametrize("space", [0, 3_000, 4_000])
@pytest.mark.parametrize("cached", [True, False])
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch, space: int, cached: bool
) -> None:
    path = jsonl(tmp_path / "in" / "a.jsonl", 4_000)
    monkeypatch.setattr(parts, "_Hashing", lambda path: _FullDisk(path, space))
    with pytest.raises(StorageFull) as caught:
        convert(path, None if cached else tmp_path / "out")
    where = own_cache / "datasets" if cached else tmp_path
    assert caught.value.message == f"no space left to write the Dataset to {where}"
    assert caught.value.hint
    assert not (tmp_path / "out").exists()
    assert [p for p in where.iterdir() if p.name not in ("in", "cache")] == []
    monkeypatch.undo()


def test_a_real_full_disk_leaves_nothing(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        with pytest.raises(StorageFull, match=f"no space left to write the Dataset to {small}"):
            convert(jsonl(tmp_path / "in" / "a.jsonl", 30_000), small / "out")
        assert list(small.iterdir()) == []
        data = convert(jsonl(tmp_path / "in" / "b.jsonl", 1_000), small / "out")
        (small / "filler").write_bytes(b"x" * (os.statvfs(small).f_bavail * os.statvfs(small).f_frsize))
        with pytest.raises(StorageFull, match="no space left to write codes"):
            data.codes.field("name")
        (small / "filler").unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
        assert data.codes.field("name").totals["all"].n.sum() == 1_000
    finally:
        del mounted
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_an_interrupted_conversion_leaves_nothing(source: Path, own_cache: Path) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(source, progress=interrupt)
    assert entries(own_cache) == []
    assert convert(source).rows == 80


SLOWLY = """
import sys, time
from obskit.dataset import convert
print(convert(sys.argv[1], progress=lambda *_: (print("reading", flush=True), time.sleep(60))).fingerprint)
"""
AT_ONCE = """
import sys, time
from obskit.dataset import convert
for out in (None, sys.argv[2]):
    print("ready", flush=True)
    sys.stdin.readline()
    data = convert(sys.argv[1], out)
    values = sum(len(data.codes.field(n).values) for n in data.schema.names)
    print(data.path, data.fingerprint, values, flush=True)
"""


def test_a_killed_conversion_is_removed_after_a_day(source: Path, own_cache: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", SLOWLY, str(source)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"reading\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    (debris,) = entries(own_cache)
    assert debris.startswith(".")
    assert convert(source).rows == 80
    assert debris in entries(own_cache), "it may belong to a running process"
    os.utime(own_cache / "datasets" / debris, (time.time() - 90_000,) * 2)
    convert(source / "b.jsonl")
    assert debris not in entries(own_cache)


def test_processes_convert_the_same_folder_at_once(source: Path, tmp_path: Path, own_cache: Path) -> None:
    """First into the cache, and then all of them into the same folder."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", AT_ONCE, str(source), str(tmp_path / "out")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for place in (own_cache, tmp_path / "out"):
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        answers = {process.stdout.readline() for process in processes if process.stdout is not None}
        assert len(answers) == 1, "all processes get the same Dataset"
        path, fingerprint, _ = answers.pop().split()
        assert Path(path).is_relative_to(place)
        assert open_dataset(path).fingerprint == fingerprint
        assert [p for p in Path(path).parent.iterdir() if p.name.startswith(".")] == []
    for process in processes:
        with process:
            assert process.wait(60) == 0


def test_a_wide_foreign_file_keeps_rows_and_types(tmp_path: Path) -> None:
    table = pa.table({f"field.{k}": pa.array([k, None, 2 * k]) for k in range(300)})
    pq.write_table(table, tmp_path / "wide.parquet")
    data = convert(tmp_path / "wide.parquet")
    assert data.rows == 3
    assert data.arrow(["field.7"])["field.7"].to_pylist() == [7, None, 14]


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make parts of a few hundred rows, inspect all files first, and list the parts that are rewritten."""
    rewritten: list[str] = []

    def rewrite(part: Any, *rest: Any) -> Any:
        rewritten.append(part.path.name)
        return parts.rewrite_part(part, *rest)

    monkeypatch.setattr("obskit.dataset.writer.rewrite_part", rewrite)
    monkeypatch.setattr("obskit.dataset.event_stream.LARGE", 0)
    monkeypatch.setattr("obskit.dataset.conversion.build", functools.partial(build, rows=200))
    return rewritten


def test_fields_of_later_files_need_no_rewriting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rewritten = _counted(monkeypatch)
    source = tmp_path / "in"
    source.mkdir()
    for at, late in enumerate(["a", "b", "c"]):
        rows = [{"timestamp": "2026-05-04T10:00:00Z", late: n, "none": None} for n in range(300)]
        (source / f"{at}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = convert(source)
    assert made.schema.names == ["timestamp", "error", "a", "b", "c", "none"]
    assert [made.schema.field(name).type for name in "abc"] == [pa.int64()] * 3
    assert len(made.files) == 5
    assert rewritten == []
    table = made.arrow(list("abc"))
    assert [table.column(name).null_count for name in "abc"] == [600] * 3


def test_wrong_guesses_of_fields_are_corrected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that only the inspection saw is left out; one with a wrongly guessed type gets its own type."""
    rewritten = _counted(monkeypatch)
    source = tmp_path / "in"
    source.mkdir()
    for at in range(2):
        rows = [{"a": n} | ({"x": 1} if at else {}) for n in range(300)]
        (source / f"{at}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    seen = pa.schema([("x", pa.string()), ("gone", pa.list_(pa.int64()))])
    monkeypatch.setattr("obskit.dataset.event_stream._expected_fields", lambda *_: list(seen))
    made = convert(source)
    assert made.schema.names == ["timestamp", "error", "a", "x"]
    assert made.schema.field("x").type == pa.int64()
    assert made.arrow(["x"]).column(0).to_pylist() == [None] * 300 + [1] * 300
    assert rewritten[0] == "part-00000.parquet"
