"""Parse a block of flat JSON lines with Arrow's JSON reader and an exact schema.

Nothing is inferred, so a string that looks like a time stays a string. A block with an unknown field or with
a value of another type is refused as a whole:

    schema: id: int64, op: string
    {"id": 1, "op": "2026-05-04"}      parsed: id 1, op "2026-05-04"
    {"id": "x", "op": "GET /"}         refuses its block
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.json as pj

from obskit.readers.io.line_blocks import newlines


def parse_table(
    data: bytes, schema: pa.Schema, *, one: bool = False, count: int | None = None
) -> pa.Table | None:
    """Return a block as a table, or None if a line of it has to be parsed another way.

    Args:
        data: JSON objects, one per line.
        schema: all fields that may occur, with their types.
        one: `data` is a single object, which may span several lines.
        count: number of newlines, if it is known.
    Returns:
        One row per object and one column per field of the schema.
    """
    if not data.isascii() and not is_utf8(data):
        return None
    try:
        table = pj.read_json(
            pa.BufferReader(data),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
    except (pa.ArrowException, OSError):
        return None
    if one:
        return table if table.num_rows == 1 else None
    ends = newlines(data) if count is None else count
    if table.num_rows != ends + (not data.endswith(b"\n")):
        filled = sum(1 for line in data.split(b"\n") if line.strip())
        if table.num_rows != filled:  # several objects on one line, or an object that spans several lines
            return None
    return table


def parse_block(data: bytes, schema: pa.Schema, count: int | None = None) -> pa.RecordBatch | None:
    """Return a block as a batch without columns that are null throughout.

    Args:
        data: JSON objects, one per line.
        schema: all fields that may occur, with their types.
        count: number of newlines, if it is known.
    Returns:
        The batch, or None if the block has to be parsed line by line.
    """
    table = parse_table(data, schema, count=count)
    if table is None or table.num_rows == 0:
        return None
    columns, fields = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        if column.null_count < len(column):
            columns.append(column.chunk(0) if column.num_chunks == 1 else column.combine_chunks())
            fields.append(field)
    if not fields:
        return None
    try:
        batch = pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))
    except pa.ArrowInvalid:  # Arrow builds an invalid list from [null, null] if no item ever had a type
        return None
    return None if any(map(_may_differ, columns)) else batch


def is_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _may_differ(array: pa.Array) -> bool:
    """Whether a column has floats that orjson may read differently.

    A float of 2**63 or more may have been written as an integer, whose digits are all kept. A float that is
    not finite may have been written as `Inf` or `-NaN`, which Arrow accepts and the line parser rejects.
    """
    kind = array.type
    if pa.types.is_struct(kind):
        return any(_may_differ(child) for child in array.flatten())
    if pa.types.is_list(kind):
        return _may_differ(array.flatten())
    if not pa.types.is_floating(kind) or array.null_count == len(array):
        return False
    return not bool(np.all(np.abs(array.drop_null().to_numpy(zero_copy_only=False)) < 2.0**63))
