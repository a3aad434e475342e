"""Living under a provider that someone else has set: a processor on it, and blocks over its spans.

Its sampler, ids and limits hold, and the cost is the SDK's. We write a row of each span that it ends.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace import Span as SdkSpan
from opentelemetry.trace import Span, get_current_span, set_span_in_context

from obskit.instrument.block import Block, left_by
from obskit.instrument.runtime import Runtime
from obskit.instrument.sampling import Verdict, weight_of
from obskit.instrument.span import EventSpan

_ROOT = "_obskit_root"


class JoinedProcessor(SpanProcessor):
    """Writes a row of every span of a foreign provider, and knows each one's local root."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def on_start(self, span: SdkSpan, parent_context: Context | None = None) -> None:
        """Remember the local root: the parent's, while that is open."""
        try:
            root = getattr(get_current_span(parent_context), _ROOT, None)
            if root is None or not root.is_recording():
                root = span
                self._runtime.begun(JoinedSpan(self._runtime, span), None)
            setattr(span, _ROOT, root)
        except Exception as error:
            self._runtime.trouble("joining a span", error)

    def on_end(self, span: ReadableSpan) -> None:
        """Write the row."""
        runtime = self._runtime
        try:
            ended = JoinedSpan(runtime, span)
            runtime.open_units.pop(ended, None)
            clock = time.perf_counter_ns()
            if runtime.sink is not None:
                row = runtime.rows.row(ended, clock, ended.verdict.weight)
                runtime.sink.write(runtime.rows.line(row), clock)
        except Exception as error:
            runtime.trouble("writing a joined span", error)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Wait for what a stuck sink holds up."""
        return self._runtime.flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Close the sink."""
        self._runtime.shutdown(5.0)


class JoinedSpan(EventSpan):
    """What a row says of a foreign span, as it is when this is made. Equal to any other of the same ids."""

    def __init__(self, runtime: Runtime, span: ReadableSpan) -> None:
        super().__init__(runtime, span.name, span.kind, dict(span.attributes or {}))
        self._runtime, self._foreign = runtime, span
        context = span.context
        self.trace_hex, self.span_hex = f"{context.trace_id:032x}", f"{context.span_id:016x}"
        self.parent_hex = f"{span.parent.span_id:016x}" if span.parent is not None else None
        weight = weight_of(context.trace_state)
        if weight is None and not context.trace_state:
            weight = None if _samples(trace.get_tracer_provider()) else 1.0
        self.verdict = Verdict(True, weight, context.trace_state or None)
        self.started, self.clock = span.start_time or 0, 0
        self.finished = span.end_time
        self.status_code = span.status.status_code.name
        self.status_message = span.status.description
        self.links_ = list(span.links)
        for point in span.events:
            if point.name == "exception":  # on the row itself, as with spans of our own
                said = {k: v for k, v in (point.attributes or {}).items() if k != "exception.escaped"}
                self.fields = {**said, **self.fields}
                if self.status_code == "ERROR":
                    self.fields.setdefault("error.type", said.get("exception.type"))
            else:
                self.add_event(point.name, point.attributes, point.timestamp)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JoinedSpan) and self._ids() == other._ids()

    def __hash__(self) -> int:
        return hash(self._ids())

    def _ids(self) -> tuple[str, str]:
        return self.trace_hex, self.span_hex

    def as_it_is(self) -> EventSpan:
        """Return another of the foreign span as it is now."""
        return JoinedSpan(self._runtime, self._foreign)


def _samples(provider: Any) -> bool:
    """Whether a provider's sampler may leave traces out: then the weight is unknown without a threshold."""
    described = str(getattr(getattr(provider, "sampler", None), "get_description", str)())
    return "AlwaysOn" not in described


class JoinedBlock(Block):
    """`event(...)` where the spans are another provider's."""

    def __init__(self, runtime: Runtime, tracer: trace.Tracer, name: str, fields: dict[str, Any]) -> None:
        self._runtime = runtime
        self._tracer = tracer
        self._name = name
        self._fields = fields
        self.span: Span = trace.INVALID_SPAN

    def fresh(self) -> JoinedBlock:
        """Return another of the same."""
        return JoinedBlock(self._runtime, self._tracer, self._name, dict(self._fields))

    def __enter__(self) -> Self:
        self.open()
        self._token = self.attach()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach(self._token)
        self.close(error)

    def open(self) -> None:
        """Start a span of the provider's."""
        try:
            self.span = self._tracer.start_span(self._name, attributes=self._fields)
        except Exception as error:
            self._runtime.trouble("event", error)

    def attach(self) -> Any:
        """Have it current."""
        return attach(set_span_in_context(self.span))

    def detach(self, token: Any) -> None:
        """Have it current no more."""
        detach(token)

    def close(self, error: BaseException | None) -> None:
        """End it."""
        try:
            if error is not None:
                noted = EventSpan(self._runtime, self._name)
                left_by(noted, error)
                self.span.set_attributes(noted.fields)
                if noted.status_code == "ERROR":
                    self.span.set_status(trace.StatusCode.ERROR, noted.status_message)
            self.span.end()
        except Exception as trouble:
            self._runtime.trouble("event", trouble)

    def add(self, attributes: Mapping[str, Any] | None = None, /, **fields: Any) -> None:
        """Add fields to this event; keywords win over the mapping. Never raises."""
        add_to(self._runtime, self.span, {**(attributes or {}), **fields})

    def set_attribute(self, name: str, value: Any) -> None:
        """Set a field."""
        add_to(self._runtime, self.span, {name: value})

    def __setitem__(self, name: str, value: Any) -> None:
        self.set_attribute(name, value)

    def __getitem__(self, name: str) -> Any:
        return (getattr(self.span, "attributes", None) or self._fields)[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field's value so far."""
        return (getattr(self.span, "attributes", None) or self._fields).get(name, default)


def add_to(runtime: Runtime, span: Span, fields: Mapping[str, Any]) -> None:
    """Set fields on a foreign span; after its end they are counted."""
    try:
        if span.is_recording():
            span.set_attributes({name: value for name, value in fields.items() if value is not None})
        else:
            runtime.count("late", len(fields))
    except Exception as error:
        runtime.trouble("add", error)


def local_root(span: Span) -> Span | None:
    """Return a foreign span's local root, None where it has none."""
    root: Span | None = getattr(span, _ROOT, None)
    if root is None:
        return None
    return root if root.is_recording() else span
