"""Blocks: context managers that are decorators too, for functions, coroutines and generators of both kinds.

A decorated generator runs each of its steps with its event current, and its consumer without it.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from types import TracebackType
from typing import Any, Self, TypeVar

from opentelemetry.context import attach, detach, get_current
from opentelemetry.trace import (
    INVALID_SPAN,
    Span,
    Status,
    StatusCode,
    get_current_span,
    set_span_in_context,
)

from obskit.instrument.spans.event_span import EventSpan, process_token

F = TypeVar("F", bound=Callable[..., Any])


class Block:
    """What has a beginning, an end, and a time in between in which it may be current."""

    def fresh(self) -> Block:
        """Return another of the same, for one more call of what is decorated."""
        raise NotImplementedError

    def open(self) -> None:
        """Begin."""

    def attach(self) -> Any:
        """Become current; return what `detach` wants."""

    def detach(self, token: Any) -> None:
        """Be current no more."""

    def close(self, error: BaseException | None) -> None:
        """End, by an exception or well."""

    def __enter__(self) -> Any:
        self.open()
        self._token = self.attach()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach(self._token)
        self.close(error)

    def __call__(self, function: F) -> F:
        """Decorate a function, coroutine function, generator or asynchronous generator."""
        return decorate(self, function)


class SpanBlock(Block):
    """A block whose span is current within it."""

    span: Span = INVALID_SPAN

    def attach(self) -> Any:
        """Have the span current."""
        return attach(set_span_in_context(self.span))

    def detach(self, token: Any) -> None:
        """Have it current no more."""
        detach(token)


def decorate(block: Block, function: F) -> F:
    """Return the function with a fresh block around each call."""
    wrapper: Any
    if inspect.isasyncgenfunction(function):

        async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            # The mirror of `_run_steps`: an asynchronous generator cannot hand over to another.
            own, inner = block.fresh(), function(*args, **kwargs)
            own.open()
            failure: BaseException | None = None
            step, value = inner.asend, None
            try:
                while True:
                    token = own.attach()
                    try:
                        item = await step(value)
                    except StopAsyncIteration:
                        return
                    finally:
                        own.detach(token)
                    try:
                        value = yield item
                        step = inner.asend
                    except GeneratorExit:
                        await inner.aclose()
                        raise
                    except BaseException as error:  # thrown in by the consumer: the generator may handle it
                        step, value = inner.athrow, error
            except BaseException as error:
                failure = error
                raise
            finally:
                own.close(failure)

    elif inspect.isgeneratorfunction(function):

        def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            return (yield from _run_steps(block.fresh(), function(*args, **kwargs)))

    elif inspect.iscoroutinefunction(function):

        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with block.fresh():
                return await function(*args, **kwargs)

    else:

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with block.fresh():
                return function(*args, **kwargs)

    return functools.wraps(function)(wrapper)  # type: ignore[return-value]


def _run_steps(block: Block, inner: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    block.open()
    failure: BaseException | None = None
    step: Callable[[Any], Any] = inner.send
    value: Any = None
    try:
        while True:
            token = block.attach()
            try:
                item = step(value)
            except StopIteration as stop:
                return stop.value
            finally:
                block.detach(token)
            try:
                value = yield item
                step = inner.send
            except GeneratorExit:
                inner.close()
                raise
            except BaseException as error:  # thrown in by the consumer: the generator may handle it
                step, value = inner.throw, error
    except BaseException as error:
        failure = error
        raise
    finally:
        block.close(failure)


def record_exit(span: EventSpan, error: BaseException) -> None:
    """Note on an event how its block was left. Being cancelled, or told to stop, is no failure of its own."""
    if isinstance(error, GeneratorExit):
        return
    if isinstance(error, asyncio.CancelledError) or type(error).__name__ == "Cancelled":  # trio's
        span.fields["obskit.cancelled"] = True
    elif not isinstance(error, SystemExit) or error.code:
        span.fail(error)


class EventBlock(EventSpan, Block):
    """`event(...)`: a span that is current within its block. The same object is what `as e` gives."""

    __slots__ = ("_token",)

    def fresh(self) -> EventBlock:
        """Return another of the same, for one more call of what is decorated."""
        return EventBlock(self.pipeline, self.name, self.kind, dict(self.fields))

    def __enter__(self) -> Self:
        if self.open_in is None:  # entered once more: another event, with the fields that this one had
            EventSpan.__init__(self, self.pipeline, self.name, self.kind, self.fields)
        context = get_current()
        self.begin(get_current_span(context))  # as `open` does, without the call
        if self.pipeline.processors:
            self.pipeline.notify_started(self, context)
        self._token = attach(set_span_in_context(self, context))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        detach(self._token)
        self._token = None  # it holds the context, and so the parent
        if error is not None and self.open_in is process_token():
            record_exit(self, error)
        self.end()

    def open(self) -> None:
        """Begin without becoming current."""
        self.begin(get_current_span())
        if self.pipeline.processors:
            self.pipeline.notify_started(self, None)

    def attach(self) -> Any:
        """Become current."""
        return attach(set_span_in_context(self))

    def detach(self, token: Any) -> None:
        """Be current no more."""
        detach(token)

    def close(self, error: BaseException | None) -> None:
        """End."""
        if error is not None and self.open_in is process_token():
            record_exit(self, error)
        self.end()


class CurrentSpan(SpanBlock):
    """`start_as_current_span`: makes a span, has it current, and ends it, as OpenTelemetry says."""

    def __init__(self, make: Callable[[], Span], record: bool, set_status: bool, end: bool) -> None:
        self._make = make
        self._how = (record, set_status, end)

    def fresh(self) -> CurrentSpan:
        """Return another of the same."""
        return CurrentSpan(self._make, *self._how)

    def open(self) -> None:
        """Make the span."""
        self.span = self._make()

    def close(self, error: BaseException | None) -> None:
        """Record an exception where wanted, end the span where wanted."""
        try:
            self._record_error(error)
        except Exception as trouble:
            if isinstance(self.span, EventSpan):
                self.span.pipeline.record_failure("ending a span", trouble)
        if self._how[2]:
            self.span.end()

    def _record_error(self, error: BaseException | None) -> None:
        record, set_status, _ = self._how
        if isinstance(error, Exception) and self.span.is_recording():
            if record:
                self.span.record_exception(error)
            if set_status:
                self.span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
            elif isinstance(self.span, EventSpan) and self.span.get("rpc.grpc.status_code") == 0:
                # gRPC's servers end a call by an exception too, having said its status before. This one has
                # none: it is the handler's own, and the caller is told UNKNOWN.
                self.span.fields["rpc.grpc.status_code"] = 2
                self.span.fail(error)

    def __enter__(self) -> Span:
        super().__enter__()
        return self.span
