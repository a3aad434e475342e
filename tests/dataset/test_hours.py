"""Parts of one hour: which rows are in which part, sketched as hours of the rows.

10 10 11 11 11 12   ->  part 10, part 11; 12 waits for more of its rows
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings

import obskit as ok
from obskit.dataset import Dataset, write
from obskit.dataset.hours import split_by_hour
from obskit.schema import LoadReport
from tests.support.examples import examples

SCHEMA = pa.schema([("timestamp", pa.timestamp("us", "UTC")), ("n", pa.int64())])
DAY = datetime(2026, 5, 4, tzinfo=UTC)


def batch(hours: Sequence[float | None], start: int = 0) -> pa.RecordBatch:
    times = [None if hour is None else DAY + timedelta(hours=hour) for hour in hours]
    return pa.RecordBatch.from_arrays(
        [pa.array(times, SCHEMA.field(0).type), pa.array(range(start, start + len(hours)), pa.int64())],
        schema=SCHEMA,
    )


def hours_of(batches: Sequence[pa.RecordBatch]) -> list[float | None]:
    times = [time for each in batches for time in each.column(0).to_pylist()]
    return [None if time is None else (time - DAY) / timedelta(hours=1) for time in times]


def split(
    hours: Sequence[float | None], least: int, *, last: bool = False
) -> tuple[list[list[float | None]], list[float | None]]:
    parts, rest = split_by_hour([batch(hours)], lambda rows: rows >= least, last=last)
    return [hours_of(part) for part in parts], hours_of(rest)


def test_a_large_hour_is_a_part_and_the_newest_waits() -> None:
    assert split([10, 10.5, 11, 11.2, 11.1, 12], 2) == ([[10, 10.5], [11, 11.2, 11.1]], [12])
    assert split([10, 10.5, 11, 11.2, 11.1], 2) == ([[10, 10.5]], [11, 11.2, 11.1])
    assert split([10, 10.5, 11, 11.2, 11.1], 2, last=True) == ([[10, 10.5], [11, 11.2, 11.1]], [])


def test_rows_of_hours_with_few_rows_share_a_part() -> None:
    assert split([10, 11, 12], 2) == ([[10, 11, 12]], [])
    assert split([9, 10, 10.5, None, 12], 2) == ([[10, 10.5]], [9, None, 12])
    assert split([9, 10, 10.5, None, 12], 2, last=True) == ([[10, 10.5], [9, None, 12]], [])


def test_one_hour_is_one_part() -> None:
    assert split([10, 10.5], 2) == ([[10, 10.5]], [])
    assert split([None, None], 2) == ([[None, None]], [])
    assert split([], 1) == ([[]], [])


def test_rows_before_1970_and_without_the_field_have_a_place() -> None:
    long_ago = -24 * 365.0 * 80
    assert split([long_ago + 0.5, long_ago + 0.75, long_ago + 1, 10], 2, last=True)[0][0] == [
        long_ago + 0.5,
        long_ago + 0.75,
    ]
    untimed = pa.RecordBatch.from_pydict({"n": [1, 2]})
    assert split_by_hour([untimed], lambda rows: rows >= 1, last=False) == ([[untimed]], [])


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.lists(st.one_of(st.none(), st.integers(0, 8)), max_size=12), max_size=8),
    st.integers(1, 9),
    st.booleans(),
)
def test_no_row_is_lost_or_doubled(groups: list[list[int | None]], least: int, last: bool) -> None:
    start, batches = 0, []
    for group in groups:
        batches.append(batch([h if h is None else h / 2 for h in group], start))
        start += len(group)
    parts, rest = split_by_hour(batches, lambda rows: rows >= least, last=last)
    numbers = [n for part in (*parts, rest) for each in part for n in each.column(1).to_pylist()]
    assert sorted(numbers) == list(range(start))
    assert not (last and rest)
    assert sum(len(each) for part in parts for each in part) > 0 or not start, "each call makes progress"


def written(folder: Path, rows: int, *, by_hour: bool = True) -> Dataset:
    """Write 24 hours of events in order of time, a part for every 1,200 of 9,600 rows."""
    batches = [batch([24 * n / rows for n in range(at, at + 100)], at) for at in range(0, rows, 100)]
    return write(batches, lambda: SCHEMA, folder, LoadReport(), rows_per_file=rows // 8, by_hour=by_hour)


def test_a_dataset_by_hour_has_files_of_one_hour_and_the_same_rows(tmp_path: Path) -> None:
    plain, by_hour = written(tmp_path / "plain", 9_600, by_hour=False), written(tmp_path / "hours", 9_600)
    assert len(plain.files) == 8
    assert len(by_hour.files) == 24
    for file in by_hour.files:
        assert file.first is not None
        assert file.last is not None
        assert (file.first.hour, file.first.date()) == (file.last.hour, file.last.date())
    assert by_hour.arrow().equals(plain.arrow())


def test_hours_with_few_rows_make_no_small_files(tmp_path: Path) -> None:
    """A year of which each hour has one row: files as large as without hours."""
    batches = [batch(range(at, at + 100), at) for at in range(0, 8_700, 100)]
    data = write(batches, lambda: SCHEMA, tmp_path / "year", LoadReport(), rows_per_file=1_000, by_hour=True)
    assert len(data.files) == 9
    assert data.rows == 8_700


def test_the_footer_says_that_rows_are_sorted_and_has_statistics(tmp_path: Path) -> None:
    events = ok.load("sample_events")
    events.write(tmp_path / "copy")
    for file in ok.load(tmp_path / "copy").dataset.files:
        footer = pq.ParquetFile(file.path).metadata
        at = footer.schema.to_arrow_schema().names.index("timestamp")
        for number in range(footer.num_row_groups):
            group = footer.row_group(number)
            (order,) = group.sorting_columns
            assert group.column(order.column_index).path_in_schema == "timestamp"
            assert not order.descending
            assert not order.nulls_first
            statistics = group.column(at).statistics
            assert statistics.has_min_max
            assert (statistics.min, statistics.max) == (file.first, file.last) or footer.num_row_groups > 1


def test_a_rewritten_part_still_says_that_it_is_sorted(tmp_path: Path) -> None:
    wide = pa.schema([*SCHEMA, ("late", pa.string())])
    late = pa.RecordBatch.from_arrays([*batch([3]).columns, pa.array(["x"])], schema=wide)
    current = [SCHEMA]

    def batches() -> Iterator[pa.RecordBatch]:
        yield batch([2, 1])
        current[0] = wide
        yield late

    data = write(batches(), lambda: current[0], tmp_path / "ds", LoadReport(), rows_per_file=2)
    assert [file.rows for file in data.files] == [2, 1]
    for file in data.files:
        assert pq.ParquetFile(file.path).metadata.row_group(0).sorting_columns
        assert pq.read_schema(file.path).names == ["timestamp", "n", "late"]


def test_a_file_of_rows_in_another_order_does_not_say_that_it_is_sorted(tmp_path: Path) -> None:
    ok.load("sample_events").write(tmp_path / "some.parquet")
    assert not pq.ParquetFile(tmp_path / "some.parquet").metadata.row_group(0).sorting_columns
