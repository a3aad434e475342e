"""From a span to the one line that is written: a flat row, redacted, within limits, as JSON.

The usual event takes the short way: a copy of a prepared row, one update with the fields, redaction by the
remembered plan, one `orjson.dumps`. What is unusual (nested values, foreign types, our own names, large
texts) is told by cheap signs and goes through the `Trimmer`.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from obskit.instrument.limits import Limits, Trimmer, fallback
from obskit.instrument.redact import Redaction, Redactor
from obskit.instrument.span import EventSpan
from obskit.names import COLUMNS

_KINDS = ("internal", "server", "client", "producer", "consumer")  # SpanKind's values are 0 to 4
_OURS = frozenset({*COLUMNS, "events", "links"})
_EPOCH = datetime(1970, 1, 1)  # UTC throughout
_REFRESH_NS = 1_000_000_000
_PAGE = os.sysconf("SC_PAGE_SIZE")
DRIFT = ("process.uptime", "process.memory.usage", "obskit.in_flight")


class WholeRow(dict[str, Any]):
    """A row that has the service's columns in it already, for its event says them otherwise."""


class RowMaker:
    """Makes rows and lines of one service.

    Args:
        resource: attributes of the service, on every row.
        redaction: None leaves everything as it is.
        limits: of one event.
        count: adds to a counter.
        in_flight: container whose length is the number of open units.
    """

    def __init__(
        self,
        resource: Mapping[str, Any],
        redaction: Redaction | None,
        limits: Limits,
        count: Any,
        in_flight: Any,
    ) -> None:
        self._limits = limits
        self._count = count
        self._in_flight = in_flight
        self._redactor = Redactor(redaction) if redaction is not None else None
        self._begun = time.perf_counter_ns()
        self._due = 0
        self._prefix = (-1, "")
        self._constant: dict[str, Any] = {}
        self._behind = b""
        self._resource = self._clean(dict(resource))
        self._taken = frozenset({*self._resource, *DRIFT, *_OURS})
        self._refresh(self._begun)

    def forked(self) -> None:
        """Take this process's id and age from now on."""
        self._begun = time.perf_counter_ns()
        self._resource["process.pid"] = os.getpid()
        self._refresh(self._begun)

    def row(self, span: EventSpan, clock: int, weight: float | None) -> dict[str, Any]:
        """Return a span as a flat, redacted row.

        Args:
            span: that has ended, or is to be shown as it is now.
            clock: `time.perf_counter_ns()` of its end.
            weight: how many events it stands for; None where nobody knows.
        """
        row = self._own(span, clock, weight)
        fields = span.fields
        if len(fields) > self._limits.fields:
            self._count("cut", len(fields) - self._limits.fields)
            fields = dict(list(fields.items())[: self._limits.fields])
        # Of two sets of names the smaller is gone through.
        usual = fields.keys().isdisjoint(self._taken)
        if usual:
            row.update(fields)
        else:
            row = WholeRow(self._constant | row)
            row.update({self._apart(name, value): value for name, value in fields.items()})
        if self._redactor is not None and not (usual and self._redacted(row)):
            row = self._clean(row)
        if span.points or span.links_:
            self._add_points(row, span)
        return row

    def _add_points(self, row: dict[str, Any], span: EventSpan) -> None:
        if span.points:
            row["events"] = [
                {"timestamp": self.iso(at), "name": self._text(name), "attributes": self._json(attributes)}
                for name, at, attributes in span.points
            ]
        if span.links_:
            row["links"] = [
                {
                    "trace_id": f"{link.context.trace_id:032x}",
                    "span_id": f"{link.context.span_id:016x}",
                    "attributes": self._json(link.attributes),
                }
                for link in span.links_
            ]

    def _own(self, span: EventSpan, clock: int, weight: float | None) -> dict[str, Any]:
        """Return the columns that are ours; the service's are put behind them in `line`."""
        if clock > self._due:
            self._refresh(clock)
        row = {
            "timestamp": self.iso(span.started),
            "duration_ms": span.duration_ns(clock) / 1e6,
            "name": span.name,
            "kind": _KINDS[span.kind.value],
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
    def _apart(name: str, value: Any) -> str:
        """Return a field's name in the row: `attributes.<name>` where it is one of ours, `error` apart."""
        ours = name in _OURS and not (name == "error" and isinstance(value, bool))
        return f"attributes.{name}" if ours else name

    def _redacted(self, row: dict[str, Any]) -> bool:
        """Redact a row of plain values in place, the service's own apart, which were at the start.

        Returns:
            False where some value or name is not plain; the row is then as it was.
        """
        changed = self._redactor.apply(row) if self._redactor is not None else 0
        if changed > 0:
            self._count("redacted", changed)
        return changed >= 0

    def _clean(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row plain and redacted."""
        trimmer = Trimmer(self._limits)
        whole = type(row) is not dict
        row = trimmer.flat(row)
        if whole or not row.keys().isdisjoint(self._constant):
            row = WholeRow(self._constant | row)
        if trimmer.cuts:
            self._count("cut", trimmer.cuts)
        if self._redactor is not None and (changed := self._redactor.apply(row, plain=True)):
            self._count("redacted", changed)
        return row

    def line(self, row: dict[str, Any]) -> bytes:
        """Return a row as a line of JSON within the limits."""
        try:
            line = orjson.dumps(row, fallback)
        except (orjson.JSONEncodeError, TypeError, ValueError, RecursionError):
            return self._bounded(row)
        if len(line) > self._limits.length or b'":{' in line or b'":[' in line:
            return self._bounded(row)
        if type(row) is dict:
            return line[:-1] + self._behind
        return line + b"\n"

    def _bounded(self, row: dict[str, Any]) -> bytes:
        trimmer = Trimmer(self._limits)
        if type(row) is dict:
            row = self._constant | row
        row = {name: trimmer.shortened(value) for name, value in trimmer.flat(row).items()}
        line = orjson.dumps(row, fallback)
        while len(line) > self._limits.line:
            longest = max(
                (name for name in row if name not in COLUMNS), key=lambda n: len(str(row[n])), default=None
            )
            if longest is None:
                break
            del row[longest]
            trimmer.cuts += 1
            line = orjson.dumps(row, fallback)
        if trimmer.cuts:
            self._count("cut", trimmer.cuts)
        return line + b"\n"

    def _text(self, text: str) -> str:
        return self._redactor.text(text) if self._redactor is not None else text

    def _json(self, attributes: Mapping[str, Any] | None) -> str:
        return orjson.dumps(self._clean(dict(attributes or {})), fallback).decode()

    def iso(self, nanoseconds: int) -> str:
        """Return a time as ISO 8601 in UTC, to the microsecond."""
        second, rest = divmod(nanoseconds, 1_000_000_000)
        known, prefix = self._prefix  # one tuple, for other threads change it meanwhile
        if second != known:
            # Arithmetic, not strftime or gmtime: libc's lock in them may be held for ever in a forked child.
            prefix = (_EPOCH + timedelta(seconds=second)).isoformat()
            self._prefix = (second, prefix)
        return f"{prefix}.{rest // 1000:06d}Z"

    def _refresh(self, clock: int) -> None:
        """Read what drifts; the base of all rows until the next time."""
        self._due = clock + _REFRESH_NS
        constant = {
            **self._resource,
            "process.uptime": round((clock - self._begun) / 1e9, 3),
            "process.memory.usage": resident_bytes(),
            "obskit.in_flight": len(self._in_flight),
        }
        self._behind = b"," + orjson.dumps(constant, fallback)[1:] + b"\n"
        self._constant = constant


def resident_bytes() -> int:
    """Return this process's resident memory; where the system does not tell it, the most it ever was."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
