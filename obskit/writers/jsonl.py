"""Write flat JSON lines: one object per row, with the names of the columns; nulls are left out.

Times are ISO 8601 with microseconds; lists, events and links are JSON lists. NaN and infinities are not valid
JSON and are written as in Python and JavaScript. A field with a name that means something else in flat rows
(`time`, `level`; see `names.flat_field`) is written as `obskit.field.<name>`, or loading would rename it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from obskit.names import CARRIED_FIELD, flat_field
from obskit.schema import POINTS
from obskit.writers.notes import WriteNotes
from obskit.writers.records import AS_TEXT, EMPTY
from obskit.writers.values import has_non_finite, has_times, plain_rows

# Readers parse these as times, or lists with times.
_TIMES = frozenset({"timestamp", *POINTS})
ROWS = 4_096
NON_FINITE = "NaN and infinities are not valid JSON, and are written as NaN and Infinity"


def lines(batches: Iterator[pa.RecordBatch], notes: WriteNotes) -> Iterator[bytes]:
    """Encode the rows as lines."""
    for batch in batches:
        names = [f"{CARRIED_FIELD}{name}" if flat_field(name) else name for name in batch.schema.names]
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name not in _TIMES and column.null_count < len(column) and has_times(column.type):
                notes.field(AS_TEXT, name)
        may_be_non_finite = has_non_finite(batch)
        for start in range(0, batch.num_rows, ROWS):
            rows = plain_rows(batch.slice(start, ROWS), names)
            yield b"".join(_line(row, may_be_non_finite and _note_non_finite(row, notes)) for row in rows)
    for name in notes.empty():
        notes.field(EMPTY, name)


def _line(row: dict[str, Any], may_be_non_finite: bool) -> bytes:
    if not may_be_non_finite:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _note_non_finite(row: dict[str, Any], notes: WriteNotes) -> bool:
    for value in row.values():
        for item in value if type(value) is list else (value,):
            if type(item) is float and not math.isfinite(item):
                notes.count(NON_FINITE)
                return True
    return False
