"""Numbers and texts of a span as parsed from JSON, checked for use in a column."""

from __future__ import annotations

import math
import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.batches.row_batcher import MalformedRecord
from obskit.schema import EVENTS_TYPE, TIMESTAMP, FileReport
from obskit.schema.types import json_text

_DIGITS = re.compile(r"-?\d{1,19}", re.ASCII)
_INT64 = 2**63
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999  # microseconds; the years 1 to 9999


def finite_number(value: Any, field: str) -> float:
    """Return a number that fits in 64 bits, given as a number or as decimal digits.

    Args:
        value: as parsed from JSON.
        field: its name, for the error.

    Returns:
        The number; digits give an integer.

    Raises:
        MalformedRecord: it is not a finite number, or does not fit in 64 bits.
    """
    if type(value) is str and _DIGITS.fullmatch(value):
        value = int(value)
    if type(value) not in (int, float) or not math.isfinite(value):
        raise MalformedRecord(f"{field} is not a number")
    if not -_INT64 <= value < _INT64:
        raise MalformedRecord(f"{field} does not fit in 64 bits")
    return value  # type: ignore[no-any-return]


def optional_text(value: Any) -> str | None:
    """Return a text, or anything else as JSON text; None for null and the empty text."""
    return None if value is None or value == "" else value if type(value) is str else json_text(value)


def column_value(value: Any) -> Any:
    """Return a value that a column can hold; objects and lists become JSON text."""
    return json_text(value) if type(value) is dict or type(value) is list else value


def clear_impossible_event_times(batch: pa.RecordBatch, report: FileReport) -> pa.RecordBatch:
    """Replace times of events that no calendar has by null, and count them, as is done for a span's own time.

    Args:
        batch: spans, perhaps with a column `events`.
        report: counts the times.

    Returns:
        The batch; usually unchanged.
    """
    at = batch.schema.get_field_index("events")
    if at < 0 or batch.column(at).type != EVENTS_TYPE:
        return batch
    lists = batch.column(at)
    items = lists.values
    times = items.field("timestamp").cast(pa.int64())
    fits = pc.and_(pc.greater_equal(times, _FIRST), pc.less_equal(times, _LAST))
    if pc.all(fits, min_count=0).as_py() in (True, None):
        return batch
    kept = pc.if_else(fits, times, None)
    report.report.fail_to_parse("events", kept.null_count - times.null_count)
    inner = EVENTS_TYPE.value_type
    others = [items.field(place) for place in range(1, inner.num_fields)]
    made = pa.StructArray.from_arrays([kept.cast(TIMESTAMP), *others], fields=list(inner))
    events = pa.ListArray.from_arrays(lists.offsets, made, type=EVENTS_TYPE, mask=lists.is_null())
    return batch.set_column(at, batch.schema.field(at), events)
