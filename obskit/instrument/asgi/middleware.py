"""One event per request of any ASGI application: FastAPI, Starlette, Litestar, Quart, Django.

An event begins with the request, as a child of the caller's span, and ends with the response's last byte. For
metrics, spans of single messages and captured headers, use the official instrumentations. They work with
`configure` too.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from opentelemetry.context import attach, detach
from opentelemetry.trace import (
    Span,
    SpanKind,
    StatusCode,
    get_current_span,
    set_span_in_context,
)

from obskit.instrument.api import Active, event
from obskit.instrument.asgi.request_scope import PLACEHOLDER_NAMES, caller_context, describe_request, route_of
from obskit.instrument.otel.foreign_provider import record_exit_on
from obskit.instrument.runtime import Runtime
from obskit.instrument.spans.event_span import EventSpan

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_TYPES = ("http", "websocket")  # not "lifespan", and no type that ASGI may add


class EventMiddleware:
    """Writes one event of kind `server` per request: `app.add_middleware(EventMiddleware)`.

    `EventMiddleware(app)` around a whole application works too. A websocket is one event, from opening to
    close. If a server span is open already, from FastAPI's own telemetry or an official instrumentation, the
    middleware makes no event: fields are added to that span.

    Args:
        app: an ASGI application.
        exclude: paths without events, such as "/health", not including the `root_path`.

    Example:
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"booked"})

        app = EventMiddleware(app, exclude=["/health"])
    """

    def __init__(self, app: App, exclude: Collection[str] = ()) -> None:
        self.app = app
        self._exclude = frozenset((exclude,) if isinstance(exclude, str) else exclude)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve a request, a websocket or the lifespan, as an ASGI application."""
        runtime = Active.runtime
        if runtime is None or scope["type"] not in _TYPES or (self._exclude and self._excludes(scope)):
            await self.app(scope, receive, send)
            return
        current = get_current_span()
        if getattr(current, "kind", None) is SpanKind.SERVER and current.is_recording():
            await self._serve_inside(runtime, current, scope, receive, send)
            return
        try:
            request = Request(runtime, scope, receive, send)
        except Exception as error:
            runtime.record_failure("recording a request", error)
            await self.app(scope, receive, send)
            return
        token = attach(request.context)
        try:
            await self.app(scope, request.receive, request.send)
        except BaseException as error:
            request.close(error)
            raise
        finally:
            request.close(None)
            detach(token)

    def _excludes(self, scope: Message) -> bool:
        path: str = scope.get("path", "")
        return path in self._exclude or path.removeprefix(scope.get("root_path", "")) in self._exclude

    async def _serve_inside(
        self, runtime: Runtime, span: Span, scope: Message, receive: Receive, send: Send
    ) -> None:
        """Serve inside a span that somebody else began; record on it an exception that leaves the app."""
        try:
            await self.app(scope, receive, send)
        except BaseException as error:
            try:
                if not _is_disconnect(error):
                    record_exit_on(runtime, span, error)
            except Exception as failure:
                runtime.record_failure("recording a request", failure)
            raise


class RequestEvent(EventSpan):
    """A request's event, whose provisional row has the route if the request hangs."""

    __slots__ = ("request",)
    request: Message

    def snapshot(self) -> EventSpan:
        """Return a copy with the scope's current route, which inner routers may still extend."""
        route = route_of(self.request)
        if route is None or "http.route" in self.fields:
            return self
        current = copy.copy(self)
        current.fields = {**self.fields, "http.route": route}
        if self.name in PLACEHOLDER_NAMES:
            current.name = f"{self.name} {route}"
        return current


class Request:
    """A request or websocket in progress. Its span may be another provider's."""

    __slots__ = (
        "_closed",
        "_code",
        "_disconnected",
        "_ended",
        "_messages",
        "_method",
        "_receive",
        "_runtime",
        "_scope",
        "_send",
        "_size",
        "_span",
        "_status",
        "_trailers",
        "context",
    )

    def __init__(self, runtime: Runtime, scope: Message, receive: Receive, send: Send) -> None:
        headers = scope.get("headers", ())
        known = dict(headers)
        context = caller_context(runtime, headers, known)
        self._runtime, self._scope, self._receive, self._send = runtime, scope, receive, send
        self._closed = self._disconnected = self._trailers = False
        self._status: int | None = None
        self._ended: int | None = None
        self._code: int | None = None
        self._size, self._messages = 0, [0, 0]
        self._method, fields = describe_request(scope, known)
        span: Span
        if Active.tracer is not None:
            span = Active.tracer.start_span(self._method, context, SpanKind.SERVER, fields)
        else:
            span = RequestEvent(runtime, self._method, SpanKind.SERVER, fields)
            span.request = scope
            span.begin(get_current_span(context))
            if runtime.processors:
                runtime.notify_started(span, context)
        self._span = span
        self.context = set_span_in_context(span, context)

    async def receive(self) -> Message:
        """Pass a message from the server to the application."""
        message = await self._receive()
        try:
            kind = message["type"]
            if kind == "websocket.receive":
                self._messages[0] += 1
            elif kind == "websocket.disconnect":
                self._client_left(message.get("code"))
            elif kind == "http.disconnect":
                # After the response it only means that everything was read.
                self._disconnected = self._ended is None
        except Exception as error:
            self._runtime.record_failure("recording a request", error)
        return message

    async def send(self, message: Message) -> None:
        """Pass a message from the application to the server; a response's last one ends the event."""
        last = False
        try:
            last = self._observe(message)
        except Exception as error:  # an invalid message: the server reports it
            self._runtime.record_failure("recording a request", error)
        await self._send(message)
        if last and (self._status or 0) < 500:
            self.close(None)
        elif last:  # frameworks send the 500 first and raise then: the exception belongs on this event
            self._ended = time.time_ns()

    def _observe(self, message: Message) -> bool:
        """Record the content of an ASGI message; return whether it is the last of the response."""
        kind = message["type"]
        if kind == "http.response.body":
            self._size += len(message.get("body", b""))
            return not (message.get("more_body", False) or self._trailers)
        if kind == "http.response.start" or kind == "websocket.http.response.start":
            self._status = int(message["status"])
            self._trailers = message.get("trailers", False)
        elif kind == "http.response.trailers":
            return not message.get("more_trailers", False)
        elif kind == "websocket.send":
            self._messages[1] += 1
        elif kind == "websocket.accept":
            self._status = 101
        elif kind == "websocket.close":
            self._status = self._status or 403  # what servers send when a websocket is rejected
            if self._code is None:  # the client has not closed it first
                self._code = message.get("code", 1000)
        elif kind == "http.response.pathsend":
            self._size = -1  # only the server knows the size
            return True
        return False

    def _client_left(self, code: int | None) -> None:
        """Record that the client disconnected; the first side to close a websocket gives the close code."""
        self._disconnected = True
        if self._code is None:
            self._code = code

    def close(self, error: BaseException | None) -> None:
        """End the event, once; `error` is the exception that leaves the application, None for none."""
        try:
            if not self._closed:
                self._closed = True
                try:
                    self._record_outcome(error)
                finally:
                    self._span.end(self._ended)
            elif isinstance(error, Exception):
                self._record_late_error(error)
        except Exception as failure:
            self._runtime.record_failure("recording a request", failure)

    def _record_outcome(self, error: BaseException | None) -> None:
        """Set the fields and status that say how the request ended."""
        span, status = self._span, self._status
        if error is not None:
            if _is_disconnect(error):
                self._client_left(getattr(error, "code", None))
            else:
                record_exit_on(self._runtime, span, error)
                if status is None and isinstance(error, Exception):
                    status = 500  # what servers send then
        found: dict[str, Any] = {}
        if status is not None:
            found["http.response.status_code"] = status
        if self._scope["type"] == "websocket":
            found["obskit.websocket.received"], found["obskit.websocket.sent"] = self._messages
            if self._code is not None:
                found["obskit.websocket.close_code"] = self._code
        else:
            if self._size >= 0:
                found["http.response.body.size"] = self._size
            if self._disconnected:
                found["obskit.disconnected"] = True
        given = span.fields if type(span) is RequestEvent else getattr(span, "attributes", None) or {}
        route = given.get("http.route") or route_of(self._scope)  # the handler's value wins
        if route is not None:
            found["http.route"] = route
            if getattr(span, "name", None) == self._method:
                span.update_name(f"{self._method} {route}")
        if error is None and (status >= 500 if status is not None else not self._disconnected):
            span.set_status(StatusCode.ERROR)
            if not given.get("error.type"):
                found["error.type"] = str(status or "incomplete_response")
        span.set_attributes(found)

    def _record_late_error(self, error: Exception) -> None:
        """Write an event for an exception after the response, such as a background task's."""
        route = route_of(self._scope)
        block = event(f"after {self._method} {route or ''}".strip(), {"http.route": route} if route else None)
        block.open()
        block.close(error)


def _is_disconnect(error: BaseException) -> bool:
    """Return whether an exception, or every one of a group, only says that the client disconnected."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_disconnect, error.exceptions))
    return type(error).__name__ in ("WebSocketDisconnect", "ClientDisconnect", "ClientDisconnected")
