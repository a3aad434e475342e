"""Numbers and texts of spans."""

import pytest

from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.readers.spans.scalars import column_value, finite_number, optional_text


@pytest.mark.parametrize(
    ("value", "number"), [(5, 5), (0.5, 0.5), ("-12", -12), (-(2**63), -(2**63)), ("9" * 18, 10**18 - 1)]
)
def test_numbers_and_digits_are_numbers(value, number):
    assert finite_number(value, "duration") == number


@pytest.mark.parametrize("value", ["soon", "1.5", "", "\u0663", True, None, [], float("nan"), float("inf")])
def test_anything_else_is_not_a_number(value):
    with pytest.raises(MalformedRecord) as caught:
        finite_number(value, "duration")
    assert str(caught.value) == "duration is not a number"


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "9" * 19, 1e300])
def test_a_number_beyond_64_bits_is_rejected(value):
    with pytest.raises(MalformedRecord) as caught:
        finite_number(value, "startTime")
    assert str(caught.value) == "startTime does not fit in 64 bits"


def test_texts():
    assert [optional_text(value) for value in (None, "", "a", 5, {"a": [1]})] == [
        *[None, None, "a"],
        *["5", '{"a":[1]}'],
    ]


def test_objects_and_lists_become_json_text():
    assert [column_value(value) for value in (None, "a", 5, [1], {"a": 1})] == [
        *[None, "a", 5],
        *["[1]", '{"a":1}'],
    ]
