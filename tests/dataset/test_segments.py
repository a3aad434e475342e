"""A load in several steps is the load of all files at once, whatever comes, grows, shrinks or goes.

files:      a.jsonl         a.jsonl  b.jsonl         a.jsonl (longer)  c.jsonl
converted:  a               b                        a  c
"""

from __future__ import annotations

import fcntl
import gc
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import obskit
from obskit.dataset import (
    Dataset,
    assembly,
    convert,
    drop_entry,
    file_codes,
    groups,
    open_dataset,
    preview,
    preview_files,
    segment,
    unit_index,
    writer,
)
from obskit.dataset.eviction import evict
from obskit.dataset.manifest import read_manifest
from obskit.dataset.span_forest import SpanForest
from obskit.dataset.traces import trace_arrays
from obskit.dataset.value_numbers import join_numbers
from obskit.schema import GROWING, READ_AS_IS, ReadOptions
from tests.dataset.samples import rows
from tests.support.examples import examples

STRETCHES = groups.stretches
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(autouse=True)
def each_file_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "SMALLEST", 1)


def write_lines(path: Path, rows: list[Any]) -> Path:
    path.parent.mkdir(exist_ok=True)
    text = "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    return path


def contents(data: Dataset) -> tuple[Any, ...]:
    """Everything that a user can see of a Dataset."""
    scope = obskit.load(data).scope
    counted = scope.run(lambda t: t).table
    codes = {name: data.codes.field(name) for name in data.schema.names}
    return (
        data.fingerprint,
        data.schema,
        data.arrow().to_pylist(),
        counted.to_pylist(),
        data.load_report.to_dict(),
        {name: (one.kind, one.type, one.values.to_pylist(), one.totals["all"].n.tolist(), one.distinct) for name, one in codes.items()},
    )  # fmt: skip


def outcome(source: Path) -> Any:
    try:
        return contents(convert(source))
    except obskit.ReadError as error:
        return str(error)


def by_row(table: pa.Table) -> Counter[str]:
    return Counter(repr(row) for row in table.to_pylist())


def counted(data: Dataset) -> dict[str, Any]:
    """The report without the order of its lines."""
    out = data.load_report.to_dict()
    return out | {"notes": sorted(out["notes"]), "rejected": sorted(map(str, out["rejected"]))}


VALUES = st.one_of(
    st.none(), st.integers(-5, 5), st.just(2**60), st.floats(-4, 4).map(lambda x: round(x * 2) / 4),
    st.booleans(), st.sampled_from(["x", "7", "2026-05-04T10:00:00Z", ""]),
    st.lists(st.integers(0, 3), max_size=2), st.lists(st.sampled_from(["a", "b"]), max_size=2),
)  # fmt: skip
NAMES = st.sampled_from(
    [
        "size",
        "Size",
        "SIZE",
        "http.status_code",
        "http.response.status_code",
        "duration_ms",
        "a.b",
        "user",
        "tab\there",
    ]
)
ROWS = st.fixed_dictionaries(
    {"timestamp": st.one_of(st.none(), st.integers(0, 9).map(lambda s: f"2026-05-04T10:00:0{s}Z"))},
    optional={
        "body": st.sampled_from(["seat 12A sold", "seat 3 sold", "lost", None]),
        "name": st.sampled_from(["book", "pay"]),
    },
)
UNITS = st.builds(
    lambda unit, ms, last: {"timestamp": "2026-05-04T10:00:00Z", "name": "unit", "trace_id": TRACE, "span_id": f"{unit:016x}", "duration_ms": ms} | ({} if last else {"obskit.unfinished": True}),
    st.integers(1, 4), st.sampled_from([1.0, 2.0, 3.0]), st.booleans(),
)  # fmt: skip
LINES = st.one_of(
    st.builds(lambda row, more: more | row, ROWS, st.dictionaries(NAMES, VALUES, max_size=3)),
    UNITS,
    st.just("{not json}\n"),
)
FILES = st.lists(st.lists(LINES, min_size=1, max_size=6), min_size=2, max_size=5)
BOUNDED = settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], phases=[Phase.explicit, Phase.generate])  # fmt: skip


@BOUNDED
@given(st.data())
def test_steps_give_what_one_load_gives(monkeypatch: pytest.MonkeyPatch, data: st.DataObject) -> None:
    final = data.draw(FILES)
    suffixes = [data.draw(st.sampled_from([".jsonl", ".jsonl.gz"])) for _ in final]
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "in"
        monkeypatch.setenv("OBSKIT_CACHE", f"{place}/steps")
        for _ in range(data.draw(st.integers(0, 3))):  # other states of the folder before
            for number, (rows, suffix) in enumerate(zip(final, suffixes, strict=True)):
                path = source / f"{number}{suffix}"
                kept = rows[: data.draw(st.integers(0, len(rows)))]
                path.unlink(missing_ok=True)
                if kept:
                    write_lines(path, kept)
            if source.is_dir() and any(source.iterdir()):
                try:
                    convert(source)
                except obskit.ReadError:
                    continue
        for number, (rows, suffix) in enumerate(zip(final, suffixes, strict=True)):
            write_lines(source / f"{number}{suffix}", rows)
        stepwise = outcome(source)
        assert outcome(source) == stepwise, "opened again"
        monkeypatch.setenv("OBSKIT_CACHE", f"{place}/fresh")
        assert outcome(source) == stepwise


@BOUNDED
@given(FILES, st.booleans())
def test_groups_give_what_one_pass_gives(
    monkeypatch: pytest.MonkeyPatch, final: list[Any], divided: bool
) -> None:
    """Rows may change places, for each group is sorted by time alone.

    Batches are the same on both sides, unless files are divided: whether a load has copies of rows is looked
    for batch by batch, and a list next to a number in the same batch makes text of both before they are parsed.
    """
    monkeypatch.setattr(groups, "stretches", STRETCHES if divided else lambda *_: [])
    for module in ("event_stream", "segment"):
        monkeypatch.setattr(f"obskit.dataset.{module}.coalesce", lambda batches: batches)
    monkeypatch.setattr("obskit.readers.read.group_of", lambda *_: None)
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "in"
        for number, rows in enumerate(final):
            write_lines(source / f"{number}.jsonl", rows)
        monkeypatch.setenv("OBSKIT_CACHE", f"{place}/apart")
        try:
            apart = convert(source)
        except obskit.ReadError:
            return
        monkeypatch.setenv("OBSKIT_CACHE", f"{place}/together")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(groups, "SMALLEST", 1 << 30)
            together = convert(source)
        assert apart.schema == together.schema
        assert by_row(apart.arrow()) == by_row(together.arrow())
        left = {"doubts": [], "retyped": {}} if divided else {}
        assert counted(apart) | left == counted(together) | left


def two(source: Path) -> Path:
    write_lines(
        source / "a.jsonl", [{"timestamp": "2026-05-04T10:00:00Z", "n": n, "a": "x"} for n in range(3)]
    )
    return write_lines(
        source / "b.jsonl", [{"timestamp": "2026-05-04T10:00:01Z", "n": n, "b": 1} for n in range(2)]
    )


def read_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the files that are read from now on."""
    read: list[str] = []
    before = segment.read_some_paths

    def reading(paths: Any, *rest: Any, **more: Any) -> Any:
        read.extend(Path(path).name for path in paths)
        return before(paths, *rest, **more)

    monkeypatch.setattr(segment, "read_some_paths", reading)
    return read


def test_only_what_is_new_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_files(monkeypatch)
    source = tmp_path / "in"
    two(source)
    first = convert(source)
    assert read == ["a.jsonl", "b.jsonl"]
    write_lines(source / "c.jsonl", [{"timestamp": "2026-05-04T10:00:02Z", "n": 7, "c": True}])
    write_lines(source / "b.jsonl", [{"timestamp": "2026-05-04T10:00:01Z", "n": 5}])
    second = convert(source)
    assert read[2:] == ["b.jsonl", "c.jsonl"]
    (source / "a.jsonl").unlink()
    third = convert(source)
    assert read[4:] == []
    assert [(data.rows, data.load_report.rows_read) for data in (first, second, third)] == [
        (5, 5),
        (5, 5),
        (2, 2),
    ]
    assert third.schema.names == ["timestamp", "error", "c", "n"]
    assert {file.digest for file in third.files} < {file.digest for file in second.files}


def test_codes_of_old_files_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "in"
    two(source)
    before = convert(source).codes.field("n")
    write_lines(source / "c.jsonl", [{"timestamp": "2026-05-04T10:00:02Z", "n": 7, "c": True}])
    made: list[int] = []
    encode = file_codes.encode
    monkeypatch.setattr(file_codes, "encode", lambda column: made.append(len(column)) or encode(column))
    data = convert(source)
    assert rows(data.codes.field("n")) == [*rows(before), 7]
    assert made == [1]
    assert rows(data.codes.field("c")) == [None] * 5 + [True]
    assert made == [1, 1], "nothing is coded where the field is absent"


def test_a_field_with_another_type_in_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    rewrite = assembly.rewrite_part
    monkeypatch.setattr(
        assembly, "rewrite_part", lambda part, *rest: written.append(part.path.name) or rewrite(part, *rest)
    )
    source = tmp_path / "in"
    two(source)
    write_lines(source / "c.jsonl", [{"timestamp": "2026-05-04T10:00:02Z", "n": 1.5}])
    data = convert(source)
    assert data.arrow(["n"])["n"].to_pylist() == [0.0, 1.0, 2.0, 0.0, 1.0, 1.5]
    assert len(written) == 2
    write_lines(source / "d.jsonl", [{"timestamp": "2026-05-04T10:00:03Z", "n": 2.5}])
    assert convert(source).rows == 7
    assert len(written) == 2, "the copies with another type are kept too"
    write_lines(source / "e.jsonl", [{"timestamp": "2026-05-04T10:00:04Z", "n": "x"}])
    data = convert(source)
    assert data.arrow(["n"])["n"].to_pylist() == ["0", "1", "2", "0", "1", "1.5", "2.5", "x"]
    assert data.load_report.retyped == {"n": ("float, int, string", "string", 7)}


def test_conditions_over_fields_that_some_files_lack(tmp_path: Path) -> None:
    source = tmp_path / "in"
    two(source)
    write_lines(source / "c.jsonl", [{"timestamp": "2026-05-04T10:00:02Z", "none": None, "tags": ["x"]}])
    events = obskit.load(source)
    assert [len(file.absent) > 0 for file in events.dataset.files] == [True] * 3
    assert events.query("count()", where="a is null").to_arrow()["count()"].to_pylist() == [3]
    assert events.query("count()", where="b = 1").to_arrow()["count()"].to_pylist() == [2]
    assert events.query("count()", where="none is null").to_arrow()["count()"].to_pylist() == [6]
    assert [mask.true.tolist() for mask in events.scope.masks(events.scope.condition("tags = 'x'"))] == [
        [False] * 3,
        [False] * 2,
        [True],
    ]
    assert events.to_arrow().schema.names == events.dataset.schema.names
    assert events.query("count()").sql.count("union_by_name = true") == 1


@pytest.mark.parametrize("name", ["part-00000.parquet", "segment.json", "waiting.arrow"])
def test_a_damaged_segment_is_made_again(tmp_path: Path, name: str, own_cache: Path) -> None:
    source = tmp_path / "in"
    two(source)
    unit = {
        "timestamp": "2026-05-04T10:00:00Z",
        "trace_id": TRACE,
        "span_id": "0" * 15 + "1",
        "duration_ms": 1.0,
    }
    write_lines(
        source / "a.jsonl", [{**unit, "obskit.unfinished": True}, {**unit, "span_id": "0" * 15 + "2"}]
    )
    want = contents(convert(source))
    for path in (own_cache / "segments").glob(f"*/{name}"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0x41
        path.write_bytes(data)
    for entry in (own_cache / "datasets").iterdir():
        shutil.rmtree(entry)
    again = convert(source)
    *notes, note = again.load_report.notes
    assert note == (
        f"the cached copy of this input was damaged, and was made again: {name} does not have the bytes that"
        " were written"
    )
    again.load_report.notes[:] = notes
    assert contents(again) == want
    assert contents(convert(source)) == want, "the note is about one load"


def test_a_damaged_part_is_made_again_in_the_segment_too(tmp_path: Path) -> None:
    source = tmp_path / "in"
    two(source)
    made = convert(source)
    want, path = made.arrow(), made.files[1].path
    data = bytearray(path.read_bytes())
    data[40] ^= 0x40
    path.write_bytes(data)
    again = convert(source)
    assert again.arrow().equals(want)
    assert again.load_report.notes == [
        "the cached copy of this input was damaged, and was made again: part-00001.parquet does not have the bytes that were written"
    ]


def test_links_do_not_make_a_dataset_look_changed(tmp_path: Path) -> None:
    source = tmp_path / "in"
    two(source)
    first = convert(source)
    write_lines(source / "c.jsonl", [{"timestamp": "2026-05-04T10:00:02Z"}])
    second = convert(source)
    assert os.stat(first.files[0].path).st_ino == os.stat(second.files[0].path).st_ino
    assert read_manifest(first.path).touched == read_manifest(second.path).touched == ()


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    source = tmp_path / "in"
    two(source)
    want = contents(convert(source))
    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "other"))
    assert contents(convert(source)) == want
    assert contents(convert(source)) == want


def test_the_output_shares_no_file_with_the_cache(tmp_path: Path) -> None:
    source = tmp_path / "in"
    two(source)
    cached = convert(source)
    made = convert(source, tmp_path / "out")
    assert made.arrow().sort_by("timestamp").equals(cached.arrow().sort_by("timestamp"))
    assert [os.stat(file.path).st_nlink for file in made.files] == [1]
    assert sorted(os.listdir(made.path)) == ["obskit.json", "part-00000.parquet"]


def test_links_are_counted_once_and_freed_with_the_last(tmp_path: Path, own_cache: Path) -> None:
    source = tmp_path / "in"
    two(source)
    held = convert(source)
    used = sum(
        {s.st_ino: s.st_size for p in own_cache.rglob("*") if p.is_file() for s in [p.stat()]}.values()
    )
    assert evict(used) == []
    write_lines(source / "c.jsonl", [{"timestamp": "2026-05-04T10:00:02Z"}])
    convert(source)
    gone = evict(0)
    assert held.arrow().num_rows == 5, "what a process has open stays"
    assert {path.parent.name for path in gone} == {"datasets", "segments"}
    assert len(list((own_cache / "datasets").iterdir())) == 1
    assert len(list((own_cache / "segments").iterdir())) == 2, "removing them would free nothing"
    del held
    gc.collect()
    evict(0)
    assert list((own_cache / "segments").iterdir()) == []


def test_dropping_a_dataset_drops_segments_that_no_other_has(tmp_path: Path, own_cache: Path) -> None:
    source = tmp_path / "in"
    two(source)
    old = convert(source).path
    write_lines(source / "b.jsonl", [{"timestamp": "2026-05-04T10:00:01Z", "n": 9}])
    new = convert(source)
    assert len(list((own_cache / "segments").iterdir())) == 3
    gc.collect()
    assert drop_entry(old)
    assert len(list((own_cache / "segments").iterdir())) == 2
    assert new.arrow().num_rows == 4


def test_dropping_a_dataset_drops_copies_with_another_type_and_their_originals(
    tmp_path: Path, own_cache: Path
) -> None:
    source = tmp_path / "in"
    write_lines(source / "a.jsonl", [{"timestamp": "2026-05-04T10:00:00Z", "n": 1}])
    write_lines(source / "b.jsonl", [{"timestamp": "2026-05-04T10:00:01Z", "n": 1.5}])
    old = convert(source).path
    assert len(list((own_cache / "segments").iterdir())) == 3, "a, b, and a with n as a float"
    write_lines(source / "c.jsonl", [{"timestamp": "2026-05-04T10:00:02Z", "n": 2.5}])
    new = convert(source)
    assert len(list((own_cache / "segments").iterdir())) == 4
    gc.collect()
    assert drop_entry(old)
    assert len(list((own_cache / "segments").iterdir())) == 4, "the new one is made of them too"
    path = new.path
    del new
    gc.collect()
    assert drop_entry(path)
    assert list((own_cache / "segments").iterdir()) == []


def test_without_links_shared_segments_stay(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    source = tmp_path / "in"
    two(source)
    old = convert(source).path
    write_lines(source / "b.jsonl", [{"timestamp": "2026-05-04T10:00:01Z", "n": 9}])
    new = read_manifest(convert(source).path).segments
    assert len(list((own_cache / "segments").iterdir())) == 3
    gc.collect()
    assert drop_entry(old)
    assert sorted(path.name for path in (own_cache / "segments").iterdir()) == sorted(new)


def test_several_processes_at_once(tmp_path: Path, own_cache: Path) -> None:
    source = tmp_path / "in"
    for number in range(8):
        write_lines(
            source / f"{number}.jsonl", [{"timestamp": "2026-05-04T10:00:01Z", "n": n} for n in range(500)]
        )
    code = (
        "import sys; from obskit.dataset import convert, groups; groups.SMALLEST = 1\n"
        "data = convert(sys.argv[1]); print(data.rows, data.fingerprint)"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(source)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = {process.communicate(timeout=120)[0] for process in running}
    assert said == {f"4000 {convert(source).fingerprint}\n"}
    assert [path for path in (own_cache / "segments").iterdir() if path.name.startswith(".")] == []


def test_a_mapping_may_name_a_column_of_one_file(tmp_path: Path) -> None:
    source = tmp_path / "in"
    two(source)
    data = convert(source, options=ReadOptions(mapping={"duration_ms": "b"}))
    assert data.arrow(["duration_ms"])["duration_ms"].to_pylist() == [None] * 3 + [1.0] * 2
    with pytest.raises(obskit.InvalidArgument) as caught:
        convert(source, options=ReadOptions(mapping={"duration_ms": "bb"}))
    assert str(caught.value) == (
        "no row has the field 'bb', but the mapping uses it\nHint: fields of these rows are b"
    )


def test_files_that_hold_no_events_are_one_remark(tmp_path: Path) -> None:
    source = tmp_path / "in"
    two(source)
    for name in ("x.bin", "y.bin"):
        (source / name).write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    data = convert(source, options=ReadOptions(path_fields="(?P<which>a)\\.jsonl"))
    assert data.load_report.notes == [
        "skipped 2 files that hold no events: x.bin (a PNG image), y.bin (a PNG image)",
        f"path_fields matches the path of 1 of 2 files; rows of 1 file have none of its fields (first: {source}/b.jsonl)",
    ]


def test_every_format_of_a_folder(tmp_path: Path) -> None:
    """Parquet next to JSON lines, with the same fields and others."""
    source = tmp_path / "in"
    two(source)
    table = pa.table(
        {"timestamp": pa.array([1], pa.timestamp("us", "UTC")), "n": pa.array([4], pa.int32()), "p": [["x"]]}
    )
    pq.write_table(table, source / "c.parquet")
    (source / "d.csv").write_text("timestamp,n\n2026-05-04T10:00:05Z,8\n")
    data = convert(source)
    assert data.arrow(["n", "p"]).to_pylist()[-2:] == [{"n": 4, "p": ["x"]}, {"n": 8, "p": None}]


def test_groups_depend_on_their_own_files_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "SMALLEST", 100_000)
    files = [f"/data/{n:04d}.jsonl" for n in range(400)]
    sizes = {file: n % 7 * 100 for n, file in enumerate(files)} | {"/data/0100a.jsonl": 200_000}
    monkeypatch.setattr(groups, "decompressed", sizes.__getitem__)
    found = groups.divide(files, READ_AS_IS)
    assert [file for group in found for file in group.files] == files
    assert 5 <= len(found) <= 60
    changed = []
    for gone in files:
        fewer = groups.divide([file for file in files if file != gone], READ_AS_IS)
        changed.append(sum(group not in found for group in fewer))
    assert sum(changed) < 2 * len(files)
    assert max(changed) <= 4  # a group that is full ends elsewhere, too
    more = groups.divide(sorted(sizes), READ_AS_IS)
    assert groups.Group(("/data/0100a.jsonl",)) in more
    assert sum(group not in found for group in more) <= 4
    assert groups.divide(files[:3], READ_AS_IS) == [groups.Group(tuple(files[:3]))]


def test_a_copy_in_another_folder_is_the_same_dataset(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(groups, "SMALLEST", 5_000)
    for number in range(30):
        write_lines(tmp_path / "in" / f"{number:02d}.jsonl", [unit(number, 1.0)] * (1 + number % 5))
    prints = {convert(tmp_path / "in").fingerprint}
    for name in ("copy", "b", "another/place"):
        shutil.copytree(tmp_path / "in", tmp_path / name)
        prints.add(convert(tmp_path / name).fingerprint)
        prints.add(convert(sorted((tmp_path / name).iterdir())).fingerprint)
    assert len(prints) == 1
    assert len(groups.divide([str(path) for path in sorted((tmp_path / "in").iterdir())], READ_AS_IS)) > 3


def unit(span: int, duration: float, **more: Any) -> dict[str, Any]:
    return {
        "timestamp": "2026-05-04T10:00:00Z",
        "trace_id": TRACE,
        "span_id": f"{span:016x}",
        "duration_ms": duration,
        **more,
    }


def test_the_final_row_may_come_in_any_later_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "in"
    for number in range(5):
        write_lines(source / f"{number}.jsonl", [unit(100 * number + n, 1.0) for n in range(20)])
    write_lines(
        source / "5.jsonl",
        [unit(900, 5.0, **{"obskit.unfinished": True}), unit(901, 5.0, **{"obskit.unfinished": True})],
    )
    data = convert(source)
    assert (data.rows, data.load_report.replaced) == (102, 0)
    assert data.load_report.notes == ["2 units were not finished when last seen: obskit.unfinished is true"]
    read: list[str] = []
    open_part = unit_index.open_part
    for module in (unit_index, writer):
        monkeypatch.setattr(module, "open_part", lambda part: read.append(part.path.name) or open_part(part))
    write_lines(source / "6.jsonl", [unit(900, 9.0)])
    data = convert(source)
    new = data.files[-2].path.name
    assert read == [new] * 2, "old parts are not read again, and the new one has such a span"
    assert (data.rows, data.load_report.replaced) == (102, 1)
    assert data.arrow(["span_id", "duration_ms"]).to_pylist()[-1] == {
        "span_id": f"{901:016x}",
        "duration_ms": 5.0,
    }
    write_lines(source / "7.jsonl", [unit(901, 6.0, **{"obskit.unfinished": True})])
    data = convert(source)
    assert data.arrow(["duration_ms"]).to_pylist()[-1] == {"duration_ms": 6.0}, "the latest row of a unit"
    assert data.load_report.notes == ["1 unit was not finished when last seen: obskit.unfinished is true"]


def test_a_remark_about_the_first_file_is_made_once(tmp_path: Path) -> None:
    source = tmp_path / "in"
    two(source)
    for name in ("c", "d"):
        lines = [
            {"timestamp": "2026-05-04T10:00:02Z", "n": 1},
            {"specversion": "1.0", "source": "s", "type": "t", "n": 2},
        ]
        write_lines(source / f"{name}.jsonl", lines)
    notes = [
        note
        for note in convert(source).load_report.notes
        if note.startswith("some lines look like CloudEvents, ")
    ]
    assert len(notes) == 1
    assert f"(first in {source}/c.jsonl)" in notes[0]


def grown(source: Path, count: int, start: int = 0) -> Path:
    lines = [
        {"timestamp": f"2026-05-04T10:{n // 60 % 60:02d}:{n % 60:02d}Z", "n": n, "text": "x" * (n % 50)}
        for n in range(start, start + count)
    ]
    with (
        write_lines(source / "a.jsonl", []).open("a")
        if start == 0
        else (source / "a.jsonl").open("a") as file
    ):
        file.writelines(json.dumps(line) + "\n" for line in lines)
    return source / "a.jsonl"


def stretches_read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    read: list[tuple[int, int]] = []
    before = segment.read_line_range

    def reading(part: Any, *rest: Any, **more: Any) -> Any:
        read.append((part.start, part.stop))
        return before(part, *rest, **more)

    monkeypatch.setattr(segment, "read_line_range", reading)
    return read


def test_a_file_that_grew_costs_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "SMALLEST", 4_000)
    source = tmp_path / "in"
    path = grown(source, 1_000)
    read = stretches_read(monkeypatch)
    assert convert(source).rows == 1_000
    assert [stop for _, stop in read[:-1]] == [start for start, _ in read[1:]]
    size = read[-1][1]
    assert size == path.stat().st_size
    del read[:]
    grown(source, 20, 1_000)
    data = convert(source)
    assert sum(stop - start for start, stop in read) < size / 10
    assert data.arrow(["n"])["n"].to_pylist() == list(range(1_020))
    stepwise = contents(data)
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "fresh"))
    assert contents(convert(source)) == stepwise


def test_a_file_that_was_overwritten_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "SMALLEST", 4_000)
    source = tmp_path / "in"
    path = grown(source, 1_000)
    convert(source)
    read = stretches_read(monkeypatch)
    path.write_bytes(path.read_bytes().replace(b'"n": 5,', b'"n": 6,'))
    assert sorted(convert(source).arrow(["n"])["n"].to_pylist())[4:8] == [4, 6, 6, 7]
    assert len(read) == 1
    assert read[0][0] == 0


def test_rejections_keep_their_place_in_a_divided_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "SMALLEST", 4_000)
    source = tmp_path / "in"
    path = grown(source, 1_000)
    at = path.stat().st_size
    with path.open("a") as file:
        file.write("{bad}\n" + '{"n": 1')
    data = convert(source)
    found = [(one.file, one.position, one.reason) for one in data.load_report.rejected]
    assert found == [
        (str(path), f"line 1001, byte {at}", "not JSON"),
        (str(path), f"line 1002, byte {at + 6}", "torn: the file ends within the line"),
    ]
    with path.open("a") as file:
        file.write("}\n")
    data = convert(source)
    assert (data.rows, data.load_report.rejected_count) == (1_001, 1)


def test_a_stretch_without_a_row_means_that_the_file_is_read_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "SMALLEST", 4_000)
    source = tmp_path / "in"
    path = grown(source, 300)
    with path.open("a") as file:
        file.write("no event\n" * 10_000)
    data = convert(source)
    assert (data.rows, data.load_report.rejected_count) == (300, 10_000)
    assert (
        data.load_report.rejected[99].position
        == f"line {300 + 100}, byte {path.stat().st_size - 9 * (10_000 - 99)}"
    )


def test_a_file_that_changes_while_it_is_read_is_never_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "SMALLEST", 4_000)
    source = tmp_path / "in"
    path = grown(source, 1_000)
    before, changed = segment.read_line_range, []

    def reading(part: Any, *rest: Any, **more: Any) -> Any:
        if not changed:
            changed.append(True)
            path.write_bytes(path.read_bytes().replace(b'"n": 5,', b'"n": 6,'))
        return before(part, *rest, **more)

    monkeypatch.setattr(segment, "read_line_range", reading)
    assert sorted(convert(source).arrow(["n"])["n"].to_pylist())[4:8] == [4, 6, 6, 7]


def test_a_sample_is_only_taken_of_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "in"
    two(source)
    monkeypatch.setattr(preview, "LARGE", 100)
    with preview_files(source) as found:
        assert found is not None
    convert(source)
    write_lines(source / "c.jsonl", [{"timestamp": "2026-05-04T10:00:02Z"}])
    with preview_files(source) as found:
        assert found is None


def test_earlier_versions_refuse_files_that_lack_fields(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in"
    two(source)
    assert json.loads((convert(source).path / "obskit.json").read_bytes())["format"] == 2
    monkeypatch.setattr(groups, "SMALLEST", 1 << 30)
    assert json.loads((convert(source, tmp_path / "out").path / "obskit.json").read_bytes())["format"] == 1


def spans(trace: int, hour: int, count: int) -> list[dict[str, Any]]:
    """Return pairs of a span and its child, each pair in a trace of its own."""
    out = []
    for n in range(count):
        common = {"trace_id": f"{trace:016x}{n:016x}", "timestamp": f"2026-05-04T{hour}:{n:02d}:00Z"}
        out.append(common | {"span_id": f"{2 * n + 1:016x}", "name": "root", "duration_ms": 100.0})
        parent = {"parent_span_id": f"{2 * n + 1:016x}"}
        out.append(common | parent | {"span_id": f"{2 * n + 2:016x}", "name": "child", "duration_ms": 50.0})
    return out


def assert_as_if_nothing_were_stored(data: Dataset) -> None:
    """Compare what depends on all files, in this process and after opening it again, with a fresh result."""
    names = data.schema.names
    numbers = join_numbers(data.files, "trace_id", data.codes.clusters("trace_id"))
    fresh = SpanForest(data.files, names, numbers, lambda _, __, make: make())
    for one in (data, open_dataset(data.path)):
        for name in ("trace", "parent", "span", "copy", "depth", "self_ns", "critical_ns"):
            np.testing.assert_array_equal(getattr(one.forest, name), getattr(fresh, name), err_msg=name)
        for mine, other in zip(one.codes.traces(), trace_arrays(data.files, names, numbers), strict=True):
            assert mine.keys() == other.keys()
            for name, values in other.items():
                np.testing.assert_array_equal(mine[name], values, err_msg=name)


@pytest.fixture
def undivided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "stretches", lambda *_: [])


@pytest.mark.usefixtures("undivided")
def test_spans_of_the_same_files_in_another_order(tmp_path: Path) -> None:
    first = write_lines(tmp_path / "in" / "a.jsonl", spans(10, 10, 6))
    second = write_lines(tmp_path / "in" / "b.jsonl", spans(11, 11, 9))
    for files in ([first, second], [second, first]):
        data = convert(files)
        assert [file.rows for file in data.files] == ([12, 18] if files[0] == first else [18, 12])
        assert_as_if_nothing_were_stored(data)


@pytest.mark.usefixtures("undivided")
def test_spans_of_a_file_and_its_copy(tmp_path: Path) -> None:
    first = write_lines(tmp_path / "in" / "a.jsonl", spans(10, 10, 6))
    shutil.copy(first, tmp_path / "in" / "b.jsonl")
    data = convert(tmp_path / "in")
    assert len(data.files) == 2
    assert data.files[0].digest == data.files[1].digest
    assert (data.forest.span.sum(), data.forest.copy.sum()) == (12, 12)
    assert_as_if_nothing_were_stored(data)
    assert_as_if_nothing_were_stored(convert(tmp_path / "in"))


@pytest.mark.usefixtures("undivided")
def test_a_folder_that_grows_adds_nothing_to_the_codes_of_old_files(tmp_path: Path, own_cache: Path) -> None:
    old, counts = None, []
    for hour in range(4):
        write_lines(tmp_path / "in" / f"{hour}.jsonl", spans(hour, 10 + hour, 5))
        data = convert(tmp_path / "in")
        assert data.forest.self_ns.size
        assert data.codes.traces()
        counts.append(len(list((own_cache / "codes" / data.files[0].digest).iterdir())))
        if old is not None:
            gc.collect()
            assert drop_entry(old)
        old = data.path
    assert len(set(counts)) == 1
    assert len(list(own_cache.rglob("traces-*"))) == 4, "those of the last Dataset"


@pytest.mark.parametrize("smallest", [1, 1 << 24])
def test_fields_of_paths_are_those_of_the_folder_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, smallest: int
) -> None:
    """The same files, given by another folder or written in another way, have other fields."""
    monkeypatch.setattr(groups, "SMALLEST", smallest)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    write_lines(tmp_path / "logs" / "zone" / "x.jsonl", [{"timestamp": "2026-05-04T10:00:00Z"}] * 3)
    write_lines(tmp_path / "logs" / "zone" / "y.jsonl", [{"timestamp": "2026-05-04T10:00:01Z"}] * 3)
    monkeypatch.setattr(preview, "LARGE", 1)

    def tops(source: Path, pattern: str) -> list[str]:
        options = ReadOptions(path_fields=pattern)
        with preview_files(source, options) as found:
            assert found is not None, "not converted yet"
        data = convert(source, options=options)
        assert (len(data.files) > 1) == (smallest == 1)
        return sorted(set(data.arrow(["top"])["top"].to_pylist())) if "top" in data.schema.names else []

    first_folder = r"^(?P<top>[^/]+)/"
    assert tops(Path("logs"), first_folder) == ["zone"]
    assert tops(Path("logs/zone"), first_folder) == ["logs"]
    as_given = r"^(?P<top>logs)/"
    assert tops(Path("logs"), as_given) == ["logs"]
    assert tops(tmp_path / "logs", as_given) == []


@pytest.mark.parametrize("harm", ["digit", "link", "torn", "an earlier version", "type", "empty"])
def test_stretches_that_are_damaged_are_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path, harm: str
) -> None:
    monkeypatch.setattr(groups, "SMALLEST", 4_000)
    path = grown(tmp_path / "in", 300)
    os.utime(path, ns=(10**18, 10**18))
    want = contents(convert(path))
    [kept] = own_cache.glob("segments/*/lines.json")
    good = kept.read_text()
    stretches = json.loads(good)["stretches"]
    assert len(stretches) > 2
    stretches[0][1] -= 1
    text = {
        "digit": json.dumps(json.loads(good) | {"stretches": stretches}),
        "torn": good[:-9],
        "an earlier version": json.dumps(json.loads(good)["stretches"]),
        "type": "7",
        "empty": "",
    }
    if harm == "link":
        kept.rename(tmp_path / "elsewhere")
        kept.symlink_to(tmp_path / "elsewhere")
    else:
        kept.write_text(text[harm])
    for entry in (*own_cache.glob("datasets/*"), *own_cache.glob("segments/*")):
        if entry != kept.parent:
            shutil.rmtree(entry)
    assert contents(convert(path)) == want
    assert kept.read_text() == good
    assert not kept.is_symlink()
    monkeypatch.setattr(groups, "line_ranges", lambda *_: pytest.fail("divided again"))
    groups.stretches(str(path), READ_AS_IS, 4_000)


@pytest.mark.parametrize("smallest", [1, 1 << 24])
def test_a_record_that_was_never_completed_is_rejected_once_nobody_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, smallest: int
) -> None:
    """The process that wrote the file was killed: its size and time are those of the load before."""
    monkeypatch.setattr(groups, "SMALLEST", smallest)
    monkeypatch.setattr(groups, "stretches", lambda *_: [])
    source = tmp_path / "in"
    two(source)
    with (source / "b.jsonl").open("a") as file:
        file.write('{"n":')
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        open_end = convert(source)
        assert convert(source).path == open_end.path, "it is still being written"
    assert (open_end.load_report.notes, open_end.load_report.rejected_count) == ([GROWING], 0)
    for _ in range(2):
        data = convert(source)
        assert (data.rows, data.load_report.notes, data.load_report.rejected_count) == (5, [], 1)
    assert open_end.arrow().num_rows == 5, "it is still open"


@pytest.mark.parametrize("smallest", [1, 1 << 24])
def test_documents_that_come_or_go_are_in_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, smallest: int
) -> None:
    monkeypatch.setattr(groups, "SMALLEST", smallest)
    source = tmp_path / "in"
    two(source)
    assert convert(source).load_report.notes == []
    (source / "README.md").write_text("about")
    assert convert(source).load_report.notes == ["skipped 1 file that holds no events: README.md"]
    (source / "README.md").unlink()
    assert convert(source).load_report.notes == []
