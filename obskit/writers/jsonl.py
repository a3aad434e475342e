"""Flat JSON lines: an object a row, under the names that the columns have, nulls left out.

Times are ISO 8601 to the microsecond, lists and a span's own events and links JSON's lists. NaN and the
infinities, which JSON does not have, are written as Python and JavaScript spell them. A field with the name
of an alias of ours, which a line would have another meaning for, stands under `obskit.field.<name>`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from obskit.names import ALIASES, CARRIED_FIELD, DURATION_UNITS
from obskit.schema import POINTS
from obskit.writers.notes import Told
from obskit.writers.records import AS_TEXT, EMPTY
from obskit.writers.values import endless, plain_rows, time_fields

_ALIASES = frozenset({*ALIASES, *DURATION_UNITS})
# Known to be times, or to hold some, wherever they are read.
_TIMES = frozenset({"timestamp", *POINTS})
ROWS = 4_096
ENDLESS = "NaN and the infinities, which JSON has no form for, are written as Python does (NaN, Infinity)"


def lines(batches: Iterator[pa.RecordBatch], told: Told) -> Iterator[bytes]:
    """Give the rows as lines."""
    for batch in batches:
        names = [f"{CARRIED_FIELD}{name}" if name in _ALIASES else name for name in batch.schema.names]
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name not in _TIMES and column.null_count < len(column) and time_fields(column.type):
                told.field(AS_TEXT, name)
        odd = endless(batch)
        for start in range(0, batch.num_rows, ROWS):
            rows = plain_rows(batch.slice(start, ROWS), names)
            yield b"".join(_line(row, odd and _odd(row, told)) for row in rows)
    for name in told.empty():
        told.field(EMPTY, name)


def _line(row: dict[str, Any], odd: bool) -> bytes:
    if not odd:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _odd(row: dict[str, Any], told: Told) -> bool:
    for value in row.values():
        for item in value if type(value) is list else (value,):
            if type(item) is float and not math.isfinite(item):
                told.count(ENDLESS)
                return True
    return False
