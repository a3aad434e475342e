"""Codes over several parts: merged, counted, kept, made again when they are no good."""

from __future__ import annotations

import errno
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

from obskit.dataset import NO_TIME, RARE, Codes, Dataset, FieldCodes, blob, open_dataset
from obskit.errors import DatasetError, StorageFull, UnknownField

Store = Callable[..., Dataset]
QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)


def rows(codes: FieldCodes) -> list[Any]:
    """Return every row's value in global entries."""
    entries = [None, *codes.values.to_pylist()]
    return [entries[code] for file in range(len(codes.parts)) for code in codes.codes(file)]


def table(**columns: Any) -> pa.Table:
    length = len(next(iter(columns.values())))
    times = pa.array(range(length), pa.timestamp("us", "UTC"))
    return pa.table({"timestamp": times, **columns})


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


def test_dictionaries_of_parts_become_one(store: Store) -> None:
    data = store(
        table(
            s=["a", "b", "b", None, "c", "a", "a", "", "d", "d", "d", "d"],
            i=[1, 1, 2, None, 5, 5, -1, -1, 2, 2, 2, 2],
        ),
        rows_per_file=4,
    )
    codes = data.codes.field("s")
    assert rows(codes) == data.arrow(["s"])["s"].to_pylist()
    assert sorted(codes.values.to_pylist()) == ["", "a", "b", "c", "d"]
    ints = data.codes.field("i")
    assert rows(ints) == data.arrow(["i"])["i"].to_pylist()
    assert ints.values.to_pylist() == [-1, 1, 2, 5]
    assert ints.totals["all"].n.tolist() == [1, 2, 2, 5, 2]


def test_parts_with_the_same_dictionary_need_no_remap(store: Store) -> None:
    data = store(table(i=[1, 2, 3] * 4, s=["x", "y", "x"] * 4), rows_per_file=6)
    assert [remap for _, remap in data.codes.field("i").parts] == [None, None]
    assert [remap for _, remap in data.codes.field("s").parts] == [None, None]


def test_exact_integers_join_the_buckets_of_a_wider_part(store: Store) -> None:
    wide = list(range(70_000))
    data = store(table(i=[*wide, 7, 7, None]), rows_per_file=70_000)
    codes = data.codes.field("i")
    assert codes.kind == "numeric"
    assert codes.lo is not None
    assert codes.hi is not None
    seven = int(np.flatnonzero((codes.lo <= 7) & (codes.hi >= 7))[0]) + 1
    assert codes.codes(1).tolist() == [seven, seven, 0]
    assert codes.totals["all"].n[seven] == 3
    assert codes.totals["all"].n.sum() == 70_003


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take short dictionaries for long ones, so that nearly unique columns fit a test."""
    monkeypatch.setattr("obskit.dataset.encoder.RARE_ENTRIES", 0)


@pytest.mark.usefixtures("few_are_many")
def test_rare_values_share_an_entry_and_a_value_so_named_keeps_its_own(store: Store) -> None:
    ids = [f"id-{i}" for i in range(20)] + ["(rare)"] * 5 + ["hot"] * 6
    data = store(table(s=ids, t=["x"] * 31), rows_per_file=100)
    codes = data.codes.field("s")
    assert sorted(codes.values.to_pylist()) == ["(rare)", "(rare)", "hot"]
    assert codes.rare_code == 3
    assert codes.totals["all"].n[3] == 20
    assert sorted(codes.totals["all"].n.tolist()) == [0, 5, 6, 20]


@pytest.mark.usefixtures("few_are_many")
def test_rare_values_of_several_parts_share_one_entry(store: Store) -> None:
    data = store(table(s=["a", "b", "c", None, None, *["d"] * 5, "d", "x", "y", None, None]), rows_per_file=5)
    codes = data.codes.field("s")
    assert rows(codes) == [RARE] * 3 + [None] * 2 + ["d"] * 5 + [RARE] * 3 + [None] * 2
    assert codes.values.to_pylist() == ["d", RARE]
    assert codes.totals["all"].n.tolist() == [4, 5, 6]


def test_times_weights_and_clusters(store: Store) -> None:
    data = store(
        pa.table(
            {
                "timestamp": pa.array([30, None, 10, 20], pa.timestamp("us", "UTC")),
                "trace_id": ["b", "a", "a", None],
                "event_count": pa.array([None, 0, 3, 1]),
                "sample_weight": [1.0, math.nan, 2.0, None],
            }
        )
    )
    assert [x.tolist() for x in data.codes.times()] == [[10, 20, 30, NO_TIME]]
    (weights,) = data.codes.weights()
    assert weights.rows_n().tolist() == [3, 1, 1, 1]
    assert weights.rows_w().tolist() == [2.0, 1.0, 1.0, 1.0]
    assert (weights.unweighted, len(weights.n)) == (2, 2)
    assert [x.tolist() for x in data.codes.clusters()] == [[1, 0, 2, 1]]
    assert data.codes.clusters()[0].dtype == np.uint32
    with pytest.raises(UnknownField, match="no field 'nope'"):
        data.codes.clusters("nope")


def test_a_dataset_without_any_of_our_columns(store: Store) -> None:
    data = store(pa.table({"s": ["a", None, "a"]}))
    assert data.codes.times()[0].tolist() == [NO_TIME] * 3
    assert data.codes.no_units
    assert data.codes.weights()[0].unweighted == 3
    assert data.codes.field("s").totals["units"].n.tolist() == [1, 2]


def test_more_weights_than_classes_are_kept_by_row(store: Store) -> None:
    data = store(table(sample_weight=[1.0 + i for i in range(600)], s=["a", "b", None] * 200))
    (weights,) = data.codes.weights()
    assert weights.classes is None
    assert weights.rows_w().tolist() == [1.0 + i for i in range(600)]
    totals = data.codes.field("s").totals["all"]
    assert totals.n.tolist() == [200, 200, 200]
    assert totals.w.tolist() == [sum(range(1 + k, 601, 3)) for k in (2, 0, 1)]


def test_codes_are_kept_and_found_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    data = store(table(s=["a", "b", None] * 5), rows_per_file=6)
    assert not data.codes.ready("s")
    heard: list[tuple[str, int, int]] = []
    data.codes.ensure(["s", "timestamp", "s"], progress=lambda *step: heard.append(step))
    assert [step[1:] for step in heard] == [(i, 6) for i in range(1, 7)]
    assert data.codes.ready("s")
    before = data.codes.field("s")
    again = open_dataset(data.path)
    assert again.codes.ready("s")
    monkeypatch.setattr("obskit.dataset.codes.encode", None)
    assert rows(again.codes.field("s")) == rows(before)
    assert again.codes.field("s") is again.codes.field("s")


@pytest.mark.parametrize("harm", ["torn", "empty", "version", "rows", "foreign", "header"])
def test_codes_that_are_no_good_are_made_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
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


def test_threads_that_ask_at_once_get_one_answer(store: Store) -> None:
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


def test_many_files_hold_no_descriptors(store: Store) -> None:
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


def test_a_dataset_that_cannot_be_written_has_its_codes_in_the_cache(
    store: Store, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = store(table(s=["a", "b", None] * 5))
    monkeypatch.setattr(blob, "save", _refusing(errno.EROFS, data.path))
    assert rows(data.codes.field("s")) == data.arrow(["s"])["s"].to_pylist()
    kept = [p for p in (own_cache / "codes" / data.files[0].digest).iterdir() if p.is_file()]
    assert len(kept) == 2
    assert open_dataset(data.path).codes.ready("s")


def test_codes_of_a_dataset_that_is_moved_away_do_not_bring_its_folder_back(
    store: Store, own_cache: Path
) -> None:
    data = store(table(s=["a", "b", None] * 5))
    data.codes.units()
    data.path.rename(data.path.with_name("moved"))
    data.codes.derived("x", pa.string(), [pa.array(["a"] * 15)])
    with pytest.raises(DatasetError, match=r"cannot read .*part-00000\.parquet"):
        data.codes.field("s")
    assert not data.path.exists()


def test_no_room_for_codes_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    data = store(table(s=["a", "b", None] * 5))
    monkeypatch.setattr(blob, "save", _refusing(errno.ENOSPC, data.path))
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
    real = Codes._make
    monkeypatch.setattr(Codes, "_make", lambda self, file, name: asked.append(file) or real(self, file, name))
    assert rows(new.codes.field("s")) == whole["s"].to_pylist()
    assert set(asked) == {2, 3}


def test_a_derived_column_is_coded_without_being_kept(store: Store) -> None:
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
