"""The fields that come from a row's whole trace: `obskit.trace.*`, self time, critical time and depth.

They are computed when a question names them.
"""

from __future__ import annotations

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


def trace_column(dataset: Dataset, field: str) -> pa.ChunkedArray:
    """Return one of these fields for every row of a dataset, with nulls; one chunk per file."""
    if field.startswith(_PREFIX):
        short = field.removeprefix(_PREFIX)
        parts = [trace_columns(arrays)[short] for arrays in dataset.codes.traces()]
    else:
        whole, parts, start = dataset.forest.column(field), [], 0
        for file in dataset.files:
            parts.append(whole.slice(start, file.rows))
            start += file.rows
    return pa.chunked_array(parts, _TYPES[TRACE_FIELDS[field]])
