"""Blocks: context managers that also decorate functions, coroutines and generators of both kinds.

A decorated generator has its event current while its own code runs, but not while its consumer's code runs.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from abc import abstractmethod
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

from obskit.instrument.given import text_of
from obskit.instrument.spans.event_span import EventSpan, process_token

F = TypeVar("F", bound=Callable[..., Any])


class Block:
    """Base class: begins with `open`, ends with `close`, and is current between `attach` and `detach`."""

    @abstractmethod
    def fresh(self) -> Block:
        """Return a new block like this one, for another call of a decorated function."""

    def open(self) -> None:
        """Begin."""

    def attach(self) -> Any:
        """Activate the context; return the token for `detach`."""

    def detach(self, token: Any) -> None:
        """Deactivate the context."""

    def close(self, error: BaseException | None) -> None:
        """End; `error` is the exception that left the block, None for none."""

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
        """Make the span current."""
        return attach(set_span_in_context(self.span))

    def detach(self, token: Any) -> None:
        """Make the previous span current again."""
        detach(token)


def decorate(block: Block, function: F) -> F:
    """Wrap a function so that each call has a fresh block around it.

    Args:
        block: the block to make copies of.
        function: a function, coroutine function, generator or asynchronous generator.

    Returns:
        The wrapped function.
    """
    wrapper: Any
    if is_kind(inspect.isasyncgenfunction, function):

        async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            # The same as `_run_steps`: an asynchronous generator cannot delegate with `yield from`.
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

    elif is_kind(inspect.isgeneratorfunction, function):

        def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            return (yield from _run_steps(block.fresh(), function(*args, **kwargs)))

    elif is_kind(inspect.iscoroutinefunction, function):

        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with block.fresh():
                return await function(*args, **kwargs)

    else:

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with block.fresh():
                return function(*args, **kwargs)

    return named_like(wrapper, function)


def is_kind(test: Callable[[Any], bool], function: Any) -> bool:
    """Return whether a test of `inspect` holds; False for a callable whose own attributes raise."""
    try:
        return test(function)
    except Exception:
        return False


def named_like(wrapper: Any, function: F) -> F:
    """Return the wrapper with the name and signature of the function, if these can be read."""
    try:
        return functools.update_wrapper(wrapper, function)  # type: ignore[return-value]
    except Exception:  # a callable whose own attributes raise
        return wrapper  # type: ignore[no-any-return]


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
    """Record the exception that left an event's block; a cancellation or normal exit is not a failure."""
    kind = type(error)  # not isinstance, which asks the exception's own `__class__` too
    if issubclass(kind, GeneratorExit):
        return
    if issubclass(kind, asyncio.CancelledError) or kind.__name__ == "Cancelled":  # trio's
        span.fields["obskit.cancelled"] = True
    elif not issubclass(kind, SystemExit) or _exit_code(error):
        span.fail(error)


def _exit_code(error: BaseException) -> bool:
    """Return whether a SystemExit says that the process failed."""
    try:
        return bool(SystemExit.__dict__["code"].__get__(error))
    except Exception:
        return True


class EventBlock(EventSpan, Block):
    """`event(...)`: a span that is current within its block, and the object that `as e` binds."""

    __slots__ = ("_token",)

    def fresh(self) -> EventBlock:
        """Return a new event like this one, for another call of a decorated function."""
        return EventBlock(self.pipeline, self.name, self.kind, dict(self.fields))

    def __enter__(self) -> Self:
        if self.open_in is None:  # entered again: a new event with the same fields
            EventSpan.__init__(self, self.pipeline, self.name, self.kind, self.fields)
        context = get_current()
        self.begin(get_current_span(context))  # what `open` does, inlined to save a call
        if self.pipeline.processors:
            self.pipeline.notify_started(self, context)
        self._token = attach(set_span_in_context(self, context))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        detach(self._token)
        self._token = None  # it would keep the context, and so the parent, alive
        if error is not None and self.open_in is process_token():
            record_exit(self, error)
        self.end()

    def open(self) -> None:
        """Begin without activating the context."""
        self.begin(get_current_span())
        if self.pipeline.processors:
            self.pipeline.notify_started(self, None)

    def attach(self) -> Any:
        """Activate the context; return the token for `detach`."""
        return attach(set_span_in_context(self))

    def detach(self, token: Any) -> None:
        """Deactivate the context."""
        detach(token)

    def close(self, error: BaseException | None) -> None:
        """End and write the event; `error` is the exception that left the block, None for none."""
        if error is not None and self.open_in is process_token():
            record_exit(self, error)
        self.end()


class CurrentSpan(SpanBlock):
    """`start_as_current_span`: makes a span, makes it current and ends it, as OpenTelemetry specifies."""

    def __init__(self, make: Callable[[], Span], record: bool, set_status: bool, end: bool) -> None:
        self._make = make
        self._record = record
        self._set_status = set_status
        self._end = end

    def fresh(self) -> CurrentSpan:
        """Return a new block like this one."""
        return CurrentSpan(self._make, self._record, self._set_status, self._end)

    def open(self) -> None:
        """Start the span."""
        self.span = self._make()

    def close(self, error: BaseException | None) -> None:
        """Record the exception and end the span, each if the caller asked for it."""
        try:
            self._record_error(error)
        except Exception as failure:
            if isinstance(self.span, EventSpan):
                self.span.pipeline.record_failure("ending a span", failure)
        if self._end:
            self.span.end()

    def _record_error(self, error: BaseException | None) -> None:
        if error is not None and issubclass(type(error), Exception) and self.span.is_recording():
            if self._record:
                self.span.record_exception(error)
            if self._set_status:
                self.span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {text_of(error)}"))
            elif isinstance(self.span, EventSpan) and self.span.get("rpc.grpc.status_code") == 0:
                # gRPC servers also end an aborted call with an exception, but set its status first. No status
                # is set here, so the exception is the handler's own and the caller gets UNKNOWN.
                self.span.fields["rpc.grpc.status_code"] = 2
                self.span.fail(error)

    def __enter__(self) -> Span:
        super().__enter__()
        return self.span
