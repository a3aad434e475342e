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

Array = npt.NDArray[Any]
Arrays = dict[str, Array]
UNKNOWN = -1  # of whole numbers, and of true and false
_NOT_SPANS = ("event", "link")
_READ = ("span_id", "parent_span_id", "kind", "error", "timestamp", "duration_ms")
_HEX = 16
_DIGITS = np.full(256, 255, np.uint8)
for _at, _digit in enumerate(b"0123456789abcdef"):
    _DIGITS[_digit] = _at


@dataclass(frozen=True, eq=False)
class _Rows:
    """The spans of one file: the trace of each, its ids as 64-bit keys, and what happened."""

    trace: npt.NDArray[np.int64]
    own: npt.NDArray[np.uint64]
    parent: npt.NDArray[np.uint64]
    root: npt.NDArray[np.bool_]
    error: npt.NDArray[np.bool_]
    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]


def trace_arrays(
    files: Sequence[DataFile],
    names: Sequence[str],
    clusters: Callable[[], list[npt.NDArray[np.uint32]]],
) -> list[Arrays]:
    """Return the facts of each row's whole trace, per file.

    Args:
        files: the files of a dataset with a field `trace_id`.
        names: the fields of the dataset.
        clusters: returns the number of each row's trace within its file, per file; 0 without a trace.

    Returns:
        Per file, one value per row: `span_count` and `error_count` (int32), `masked_error` and `complete`
        (int8), -1 where they cannot be known; `duration_ms` (float64), NaN where it cannot be known.

    Cost: reads six columns; memory O(spans).
    """
    numbers, traces = _number_traces(files, clusters())
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


def _number_traces(
    files: Sequence[DataFile], local: list[npt.NDArray[np.uint32]]
) -> tuple[list[npt.NDArray[np.int64]], int]:
    """Number the traces over all files from 1; 0 is a row without a trace."""
    if len(files) == 1:
        return [local[0].astype(np.int64)], int(local[0].max(initial=0))
    distinct = []
    for file, ids in zip(files, local, strict=True):
        column = read_columns(open_part(file), ["trace_id"]).column(0)
        found, first = np.unique(ids, return_index=True)
        distinct.append(column.take(pa.array(first[found > 0])).combine_chunks().cast(pa.string()))
    joined = pa.chunked_array(distinct, pa.string()).combine_chunks().dictionary_encode()
    codes = joined.indices.to_numpy().astype(np.int64) + 1
    out, start = [], 0
    for ids, values in zip(local, distinct, strict=True):
        # The numbers within a file are 1, 2, ... without gaps.
        remap = np.concatenate([[0], codes[start : start + len(values)]])
        out.append(remap[ids])
        start += len(values)
    return out, len(joined.dictionary)


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
        point = pc.is_in(column["kind"], value_set=pa.array(_NOT_SPANS)).to_numpy()
        span = span & ~point & (known | timed)
    else:
        span = span & timed
    at = np.flatnonzero(span)
    picked = column
    if len(at) < len(number):  # taking all rows would only cost time
        picked = {name: values.take(pa.array(at)) for name, values in column.items() if name != "kind"}
    trace = number[at]
    none = pa.chunked_array([pa.nulls(len(at), pa.string())])
    parents = picked.get("parent_span_id", none)
    own, parent = _keys([picked.get("span_id", none), parents], trace)
    failed = pc.fill_null(picked["error"], False).to_numpy() if "error" in picked else np.zeros(len(at), bool)
    start, end = _ends(picked, len(at), begin)
    return _Rows(trace, own, parent, pc.is_null(parents).to_numpy(), failed, start, end)


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


def _keys(columns: Sequence[pa.ChunkedArray], trace: npt.NDArray[np.int64]) -> list[npt.NDArray[np.uint64]]:
    """Return one 64-bit key per span id and trace: equal ids of different traces are different spans.

    Two of ten million keys are equal by chance with a probability of less than 1 in 100,000.
    """
    numbers = [_hex_numbers(column) for column in columns]
    if any(number is None for number in numbers):  # other ids than 16 hex digits: number them
        both = pa.chunked_array([c for column in columns for c in column.chunks], pa.string())
        codes = pc.fill_null(both.combine_chunks().dictionary_encode().indices, 0)
        whole = codes.to_numpy().astype(np.uint64)
        numbers = [whole[: len(trace)], whole[len(trace) :]]
    salt = _mix(trace.astype(np.uint64))
    return [_mix(number ^ salt) for number in numbers if number is not None]


def _hex_numbers(column: pa.ChunkedArray) -> npt.NDArray[np.uint64] | None:
    """Return ids of 16 hex digits as numbers, 0 where null; None if some are anything else."""
    out = np.zeros(len(column), np.uint64)
    at = 0
    for chunk in column.chunks:
        end = at + len(chunk)
        values = chunk.drop_null()
        if len(values):
            lengths = pc.binary_length(values).to_numpy()
            if (lengths != _HEX).any():
                return None
            first = np.frombuffer(values.buffers()[1], np.int32)[values.offset]
            text = np.frombuffer(values.buffers()[2], np.uint8)[first : first + _HEX * len(values)]
            digits = _DIGITS[text]
            if digits.max() > 15:
                return None
            octets = (digits[0::2] << 4) | digits[1::2]
            number = octets.view(">u8").astype(np.uint64)
            if chunk.null_count:
                out[at:end][pc.is_valid(chunk).to_numpy(zero_copy_only=False)] = number
            else:
                out[at:end] = number
        at = end
    return out


def _mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Spread numbers over 64 bits, one to one.

    Source: the finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
    """
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


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
    complete = ((roots == 1) & (orphans == 0)).astype(np.int8)
    complete[whole == 0] = UNKNOWN
    facts: Arrays = {"span_count": whole.astype(np.int32), "error_count": errors.astype(np.int32)}
    facts |= {"masked_error": masked, "complete": complete}
    for name in facts:
        facts[name][0] = UNKNOWN
    if not errors_known:
        facts["error_count"][:] = UNKNOWN
        facts["masked_error"][:] = UNKNOWN
    return {**facts, "duration_ms": _lengths(spans, size)}


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
    return lost


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
