"""Values become words and numbers; what is of another type than OTLP defines is malformed."""

import math

import pytest

from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.readers.otlp.typed_values import (
    attributes,
    integer,
    kind_word,
    leaves,
    message,
    nanoseconds,
    objects,
    severity,
    status_word,
    text,
    value,
)


@pytest.mark.parametrize(
    ("item", "word"), [(2, "server"), ("SPAN_KIND_CLIENT", "client"), (0, None), (9, None)]
)
def test_kinds(item, word):
    assert kind_word(item) == word


@pytest.mark.parametrize(
    ("item", "word"), [(2, "ERROR"), ("STATUS_CODE_OK", "OK"), (None, "UNSET"), (9, None)]
)
def test_statuses(item, word):
    assert status_word(item) == word


@pytest.mark.parametrize(
    ("item", "number"), [("SEVERITY_NUMBER_WARN2", 14), ("9", 9), (0, None), ("LOUD", None)]
)
def test_severities(item, number):
    assert severity(item) == number


@pytest.mark.parametrize(
    ("item", "reason"),
    [("soon", "a value that is not an integer"), (2**64, "an integer of more than 64 bits")],
)
def test_a_value_that_is_not_a_64_bit_integer_is_malformed(item, reason):
    with pytest.raises(MalformedRecord) as caught:
        integer(item)
    assert str(caught.value) == reason


@pytest.mark.parametrize("item", [True, [], {}, 1.5, "1_000", "0x10", " 7", "7.0", "1" * 5_000])
def test_an_integer_is_not_guessed(item):
    with pytest.raises(MalformedRecord):
        integer(item)


def test_integers_are_numbers_or_text():
    assert [integer(item) for item in (7, "7", "-7", "007", 7.0, None, "")] == [7, 7, -7, 7, 7, 0, 0]


@pytest.mark.parametrize(
    ("wrapped", "reason"),
    [
        ("x", "a value that is not an object"),
        ({"stringValue": []}, "stringValue is not text"),
        ({"intValue": True}, "a value that is not an integer"),
        ({"doubleValue": "abc"}, "doubleValue is not a number"),
        ({"doubleValue": [None]}, "doubleValue is not a number"),
        ({"boolValue": 1}, "boolValue is not true or false"),
        ({"arrayValue": []}, "arrayValue is not an object"),
        ({"arrayValue": {"values": {}}}, "values is not a list"),
        ({"arrayValue": {"values": [5]}}, "a value that is not an object"),
        ({"kvlistValue": []}, "kvlistValue is not an object"),
        ({"kvlistValue": {"values": [None]}}, "an item of values that is not an object"),
        ({"bytesValue": 5}, "bytesValue is not text"),
    ],
)
def test_a_value_of_another_type_than_it_states_is_malformed(wrapped, reason):
    for parse in (value, lambda item: list(leaves("k", item))):
        with pytest.raises(MalformedRecord) as caught:
            parse(wrapped)
        assert str(caught.value) == reason


def test_values_that_json_cannot_write_are_text():
    assert [value({"doubleValue": word}) for word in ("Infinity", "-Infinity", "1e3")] == [
        math.inf,
        -math.inf,
        1000.0,
    ]
    assert math.isnan(value({"doubleValue": "NaN"}))
    assert value({"boolValue": "true"}) is True


@pytest.mark.parametrize("item", [[], {}, True, 1.5])
def test_an_enum_of_another_type_is_malformed(item):
    for parse in (kind_word, status_word, severity):
        with pytest.raises(MalformedRecord):
            parse(item)


def test_fields_are_checked_for_their_type():
    with pytest.raises(MalformedRecord, match=r"^a time before 1970$"):
        nanoseconds({"timeUnixNano": -1}, "timeUnixNano")
    with pytest.raises(MalformedRecord, match=r"^name is not text$"):
        text({"name": ["x"]}, "name")
    with pytest.raises(MalformedRecord, match=r"^status is not an object$"):
        message({"status": []}, "status")
    with pytest.raises(MalformedRecord, match=r"^links is not a list$"):
        objects({"links": {}}, "links")
    with pytest.raises(MalformedRecord, match=r"^key is not text$"):
        attributes({"attributes": [{"key": []}]}, [])
