"""Columns that follow from others: errors, weights, templates, and uniform kinds, statuses and ids."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import EXCEPTION_FINGERPRINT, TEMPLATE
from obskit.schema.parse import by_value
from obskit.schema.severity import ERROR
from obskit.schema.stack_fingerprint import stack_fingerprint
from obskit.schema.templates import WILDCARD, templates
from obskit.schema.types import EVENTS_TYPE, json_text, to_text

_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUS = ("UNSET", "OK", "ERROR")
# W3C trace state: members by comma; OpenTelemetry's own is `ot=` with sub-keys by semicolon.
_THRESHOLD = re.compile(r"(?:^|,)\s*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?=[;,\s]|$)")
_THRESHOLD_ARROW = "(^|,)[ \t]*ot=([^,]*;)?th:[0-9a-f]"
EXCEPTION = ("exception.type", "exception.message", "exception.stacktrace")
ZERO_IDS = ("", "0" * 16, "0" * 32)
# No sampler keeps less than one in 2^56 events, and no row represents more than 10^10. A larger number is
# broken, and a single one would dominate (or overflow) every sum.
MAX_WEIGHT = 2.0**56
MAX_COUNT = 10**10


def error_flags(columns: dict[str, pa.Array], rows: int) -> pa.Array:
    """Return which rows are errors.

    These are rows with status ERROR, `error.type`, an HTTP status of 5xx, 408 or 429, or, of log records,
    severity ERROR or above.

    Other 4xx statuses are the caller's mistake, not an error. Rows without any of these fields are not
    errors.

    Args:
        columns: columns of the events by name.
        rows: number of rows.

    Returns:
        Boolean array without nulls.
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
    if (severity := columns.get("severity_number")) is not None:
        severe = pc.greater_equal(severity, ERROR)
        if status is not None:  # a span that says how it ended is not a log record
            severe = pc.and_(
                severe, pc.fill_null(pc.invert(pc.is_in(status, pa.array(["OK", "ERROR"]))), True)
            )
        evidence.append(severe)
    for item in evidence:
        failed = pc.or_(failed, pc.fill_null(item, False))
    return failed


def _pairs(text: str | None) -> dict[str, Any]:
    """Parse the attributes of a span's event, which are JSON text; {} if they are not an object."""
    try:
        found = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {}
    return found if type(found) is dict else {}


def exceptions(columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Return `exception.type`, `.message` and `.stacktrace` of each span's last `exception` event.

    For spans with status ERROR, the exception's type is also returned as `error.type`. The caller keeps
    values that a span already has under these names.

    Args:
        columns: columns of the events by name.

    Returns:
        The columns that have any value.
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
    found_values: dict[str, list[str | None]] = {name: [None] * len(at) for name in EXCEPTION}
    for place, text in enumerate(points.field("attributes").take(pa.array(at)).to_pylist()):
        pairs = _pairs(text)
        for name in EXCEPTION:
            value = pairs.get(name)
            found_values[name][place] = value if value is None or isinstance(value, str) else json_text(value)
    index = np.full(len(lists), -1, np.int64)
    index[row] = np.arange(len(row))
    take = pa.array(index, mask=index < 0)
    out = {name: pa.array(values, pa.string()).take(take) for name, values in found_values.items()}
    if (status := columns.get("status_code")) is not None:
        failed = pc.fill_null(pc.equal(status, "ERROR"), False)
        out["error.type"] = pc.if_else(failed, out["exception.type"], pa.scalar(None, pa.string()))
    return {name: array for name, array in out.items() if array.null_count < len(array)}


def message_templates(columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Return `log.record.template` of rows with a `body`, and the `body` of rows that only have a template.

    A template that the source has is kept, in its own notation. It is no body if it has a wildcard, for then
    it was computed from one.

    Args:
        columns: columns of the events by name.

    Returns:
        The columns that change.
    """
    given, bodies = columns.get(TEMPLATE), columns.get("body")
    if given is None:
        if bodies is None or bodies.null_count == len(bodies):
            return {}
        return {TEMPLATE: templates(bodies).cast(pa.string())}
    said = pc.if_else(pc.match_substring(given, WILDCARD), pa.scalar(None, pa.string()), given)
    if bodies is None:
        return {"body": said} if said.null_count < len(said) else {}
    missing = pc.or_(pc.is_null(given), pc.equal(pc.fill_null(given, ""), ""))
    missing = pc.and_(missing, pc.is_valid(bodies))
    out = {"body": pc.coalesce(bodies, said)}
    if pc.any(missing, min_count=0).as_py():
        made = templates(bodies.filter(missing)).cast(pa.string())
        out[TEMPLATE] = pc.replace_with_mask(given, missing, made)
    return out


def exception_fingerprints(columns: dict[str, pa.Array]) -> pa.Array | None:
    """Return the fingerprint of each exception that has a stack trace: `KeyError at pay.pay < api.handle`.

    A fingerprint that the source has is kept.

    Args:
        columns: columns of the events by name.

    Returns:
        Texts; None if no row has one.
    """
    given, stacks = columns.get(EXCEPTION_FINGERPRINT), columns.get("exception.stacktrace")
    if stacks is None or not pa.types.is_string(stacks.type) or stacks.null_count == len(stacks):
        return given
    coded = stacks.dictionary_encode()
    found = [stack_fingerprint(text) for text in coded.dictionary.to_pylist()]
    frames = pa.array([one and one[1] for one in found], pa.string()).take(coded.indices)
    types = pa.array([one and one[0] for one in found], pa.string()).take(coded.indices)
    own = columns.get("exception.type")
    if own is not None and pa.types.is_string(own.type):
        types = pc.coalesce(types, own)
    made = pc.coalesce(pc.binary_join_element_wise(types, frames, " at "), frames)
    if given is not None:
        made = pc.coalesce(given, made)
    return None if made.null_count == len(made) else made


def threshold_weight(trace_state: str) -> float | None:
    """Return the sample weight of a trace state's threshold, 2^56 / (2^56 - T); None if it has none.

    Args:
        trace_state: W3C trace state such as "ot=th:c". `th` has the leading hex digits of T; spans whose
            56-bit random value is at least T were kept.

    Returns:
        The weight, at least 1.

    Source: OpenTelemetry, "TraceState: Probability Sampling".
    """
    found = _THRESHOLD.search(trace_state)
    if not found:
        return None
    return 2**56 / (2**56 - int(found[1].ljust(14, "0"), 16))


def weights(given: pa.Array | None, trace_state: pa.Array | None) -> tuple[pa.Array | None, int]:
    """Return sample weights (the given ones, else by threshold) and how many given ones were invalid."""
    bad = 0
    if given is not None:
        good = pc.and_(pc.greater(given, 0), pc.less_equal(given, MAX_WEIGHT))
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
    """Return event counts, and how many were invalid: negative, or above `MAX_COUNT`."""
    good = pc.and_(pc.greater_equal(given, 0), pc.less_equal(given, MAX_COUNT))
    if pc.all(good, min_count=0).as_py():
        return given, 0
    kept = pc.if_else(good, given, pa.scalar(None, pa.int64()))
    return kept, kept.null_count - given.null_count


def kinds(array: pa.Array) -> pa.Array:
    """Return span kinds as lower-case words; OTLP's numbers become words, unspecified becomes null."""
    return by_value(to_text(array) if pa.types.is_nested(array.type) else array, _kind, pa.string())


def _kind(value: Any) -> str | None:
    text = str(value).strip().lower().removeprefix("span_kind_")
    if text.isdigit() and int(text) < len(_KINDS):
        text = _KINDS[int(text)]
    return None if text in ("", "unspecified") else text


def statuses(array: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Split a status column into span statuses (UNSET, OK, ERROR), HTTP statuses, and other values."""
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
    """Return ids in lower case; empty and all-zero ids, which mean "none", become null."""
    lower = pc.ascii_lower(array)
    none = pc.is_in(lower, pa.array(ZERO_IDS))
    return pc.if_else(none, pa.scalar(None, pa.string()), lower) if pc.any(none).as_py() else lower
