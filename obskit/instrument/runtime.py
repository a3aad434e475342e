"""The pipeline that every span of this process goes through: sampling, encoder, sink, processors.

There is one runtime per process. A forked child keeps the object and resets its state. A keeper thread writes
provisional rows and looks after files.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.trace import (
    INVALID_SPAN_CONTEXT,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    get_current_span,
)

from obskit.instrument.counters import Counters
from obskit.instrument.encoder import RowEncoder
from obskit.instrument.sampling import KEEP, Sampling, Verdict, decide_head, follow_flag
from obskit.instrument.sinks.jsonl import JsonlSink
from obskit.instrument.spans.event_span import EventSpan
from obskit.instrument.spans.readable_span import readable

_TICK_SECONDS = 1.0
ENDED_ROOT: Any = NonRecordingSpan(INVALID_SPAN_CONTEXT)
ENDED_ROOT.open_in = None
"""Replaces the root of a local root that has ended."""
_FORGET_NS = 3600 * 10**9
_MAX_HELD = 1000


class Runtime:
    """The pipeline of this process.

    Args:
        resource: OpenTelemetry's resource, for processors.
        rows: encodes spans as rows and lines.
        sink: where lines go; None for nowhere.
        counters: counts what happens to events.
        sampling: the rules; None keeps all.
        max_fields: the maximum number of fields that an open unit may hold.
        unfinished_after: seconds after which an open unit is written provisionally.
        open_units: the units that are open now, as keys.
    """

    def __init__(
        self,
        resource: Resource,
        rows: RowEncoder,
        sink: JsonlSink | None,
        counters: Counters,
        sampling: Sampling | None,
        max_fields: int,
        unfinished_after: float,
        open_units: dict[EventSpan, None],
    ) -> None:
        self.resource = resource
        self.rows = rows
        self.sink = sink
        self.counters = counters
        self.sampling = sampling
        self._max_fields = max_fields
        self.processors: tuple[SpanProcessor, ...] = ()
        self.recording = sampling is None or sampling.has_tail
        self.open_units = open_units
        self._unfinished_ns = int(unfinished_after * 1e9)
        self.random_bits = _random_bits()
        self._keeper: threading.Thread | None = None
        self._next_start = 0.0
        self._tail_lock = threading.RLock()
        self._stop = threading.Event()
        self.closed = False
        os.register_at_fork(after_in_child=self.reset_after_fork)

    # Called by spans.

    def count(self, name: str, number: int = 1) -> None:
        """Add to a counter."""
        self.counters.add(name, number)

    def record_failure(self, where: str, error: BaseException) -> None:
        """Count a failure and log the first of its kind; `where` is the subject of "... failed"."""
        self.counters.record_failure(where, error)

    def begin_unit(self, span: EventSpan, parent: SpanContext | None) -> Verdict:
        """Register a local root as an open unit and decide whether to keep it.

        Args:
            span: the local root.
            parent: the remote caller's context; None for the root of a trace.

        Returns:
            The head's decision.
        """
        self.open_units[span] = None
        if self._keeper is None:
            self._start_keeper()
        if self.sampling is not None and span.local is None:
            try:
                return decide_head(self.sampling, span.trace_hex, parent, span.name, span.fields)
            except Exception as error:
                self.record_failure("sampling", error)
        return KEEP if parent is None else follow_flag(parent)

    def notify_started(self, span: Any, context: Any) -> None:
        """Notify the processors that a span began, ours or another provider's."""
        for processor in self.processors:
            try:
                processor.on_start(span, parent_context=context)
            except Exception as error:
                self.record_failure("a processor's on_start", error)

    # At a span's end.

    def finish(self, span: EventSpan, clock: int) -> None:
        """Write a span that has ended, unless sampling drops it; `clock` is `perf_counter_ns()` now."""
        rules = self.sampling
        if span.root is span:
            self.open_units.pop(span, None)
            if rules is None or not rules.has_tail:
                span.root = ENDED_ROOT  # without the reference cycle it is freed at once
        if rules is None:
            self._emit(span, clock, span.verdict.weight)
            span.local = None  # an ended span must not keep its parent alive
        elif rules.has_tail:
            self._finish_with_tail(span, clock)
        else:
            self._write_decided(span, clock, False)

    def _finish_with_tail(self, span: EventSpan, clock: int) -> None:
        """Hold the spans of a unit until the unit ends, because only then is its weight known."""
        root = span.root
        if root is not span:
            with self._tail_lock:
                if root.kept is None:
                    held = root.held = root.held if root.held is not None else []
                    if len(held) < _MAX_HELD:
                        span.finished = span.started + span.duration_ns(clock)
                        held.append(span)
                        return
            self._write_decided(span, clock, bool(root.kept))
            return
        # The head left it out, but a provisional row was written because it failed or was slow: keep its end.
        must = self._must_keep(span, clock) or (span.provisional and not span.verdict.sampled)
        with self._tail_lock:
            span.kept = must
            ended, span.held = span.held or (), None
        for one in (span, *ended):
            self._write_decided(one, clock, must)
        span.root = ENDED_ROOT

    def _write_decided(self, span: EventSpan, clock: int, must: bool) -> None:
        if must:
            self._emit(span, clock, 1.0)
        elif span.verdict.sampled:
            self._emit(span, clock, span.verdict.weight)
        else:
            self.count("unsampled")
        span.local = None  # an ended span must not keep its parent alive

    def _must_keep(self, span: EventSpan, clock: int) -> bool:
        rules = self.sampling
        if rules is None:
            return True
        if rules.slow_ms is not None and span.duration_ns(clock) >= rules.slow_ms * 1e6:
            return True
        if not rules.errors:
            return False
        try:
            return has_failed(span)
        except Exception as error:  # a name that cannot be compared
            self.record_failure("reading an event's outcome", error)
            self.rows.make_plain(span)
            return has_failed(span)

    def _emit(self, span: EventSpan, clock: int, weight: float | None) -> None:
        rows, sink, line = self.rows, self.sink, None
        try:
            if sink is not None and not self.processors:
                line = rows.encode_fast(span, clock, weight)
            if line is None:
                row = rows.row(span, clock, weight)
        except Exception as error:
            row = self._row_of_plain(span, clock, weight, error)
        if line is not None:
            sink.write(line, clock)  # type: ignore[union-attr]
            return
        if sink is not None:
            sink.write(rows.line(row), clock)
        if self.processors:
            if not all(type(name) is str for name in span.fields):
                rows.make_plain(span)
            done = readable(span, row, self.resource, clock)
            for processor in self.processors:
                try:
                    processor.on_end(done)
                except Exception as error:
                    self.record_failure("a processor's on_end", error)

    def _row_of_plain(
        self, span: EventSpan, clock: int, weight: float | None, error: Exception
    ) -> dict[str, Any]:
        """Return the row of a span after `error`, which most likely a name or value of the host raised."""
        self.record_failure("encoding an event", error)
        self.rows.make_plain(span)
        return self.rows.row(span, clock, weight)

    def write_marker(self, name: str, fields: Mapping[str, Any]) -> None:
        """Write an event that has a time but no duration, in the current trace."""
        span = EventSpan(self, name, SpanKind.INTERNAL, dict(fields))
        context = get_current_span().get_span_context()
        span.trace_hex, span.span_hex = f"{context.trace_id:032x}", f"{context.span_id:016x}"
        span.parent_hex, span.verdict, span.started, span.clock = None, KEEP, time.time_ns(), 0
        clock = time.perf_counter_ns()
        try:
            row = self.rows.row(span, clock, 1.0)
        except Exception as error:
            row = self._row_of_plain(span, clock, 1.0, error)
        row |= {"duration_ms": None, "kind": "event"}
        if not context.is_valid:
            row |= {"trace_id": None, "span_id": None}
        if self.sink is not None:
            self.sink.write(self.rows.line(row), clock)

    # The keeper: one thread for the work that no request should wait for.

    def _start_keeper(self) -> None:
        if self.closed:
            return
        now = time.monotonic()
        if now < self._next_start:
            return
        self._next_start = now + _TICK_SECONDS
        thread = threading.Thread(target=self._run_keeper, name="obskit-keeper", daemon=True)
        self._keeper = thread
        try:
            thread.start()
        except RuntimeError as error:  # too many threads, or the interpreter shuts down: try again later
            self._keeper = None
            self.record_failure("starting the keeper thread", error)

    def _run_keeper(self) -> None:
        while not self._stop.wait(min(_TICK_SECONDS, self._unfinished_ns / 2e9)):
            for duty in (self.check_open_units, self._tend):
                try:
                    duty()
                except Exception as error:
                    self.record_failure("the keeper thread", error)

    def _tend(self) -> None:
        if self.sink is not None:
            self.sink.tend()

    def _cut_fields(self, span: EventSpan) -> None:
        names = list(span.fields)[self._max_fields :]
        try:
            for name in names:
                span.fields.pop(name, None)
        except Exception as error:  # a name that cannot be compared
            self.record_failure("reading a field's name", error)
        self.count("cut", len(names))

    def check_open_units(self) -> None:
        """Cut open units to `max_fields`, and write those open for a long time provisionally, once each."""
        clock = time.perf_counter_ns()
        for span in list(self.open_units):
            if not hasattr(span, "clock"):  # it is set last, so another thread is just beginning this span
                continue
            if len(span.fields) > self._max_fields:
                self._cut_fields(span)
            age = span.duration_ns(clock)
            if age < self._unfinished_ns or span.open_in is None:
                if span.open_in is None:  # it ended without passing through `finish`
                    self.open_units.pop(span, None)
                continue
            if age > _FORGET_NS:  # most likely nobody will end it: do not keep it in memory
                self.open_units.pop(span, None)
            if span.provisional or self.sink is None:
                continue
            weight = span.verdict.weight
            if self.sampling is not None:
                must = self._must_keep(span, clock)
                if not must and not span.verdict.sampled:
                    continue
                weight = 1.0 if must else weight
            try:
                row = self.rows.row(span.snapshot(), clock, weight)
            except RuntimeError:  # another thread just added a field: try again next time
                continue
            except Exception as error:  # one that cannot be written must not block the others
                span.provisional = True
                self.record_failure("writing a provisional row", error)
                continue
            row["obskit.unfinished"] = span.provisional = True
            self.sink.write(self.rows.line(row), clock)
            self.count("unfinished")

    # The life of the process.

    def reset_after_fork(self) -> None:
        """Start again in a child: its own file, ids, counters and keeper. Open units belong to the parent."""
        if self.closed:
            return
        self.random_bits = _random_bits()
        self.counters.reset()
        self.open_units.clear()
        self._keeper = None
        self._next_start = 0.0
        self._tail_lock = threading.RLock()
        self._stop = threading.Event()
        self.rows.reset_after_fork()
        if self.sink is not None:
            self.sink.reset()

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until all ended events have left; return whether they did."""
        deadline = time.monotonic() + timeout
        done = self.sink.flush(timeout) if self.sink is not None else True
        for processor in self.processors:
            left = max(0, int((deadline - time.monotonic()) * 1000))
            try:
                done = processor.force_flush(left) is not False and done
            except Exception as error:
                self.record_failure("a processor's force_flush", error)
                done = False
        return done

    def shutdown(self, timeout: float) -> bool:
        """Flush within `timeout` seconds, then close; return whether everything was written.

        Later events are dropped and counted.
        """
        if self.closed:
            return True
        deadline = time.monotonic() + timeout
        done = self.flush(timeout)
        self.closed = True
        self._stop.set()
        keeper = self._keeper
        if keeper is not None and keeper.is_alive() and keeper is not threading.current_thread():
            # It may be packing. If it dies halfway, the half-packed file stays for an hour.
            keeper.join(max(0.0, deadline - time.monotonic()))
        for processor in self.processors:
            try:
                processor.shutdown()
            except Exception as error:
                self.record_failure("a processor's shutdown", error)
        return (self.sink.close(timeout) if self.sink is not None else True) and done


def _random_bits() -> Callable[[int], int]:
    """Return our own source of ids: a host may seed Python's, and a child must not repeat its parent's."""
    return random.Random(os.urandom(32)).getrandbits  # noqa: S311


def has_failed(span: EventSpan) -> bool:
    """Return whether a unit failed, by the same rule that `obskit.load` uses for `error`."""
    if span.status_code == "ERROR" or span.fields.get("error.type") or span.fields.get("error") is True:
        return True
    code = span.fields.get("http.response.status_code", span.fields.get("http.status_code"))
    return isinstance(code, int) and (500 <= code < 600 or code in (408, 429))
