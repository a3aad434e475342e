"""What a service calls: `event`, `add`, `part`, `carry`, and the markers `deployment`, `flag`, `incident`.

Nothing here raises, whether or not `configure` was called.
"""

from __future__ import annotations

import contextvars
import inspect
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from opentelemetry import trace
from opentelemetry.context import attach, detach, get_current
from opentelemetry.trace import get_current_span

from obskit.instrument.given import field_count, merge_fields, text_of
from obskit.instrument.otel.foreign_provider import JoinedBlock, add_fields, local_root
from obskit.instrument.runtime import Runtime
from obskit.instrument.spans.context_managers import Block, EventBlock, is_kind, named_like
from obskit.instrument.spans.event_span import EventSpan

F = TypeVar("F", bound=Callable[..., Any])
_NOT_WORD = re.compile(r"[^\w.]+")


def _ignore(where: str, error: BaseException) -> None:
    """Report to nobody: nothing is configured."""


class Active:
    """The configuration of this process, set once by `configure`.

    `tracer` is another provider's tracer, if one was set before `configure`.
    """

    runtime: Runtime | None = None
    tracer: trace.Tracer | None = None


class NoEvent(Block):
    """The stand-in that `event` returns while nothing is configured or everything is disabled.

    As a decorator it checks at each call whether `configure` has been called since.
    """

    def __init__(self, name: str, fields: dict[str, Any]) -> None:
        self._name = name
        self._fields = fields

    def fresh(self) -> Any:
        """Return a real event if `configure` has been called since, else another stand-in."""
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
    """Return a new wide event, to be used as `with event("book") as e:` or as a decorator `@event("book")`.

    It is written when its block ends. Inside another event it is a child of that one and has its own row.

    Args:
        name: the operation, with few different values: "book", not "book 4711".
        attributes: fields with dotted names.
        **fields: fields with plain names; they win over `attributes`.

    Returns:
        The event. Add fields with `e.add({...})` or `e["seat.count"] = 3`. To OpenTelemetry it is a span.

    Example:
        with event("book", {"cart.items": 3}) as e:
            e["fare.class"] = "K"
            e.add(customer="c-17")
    """
    runtime = Active.runtime
    if attributes is not None:
        report = _ignore if runtime is None else runtime.record_failure
        fields = merge_fields(attributes, fields, report, "event()")
    if runtime is None:
        return NoEvent(name, fields)
    if Active.tracer is not None:
        return JoinedBlock(runtime, Active.tracer, name, fields)
    return EventBlock(runtime, name, fields=fields)


def add(attributes: Mapping[str, Any] | None = None, /, **fields: Any) -> None:
    """Add fields to the event of the current unit of work, from any depth of calls below it.

    Args:
        attributes: fields with dotted names.
        **fields: fields with plain names; they win over `attributes`.

    Example:
        def charge():
            add({"payment.method": "card"})  # anywhere below the event

        with event("book"):
            charge()
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
    """Time a part of the work as fields of the event, where a separate span would be too much.

    `with part("seat lookup"):` adds `part.seat_lookup.duration_ms`, the sum over all runs within the event,
    and `part.seat_lookup.count`. It is also a decorator.

    Args:
        name: the part's name; characters other than letters, digits and dots become `_`.

    Example:
        with event("book"), part("seat lookup"):
            pass  # adds part.seat_lookup.duration_ms and part.seat_lookup.count
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._field = "part." + _NOT_WORD.sub("_", text_of(name)).strip("_")

    def fresh(self) -> part:
        """Return a new timer for the same part."""
        return part(self._name)

    def open(self) -> None:
        """Start the timer."""
        self._begun = time.perf_counter_ns()

    def close(self, error: BaseException | None) -> None:  # noqa: ARG002
        """Add the elapsed time to the event."""
        taken = (time.perf_counter_ns() - self._begun) / 1e6
        runtime = Active.runtime
        if runtime is None:
            return
        try:
            self._add(runtime, taken)
        except Exception as failure:
            runtime.record_failure("part()", failure)

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

    Args:
        function: a function or coroutine function.

    Returns:
        A function that adds its fields to the event that is current now. It may be called many times, also
        concurrently.

    Example:
        from threading import Thread

        with event("book"):
            thread = Thread(target=carry(lambda: add({"seats.free": 12})))
            thread.start()
            thread.join()
    """
    if is_kind(inspect.iscoroutinefunction, function):
        context = get_current()

        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            token = attach(context)
            try:
                return await function(*args, **kwargs)
            finally:
                detach(token)

        return named_like(coroutine, function)
    snapshot = contextvars.copy_context()

    def call(*args: Any, **kwargs: Any) -> Any:
        return snapshot.copy().run(function, *args, **kwargs)

    return named_like(call, function)


def _emit_marker(
    name: str, given: Mapping[str, Any], attributes: Mapping[str, Any] | None, fields: Mapping[str, Any]
) -> None:
    runtime = Active.runtime
    if runtime is None:
        return
    try:
        known = {key: value for key, value in given.items() if value is not None}
        known |= merge_fields(attributes, fields, runtime.record_failure, f"{name} marker")
        runtime.write_marker(name, known)
    except Exception as error:
        runtime.record_failure(f"{name} marker", error)


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
    """Write a marker `deployment`.

    Args:
        id: `deployment.id`.
        attributes: more fields with dotted names.
        name: `deployment.name`.
        status: `deployment.status`: started, succeeded, failed or rolled_back.
        version: `service.version`, if it is not this process's own.
        revision: `vcs.ref.head.revision`, the commit.
        run: `cicd.pipeline.run.id`.
        **fields: more fields.

    Example:
        deployment("d-4711", version="2.4.0", revision="9f2c1ab", run="build-88")
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
    """Record the value of a feature flag: a field on the current unit's event, and a marker.

    The field is `feature_flag.<key>`, for `explain` to find. The marker is called `feature_flag.evaluation`.

    Args:
        key: the flag's name.
        variant: the flag's value.
        attributes: more fields of the marker, with dotted names.
        provider: `feature_flag.provider.name`.
        marker: False writes no marker, for flags that are evaluated very often.
        **fields: more fields of the marker.

    Example:
        with event("book"):
            flag("new-seatmap", "on", provider="flagd")
    """
    if isinstance(get_current_span(), EventSpan) or Active.tracer is not None:
        add({f"feature_flag.{text_of(key)}": variant})
    if marker:
        given = {
            "feature_flag.key": key,
            "feature_flag.result.variant": text_of(variant),
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
    """Write a marker `incident`.

    Args:
        title: what is wrong, in a few words.
        attributes: more fields with dotted names.
        status: open, mitigated or resolved.
        severity: on your organization's scale.
        id: the incident's id in another system.
        **fields: more fields.

    Example:
        incident("bookings time out", severity="high", id="INC-12")
    """
    given = {
        "obskit.incident.title": title,
        "obskit.incident.status": status,
        "obskit.incident.severity": severity,
        "obskit.incident.id": id,
    }
    _emit_marker("incident", given, attributes, fields)
