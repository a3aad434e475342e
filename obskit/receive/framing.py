"""Where a request ends: strict checks of its headers and chunks, before h11 parses the same bytes.

h11 accepts what RFC 9112 lets a lenient recipient accept, such as lines that end in a bare LF. A proxy in
front may read the same bytes differently: then the end of one request becomes the start of another, which
nobody checked (request smuggling). So everything ambiguous is refused here, and h11 is given exactly the
bytes of one request at a time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from obskit.receive.refusal import Refused

HEAD = 16 * 1024
"""Most bytes of a request's line and headers, of one line among chunks, and of all trailers."""

_LINE = re.compile(rb"(?P<method>[!#$%&'*+.^_`|~0-9A-Za-z-]+) (?P<target>[!-~]+) HTTP/(?P<version>\d\.\d)")
_FIELD = re.compile(rb"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):(?P<value>[ \t!-~\x80-\xff]*)")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[\t -~\x80-\xff]*)?")
_LENGTH = re.compile(r"[0-9]{1,19}")
_ONCE = {"host", "content-length", "transfer-encoding", "content-type", "content-encoding", "authorization"}
_NOT_HTTP = "the request is not valid HTTP"


class Framing(Protocol):
    """The end of a body.

    Attributes:
        done: whether all of it was seen.
    """

    done: bool

    def take(self, piece: bytes) -> int:
        """Find the end of the body in the next piece.

        Args:
            piece: the bytes that follow those of the last call.

        Returns:
            How many bytes at its start belong to the body.

        Raises:
            Refused: the body is malformed.
        """


@dataclass(frozen=True)
class RequestHead:
    """The line and headers of a request.

    Attributes:
        method, target: as sent.
        headers: values by names in lower case; values of repeated headers are joined by commas.
        length: of the body in bytes, 0 if it is not given.
        chunked: whether the body is sent in chunks.
    """

    method: str
    target: str
    headers: dict[str, str]
    length: int
    chunked: bool

    def framing(self) -> Framing:
        """Return a new framing for the body."""
        return Chunked() if self.chunked else Sized(self.length)


def head_end(data: bytes | bytearray, start: int = 0) -> int:
    """Return the length of the head that data begins with.

    Args:
        data: all that was received of the request.
        start: bytes of it that an earlier call has seen.

    Returns:
        Number of bytes including the empty line; 0 if more are needed.

    Raises:
        Refused: it is too long, or cannot become a valid head.
    """
    end = data.find(b"\r\n\r\n", max(0, start - 3)) + 4
    if end > HEAD or (end < 4 and len(data) > HEAD):
        raise Refused(431, f"the headers are larger than {HEAD // 1024} KiB")
    last = end if end >= 4 else len(data)
    if data[:1] < b"!" and data[:1]:  # such as TLS
        raise Refused(400, _NOT_HTTP)
    at = data.find(b"\n", start, last)
    while at >= 0:
        if data[at - 1 : at] != b"\r":
            raise Refused(400, "a line of the headers does not end in CR LF")
        at = data.find(b"\n", at + 1, last)
    return end if end >= 4 else 0


def parse_head(data: bytes) -> RequestHead:
    """Parse the line and headers of a request.

    Args:
        data: including the empty line at the end.

    Returns:
        The parsed head.

    Raises:
        Refused: it is malformed or ambiguous.
    """
    first, *lines = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
    line = _LINE.fullmatch(first)
    if line is None:
        raise Refused(400, "the request line is not valid HTTP")
    if line["version"] not in (b"1.0", b"1.1"):
        raise Refused(400, "this port takes HTTP/1.1; gRPC and HTTP/2 have the port of --grpc")
    headers: dict[str, str] = {}
    for one in lines:
        name, value = _field(one)
        if name in headers and name in _ONCE:
            raise Refused(400, f"the header {name} is given more than once")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if "host" not in headers:
        raise Refused(400, "the request has no Host header")
    length, chunked = _body(headers, line["version"])
    return RequestHead(line["method"].decode(), line["target"].decode(), headers, length, chunked)


def _field(line: bytes) -> tuple[str, str]:
    found = _FIELD.fullmatch(line)
    if found is None:
        raise Refused(400, "a header line is not valid HTTP")
    return found["name"].decode().lower(), found["value"].decode("latin-1").strip(" \t")


def _body(headers: dict[str, str], version: bytes) -> tuple[int, bool]:
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if length is not None and not _LENGTH.fullmatch(length):
        raise Refused(400, "the content length is not a number")
    if coding is None:
        return int(length or 0), False
    if length is not None:
        raise Refused(400, "a request has either a content length or a transfer encoding, not both")
    if version == b"1.0":
        raise Refused(400, "HTTP/1.0 has no transfer encoding")
    if coding.lower() != "chunked":
        raise Refused(501, "the transfer encoding must be chunked; name compression in Content-Encoding")
    return 0, True


class Sized:
    """A body of a given length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = not length

    def take(self, piece: bytes) -> int:
        """Do what `Framing` says."""
        own = min(self._left, len(piece))
        self._left -= own
        self.done = not self._left
        return own


class Chunked:
    """A body in chunks.

    Extensions and trailers are ignored. All that is not data may be as large as the data and `HEAD` bytes: in
    chunks of one byte, a small body would keep the receiver busy.
    """

    def __init__(self) -> None:
        self.done = False
        self._left = 0  # bytes of the chunk
        self._line = bytearray()
        self._expect = self._size
        self._allowance = HEAD

    def take(self, piece: bytes) -> int:
        """Do what `Framing` says."""
        at = 0
        while at < len(piece) and not self.done:
            if self._left:
                step = min(self._left, len(piece) - at)
                self._left -= step
                self._allowance += step
                at += step
            else:
                at = self._read_line(piece, at)
        return at

    def _read_line(self, piece: bytes, at: int) -> int:
        end = piece.find(b"\n", at) + 1 or len(piece)
        self._line += piece[at:end]
        self._allowance -= end - at
        if self._allowance < 0 or len(self._line) > HEAD:
            raise Refused(400, "the chunks of the body have more overhead than data")
        if self._line.endswith(b"\n"):
            line = bytes(self._line)
            self._line.clear()
            if not line.endswith(b"\r\n"):
                raise Refused(400, "a line between chunks does not end in CR LF")
            self._expect(line[:-2])
        return end

    def _size(self, line: bytes) -> None:
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise Refused(400, "the size of a chunk is not valid")
        self._left = int(found[1], 16)
        self._expect = self._after_chunk if self._left else self._trailer

    def _after_chunk(self, line: bytes) -> None:
        if line:
            raise Refused(400, "a chunk is longer than its size")
        self._expect = self._size

    def _trailer(self, line: bytes) -> None:
        if line:
            _field(line)
        else:
            self.done = True
