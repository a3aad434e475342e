"""What is chosen for a period: nothing that may hold its events is left out, and the order stays.

period              |-------|
a  |--|                            left out
b     |-------|                    read: it begins before
c                   |--|           read
d                            |--|  left out
e  times are not known             read
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obskit.dataset import convert, groups, newest_time, pruning
from obskit.dataset.pruning import MARGIN, Chosen, Period, choose
from obskit.readers.tables.time_ranges import TimeRange, time_ranges
from obskit.schema import READ_AS_IS
from obskit.schema.time_text import FIRST, LAST
from tests.dataset.samples import US, jsonl

Ranges = dict[str, tuple[TimeRange | None, ...] | None]


@pytest.fixture(autouse=True)
def all_input_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "SMALLEST", 1)


def test_an_hour_is_read_on_each_side_of_a_window() -> None:
    assert Period.around(5 * MARGIN, 6 * MARGIN) == (4 * MARGIN, 7 * MARGIN)
    assert Period.around(None, 0) == (None, MARGIN)
    assert Period.around(0, None) == (-MARGIN, None)
    assert Period.around(FIRST, LAST) == (None, None)


@pytest.mark.parametrize(
    ("period", "text"),
    [
        (Period(0, 1_000_000), "from 1970-01-01T00:00:00Z to 1970-01-01T00:00:01Z"),
        (Period(None, 1), "before 1970-01-01T00:00:00.000001Z"),
        (Period(0, None), "since 1970-01-01T00:00:00Z"),
    ],
)
def test_a_period_is_shown_in_words(period: Period, text: str) -> None:
    assert str(period) == text


@given(st.one_of(st.none(), st.integers(FIRST, LAST)), st.one_of(st.none(), st.integers(FIRST, LAST)))
def test_a_period_is_kept_as_texts(start: int | None, end: int | None) -> None:
    assert Period.from_texts(*Period(start, end).to_texts()) == (start, end)


@st.composite
def ranges(draw: st.DrawFn) -> Ranges:
    one = st.one_of(
        st.none(),
        st.tuples(st.integers(0, 50), st.integers(0, 9)).map(lambda p: TimeRange(p[0], p[0] + p[1], True)),
    )
    found = st.one_of(st.none(), st.lists(one, max_size=5).map(tuple))
    return {f"/{n}.parquet": draw(found) for n in range(draw(st.integers(1, 6)))}


@given(ranges(), st.integers(0, 60), st.integers(1, 20), st.sampled_from(["both", "start", "end"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_what_is_surely_outside_is_left_out(
    monkeypatch: pytest.MonkeyPatch, known: Ranges, start: int, length: int, bounds: str
) -> None:
    monkeypatch.setattr(pruning, "time_ranges", lambda file, _: known[file])
    period = Period(None if bounds == "end" else start, None if bounds == "start" else start + length)
    chosen = choose(list(known), period, READ_AS_IS)

    def inside(one: TimeRange | None) -> bool:
        return one is None or any(
            (period.start is None or at >= period.start) and (period.end is None or at < period.end)
            for at in range(one.first, one.last + 1)
        )

    everything = [one for found in known.values() for one in found or (None,)]
    assert chosen.files == [file for file in known if file in chosen.files]
    assert chosen.files
    for file, found in known.items():
        read = range(len(found or ())) if file not in chosen.row_groups else chosen.row_groups[file]
        read = read if file in chosen.files else ()
        left = [one for at, one in enumerate(found or ()) if at not in read]
        assert not any(map(inside, left))
        if file in chosen.files and any(map(inside, everything)):
            assert any(map(inside, found or (None,)))
        assert found or file in chosen.files
    everything_is_read = len(chosen.files) == len(known) and not chosen.row_groups
    assert everything_is_read == (chosen.left_out == "")


def test_groups_keep_the_order_of_the_files(tmp_path: Path) -> None:
    files = [str(jsonl(tmp_path / f"{name}.jsonl")) for name in "abcd"]
    chosen = Chosen(files, {files[1]: (0, 2)}, "something")
    made = chosen.divide(READ_AS_IS)
    assert list(dict.fromkeys(file for group in made for file in group.files)) == files
    assert [group.row_groups for group in made if group.files == (files[1],)] == [(0, 2)]
    assert all(group.row_groups is None for group in made if group.files != (files[1],))


def hours(path: Path, first: int, count: int) -> Path:
    """Write a file with a row group of two rows for each hour."""
    path.parent.mkdir(exist_ok=True)
    at = [(first + hour) * MARGIN + minute for hour in range(count) for minute in (0, 1)]
    pq.write_table(pa.table({"timestamp": pa.array(at, US), "n": range(len(at))}), path, row_group_size=2)
    return path


def test_row_groups_stay_left_out_if_another_file_has_to_be_read_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    hours(folder / "day.parquet", 0, 24)
    # A stretch that has no row at all cannot be read by itself.
    lines = jsonl(folder / "lines.jsonl", 1_000)
    lines.write_text(lines.read_text() + "not JSON\n" * 20_000)
    made = convert(folder, period=Period(5 * MARGIN, 7 * MARGIN))
    assert made.left_out.startswith("22 of 24 row groups of 1 file were not read: ")
    found = made.arrow(["timestamp", "n"]).to_pylist()
    assert sorted(row["n"] for row in found if row["timestamp"].year == 1970) == [10, 11, 12, 13]


def test_the_newest_time_is_that_of_all_files(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    hours(folder / "a.parquet", 0, 24)
    hours(folder / "b.parquet", 24, 2)
    newest = newest_time(folder)
    assert newest is not None
    assert newest == convert(folder).span[1]
    assert newest_time(convert(folder, tmp_path / "made").path) is None
    assert newest_time([folder / "a.parquet", "https://example.test/b.parquet"]) is None
    jsonl(folder / "c.jsonl", 1)
    assert newest_time(folder) is None


def test_the_times_of_what_obskit_wrote_are_known(tmp_path: Path) -> None:
    """So are those of the segments that `receive` packs: they are written in the same way."""
    jsonl(tmp_path / "in" / "a.jsonl", 500)
    made = convert(tmp_path / "in", tmp_path / "out")
    for file in made.files:
        found = [one for one in time_ranges(str(file.path), READ_AS_IS) or () if one is not None]
        assert file.first is not None
        assert file.last is not None
        assert min(one.first for one in found) == file.first.timestamp() * 1_000_000
        assert max(one.last for one in found) == file.last.timestamp() * 1_000_000


def test_windows_of_the_same_files_share_what_is_converted(tmp_path: Path, own_cache: Path) -> None:
    folder = tmp_path / "in"
    for hour in range(12):
        hours(folder / f"{hour:02d}.parquet", hour, 1)
    first = convert(folder, period=Period(4 * MARGIN, 7 * MARGIN))
    again = convert(folder, period=Period(4 * MARGIN + 1, 7 * MARGIN))
    assert first.path == again.path
    moved = convert(folder, period=Period(5 * MARGIN, 8 * MARGIN))
    digests = [{file.digest for file in one.files} for one in (first, moved)]
    assert len(digests[0] & digests[1]) == 2
    assert len(list((own_cache / "segments").iterdir())) == 4
