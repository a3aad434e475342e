"""Codes of a field in one file as metadata and arrays, the form in which they are stored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset.encoder import Encoded, encode
from obskit.dataset.merge import BySet
from obskit.dataset.population import Totals

_SUMS = ("n", "w", "w2")


def all_missing(kind: pa.DataType, rows: int) -> Encoded:
    """Return the codes of a field that no row of a file has.

    Args:
        kind: its type in other files.
        rows: of the file.

    Returns:
        Codes without an entry.
    """
    return replace(encode(pa.nulls(0, kind)), codes=np.zeros(rows, np.uint8))


def pack(name: str, part: Encoded, totals: BySet) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return the metadata and the arrays of codes and their totals; `unpack` reads them."""
    meta = {
        "rows": len(part.codes),
        "name": name,
        "kind": part.kind,
        "rare": part.rare_code,
        "distinct": part.distinct,
    }
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([part.values], names=["v"])
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    arrays: dict[str, npt.NDArray[Any]] = {
        "codes": part.codes,
        "values": np.frombuffer(sink.getvalue(), np.uint8),
    }
    ranges = {"lo": part.lo, "hi": part.hi, "bucket": part.bucket}
    arrays |= {key: array for key, array in ranges.items() if array is not None}
    for which, sums in totals.items():
        arrays |= {f"{which}.{key}": getattr(sums, key) for key in _SUMS}
    return meta, arrays


def unpack(
    meta: dict[str, Any], arrays: dict[str, npt.NDArray[Any]], kind: pa.DataType
) -> tuple[Encoded, BySet]:
    """Return the codes and the totals that `pack` was given.

    Args:
        meta: the metadata.
        arrays: the arrays.
        kind: type of the entries, used if the dictionary is empty.

    Returns:
        Codes, and totals per code.
    """
    with pa.ipc.open_stream(pa.py_buffer(arrays["values"])) as reader:
        batches = list(reader)
    values = batches[0].column(0) if batches else pa.array([], kind)
    part = Encoded(
        meta["kind"],
        arrays["codes"],
        values,
        arrays.get("lo"),
        arrays.get("hi"),
        arrays.get("bucket"),
        meta["rare"],
        meta["distinct"],
    )
    return part, {w: Totals(*(arrays[f"{w}.{key}"] for key in _SUMS)) for w in ("all", "units")}
