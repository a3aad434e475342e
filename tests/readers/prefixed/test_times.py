"""The vectorized parsers of times find what the standard library finds, and nothing else."""

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.readers.prefixed.times import bsd_times, iso_times, to_utc

NEWEST = datetime(2026, 11, 29, 12, tzinfo=UTC)
ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)", re.ASCII)


def parsed(function, lines, *more):
    data = "\n".join([*lines, ""]).encode()
    text = np.frombuffer(data + bytes(64), np.uint8)
    ends = np.flatnonzero(text == 10)
    starts = np.concatenate(([0], ends[:-1] + 1))
    return function(text, starts, ends, *more)


def moment(micros):
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros))


@pytest.mark.parametrize(
    ("line", "wanted", "size"),
    [
        ("2026-05-04T10:00:00.501234567+02:00 stdout F x", datetime(2026, 5, 4, 8, 0, 0, 501234), 35),
        ("2026-05-04T10:00:00Z", datetime(2026, 5, 4, 10), 20),
        ("2026-05-04 10:00:00,5-0330 x", datetime(2026, 5, 4, 13, 30, 0, 500000), 26),
        ("2024-02-29T10:00:00Z", datetime(2024, 2, 29, 10), 20),
    ],
)
def test_iso(line, wanted, size):
    got = parsed(iso_times, [line])
    assert (moment(got.micros[0]), got.size[0]) == (wanted.replace(tzinfo=UTC), size)


@pytest.mark.parametrize(
    "line",
    [
        *(
            "2026-05-04T10:00:00",
            "2026-02-29T10:00:00Z",
            "2026-05-04T24:00:00Z",
            "2026-13-04T10:00:00Z",
            "",
            "x",
        ),
        *("2026-05-04T10:00:00.Z", "2026-05-04T10:00:00+25:00", "2026-05-04T10:00:00.1234567890Z"),
    ],
)
def test_not_iso(line):
    assert parsed(iso_times, [line]).size[0] == 0


times = st.datetimes(datetime(2026, 5, 3), datetime(2026, 5, 5))


@st.composite
def iso_lines(draw):
    """Times of mostly one shape, as one program writes them, and some that are spoiled."""
    digits, zone = draw(st.integers(0, 9)), draw(st.sampled_from(["Z", "+02:00", "-0330"]))
    lines = []
    for time in draw(st.lists(times, min_size=1, max_size=40)):
        fraction = draw(st.text("0123456789", min_size=digits, max_size=digits))
        line = f"{time:%Y-%m-%dT%H:%M:%S}{'.' + fraction if digits else ''}{zone} x"
        if draw(st.integers(0, 9)) == 0:
            at = draw(st.integers(0, len(line) - 1))
            line = line[:at] + draw(st.sampled_from("09x:/ Z.")) + line[at + 1 :]
        lines.append(line)
    return lines


@given(iso_lines())
def test_many_times_at_once_are_the_same_as_each_by_itself(lines):
    got = parsed(iso_times, lines)
    for line, micros, size, digits in zip(lines, *got, strict=True):
        match = ISO.match(line)
        assert size in (0, match.end() if match else 0)
        if match is None:
            continue
        text = match[0].replace(",", ".").replace(" ", "T", 1)
        text = re.sub(r"(\.\d{6})\d+", r"\1", text)
        second = text[17:19]
        try:
            wanted = datetime.fromisoformat(text.replace(f":{second}", ":59", 1) if second == "60" else text)
        except ValueError:
            assert size == 0
            continue
        assert size == match.end()
        assert moment(micros) == wanted + timedelta(seconds=second == "60")
        assert digits == len((re.search(r"[.,](\d+)", match[0]) or ["", ""])[1])


@pytest.mark.parametrize(
    ("line", "wanted", "size"),
    [
        ("May  4 10:00:00 web-1", datetime(2026, 5, 4, 10), 15),
        ("May 04 10:00:00.123456 web-1", datetime(2026, 5, 4, 10, 0, 0, 123456), 22),
        ("May  4 2024 10:00:00 web-1", datetime(2024, 5, 4, 10), 20),
        ("Nov 30 11:00:00 web-1", datetime(2026, 11, 30, 11), 15),  # a clock may be ahead by less than a day
        ("Nov 30 13:00:00 web-1", datetime(2025, 11, 30, 13), 15),
        ("Dec 31 23:59:59 web-1", datetime(2025, 12, 31, 23, 59, 59), 15),
    ],
)
def test_syslog(line, wanted, size):
    got = parsed(bsd_times, [line], NEWEST)
    assert (moment(got.micros[0]), got.size[0]) == (wanted.replace(tzinfo=UTC), size)


@pytest.mark.parametrize(
    "line", ["May 32 10:00:00 x", "Mai  4 10:00:00 x", "May 4 10:00:00 x", "May  4 10:00", ""]
)
def test_not_syslog(line):
    assert parsed(bsd_times, [line], NEWEST).size[0] == 0


TAILS = st.sampled_from([" web-1", ".5 x", ". x", ".x", "", "5 x", "Z"])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["May  4", "May 04 2026", "Mai  4", "Feb 30"]),
            st.sampled_from(["10:00:00", "10:00:01", "25:00:00"]),
            TAILS,
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 20),
)
def test_runs_of_lines_with_the_same_time(kinds, repeated):
    lines = [f"{day} {clock}{tail}" for day, clock, tail in kinds for _ in range(repeated)]
    together = parsed(bsd_times, lines, NEWEST)
    alone = [parsed(bsd_times, [line], NEWEST) for line in lines]
    for values, *each in zip(together, *alone, strict=True):
        assert values.tolist() == [int(value[0]) for value in each]


def test_29_february_is_of_a_year_that_has_one():
    got = parsed(bsd_times, ["Feb 29 10:00:00 x"], datetime(2025, 1, 5, tzinfo=UTC))
    assert moment(got.micros[0]) == datetime(2024, 2, 29, 10, tzinfo=UTC)


def test_new_year_is_of_the_next_year_if_the_file_was_written_on_the_eve():
    """A file written at 23:30 UTC may have local times after midnight."""
    got = parsed(
        bsd_times, ["Jan  1 00:10:00 x", "Dec 31 23:10:00 x"], datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    )
    assert [moment(each) for each in got.micros] == [
        datetime(2027, 1, 1, 0, 10, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 10, tzinfo=UTC),
    ]
    got = parsed(bsd_times, ["Feb 29 10:00:00 x"], datetime(2027, 6, 5, tzinfo=UTC))
    assert moment(got.micros[0]) == datetime(2024, 2, 29, 10, tzinfo=UTC)


def test_local_times():
    """The clock in Berlin is set back at 3:00 on 25 October 2026, and forward at 2:00 on 29 March."""
    local = [datetime(2026, 5, 4, 10), datetime(2026, 10, 25, 2, 30), datetime(2026, 3, 29, 2, 30)]
    micros = np.array([int(time.replace(tzinfo=UTC).timestamp()) * 1_000_000 for time in local])
    got, odd = to_utc(micros, "Europe/Berlin")
    assert [moment(each).replace(tzinfo=None) for each in got] == [
        datetime(2026, 5, 4, 8),
        datetime(2026, 10, 25, 0, 30),
        datetime(2026, 3, 29, 1),
    ]
    assert odd == 2
