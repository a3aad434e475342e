"""Serve one HTTP connection within limits of time and bytes. h11 parses the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h11

from obskit.receive.body import Body
from obskit.receive.intake import Intake
from obskit.receive.refusal import Refused, busy, too_large
from obskit.receive.responses import JSON, PROTOBUF, authorized, encoded, response
from obskit.receive.settings import Settings

PATHS = {"/v1/traces": "traces", "/v1/logs": "logs", "/v1/metrics": "metrics"}
HEAD = 16 * 1024
"""Most bytes of a request's line and headers."""

READ = 128 * 1024
LINGER = 3.0
"""Seconds to read and discard the rest of a refused request: a sender whose connection breaks while it sends
does not read the response."""

LINGER_BYTES = 64 * 1024 * 1024


class ConnectionClosed(Exception):
    """The client disconnected, was silent for too long, or does not speak HTTP."""


@dataclass(frozen=True)
class Head:
    """The headers of a request: signal, encodings, and the length of the body; 0 if it is not given."""

    signal: str
    json: bool
    gzip: bool
    length: int


class Connection:
    """Serve the requests of a connection one after the other, until either side closes it.

    Args:
        reader: of the connection.
        writer: of the connection.
        intake: accepts the requests.
        settings: token and limits.
        too_many: whether too many requests are in progress.

    Attributes:
        busy: whether a request is being read or answered.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        intake: Intake,
        settings: Settings,
        too_many: Callable[[], bool],
    ) -> None:
        self.busy = False
        self._reader = reader
        self._writer = writer
        self._intake = intake
        self._token = settings.token
        self._limits = settings.limits
        self._too_many = too_many
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD)

    async def run(self) -> None:
        """Serve the connection until it is closed.

        Raises:
            ConnectionClosed, ConnectionError: the client ended it.
        """
        patience = self._limits.header
        while True:
            request = await self._request(patience)
            self.busy = True
            await self._serve(request)
            self.busy = False
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                await self._linger()
                return
            if self._intake.closing:
                return
            self._http.start_next_cycle()
            patience = self._limits.idle

    async def _request(self, patience: float) -> h11.Request:
        """Return the next request's headers, which must begin within `patience` seconds."""
        try:
            async with asyncio.timeout(patience):
                event = self._http.next_event()
                if event is h11.NEED_DATA and not self._http.trailing_data[0]:
                    await self._receive()
            async with asyncio.timeout(self._limits.header):
                while (
                    event := event if type(event) is h11.Request else self._http.next_event()
                ) is h11.NEED_DATA:
                    await self._receive()
        except TimeoutError:
            raise ConnectionClosed from None
        except h11.RemoteProtocolError as error:
            await self._refuse(
                Refused(400, "the request is not valid HTTP"), json=True, status=error.error_status_hint
            )
            raise ConnectionClosed from None
        if type(event) is not h11.Request:
            raise ConnectionClosed
        return event

    async def _receive(self) -> None:
        self._http.receive_data(await self._reader.read(READ))

    async def _serve(self, request: h11.Request) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
        json = _kind(headers) != PROTOBUF
        try:
            head = self._head(request, headers)
            if self._too_many():
                raise busy()
            with self._intake.body(gzip=head.gzip) as body:
                if self._http.they_are_waiting_for_100_continue:
                    await self._send(
                        h11.InformationalResponse(status_code=100, headers=[], reason="Continue")
                    )
                await self._fill(body)
                answer = await self._intake.take(head.signal, body.end(), json=head.json)
        except Refused as refused:
            await self._refuse(refused, json=json)
        else:
            await self._respond(200, encoded(response(head.signal, answer), json=json), json=json)

    def _head(self, request: h11.Request, headers: dict[str, str]) -> Head:
        """Validate the headers of a request.

        Raises:
            Refused: the token is wrong, or the path, method or encoding is not supported.
        """
        if not authorized(headers.get("authorization"), self._token):
            raise Refused(401, "missing or wrong token; send Authorization: Bearer TOKEN")
        path = request.target.partition(b"?")[0].decode("latin-1")
        signal = PATHS.get(path)
        if signal is None:
            raise Refused(404, f"unknown path; send to {', '.join(PATHS)}")
        if request.method != b"POST":
            raise Refused(405, "use POST")
        kind, coding = _kind(headers), headers.get("content-encoding", "identity").strip().lower()
        if kind not in (PROTOBUF, JSON):
            raise Refused(415, f"the content type must be {PROTOBUF} or {JSON}")
        if coding not in ("", "identity", "gzip", "x-gzip"):
            raise Refused(415, "the content encoding must be gzip or identity")
        length = int(headers.get("content-length", 0))
        if length > self._limits.request:
            raise too_large(self._limits.request)
        return Head(signal, kind == JSON, coding.endswith("gzip"), length)

    async def _fill(self, body: Body) -> None:
        """Read the body.

        Raises:
            Refused: the body is too large, malformed or too slow.
            ConnectionClosed: the client disconnected.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self._limits.body
        try:
            while True:
                event = self._http.next_event()
                if event is h11.NEED_DATA:
                    async with asyncio.timeout(min(self._limits.stall, end - loop.time())):
                        await self._receive()
                elif type(event) is h11.Data:
                    body.add(event.data)
                elif type(event) is h11.EndOfMessage:
                    return
                else:
                    raise ConnectionClosed
        except TimeoutError:
            raise Refused(408, "the body arrived too slowly") from None
        except h11.RemoteProtocolError:
            if self._reader.at_eof():
                raise ConnectionClosed from None
            raise Refused(400, "the body is not valid HTTP") from None

    async def _refuse(self, refused: Refused, *, json: bool, status: int | None = None) -> None:
        self._intake.refuse(refused)
        extra = [("retry-after", str(refused.retry))] if refused.retry is not None else []
        if refused.status == 401:
            extra.append(("www-authenticate", "Bearer"))
        if refused.status == 405:
            extra.append(("allow", "POST"))
        if self._http.their_state is not h11.DONE:
            extra.append(("connection", "close"))
        await self._respond(status or refused.status, encoded(refused.message(), json=json), extra, json=json)

    async def _respond(
        self, status: int, content: bytes, extra: list[tuple[str, str]] | None = None, *, json: bool
    ) -> None:
        kind = ("content-type", JSON if json else PROTOBUF)
        headers = [kind, ("content-length", str(len(content))), *(extra or [])]
        await self._send(
            h11.Response(status_code=status, headers=headers), h11.Data(data=content), h11.EndOfMessage()
        )

    async def _send(self, *events: Any) -> None:
        try:
            self._writer.write(b"".join(self._http.send(event) or b"" for event in events))
            async with asyncio.timeout(self._limits.stall):
                await self._writer.drain()
        except (h11.LocalProtocolError, TimeoutError):
            raise ConnectionClosed from None

    async def _linger(self) -> None:
        left = LINGER_BYTES
        self._writer.write_eof()
        try:
            async with asyncio.timeout(LINGER):
                while left > 0 and (piece := await self._reader.read(READ)):
                    left -= len(piece)
        except TimeoutError:
            return


def _kind(headers: dict[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()
