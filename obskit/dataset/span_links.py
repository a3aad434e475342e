"""Span links between the rows of a dataset, such as from the consumer of a message to its producer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SpanLinks:
    """Links between spans of a dataset.

    Attributes:
        source: row of the span that has the link: the consumer of a message.
        target: row of the span that it leads to.
        missing: number of links to spans that are not in the dataset.
    """

    source: Ints
    target: Ints
    missing: int


NO_LINKS = SpanLinks(np.zeros(0, np.int64), np.zeros(0, np.int64), 0)


def span_links(table: pa.Table, span: npt.NDArray[np.bool_]) -> SpanLinks:
    """Return the links between the spans of a dataset.

    Args:
        table: `links`, `trace_id` and `span_id` of all rows.
        span: which rows are spans.

    Returns:
        SpanLinks; empty if `links` does not hold links.
    """
    if not _holds_links(table.schema.field("links").type):
        return NO_LINKS
    column = table.column("links")
    column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    source = pc.list_parent_indices(column).to_numpy().astype(np.int64)
    if not len(source):
        return NO_LINKS
    item = pc.list_flatten(column)
    wanted = _joined(*(pc.struct_field(item, name) for name in ("trace_id", "span_id")))
    spans = np.flatnonzero(span)
    known = _joined(*(table.column(name).take(pa.array(spans)) for name in ("trace_id", "span_id")))
    found = pc.fill_null(pc.index_in(wanted, value_set=known, skip_nulls=True), -1).to_numpy()
    there = (found >= 0) & span[source]
    return SpanLinks(source[there], spans[found[there]], int((span[source] & (found < 0)).sum()))


def connected(first: Ints, second: Ints, size: int) -> Ints:
    """Return a number for each trace that connected traces share.

    Args:
        first: the numbers of traces, from 1.
        second: for each, the number of a trace that it is connected to.
        size: the largest number.

    Returns:
        One number per trace number from 0: the smallest one that it is connected to.
    """
    least = np.arange(size + 1)
    while True:
        one, other = least[first], least[second]
        if (one == other).all():
            return least
        lower = np.minimum(one, other)
        np.minimum.at(least, one, lower)
        np.minimum.at(least, other, lower)
        while (least[least] != least).any():
            least = least[least]


def _holds_links(kind: pa.DataType) -> bool:
    if not pa.types.is_list(kind) or not pa.types.is_struct(kind.value_type):
        return False
    return {"trace_id", "span_id"} <= {field.name for field in kind.value_type}


def _joined(trace: pa.Array | pa.ChunkedArray, span: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return both ids as one text; null if one is."""
    parts = [pc.utf8_lower(part.cast(pa.string())) for part in (trace, span)]
    joined = pc.binary_join_element_wise(*parts, "/")
    return pa.concat_arrays(joined.chunks) if isinstance(joined, pa.ChunkedArray) else joined
