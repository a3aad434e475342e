"""Flatten structs and maps into columns with dotted names: {"http": {"route": "/"}} -> `http.route`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.errors import LimitExceeded
from obskit.schema.types import plain

MAX_FIELDS = 20_000
"""Most distinct field names that a Dataset may have."""

UNNAMED = "(unnamed)"
"""Name of a field with an empty name; engines do not support such columns."""

NAIVE = {b"obskit.naive": b"1"}
"""Metadata of a flat column whose times have no zone in the source."""


class Column(NamedTuple):
    """A flat column: its dotted name, its depth in the source, its values, and the metadata of its field."""

    name: str
    depth: int
    values: pa.Array
    metadata: dict[bytes, bytes] | None


def too_many_fields(where: str = "") -> LimitExceeded:
    """Return the error for more than `MAX_FIELDS` names."""
    return LimitExceeded(
        f"{where}more than {MAX_FIELDS:,} distinct field names",
        hint='move ids from names into values: {"key": "user-17", "count": 3} instead of {"user-17": 3}',
    )


def flatten(batch: pa.RecordBatch) -> list[Column]:
    """Flatten the structs and maps of a batch.

    Args:
        batch: any batch.

    Returns:
        Flat columns, shallow ones first. A name that occurs twice ({"a": {"b": 1}, "a.b": 2}) is returned
        twice.

    Raises:
        LimitExceeded: there are far more than `MAX_FIELDS` names.
    """
    out: list[Column] = []
    level = [
        Column(field.name, 0, values, field.metadata)
        for field, values in zip(batch.schema, batch.columns, strict=True)
    ]
    while level:
        deeper: list[Column] = []
        for name, depth, values, metadata in level:
            kind = values.type
            if pa.types.is_struct(kind):
                deeper += [
                    Column(f"{name}.{kind.field(i).name}", depth + 1, child, None)
                    for i, child in enumerate(values.flatten())
                ]
            elif pa.types.is_map(kind):
                deeper += [Column(f"{name}.{key}", depth + 1, child, None) for key, child in _pivot(values)]
            else:
                if pa.types.is_timestamp(kind) and kind.tz is None:
                    metadata = (metadata or {}) | NAIVE
                out.append(Column(name or UNNAMED, depth, plain(values), metadata))
        if len(out) + len(deeper) > MAX_FIELDS * 2:
            raise too_many_fields()
        level = deeper
    return out


def _pivot(maps: pa.Array) -> list[tuple[str, pa.Array]]:
    """Return one column per key of a map array."""
    if maps.offset or maps.null_count:
        maps = pa.concat_arrays([maps])
    offsets = maps.offsets.to_numpy()
    lengths = np.where(maps.is_null().to_numpy(zero_copy_only=False), 0, np.diff(offsets))
    row = np.repeat(np.arange(len(maps)), lengths)
    starts = np.repeat(offsets[:-1] - (np.cumsum(lengths) - lengths), lengths)
    position = np.arange(len(row)) + starts
    keys = pc.cast(maps.keys.take(pa.array(position)), pa.string()).dictionary_encode()
    items = maps.items.take(pa.array(position))
    if len(keys.dictionary) > MAX_FIELDS:
        raise too_many_fields()
    order, edges = sorted_by_code(keys.indices.to_numpy(zero_copy_only=False), len(keys.dictionary))
    out: list[tuple[str, pa.Array]] = []
    for code, key in enumerate(keys.dictionary.to_pylist()):
        at = order[edges[code] : edges[code + 1]]
        index = np.full(len(maps), -1, np.int64)
        index[row[at]] = at  # of a repeated key, the last value stays
        out.append((key, items.take(pa.array(index, mask=index < 0))))
    return out


def sorted_by_code(
    codes: npt.NDArray[np.integer[Any]], entries: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Sort positions by their code.

    Args:
        codes: codes from 0 to `entries` - 1, or -1 to leave a position out.
        entries: number of codes, below 32,768.

    Returns:
        Positions in the order of their codes, and where the positions of each code begin.
    """
    # numpy sorts 16-bit integers by their digits, several times as fast as wider ones.
    order = np.argsort(codes.astype(np.int16), kind="stable")
    counts = np.bincount(codes + 1, minlength=entries + 1)
    return order, np.cumsum(counts)
