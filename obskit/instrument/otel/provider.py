"""Our tracer provider and tracer, which instrumentations get from OpenTelemetry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanKind, get_current_span

from obskit.instrument.given import links_of, merge_fields, nanoseconds, placeholder
from obskit.instrument.runtime import Runtime
from obskit.instrument.spans.context_managers import CurrentSpan
from obskit.instrument.spans.event_span import MAX_SPAN_EVENTS, EventSpan


class EventTracer(trace.Tracer):
    """Makes dict-backed spans."""

    def __init__(self, provider: EventTracerProvider, scope: InstrumentationScope) -> None:
        self._provider = provider
        self._scope = scope

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: ARG002  OpenTelemetry's signature
        set_status_on_exception: bool = True,  # noqa: ARG002
    ) -> Span:
        """Start a span without making it current.

        Args:
            name: the span's name.
            context: the context with the parent; None for the current one.
            kind: the span's kind.
            attributes: the first fields.
            links: the first links.
            start_time: nanoseconds since 1970; None for now.
            record_exception: not used.
            set_status_on_exception: not used.

        Returns:
            The span; `INVALID_SPAN` if it could not be started.
        """
        runtime = self._provider.runtime
        report = runtime.record_failure
        try:
            fields = {} if attributes is None else merge_fields(attributes, {}, report, "start_span()")
            if type(kind) is not SpanKind:
                report("start_span()", TypeError(f"expected a SpanKind, got {placeholder(kind)}"))
                kind = SpanKind.INTERNAL
            span = EventSpan(runtime, name, kind, fields)
            span.scope = self._scope
            if links is not None:
                span.links_ = links_of(links, report, "start_span()", MAX_SPAN_EVENTS) or None
            if context is not None and not issubclass(type(context), Context):
                report("start_span()", TypeError(f"expected a Context, got {placeholder(context)}"))
                context = None
            span.begin(get_current_span(context), nanoseconds(start_time, report, "start_span()"))
            if runtime.processors:
                runtime.notify_started(span, context)
        except Exception as error:
            report("start_span()", error)
            return INVALID_SPAN
        return span

    def start_as_current_span(  # type: ignore[override]  # ours decorates generators too
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> CurrentSpan:
        """Return a context manager, also a decorator, in which a new span is current.

        Args:
            name: the span's name.
            context: the context with the parent; None for the current one.
            kind: the span's kind.
            attributes: the first fields.
            links: the first links.
            start_time: nanoseconds since 1970; None for now.
            record_exception: record an exception that leaves the block.
            set_status_on_exception: set the status to ERROR if an exception leaves the block.
            end_on_exit: end the span with the block.

        Returns:
            The context manager.
        """

        def make() -> Span:
            return self.start_span(name, context, kind, attributes, links, start_time)

        return CurrentSpan(make, record_exception, set_status_on_exception, end_on_exit)


class EventTracerProvider(trace.TracerProvider):
    """Provides tracers, and accepts processors as the SDK's provider does."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    @property
    def resource(self) -> Resource:
        """The service's attributes, redacted."""
        return self.runtime.resource

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> trace.Tracer:
        """Return a tracer for an instrumentation, given the names of its instrumentation scope."""
        scope = InstrumentationScope(
            instrumenting_module_name, instrumenting_library_version, schema_url, attributes
        )
        return EventTracer(self, scope)

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Notify a processor of every span; from then on a `ReadableSpan` is built for each."""
        self.runtime.processors += (span_processor,)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Flush the sink and the processors; return whether both finished in time."""
        return self.runtime.flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Flush and close everything."""
        self.runtime.shutdown(5.0)
