"""The times that a footer proves are those that the rows have after conversion; otherwise it proves nothing.

columns                    footer                     proves
timestamp                  min 10:00, max 10:59       10:00 to 10:59
timestamp, 1 null          min 10:00, max 10:59       nothing: a row has no time
ts, received               ...                        nothing: either may be the time
"""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obskit.dataset.event_stream import EventStream
from obskit.readers.registry import Match, Reader, Registry
from obskit.readers.tables import time_ranges as module
from obskit.readers.tables.arrow_parquet import PARQUET
from obskit.readers.tables.time_ranges import TimeRange, time_ranges
from obskit.schema import READ_AS_IS, LoadReport, ReadOptions
from tests.support.examples import examples

T = datetime(2026, 5, 4, 10, tzinfo=UTC)
US = pa.timestamp("us", "UTC")
HOUR = 3_600_000_000


def micros(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def minutes(*at: int | None, kind: pa.DataType = US) -> pa.Array:
    zone = UTC if kind.tz else None
    return pa.array(
        [None if m is None else (T + timedelta(minutes=m)).replace(tzinfo=zone) for m in at], kind
    )


def found(
    folder: Path, columns: dict[str, Any] | pa.Table, options: ReadOptions = READ_AS_IS, **how: Any
) -> tuple[TimeRange | None, ...] | None:
    path = folder / "events.parquet"
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path, **how)
    return time_ranges(str(path), options)


HALF_AN_HOUR = (TimeRange(micros(T), micros(T) + HOUR // 2, True),)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("timestamp", US),
        ("timestamp", pa.timestamp("ms", "Europe/Berlin")),
        ("timestamp", pa.timestamp("s", "UTC")),
        ("timestamp", pa.timestamp("us")),
        ("ts", pa.timestamp("ns", "UTC")),
        ("@timestamp", US),
        ("time", pa.timestamp("ms")),
        ("__index_level_0__", pa.timestamp("ns")),
    ],
)
def test_one_column_of_times_is_the_time(tmp_path: Path, name: str, kind: pa.DataType) -> None:
    columns = {"name": ["a", "b", "c"], name: minutes(30, 0, 10, kind=kind), "tags": [["x"], [], None]}
    assert found(tmp_path, columns) == HALF_AN_HOUR


def test_the_time_of_the_clickhouse_exporter_is_known(tmp_path: Path) -> None:
    exported = {name: ["a", "b"] for name in ("TraceId", "SpanId", "SpanName", "Duration")}
    assert found(tmp_path, exported | {"Timestamp": minutes(0, 30), "ts": minutes(500, 600)}) == HALF_AN_HOUR
    assert found(tmp_path, exported | {"Timestamp": ["2026-05-04 10:00:00", "2026-05-04 10:30:00"]}) is None


def test_each_row_group_has_its_own_range(tmp_path: Path) -> None:
    times = minutes(0, 30, 60, None, 120)
    assert found(tmp_path, {"timestamp": times}, row_group_size=2) == (
        *HALF_AN_HOUR,
        None,
        TimeRange(micros(T) + 2 * HOUR, micros(T) + 2 * HOUR, True),
    )


def test_the_column_of_times_comes_before_other_names_of_times(tmp_path: Path) -> None:
    columns = {"ts": minutes(500, 600), "timestamp": minutes(0, 30), "date": minutes(0, 0)}
    assert found(tmp_path, columns) == HALF_AN_HOUR


def test_a_mapped_column_comes_before_all_others(tmp_path: Path) -> None:
    columns = {"began": minutes(0, 30), "timestamp": minutes(500, 600)}
    assert found(tmp_path, columns, ReadOptions(mapping={"timestamp": "began"})) == HALF_AN_HOUR
    unit = ReadOptions(mapping={"timestamp": {"from": "began", "unit": "s"}})
    assert found(tmp_path, columns, unit) == HALF_AN_HOUR
    other = ReadOptions(mapping={"finished": "timestamp", "duration_ms": "began"})
    assert found(tmp_path, columns, other) is None


def test_times_without_a_zone_are_known_to_a_day_if_a_zone_is_given(tmp_path: Path) -> None:
    columns = {"timestamp": minutes(0, 30, kind=pa.timestamp("us"))}
    [one] = found(tmp_path, columns, ReadOptions(tz="Asia/Kathmandu")) or ()
    assert one == TimeRange(micros(T) - 24 * HOUR, micros(T) + HOUR // 2 + 24 * HOUR, False)
    assert found(tmp_path, {"timestamp": minutes(0, 30)}, ReadOptions(tz="Asia/Kathmandu")) == HALF_AN_HOUR


@pytest.mark.parametrize(
    "columns",
    [
        {"timestamp": ["2026-05-04T10:00:00Z"]},
        {"timestamp": [1_777_888_800]},
        {"timestamp": pa.array([20_000], pa.date32())},
        {"began": minutes(0)},
        {"ts": minutes(0), "time": minutes(5)},
        {"ts": minutes(0), "attributes": [{"time": 1_777_888_800}]},
        {"ts": minutes(0), "record.time": minutes(0)},
        {"timestamp": minutes(0), "obskit.field.timestamp": minutes(5)},
        {"timestamp": minutes(0), "obskit.timestamp": minutes(5)},
        {"timestamp": minutes(0), "obskit": [{"timestamp": 1}]},
        {"timestamp": pa.array([2**62], pa.timestamp("us"))},
        {"date": minutes(0)},
    ],
)
def test_where_the_columns_do_not_say_it_nothing_is_known(tmp_path: Path, columns: dict[str, Any]) -> None:
    assert not any(found(tmp_path, columns) or ())


def test_where_the_statistics_do_not_say_it_nothing_is_known(tmp_path: Path) -> None:
    assert found(tmp_path, {"timestamp": minutes(0, 1)}, write_statistics=False) == (None,)
    assert found(tmp_path, {"timestamp": minutes(0, 1)}, use_deprecated_int96_timestamps=True) is None
    assert found(tmp_path, {"timestamp": minutes(0, None)}) == (None,)


def test_a_value_that_means_null_makes_it_unknown(tmp_path: Path) -> None:
    options = ReadOptions(mapping={"timestamp": {"from": "began", "null": ["1970-01-01T00:00:00Z"]}})
    assert found(tmp_path, {"began": minutes(0, 1)}, options) is None


def test_two_columns_of_one_name_make_it_unknown(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([minutes(0), minutes(5)], names=["timestamp", "timestamp"])
    assert found(tmp_path, table) is None


def test_files_of_other_formats_and_damaged_ones_are_unknown(tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    pq.write_table(pa.table({"timestamp": minutes(0, 30)}), whole)
    content = whole.read_bytes()
    for name, changed in {
        "torn.parquet": content[:-9],
        "two.parquet": content + content,
        "packed.parquet.gz": gzip.compress(content),
        "lines.jsonl": b'{"timestamp": "2026-05-04T10:00:00Z"}\n',
        "empty.parquet": b"",
    }.items():
        (tmp_path / name).write_bytes(changed)
        assert time_ranges(str(tmp_path / name), READ_AS_IS) is None, name
    assert time_ranges(str(tmp_path / "none.parquet"), READ_AS_IS) is None


def test_a_file_that_a_reader_of_another_package_reads_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.shop"
    pq.write_table(pa.table({"timestamp": minutes(0, 30)}), path)
    for reader, known in (
        (Reader("shop", (".shop",), lambda head: Match.CERTAIN, lambda *_: iter(())), None),
        (Reader("shop", (".shop",), lambda head: Match.NO, lambda *_: iter(())), HALF_AN_HOUR),
        (Reader("shop", (), lambda head: Match.NO, lambda *_: iter(()), claims=lambda path: True), None),
    ):
        registry = Registry()
        registry.register(PARQUET)
        registry.register(reader)
        with monkeypatch.context() as patch:
            patch.setattr(module, "REGISTRY", registry)
            patch.setattr(module, "_KNOWN", {})
            assert time_ranges(str(path), READ_AS_IS) == known


def test_a_footer_is_read_again_once_the_file_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.parquet"

    def write(*at: int, modified: int) -> None:
        pq.write_table(pa.table({"timestamp": minutes(*at)}), path)
        os.utime(path, ns=(modified, modified))

    write(0, 30, modified=10**18)
    assert time_ranges(str(path), READ_AS_IS) == HALF_AN_HOUR
    with monkeypatch.context() as patch:
        patch.setattr(module, "_read", lambda *_: pytest.fail("the footer was read again"))
        assert time_ranges(str(path), READ_AS_IS) == HALF_AN_HOUR
    write(0, 10, modified=10**18 + 1)
    [one] = time_ranges(str(path), READ_AS_IS) or ()
    assert one == TimeRange(micros(T), micros(T) + HOUR // 6, True)


NAMES = [
    *("timestamp", "ts", "time", "date", "Timestamp", "@timestamp", "received", "startTime", "_time"),
    *("obskit.timestamp", "obskit.field.timestamp", "t.$date", "_source.ts", "result._time", "result._raw"),
    *("timestampSeconds", "timestampNanos", "requestTime", "ts.value", "ts.epochSecond", "unnamed:0"),
]
KINDS = [US, pa.timestamp("ms"), pa.timestamp("ns", "UTC"), pa.string(), pa.int64(), pa.date32()]


@st.composite
def columns(draw: st.DrawFn) -> dict[str, pa.Array]:
    rows = draw(st.integers(1, 4))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    out: dict[str, pa.Array] = {"n": pa.array(range(rows))}
    for name in names:
        kind = draw(st.sampled_from(KINDS))
        seconds = draw(
            st.lists(
                st.one_of(st.integers(1_700_000_000, 1_700_100_000), st.none())
                if draw(st.integers(0, 3)) == 0
                else st.integers(1_700_000_000, 1_700_100_000),
                min_size=rows,
                max_size=rows,
            )
        )
        times = pa.array(seconds, pa.timestamp("s", "UTC"))
        if pa.types.is_string(kind):
            values = [
                None if s is None else f"{datetime.fromtimestamp(s, UTC):%Y-%m-%dT%H:%M:%SZ}" for s in seconds
            ]
            out[name] = pa.array(values, kind)
        elif pa.types.is_timestamp(kind):
            out[name] = times.cast(pa.timestamp(kind.unit, "UTC")).cast(kind)
        elif pa.types.is_date(kind):
            out[name] = times.cast(pa.date32())
        else:
            out[name] = pa.array(seconds, kind)
    return out


@given(
    columns(),
    st.sampled_from([None, "America/New_York", "Asia/Kolkata"]),
    st.sampled_from([None, "ts", "timestamp", "received"]),
)
@settings(
    deadline=None, max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_is_known_is_true_of_the_converted_rows(
    tmp_path_factory: pytest.TempPathFactory, made: dict[str, pa.Array], tz: str | None, mapped: str | None
) -> None:
    folder = tmp_path_factory.mktemp("ranges")
    mapping = {"timestamp": mapped} if mapped in made else None
    options = ReadOptions(tz=tz, mapping=mapping)
    known = found(folder, made, options)
    if not known or known[0] is None:
        return
    stream = EventStream([str(folder / "events.parquet")], LoadReport(), options, None)
    times = [at for batch in stream for at in batch.column("timestamp").cast(pa.int64()).to_pylist()]
    assert None not in times
    if known[0].exact:
        assert (min(times), max(times)) == known[0][:2]
    assert known[0].first <= min(times) <= max(times) <= known[0].last


@pytest.mark.parametrize(
    ("column", "group", "proves"),
    [
        ("time", "timestamp", False),
        ("time", "ts", False),
        ("timestamp", "obskit__timestamp", False),
        ("time", "region", True),
        ("time", "date", True),  # a folder for each day, next to a column of times
    ],
)
def test_a_time_in_the_path_may_be_that_of_the_rows(
    tmp_path: Path, column: str, group: str, proves: bool
) -> None:
    options = ReadOptions(path_fields=rf"(?P<{group}>\d{{4}}-\d\d-\d\d)")
    assert (found(tmp_path, {column: minutes(0, 30)}, options) == HALF_AN_HOUR) is proves
