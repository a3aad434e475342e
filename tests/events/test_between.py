"""`load(between=)` reads what may matter to a window of time, and answers as if it had read everything.

files     08.parquet 09.parquet 10.parquet 11.jsonl 12.parquet 13.parquet
window                          |---------|
read                 09.parquet 10.parquet 11.jsonl 12.parquet
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import obskit as ok
from obskit import load
from obskit.dataset import groups, pruning
from obskit.errors import ChangedData, ConditionError, InvalidArgument, NoSuchPath, ObskitError
from obskit.events import Events
from obskit.schema import report
from tests.support.examples import examples

pytestmark = pytest.mark.once

T = datetime(2026, 5, 4, tzinfo=UTC)
US = pa.timestamp("us", "UTC")
KINDS = {"timestamp": US, "duration_ms": pa.float64(), "n": pa.int64()}


@pytest.fixture(autouse=True)
def all_input_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "SMALLEST", 1)


def event(at: datetime | None, number: int = 0, trace: int | None = None) -> dict[str, Any]:
    trace = number if trace is None else trace
    return {
        "timestamp": at,
        "trace_id": f"{trace + 1:032x}",
        "span_id": f"{number + 1:016x}",
        "parent_span_id": None if number == trace else f"{trace + 1:016x}",
        "name": f"GET /{'abc'[number % 3]}",
        "kind": "server" if number == trace else "client",
        "duration_ms": float(number % 7),
        "status_code": "ERROR" if number % 4 == 0 else "OK",
        "n": number,
    }


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    if path.suffix == ".jsonl":
        texts = [row | {"timestamp": row["timestamp"] and row["timestamp"].isoformat()} for row in rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in texts))
        return
    names = list(event(T))
    table = pa.table(
        {name: pa.array([row[name] for row in rows], KINDS.get(name, pa.string())) for name in names}
    )
    if path.suffix == ".csv":
        csv.write_csv(table, path)
    else:
        pq.write_table(table, path, row_group_size=3)


def hourly(folder: Path, hours: int = 12, of_an_hour: int = 6) -> Path:
    folder.mkdir()
    for hour in range(hours):
        at = [T + timedelta(hours=hour, minutes=10 * part) for part in range(of_an_hour)]
        write(folder / f"{hour:02d}.parquet", [event(t, of_an_hour * hour + i) for i, t in enumerate(at)])
    return folder


def window(first: float, last: float) -> tuple[datetime, datetime]:
    return T + timedelta(hours=first), T + timedelta(hours=last)


def numbers(events: Events) -> list[int]:
    return sorted(events.to_arrow(["n"]).column("n").to_pylist())


def test_files_of_other_hours_are_not_read_and_every_answer_says_so(tmp_path: Path) -> None:
    events = load(hourly(tmp_path / "events"), between=window(5, 6))
    said = (
        "9 of 12 files were not read: they hold no events from 2026-05-04T04:00:00Z to 2026-05-04T07:00:00Z"
    )
    assert events.dataset.rows == 18
    assert numbers(events) == list(range(30, 36))
    assert said in events.load_report.notes
    assert said in events.query("count()").notes
    assert f"note: {said}" in repr(events).splitlines()
    assert events.load_report.rows_read == 18


def test_it_is_said_however_many_notes_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MOST_NOTES", 2)
    folder = hourly(tmp_path / "events")
    for number in range(5):
        (folder / f"{number}.md.jsonl").write_text("# a heading\n" * 3)
        naive = pa.table(
            {"__index_level_0__": pa.array([T.replace(tzinfo=None)], pa.timestamp("us")), "a": ["1,5"]}
        )
        pq.write_table(
            naive.append_column("price", pa.array([f"{number},5 €"])),
            folder / f"{number}.parquet",
            write_statistics=False,
        )
    events = load(folder, between=window(5, 6))
    assert report.MORE_NOTES in events.load_report.notes
    assert "files were not read" in events.load_report.notes[0]
    assert events.load_report.notes[0] in events.query("count()").notes


def test_what_is_left_out_is_not_opened(tmp_path: Path) -> None:
    folder = hourly(tmp_path / "events")
    for hour in (0, 11):  # only the data, not the footer
        path = folder / f"{hour:02d}.parquet"
        content = path.read_bytes()
        path.write_bytes(content[:4] + bytes(200) + content[204:])
    assert load(folder, between=window(5, 6)).load_report.rejected_count == 0
    assert load(folder).load_report.rejected_count == 2


def test_of_a_large_file_only_row_groups_are_read(tmp_path: Path) -> None:
    path = tmp_path / "day.parquet"
    write(path, [event(T + timedelta(minutes=10 * i), i) for i in range(144)])
    events = load(path, between=window(5, 6))
    assert (events.dataset.rows, numbers(events)) == (18, list(range(30, 36)))
    assert events.load_report.notes == [
        "42 of 48 row groups of 1 file were not read: they hold no events from 2026-05-04T04:00:00Z "
        "to 2026-05-04T07:00:00Z"
    ]
    assert load(path, between=window(6, 7)).dataset.rows == 18
    assert load(path, between=window(5, 6)).fingerprint == events.fingerprint
    assert load(path, between=window(1, 23)).load_report.notes == []


def test_the_first_rows_of_a_file_still_decide_how_its_texts_are_read(tmp_path: Path) -> None:
    path = tmp_path / "day.parquet"
    times = [T + timedelta(minutes=10 * i) for i in range(144)]
    prices = ["1250,5"] * 3 + ["1,250"] * 141
    pq.write_table(pa.table({"timestamp": pa.array(times, US), "price": prices}), path, row_group_size=3)
    whole = load(path).between(window(5, 6)).to_arrow(["price"]).column("price").unique()
    assert load(path, between=window(5, 6)).to_arrow(["price"]).column("price").unique() == whole


def test_row_groups_keep_the_fields_of_the_path(tmp_path: Path) -> None:
    path = tmp_path / "az=a" / "day.parquet"
    path.parent.mkdir()
    write(path, [event(T + timedelta(minutes=10 * i), i) for i in range(144)])
    events = load(path, between=window(5, 6), path_fields=r"az=(?P<zone>\w+)")
    assert events.dataset.rows == 18
    assert set(events.to_arrow(["zone"]).column("zone").to_pylist()) == {"a"}


def test_a_damaged_row_group_that_is_read_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "day.parquet"
    write(path, [event(T + timedelta(minutes=10 * i), i) for i in range(144)])
    place = pq.read_metadata(path).row_group(10).column(0).data_page_offset
    content = bytearray(path.read_bytes())
    content[place : place + 20] = bytes(20)
    path.write_bytes(content)
    report = load(path, between=window(5, 6)).load_report
    assert [one.position for one in report.rejected] == ["row group 10, after row 0"]


def test_what_a_dataset_wrote_is_pruned_by_its_hours(tmp_path: Path) -> None:
    load(hourly(tmp_path / "events")).write(tmp_path / "written")
    parts = tmp_path / "parts"
    parts.mkdir()
    for part in (tmp_path / "written").glob("*.parquet"):
        table = pq.read_table(part).sort_by("timestamp")
        for hour in range(12):
            pq.write_table(table.slice(6 * hour, 6), parts / f"{part.stem}-{hour:02d}.parquet")
    assert load(parts, between=window(5, 6)).dataset.rows == 18
    # a Dataset in place is open at once, and stays as it is
    assert load(tmp_path / "written", between=window(5, 6)).dataset.rows == 72


def test_files_whose_times_are_not_known_are_read(tmp_path: Path) -> None:
    folder = hourly(tmp_path / "events")
    write(folder / "00.jsonl", [event(T, 100)])
    write(folder / "01.csv", [event(T, 101)])
    write(folder / "untimed.parquet", [event(T, 102), event(None, 103)])
    events = load(folder, between=window(5, 6))
    assert events.dataset.rows == 18 + 4
    assert events.load_report.untimed == 1


@pytest.mark.parametrize("between", [None, window(0, 12), window(-5, 20)])
def test_where_nothing_is_left_out_it_is_the_whole_load(tmp_path: Path, between: Any) -> None:
    folder = hourly(tmp_path / "events")
    events = load(folder, between=between)
    assert events.fingerprint == load(folder).fingerprint
    assert events.load_report.notes == load(folder).load_report.notes == []
    assert "period" not in ok.pin(events).to_dict()


def test_a_trace_that_crosses_the_border_of_the_window_is_whole(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    folder.mkdir()
    for hour in range(9):
        begin = T + timedelta(hours=hour)
        near, far = 100 * hour, 100 * hour + 50
        spans = [
            event(begin + timedelta(minutes=55), near),
            event(begin + timedelta(minutes=5), near - 99, near - 100),
        ]
        spans += [
            event(begin + timedelta(minutes=10), far),
            event(begin + timedelta(minutes=20), far - 199, far - 200),
        ]
        write(folder / f"{hour:02d}.parquet", spans)
    events, whole = load(folder, between=window(5, 6)), load(folder).between(window(5, 6))
    assert events.dataset.rows == 12
    complete = "obskit.trace.complete"
    found = dict(
        zip(
            *events.query("count()", by=["n", complete])
            .to_arrow()
            .select(["n", complete])
            .to_pydict()
            .values(),
            strict=True,
        )
    )
    known = dict(
        zip(
            *whole.query("count()", by=["n", complete])
            .to_arrow()
            .select(["n", complete])
            .to_pydict()
            .values(),
            strict=True,
        )
    )
    # The child at 05:05 has its parent at 04:55; that of the child at 05:20 is at 03:10, which is not read.
    assert found == {500: True, 401: True, 550: True, 351: False}
    assert known == found | {351: True}
    near = f"{400 + 1:032x}"
    assert len(events.trace(near)) == len(whole.trace(near)) == 2


def test_small_input_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert load(hourly(tmp_path / "events"), between=window(5, 6)).dataset.rows == 72


@pytest.mark.parametrize(
    ("between", "read", "kept"),
    [
        ("-90m", range(57, 72), range(62, 72)),
        (("-3h", "-2h"), range(45, 63), range(53, 59)),
        ("/2026-05-04T01:00Z", range(12), range(6)),
        ("2026-05-04T11:00Z/", range(60, 72), range(66, 72)),
        (T + timedelta(hours=11), range(60, 72), range(66, 72)),
    ],
)
def test_windows_may_be_relative_or_open(tmp_path: Path, between: Any, read: range, kept: range) -> None:
    folder = hourly(tmp_path / "events")
    events = load(folder, between=between)
    assert numbers(events) == list(kept) == numbers(load(folder).between(between))
    whole = sorted(events.dataset.arrow(["n"]).column("n").to_pylist())
    hours = {number // 6 for number in read}
    assert whole == [number for number in range(72) if number // 6 in hours]


def test_a_relative_window_reads_everything_unless_all_times_are_known(tmp_path: Path) -> None:
    folder = hourly(tmp_path / "events")
    write(folder / "12.jsonl", [event(T + timedelta(hours=20), 100)])
    events = load(folder, between="-570m")
    assert events.dataset.rows == 73
    assert numbers(events) == [*range(63, 72), 100]
    assert events.load_report.notes == []
    naive = tmp_path / "naive.parquet"
    times = pa.array([(T + timedelta(hours=i)).replace(tzinfo=None) for i in range(400)], pa.timestamp("us"))
    pq.write_table(pa.table({"timestamp": times, "n": range(400)}), naive, row_group_size=1)
    assert load(naive, between="-150m", tz="Europe/Berlin").dataset.rows == 400
    events = load(naive, between=("2026-05-06T10:00Z", "2026-05-06T12:00Z"), tz="Europe/Berlin")
    assert (
        numbers(events)
        == [60, 61]
        == numbers(load(naive, tz="Europe/Berlin").between(("2026-05-06T10:00Z", "2026-05-06T12:00Z")))
    )
    assert events.dataset.rows == 52  # a zone shifts times by less than a day


def test_a_window_without_events_still_has_the_fields(tmp_path: Path) -> None:
    folder = hourly(tmp_path / "events")
    events = load(folder, between=("2027-01-01", "2027-01-02"))
    assert numbers(events.where("duration_ms > 1")) == []
    assert numbers(load(events.dataset)) == list(range(66, 72))
    assert events.load_report.notes[0].startswith("11 of 12 files were not read: ")
    write(tmp_path / "day.parquet", [event(T + timedelta(minutes=10 * i), i) for i in range(144)])
    one = load(tmp_path / "day.parquet", between=("2026-05-01", "2026-05-02"))
    assert (numbers(one), numbers(load(one.dataset))) == ([], [0, 1, 2])


def test_refresh_moves_a_relative_window(tmp_path: Path) -> None:
    folder = hourly(tmp_path / "events")
    events = load(folder, between="-30m").where("n >= 0")
    assert numbers(events) == [68, 69, 70, 71]
    write(folder / "12.parquet", [event(T + timedelta(hours=12, minutes=m), 100 + m) for m in range(60)])
    later = events.refresh()
    assert numbers(later) == list(range(129, 160))
    assert later.dataset.rows == 66


def test_the_files_of_a_window_are_those_of_a_list(tmp_path: Path) -> None:
    folder = hourly(tmp_path / "events")
    named = [folder / f"{hour:02d}.parquet" for hour in (4, 5, 6)]
    assert load(folder, between=window(5, 6)).fingerprint == load(named).fingerprint


def test_a_pin_opens_the_same_events(tmp_path: Path) -> None:
    folder = hourly(tmp_path / "events")
    events = load(folder, between="-30m", where="duration_ms > 1")
    pinned = ok.pin(events, tmp_path / "window.pin.json")
    assert pinned.period == ("2026-05-04T10:20:00Z", None)
    assert "read: only files with events in 2026-05-04T10:20:00Z/" in str(pinned).splitlines()
    again = load(tmp_path / "window.pin.json")
    assert (again.fingerprint, numbers(again)) == (events.fingerprint, numbers(events))
    assert ok.pin(again).to_dict() | {"made": ""} == pinned.to_dict() | {"made": ""}
    shutil.move(folder, tmp_path / "copy")
    assert load(pinned, root=tmp_path / "copy").fingerprint == events.fingerprint
    write(tmp_path / "copy" / "11.parquet", [event(T + timedelta(hours=11), 5)])
    with pytest.raises(ChangedData, match="is not what was pinned"):
        load(pinned, root=tmp_path / "copy")


def test_a_pin_of_a_period_that_is_not_one_is_damaged(tmp_path: Path) -> None:
    pinned = ok.pin(load(hourly(tmp_path / "events"), between="-30m"), tmp_path / "a.pin.json")
    for period in (["today", None], [None], ["2026-05-04T10:20:00", None]):
        path = tmp_path / "b.pin.json"
        path.write_text(json.dumps(pinned.to_dict() | {"period": period}))
        with pytest.raises(ok.ReadError, match="is a damaged pin"):
            ok.Pin.read(path)


def test_a_file_written_while_footers_are_read_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hourly(tmp_path / "events")
    looked: Callable[..., Any] = pruning.time_ranges
    done = []

    def look(path: str, options: Any) -> Any:
        found = looked(path, options)
        if path.endswith("00.parquet") and not done:
            done.append(path)
            write(Path(path), [event(T + timedelta(hours=5, minutes=1), 500)])
            os.utime(path, ns=(1, 1))
        return found

    monkeypatch.setattr(pruning, "time_ranges", look)
    assert 500 in numbers(load(folder, between=window(5, 6)))


def test_a_wrong_window_is_an_error_before_anything_is_read(tmp_path: Path) -> None:
    folder = hourly(tmp_path / "events")
    with pytest.raises(ConditionError, match="'soon' is not a time"):
        load(folder, between="soon")
    with pytest.raises(InvalidArgument, match="must end after it begins"):
        load(folder, between=window(6, 5))
    with pytest.raises(NoSuchPath):
        load(tmp_path / "none", between="-30m")


def answers(events: Events, spans: set[str], verb: str) -> dict[str, Any]:
    """Return what verbs answer about some events: the quick ones, and one that takes longer."""

    def tried(ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except ObskitError as error:
            return type(error).__name__

    def rows(table: pa.Table) -> list[str]:
        return sorted(map(repr, table.to_pylist()))

    def of_traces() -> dict[str, Any]:
        there = set(events.to_arrow(["trace_id"]).column("trace_id").to_pylist())
        return {
            # the list has the time of the row of each trace that is stored first
            "listed": tried(lambda: rows(events.traces(1_000).to_arrow().drop_columns("timestamp"))),
            "whole": {one: rows(events.trace(one).to_arrow()) for one in spans & there},
            "complete": rows(events.query("count()", by="obskit.trace.complete").to_arrow()),
        }

    def explained() -> list[Any]:
        return [one.to_dict() for one in events.explain("error", population="all").findings]

    slow = {
        "traces": of_traces,
        "explain": lambda: tried(explained),
        "triage": lambda: tried(lambda: rows(events.triage(since=events.scope.extent[1]).to_arrow())),
    }
    counts = ("count()", "share(error)", "p90(duration_ms)")
    return {
        "rows": Counter(rows(events.to_arrow())),
        "fields": rows(events.fields().to_arrow()),
        "query": tried(lambda: rows(events.query(*counts, by="name", every="10m").to_arrow())),
        "impact": tried(lambda: events.impact("error", by="trace_id").to_arrow().to_pylist()),
        verb: slow[verb](),
    }


SUFFIXES = [*6 * [".parquet"], ".jsonl", ".csv"]


def recording(drawn: Random) -> dict[str, list[dict[str, Any]]]:
    """Files of an hour each, in any order: traces that cross its borders, late events, and some without a time."""
    hours = 6
    files: list[list[dict[str, Any]]] = [[event(T + timedelta(hours=hour), hour)] for hour in range(hours)]
    number = hours
    for _ in range(30):
        begin, trace = T + timedelta(minutes=drawn.randrange(60 * hours)), number
        for _ in range(drawn.randint(1, 3)):  # spans of a trace begin within half an hour
            at = begin + timedelta(minutes=drawn.randint(0, 30))
            late = drawn.random() < 0.05
            hour = min(int((at - T) / timedelta(hours=1)) + late, hours - 1)
            files[hour].append(event(None if drawn.random() < 0.02 else at, number, trace))
            number += 1
    return {
        f"{hour:02d}{drawn.choice(SUFFIXES)}": drawn.sample(rows, len(rows))
        for hour, rows in enumerate(files)
    }


@pytest.mark.parametrize("verb", ["traces", "explain", "triage"])
@given(st.integers(0, 2**32))
@settings(
    deadline=None,
    max_examples=examples(3),
    phases=[Phase.reuse, Phase.generate],  # an example takes seconds
    suppress_health_check=list(HealthCheck),
)
def test_the_answers_are_those_of_the_whole_load_narrowed(
    tmp_path_factory: pytest.TempPathFactory, verb: str, seed: int
) -> None:
    drawn = Random(seed)
    folder = tmp_path_factory.mktemp("between")
    files = recording(drawn)
    for name, rows in files.items():
        write(folder / name, rows)
    start = T + timedelta(minutes=drawn.randrange(-60, 420))
    between = (start, start + timedelta(minutes=drawn.choice([1, 30, 60, 90])))
    spans = {row["trace_id"] for rows in files.values() for row in rows}
    pruned, whole = load(folder, between=between), load(folder).between(between)
    assert answers(pruned, spans, verb) == answers(whole, spans, verb)
