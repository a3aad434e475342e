"""Times in the shapes that programs write."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.schema.time_text import in_zone, read_times

T = datetime(2026, 5, 4, 10, tzinfo=UTC)

# Shapes as the documentation of each program gives them; the values are made up.
SHAPES = {
    "04/May/2026:12:00:00 +0200": T,  # Apache and nginx: common log format
    "2026-05-04 10:00:00.123456789 +0000 UTC m=+0.000012345": T.replace(
        microsecond=123456
    ),  # Go: Time.String
    "2026-05-04 12:00:00 +0200 CEST": T,
    "2026-05-04 10:00:00 +0000": T,  # Ruby: Time#to_s
    "Mon, 04 May 2026 10:00:00 GMT": T,  # RFC 1123
    "Mon, 4 May 2026 12:00:00 +0200": T,  # RFC 2822
    "Monday, 04-May-26 10:00:00 GMT": T,  # RFC 850
    "2026-05-04 10:00:00,123": T.replace(microsecond=123000),  # Python: logging
    "2026/05/04 10:00:00": T,  # Go: log
    "2026/05/04 10:00:00.5": T.replace(microsecond=500000),
    "20260504T100000Z": T,  # ISO 8601, basic
    "20260504 10:00:00": T,
    "2026-05-04 12:00:00 CEST": T,
    "2026-05-04 06:00:00 EDT": T,
    "2026-05-04T12:00:00.123+0200": T.replace(microsecond=123000),  # zap: ISO8601TimeEncoder
    "2026-05-04T12:00:00+02:00[Europe/Berlin]": T,  # Java: ZonedDateTime
    "2026-05-04T10:00Z": T,
    "Mon May  4 10:00:00 2026": T,  # C: ctime
    "Mon May 04 10:00:00 UTC 2026": T,  # Java: Date.toString
    "Mon May 04 2026 12:00:00 GMT+0200 (Central European Summer Time)": T,  # JavaScript: Date
    "May 4, 2026, 10:00:00 AM": T,  # Kibana
    "May 4, 2026 @ 10:00:00.000": T,
    "04 May 2026 10:00:00,000": T,  # log4j: DATE
    "04-May-2026 10:00:00.000": T,  # Tomcat
    "[2026-05-04 10:00:00]": T,
    "04.05.2026 10:00:00": T,
    "2026-05-04 12:00:00 AM": T.replace(hour=0),
    "2026-05-04 12:00:00 PM": T.replace(hour=12),
}
NOT_TIMES = [
    "10:00:00.123",
    "lunch",
    "",
    "31.02.2026 10:00:00",
    "2026-13-04 10:00:00",
    "2026-05-04 24:30:00",
    "2026-05-04 13:00:00 PM",
    "2026-05-04 10:00:00 IST",  # India, Israel or Ireland
    "2026-05-04 10:00:00 +99:00",
    "04/05/2026 10:00:00",
]


@pytest.mark.parametrize("text", SHAPES)
def test_a_shape_alone(text):
    assert read_times(pa.array([text])).to_pylist() == [SHAPES[text]]


def test_all_shapes_in_one_column():
    texts = [*SHAPES, None, *NOT_TIMES]
    assert read_times(pa.array(texts)).to_pylist() == [*SHAPES.values(), *[None] * (len(NOT_TIMES) + 1)]


@pytest.mark.parametrize("text", NOT_TIMES)
def test_what_is_not_a_time_is_none(text):
    assert read_times(pa.array([text])).to_pylist() == [None]


@pytest.mark.parametrize(
    ("texts", "days", "notes"),
    [
        (["05/04/2026 10:00", "05/31/2026 10:00"], [(4, 5), (31, 5)], []),
        (["05/04/2026 10:00", "31/05/2026 10:00"], [(5, 4), (31, 5)], []),
        (
            ["05/04/2026 10:00:00 AM"],  # in the United States as in Australia
            [None],
            [
                "dates such as 05/04/2026 may be 5 April or 4 May: not read as times. Say which: "
                '--mapping FILE.json with {"timestamp": {"from": NAME, "format": "%d/%m/%Y %H:%M:%S"}} if the day '
                'is first, or "%m/%d/%Y %H:%M:%S" if the month is'
            ],
        ),
    ],
)
def test_day_and_month_are_told_apart_by_the_whole_column(texts, days, notes):
    found = []
    got = read_times(pa.array(texts), note=found.append).to_pylist()
    assert [None if moment is None else (moment.day, moment.month) for moment in got] == days
    assert found == notes


def test_naive_times_have_the_zone_that_is_given():
    berlin, notes = ZoneInfo("Europe/Berlin"), []
    texts = pa.array(
        ["2026-05-04 12:00:00,0", "2026-10-25 02:30:00,0", "2026-03-29 02:30:00,0", "2026-05-04 10:00:00,0Z"]
    )
    assert read_times(texts, berlin, notes.append).to_pylist() == [
        T,
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # happened twice: the first
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),  # never happened: 03:30
        T,
    ]
    assert notes == [
        "some times in Europe/Berlin happened twice when the clocks went back: the earlier one is taken",
        "some times in Europe/Berlin never happened, because the clocks went forward: they are moved forward",
    ]


@given(
    st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_a_zone_is_applied_as_python_does(moment, name):
    local = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    expected = moment.replace(tzinfo=ZoneInfo(name)).astimezone(UTC)
    got = in_zone(np.array([local]), ZoneInfo(name))[0]
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(got)) == expected


@given(
    st.lists(
        st.text(alphabet="0123456789-/:. TZ+,MayAPCEST[]", max_size=30)
        | st.sampled_from(list(SHAPES))
        | st.none(),
        max_size=12,
    )
)
def test_any_text_is_a_time_or_none_whatever_is_next_to_it(texts):
    column = read_times(pa.array(texts, pa.string()))
    assert len(column) == len(texts)
    assert column.null_count >= sum(text is None for text in texts)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:60Z", "9999-12-31T23:30:00-01:00"])
def test_a_moment_beyond_the_years_of_a_datetime_is_no_time(text):
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert read_times(pa.array([text, "9999-12-31T23:59:59Z"])).to_pylist() == [None, last]
