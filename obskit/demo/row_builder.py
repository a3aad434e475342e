"""Collect blocks of spans and log records, then turn them into Arrow columns ordered by time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.demo.draw import Array
from obskit.demo.fields import SCHEMA, TYPES
from obskit.demo.operations import ERRORS, NUMBER, OPERATIONS
from obskit.demo.traffic import DAY_US

_HEX = np.frombuffer(b"".join(f"{i:02x}".encode() for i in range(256)), dtype=np.uint16)
Numbers = Mapping[str, Array | int | tuple[Array, Array]]


# Trace state of a trace kept with probability 1/2^k: the threshold that its random bits had to reach.
_STATES = pa.array(["ot=th:" + (f"{(1 << 56) - (1 << 56 >> k):014x}".rstrip("0") or "0") for k in range(13)])


@dataclass(frozen=True)
class TraceFields:
    """The fields that the rows of a trace share.

    Attributes:
        high, low: uint64, the trace id.
        sampling_exponent: k of each trace; it was kept with probability 1/2^k.
        resources: columns indexed by pod number.
        groups: (name of the group, index of each trace into the columns, columns). The index None means that
            the columns are indexed by trace; an entry of -1 means that the value is missing.
    """

    high: Array
    low: Array
    sampling_exponent: Array
    resources: Mapping[str, pa.Array]
    groups: Sequence[tuple[str, Array | None, Mapping[str, pa.Array]]]


@dataclass
class RowBuilder:
    """Collect the rows of one chunk.

    Attributes:
        rows: number of rows so far.
    """

    rows: int = 0
    _blocks: list[dict[str, Any]] = field(default_factory=list)
    _scattered: dict[str, list[tuple[Array, Any]]] = field(default_factory=dict)

    def add(
        self,
        operation: str,
        trace: Array,
        start: Array,
        pod: Array,
        *,
        duration: Array | None = None,
        parent: Array | None = None,
        span: Array | None = None,
        status: Array | int = 0,
        error: Array | int = 0,
        ok: bool = False,
        numbers: Numbers | None = None,
        texts: Mapping[str, pa.Array] | None = None,
    ) -> Array:
        """Add one row per trace given.

        Args:
            operation: key of the kind of row.
            trace: number of each row's trace, -1 for none.
            start: µs since midnight.
            pod: number of the pod that each row comes from.
            duration: µs; None for a point event.
            parent: row number of the parent; None for a root.
            span: for a log record, the row number of the span that wrote it.
            status: HTTP status, 0 for none.
            error: number in ERRORS.
            ok: whether this instrumentation sets status OK where nothing failed (most leave it unset).
            numbers: further fields: name -> array, or (array, mask of the rows that have a value).
            texts: further string fields: name -> array.

        Returns:
            The row numbers of the new rows.
        """
        n = len(trace)
        ids = np.arange(self.rows, self.rows + n)
        self.rows += n
        self._blocks.append(
            {
                "operation": np.full(n, NUMBER[operation], dtype=np.int16),
                "trace": trace,
                "start": start,
                "pod": pod,
                "duration": np.full(n, -1) if duration is None else duration,
                "parent": np.full(n, -1) if parent is None else parent,
                "span": np.full(n, -1) if span is None else span,
                "status": np.broadcast_to(np.asarray(status, dtype=np.int64), n),
                "error": np.broadcast_to(np.asarray(error, dtype=np.int64), n),
                "ok": np.full(n, ok),
            }
        )
        for name, given in (numbers or {}).items():
            values, mask = given if isinstance(given, tuple) else (given, None)
            spread = np.broadcast_to(values, n)
            kept = (ids, spread) if mask is None else (ids[mask], spread[mask])
            self._scattered.setdefault(name, []).append(kept)
        for name, column in (texts or {}).items():
            self._scattered.setdefault(name, []).append((ids, column))
        return ids

    def to_batch(self, trace_fields: TraceFields, ids: Array) -> pa.RecordBatch:
        """Return the rows ordered by time, in the canonical schema.

        Args:
            trace_fields: the fields of each trace.
            ids: uint64 for each row; the span ids.

        Returns:
            One batch with all rows.
        """
        block = {name: np.concatenate([b[name] for b in self._blocks]) for name in self._blocks[0]}
        order = np.argsort(block["start"], kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(self.rows)
        row = {name: values[order] for name, values in block.items()}
        columns: dict[str, pa.Array] = {}
        _fill_identity(columns, row, trace_fields, ids, order)
        _fill_outcome(columns, row)
        _fill_groups(columns, row, trace_fields)
        for name, pieces in self._scattered.items():
            _fill_column(columns, name, _scatter(name, pieces, place, self.rows))
        nothing = {kind: pa.nulls(self.rows, kind) for kind in set(SCHEMA.types)}
        return pa.record_batch([columns.get(f.name, nothing[f.type]) for f in SCHEMA], schema=SCHEMA)


def hex_strings(words: list[Array], known: Array | None = None) -> pa.Array:
    """Return lower-case hex strings of concatenated unsigned 64-bit words, null where not known."""
    n, width = len(words[0]), 16 * len(words)
    big = np.stack(words, axis=1).astype(">u8")
    text = _HEX[big.view(np.uint8).reshape(n, width // 2)]
    if known is None:
        offsets = np.arange(n + 1, dtype=np.int32) * width
        return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(text))
    lengths = np.concatenate([[0], np.cumsum(known)]).astype(np.int32) * width
    bits = pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.StringArray.from_buffers(n, pa.py_buffer(lengths), pa.py_buffer(text[known]), bits)


def _fill_identity(
    columns: dict[str, pa.Array], row: dict[str, Array], trace_fields: TraceFields, ids: Array, order: Array
) -> None:
    trace, known = row["trace"], row["trace"] >= 0
    columns["timestamp"] = pa.array(row["start"] + DAY_US).cast(TYPES["timestamp"])
    columns["duration_ms"] = pa.array(row["duration"] / 1000, mask=row["duration"] < 0)
    columns["trace_id"] = hex_strings([trace_fields.high[trace], trace_fields.low[trace]], known)
    own = np.where(row["span"] >= 0, row["span"], order)
    columns["span_id"] = hex_strings([ids[own]], known)
    columns["parent_span_id"] = hex_strings([ids[row["parent"]]], row["parent"] >= 0)
    sampling_exponent = np.where(known, trace_fields.sampling_exponent[trace], -1)
    columns["trace_state"] = _take_or_null(_STATES, sampling_exponent)
    columns["sample_weight"] = pa.array(np.where(known, 2.0**sampling_exponent, 1.0))


def _fill_outcome(columns: dict[str, pa.Array], row: dict[str, Array]) -> None:
    status, error, log = row["status"], row["error"], row["duration"] < 0
    failed = error > 0
    columns["http.response.status_code"] = pa.array(status, mask=status == 0)
    columns["error"] = pa.array(failed | (status >= 500) | (status == 408) | (status == 429))
    columns["error.type"] = _take_or_null(pa.array([e[0] for e in ERRORS]), np.where(failed, error, -1))
    words = pa.array(["UNSET", "OK", "ERROR"])
    code = np.where(failed & (status != 429), 2, np.where(row["ok"], 1, 0))
    columns["status_code"] = _take_or_null(words, np.where(log, -1, code))
    columns["status_message"] = _take_or_null(
        pa.array([e[2] for e in ERRORS]), np.where(failed & ~log, error, -1)
    )
    thrown = np.array([e[1] is not None for e in ERRORS])[error] & log
    columns["exception.type"] = _take_or_null(pa.array([e[1] for e in ERRORS]), np.where(thrown, error, -1))
    columns["exception.message"] = _take_or_null(
        pa.array([e[2] for e in ERRORS]), np.where(thrown, error, -1)
    )


def _fill_groups(columns: dict[str, pa.Array], row: dict[str, Array], trace_fields: TraceFields) -> None:
    operation, trace, known = row["operation"], row["trace"], row["trace"] >= 0
    for name, values in trace_fields.resources.items():
        columns[name] = values.take(pa.array(row["pod"]))
    for name, values in _FIXED.items():
        _fill_column(columns, name, values.take(pa.array(operation)))
    for group, index, fields in trace_fields.groups:
        picked = np.where(_SHOWS[group][operation] & known, trace if index is None else index[trace], -1)
        at = pa.array(picked, mask=picked < 0)
        for name, values in fields.items():
            _fill_column(columns, name, values.take(at))


def _fill_column(columns: dict[str, pa.Array], name: str, column: pa.Array) -> None:
    there = columns.get(name)
    columns[name] = column if there is None else pc.coalesce(column, there)


def _scatter(name: str, pieces: list[tuple[Array, Any]], place: Array, rows: int) -> pa.Array:
    """Return a column that has values for some of the rows."""
    at = np.concatenate([place[ids] for ids, _ in pieces])
    if isinstance(pieces[0][1], pa.Array):
        index = np.full(rows, -1, dtype=np.int64)
        index[at] = np.arange(len(at))
        return _take_or_null(pa.concat_arrays([values for _, values in pieces]), index)
    values = np.concatenate([values for _, values in pieces])
    out = np.zeros(rows, dtype=values.dtype)
    missing = np.ones(rows, dtype=bool)
    out[at], missing[at] = values, False
    return pa.array(out, TYPES[name], mask=missing)


def _take_or_null(values: pa.Array, index: Array) -> pa.Array:
    return values.take(pa.array(index, mask=index < 0))


def _fixed() -> dict[str, pa.Array]:
    names = dict.fromkeys(name for operation in OPERATIONS for name in operation.fixed)
    columns = {n: pa.array([o.fixed.get(n) for o in OPERATIONS], pa.string()).cast(TYPES[n]) for n in names}
    columns["name"] = pa.array([o.name for o in OPERATIONS])
    columns["kind"] = pa.array([o.kind for o in OPERATIONS])
    return columns


_FIXED = _fixed()
_SHOWS = {
    group: np.array([group in o.shows for o in OPERATIONS])
    for group in sorted({group for o in OPERATIONS for group in o.shows})
}
