"""Loads that look wrong say so."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from obskit.errors import InvalidArgument
from obskit.schema import LoadReport, Normalizer, ReadOptions
from tests.schema.samples import events

T = datetime(2026, 5, 4, 10, tzinfo=UTC)


def doubts(*rows):
    return events(*rows)[1].doubts


def seconds(n, **values):
    """Return rows a second apart."""
    return [{"timestamp": T + timedelta(seconds=i), "n": i} | values for i in range(n)]


def test_an_ordinary_load_has_none():
    assert doubts(*seconds(50, duration_ms=12.5)) == []
    assert doubts({"timestamp": T, "duration_ms": 90_000.0}) == []
    assert doubts({"colour": "red"}) == []


@pytest.mark.parametrize(
    ("row", "doubt"),
    [
        (
            {"started": 1777888800},
            "no row has a timestamp. These fields look like times: started (1777888800). Say which one is, and its "
            'unit: --mapping FILE.json with {"timestamp": {"from": "started", "unit": "s"}}',
        ),
        (
            {"created_at": "2026-05-04T10:00:00Z", "note": "x"},
            "no row has a timestamp. These fields look like times: created_at (2026-05-04T10:00:00Z). Say which one "
            'is: --mapping FILE.json with {"timestamp": "created_at"}',
        ),
        (
            {"time": "10:00:00.123"},
            "no row has a timestamp. time (10:00:00.123) may be times, but without a date: write "
            "them as 2026-05-04T10:00:00Z",
        ),
        (
            {"when": "2026, 124th day, 10 h"},
            "no row has a timestamp. when (2026, 124th day, 10 h) may be times, but in a form that obskit does not "
            'know. Say the form: --mapping FILE.json with {"timestamp": {"from": "when", "format": "..."}}, in the '
            'codes of strptime, such as "%d/%m/%Y %H:%M:%S"',
        ),
        (
            {"timestamp": "4.5.26 10:00"},
            "no row has a timestamp. attributes.timestamp (4.5.26 10:00) may be times, but either the day or the "
            'month is first. Say which: --mapping FILE.json with {"timestamp": {"from": "timestamp", "format": '
            '"%d.%m.%y %H:%M"}} if the day is first, or "%m.%d.%y %H:%M" if the month is',
        ),
        (
            {"timestamp": 5.25},
            "all times are in 1970: their numbers may be in another unit, or no times since 1970 at all. A mapping "
            'says the unit: {"timestamp": {"from": NAME, "unit": "s", "ms", "us" or "ns"}}',
        ),
        (
            {"timestamp": "2090-01-01T00:00:00Z"},
            "all times are in the future, from 2090-01-01: their unit may be another one, or the clock is wrong",
        ),
        (
            {"timestamp": T, "elapsed": 250},
            "elapsed has no unit, so no row has a duration. Say the unit: --mapping FILE.json with "
            '{"duration_ms": {"from": "elapsed", "unit": "ms"}}',
        ),
        (
            {"timestamp": T, "duration_ms": -5.0},
            "1 row has a negative duration: they span two clocks, or start and end are exchanged. Leave them out "
            'with --where "duration_ms >= 0"',
        ),
        (
            {"timestamp": "lunch"},
            "timestamp could not be parsed in 1 of 1 rows: is another column meant? A mapping says which "
            '(--mapping FILE.json), or its format: {"timestamp": {"from": NAME, "format": "%d/%m/%Y %H:%M:%S"}}',
        ),
        (
            {"timestamp": T, "resourceSpans": list(range(1_000))},
            "a row holds a list of 1,000 items in resourceSpans, which may be the events: write one item per line, "
            "such as with jq -c '.resourceSpans[]'",
        ),
    ],
)
def test_a_doubt_about_a_row(row, doubt):
    assert doubts(row) == [doubt]


def test_times_far_from_the_rest():
    rows = [*seconds(300), {"timestamp": datetime(1970, 1, 1, 0, 5, tzinfo=UTC)}]
    assert doubts(*rows) == [
        "1 row has a time far from the rest (1970-01-01): a clock was not set, or it is another kind of time. "
        "--between leaves them out"
    ]
    quarters = [{"timestamp": T - timedelta(days=90 * i)} for i in range(300)]
    assert doubts(*quarters) == []


def test_durations_longer_than_the_time_covered():
    rows = seconds(20, duration_ms=18_600_000.0)
    assert doubts(*rows) == [
        "most durations are longer than the time that the rows cover (5.17 h, but 19 s): their unit may be another "
        'one. A mapping says it: {"duration_ms": {"from": NAME, "unit": "us"}}'
    ]
    assert doubts(*seconds(20, duration_ms=900.0)) == []


def test_exact_copies():
    rows = seconds(20)
    assert doubts(*rows, *rows[:5]) == [
        "5 rows are exact copies of another: was a file given twice, or exported twice?"
    ]
    assert doubts(*[row | {"k": i} for i, row in enumerate([*rows, *rows])]) == []
    few = [*seconds(300, body="x"), seconds(1, body="x")[0]]
    assert doubts(*few) == []  # equal log lines happen
    spans = [row | {"span_id": f"{row['n']:016x}"} for row in few]
    assert doubts(*spans) == ["1 row is an exact copy of another: was a file given twice, or exported twice?"]


def test_copies_of_whole_batches():
    report = LoadReport()
    normalizer = Normalizer(report)
    batch = pa.RecordBatch.from_pylist(seconds(30))
    for _ in range(3):
        normalizer.batch(batch)
    normalizer.finish()
    assert report.doubts == [
        "at least 60 rows are exact copies of another: was a file given twice, or exported twice?"
    ]


def test_batches_with_equal_times_and_other_values_are_no_copies():
    report = LoadReport()
    normalizer = Normalizer(report)
    for pod in ("a", "b"):
        normalizer.batch(pa.RecordBatch.from_pylist(seconds(30, pod=pod)))
    normalizer.finish()
    assert report.doubts == []


def test_a_round_number_of_rows():
    assert doubts(*seconds(1_000)) == [
        "exactly 1,000 rows: the export may have stopped at a limit, and left out the rest"
    ]
    assert doubts(*seconds(999)) == []


def test_doubts_are_first_in_the_report_and_survive_it():
    _, report, _ = events(*seconds(1_000))
    assert report.lines()[:2] == ["1,000 rows read, 0 rejected", f"look at this: {report.doubts[0]}"]
    assert report.lines(doubts=False) == ["1,000 rows read, 0 rejected"]
    again = LoadReport.from_dict(report.to_dict())
    assert again.doubts == report.doubts
    again.merge(report)
    assert again.doubts == report.doubts


def test_a_mapping_of_a_field_that_no_row_has_is_an_error():
    normalizer = Normalizer(LoadReport(), ReadOptions(mapping={"duration_ms": "elapsd"}))
    normalizer.batch(pa.RecordBatch.from_pylist([{"elapsed": 5, "name": "x"}]))
    with pytest.raises(InvalidArgument) as caught:
        normalizer.finish()
    assert str(caught.value) == (
        "no row has the field 'elapsd', but the mapping uses it\nHint: fields of these rows are elapsed"
    )


def test_a_number_that_is_no_time_of_an_event_is_not_suggested():
    assert doubts(*[{"time_connect_seconds": 0.25, "name": "x"}] * 3) == []
    assert doubts(*[{"start": "0.25", "name": "x"}] * 3) == []
