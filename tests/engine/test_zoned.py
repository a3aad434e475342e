"""Times with the name of a time zone behind them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.engine import filter_table, parse_condition, parse_time
from obskit.engine.zoned import parse_zoned, zone_of
from obskit.errors import ConditionError
from tests.support.examples import examples


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-05-04 10:00 Europe/Berlin", "2026-05-04T08:00"),
        ("2026-05-04T10:00:00.25 Europe/Berlin", "2026-05-04T08:00:00.25"),
        ("2026-01-04 10:00 Europe/Berlin", "2026-01-04T09:00"),
        ("2026-05-04 Asia/Kolkata", "2026-05-03T18:30"),
        ("20260504T100000 UTC", "2026-05-04T10:00"),
        ("2026-05-04 10:00 America/Argentina/Buenos_Aires", "2026-05-04T13:00"),
    ],
)
def test_a_local_time_is_read_in_its_zone(text: str, utc: str) -> None:
    assert parse_zoned(text) == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert parse_time(f" {text} ") == parse_zoned(text)


@pytest.mark.parametrize("text", ["2026-05-04T10:00Z", "2026-05-04", "-30m", "10 min", "a Europe/Berlin", ""])
def test_other_texts_have_no_zone(text: str) -> None:
    assert zone_of(text) is None
    assert parse_zoned(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "2026-05-04 10:00 Europe/Berln",
            "'Europe/Berln' in '2026-05-04 10:00 Europe/Berln' is not the name of a time zone\n"
            "Hint: write a name such as Europe/Berlin, or an offset: '2026-05-04T10:00+02:00'",
        ),
        (
            "2026-05-04T10:00+02:00 Europe/Berlin",
            "'2026-05-04T10:00+02:00 Europe/Berlin' has an offset and the name of a time zone\n"
            "Hint: leave out one of them",
        ),
        (
            "2026-05-34 10:00 Europe/Berlin",
            "'2026-05-34 10:00 Europe/Berlin' is not a time\n"
            "Hint: write ISO 8601 and a zone, such as '2026-05-04 10:00 Europe/Berlin'",
        ),
        (
            "2026-10-25 02:30 Europe/Berlin",
            "'2026-10-25 02:30 Europe/Berlin' happened twice, because clocks went back: "
            "it can mean 2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00\nHint: write the one that you mean",
        ),
        (
            "2026-03-29 02:30:05 Europe/Berlin",
            "'2026-03-29 02:30:05 Europe/Berlin' did not exist, because clocks went forward: "
            "it can mean 2026-03-29T02:30:05+01:00 or 2026-03-29T02:30:05+02:00\n"
            "Hint: write the one that you mean",
        ),
        (
            "0001-01-01 00:00 Asia/Tokyo",
            "'0001-01-01 00:00 Asia/Tokyo' is not within the years 1 to 9999\nHint: write another time",
        ),
    ],
)
def test_times_that_have_no_one_meaning_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_time(text)
    assert str(caught.value) == message


def test_a_condition_reads_them() -> None:
    schema = pa.schema([("timestamp", pa.timestamp("us", "UTC"))])
    rows = pa.table({"timestamp": [datetime(2026, 5, 4, hour, tzinfo=UTC) for hour in (7, 8, 9)]}, schema)
    found = parse_condition("timestamp >= '2026-05-04 10:00 Europe/Berlin'", schema)
    assert found.text == "timestamp >= '2026-05-04 10:00 Europe/Berlin'"
    assert filter_table(rows, found).num_rows == 2


@settings(deadline=None, max_examples=examples(100))
@given(
    st.datetimes(datetime(1980, 1, 1), datetime(2037, 1, 1)).map(lambda t: t.replace(fold=0)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_every_time_has_its_one_meaning_or_is_refused(local: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    meanings = {
        utc
        for minutes in range(-14 * 60, 14 * 60, 5)
        if (utc := local.replace(tzinfo=UTC) + timedelta(minutes=minutes))
        .astimezone(zone)
        .replace(tzinfo=None, fold=0)
        == local
    }
    try:
        assert {parse_zoned(f"{local.isoformat()} {name}")} == meanings
    except ConditionError:
        assert len(meanings) != 1
