"""Messages are found in a stream, whatever is between them."""

import pytest

from obskit.readers.io.source import Plain
from obskit.readers.otlp.framing import BARE, DELIMITED, FIXED, MessageStream, framing_of
from obskit.schema import LoadReport
from tests.support import otlp_requests as made

REQUESTS = [made.protobuf(made.request(made.span(n))) for n in range(3)]
WRITERS = {FIXED: made.fixed, BARE: made.bare, DELIMITED: made.delimited}


@pytest.fixture
def split(tmp_path):
    def split(data, framing):
        path = tmp_path / "file"
        path.write_bytes(data)
        report = LoadReport()
        with path.open("rb") as file:
            found = list(MessageStream(Plain(file), report.file("file"), framing, size=16))
        return found, [(r.position, r.reason) for r in report.rejected]

    return split


@pytest.mark.parametrize("framing", WRITERS)
def test_the_framing_is_detected_from_the_first_bytes(framing):
    data = WRITERS[framing](*REQUESTS)
    assert framing_of(data) == framing
    assert framing_of(data[:50]) == framing


@pytest.mark.parametrize("data", [b"", b"{}", b"\x0a", b"hello world", b"\x00\x00\x00\x05hello", bytes(100)])
def test_other_bytes_have_no_framing(data):
    assert framing_of(data) is None


@pytest.mark.parametrize("framing", WRITERS)
def test_each_message_has_its_bytes_and_its_offset(split, framing):
    data = WRITERS[framing](*REQUESTS)
    found, rejected = split(data, framing)
    assert [message.data for message in found] == REQUESTS
    assert all(data[m.position : m.position + len(m.data)] == m.data for m in found)
    assert rejected == []


def test_reading_continues_at_the_next_whole_message(split):
    first, garbage = made.fixed(REQUESTS[0]), b"\xffgarbage\x0a" * 5
    found, rejected = split(first + garbage + made.fixed(REQUESTS[1]), FIXED)
    assert [message.data for message in found] == REQUESTS[:2]
    assert rejected == [(f"byte {len(first)}", "a message of more than 256 MiB")]


def test_a_torn_last_message_is_rejected(split):
    data = made.fixed(*REQUESTS)
    found, rejected = split(data[:-3], FIXED)
    assert len(found) == 2
    assert rejected == [(f"byte {len(made.fixed(*REQUESTS[:2]))}", "torn: the file ends within the message")]
