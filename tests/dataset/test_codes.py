"""Codes over several parts: merged, counted, stored, and made again when they are damaged."""

from __future__ import annotations

import errno
import gc
import math
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obskit.dataset import Codes, blob, drop_entry, open_dataset, write
from obskit.dataset.eviction import folder_size
from obskit.dataset.file_codes import FileCodes
from obskit.errors import DatasetError, StorageFull, UnknownField
from obskit.schema import LoadReport
from tests.dataset.samples import Store, rows, table
from tests.support.examples import examples

QUICK = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(25)
)


ROW = st.fixed_dictionaries(
    {
        "s": st.none() | st.sampled_from(["", "a", "b", "(rare)"]) | st.text(max_size=1),
        "i": st.none() | st.integers(-3, 3) | st.integers(-(2**62), 2**62),
        "f": st.none() | st.floats() | st.sampled_from([0.0, -0.0, math.inf, math.nan]),
        "b": st.none() | st.booleans(),
        "event_count": st.none() | st.integers(1, 4),
        "sample_weight": st.none() | st.sampled_from([1.0, 2.5, 1000.0]),
        "kind": st.none() | st.sampled_from(["server", "client", "consumer"]),
        "parent_span_id": st.none() | st.just("ab"),
        "duration_ms": st.none() | st.floats(0, 100),
    }
)
TYPES = {
    "s": pa.string(),
    "i": pa.int64(),
    "f": pa.float64(),
    "b": pa.bool_(),
    "event_count": pa.int64(),
    "sample_weight": pa.float64(),
    "kind": pa.string(),
    "parent_span_id": pa.string(),
    "duration_ms": pa.float64(),
}


@QUICK
@given(st.lists(ROW, max_size=40), st.integers(1, 15))
def test_codes_decode_and_totals_equal_a_naive_count(
    store: Store, tmp_path: Path, events: list[dict[str, Any]], per_file: int
) -> None:
    shutil.rmtree(tmp_path / "ds", ignore_errors=True)
    made = {name: pa.array([e[name] for e in events], kind) for name, kind in TYPES.items()}
    data = store(table(**made), rows_per_file=per_file)
    assert sum(file.rows for file in data.files) == len(events)
    unit = [
        e["kind"] in ("server", "consumer") or (e["parent_span_id"] is None and e["duration_ms"] is not None)
        for e in events
    ]
    if not any(unit):
        assert data.codes.no_units
        unit = [True] * len(events)
    assert np.concatenate(data.codes.units()).tolist() == unit
    for name in TYPES:
        codes = data.codes.field(name)
        found = rows(codes)
        for event, seen in zip(events, found, strict=True):
            value = event[name]
            if codes.kind == "value":
                assert seen == value
            else:
                assert (seen is None) == (value is None)
        for population, mask in (("all", [True] * len(events)), ("units", unit)):
            totals = codes.totals[population]
            assert len(totals.n) == codes.size
            everything = np.concatenate([codes.codes(i) for i in range(len(codes.parts))])
            for code in range(codes.size):
                inside = [e for e, c, m in zip(events, everything, mask, strict=True) if m and c == code]
                pairs = [(e["event_count"] or 1, e["sample_weight"] or 1.0) for e in inside]
                assert totals.n[code] == sum(n for n, _ in pairs)
                assert totals.w[code] == pytest.approx(sum(n * w for n, w in pairs))
                assert totals.w2[code] == pytest.approx(sum(n * w * w for n, w in pairs))


def test_codes_are_stored_and_found_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    data = store(table(s=["a", "b", None] * 5), rows_per_file=6)
    assert not data.codes.ready("s")
    heard: list[tuple[str, int, int]] = []
    data.codes.ensure(["s", "timestamp", "s"], progress=lambda *step: heard.append(step))
    assert [step[1:] for step in heard] == [(i, 6) for i in range(1, 7)]
    assert data.codes.ready("s")
    before = data.codes.field("s")
    again = open_dataset(data.path)
    assert again.codes.ready("s")
    monkeypatch.setattr("obskit.dataset.file_codes.encode", None)
    assert rows(again.codes.field("s")) == rows(before)
    assert again.codes.field("s") is again.codes.field("s")


@pytest.mark.parametrize("harm", ["torn", "empty", "version", "rows", "foreign", "header"])
def test_damaged_codes_are_made_again(store: Store, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    data = store(table(s=["a", "b", None] * 5))
    good = rows(data.codes.field("s"))
    for path in (data.path / ".codes").rglob("*"):
        if not path.is_file():
            continue
        if harm == "version":
            monkeypatch.setattr(blob, "VERSION", 99)
            continue
        content = path.read_bytes()
        meta = blob.load(path)
        assert meta is not None
        path.unlink()
        if harm == "rows":
            blob.save(path, meta[0] | {"rows": 3}, meta[1])
        else:
            head = content[:16] + b"\xff" * 40 + content[56:]
            spoilt = {"torn": content[:-9], "empty": b"", "foreign": b"PAR1" + content, "header": head}
            path.write_bytes(spoilt[harm])
    again = open_dataset(data.path)
    assert not again.codes.ready("s")
    assert rows(again.codes.field("s")) == good


def test_threads_share_codes(store: Store) -> None:
    data = store(
        table(**{f"s{k}": [f"v{i % (k + 2)}" for i in range(400)] for k in range(8)}), rows_per_file=100
    )
    out: list[list[Any]] = []

    def ask() -> None:
        out.append([rows(data.codes.field(f"s{k}")) for k in range(8)])

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert out == [[data.arrow()[f"s{k}"].to_pylist() for k in range(8)]] * 6
    assert not [p for p in (data.path / ".codes").rglob(".*") if p.is_file()], "no temporary file stays"


def test_mapped_files_keep_no_descriptors_open(store: Store) -> None:
    data = store(table(**{f"s{k}": ["a", "b"] * 20 for k in range(30)}), rows_per_file=10)
    before = len(os.listdir("/proc/self/fd"))
    held = [data.codes.field(f"s{k}") for k in range(30)]
    assert len(os.listdir("/proc/self/fd")) <= before + 1
    assert len(held) == 30


def _refusing(code: int, folder: Path) -> Callable[..., None]:
    real = blob.save

    def save(path: Path, *rest: Any) -> None:
        if folder in path.parents:
            raise OSError(code, os.strerror(code))
        real(path, *rest)

    return save


def test_codes_of_a_read_only_dataset_are_in_the_cache(
    store: Store, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = store(table(s=["a", "b", None] * 5))
    monkeypatch.setattr(blob, "save", _refusing(errno.EROFS, data.path))
    assert rows(data.codes.field("s")) == data.arrow(["s"])["s"].to_pylist()
    kept = [p for p in (own_cache / "codes" / data.files[0].digest).iterdir() if p.is_file()]
    assert len(kept) == 2
    assert open_dataset(data.path).codes.ready("s")


def test_codes_do_not_recreate_a_dataset_that_was_moved(store: Store, own_cache: Path) -> None:
    data = store(table(s=["a", "b", None] * 5))
    data.codes.units()
    data.path.rename(data.path.with_name("moved"))
    data.codes.derived("x", pa.string(), [pa.array(["a"] * 15)])
    with pytest.raises(DatasetError, match=r"cannot read .*part-00000\.parquet"):
        data.codes.field("s")
    assert not data.path.exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EFBIG])
def test_a_full_disk_for_codes_is_an_error(store: Store, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    data = store(table(s=["a", "b", None] * 5))
    monkeypatch.setattr(blob, "save", _refusing(code, data.path))
    with pytest.raises(StorageFull) as caught:
        data.codes.field("s")
    assert (
        caught.value.message == f"no space left to write codes to {data.path}/.codes/{data.files[0].digest}"
    )
    assert caught.value.hint == "free disk space, or set OBSKIT_CACHE to a folder on a larger disk"


def test_codes_of_old_parts_stay_valid_when_one_is_appended(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = table(s=["a", "b", None, "c"] * 5)
    old = store(whole.slice(0, 10), name="old", rows_per_file=5)
    old.codes.field("s")
    new = store(whole, name="new", rows_per_file=5)
    assert [f.digest for f in new.files[:2]] == [f.digest for f in old.files]
    shutil.copytree(old.path / ".codes", new.path / ".codes")
    asked: list[int] = []
    real = FileCodes.make
    monkeypatch.setattr(
        FileCodes, "make", lambda self, file, name: asked.append(file) or real(self, file, name)
    )
    assert rows(new.codes.field("s")) == whole["s"].to_pylist()
    assert set(asked) == {2, 3}


def test_codes_of_a_derived_column_are_not_stored(store: Store) -> None:
    data = store(table(s=["a", "b", None, "c"], sample_weight=[1.0, 2.0, 3.0, None]), rows_per_file=2)
    codes = data.codes.derived("up", pa.string(), [pa.array(["A", "B"]), pa.array([None, "A"])])
    assert rows(codes) == ["A", "B", None, "A"]
    codes = data.codes.derived("big", pa.bool_(), [pa.array([True, False]), pa.array([None, True])])
    assert rows(codes) == [True, False, None, True]
    assert codes.totals["all"].w.tolist() == [3.0, 2.0, 2.0]
    assert not list((data.path / ".codes").rglob("field-*"))


def test_an_unknown_field(store: Store) -> None:
    data = store(table(s=["a"]))
    for call in (data.codes.field, data.codes.ready, lambda name: data.codes.ensure([name])):
        with pytest.raises(UnknownField):
            call("nope")


def _numbers(codes: Codes, value: int) -> list[list[int]]:
    found = codes.over_files("x", 1, lambda: [{"x": np.array([value + at])} for at in range(2)])
    return [each["x"].tolist() for each in found]


def test_arrays_over_all_files_are_gone_with_an_entry_of_the_cache(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is added to the codes of a part, which other entries share."""
    schema = table(s=["a"]).schema
    data = write(
        table(s=["a", "b"]).to_batches(),
        lambda: schema,
        own_cache / "datasets" / "entry",
        LoadReport(),
        rows_per_file=1,
    )
    written: list[int] = []
    monkeypatch.setattr("obskit.dataset.computed_arrays.evict_after", written.append)
    assert _numbers(data.codes, 5) == [[5], [6]]
    assert written == [16]
    assert _numbers(open_dataset(data.path).codes, 7) == [[5], [6]]
    assert not list((own_cache / "codes").glob("*"))
    assert folder_size(data.path) > sum(file.path.stat().st_size for file in data.files) + 16
    path = data.path
    del data
    gc.collect()
    assert drop_entry(path)
    assert not list(own_cache.rglob("x-*"))


def test_arrays_over_all_files_of_a_read_only_dataset_are_in_the_cache(
    store: Store, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = store(table(s=["a", "a"]), rows_per_file=1)
    monkeypatch.setattr(blob, "save", _refusing(errno.EROFS, data.path))
    assert _numbers(data.codes, 5) == [[5], [6]]
    assert len(list((own_cache / "codes").glob("*/x-*"))) == 2
    assert _numbers(open_dataset(data.path).codes, 7) == [[5], [6]]
    other = store(table(s=["a", "b"]), name="other", rows_per_file=1)
    assert _numbers(other.codes, 7) == [[7], [8]]
