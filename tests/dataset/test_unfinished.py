"""Final rows replace the provisional rows of their units, and nothing else.

read:    open(1) done(1) open(2) open(2) log(2) done(3)
loaded:          done(1)         open(2) log(2) done(3)     2 replaced
"""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import obskit
from obskit.dataset import Dataset, convert, from_arrow, preview_dataset, preview_files, unfinished
from obskit.dataset import preview as previewing
from obskit.dataset import writer as writing
from obskit.dataset.writer import build
from obskit.schema import LoadReport, Normalizer
from tests.support.examples import examples

TRACE = "0af7651916cd43dd8448eb211c80319c"
OPEN = "obskit.unfinished"
Row = dict[str, Any]


def row(unit: int | None, duration: float | None, **more: Any) -> Row:
    ids = {} if unit is None else {"trace_id": TRACE, "span_id": f"{unit:016x}"}
    return {"timestamp": "2026-05-04T10:00:00Z", "name": "book", **ids, "duration_ms": duration, **more}


def opened(unit: int | None, duration: float = 10_000.0, said: Any = True, **more: Any) -> Row:
    return row(unit, duration, **{OPEN: said}, **more)


def files(folder: Path, *contents: Sequence[Row]) -> Path:
    folder.mkdir(exist_ok=True)
    for n, rows in enumerate(contents):
        (folder / f"{n}.jsonl").write_text("".join(json.dumps(item) + "\n" for item in rows))
    return folder


def left(data: Dataset) -> list[tuple[int | None, float | None, bool | None]]:
    """Rows, sorted: unit, duration, whether it is provisional."""
    names = ["span_id", "duration_ms", OPEN]
    found = data.arrow([name for name in names if name in data.schema.names]).to_pylist()
    rows = [
        (int(r["span_id"], 16) if r.get("span_id") else None, r["duration_ms"], r.get(OPEN)) for r in found
    ]
    return sorted(rows, key=str)


def consistent(data: Dataset) -> bool:
    return (
        data.rows
        == data.load_report.rows_read - data.load_report.replaced
        == data.arrow(["timestamp"]).num_rows
    )


@pytest.mark.parametrize("said", [True, "true", " TRUE ", 1])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_the_final_row_replaces_provisional_rows(tmp_path: Path, order: tuple[int, ...], said: Any) -> None:
    rows = [opened(1, said=said), opened(1, 20_000.0, said=said), row(1, 25_000.0)]
    data = convert(files(tmp_path / "in", *([rows[i]] for i in order)))
    assert left(data) == [(1, 25_000.0, None)]
    assert data.load_report.replaced == 2
    assert consistent(data)
    assert "replaced 2 provisional rows by later rows of their units" in str(data.load_report)
    assert data.load_report.notes == []


def test_a_unit_without_an_end_keeps_its_latest_row(tmp_path: Path) -> None:
    rows = [opened(1, 20_000.0), opened(1), opened(2)]
    data = convert(files(tmp_path / "in", rows))
    assert left(data) == [(1, 20_000.0, True), (2, 10_000.0, True)]
    assert str(data.load_report) == (
        "3 rows read, 0 rejected\n"
        "replaced 1 provisional row by later rows of their units\n"
        "2 units were not finished when last seen: obskit.unfinished is true"
    )
    one = convert(files(tmp_path / "one", [opened(1)]))
    assert one.load_report.notes == ["1 unit was not finished when last seen: obskit.unfinished is true"]
    found = obskit.load(tmp_path / "in").where('"obskit.unfinished"')
    assert found.query("count()").to_arrow().column(0).to_pylist() == [2]


def test_only_a_final_row_replaces_and_only_provisional_rows_are_replaced(tmp_path: Path) -> None:
    """Markers and log records have the ids of their unit; the two sides of a call in Zipkin share a span id."""
    kept = [
        opened(1),
        row(1, None, kind="event"),
        row(1, None, body="seats are slow"),
        row(2, 5.0, kind="client"),
        row(2, 4.0, kind="server"),
        row(3, 4.0, **{OPEN: False}),
        row(3, 5.0, **{OPEN: None}),
        opened(None),
        row(None, 3.0),
        opened(None),
    ]
    of_another = row(1, 3.0) | {"trace_id": "1" * 32}
    data = convert(files(tmp_path / "in", [*kept, of_another]))
    assert (data.rows, data.load_report.replaced) == (11, 0)
    assert left(data) == sorted(
        ((int(r["span_id"], 16) if "span_id" in r else None, r["duration_ms"], r.get(OPEN)) for r in [*kept, of_another]),
        key=str,
    )  # fmt: skip


def test_ids_are_not_confused(tmp_path: Path) -> None:
    rows = [
        opened(1) | {"trace_id": "a:b", "span_id": "c"},
        row(1, 1.0) | {"trace_id": "a", "span_id": "b:c"},
    ]
    assert convert(files(tmp_path / "in", rows)).rows == 2


def test_a_unit_may_be_in_otlp_and_in_jsonl(tmp_path: Path) -> None:
    def span(unit: int, seconds: int, *attributes: Any) -> Any:
        begun = 1_777_888_800
        return {
            "traceId": TRACE, "spanId": f"{unit:016x}", "name": "book", "kind": 2, "attributes": list(attributes),
            "startTimeUnixNano": f"{begun}000000000", "endTimeUnixNano": f"{begun + seconds}000000000",
        }  # fmt: skip

    spans = [
        span(1, 10, {"key": OPEN, "value": {"boolValue": True}}),
        span(2, 10, {"key": OPEN, "value": {"stringValue": "true"}}),
        span(3, 10, {"key": OPEN, "value": {"boolValue": True}}),
        span(2, 30),
        span(4, 1),
    ]
    folder = files(tmp_path / "in", [row(1, 12_000.0)])
    request = {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": spans}]}]}
    (folder / "a.json").write_text(json.dumps(request))
    data = convert(folder)
    assert left(data) == [
        (1, 12_000.0, None),
        (2, 30_000.0, None),
        (3, 10_000.0, True),
        (4, 1_000.0, None),
    ]
    assert consistent(data)


def test_a_table_a_dataset_and_the_cache(tmp_path: Path) -> None:
    folder = files(tmp_path / "in", [opened(1), opened(2), row(3, 1.0)])
    first = convert(folder, tmp_path / "out")
    assert left(first) == [(1, 10_000.0, True), (2, 10_000.0, True), (3, 1.0, None)]
    again = from_arrow(first.arrow())
    assert left(again) == left(first)
    files(tmp_path / "more", [row(2, 15_000.0)])
    both = convert([tmp_path / "out", tmp_path / "more"])
    assert left(both) == [(1, 10_000.0, True), (2, 15_000.0, None), (3, 1.0, None)]
    assert (both.load_report.rows_read, both.load_report.replaced, both.rows) == (4, 1, 3)
    opened_again = convert([tmp_path / "out", tmp_path / "more"])
    assert (opened_again.path, opened_again.load_report) == (both.path, both.load_report)
    table = pa.Table.from_pylist([opened(1), row(1, 11_000.0)])
    assert left(from_arrow(table)) == [(1, 11_000.0, None)]


def test_a_source_that_grows_keeps_its_old_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held-back rows are only in the last part, so that a later end changes no other part."""
    monkeypatch.setattr("obskit.dataset.conversion.build", functools.partial(build, rows=20))
    folder = files(tmp_path / "in", [opened(1), *(row(n, 1.0) for n in range(100, 150))])
    old = convert(folder)
    assert [file.rows for file in old.files] == [20, 20, 11]
    files(folder, [opened(1), *(row(n, 1.0) for n in range(100, 150))], [row(1, 12_000.0)])
    new = convert(folder)
    assert [file.digest for file in new.files][:2] == [file.digest for file in old.files][:2]
    assert left(new)[0] == (1, 12_000.0, None)


def test_previews_replace_provisional_rows_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [*(opened(n) for n in range(1, 51)), *(row(n, 11_000.0) for n in range(1, 41))]
    folder = files(tmp_path / "in", rows)
    monkeypatch.setattr(previewing, "LARGE", 10)
    with preview_files(folder) as found:
        assert found is not None
        assert found[0].rows == 50
    whole = convert(folder)
    assert whole.rows == 50
    with preview_dataset(whole) as small:
        assert left(small) == left(whole)


def test_provisional_rows_beyond_the_limit_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows whose ends were read are released first; beyond the limit, rows are kept, with a note."""
    monkeypatch.setattr(writing, "ProvisionalRows", functools.partial(unfinished.ProvisionalRows, rows=10))
    # Small files would be read together.
    monkeypatch.setattr("obskit.readers.read.group_of", lambda *_: None)
    monkeypatch.setattr("obskit.dataset.coalesce.SMALL", 0)
    units = range(1, 201)
    soon = convert(
        files(tmp_path / "soon", *([opened(n), row(n, 11_000.0 + n)] for n in units)), tmp_path / "a"
    )
    assert (soon.rows, soon.load_report.replaced, soon.load_report.notes) == (200, 200, [])
    rows = [[opened(n) for n in units[i : i + 5]] for i in range(0, 200, 5)]
    late = convert(files(tmp_path / "late", *rows, [row(n, 11_000.0) for n in units]), tmp_path / "b")
    assert late.load_report.notes == [
        "too many provisional rows to hold back: some were kept next to later rows of the same unit"
    ]
    assert consistent(late)
    finals = [item for item in left(late) if item[2] is None]
    assert len(finals) == 200
    assert 0 < late.load_report.replaced < 200


def test_held_rows_are_limited_in_bytes() -> None:
    held = unfinished.ProvisionalRows(LoadReport(), bytes_=50_000)
    rows = pa.RecordBatch.from_pylist([opened(n, body="x" * 1000) for n in range(1, 101)])
    batch = Normalizer(LoadReport()).batch(rows)
    for _ in range(20):
        assert held.hold_back(batch).num_rows == 0
        if held.too_many():
            held.settle([])
            assert held.too_many(0.5)
            assert sum(item.num_rows for item in held.overflow()) == 100
    assert not held.too_many()


durations = st.floats(0, 1e6).map(lambda n: round(n, 3))
units = st.integers(1, 6)
rows = st.one_of(
    st.builds(lambda unit, duration, said: opened(unit, duration, said), units, durations, st.sampled_from([True, "true"])),
    st.builds(lambda unit, duration: row(unit, duration), units, durations),
    st.builds(lambda unit: row(unit, None, kind="event"), units),
    st.builds(lambda duration: opened(None, duration), durations),
    st.builds(lambda duration: row(None, duration), durations),
)  # fmt: skip


def expected(given: list[Row]) -> list[Any]:
    ended = {r["span_id"] for r in given if OPEN not in r and "span_id" in r and r["duration_ms"] is not None}
    latest: dict[str, float] = {}
    out: list[Any] = []
    for item in given:
        if OPEN not in item or "span_id" not in item:
            unit = int(item["span_id"], 16) if "span_id" in item else None
            out.append((unit, item["duration_ms"], True if OPEN in item else None))
        elif item["span_id"] not in ended:
            latest[item["span_id"]] = max(latest.get(item["span_id"], 0.0), item["duration_ms"])
    return sorted([*out, *((int(unit, 16), took, True) for unit, took in latest.items())], key=str)


@settings(max_examples=examples(30), deadline=None)
@given(
    st.lists(st.lists(rows, min_size=1, max_size=12), min_size=1, max_size=4),
    st.sampled_from([3, 1 << 20]),
    st.randoms(),
)
def test_any_order_and_any_files_give_the_same(contents: list[list[Row]], rows_a_part: int, random: Any) -> None:  # fmt: skip
    given_rows = [item for content in contents for item in content]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("obskit.dataset.conversion.build", functools.partial(build, rows=rows_a_part))
        data = convert(files(Path(folder) / "a", *contents), Path(folder) / "out")
        assert left(data) == expected(given_rows)
        assert consistent(data)
        assert data.load_report.rows_read == len(given_rows)
        random.shuffle(given_rows)
        mixed = convert(files(Path(folder) / "b", given_rows), Path(folder) / "out-mixed")
        assert left(mixed) == left(data)


def test_rows_of_a_service_are_loaded_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from obskit.cli import main

    folder = files(tmp_path / "in", [opened(1), opened(2), row(1, 12_000.0)])
    assert main(["info", str(folder), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["dataset"]["rows"] == 2
    assert (said["load_report"]["rows_read"], said["load_report"]["replaced"]) == (3, 1)
    assert main(["info", str(folder)]) == 0
    assert "replaced 1 provisional row by later rows of their units" in capsys.readouterr().out


def test_without_provisional_rows_nothing_is_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfinished, "_keys", None)
    data = convert(files(tmp_path / "in", [row(n, 1.0, **{OPEN: False}) for n in range(5)], [row(7, 2.0)]))
    assert (data.rows, data.load_report.replaced) == (6, 0)
