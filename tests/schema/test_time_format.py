"""Times in a format that the caller gives: what is read, what is counted, and which formats are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit import load
from obskit.errors import InvalidArgument
from obskit.schema import ReadOptions
from obskit.schema.time_format import TimeFormat
from tests.schema.samples import events

TEN = datetime(2026, 5, 4, 10, tzinfo=UTC)
DAY_FIRST = {"timestamp": {"from": "ts", "format": "%d/%m/%Y %H:%M:%S"}}
HINT = '\nHint: write year, month and day in the codes of strptime, such as "%d/%m/%Y %H:%M:%S"'


@pytest.mark.parametrize(
    ("form", "text", "wanted"),
    [
        ("%d/%m/%Y %H:%M:%S", "04/05/2026 10:00:00", TEN),
        ("%m/%d/%Y %H:%M:%S", "05/04/2026 10:00:00", TEN),
        ("%d/%m/%y %H:%M", " 4/5/26  10:00 ", TEN),
        ("%m/%d/%Y %I:%M:%S %p", "05/04/2026 10:00:00 PM", TEN.replace(hour=22)),
        ("%m/%d/%Y %I:%M:%S %p", "05/04/2026 12:00:00 AM", TEN.replace(hour=0)),
        ("%Y%m%d%H%M%S", "20260504100000", TEN),
        ("%Y%m%d%H%M%S", "2026504100000", None),  # a digit is missing
        ("%Y%m%d", "20260504", TEN.replace(hour=0)),
        (
            "%A, %d %B %Y at %T.%f %z",
            "monday, 04 may 2026 at 12:00:00.25 +02:00",
            TEN.replace(microsecond=250000),
        ),
        ("%a %b %d %H:%M:%S %Z %Y", "Mon May 4 12:00:00 CEST 2026", TEN),
        ("%F %R 100%%", "2026-05-04 10:00 100%", TEN),
        ("%d/%m/%Y", "31/02/2026", None),
        ("%d/%m/%Y", "05/13/2026", None),
        ("%d/%m/%Y", "04/05/2026 10:00", None),
        ("%d/%m/%Y %H:%M", "04/05/2026 24:00", None),
        ("(%Y).%m.%d", "(2026).05.04", TEN.replace(hour=0)),
    ],
)
def test_a_time_in_a_format(form, text, wanted):
    assert TimeFormat.of(form).read(pa.array([text, None])).to_pylist() == [wanted, None]


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ("%d/%m", "it has no year"),
        ("%H:%M:%S", "it has no year and no month and no day"),
        ("", "it has no year and no month and no day"),
        ("%d/%m/%Y %Q", "%Q is not a code of times"),
        ("%d/%m/%Y %", "% is not a code of times"),
        ("%d/%d/%m/%Y", "%d gives a part of the time a second time"),
        ("%d/%m/%Y %Y", "%Y gives a part of the time a second time"),
        ("%d/%m/%Y %I:%M", "%I and %p go together"),
        ("%d/%m/%Y %H:%M %p", "%I and %p go together"),
    ],
)
def test_a_bad_format_is_an_error(form, reason):
    with pytest.raises(InvalidArgument) as caught:
        ReadOptions(mapping={"timestamp": {"from": "ts", "format": form}})
    assert str(caught.value) == f"invalid format of times {form!r}: {reason}{HINT}"


@pytest.mark.parametrize(
    ("target", "given", "shown"),
    [
        ("name", {"from": "ts", "format": "%Y"}, "'%Y'"),
        ("timestamp", {"from": "ts", "format": 5}, "5"),
        ("timestamp", {"from": "ts", "format": "%F", "unit": "s"}, "'%F'"),
    ],
)
def test_a_format_is_text_and_for_times_only(target, given, shown):
    with pytest.raises(InvalidArgument) as caught:
        ReadOptions(mapping={target: given})
    assert str(caught.value) == (
        f"invalid format in the mapping for '{target}': {shown}\n"
        'Hint: give a text such as "%d/%m/%Y %H:%M:%S", for timestamp only and without a unit'
    )


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)),
    st.sampled_from(
        [
            "%d/%m/%Y %H:%M:%S.%f",
            "%m-%d-%y %I.%M.%S.%f %p",
            "%Y%m%d %H%M%S %f",
            "%b %d, %Y %T.%f",
            "%B %d %Y %T,%f",
        ]
    ),
)
def test_what_strftime_writes_is_read_back(moment, form):
    text = moment.strftime(form.replace("%T", "%H:%M:%S"))
    assert TimeFormat.of(form).read(pa.array([text])).to_pylist() == [moment.replace(tzinfo=UTC)]


def test_values_that_do_not_fit_are_null_kept_and_counted():
    rows, report, _ = events({"ts": "04/05/2026 10:00:00"}, {"ts": "2026-05-04"}, mapping=DAY_FIRST)
    assert [row["timestamp"] for row in rows] == [TEN, None]
    assert rows[1]["attributes.timestamp"] == "2026-05-04"
    assert report.unparsed == {"timestamp": 1}


def test_whole_numbers_have_a_format_too():
    rows, _, _ = events(
        {"ts": 20260504100000}, mapping={"timestamp": {"from": "ts", "format": "%Y%m%d%H%M%S"}}
    )
    assert rows[0]["timestamp"] == TEN


def test_a_format_has_the_time_zone_of_the_load():
    form = TimeFormat.of("%d/%m/%Y %H:%M")
    read = form.read(pa.array(["04/05/2026 12:00"]), ZoneInfo("Europe/Berlin")).to_pylist()
    assert read == [TEN]


@pytest.mark.parametrize(
    "text",
    [
        "ts,name\n04/05/2026 10:00:00,a\n05/05/2026 10:00:00,b\n",
        "ts,name\n04/05/2026 10:00:00,a\n13/05/2026 10:00:00,b\n",  # these dates decide the order themselves
        '{"ts": "04/05/2026 10:00:00", "name": "a"}\n{"ts": "13/05/2026 10:00:00", "name": "b"}\n',
    ],
)
def test_a_format_decides_in_every_reader(tmp_path, text):
    path = tmp_path / ("a.jsonl" if text[0] == "{" else "a.csv")
    path.write_text(text)
    read = load(path, mapping=DAY_FIRST)
    assert read.to_arrow()["timestamp"][0].as_py() == TEN
    assert read.load_report.untimed == 0
    assert not any("first" in note for note in read.load_report.notes)
