"""A real OpenTelemetry span that collects its fields in a plain dict.

To everyone else it is a span: `get_current_span()` returns it, propagators read its context, and processors
get a `ReadableSpan` of it. Setting a field is one dict store, without a lock and without checking the value:
values are checked once, when the event is written.

The local root is the outermost span of a trace in this process that is still open. `add` from anywhere below
lands on it. A span that begins after its root has ended (a background task) is its own local root.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)

from obskit.instrument.exceptions import exception_fields, type_name
from obskit.instrument.given import field_count, merge_fields, nanoseconds, placeholder, text_of
from obskit.instrument.sampling import Verdict
from obskit.instrument.spans.pipeline import Pipeline

_SAMPLED = TraceFlags(TraceFlags.SAMPLED | 2)  # 2: the low 56 bits of the trace id are random
_NOT_SAMPLED = TraceFlags(2)
_INTERNAL = SpanKind.INTERNAL
_now = time.time_ns
_clock = time.perf_counter_ns
MAX_SPAN_EVENTS = 128
"""The maximum number of span events, and of links, that one span keeps."""
_process_token = object()


def process_token() -> object:
    """Return the object that identifies this process; a forked child has a different one."""
    return _process_token


def _forked() -> None:
    global _process_token
    _process_token = object()


os.register_at_fork(after_in_child=_forked)


class EventSpan(Span):
    """An event that is being collected.

    `open_in` is the process token while the span is open in that process, and None once it has ended.
    `verdict` is the head's decision. `local` is the parent if it is in this process, `parent` the remote
    caller's context. `held` and `kept` belong to tail sampling, `provisional` to the keeper.
    """

    # Slots without defaults on the class: a class attribute would be looked up again at each use.
    __slots__ = (
        "_context",
        "clock",
        "fields",
        "finished",
        "held",
        "kept",
        "kind",
        "links_",
        "local",
        "name",
        "open_in",
        "parent",
        "parent_hex",
        "pipeline",
        "provisional",
        "root",
        "scope",
        "span_events",
        "span_hex",
        "started",
        "status_code",
        "status_message",
        "trace_hex",
        "verdict",
    )
    trace_hex: str
    span_hex: str
    verdict: Verdict
    root: EventSpan
    started: int
    clock: int

    def __init__(
        self, pipeline: Pipeline, name: str, kind: SpanKind = _INTERNAL, fields: dict[str, Any] | None = None
    ) -> None:
        self.pipeline = pipeline
        self.name = name
        self.kind = kind
        self.fields: dict[str, Any] = {} if fields is None else fields
        self.open_in: object | None = _process_token
        self.provisional = False
        self.status_code = "UNSET"
        self.parent_hex: str | None = None
        self.status_message: str | None = None
        self.local: EventSpan | None = None
        self.parent: SpanContext | None = None
        self.span_events: list[tuple[str, int, Mapping[str, Any] | None]] | None = None
        self.links_: list[Link] | None = None
        self.finished: int | None = None
        self.scope: Any = None
        self.held: list[EventSpan] | None = None
        self.kept: bool | None = None
        self._context: SpanContext | None = None

    def begin(self, parent: Span, start: int | None = None) -> None:
        """Begin the span: take ids, find the local root, get the head's decision.

        Args:
            parent: the parent span, `INVALID_SPAN` for none.
            start: nanoseconds since 1970; None for now.
        """
        pipeline = self.pipeline
        self.open_in = _process_token
        if parent is INVALID_SPAN:
            ids = pipeline.random_bits(192).to_bytes(24).hex()
            self.trace_hex, self.span_hex = ids[:32], ids[32:]
            self.root = self
            self.verdict = pipeline.begin_unit(self, None)
        else:
            try:
                if isinstance(parent, EventSpan):
                    self._begin_below(parent)
                else:
                    self._begin_under_remote(parent.get_span_context())
            except Exception as error:  # an unusable parent: begin without one
                pipeline.record_failure("reading a parent span", error)
                self.parent = self.parent_hex = self.local = None
                self.begin(INVALID_SPAN, start)
                return
        if start is None:
            self.started = _now()
            self.clock = _clock()
        else:
            self.started, self.clock = start, 0

    def _begin_below(self, parent: EventSpan) -> None:
        self.trace_hex = parent.trace_hex
        self.parent_hex = parent.span_hex
        self.span_hex = self.pipeline.random_bits(64).to_bytes(8).hex()
        self.verdict = parent.verdict
        self.local = parent
        if parent.root.open_in is self.open_in:
            self.root = parent.root
        else:
            self.root = self
            self.pipeline.begin_unit(self, None)

    def _begin_under_remote(self, caller: SpanContext | None) -> None:
        if caller is None or not caller.is_valid:  # a foreign span may have no context
            self.begin(INVALID_SPAN)
            return
        self.root = self
        self.parent = caller
        self.trace_hex = f"{caller.trace_id:032x}"
        self.parent_hex = f"{caller.span_id:016x}"
        self.span_hex = self.pipeline.random_bits(64).to_bytes(8).hex()
        self.verdict = self.pipeline.begin_unit(self, caller)

    # What hosts call on an event.

    def add(self, attributes: Mapping[str, Any] | None = None, /, **fields: Any) -> None:
        """Add fields to this event; keywords win over `attributes`. Never raises."""
        if self.open_in is not _process_token:
            self._count_missed(field_count(attributes) + len(fields))
            return
        try:
            if type(attributes) is dict:
                self.fields.update(attributes)
            elif attributes is not None:
                self.fields.update(merge_fields(attributes, {}, self.pipeline.record_failure, "add()"))
            if fields:
                self.fields.update(fields)
        except Exception as error:
            self.pipeline.record_failure("add()", error)

    def _count_missed(self, fields: int = 1) -> None:
        """Count fields that were set after the end, or on an event that belongs to the parent process."""
        self.pipeline.count("late" if self.open_in is None else "outside", fields)

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field's current value."""
        try:
            return self.fields.get(name, default)
        except Exception:  # a name that cannot be hashed or compared
            return default

    # OpenTelemetry's span interface.

    def set_attribute(self, key: str, value: Any) -> None:
        """Set a field."""
        if self.open_in is not _process_token:
            self._count_missed()
            return
        try:
            self.fields[key] = value
        except Exception as error:
            self.pipeline.record_failure("set_attribute()", error)

    __setitem__ = set_attribute

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set several fields."""
        self.add(attributes)

    def get_span_context(self) -> SpanContext:
        """Return the ids, flags and trace state, created on the first call."""
        context = self._context
        if context is None:
            verdict = self.verdict
            context = self._context = SpanContext(
                int(self.trace_hex, 16),
                int(self.span_hex, 16),
                False,
                _SAMPLED if verdict.sampled else _NOT_SAMPLED,
                verdict.state,
            )
        return context

    def is_recording(self) -> bool:
        """Return whether fields still count: False after the end, in a forked child, or if dropped."""
        return self.open_in is _process_token and (self.verdict.sampled or self.pipeline.recording)

    def update_name(self, name: str) -> None:
        """Rename the event, as frameworks do when they know the route."""
        if self.open_in is not _process_token:
            self._count_missed()
        else:
            self.name = name

    def add_event(
        self, name: str, attributes: Mapping[str, Any] | None = None, timestamp: int | None = None
    ) -> None:
        """Add a span event; `timestamp` is in nanoseconds since 1970, None for now."""
        report = self.pipeline.record_failure
        at = nanoseconds(timestamp, report, "add_event()")
        # Copied now: what the host passed may change, and its own methods may raise.
        given = merge_fields(attributes, {}, report, "add_event()")
        text = name if type(name) is str else text_of(name)
        self.span_events = self._appended(self.span_events, (text, _now() if at is None else at, given))

    def add_link(self, context: SpanContext, attributes: Mapping[str, Any] | None = None) -> None:
        """Link to another span."""
        report = self.pipeline.record_failure
        if not issubclass(type(context), SpanContext):
            report("add_link()", TypeError(f"expected a SpanContext, got {placeholder(context)}"))
            return
        given = merge_fields(attributes, {}, report, "add_link()")
        self.links_ = self._appended(self.links_, Link(context, given))

    def _appended(self, items: list[Any] | None, item: Any) -> list[Any] | None:
        """Return the span events, or links, with one more."""
        if self.open_in is not _process_token:
            self._count_missed()
        elif items is None:
            items = [item]
        elif len(items) < MAX_SPAN_EVENTS:
            items.append(item)
        else:
            self.pipeline.count("cut")
        return items

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status. As OpenTelemetry specifies, OK is final and UNSET is ignored."""
        if self.open_in is not _process_token:
            self._count_missed()
            return
        try:
            if not isinstance(status, Status | StatusCode):
                raise TypeError(f"expected a Status or StatusCode, got {placeholder(status)}")
            code = status if isinstance(status, StatusCode) else status.status_code
            if isinstance(status, Status) and code is not StatusCode.UNSET:
                description = status.description
            if code is StatusCode.UNSET or self.status_code == "OK":
                return
            self.status_code = code.name
            self.status_message = description if code is StatusCode.ERROR else None
            if code is StatusCode.ERROR and "exception.type" in self.fields:
                self.fields.setdefault("error.type", self.fields["exception.type"])
        except Exception as error:
            self.pipeline.record_failure("set_status()", error)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Mapping[str, Any] | None = None,
        timestamp: int | None = None,  # noqa: ARG002  OpenTelemetry's signature
        escaped: bool = False,  # noqa: ARG002
    ) -> None:
        """Set `exception.*`, and `error.type` if the status is ERROR; `attributes` are more fields."""
        if self.open_in is not _process_token:
            self._count_missed()
            return
        try:
            if not issubclass(type(exception), BaseException):
                raise TypeError(f"expected an exception, got {placeholder(exception)}")
            self.fields.update(exception_fields(exception))
            if attributes is not None:
                self.add(attributes)
            if self.status_code == "ERROR":  # set before the exception, as gRPC's client does
                self.fields.setdefault("error.type", self.fields["exception.type"])
        except Exception as error:
            self.pipeline.record_failure("record_exception()", error)

    def fail(self, exception: BaseException) -> None:
        """Mark the event as failed by an exception."""
        self.record_exception(exception)
        try:
            self.fields.setdefault("error.type", self.fields.get("exception.type", type_name(exception)))
            if self.status_code == "UNSET":
                self.status_code = "ERROR"
                self.status_message = self.fields.get("exception.message")
        except Exception as error:
            self.pipeline.record_failure("record_exception()", error)

    def end(self, end_time: int | None = None) -> None:
        """End the event and write it; `end_time` is in nanoseconds since 1970, None for now."""
        opened, self.open_in = self.open_in, None
        if opened is not _process_token:
            if opened is not None:
                self.pipeline.count("inherited")
            return
        clock = _clock()
        try:
            if end_time is not None:
                self.finished = nanoseconds(end_time, self.pipeline.record_failure, "end()")
            if self.finished is None and not self.clock:
                self.finished = _now()
            self.pipeline.finish(self, clock)
        except Exception as error:
            self.pipeline.record_failure("ending a span", error)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if exc_val is not None and issubclass(type(exc_val), Exception):
            self.fail(exc_val)
        self.end()

    def duration_ns(self, clock: int) -> int:
        """Return the duration, up to `clock` (`time.perf_counter_ns()`) if no end time is set."""
        if self.finished is not None:
            return self.finished - self.started
        return clock - self.clock if self.clock else _now() - self.started

    def snapshot(self) -> EventSpan:
        """Return the span to write provisionally: this one; subclasses return a copy with current values."""
        return self

    # What processors read in on_start, as on the SDK's span.

    @property
    def attributes(self) -> Mapping[str, Any]:
        """A copy of the current fields."""
        return dict(self.fields)

    @property
    def context(self) -> SpanContext:
        """The span's context."""
        return self.get_span_context()

    @property
    def start_time(self) -> int:
        """The start in nanoseconds since 1970."""
        return self.started

    @property
    def links(self) -> Sequence[Link]:
        """The current links."""
        return tuple(self.links_ or ())

    @property
    def status(self) -> Status:
        """The current status."""
        return Status(StatusCode[self.status_code], self.status_message)
