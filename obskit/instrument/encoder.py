"""From a span to the line that is written: a flat row, redacted, within limits, as JSON.

A usual event takes the fast path, `encode_fast`: one JSON dump of its redacted fields, between a prefix and a
suffix that are text already. An unusual event (nested values, foreign types, our own column names, large
texts, span events, links, a status message) becomes a row first and goes through the `Trimmer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from opentelemetry.trace import TraceState

from obskit.instrument.given import Report
from obskit.instrument.limits import Limits, Trimmer
from obskit.instrument.process_fields import ProcessFields
from obskit.instrument.redaction.options import Redaction
from obskit.instrument.redaction.redactor import Redactor
from obskit.instrument.spans.event_span import EventSpan
from obskit.names import COLUMNS, DRIFT

_KINDS = ("internal", "server", "client", "producer", "consumer")  # SpanKind's values are 0 to 4
_OUR_COLUMNS = frozenset({*COLUMNS, "events", "links"})
_EPOCH = datetime(1970, 1, 1)  # UTC throughout
_PLAIN_TYPES = frozenset({str, int, float, bool, type(None)})
_TEXT = frozenset({str})
_MAX_TEXTS, _LONGEST_TEXT = 4096, 512
_THREE_DIGITS = tuple(f"{number:03d}" for number in range(1000))


class RowEncoder:
    """Turns the spans of one service into rows and lines.

    Args:
        resource: attributes of the service, for every row.
        redaction: what to mask; None masks nothing.
        limits: the maximum size of one event.
        count: called with a counter's name and a number to add to it.
        in_flight: container whose length is the number of open units.
        report: called with what failed and its exception, for a value that cannot be read.
    """

    def __init__(
        self,
        resource: Mapping[str, Any],
        redaction: Redaction | None,
        limits: Limits,
        count: Any,
        in_flight: Any,
        report: Report | None = None,
    ) -> None:
        self._report = report
        self._limits = limits
        self._count = count
        self._max_fields, self._max_text = limits.fields, limits.length
        self._redactor = Redactor(redaction) if redaction is not None else None
        self._cached_second = (-(10**18), "")
        self._json_texts: dict[str, str] = {}
        self._process = ProcessFields(self._plain(resource), in_flight)
        self._reserved = frozenset({*self._process.resource, *DRIFT, *_OUR_COLUMNS})

    @property
    def resource(self) -> Mapping[str, Any]:
        """The service's attributes, redacted."""
        return self._process.resource

    def reset_after_fork(self) -> None:
        """Take the forked child's process id and uptime."""
        self._process.reset_after_fork()

    def encode_fast(self, span: EventSpan, clock: int, weight: float | None) -> bytes | None:
        """Encode a usual event.

        Args:
            span: a span that has ended.
            clock: `time.perf_counter_ns()` of its end.
            weight: its sample weight; None if unknown.

        Returns:
            The line, or None for an unusual event: then call `row` and `line`.
        """
        fields = span.fields
        if (
            type(span.name) is not str  # first: nothing else may touch a name that is not text
            or span.status_message
            or span.span_events
            or span.links_
            or len(fields) > self._max_fields
            or not fields.keys().isdisjoint(self._reserved)  # looks at the shorter of the two
        ):
            return None
        fields = fields.copy()
        redactor, redacted = self._redactor, 0
        if redactor is not None:
            redacted = redactor.apply(fields)
            if redacted < 0:
                return None
        elif not _PLAIN_TYPES.issuperset(map(type, fields.values())):
            return None  # orjson would call methods of the host, and aborts the process if some of them raise
        state, texts = span.verdict.state_text, self._json_texts
        fields["duration_ms"] = span.duration_ns(clock) / 1e6
        try:
            body = orjson.dumps(fields)
            name = texts.get(span.name) or self._cached_json(span.name)
            quoted = state and (texts.get(state) or self._cached_json(state))
        except TypeError:  # a name that is not text, a lone surrogate, an integer over 64 bits
            return None
        if len(body) > self._max_text or not name or (state and not quoted):
            return None
        if (
            redactor is not None  # which does not look at names that it may not mask
            and (body.find(b"{", 1) > 0 or b"[" in body)
            and not _PLAIN_TYPES.issuperset(map(type, fields.values()))
        ):
            return None
        if redacted:
            self._count("redacted", redacted)
        process = self._process
        if clock > process.refresh_at:
            process.refresh(clock)
        parent = "" if span.parent_hex is None else f'"parent_span_id":"{span.parent_hex}",'
        if quoted:
            parent += f'"trace_state":{quoted},'
        weighs = "1.0" if weight == 1.0 else "null" if weight is None else weight
        head = (
            f'{{"timestamp":"{self.iso(span.started)}","name":{name},"kind":"{_KINDS[span.kind._value_]}",'
            f'"trace_id":"{span.trace_hex}","span_id":"{span.span_hex}",{parent}'
            f'"status_code":"{span.status_code}","sample_weight":{weighs},'
        )
        return b"".join((head.encode(), body[1:-1], process.json_suffix))

    def _cached_json(self, text: str) -> str:
        """Return a name or trace state as JSON, or "" if it has to be cut or masked first."""
        if len(text) > self._max_text or self._text(text) != text:
            return ""
        quoted = orjson.dumps(text).decode()
        if len(text) <= _LONGEST_TEXT:  # clients choose the trace state and must not fill our memory with it
            if len(self._json_texts) >= _MAX_TEXTS:
                self._json_texts.clear()
            self._json_texts[text] = quoted
        return quoted

    def row(self, span: EventSpan, clock: int, weight: float | None) -> dict[str, Any]:
        """Convert a span to a flat, redacted row of plain values.

        Args:
            span: a span that has ended, or an open one to be written provisionally.
            clock: `time.perf_counter_ns()` of its end, or of now.
            weight: its sample weight; None if unknown.

        Returns:
            Column -> value, without the process's fields, which `line` adds.
        """
        row = self._our_columns(span, clock, weight)
        fields = span.fields
        if len(fields) > self._limits.fields:
            self._count("cut", len(fields) - self._limits.fields)
            fields = dict(list(fields.items())[: self._limits.fields])
        if _OUR_COLUMNS.isdisjoint(fields):
            row.update(fields)
        else:
            row.update({self._column_name(name, value): value for name, value in fields.items()})
        if not self._redact(row):
            row = self._plain(row)
        if span.span_events or span.links_:
            self._add_span_events(row, span)
        return row

    def make_plain(self, span: EventSpan) -> None:
        """Replace what a host gave to a span by plain values, so that no method of the host is called again.

        Args:
            span: a span whose encoding failed, because a name cannot be hashed or compared, for example.
        """
        trimmer = Trimmer(self._limits)
        span.fields = trimmer.flatten(span.fields)
        span.name = str(trimmer.plain(span.name))
        span.status_message = None if span.status_message is None else str(trimmer.plain(span.status_message))
        self._count_trimmed(trimmer)

    def _add_span_events(self, row: dict[str, Any], span: EventSpan) -> None:
        if span.span_events:
            row["events"] = [
                {"timestamp": self.iso(at), "name": self._text(name), "attributes": self._json(attributes)}
                for name, at, attributes in span.span_events
            ]
        if span.links_:
            row["links"] = [
                {
                    "trace_id": f"{link.context.trace_id:032x}",
                    "span_id": f"{link.context.span_id:016x}",
                    "attributes": self._json(link.attributes),
                    **self._state(link.context.trace_state),
                }
                for link in span.links_
            ]

    def _state(self, state: TraceState | None) -> dict[str, str]:
        return {"trace_state": self._text(state.to_header())} if state else {}

    def _our_columns(self, span: EventSpan, clock: int, weight: float | None) -> dict[str, Any]:
        """Return the columns other than the span's fields."""
        if clock > self._process.refresh_at:
            self._process.refresh(clock)
        row = {
            "timestamp": self.iso(span.started),
            "duration_ms": span.duration_ns(clock) / 1e6,
            "name": span.name,
            "kind": _KINDS[span.kind._value_],
            "trace_id": span.trace_hex,
            "span_id": span.span_hex,
            "status_code": span.status_code,
            "sample_weight": weight,
        }
        if span.parent_hex is not None:
            row["parent_span_id"] = span.parent_hex
        if span.status_message:
            row["status_message"] = span.status_message
        if span.verdict.state_text:
            row["trace_state"] = span.verdict.state_text
        return row

    @staticmethod
    def _column_name(name: str, value: Any) -> str:
        """Return a field's column: `attributes.<name>` if the name is one of ours, except a bool `error`."""
        ours = name in _OUR_COLUMNS and not (name == "error" and isinstance(value, bool))
        return f"attributes.{name}" if ours else name

    def _redact(self, row: dict[str, Any]) -> bool:
        """Redact a row in place; return False, with the row unchanged, if a value or name is not plain."""
        if self._redactor is None:
            return _PLAIN_TYPES.issuperset(map(type, row.values())) and _TEXT.issuperset(map(type, row))
        changed = self._redactor.apply(row)
        if changed > 0:
            self._count("redacted", changed)
        return changed >= 0

    def _plain(self, row: Mapping[str, Any]) -> dict[str, Any]:
        trimmer = Trimmer(self._limits)
        out = trimmer.flatten(row)
        self._count_trimmed(trimmer)
        if self._redactor is not None and (changed := self._redactor.apply(out, plain=True)):
            self._count("redacted", changed)
        return out

    def _count_trimmed(self, trimmer: Trimmer) -> None:
        if trimmer.cuts:
            self._count("cut", trimmer.cuts)
        if trimmer.failure is not None:
            if self._report is not None:  # counts one failure and logs it
                self._report("reading a value", trimmer.failure)
                trimmer.failures -= 1
            self._count("failed", trimmer.failures)

    def line(self, row: dict[str, Any]) -> bytes:
        """Encode a row as a line of JSON within the limits, and add the process's fields that it lacks."""
        process = self._process
        usual = process.fields.keys().isdisjoint(row.keys())
        try:
            line = orjson.dumps(row if usual else process.fields | row)
        except TypeError:  # a lone surrogate, an integer over 64 bits
            return self._shortened_line(row)
        if len(line) > self._limits.length:
            return self._shortened_line(row)
        return line[:-1] + process.json_suffix if usual else line + b"\n"

    def _shortened_line(self, row: dict[str, Any]) -> bytes:
        trimmer = Trimmer(self._limits)
        flat = trimmer.flatten(self._process.fields | row)
        row = {name: trimmer.shorten(value) for name, value in flat.items()}
        line = orjson.dumps(row)
        while len(line) > self._limits.line:
            longest = max(
                (name for name in row if name not in COLUMNS), key=lambda n: len(str(row[n])), default=None
            )
            if longest is None:
                break
            del row[longest]
            trimmer.cuts += 1
            line = orjson.dumps(row)
        self._count_trimmed(trimmer)
        return line + b"\n"

    def _text(self, text: str) -> str:
        return self._redactor.text(text) if self._redactor is not None else text

    def _json(self, attributes: Mapping[str, Any] | None) -> str:
        return orjson.dumps(self._plain(attributes or {})).decode()

    def iso(self, nanoseconds: int) -> str:
        """Format nanoseconds since 1970 as ISO 8601 in UTC, to the microsecond."""
        begun, prefix = self._cached_second  # one tuple, because other threads replace it
        micros = (nanoseconds - begun) // 1000
        if not 0 <= micros < 1_000_000:
            # Not strftime or gmtime: a forked child may inherit libc's lock in them, held for ever.
            second, rest = divmod(nanoseconds, 1_000_000_000)
            prefix = (_EPOCH + timedelta(seconds=second)).isoformat()
            self._cached_second = (second * 1_000_000_000, prefix)
            micros = rest // 1000
        millis, micros = divmod(micros, 1000)
        return f"{prefix}.{_THREE_DIGITS[millis]}{_THREE_DIGITS[micros]}Z"
