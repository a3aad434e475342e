"""The fields `obskit.trace.*`: facts of the whole trace of a row, computed when a question names them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from obskit.dataset import Dataset, trace_columns
from obskit.names import TRACE_FIELDS

_PREFIX = "obskit.trace."
_TYPES = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64()}


def trace_schema(schema: pa.Schema) -> pa.Schema:
    """Return the fields of whole traces that a question over these events may name.

    Args:
        schema: the stored fields.

    Returns:
        The fields; empty if the events have no `trace_id`. A stored field of the same name comes first.
    """
    taken = {name.lower() for name in schema.names}
    if "trace_id" not in taken:
        return pa.schema([])
    return pa.schema([(name, _TYPES[word]) for name, word in TRACE_FIELDS.items() if name not in taken])


def column_of(arrays: dict[str, Any], field: str) -> pa.Array:
    """Return one of these fields from the arrays of a file, as a column with nulls."""
    return trace_columns(arrays)[field.removeprefix(_PREFIX)]


def trace_table(dataset: Dataset) -> pa.Table:
    """Return the fields of whole traces for every row of a dataset, in the order of its rows."""
    schema = trace_schema(dataset.schema)
    parts = [trace_columns(arrays) for arrays in dataset.codes.traces()]
    columns = [
        pa.chunked_array([part[name.removeprefix(_PREFIX)] for part in parts], schema.field(name).type)
        for name in schema.names
    ]
    return pa.Table.from_arrays(columns, schema=schema)
