"""Write one file or a Dataset, completely or not at all; notes say what a format cannot hold."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import obskit as ok
from obskit.errors import DatasetError, EmptySelection, InvalidArgument, StorageFull, UnknownField
from obskit.events import Events
from obskit.schema import TIMESTAMP
from obskit.writers import FORMATS, save
from tests.writers.samples import MOMENT


@pytest.mark.parametrize(
    "name", ["a.parquet", "a.pq", "a.arrow", "a.feather", "a.jsonl", "a.jsonl.gz", "a.ndjson.zst"]
)
def test_the_suffix_determines_the_format(events: Events, tmp_path: Path, name: str) -> None:
    made = events.write(tmp_path / name)
    assert (made.path, made.rows, made.notes) == (tmp_path / name, 12, ())
    assert ok.load(tmp_path / name).to_arrow().equals(events.to_arrow())
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_dataset_is_the_default_and_opens_in_place(events: Events, tmp_path: Path) -> None:
    made = events.write(tmp_path / "out")
    assert str(made) == f"wrote 12 events with 9 fields to {tmp_path}/out (dataset)"
    opened = ok.load(tmp_path / "out")
    assert opened.dataset.path == tmp_path / "out"
    assert opened.to_arrow().equals(events.to_arrow())
    again = events.where("kind = 'event'").write(tmp_path / "out")
    assert again.rows == 2
    assert ok.load(tmp_path / "out").load_report.notes[1] == "narrowed to: kind = 'event'"


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.jsonl", "a.otlp.json", "a.jaeger.json", "out"])
def test_only_some_rows_and_fields(events: Events, tmp_path: Path, name: str) -> None:
    some = (
        events.where("duration_ms >= 0.5")
        .between("2026-05-04T10:00:00.000005Z", None)
        .derive(slow="duration_ms > 1")
    )
    made = some.write(
        tmp_path / name, fields=["HTTP.Status_Code", "timestamp", "duration_ms", "slow", "error"]
    )
    got = ok.load(tmp_path / name).to_arrow()
    assert made.rows == 5
    assert got.select(["timestamp", "duration_ms", "http.response.status_code", "slow"]).to_pylist() == [
        {"timestamp": t, "duration_ms": d, "http.response.status_code": 200, "slow": d > 1}
        for t, d in zip(got["timestamp"].to_pylist(), (0.625, 0.75, 0.875, 1.0, 1.125), strict=True)
    ]
    known = {field for field in got.schema.names if got[field].null_count < len(got)}
    assert known - {"kind"} == {"timestamp", "duration_ms", "error", "http.response.status_code", "slow"}


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.jsonl", "a.otlp.json", "out"])
def test_templates_and_fingerprints_come_back(tmp_path: Path, name: str) -> None:
    """Computed ones, and those that the source brought: not computed once more from the body."""
    stack = "shop.Gone: 5\n\tat shop.Pay.charge(Pay.java:5)\n\tat shop.Api.put(Api.java:7)"
    events = ok.load(
        pa.table(
            {
                "timestamp": pa.array([MOMENT] * 3, TIMESTAMP),
                "kind": ["event"] * 3,
                "body": ["seat 5 sold", "seat 6 sold", '{"msg": "seat 7 sold"}'],
                "log.record.template": [None, "seat {Id} sold", None],
                "exception.stacktrace": [stack, None, None],
            }
        )
    )
    assert events.to_arrow(["log.record.template"]).column(0).to_pylist() == [
        "seat <*> sold", "seat {Id} sold", "seat <*> sold",
    ]  # fmt: skip
    events.write(tmp_path / name)
    columns = ["body", "log.record.template", "obskit.exception.fingerprint"]
    got = ok.load(tmp_path / name).to_arrow(columns)
    assert got.to_pylist() == events.to_arrow(columns).to_pylist()


def test_a_parquet_file_keeps_every_type_and_an_attribute_called_time(tmp_path: Path) -> None:
    table = pa.table(
        {
            "timestamp": pa.array([MOMENT], TIMESTAMP),
            "time": ["noon"],
            "seen": pa.array([MOMENT], TIMESTAMP),
            "never": pa.array([None], pa.int64()),
        },
        metadata={"obskit.named": "1"},
    )
    events = ok.load(table)
    assert "time" in events.schema.names
    for name in ("a.parquet", "a.arrow"):
        made = events.write(tmp_path / name)
        assert made.notes == ()
        assert ok.load(tmp_path / name).to_arrow().equals(events.to_arrow())
    assert pq.read_metadata(tmp_path / "a.parquet").metadata[b"obskit.named"] == b"1"
    both = ok.load([events.write(tmp_path / "d").path, tmp_path / "a.parquet"])
    assert both.to_arrow(["time"]).to_pylist() == [{"time": "noon"}] * 2, (
        "a Dataset's parts know their names too"
    )


def test_notes_say_what_a_format_cannot_hold(tmp_path: Path) -> None:
    table = pa.table(
        {
            "timestamp": pa.array([MOMENT, MOMENT], TIMESTAMP),
            "trace_id": ["T-7", None],
            "time": ["noon", "one"],
            "seen": pa.array([MOMENT, None], TIMESTAMP),
            "never": pa.array([None, None], pa.int64()),
            "ratio": [float("nan"), 1.0],
        },
        metadata={"obskit.named": "1"},
    )
    events = ok.load(table)
    assert events.write(tmp_path / "a.jsonl").notes == (
        "times are written as text: seen",
        "left out because they have no values: never",
        "NaN and infinities are not valid JSON, and are written as NaN and Infinity: 1 row",
    )
    assert (tmp_path / "a.jsonl").read_text().splitlines()[0] == (
        '{"timestamp":"2026-05-04T10:00:00.000000Z","trace_id":"t-7","error":false,"ratio":NaN,'
        '"seen":"2026-05-04T10:00:00.000000Z","obskit.field.time":"noon"}'
    )
    assert events.write(tmp_path / "a.otlp.json").notes == (
        "times are written as text: seen",
        "left out because they have no values: never",
        "ids that are not 32 or 16 hex digits are written as attributes (obskit.*_id): 1 row",
    )
    assert ok.load(tmp_path / "a.otlp.json").to_arrow(["trace_id", "time"]).to_pylist() == [
        {"trace_id": "t-7", "time": "noon"},
        {"trace_id": None, "time": "one"},
    ]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_existing_files_are_not_replaced(events: Events, tmp_path: Path, name: str) -> None:
    for there in ("file", "link", "folder"):
        path = tmp_path / there
        if there == "file":
            path.write_text("mine")
        elif there == "link":
            path.symlink_to(tmp_path / "nowhere")
        else:
            path.mkdir()
        with pytest.raises(InvalidArgument) as caught:
            events.write(path, name)
        assert str(caught.value) == f"{path} already exists\nHint: choose another name, or remove it first"
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "link"]


def test_a_dataset_replaces_only_a_dataset_and_not_its_source(events: Events, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    with pytest.raises(DatasetError, match="is not empty and is not a Dataset"):
        events.write(tmp_path / "full")
    made = ok.load(events.write(tmp_path / "out").path)
    for target in (made.dataset.path, made.dataset.path / "a.parquet", tmp_path):
        with pytest.raises(InvalidArgument) as caught:
            made.write(target, "parquet")
        assert (
            str(caught.value)
            == f"the output {target} overlaps the input {tmp_path}/out\nHint: write to another folder"
        )


def test_no_rows_or_unknown_fields_are_errors(events: Events, tmp_path: Path) -> None:
    with pytest.raises(EmptySelection) as caught:
        events.where("duration_ms > 99").write(tmp_path / "a.jsonl")
    assert str(caught.value) == (
        f"no rows to write to {tmp_path}/a.jsonl\nHint: widen the condition or the time range"
    )
    with pytest.raises(UnknownField):
        events.write(tmp_path / "a.jsonl", fields=["nope"])
    with pytest.raises(InvalidArgument, match="no fields to write"):
        events.write(tmp_path / "a.jsonl", fields=[])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_an_interrupted_write_leaves_nothing(
    events: Events, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(error: BaseException) -> None:
        def batches(*_: object) -> Iterator[pa.RecordBatch]:
            yield from events.to_arrow().to_batches()
            raise error

        monkeypatch.setattr(save, "_batches", batches)

    broken(OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(StorageFull) as caught:
        events.write(tmp_path / "out.x", name)
    assert str(caught.value) == (
        f"no space left to write out.x to {tmp_path}\n"
        "Hint: free disk space, or write to another disk (obskit convert --out, OBSKIT_CACHE)"
    )
    broken(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        events.write(tmp_path / "out.x", name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.jsonl", "a.jsonl.gz"])
def test_a_full_disk_leaves_nothing(tmp_path: Path, name: str) -> None:
    small = tmp_path / "small"
    small.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(small)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        large = ok.load(pa.table({"id": [f"{i * 2654435761 % 2**32:x}" * 4 for i in range(30_000)]}))
        with pytest.raises(StorageFull, match=f"no space left to write {name} to {small}"):
            large.write(small / name)
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_progress_counts_rows(events: Events, tmp_path: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    events.write(tmp_path / "a.jsonl", progress=lambda *step: heard.append(step))
    assert heard == [("writing rows", 12, 12)]
