"""Protobuf becomes Arrow structs, or dicts in the form of OTLP's JSON."""

import pytest

from obskit.readers.otlp.messages import LOGS, SPANS, Refused, decode, requests, value
from tests.support import otlp_requests as made


def test_a_request_is_decoded_with_the_names_of_json():
    (resources,) = decode(SPANS, [made.protobuf(made.request(made.span(3)))]).to_pylist()
    span = resources[0]["scopeSpans"][0]["spans"][0]
    assert (span["name"], span["kind"], span["startTimeUnixNano"]) == (b"GET /3", 2, 1544712660000000003)
    assert span["attributes"][0]["value"]["intValue"] == 3


def test_each_record_is_a_request_of_its_own_with_its_offset():
    data = made.protobuf(made.logs({"body": {"stringValue": "a"}}, {"body": {"stringValue": "b"}}))
    found = list(requests(LOGS, data, lambda *_: None))
    records = [request["resourceLogs"][0]["scopeLogs"][0]["logRecords"] for _, request in found]
    assert records == [[{"body": {"stringValue": "a"}}], [{"body": {"stringValue": "b"}}]]
    assert [data[place : place + 2] for place, _ in found] == [b"\x2a\x03"] * 2


def test_a_damaged_record_is_rejected_and_the_others_are_yielded():
    data = made.protobuf(made.request(*(made.span(n) for n in range(3))))
    rejected = []
    found = list(
        requests(SPANS, data.replace(b"GET /1", b"GET \xff1"), lambda place, why: rejected.append(why))
    )
    assert (len(found), rejected) == (2, ["not UTF-8"])


def test_a_nested_value_has_the_form_of_json():
    assert value("arrayValue", made.field(1, b"\x18\x07")) == {"arrayValue": {"values": [{"intValue": 7}]}}


def test_a_field_with_another_wire_type_is_skipped():
    """As every parser of protobuf does, and so does the receiver."""
    assert value("arrayValue", made.field(1, made.field(3, b"x"))) == {"arrayValue": {"values": [{}]}}
    group = b"\x0b\x08\x01\x0c"
    assert value("arrayValue", group + made.field(1, b"\x18\x07")) == {
        "arrayValue": {"values": [{"intValue": 7}]}
    }


def test_a_length_beyond_64_bits_is_refused():
    # Found by fuzzing: ptars panics if an offset plus a length exceeds 64 bits.
    with pytest.raises(Refused):
        decode(SPANS, [b"\x0a" + b"\xff" * 9 + b"\x01" + b"ab"])
