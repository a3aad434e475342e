"""Values of known types are parsed from text and numbers."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.schema.parse import from_epoch, parse


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@given(
    st.datetimes(datetime(1700, 1, 1), datetime(2250, 1, 1)),
    st.sampled_from(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"]),
    st.integers(0, 9),
    st.sampled_from(["", "Z", "+02:00", "-0330"]),
    st.sampled_from([None, ZoneInfo("Europe/Berlin")]),
)
def test_times_of_one_form_are_read_like_mixed_ones(moment, form, digits, offset, zone):
    text = moment.strftime(form)
    if form.endswith("S"):
        text += f".{moment.microsecond:06d}789"[: digits + 1 if digits else 0]
    if "H" in form:
        text += offset
    mixed = pa.array([text, None, "Mon, 04 May 2026 10:00:00 GMT"])
    assert parse(mixed[:2], "timestamp", None, zone) == parse(mixed, "timestamp", None, zone)[:2]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-04T10:00:00Z", at(2026, 5, 4, 10)),
        ("2026-05-04T10:00:00.123456789Z", at(2026, 5, 4, 10, 0, 0, 123456)),
        ("2300-05-04T10:00:00.123456789Z", at(2300, 5, 4, 10, 0, 0, 123456)),
        ("1969-12-31T23:59:59.999999999Z", at(1969, 12, 31, 23, 59, 59, 999999)),
        ("2026-05-04 10:00:00", at(2026, 5, 4, 10)),  # naive is UTC
        ("2026-05-04T12:00:00+02:00", at(2026, 5, 4, 10)),
        ("2026-05-04T12:00:00.5+0200", at(2026, 5, 4, 10, 0, 0, 500000)),
        ("2026-05-04", at(2026, 5, 4)),
        ("2026-05-04 10:00:00 UTC", at(2026, 5, 4, 10)),
        ("1601-01-01T00:00:00Z", at(1601, 1, 1)),
        ("9999-12-31T23:59:59.999999Z", at(9999, 12, 31, 23, 59, 59, 999999)),
        ("1700000000", at(2023, 11, 14, 22, 13, 20)),
        ("1700000000.25", at(2023, 11, 14, 22, 13, 20, 250000)),
        ("1700000000123", at(2023, 11, 14, 22, 13, 20, 123000)),
        ("lunch", None),
        ("", None),
        ("10000-01-01T00:00:00Z", None),
        ("0000-00-00 00:00:00", None),
    ],
)
def test_times_as_text(text, moment):
    alone = parse(pa.array([text]), "timestamp").to_pylist()
    beside_others = parse(pa.array(["2026-01-01", text, None, "1700000000", "x"]), "timestamp").to_pylist()
    assert alone == [moment]
    assert beside_others == [at(2026, 1, 1), moment, None, at(2023, 11, 14, 22, 13, 20), None]


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000, 1_000_000_000])
def test_the_unit_of_an_epoch_is_detected_by_size(factor):
    assert from_epoch(pa.array([1_700_000_000 * factor])).to_pylist() == [at(2023, 11, 14, 22, 13, 20)]
    assert from_epoch(pa.array([1_700_000_000.0 * factor])).to_pylist() == [at(2023, 11, 14, 22, 13, 20)]


def test_epochs_of_several_sizes_in_one_column_and_absurd_ones():
    numbers = pa.array([1_700_000_000, None, 1_700_000_000_000, -(2**63), 2**63 - 1, 0])
    assert from_epoch(numbers).to_pylist() == [
        at(2023, 11, 14, 22, 13, 20),
        None,
        at(2023, 11, 14, 22, 13, 20),
        at(1677, 9, 21, 0, 12, 43, 145224),
        at(2262, 4, 11, 23, 47, 16, 854775),
        at(1970, 1, 1),
    ]
    floats = pa.array([float("nan"), float("inf"), -float("inf"), 1e300, 1.5])
    assert from_epoch(floats).to_pylist() == [None, None, None, None, at(1970, 1, 1, 0, 0, 1, 500000)]


def test_a_unit_overrules_the_size():
    assert from_epoch(pa.array([1000]), "ms").to_pylist() == [at(1970, 1, 1, 0, 0, 1)]
    assert parse(pa.array(["1000"]), "timestamp", "ns").to_pylist() == [at(1970, 1, 1, 0, 0, 0, 1)]
    assert from_epoch(pa.array([10**18]), "s").to_pylist() == [None]


def test_arrow_times_of_every_unit():
    for unit in ("s", "ms", "us", "ns"):
        array = pa.array([at(2026, 5, 4, 10)], pa.timestamp(unit, "UTC"))
        assert parse(array.cast(pa.timestamp("us", "UTC")), "timestamp").to_pylist() == [at(2026, 5, 4, 10)]


@pytest.mark.parametrize(
    ("word", "values", "parsed"),
    [
        (
            "int",
            ["500", " 7 ", "5.0", "1e3", "abc", "", "9" * 30, None],
            [500, 7, 5, 1000, None, None, None, None],
        ),
        ("int", [1.0, 2.5, float("nan"), float("inf"), 1e300], [1, None, None, None, None]),
        ("int", [True, False], [None, None]),
        ("float", ["1.5", "1e3", "x", "inf"], [1.5, 1000.0, None, float("inf")]),
        ("float", [1, 2], [1.0, 2.0]),
        ("bool", ["true", "FALSE", "1", "no", "maybe"], [True, False, True, False, None]),
        ("bool", [0, 1, 2, None], [False, True, None, None]),
        ("string", [1.0, 2.5, 1e20, float("nan")], ["1", "2.5", "1e+20", "nan"]),
        ("string", [True, None], ["true", None]),
        ("string", [[1, 2], None], ["[1,2]", None]),
        ("int32", ["9", "9999999999"], [9, None]),
        ("timestamp", [True], [None]),
    ],
)
def test_known_types(word, values, parsed):
    assert parse(pa.array(values), word).to_pylist() == parsed


@given(st.lists(st.one_of(st.none(), st.text(max_size=20), st.integers().map(str), st.floats().map(str))))
def test_any_text_parses_to_something_of_the_type(values):
    array = pa.array(values, pa.string())
    for word in ("int", "float", "bool", "timestamp", "int32"):
        assert len(parse(array, word)) == len(values)


@given(st.lists(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), min_size=1))
def test_iso_times_round_trip(moments):
    texts = [moment.isoformat() for moment in moments]
    assert parse(pa.array(texts), "timestamp").to_pylist() == [m.replace(tzinfo=UTC) for m in moments]
