"""Times, durations and ids of vendors' spans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.readers.vendor_spans import fields


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01 00:00:01", 10**9),
        ("1970-01-01T01:00:00.000000001+01:00", 1),
        ("1970-01-01T00:00:00.1234567891Z", 123_456_789),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
        ("1970-01-01T05:30:00+0530", 0),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
    ],
)
def test_iso_times(text, nanoseconds):
    assert fields.iso_nanoseconds(text, "time") == nanoseconds


@pytest.mark.parametrize(
    "value", ["noon", 7, "2026-13-01T00:00:00Z", "2026-05-04", [], "2026-05-04T10:00:00+9"]
)
def test_what_is_no_time(value):
    with pytest.raises(MalformedRecord) as caught:
        fields.iso_nanoseconds(value, "start_time")
    assert str(caught.value) == "start_time is not a time"


@given(st.datetimes())
def test_iso_times_come_back(moment):
    if moment.year < 100:
        return
    whole = (
        moment - moment.replace(year=1970, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    ).days
    got = fields.iso_nanoseconds(moment.isoformat() + "Z", "time")
    assert got is not None
    assert got % 10**9 == moment.microsecond * 1000
    assert abs(got // 86_400_000_000_000 - whole) <= 1


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0.25s", 250.0),
        ("12s", 12_000.0),
        ("0.000000001s", 1e-6),
        ("00:00:00.2500000", 250.0),
        ("1.02:03:04.5", 93_784_500.0),
        ("-00:00:01", -1000.0),
        ("250", None),
        ("250ms", None),
        (250, None),
        (None, None),
    ],
)
def test_durations_as_text(text, milliseconds):
    assert fields.text_milliseconds(text) == milliseconds


@pytest.mark.parametrize(
    ("value", "nanoseconds"), [(1777888800.123456, 1777888800123456000), ("1.5", 1_500_000_000), (None, None)]
)
def test_seconds(value, nanoseconds):
    assert fields.second_nanoseconds(value, "start_time") == nanoseconds


@pytest.mark.parametrize("value", ["noon", True, [], 1e300, float("nan"), "inf"])
def test_what_is_no_number_of_seconds(value):
    with pytest.raises(MalformedRecord) as caught:
        fields.second_nanoseconds(value, "start_time")
    assert str(caught.value) == "start_time is not a number of seconds"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0, None),
        ("0", None),
        (5, "0000000000000005"),
        ("255", "00000000000000ff"),
        (2**64 - 1, "f" * 16),
        ("0AF7651916CD43DD8448EB211C80319C", "0af7651916cd43dd8448eb211c80319c"),
        ("ab", "00000000000000ab"),
    ],
)
def test_decimal_ids(value, wanted):
    assert fields.decimal_id(value, 16) == wanted


def test_attributes():
    found = {"a": {"b": 1, "c": {}}, "kind": "x", "list": [1, {"d": 2}], "none": None, "plain": [1, 2]}
    assert fields.attributes(found) == {
        "a.b": 1,
        "attributes.kind": "x",
        "list": '[1,{"d":2}]',
        "plain": [1, 2],
    }
    assert fields.attributes({"kind": "x"}, "aws.") == {"aws.kind": "x"}
    assert fields.attributes("text") == {}


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("/cart?a=1", {"url.path": "/cart", "url.query": "a=1"}),
        ("https://h", {"url.full": "https://h", "server.address": "h"}),
        ("https://[h", {"url.full": "https://[h"}),
        ("", {}),
        (7, {}),
    ],
)
def test_urls(url, wanted):
    assert fields.url_fields(url) == wanted
