"""Where requests end: nothing that two parsers could read in two ways is accepted."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.receive.framing import HEAD, Chunked, Sized, head_end, parse_head
from obskit.receive.refusal import Refused
from tests.support.receive_harness import kept, traces

BODY = traces("first").SerializeToString()
START = b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n"
LENGTH = b"content-length: %d\r\n" % len(BODY)
CHUNKED = b"transfer-encoding: chunked\r\n"
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
SMUGGLED = traces("smuggled").SerializeToString()
SECOND = START + b"content-length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED

HEADS: dict[str, tuple[int, bytes]] = {
    "length and chunks": (400, START + LENGTH + CHUNKED + b"\r\n" + CHUNKS),
    "chunks and length": (400, START + CHUNKED + b"content-length: 4\r\n\r\n" + CHUNKS),
    "two lengths": (400, START + LENGTH + b"content-length: 0\r\n\r\n" + BODY),
    "the same length twice": (400, START + LENGTH + LENGTH + b"\r\n" + BODY),
    "a list of lengths": (400, START + b"content-length: %d, %d\r\n\r\n" % (len(BODY), len(BODY)) + BODY),
    "length +": (400, START + b"content-length: +%d\r\n\r\n" % len(BODY) + BODY),
    "length -": (400, START + b"content-length: -1\r\n\r\n"),
    "length in hex": (400, START + b"content-length: 0x%x\r\n\r\n" % len(BODY) + BODY),
    "length with _": (400, START + b"content-length: 1_0\r\n\r\n" + BODY),
    "length with digits of another script": (400, START + "content-length: ٣\r\n\r\n".encode() + BODY),
    "no length": (400, START + b"content-length:\r\n\r\n" + BODY),
    "a length of 20 digits": (400, START + b"content-length: " + b"9" * 20 + b"\r\n\r\n"),
    "gzip, chunked": (501, START + b"transfer-encoding: gzip, chunked\r\n\r\n" + CHUNKS),
    "chunked, identity": (501, START + b"transfer-encoding: chunked, identity\r\n\r\n" + CHUNKS),
    "xchunked": (501, START + b"transfer-encoding: xchunked\r\n\r\n" + CHUNKS),
    "identity": (501, START + b"transfer-encoding: identity\r\n\r\n"),
    "an empty transfer encoding": (501, START + b"transfer-encoding:\r\n\r\n" + CHUNKS),
    "chunked twice": (400, START + CHUNKED + CHUNKED + b"\r\n" + CHUNKS),
    "chunked in HTTP/1.0": (400, START.replace(b"/1.1", b"/1.0") + CHUNKED + b"\r\n" + CHUNKS),
    "vertical tab before chunked": (400, START + b"transfer-encoding:\x0bchunked\r\n\r\n" + CHUNKS),
    "space before the colon": (400, START + b"content-length : %d\r\n\r\n" % len(BODY) + BODY),
    "tab before the colon": (400, START + b"transfer-encoding\t: chunked\r\n\r\n" + CHUNKS),
    "a folded line": (400, START + LENGTH + b"x: a\r\n b\r\n\r\n" + BODY),
    "a folded transfer encoding": (400, START + b"transfer-encoding:\r\n chunked\r\n\r\n" + CHUNKS),
    "space before the first header": (
        400,
        START.replace(b"\r\nhost", b"\r\n host") + LENGTH + b"\r\n" + BODY,
    ),
    "bare LF after a header": (400, START + b"x: a\n" + LENGTH + b"\r\n" + BODY),
    "bare LF at the end": (400, START + LENGTH + b"\n" + BODY),
    "bare LF alone": (400, START.replace(b"\r\n", b"\n") + LENGTH.replace(b"\r\n", b"\n") + b"\n" + BODY),
    "bare CR in a value": (400, START + b"x: a\rcontent-length: 0\r\n" + LENGTH + b"\r\n" + BODY),
    "bare CR as the end of a line": (400, START + b"x: a\r" + LENGTH + b"\r\n" + BODY),
    "NUL in a value": (400, START + b"x: a\0b\r\n" + LENGTH + b"\r\n" + BODY),
    "a header without a colon": (400, START + LENGTH + b"x\r\n\r\n" + BODY),
    "a header without a name": (400, START + LENGTH + b": x\r\n\r\n" + BODY),
    "two content encodings": (400, START + b"content-encoding: gzip\r\n" * 2 + LENGTH + b"\r\n" + BODY),
    "two spaces in the request line": (400, START.replace(b" /v1", b"  /v1") + LENGTH + b"\r\n" + BODY),
    "a tab in the request line": (400, START.replace(b" /v1", b"\t/v1") + LENGTH + b"\r\n" + BODY),
    "space after the version": (400, START.replace(b"/1.1", b"/1.1 ") + LENGTH + b"\r\n" + BODY),
    "no version": (400, b"POST /v1/traces\r\n\r\n"),
    "version 2": (400, START.replace(b"/1.1", b"/2.0") + LENGTH + b"\r\n" + BODY),
    "version 1.10": (400, START.replace(b"/1.1", b"/1.10") + LENGTH + b"\r\n" + BODY),
    "version in lower case": (400, START.replace(b"HTTP", b"http") + LENGTH + b"\r\n" + BODY),
    "a target that is not ASCII": (400, START.replace(b"/traces", b"/tr\xe4ces") + LENGTH + b"\r\n" + BODY),
    "an empty line first": (400, b"\r\n" + START + LENGTH + b"\r\n" + BODY),
    "too many headers": (431, START + b"x: y\r\n" * 4000 + LENGTH + b"\r\n" + BODY),
    "headers without end": (431, START + b"x: " + b"y" * (HEAD + 1)),
}
CHUNK_BODIES: dict[str, bytes] = {
    "bare LF after the size": CHUNKS.replace(b"\r\n", b"\n", 1),
    "bare LF after the last size": CHUNKS[:-4] + b"\n\r\n",
    "bare LF at the end": CHUNKS[:-2] + b"\n",
    "no size": b"\r\n" + CHUNKS,
    "size +": b"+" + CHUNKS,
    "size -": b"-" + CHUNKS,
    "size in 0x": b"0x" + CHUNKS,
    "size with space before": b" " + CHUNKS,
    "size with space after": CHUNKS.replace(b"\r\n", b" \r\n", 1),
    "size of 17 digits": b"0" * 16 + CHUNKS,
    "longer than its size": b"1\r\n" + BODY + b"\r\n0\r\n\r\n",
    "bare CR in an extension": CHUNKS.replace(b"\r\n", b";a\rb\r\n", 1),
    "bare LF in an extension": CHUNKS.replace(b"\r\n", b";a\nb\r\n", 1),
    "an extension that is too long": CHUNKS.replace(b"\r\n", b";" + b"a" * 2 * HEAD + b"\r\n", 1),
    "an extension without end": b"1;" + b"a" * 3 * HEAD,
    "many extensions": (b"1;" + b"a" * 99 + b"\r\nx\r\n") * 1000,
    "chunks of one byte": b"1\r\nx\r\n" * 20_000,
    "trailers that are too long": CHUNKS[:-2] + b"x: y\r\n" * 4000 + b"\r\n",
    "a trailer that is not a header": CHUNKS[:-2] + b"x y\r\n\r\n",
    "a folded trailer": CHUNKS[:-2] + b"x: y\r\n z\r\n\r\n",
    "bare LF after a trailer": CHUNKS[:-2] + b"x: y\n\n",
}  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
def test_after_an_ambiguous_head_nothing_is_read(start, name):
    status, request = HEADS[name]
    receiver = start(header=5.0)
    answer = receiver.raw(request + SECOND)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer.lower()
    assert kept(receiver.folder) == []


@pytest.mark.parametrize("name", CHUNK_BODIES)
def test_after_ambiguous_chunks_nothing_is_read(start, name):
    receiver = start(stall=5.0)
    answer = receiver.raw(START + CHUNKED + b"\r\n" + CHUNK_BODIES[name] + SECOND)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert kept(receiver.folder) == []


@pytest.mark.parametrize(
    "request_",
    [
        START + LENGTH + b"\r\n" + BODY,
        START + b"Content-Length:\t 0%d \t\r\n\r\n" % len(BODY) + BODY,
        START + b"Transfer-Encoding: Chunked\r\n\r\n" + CHUNKS,
        START + CHUNKED + b"\r\n" + CHUNKS.replace(b"\r\n", b';a="b"\r\n', 1),
        START + CHUNKED + b"\r\n" + CHUNKS[:-2] + b"content-length: 7\r\nx: y\r\n\r\n",
        START + LENGTH + b"x-empty:\r\nx-long: \xc3\xa4 b\r\nx-long: c\r\n\r\n" + BODY,
    ],
    ids=["length", "zeros and space", "chunks", "extension", "trailers", "other headers"],
)
def test_what_is_valid_is_taken_and_the_next_request_too(start, request_):
    receiver = start()
    last = SECOND.replace(b"host", b"connection: close\r\nhost", 1)
    for pieces in ([request_ + last], [request_[:-1], request_[-1:], last[:30], last[30:]]):
        assert receiver.raw(*pieces).count(b"HTTP/1.1 200 ") == 2
    assert kept(receiver.folder) == ["first", "first", "smuggled", "smuggled"]


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=9), st.binary(max_size=20), st.data())
def test_the_end_of_chunks_does_not_depend_on_the_pieces(chunks, rest, data):
    whole = b"".join(b"%X;x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\na: b\r\n\r\n"
    sent, framing, at = whole + rest, Chunked(), 0
    while not framing.done:
        size = data.draw(st.integers(1, len(sent) - at))
        at += framing.take(sent[at : at + size])
    assert at == len(whole)
    assert framing.take(rest) == 0


@given(st.binary(max_size=300))
def test_whatever_comes_as_chunks_is_taken_or_refused(data):
    framing = Chunked()
    with contextlib.suppress(Refused):
        assert framing.take(data) <= len(data)


@given(st.binary(max_size=300))
def test_whatever_comes_as_a_head_is_taken_or_refused(data):
    for sent in (data, b"POST / HTTP/1.1\r\n" + data + b"\r\n\r\n"):
        with contextlib.suppress(Refused):
            end = head_end(sent)
            assert not end or "host" in parse_head(sent[:end]).headers


def test_a_body_of_a_length_ends_there():
    framing = Sized(5)
    assert (framing.take(b"abc"), framing.done) == (3, False)
    assert (framing.take(b"defg"), framing.done) == (2, True)
    assert Sized(0).done


def test_the_end_of_a_head_is_found_in_any_pieces():
    sent = START + b"\r\n" + BODY
    ends = [head_end(sent[:size], size - 1) for size in range(1, len(START) + 3)]
    assert ends == [0] * (len(START) + 1) + [len(START) + 2]
