"""What every span of this process hands itself to: sampling, rows, the sink, processors, a keeper thread.

There is one runtime a process; a forked child keeps it and begins anew inside it.
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
"""The root of a root that has ended."""
_FORGET_NS = 3600 * 10**9
_MAX_HELD = 1000


class Runtime:
    """The pipeline of this process.

    Args:
        resource: OpenTelemetry's, for processors.
        rows: makes lines.
        sink: where lines go, None for nowhere.
        counters: what happened to events.
        sampling: None keeps all.
        max_fields: fields that an open unit is kept to.
        unfinished_after: seconds after which an open unit is written provisionally.
        open_units: units that are open now, as keys.
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

    # What a span asks for.

    def count(self, name: str, number: int = 1) -> None:
        """Add to a counter."""
        self.counters.add(name, number)

    def record_failure(self, where: str, error: BaseException) -> None:
        """Count and log what went wrong inside."""
        self.counters.record_failure(where, error)

    def begin_unit(self, span: EventSpan, parent: SpanContext | None) -> Verdict:
        """Take a local root into those that are open, and decide about it."""
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
        """Tell the processors that a span began, ours or another provider's."""
        for processor in self.processors:
            try:
                processor.on_start(span, parent_context=context)
            except Exception as error:
                self.record_failure("a processor's on_start", error)

    # What a span's end does.

    def finish(self, span: EventSpan, clock: int) -> None:
        """Write a span that has ended."""
        rules = self.sampling
        if span.root is span:
            self.open_units.pop(span, None)
            if rules is None or not rules.has_tail:
                span.root = ENDED_ROOT  # no circle: what has ended is freed at once
        if rules is None:
            self._emit(span, clock, span.verdict.weight)
            span.local = None  # what has ended does not keep its parent
        elif rules.has_tail:
            self._finish_with_tail(span, clock)
        else:
            self._write_decided(span, clock, False)

    def _finish_with_tail(self, span: EventSpan, clock: int) -> None:
        """Hold what ends within a unit until the unit does, for then its weight is known."""
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
        span.local = None  # what has ended does not keep its parent

    def _must_keep(self, span: EventSpan, clock: int) -> bool:
        rules = self.sampling
        if rules is None:
            return True
        if rules.slow_ms is not None and span.duration_ns(clock) >= rules.slow_ms * 1e6:
            return True
        return rules.errors and has_failed(span)

    def _emit(self, span: EventSpan, clock: int, weight: float | None) -> None:
        rows, sink = self.rows, self.sink
        if (
            sink is not None
            and not self.processors
            and (line := rows.encode_fast(span, clock, weight)) is not None
        ):
            sink.write(line, clock)
            return
        row = rows.row(span, clock, weight)
        if sink is not None:
            sink.write(rows.line(row), clock)
        if self.processors:
            done = readable(span, row, self.resource, clock)
            for processor in self.processors:
                try:
                    processor.on_end(done)
                except Exception as error:
                    self.record_failure("a processor's on_end", error)

    def write_marker(self, name: str, fields: Mapping[str, Any]) -> None:
        """Write an event that has a time and no duration, in the trace that is current."""
        span = EventSpan(self, name, SpanKind.INTERNAL, dict(fields))
        context = get_current_span().get_span_context()
        span.trace_hex, span.span_hex = f"{context.trace_id:032x}", f"{context.span_id:016x}"
        span.parent_hex, span.verdict, span.started, span.clock = None, KEEP, time.time_ns(), 0
        clock = time.perf_counter_ns()
        row = self.rows.row(span, clock, 1.0)
        row |= {"duration_ms": None, "kind": "event"}
        if not context.is_valid:
            row |= {"trace_id": None, "span_id": None}
        if self.sink is not None:
            self.sink.write(self.rows.line(row), clock)

    # The keeper: one thread that looks after what nobody waits for.

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
        except RuntimeError as error:  # too many threads, or the interpreter shuts down: later, perhaps
            self._keeper = None
            self.record_failure("the keeper's start", error)

    def _run_keeper(self) -> None:
        while not self._stop.wait(min(_TICK_SECONDS, self._unfinished_ns / 2e9)):
            for duty in (self.check_open_units, self._tend):
                try:
                    duty()
                except Exception as error:
                    self.record_failure("keeping", error)

    def _tend(self) -> None:
        if self.sink is not None:
            self.sink.tend()

    def check_open_units(self) -> None:
        """Keep open units to their fields, and write those that have been open for long, once each."""
        clock = time.perf_counter_ns()
        for span in list(self.open_units):
            if not hasattr(span, "clock"):  # set last: another thread is just beginning it
                continue
            if len(span.fields) > self._max_fields:
                names = list(span.fields)[self._max_fields :]
                for name in names:
                    span.fields.pop(name, None)
                self.count("cut", len(names))
            age = span.duration_ns(clock)
            if age < self._unfinished_ns or span.open_in is None:
                if span.open_in is None:  # by a way that does not come by here
                    self.open_units.pop(span, None)
                continue
            if age > _FORGET_NS:  # never ended, most likely forgotten: it must not stay in memory for that
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
            except RuntimeError:  # its fields became more meanwhile: the next time
                continue
            except Exception as error:  # one that cannot be written keeps none of the others waiting
                span.provisional = True
                self.record_failure("a provisional row", error)
                continue
            row["obskit.unfinished"] = span.provisional = True
            self.sink.write(self.rows.line(row), clock)
            self.count("unfinished")

    # The life of the process.

    def reset_after_fork(self) -> None:
        """Begin anew in a child: its own file, ids, counters and thread. Open units are the parent's."""
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
        """Wait until everything that ended has left this process; return whether it has."""
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
        """Flush and close; later events are dropped and counted."""
        if self.closed:
            return True
        deadline = time.monotonic() + timeout
        done = self.flush(timeout)
        self.closed = True
        self._stop.set()
        keeper = self._keeper
        if keeper is not None and keeper.is_alive() and keeper is not threading.current_thread():
            # It may be packing: ended in the middle, half a packed file is left for an hour.
            keeper.join(max(0.0, deadline - time.monotonic()))
        for processor in self.processors:
            try:
                processor.shutdown()
            except Exception as error:
                self.record_failure("a processor's shutdown", error)
        return (self.sink.close(timeout) if self.sink is not None else True) and done


def _random_bits() -> Callable[[int], int]:
    """Return a source of ids: the host may seed Python's, and a child must not repeat its parent's."""
    return random.Random(os.urandom(32)).getrandbits  # noqa: S311


def has_failed(span: EventSpan) -> bool:
    """Whether a unit failed, by the rule by which errors are told when events are loaded."""
    if span.status_code == "ERROR" or span.fields.get("error.type") or span.fields.get("error") is True:
        return True
    code = span.fields.get("http.response.status_code", span.fields.get("http.status_code"))
    return isinstance(code, int) and (500 <= code < 600 or code in (408, 429))
