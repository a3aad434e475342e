"""A trace as bytes and a dict for the page: what is drawn, not the rows of the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.display.palette import ERROR, service_style
from obskit.display.trace.lines import summary
from obskit.display.trace.model import TraceModel
from obskit.display.trace.pairs import TraceRows
from obskit.display.trace.side import TraceSide
from obskit.text import safe

# Bits of a row's flags.
FAILED, MISSING, RING, UNTIMED, ONLY_OTHER, OTHER_FAILED, RECORD, LINKED = (1 << bit for bit in range(8))
_MARKS = {"event": 0, "exception": 1, "log": 2}
_ERROR_LOG = 3
_FAULT = 120  # characters of what went wrong in a row


def pack(sides: Sequence[TraceSide], rows: TraceRows) -> tuple[dict[str, Any], bytes]:
    """Return what the page draws.

    Args:
        sides: the trace and, if there is one, the trace next to it.
        rows: their rows.
    Returns:
        A dict (services, names, sizes, what went wrong by row), and the bytes of these arrays, one after the
        other. Per row, in ms and NaN if unknown: starts, shifts, durations, self times, starts and durations
        in the other trace (float64). Per stretch of the critical path: from, to (float64); per mark: when
        (float64). Then parents (int32), names (uint32), rows of the path (int32), rows of the marks (int32),
        depths, services (uint16), flags, kinds of the marks (uint8).
    """
    model = sides[0].model
    other = sides[1].model if len(sides) > 1 else None
    shown = [(model, int(a)) if a >= 0 or other is None else (other, int(b)) for a, b in _pairs(rows)]
    services = list(dict.fromkeys(m.services[span] for m, span in shown))
    names = list(dict.fromkeys(m.names[span] for m, span in shown))
    number = {text: at for at, text in enumerate(services)}
    name_number = {text: at for at, text in enumerate(names)}
    row_of = {int(span): row for row, span in enumerate(rows.here) if span >= 0}
    marks = [mark for mark in model.marks if mark.at_ms == mark.at_ms]
    arrays: list[npt.NDArray[Any]] = [
        _taken(model.starts, rows.here) - model.low_ms,
        _taken(model.shifts, rows.here),
        _taken(model.durations, rows.here),
        _taken(model.own, rows.here),
        *_other(other, rows),
        np.array([low - model.low_ms for _, low, _ in model.segments]),
        np.array([high - model.low_ms for _, _, high in model.segments]),
        np.array([mark.at_ms - model.low_ms for mark in marks]),
        rows.parents.astype("<i4"),
        np.array([name_number[m.names[span]] for m, span in shown], dtype="<u4"),
        np.array([row_of[span] for span, _, _ in model.segments], dtype="<i4"),
        np.array([row_of[mark.span] for mark in marks], dtype="<i4"),
        np.minimum(rows.depths, 65535).astype("<u2"),
        np.array([number[m.services[span]] for m, span in shown], dtype="<u2"),
        np.array(_flags(rows, model, other), dtype="u1"),
        np.array([_ERROR_LOG if m.kind == "log" and m.error else _MARKS[m.kind] for m in marks], dtype="u1"),
    ]
    arrays = [array.astype("<f8") if array.dtype == np.float64 else array for array in arrays]
    lengths = [model.length_ms, 0.0 if other is None else other.length_ms]
    view = {
        "counts": {"rows": len(rows), "path": len(model.segments), "marks": len(marks)},
        "length": max(*lengths) or 1.0,
        "services": [_service(text, at) for at, text in enumerate(services)],
        "names": [safe(text) for text in names],
        "faults": _faults(rows, model, other),
        "error": ERROR,
        "compared": other is not None,
        "moved": bool(model.shifts.any()),
        "titles": [f"trace {side.trace_id}: {summary(side.model)}" for side in sides],
        "headings": [side.trace_id[:8] for side in sides],
    }
    return view, b"".join(array.tobytes() for array in arrays)


def _pairs(rows: TraceRows) -> Any:
    return zip(rows.here, rows.there, strict=True)


def _service(text: str, at: int) -> dict[str, Any]:
    colour, pattern = service_style(at)
    return {"name": safe(text), "color": colour, "pattern": pattern}


def _faults(rows: TraceRows, model: TraceModel, other: TraceModel | None) -> dict[str, str]:
    """Return what went wrong, by row."""
    out = {}
    for row, (a, b) in enumerate(_pairs(rows)):
        fault = model.faults[a] if a >= 0 else ""
        if not fault and other is not None and b >= 0 and other.errors[b]:
            fault = f"in the other trace: {other.faults[b] or 'error'}"
        if fault:
            out[str(row)] = safe(fault)[:_FAULT]
    return out


def _taken(values: npt.NDArray[np.float64], at: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the values of spans by row; NaN where the row has no such span."""
    if not len(values):
        return np.full(len(at), np.nan)
    out: npt.NDArray[np.float64] = np.where(at >= 0, values[at], np.nan)
    return out


def _other(other: TraceModel | None, rows: TraceRows) -> tuple[npt.NDArray[np.float64], ...]:
    if other is None:
        return np.zeros(0), np.zeros(0)
    return (
        _taken(other.starts + other.shifts, rows.there) - other.low_ms,
        _taken(other.durations, rows.there),
    )


def _flags(rows: TraceRows, model: TraceModel, other: TraceModel | None) -> list[int]:
    out = []
    for a, b in _pairs(rows):
        shown, span = (model, a) if a >= 0 or other is None else (other, b)
        bits = (MISSING if shown.origins[span] == "missing" else 0) | (
            RING if shown.origins[span] == "ring" else 0
        )
        bits |= 0 if np.isfinite(shown.starts[span]) else UNTIMED
        bits |= RECORD if shown.kinds[span] == "event" else 0
        bits |= FAILED if a >= 0 and model.errors[a] else 0
        bits |= ONLY_OTHER if a < 0 else 0
        bits |= LINKED if shown.linked[span] else 0
        bits |= OTHER_FAILED if other is not None and b >= 0 and other.errors[b] else 0
        out.append(bits)
    return out
