"""Facts of each row's whole trace: its spans, its errors and whether a retry hid them, its completeness.

Computed over the whole dataset when first asked for, and stored beside the codes of each file. A trace may
be in several files, so the stored arrays belong to one set of files: they are named after its fingerprint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset.manifest import DataFile
from obskit.dataset.parts import open_part, read_columns
from obskit.dataset.population import NO_TIME, times
from obskit.dataset.span_keys import span_keys
from obskit.names import CALLING_KINDS, NOT_SPAN_KINDS, UNIT_KINDS

Array = npt.NDArray[Any]
Arrays = dict[str, Array]
TRACE_RULES = 2
"""Version of the rules for these facts; stored ones of another version are computed again."""

UNKNOWN = -1  # of whole numbers, and of true and false
_READ = ("span_id", "parent_span_id", "kind", "error", "timestamp", "duration_ms")


@dataclass(frozen=True, eq=False)
class _Rows:
    """The spans of one file: the trace of each, its ids as 64-bit keys, and what happened.

    `known` says whether a span has an id; `side` is 1 for the calling side of a call, 2 for the called one,
    else 0.
    """

    trace: npt.NDArray[np.int64]
    own: npt.NDArray[np.uint64]
    parent: npt.NDArray[np.uint64]
    known: npt.NDArray[np.bool_]
    root: npt.NDArray[np.bool_]
    error: npt.NDArray[np.bool_]
    side: npt.NDArray[np.int8]
    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]


def trace_arrays(
    files: Sequence[DataFile],
    names: Sequence[str],
    trace: Sequence[npt.NDArray[np.uint32]],
) -> list[Arrays]:
    """Return the facts of each row's whole trace, per file.

    Args:
        files: the files of a dataset with a field `trace_id`.
        names: the fields of the dataset.
        trace: the number of each row's trace, per file, from 1; 0 without a trace.

    Returns:
        Per file, one value per row: `span_count` and `error_count` (int32), `masked_error` and `complete`
        (int8), -1 where they cannot be known; `duration_ms` (float64), NaN where it cannot be known.

    Cost: reads six columns; memory O(spans).
    """
    numbers = [each.astype(np.int64) for each in trace]
    traces = max((int(each.max(initial=0)) for each in numbers), default=0)
    begin = min((f.first.timestamp() * 1e6 for f in files if f.first is not None), default=0.0)
    spans = [_spans(file, names, number, int(begin)) for file, number in zip(files, numbers, strict=True)]
    facts = _facts(spans, traces, "error" in names)
    return [{name: values[number] for name, values in facts.items()} for number in numbers]


def trace_columns(arrays: Arrays) -> dict[str, pa.Array]:
    """Return the arrays of a file as columns with nulls, under their short names."""
    flags = {name: arrays[name] for name in ("masked_error", "complete")}
    counts = {name: arrays[name] for name in ("error_count", "span_count")}
    return {
        **{name: pa.array(flag == 1, mask=flag == UNKNOWN) for name, flag in flags.items()},
        **{name: pa.array(n.astype(np.int64), mask=n == UNKNOWN) for name, n in counts.items()},
        "duration_ms": pa.array(arrays["duration_ms"], mask=np.isnan(arrays["duration_ms"])),
    }


def _spans(file: DataFile, names: Sequence[str], number: npt.NDArray[np.int64], begin: int) -> _Rows:
    """Read the spans of a file: rows of a trace that are neither log records nor links."""
    there = [name for name in _READ if name in names]
    table = read_columns(open_part(file), there, threads=True)
    column = {name: table.column(name) for name in there}
    span = number > 0
    length = column.get("duration_ms")
    timed = pc.is_valid(length).to_numpy() if length is not None else np.zeros(len(number), bool)
    if "kind" in column:
        known = pc.is_valid(column["kind"]).to_numpy()
        point = pc.is_in(column["kind"], value_set=pa.array(NOT_SPAN_KINDS)).to_numpy()
        span = span & ~point & (known | timed)
    else:
        span = span & timed
    at = np.flatnonzero(span)
    picked = column
    if len(at) < len(number):  # taking all rows would only cost time
        picked = {name: values.take(pa.array(at)) for name, values in column.items()}
    trace = number[at]
    none = pa.chunked_array([pa.nulls(len(at), pa.string())])
    parents = picked.get("parent_span_id", none)
    ids = picked.get("span_id", none)
    own, parent = span_keys([ids, parents], trace)
    failed = pc.fill_null(picked["error"], False).to_numpy() if "error" in picked else np.zeros(len(at), bool)
    start, end = _ends(picked, len(at), begin)
    root = pc.is_null(parents).to_numpy()
    known = pc.is_valid(ids).to_numpy()
    return _Rows(trace, own, parent, known, root, failed, _sides(picked, len(at)), start, end)


def _sides(picked: dict[str, pa.ChunkedArray], rows: int) -> npt.NDArray[np.int8]:
    out = np.zeros(rows, np.int8)
    if "kind" in picked:
        for side, kinds in enumerate((CALLING_KINDS, UNIT_KINDS), 1):
            out[pc.is_in(picked["kind"], value_set=pa.array(kinds)).to_numpy()] = side
    return out


def _ends(
    picked: dict[str, pa.ChunkedArray], rows: int, begin: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return when each span began and ended, in µs since the dataset began; NaN if unknown."""
    if "timestamp" not in picked:
        return np.full(rows, np.nan), np.full(rows, np.nan)
    at = times(pa.table({"timestamp": picked["timestamp"]}))
    start = np.where(at == NO_TIME, np.nan, (at - begin).astype(np.float64))
    length = np.zeros(rows)
    if "duration_ms" in picked:
        length = pc.fill_null(picked["duration_ms"].cast(pa.float64()), 0.0).to_numpy()
        length = np.where(np.isfinite(length) & (length > 0), length, 0.0)
    return start, start + 1000 * length


def _facts(spans: Sequence[_Rows], traces: int, errors_known: bool) -> Arrays:
    """Return the facts of each trace; index 0 is for rows without one."""
    size = traces + 1

    def count(of: Callable[[_Rows], npt.NDArray[np.bool_]]) -> npt.NDArray[np.int64]:
        out = np.zeros(size, np.int64)
        for rows in spans:
            out += np.bincount(rows.trace[of(rows)], minlength=size)
        return out

    lost = {id(rows): missing for rows, missing in zip(spans, _missing_parents(spans), strict=True)}
    whole, errors = count(lambda rows: rows.trace >= 0), count(lambda rows: rows.error)
    roots, orphans = count(lambda rows: rows.root), count(lambda rows: lost[id(rows)])
    # Without a root, the one span whose parent is elsewhere is the top of what is seen.
    top = np.where(roots > 0, roots, orphans)
    failed_tops = np.where(
        roots > 0, count(lambda rows: rows.root & rows.error), count(lambda rows: lost[id(rows)] & rows.error)
    )
    known = (roots > 0) | (orphans == 1)
    masked = np.full(size, UNKNOWN, np.int8)
    masked[known & (failed_tops == 0)] = 1
    masked[known & (failed_tops == top)] = 0
    masked[(errors == 0) & (whole > 0)] = 0
    complete = ((roots - _same_roots(spans, roots) == 1) & (orphans == 0)).astype(np.int8)
    complete[whole == 0] = UNKNOWN
    facts: Arrays = {"span_count": whole.astype(np.int32), "error_count": errors.astype(np.int32)}
    facts |= {"masked_error": masked, "complete": complete}
    for name in facts:
        facts[name][0] = UNKNOWN
    if not errors_known:
        facts["error_count"][:] = UNKNOWN
        facts["masked_error"][:] = UNKNOWN
    return {**facts, "duration_ms": _lengths(spans, size)}


def _same_roots(spans: Sequence[_Rows], roots: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many root rows of each trace repeat a root, or are its other side, so are not a second root.

    An exporter that tries again sends a span twice. In Zipkin, both sides of a call share an id.
    """
    rows = [
        np.stack(
            [
                each.trace,
                each.own.view(np.int64),
                each.start.view(np.int64),
                each.end.view(np.int64),
                each.side,
            ]
        )[:, each.root & each.known & (roots[each.trace] > 1)]
        for each in spans
    ]
    trace, own, start, end, side = np.concatenate([np.zeros((5, 0), np.int64), *rows], axis=1)
    order = np.lexsort((side, end, start, own))
    trace, own, start, end, side = (values[order] for values in (trace, own, start, end, side))
    new = np.ones(len(own), bool)
    new[1:] = own[1:] != own[:-1]
    again = ~new
    again[1:] &= (start[1:] == start[:-1]) & (end[1:] == end[:-1]) & (side[1:] == side[:-1])
    span = np.cumsum(new) - 1
    both = np.zeros(len(own), bool)
    if len(own):
        there = np.zeros((2, int(span[-1]) + 1), bool)
        for number in (1, 2):
            there[number - 1, span[side == number]] = True
        both = new & (there[0] & there[1])[span]
    return np.bincount(trace[again | both], minlength=len(roots))


def _missing_parents(spans: Sequence[_Rows]) -> list[npt.NDArray[np.bool_]]:
    """Return per file which spans name a parent that is in no file.

    Most parents are in the file of their children, so that only a few have to be looked for in the others.
    """
    lost = [~rows.root & ~_is_among(rows.parent, rows.own) for rows in spans]
    if len(spans) > 1:
        wanted = np.concatenate([rows.parent[missing] for rows, missing in zip(spans, lost, strict=True)])
        found = np.concatenate([rows.own[_is_among(rows.own, wanted)] for rows in spans])
        for rows, missing in zip(spans, lost, strict=True):
            at = np.flatnonzero(missing)
            missing[at] = ~_is_among(rows.parent[at], found)
    # A span that names itself has no parent that is seen.
    return [
        missing | (~rows.root & rows.known & (rows.parent == rows.own))
        for rows, missing in zip(spans, lost, strict=True)
    ]


def _is_among(keys: npt.NDArray[np.uint64], values: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    among = pc.is_in(pa.array(keys), value_set=pa.array(values))
    return np.asarray(among.to_numpy(zero_copy_only=False))


def _lengths(spans: Sequence[_Rows], size: int) -> npt.NDArray[np.float64]:
    """Return the time from the first start to the last end of each trace, in ms."""
    first, last = np.full(size, np.inf), np.full(size, -np.inf)
    for rows in spans:
        timed = ~np.isnan(rows.start)
        np.minimum.at(first, rows.trace[timed], rows.start[timed])
        np.maximum.at(last, rows.trace[timed], rows.end[timed])
    seen = np.isfinite(first)
    out = np.full(size, np.nan)
    out[seen] = (last[seen] - first[seen]) / 1000
    out[0] = np.nan
    return out
