"""What a service calls: `event`, `add`, `part`, `carry`, and the markers `deployment`, `flag`, `incident`.

Nothing here raises, whatever is configured or is not.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from opentelemetry import trace
from opentelemetry.context import attach, detach, get_current
from opentelemetry.trace import get_current_span

from obskit.instrument.limits import field_count
from obskit.instrument.otel.foreign_provider import JoinedBlock, add_fields, local_root
from obskit.instrument.runtime import Runtime
from obskit.instrument.spans.context_managers import Block, EventBlock
from obskit.instrument.spans.event_span import EventSpan

F = TypeVar("F", bound=Callable[..., Any])
_NOT_WORD = re.compile(r"[^\w.]+")


class Active:
    """What is configured in this process: set once by `configure`."""

    runtime: Runtime | None = None
    tracer: trace.Tracer | None = None


class NoEvent(Block):
    """What `event` gives where nothing is configured, or all is switched off.

    As a decorator it looks at each call whether `configure` has been called by then.
    """

    def __init__(self, name: str, fields: dict[str, Any]) -> None:
        self._name = name
        self._fields = fields

    def fresh(self) -> Any:
        """Return a real event if there can be one now."""
        return event(self._name, self._fields)

    def add(self, attributes: Mapping[str, Any] | None = None, /, **fields: Any) -> None:
        """Do nothing."""

    def set_attribute(self, name: str, value: Any) -> None:
        """Do nothing."""

    __setitem__ = set_attribute

    def __getitem__(self, name: str) -> Any:
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ARG002
        """Return the default."""
        return default


def event(name: str, attributes: Mapping[str, Any] | None = None, /, **fields: Any) -> Any:
    """Return one wide event in the making: `with event("book") as e:`, or a decorator `@event("book")`.

    It is written when its block ends. Within another event it is a child of it, with a row of its own.

    Args:
        name: what is done, of few different values ("book", not "book 4711").
        attributes: fields with dotted names.
        **fields: fields with plain names; they win.

    Returns:
        The event: `e.add({...})`, `e["seat.count"] = 3`; a span to OpenTelemetry.
    """
    runtime = Active.runtime
    if attributes is not None:
        try:
            fields = {**attributes, **fields}
        except Exception as error:
            if runtime is not None:
                runtime.record_failure("event", error)
    if runtime is None:
        return NoEvent(name, fields)
    if Active.tracer is not None:
        return JoinedBlock(runtime, Active.tracer, name, fields)
    return EventBlock(runtime, name, fields=fields)


def add(attributes: Mapping[str, Any] | None = None, /, **fields: Any) -> None:
    """Add fields to the event of the current unit of work, however deep in it this is called.

    Args:
        attributes: fields with dotted names.
        **fields: fields with plain names; they win.
    """
    runtime = Active.runtime
    if runtime is None:
        return
    span = get_current_span()
    if isinstance(span, EventSpan):
        root = span.root
        (span if root.open_in is None else root).add(attributes, **fields)
        return
    if Active.tracer is not None and (joined := local_root(span)) is not None:
        add_fields(runtime, joined, attributes, fields)
        return
    runtime.count("outside", field_count(attributes) + len(fields))


class part(Block):
    """Time a part of the work as fields of the event, where a span of its own would be too much.

    `with part("seat lookup"):` adds `part.seat_lookup.duration_ms`, the sum over all times it ran within the
    event, and `part.seat_lookup.count`. A decorator too.

    Args:
        name: of the part; what is no letter or digit becomes `_`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._field = "part." + _NOT_WORD.sub("_", str(name)).strip("_")

    def fresh(self) -> part:
        """Return another of the same."""
        return part(self._name)

    def open(self) -> None:
        """Look at the clock."""
        self._begun = time.perf_counter_ns()

    def close(self, error: BaseException | None) -> None:  # noqa: ARG002
        """Add the time to the event."""
        taken = (time.perf_counter_ns() - self._begun) / 1e6
        runtime = Active.runtime
        if runtime is None:
            return
        try:
            self._add(runtime, taken)
        except Exception as trouble:
            runtime.record_failure("part", trouble)

    def _add(self, runtime: Runtime, taken: float) -> None:
        duration, count = f"{self._field}.duration_ms", f"{self._field}.count"
        span = get_current_span()
        if isinstance(span, EventSpan):
            target = span if span.root.open_in is None else span.root
            with runtime.counters.lock:  # threads of one unit may time the same part
                fields = target.fields
                before, times = fields.get(duration, 0.0), fields.get(count, 0)
                target.add({duration: before + taken, count: times + 1})
            return
        have = getattr(local_root(span) or span, "attributes", None) or {}
        add({duration: have.get(duration, 0.0) + taken, count: have.get(count, 0) + 1})


def carry(function: F) -> F:
    """Return the function bound to the current context: `Thread(target=carry(work))`.

    What it adds lands on the event that is current now. It may be called field_count times and side by side.
    """
    if inspect.iscoroutinefunction(function):
        context = get_current()

        @functools.wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            token = attach(context)
            try:
                return await function(*args, **kwargs)
            finally:
                detach(token)

        return coroutine  # type: ignore[return-value]
    snapshot = contextvars.copy_context()

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return snapshot.copy().run(function, *args, **kwargs)

    return call  # type: ignore[return-value]


def _emit_marker(
    name: str, given: Mapping[str, Any], attributes: Mapping[str, Any] | None, fields: Mapping[str, Any]
) -> None:
    runtime = Active.runtime
    if runtime is None:
        return
    try:
        known = {key: value for key, value in given.items() if value is not None}
        runtime.write_marker(name, {**known, **(attributes or {}), **fields})
    except Exception as error:
        runtime.record_failure(name, error)


def deployment(
    id: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    /,
    *,
    name: str | None = None,
    status: str = "succeeded",
    version: str | None = None,
    revision: str | None = None,
    run: str | None = None,
    **fields: Any,
) -> None:
    """Mark a deployment by an event called `deployment`.

    Args:
        id: `deployment.id`.
        attributes: more fields with dotted names.
        name: `deployment.name`.
        status: `deployment.status`: started, succeeded, failed, rolled_back.
        version: `service.version`, where it is not this process's own.
        revision: `vcs.ref.head.revision`, the commit.
        run: `cicd.pipeline.run.id`.
        **fields: more fields.
    """
    given = {
        "deployment.id": id,
        "deployment.name": name,
        "deployment.status": status,
        "service.version": version,
        "vcs.ref.head.revision": revision,
        "cicd.pipeline.run.id": run,
    }
    _emit_marker("deployment", given, attributes, fields)


def flag(
    key: str,
    variant: Any,
    attributes: Mapping[str, Any] | None = None,
    /,
    *,
    provider: str | None = None,
    marker: bool = True,
    **fields: Any,
) -> None:
    """Note what a feature flag said: an event `feature_flag.evaluation`, and a field on the current unit's.

    The field, `feature_flag.<key>`, is what `explain` finds.

    Args:
        key: the flag.
        variant: what it said.
        attributes: more fields of the marker, with dotted names.
        provider: `feature_flag.provider.name`.
        marker: False leaves the event out, where flags are asked for all the time.
        **fields: more fields of the marker.
    """
    if isinstance(get_current_span(), EventSpan) or Active.tracer is not None:
        add({f"feature_flag.{key}": variant})
    if marker:
        given = {
            "feature_flag.key": key,
            "feature_flag.result.variant": str(variant),
            "feature_flag.provider.name": provider,
        }
        _emit_marker("feature_flag.evaluation", given, attributes, fields)


def incident(
    title: str,
    attributes: Mapping[str, Any] | None = None,
    /,
    *,
    status: str = "open",
    severity: str | None = None,
    id: str | None = None,
    **fields: Any,
) -> None:
    """Mark an incident by an event called `incident`.

    Args:
        title: what is the matter, in a few words.
        attributes: more fields with dotted names.
        status: open, mitigated, resolved.
        severity: as your organisation counts them.
        id: of the incident elsewhere.
        **fields: more fields.
    """
    given = {
        "obskit.incident.title": title,
        "obskit.incident.status": status,
        "obskit.incident.severity": severity,
        "obskit.incident.id": id,
    }
    _emit_marker("incident", given, attributes, fields)
