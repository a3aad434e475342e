"""Put the fields of prefixes next to the rows of the lines behind them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.prefixed.kinds import PARTIAL
from obskit.readers.prefixed.lines import Lines, Prefixes
from obskit.readers.prefixed.times import Positions
from obskit.schema import FALLBACK, NAMED, TIMESTAMP

_FALLBACK = {FALLBACK: b"1"}


def attach(batch: pa.RecordBatch, lines: Lines, prefixes: Prefixes, rows: Any) -> pa.RecordBatch:
    """Return a batch with the fields of its lines' prefixes.

    Args:
        batch: rows of any format. A value of its own is kept where the prefix has one too.
        lines: that it was made of.
        prefixes: the different prefixes.
        rows: index of each row's line; None if it is not known: then only fields that all lines agree on
            are added.

    Returns:
        The same rows.
    """
    if rows is None:
        columns = _constant(lines, prefixes, batch.num_rows)
    else:
        whole = len(rows) == len(lines.number)
        prefix, time, timed = (
            values if whole else values[rows] for values in (lines.prefix, lines.time, lines.timed)
        )
        columns = _fields(prefix, prefixes) | _times(time, timed, ("timestamp", "observed_timestamp"))
    fields, arrays = list(batch.schema), list(batch.columns)
    names = {field.name: place for place, field in enumerate(fields)}
    for name, values in columns.items():
        place = names.get(name)
        if place is None:
            fields.append(pa.field(name, values.type, metadata=_FALLBACK))
            arrays.append(values)
        elif arrays[place].null_count:
            arrays[place] = _coalesce(arrays[place], values)
            fields[place] = fields[place].with_type(arrays[place].type)
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields, metadata=batch.schema.metadata))


def bodies(lines: Lines, prefixes: Prefixes) -> pa.RecordBatch:
    """Return lines as log records whose body is the text of the line."""
    texts = _texts(lines.lines)
    columns = {"body": pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)}
    columns["kind"] = pa.repeat("event", len(texts))
    columns |= _times(lines.time, lines.timed, ("timestamp",)) | _fields(lines.prefix, prefixes)
    return pa.RecordBatch.from_arrays(
        list(columns.values()),
        schema=pa.schema([(name, values.type) for name, values in columns.items()], metadata=NAMED),
    )


def _texts(lines: pa.Array) -> pa.Array:
    try:
        texts = lines.cast(pa.string())
    except pa.ArrowInvalid:
        texts = pa.array([line.decode("utf-8", "backslashreplace") for line in lines.to_pylist()], pa.string())
    return pc.utf8_rtrim(texts, characters="\r\n")


def _fields(prefix: Any, prefixes: Prefixes) -> dict[str, pa.Array]:
    """Return a column for each field that any of the prefixes has."""
    used = used_prefixes(prefix)
    index: pa.Array | None = None
    columns = {}
    for name in dict.fromkeys(name for number in used for name in prefixes.fields[number] if name != PARTIAL):
        values = {prefixes.fields[number].get(name) for number in used}
        if len(values) == 1:
            columns[name] = pa.repeat(pa.scalar(values.pop()), len(prefix))
        else:
            index = pa.array(prefix.astype(np.int32)) if index is None else index
            columns[name] = pa.array([fields.get(name) for fields in prefixes.fields]).take(index)
    return columns


def used_prefixes(prefix: Positions) -> list[int]:
    """Return the different numbers among those of lines' prefixes."""
    found: list[int] = np.flatnonzero(np.bincount(prefix)).tolist()
    return found


def _times(time: Any, timed: Any, names: tuple[str, ...]) -> dict[str, pa.Array]:
    if not timed.any():
        return {}
    values = pa.array(time, mask=None if timed.all() else ~timed).cast(TIMESTAMP)
    return dict.fromkeys(names, values)


def _constant(lines: Lines, prefixes: Prefixes, count: int) -> dict[str, pa.Array]:
    used = [prefixes.fields[number] for number in used_prefixes(lines.prefix)]
    return {
        name: pa.repeat(pa.scalar(value), count)
        for name, value in used[0].items()
        if name != PARTIAL and all(fields.get(name) == value for fields in used)
    }


def _coalesce(own: pa.Array, values: pa.Array) -> pa.Array:
    """Fill the nulls of a column; if types differ, only those of text are filled."""
    if pa.types.is_null(own.type):
        return values
    if own.type.equals(values.type):
        return pc.coalesce(own, values)
    if pa.types.is_string(own.type):
        return pc.coalesce(own, values.cast(pa.string()))
    return own
