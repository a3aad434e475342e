"""Serve one HTTP connection within limits of time and bytes.

`framing` finds where each request ends, and refuses what is ambiguous. h11 parses these bytes and writes the
responses.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import h11

from obskit.receive.body import Body
from obskit.receive.crowd import Crowd, Phase, Progress
from obskit.receive.framing import HEAD, RequestHead, head_end, parse_head
from obskit.receive.intake import Intake
from obskit.receive.refusal import Refused, busy
from obskit.receive.responses import JSON, PROTOBUF, encoded, response
from obskit.receive.route import Router, content_type
from obskit.receive.settings import Limits

READ = 128 * 1024
LINGER = 3.0
"""Seconds to read and discard the rest of a refused request: a sender whose connection breaks while it sends
does not read the response."""

LINGER_BYTES = 64 * 1024 * 1024
_INVALID_BODY = "the body is not valid HTTP"


class ConnectionClosed(Exception):
    """The client disconnected, was silent for too long, or had to give way."""


class Connection:
    """Serve the requests of a connection one after the other, until either side closes it.

    Args:
        reader: of the connection.
        writer: of the connection.
        intake: accepts the requests.
        router: checks their heads.
        limits: of time.
        crowd: all connections.

    Attributes:
        progress: what the connection is doing.
        peer: the address of the other side.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        intake: Intake,
        router: Router,
        limits: Limits,
        crowd: Crowd,
    ) -> None:
        self.progress = Progress()
        self.peer = str((writer.get_extra_info("peername") or [""])[0])
        self._reader = reader
        self._writer = writer
        self._intake = intake
        self._router = router
        self._limits = limits
        self._crowd = crowd
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD)
        self._ahead = bytearray()  # received, and not yet passed to h11
        self._body: Body | None = None
        self._waiting: asyncio.Timeout | None = None
        self._gave_way = self._aborted = False

    @property
    def busy(self) -> bool:
        """Whether a request is being read or answered."""
        return self.progress.phase in (Phase.BODY, Phase.WRITING, Phase.ANSWERING)

    @property
    def _ending(self) -> bool:
        """Whether the connection is closed after the next response."""
        return self._intake.closing or self._crowd.awaited

    @property
    def held(self) -> int:
        """Bytes that `interrupt` frees."""
        return len(self._body.data) if self._body is not None and self._waiting is not None else 0

    def interrupt(self) -> None:
        """Refuse the request whose body is being read, free its memory at once, then close the connection."""
        self._gave_way = True
        self.progress.enter(Phase.CLOSING)
        if self._body is not None:
            self._body.discard()
        if self._waiting is not None and not self._waiting.expired():  # else it is ending already
            self._waiting.reschedule(asyncio.get_running_loop().time())

    def abort(self) -> None:
        """Close the connection at once."""
        self._aborted = True
        self.interrupt()
        self._writer.transport.abort()

    async def run(self) -> None:
        """Serve the connection until it is closed.

        Raises:
            ConnectionClosed, ConnectionError: the client ended it, or it had to give way.
        """
        patience = self._limits.header
        while True:
            try:
                head = await self._head(patience)
            except Refused as refused:
                await self._refuse(refused, json=True, close=True)
            else:
                self.progress.enter(Phase.BODY)
                await self._serve(head)
            ours, theirs = self._http.our_state, self._http.their_state
            if theirs in (h11.DONE, h11.MUST_CLOSE) and self._ending:
                return
            if ours is not h11.DONE or theirs is not h11.DONE:
                await self._linger()
                return
            self._http.start_next_cycle()
            self.progress.enter(Phase.IDLE)
            patience = self._limits.idle

    async def _head(self, patience: float) -> RequestHead:
        """Return the next request's head, which must begin within `patience` seconds.

        Raises:
            Refused: it is malformed.
            ConnectionClosed: it did not arrive in time, or the client disconnected.
        """
        try:
            if not self._ahead:
                async with self._wait(patience):
                    self._ahead += await self._receive()
            self.progress.enter(Phase.HEAD)
            self.progress.add(len(self._ahead))
            seen = 0
            async with self._wait(self._limits.header):
                while not (end := head_end(self._ahead, seen)):
                    seen = len(self._ahead)
                    self._ahead += await self._receive()
                    self.progress.add(len(self._ahead) - seen)
        except TimeoutError:
            raise ConnectionClosed from None
        raw = bytes(self._ahead[:end])
        del self._ahead[:end]
        head = parse_head(raw)
        try:
            self._http.receive_data(raw)
            event = self._http.next_event()
        except h11.RemoteProtocolError:
            event = None
        if type(event) is not h11.Request:  # where h11 is stricter
            raise Refused(400, "the request is not valid HTTP")
        return head

    async def _receive(self) -> bytes:
        """Return what has arrived, at least one byte.

        Raises:
            TimeoutError: this connection has to give way.
            ConnectionClosed: the client disconnected.
        """
        piece = await self._reader.read(READ)
        if self._gave_way:
            raise TimeoutError
        if not piece:
            raise ConnectionClosed
        return piece

    @contextlib.asynccontextmanager
    async def _wait(self, seconds: float) -> AsyncIterator[None]:
        """Raise TimeoutError after some seconds, or when this connection has to give way."""
        async with asyncio.timeout(seconds) as self._waiting:
            try:
                yield
            finally:
                self._waiting = None

    async def _serve(self, head: RequestHead) -> None:
        json = content_type(head.headers) != PROTOBUF
        try:
            route = self._router.route(head)
            if not self._crowd.begin(self):
                raise busy()
            with self._intake.body(gzip=route.gzip) as body:
                self._body = body
                try:
                    if self._http.they_are_waiting_for_100_continue and not self._ahead:
                        await self._send(
                            h11.InformationalResponse(status_code=100, headers=[], reason="Continue")
                        )
                    await self._fill(body, head)
                finally:
                    self._body = None
                self.progress.enter(Phase.WRITING)
                answer = await self._intake.take(route.signal, body.end(), json=route.json)
            self.progress.enter(Phase.ANSWERING)
        except Refused as refused:
            await self._refuse(refused, json=json)
        else:
            await self._respond(200, encoded(response(route.signal, answer), json=json), json=json)

    async def _fill(self, body: Body, head: RequestHead) -> None:
        """Read the body.

        Raises:
            Refused: the body is too large, malformed or too slow, or it had to give way.
            ConnectionClosed: the client disconnected.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self._limits.body
        framing = head.framing()
        piece = bytes(self._ahead)
        try:
            while True:
                own = framing.take(piece)
                self._ahead = bytearray(piece[own:])
                if own:
                    self._http.receive_data(piece[:own])
                while (event := self._http.next_event()) is not h11.NEED_DATA:
                    if type(event) is not h11.Data:
                        if type(event) is h11.EndOfMessage and framing.done:
                            return
                        raise Refused(400, _INVALID_BODY)
                    body.add(event.data)
                if framing.done:
                    raise Refused(400, _INVALID_BODY)
                async with self._wait(min(self._limits.stall, end - loop.time())):
                    piece = await self._receive()
                self.progress.add(len(piece))
        except TimeoutError:
            if self._aborted:
                raise ConnectionClosed from None
            raise (busy() if self._gave_way else Refused(408, "the body arrived too slowly")) from None
        except h11.RemoteProtocolError:
            raise Refused(400, _INVALID_BODY) from None

    async def _refuse(self, refused: Refused, *, json: bool, close: bool = False) -> None:
        if self.progress.phase is not Phase.CLOSING:
            self.progress.enter(Phase.ANSWERING)
        self._intake.refuse(refused)
        extra = [("retry-after", str(refused.retry))] if refused.retry is not None else []
        if refused.status == 401:
            extra.append(("www-authenticate", "Bearer"))
        if refused.status == 405:
            extra.append(("allow", "POST"))
        if close or self._http.their_state is not h11.DONE:
            extra.append(("connection", "close"))
        await self._respond(refused.status, encoded(refused.message(), json=json), extra, json=json)

    async def _respond(
        self, status: int, content: bytes, extra: list[tuple[str, str]] | None = None, *, json: bool
    ) -> None:
        kind = ("content-type", JSON if json else PROTOBUF)
        close = [("connection", "close")] if self._ending and status == 200 else []
        headers = [kind, ("content-length", str(len(content))), *(extra or []), *close]
        await self._send(
            h11.Response(status_code=status, headers=headers), h11.Data(data=content), h11.EndOfMessage()
        )

    async def _send(self, *events: Any) -> None:
        try:
            self._writer.write(b"".join(self._http.send(event) or b"" for event in events))
            async with self._wait(self._limits.stall):
                await self._writer.drain()
        except (h11.LocalProtocolError, TimeoutError):
            raise ConnectionClosed from None

    async def _linger(self) -> None:
        self.progress.enter(Phase.CLOSING)
        left = LINGER_BYTES
        self._writer.write_eof()
        try:
            async with self._wait(LINGER):
                while left > 0 and (piece := await self._reader.read(READ)):
                    left -= len(piece)
        except TimeoutError:
            return

    async def close(self) -> None:
        """Close the connection when the client has read the last response, or after `LINGER` seconds."""
        self.progress.enter(Phase.CLOSING)
        self._writer.close()
        try:
            async with self._wait(LINGER):
                await self._writer.wait_closed()
        except TimeoutError:
            return
