from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.engine import moment, parse_condition
from obskit.errors import InvalidArgument
from obskit.explorer.brush import Axis, Brush, micros

T = Axis("timestamp", time=True)
D = Axis("duration_ms")
START = micros("2026-05-04T10:00Z")
SCHEMA = pa.schema(
    [("timestamp", pa.timestamp("us", tz="UTC")), ("duration_ms", pa.float64()), ("select.id", pa.int64())]
)


def test_a_box_is_a_condition_that_reads_well():
    brush = Brush.read({"x0": START + 1_234_567, "x1": START + 1.8e9, "y0": 312.345, "y1": 7991.2}, T, D)
    assert brush.condition(T, D) == (
        "timestamp >= '2026-05-04T10:00:00Z' and timestamp < '2026-05-04T10:30:00Z' "
        "and duration_ms >= 312 and duration_ms < 7990"
    )


def test_open_sides_leave_no_condition():
    assert Brush.read({"y0": 500}, T, D).condition(T, D) == "duration_ms >= 500"
    assert Brush.read({}, T, D).condition(T, D) is None
    assert Brush.read({"x1": START}, T, D).condition(T, D) == "timestamp < '2026-05-04T10:00:00Z'"


def test_one_side_in_time_is_rounded_by_what_is_shown():
    brush = Brush.read({"x0": START + 207_600_000}, T, D, span=86_400e6)
    assert brush.condition(T, D) == "timestamp >= '2026-05-04T10:03:00Z'"


def test_a_box_drawn_backwards_is_the_same_box():
    assert Brush.read({"y0": 9, "y1": 2}, T, D) == Brush.read({"y0": 2, "y1": 9}, T, D)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "5; drop table", True, [1]])
def test_a_side_that_is_not_a_finite_number_is_rejected(value):
    with pytest.raises(InvalidArgument) as caught:
        Brush.read({"y0": value}, T, D)
    assert str(caught.value) == (
        f"side y0 of the box must be a finite number or None, got {value!r}\nHint: draw the box again"
    )


def test_names_that_need_quotes_get_them():
    assert Axis('say "hi"').condition(5, None) == '"say ""hi""" >= 5'


numbers = st.floats(-1e12, 1e12).filter(lambda v: v == 0 or abs(v) > 1e-9)


@given(numbers, numbers)
def test_rounding_moves_a_side_less_than_a_hundredth_of_the_box(a, b):
    low, high = sorted((a, b))
    brush = Brush.read({"y0": low, "y1": high}, T, D)
    if low < high:
        assert abs(brush.y0 - low) <= (high - low) / 100 + 1e-12 * abs(low)
        assert abs(brush.y1 - high) <= (high - low) / 100 + 1e-12 * abs(high)
        assert brush.y0 <= brush.y1


@given(
    st.none() | st.floats(-1e14, 4e15),
    st.none() | st.floats(-1e14, 4e15),
    st.none() | numbers,
    st.none() | numbers,
)
def test_every_box_parses(x0, x1, y0, y1):
    text = Brush.read({"x0": x0, "x1": x1, "y0": y0, "y1": y1}, T, D).condition(T, D)
    assert text is None or parse_condition(text, SCHEMA, newest=None).fields <= {"timestamp", "duration_ms"}


def test_times_as_people_give_them():
    at = datetime(2026, 5, 4, 10, tzinfo=UTC)
    assert micros(at) == micros("2026-05-04T10:00") == micros(at.replace(tzinfo=None)) == START
    assert micros("-30m", at) == START - 1.8e9
    assert moment(START) == at
    assert moment(1e30).year == 9999


def test_a_box_of_errors_selects_errors():
    box = Brush.read({"x0": START, "x1": None, "errors": True}, T, D)
    assert box.condition(T, D) == "timestamp >= '2026-05-04T10:00:00Z' and error"
    assert Brush.read({"errors": True}, T, D).condition(T, D) == "error"
    assert Brush(y0=5, errors=True).outcome(D) == "duration_ms >= 5 and error"
    assert Brush.read({"errors": "yes"}, T, D).condition(T, D) is None
    assert box.to_dict() == {"x0": START, "x1": None, "y0": None, "y1": None, "errors": True}
