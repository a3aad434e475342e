"""Serve one request on a connection, then close it. `obskit.receive` finds where the request ends.

The body is read and ignored: the URL says what is asked, and a client that is still sending does not read.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import orjson

from obskit.gate.reply import ROUTES, Reply
from obskit.gate.settings import Settings
from obskit.receive.crowd import Phase, Progress
from obskit.receive.framing import RequestHead, head_end, parse_head
from obskit.receive.refusal import Refused
from obskit.receive.responses import JSON, authorized

READ = 64 * 1024
LINGER = 2.0
"""Seconds to discard what a refused client still sends, so that it reads the response."""

Answer = Callable[[str, str], Awaitable[Reply]]
"""Path and query of a request -> its response."""


class Connection:
    """One connection, and the request on it.

    Args:
        reader: of the connection.
        writer: of the connection.
        settings: who may ask, and limits.
        answer: answers a request that may ask.

    Attributes:
        progress: what the connection is doing.
        peer: the address of the other side.
        held: bytes in memory that `interrupt` frees: none.
    """

    held = 0

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        settings: Settings,
        answer: Answer,
    ) -> None:
        self.progress = Progress()
        self.peer = str((writer.get_extra_info("peername") or [""])[0])
        self._reader = reader
        self._writer = writer
        self._settings = settings
        self._hosts = settings.host_rule()
        self._answer = answer

    def interrupt(self) -> None:
        """Close the connection at once."""
        self.abort()

    def abort(self) -> None:
        """Close the connection at once."""
        self.progress.enter(Phase.CLOSING)
        self._writer.transport.abort()

    async def run(self) -> None:
        """Serve the request.

        Raises:
            ConnectionError: the client disconnected, or did not send a request in time.
        """
        limits = self._settings.limits
        complete = False
        try:
            try:
                async with asyncio.timeout(limits.header):
                    head, ahead = await self._head()
                    await self._skip_body(head, ahead)
                    complete = True
            except TimeoutError:
                raise Refused(408, "the request arrived too slowly") from None
            self._check(head)
            path, _, query = head.target.partition("?")
            self.progress.enter(Phase.WRITING)
            response = await self._answer(path, query)
            await self._send(response.status, response.document)
        except Refused as refused:
            await self._send(refused.status, {"error": refused.text}, _extra(refused.status))
        if not complete:
            await self._linger()

    async def close(self) -> None:
        """Close the connection when the client has read the response, or after `LINGER` seconds."""
        self.progress.enter(Phase.CLOSING)
        self._writer.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                await self._writer.wait_closed()

    async def _head(self) -> tuple[RequestHead, bytes]:
        """Return the head of the request, and what has arrived of its body."""
        self.progress.enter(Phase.HEAD)
        data, seen = bytearray(), 0
        while not (end := head_end(data, seen)):
            seen = len(data)
            data += await self._receive()
        return parse_head(bytes(data[:end])), bytes(data[end:])

    async def _skip_body(self, head: RequestHead, piece: bytes) -> None:
        """Read the body to its end.

        Raises:
            Refused: it is too large or malformed.
        """
        most = self._settings.limits.request
        framing, size = head.framing(), 0
        if head.length > most:
            raise _too_large(most)
        if not framing.done and not piece and head.headers.get("expect", "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while True:
            size += framing.take(piece)
            if size > most:
                raise _too_large(most)
            if framing.done:
                return  # what follows is not read: one connection, one request
            piece = await self._receive()

    async def _receive(self) -> bytes:
        piece = await self._reader.read(READ)
        if not piece:
            raise ConnectionResetError
        self.progress.add(len(piece))
        return piece

    def _check(self, head: RequestHead) -> None:
        """Raise Refused if the sender may not ask, or there is no such route."""
        self._hosts.check(head.headers["host"])
        if "origin" in head.headers:
            raise Refused(403, "web pages cannot ask for verdicts")
        if not authorized(_bearer(head.headers.get("authorization")), self._settings.token):
            raise Refused(401, "missing or wrong token; send Authorization: Bearer TOKEN")
        if not head.target.startswith("/"):
            raise Refused(400, "the request target must be a path, as a server and not a proxy gets it")
        if head.target.partition("?")[0] not in ROUTES:
            raise Refused(404, f"unknown path; ask {', '.join(ROUTES)}")
        if head.method not in ("GET", "POST"):
            raise Refused(405, "use GET or POST")

    async def _send(self, status: int, document: dict[str, Any], extra: str = "") -> None:
        self.progress.enter(Phase.ANSWERING)
        content = orjson.dumps(document)
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {JSON}\r\n"
            f"Content-Length: {len(content)}\r\nCache-Control: no-store\r\nConnection: close\r\n{extra}\r\n"
        )
        self._writer.write(head.encode() + content)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.limits.stall):
                await self._writer.drain()
                self._writer.write_eof()

    async def _linger(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while await self._reader.read(READ):
                    pass


def _bearer(shown: str | None) -> str | None:
    """Return an `Authorization` header with the password of Basic as a token.

    Flagger cannot send headers, but Go makes Basic of the user and password of a URL.
    """
    scheme, _, given = (shown or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return shown
    try:
        pair = base64.b64decode(given.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return f"Bearer {pair.partition(':')[2]}"


def _too_large(most: int) -> Refused:
    return Refused(413, f"the request is larger than {most // 1024} KiB")


def _extra(status: int) -> str:
    return {401: "WWW-Authenticate: Bearer\r\n", 405: "Allow: GET, POST\r\n"}.get(status, "")
