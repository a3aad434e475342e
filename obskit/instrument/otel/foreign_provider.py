"""Joining a tracer provider that somebody else installed: a processor on it, and blocks over its spans.

Its sampler, ids and limits apply, and the cost is the SDK's. We write one row for each span that it ends.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace import Span as SdkSpan
from opentelemetry.trace import Span, get_current_span

from obskit.instrument.given import field_count, merge_fields
from obskit.instrument.runtime import Runtime
from obskit.instrument.sampling import Verdict, weight_of
from obskit.instrument.spans.context_managers import SpanBlock, record_exit
from obskit.instrument.spans.event_span import EventSpan, process_token
from obskit.instrument.spans.pipeline import Pipeline

_UNIT = "_obskit_unit"


class JoinedUnit(EventSpan):
    """A foreign local root while it is open, for the keeper to count and to write if it hangs.

    Each span of the unit has it as an attribute, which gives the root and the process where the unit began.
    """

    def __init__(self, runtime: Runtime, span: SdkSpan) -> None:
        super().__init__(runtime, span.name, span.kind)
        self.verdict = _verdict(span)
        self.started, self.clock = span.start_time or time.time_ns(), 0
        self.begun_in = process_token()
        self.foreign = span

    def snapshot(self) -> EventSpan:
        """Return the foreign span's current values."""
        return _as_event_span(self.pipeline, self.foreign)


class JoinedProcessor(SpanProcessor):
    """Writes a row for every span of a foreign provider, and knows each one's local root.

    It also notifies our own processors, so that they get redacted spans.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._first = process_token()
        # Span id -> unit. Weak, so that a unit lives only as long as its spans or the keeper's entry.
        self._units: WeakValueDictionary[int, JoinedUnit] = WeakValueDictionary()

    def on_start(self, span: SdkSpan, parent_context: Context | None = None) -> None:
        """Give the span its parent's unit if that is open in this process, else a new one."""
        try:
            self._runtime.notify_started(span, parent_context)
            unit = getattr(get_current_span(parent_context), _UNIT, None)
            if unit is None or unit.begun_in is not process_token() or not unit.foreign.is_recording():
                unit = JoinedUnit(self._runtime, span)
                self._runtime.begin_unit(unit, None)
            setattr(span, _UNIT, unit)
            self._units[span.context.span_id] = unit
        except Exception as error:
            self._runtime.record_failure("joining a span", error)

    def on_end(self, span: ReadableSpan) -> None:
        """Write the span's row."""
        try:
            unit = self._units.pop(span.context.span_id, None)
            if unit is not None and unit.foreign.context == span.context:
                unit.open_in = None
                self._runtime.open_units.pop(unit, None)
            # A span without a unit began before our processor was attached.
            if (self._first if unit is None else unit.begun_in) is not process_token():
                self._runtime.count("inherited")
                return
            self._runtime.finish(_as_event_span(self._runtime, span), time.perf_counter_ns())
        except Exception as error:
            self._runtime.record_failure("writing a joined span", error)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Flush the sink and our processors; return whether they finished in time."""
        return self._runtime.flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Close the sink and our processors."""
        self._runtime.shutdown(5.0)


def _as_event_span(pipeline: Pipeline, span: ReadableSpan) -> EventSpan:
    """Copy a foreign span, open or ended, into an `EventSpan`."""
    context = span.context
    copy = EventSpan(pipeline, span.name, span.kind, dict(span.attributes or {}))
    copy.root = copy
    copy.trace_hex, copy.span_hex = f"{context.trace_id:032x}", f"{context.span_id:016x}"
    copy._context = context  # with the flags that its own provider gave it
    copy.parent, copy.scope = span.parent, span.instrumentation_scope
    copy.parent_hex = f"{span.parent.span_id:016x}" if span.parent is not None else None
    copy.verdict = _verdict(span)
    copy.started, copy.clock = span.start_time or 0, 0
    copy.finished = span.end_time
    copy.status_code = span.status.status_code.name
    copy.status_message = span.status.description
    copy.links_ = list(span.links)
    for item in span.events:
        if item.name == "exception":  # as fields, like our own spans
            found = {k: v for k, v in (item.attributes or {}).items() if k != "exception.escaped"}
            copy.fields = {**found, **copy.fields}
            if copy.status_code == "ERROR":
                copy.fields.setdefault("error.type", found.get("exception.type"))
        else:
            copy.add_event(item.name, item.attributes, item.timestamp)
    return copy


def _verdict(span: ReadableSpan) -> Verdict:
    state = span.context.trace_state
    weight = weight_of(state)
    if weight is None and not state:
        weight = None if _may_drop(trace.get_tracer_provider()) else 1.0
    return Verdict(True, weight, state or None)


def _may_drop(provider: Any) -> bool:
    """Return whether a provider's sampler may drop traces; then the weight is unknown without a threshold."""
    described = str(getattr(getattr(provider, "sampler", None), "get_description", str)())
    return "AlwaysOn" not in described


class JoinedBlock(SpanBlock):
    """`event(...)` when another provider makes the spans."""

    def __init__(self, runtime: Runtime, tracer: trace.Tracer, name: str, fields: dict[str, Any]) -> None:
        self._runtime = runtime
        self._tracer = tracer
        self._name = name
        self._fields = fields

    def fresh(self) -> JoinedBlock:
        """Return a new event like this one, for another call of a decorated function."""
        return JoinedBlock(self._runtime, self._tracer, self._name, dict(self._fields))

    def open(self) -> None:
        """Start a span of the foreign provider."""
        try:
            self.span = self._tracer.start_span(self._name, attributes=self._fields)
        except Exception as error:
            self._runtime.record_failure("event()", error)

    def close(self, error: BaseException | None) -> None:
        """End the span; `error` is the exception that left the block, None for none."""
        try:
            if error is not None:
                record_exit_on(self._runtime, self.span, error)
            self.span.end()
        except Exception as failure:
            self._runtime.record_failure("event()", failure)

    def add(self, attributes: Mapping[str, Any] | None = None, /, **fields: Any) -> None:
        """Add fields to this event; keywords win over `attributes`. Never raises."""
        add_fields(self._runtime, self.span, attributes, fields)

    def set_attribute(self, name: str, value: Any) -> None:
        """Set a field."""
        try:
            add_fields(self._runtime, self.span, None, {name: value})
        except Exception as error:  # a name that cannot be hashed
            self._runtime.record_failure("set_attribute()", error)

    __setitem__ = set_attribute

    def __getitem__(self, name: str) -> Any:
        return (getattr(self.span, "attributes", None) or self._fields)[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field's current value."""
        try:
            return (getattr(self.span, "attributes", None) or self._fields).get(name, default)
        except Exception:  # a name that cannot be hashed or compared is not a field
            return default


def record_exit_on(runtime: Runtime, span: Span, error: BaseException) -> None:
    """Record on a span, ours or another provider's, the exception that left its block."""
    if isinstance(span, EventSpan):
        record_exit(span, error)
        return
    noted = EventSpan(runtime, "")
    record_exit(noted, error)
    span.set_attributes(noted.fields)
    if noted.status_code == "ERROR":
        span.set_status(trace.StatusCode.ERROR, noted.status_message)


def add_fields(
    runtime: Runtime, span: Span, attributes: Mapping[str, Any] | None, fields: Mapping[str, Any]
) -> None:
    """Set fields on a foreign span; `fields` win over `attributes`, and fields after its end are counted."""
    try:
        unit = getattr(span, _UNIT, None)
        if unit is not None and unit.begun_in is not process_token():
            runtime.count("outside", field_count(attributes) + len(fields))
        elif span.is_recording():
            given = merge_fields(attributes, fields, runtime.record_failure, "add()")
            span.set_attributes({name: value for name, value in given.items() if value is not None})
        else:
            runtime.count("late", field_count(attributes) + len(fields))
    except Exception as error:
        runtime.record_failure("add()", error)


def local_root(span: Span) -> Span | None:
    """Return a foreign span's local root; the span itself if the root has ended; None without a unit."""
    unit: JoinedUnit | None = getattr(span, _UNIT, None)
    if unit is None:
        return None
    return unit.foreign if unit.foreign.is_recording() else span
