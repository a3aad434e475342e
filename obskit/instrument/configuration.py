"""`configure` and the handle that it returns.

The module is not called `configure`: the package exports a function of that name, which would hide it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor

from obskit.instrument.api import Active
from obskit.instrument.counters import Counters
from obskit.instrument.encoder import RowEncoder
from obskit.instrument.given import merge_fields
from obskit.instrument.limits import Limits, Trimmer
from obskit.instrument.otel.foreign_provider import JoinedProcessor
from obskit.instrument.otel.provider import EventTracerProvider
from obskit.instrument.redaction.options import Redaction
from obskit.instrument.runtime import Runtime
from obskit.instrument.sampling import Sampling
from obskit.instrument.sinks.jsonl import Files, JsonlSink
from obskit.instrument.spans.event_span import EventSpan
from obskit.instrument.spans.readable_span import otlp_configured, otlp_processor, otlp_value

_EXIT_SECONDS = 2.0
_USUAL, _LIMITS, _FILES = Redaction(), Limits(), Files()


class Default(Enum):
    """Marks an argument that was not given; the value is the environment variable to read instead."""

    ENVIRONMENT = "OBSKIT_SINK"


class Handle:
    """The result of `configure`.

    Args:
        mode: "own" (our tracer provider is installed), "joined" (another provider was installed already and
            has our processor; the cost is the SDK's), or "off".
        runtime: writes this process's events; None if off.
        counters: what happened to events.

    Example:
        handle = configure("booking", sink="events")
        print(handle.enabled, handle.mode, handle.counters["written"])
        handle.flush(timeout=1.0)
    """

    def __init__(self, mode: str, runtime: Runtime | None, counters: Counters) -> None:
        self.mode = mode
        self._runtime = runtime
        self._counters = counters

    def __repr__(self) -> str:
        return f"Handle(mode={self.mode!r}, file={str(self.file) if self.file else None!r})"

    @property
    def enabled(self) -> bool:
        """Whether events go anywhere."""
        return self.mode != "off"

    @property
    def counters(self) -> dict[str, int]:
        """Counts since this process began; `obskit.instrument.counters.NAMES` says what each one counts."""
        return self._counters.as_dict()

    @property
    def file(self) -> Path | None:
        """The file that is written now; None before the first event and without a sink."""
        return self._runtime.sink.file if self._runtime and self._runtime.sink else None

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait up to `timeout` seconds until all ended events have left; return whether they did."""
        return self._runtime.flush(timeout) if self._runtime else True

    def shutdown(self, timeout: float = 5.0) -> bool:
        """Flush within `timeout` seconds, then close; return whether everything was written.

        Called automatically at a normal exit. Later events are dropped and counted.
        """
        return self._runtime.shutdown(timeout) if self._runtime else True


class _Configured:
    handle: Handle | None = None


@contextlib.contextmanager
def isolated_configuration() -> Iterator[None]:
    """Suspend the current configuration so that `configure` starts afresh inside; for tests only."""
    before = _Configured.handle, Active.runtime, Active.tracer
    _Configured.handle = Active.runtime = Active.tracer = None
    try:
        yield
    finally:
        handle = _Configured.handle
        _Configured.handle, Active.runtime, Active.tracer = before
        if handle is not None:
            handle.shutdown(1.0)
        provider = trace.get_tracer_provider()
        if isinstance(provider, EventTracerProvider) and Active.runtime is not None:
            provider.runtime = Active.runtime


def configure(
    service: str | None = None,
    *,
    version: str | None = None,
    environment: str | None = None,
    deployment_id: str | None = None,
    track: str | None = None,
    sink: str | os.PathLike[str] | Default | None = Default.ENVIRONMENT,
    attributes: Mapping[str, Any] | None = None,
    sampling: Sampling | None = None,
    redaction: Redaction | None = _USUAL,
    limits: Limits = _LIMITS,
    files: Files = _FILES,
    otlp: str | None = None,
    protocol: str | None = None,
    processors: Iterable[SpanProcessor] = (),
    unfinished_after: float = 10.0,
) -> Handle:
    """Write each unit of work of this process as one wide event. Call it once, early. It never raises.

    If another OpenTelemetry provider is installed already, it stays and gets our processor. Then its
    sampler decides and `sampling` is ignored. `OBSKIT_DISABLED` and `OTEL_SDK_DISABLED` disable everything.

    Args:
        service: `service.name`; by default `OTEL_SERVICE_NAME`, then OpenTelemetry's default.
        version: `service.version`.
        environment: `deployment.environment.name`.
        deployment_id: `deployment.id`.
        track: `obskit.deployment.track`: stable, canary, blue, green.
        sink: folder for JSONL files; by default `OBSKIT_SINK`; None writes no files.
        attributes: more fields for every row.
        sampling: which units are kept; None keeps all.
        redaction: what to mask in addition to the defaults; None masks nothing.
        limits: the maximum size of an event.
        files: when files are rotated, packed and deleted.
        otlp: OTLP endpoint that gets the events too; by default OpenTelemetry's own variables.
        protocol: "http/protobuf" or "grpc"; by default OpenTelemetry's own variables.
        processors: OpenTelemetry span processors that are notified of every span.
        unfinished_after: seconds after which a unit that is still open is written provisionally.

    Returns:
        The handle. A second call returns the first call's handle and warns once.

    Example:
        handle = configure("booking", version="2.4.0", environment="production", sink="events")
    """
    if _Configured.handle is not None:
        _Configured.handle._counters.warn_once(
            "twice", "obskit: configure was called again; the first call stays in effect"
        )
        return _Configured.handle
    counters = Counters()
    try:
        if _is_disabled():
            handle = Handle("off", None, counters)
        else:
            given = {
                "service.name": service,
                "service.version": version,
                "deployment.environment.name": environment,
                "deployment.id": deployment_id,
                "obskit.deployment.track": track,
                **merge_fields(attributes, {}, counters.record_failure, "configure(attributes=)"),
            }
            resource = Resource.create(_resource_attributes(given, limits, counters))
            runtime = _build_runtime(
                resource, sink, counters, sampling, redaction, limits, files, unfinished_after
            )
            added = list(processors)
            if otlp is not None or otlp_configured():
                try:
                    added.append(otlp_processor(otlp, protocol))
                except Exception as error:
                    counters.record_failure("setting up OTLP", error)
            handle = Handle(_install(runtime, added), runtime, counters)
            atexit.register(handle.shutdown, _EXIT_SECONDS)
    except Exception as error:
        counters.record_failure("configure()", error)
        handle = Handle("off", None, counters)
    _Configured.handle = handle
    return handle


def _resource_attributes(given: Mapping[Any, Any], limits: Limits, counters: Counters) -> dict[str, Any]:
    """Return the service's attributes as OpenTelemetry takes them; values of other types become text."""
    trimmer = Trimmer(limits)
    plain = trimmer.flatten({name: value for name, value in given.items() if value is not None})
    counters.add("cut", trimmer.cuts)
    if trimmer.failure is not None:
        counters.record_failure("configure(attributes=)", trimmer.failure)
    return {name: otlp_value(value) for name, value in plain.items() if value is not None}


def _is_disabled() -> bool:
    ours = os.environ.get("OBSKIT_DISABLED", "").strip().lower()
    sdk = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower()
    return ours in ("1", "true", "yes", "on") or sdk == "true"


def _build_runtime(
    resource: Resource,
    sink: str | os.PathLike[str] | Default | None,
    counters: Counters,
    sampling: Sampling | None,
    redaction: Redaction | None,
    limits: Limits,
    files: Files,
    unfinished_after: float,
) -> Runtime:
    where = os.environ.get(Default.ENVIRONMENT.value) or None if isinstance(sink, Default) else sink
    if where is None and isinstance(sink, Default) and not otlp_configured():
        counters.warn_once(
            "no sink", "obskit: no sink is configured: pass sink=FOLDER to configure or set OBSKIT_SINK"
        )
    fields = {k: v for k, v in resource.attributes.items() if not k.startswith("telemetry.")}
    fields = {**fields, "process.pid": os.getpid()}
    with contextlib.suppress(OSError):
        fields.setdefault("host.name", socket.gethostname())
    open_units: dict[EventSpan, None] = {}
    rows = RowEncoder(fields, redaction, limits, counters.add, open_units, counters.record_failure)
    # Processors, and so exporters, get the service's attributes redacted, as the rows have them.
    redacted = {n: rows.resource.get(n, v) for n, v in resource.attributes.items()}
    masked_names = fields.keys() - rows.resource.keys()  # the name itself held a secret
    resource = Resource({n: v for n, v in redacted.items() if n not in masked_names}, resource.schema_url)
    written = None
    if where is not None:
        path = Path(where).expanduser().absolute()
        written = JsonlSink(path, str(fields.get("service.name", "service")), files, counters)
    return Runtime(resource, rows, written, counters, sampling, limits.fields, unfinished_after, open_units)


def _install(runtime: Runtime, processors: list[SpanProcessor]) -> str:
    """Install our tracer provider, or attach to the one that is installed; return the handle's mode."""
    provider: Any = trace.get_tracer_provider()
    runtime.processors = tuple(processors)
    joined = False
    if isinstance(provider, EventTracerProvider):  # left by an earlier configuration
        provider.runtime = runtime
    elif isinstance(provider, trace.ProxyTracerProvider):  # none was installed
        trace.set_tracer_provider(EventTracerProvider(runtime))
    elif hasattr(provider, "add_span_processor"):
        joined = True
        runtime.sampling = None  # the provider's own sampler decides
        provider.add_span_processor(JoinedProcessor(runtime))
    Active.tracer = provider.get_tracer("obskit") if joined else None
    Active.runtime = runtime  # last, because from here on events are written
    return "joined" if joined else "own"
