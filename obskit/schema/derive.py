"""What a row means beyond what it says: its error, its sampling weight, its words in one spelling."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.schema.parse import by_value
from obskit.schema.types import EVENTS_TYPE, json_text, to_text

_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUS = ("UNSET", "OK", "ERROR")
# W3C trace state: members by comma; OpenTelemetry's own is `ot=` with sub-keys by semicolon.
_THRESHOLD = re.compile(r"(?:^|,)\s*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?=[;,\s]|$)")
_THRESHOLD_ARROW = "(^|,)[ \t]*ot=([^,]*;)?th:[0-9a-f]"
EXCEPTION = ("exception.type", "exception.message", "exception.stacktrace")
ZERO_IDS = ("", "0" * 16, "0" * 32)
# No sampler keeps less than one in 2^56, and no row folds more than ten thousand million events: beyond,
# it is a broken number, and one of it would drown (or overflow) every sum.
MOST_WEIGHT = 2.0**56
MOST_COUNT = 10**10


def errors(columns: dict[str, pa.Array], rows: int) -> pa.Array:
    """Return which rows failed: status ERROR, `error.type` set, or an HTTP answer of 5xx, 408 or 429.

    Any other 4xx is the caller's own doing and no error. A row that says none of these has not failed.
    """
    failed = pa.repeat(False, rows)
    evidence = []
    if (status := columns.get("status_code")) is not None:
        evidence.append(pc.equal(status, "ERROR"))
    if (kind := columns.get("error.type")) is not None:
        evidence.append(pc.and_(pc.is_valid(kind), pc.not_equal(kind, "")))
    if (code := columns.get("http.response.status_code")) is not None:
        server = pc.and_(pc.greater_equal(code, 500), pc.less(code, 600))
        evidence.append(pc.or_(server, pc.is_in(code, pa.array([408, 429], code.type))))
    for item in evidence:
        failed = pc.or_(failed, pc.fill_null(item, False))
    return failed


def _pairs(text: str | None) -> dict[str, Any]:
    """Return the attributes of an event, which are JSON text where they came so."""
    try:
        found = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {}
    return found if type(found) is dict else {}


def exceptions(columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Return what spans' own `exception` events say of them: `exception.type`, `.message`, `.stacktrace`.

    The last such event of a span counts. A span's own attribute of the name stays; so does its `error.type`,
    which a span whose status is ERROR has from its exception otherwise.
    """
    lists = columns.get("events")
    if lists is None or not lists.type.equals(EVENTS_TYPE) or lists.null_count == len(lists):
        return {}
    points = lists.flatten()
    at = np.flatnonzero(pc.fill_null(pc.equal(points.field("name"), "exception"), False))
    if not len(at):
        return {}
    row = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)[at]
    last = np.append(row[1:] != row[:-1], True)
    at, row = at[last], row[last]
    said: dict[str, list[str | None]] = {name: [None] * len(at) for name in EXCEPTION}
    for place, text in enumerate(points.field("attributes").take(pa.array(at)).to_pylist()):
        pairs = _pairs(text)
        for name in EXCEPTION:
            value = pairs.get(name)
            said[name][place] = value if value is None or isinstance(value, str) else json_text(value)
    index = np.full(len(lists), -1, np.int64)
    index[row] = np.arange(len(row))
    take = pa.array(index, mask=index < 0)
    out = {name: pa.array(values, pa.string()).take(take) for name, values in said.items()}
    if (status := columns.get("status_code")) is not None:
        failed = pc.fill_null(pc.equal(status, "ERROR"), False)
        out["error.type"] = pc.if_else(failed, out["exception.type"], pa.scalar(None, pa.string()))
    return {name: array for name, array in out.items() if array.null_count < len(array)}


def threshold_weight(trace_state: str) -> float | None:
    """Return the weight that a trace state's sampling threshold gives: 2^56 / (2^56 - T), or None.

    `th` holds the leading hex digits of T, the 56-bit number at and above which random values are kept.
    """
    found = _THRESHOLD.search(trace_state)
    if not found:
        return None
    return 2**56 / (2**56 - int(found[1].ljust(14, "0"), 16))


def weights(given: pa.Array | None, trace_state: pa.Array | None) -> tuple[pa.Array | None, int]:
    """Return sampling weights (given ones, else by threshold) and how many given ones were no weight."""
    bad = 0
    if given is not None:
        good = pc.and_(pc.greater(given, 0), pc.less_equal(given, MOST_WEIGHT))
        if not pc.all(good, min_count=0).as_py():
            kept = pc.if_else(good, given, pa.scalar(None, pa.float64()))
            bad = kept.null_count - given.null_count
            given = kept
    wanted = trace_state is not None and (given is None or given.null_count)
    if wanted and pc.any(pc.match_substring_regex(trace_state, _THRESHOLD_ARROW)).as_py():
        by_threshold = by_value(trace_state, threshold_weight, pa.float64())
        given = by_threshold if given is None else pc.coalesce(given, by_threshold)
    return given, bad


def counts(given: pa.Array) -> tuple[pa.Array, int]:
    """Return numbers of events folded into a row, and how many were none: negative, or absurdly many."""
    good = pc.and_(pc.greater_equal(given, 0), pc.less_equal(given, MOST_COUNT))
    if pc.all(good, min_count=0).as_py():
        return given, 0
    kept = pc.if_else(good, given, pa.scalar(None, pa.int64()))
    return kept, kept.null_count - given.null_count


def kinds(array: pa.Array) -> pa.Array:
    """Return span kinds as lower-case words; numbers are OTLP's, unspecified is null."""
    return by_value(to_text(array) if pa.types.is_nested(array.type) else array, _kind, pa.string())


def _kind(value: Any) -> str | None:
    text = str(value).strip().lower().removeprefix("span_kind_")
    if text.isdigit() and int(text) < len(_KINDS):
        text = _KINDS[int(text)]
    return None if text in ("", "unspecified") else text


def statuses(array: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Take a status column apart: (UNSET, OK or ERROR; HTTP statuses among them; what is neither)."""
    split = {value: _status(value) for value in array.unique().to_pylist() if value is not None}
    return (
        by_value(array, lambda v: split[v][0], pa.string()),
        by_value(array, lambda v: split[v][1], pa.int64()),
        by_value(array, lambda v: split[v][2], pa.string()),
    )


def _status(value: Any) -> tuple[str | None, int | None, str | None]:
    text = str(value).strip().upper().removeprefix("STATUS_CODE_").removesuffix(".0")
    if text in _STATUS:
        return text, None, None
    if text.isdigit() and int(text) < len(_STATUS):
        return _STATUS[int(text)], None, None
    if text.isdigit() and 100 <= int(text) < 600:
        return None, int(text), None
    return (None, None, None) if not text else (None, None, str(value))


def hex_ids(array: pa.Array) -> pa.Array:
    """Return ids in lower case; empty and all-zero ones, which mean "none", are null."""
    lower = pc.ascii_lower(array)
    none = pc.is_in(lower, pa.array(ZERO_IDS))
    return pc.if_else(none, pa.scalar(None, pa.string()), lower) if pc.any(none).as_py() else lower
