"""Protobuf's wire format, field by field."""

import pytest

from obskit.readers.otlp.protobuf_wire import FIXED32, FIXED64, GROUP, LEN, VARINT, Broken, fields, varint


def test_fields_of_every_wire_type():
    data = b"\x08\x96\x01" + b"\x12\x02hi" + b"\x19\x01" + bytes(7) + b"\x25\x02\x00\x00\x00"
    found = list(fields(data, 0, len(data)))
    assert [(f.number, f.wire, f.value) for f in found] == [
        (1, VARINT, 150),
        (2, LEN, 2),
        (3, FIXED64, 1),
        (4, FIXED32, 2),
    ]
    assert data[found[1].start : found[1].stop] == b"hi"


def test_a_group_is_one_field_with_the_groups_in_it():
    inner = b"\x13\x0a\x02hi\x14"
    data = b"\x0b" + inner + b"\x08\x01" + b"\x0c" + b"\x08\x05"
    assert [(f.number, f.wire, f.stop) for f in fields(data, 0, len(data))] == [
        (1, GROUP, len(data) - 2),
        (1, VARINT, len(data)),
    ]
    with pytest.raises(Broken):
        list(fields(b"\x0b" * 200 + b"\x0c" * 200, 0, 400))


@pytest.mark.parametrize(
    ("data", "reason", "position"),
    [
        (b"\x08\x01\x00\x01", "not protobuf", 2),
        (b"\x0b", "a varint that does not end", 1),
        (b"\x0b\x14", "not protobuf", 1),
        (b"\x0c", "not protobuf", 0),
        (b"\x12\x05hi", "a field longer than the message that contains it", 0),
        (b"\x08" + b"\xff" * 11, "a varint that does not end", 1),
    ],
)
def test_a_fault_has_a_reason_and_an_offset(data, reason, position):
    with pytest.raises(Broken) as caught:
        list(fields(data, 0, len(data)))
    assert (str(caught.value), caught.value.position) == (reason, position)


def test_a_varint_of_ten_bytes_has_64_bits():
    assert varint(b"\xff" * 9 + b"\x01", 0, 10) == (2**64 - 1, 10)
