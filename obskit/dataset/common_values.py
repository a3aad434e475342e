"""Count the common values of a nearly unique text field in all files, where they are rare in some of them.

A value on few rows of a file shares an entry with the other rare values of the file. If the value has an
entry of its own in another file, that entry has only a part of its rows:

    user     file 1: u7 on 600 rows       file 2: u7 on 3 rows, among the rare values
    merged   u7 on 603 rows, once the rows of file 2 are found

The codes of such a field in a file therefore depend on the other files, so nothing that is computed from them
may be kept for the file alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset.encoder import RARE, RARE_ROWS, Encoded, width
from obskit.dataset.merge import BySet, exact_values

COMMON_RULES = 1
"""Increased when other values are common, or their codes are others."""

Arrays = list[dict[str, npt.NDArray[Any]]]


def find_common(
    parts: list[Encoded],
    totals: list[BySet],
    column: Callable[[int], pa.ChunkedArray | pa.Array],
    count: Callable[[int, Encoded], BySet],
    keep: Callable[[Callable[[], Arrays]], Arrays],
) -> pa.Array | None:
    """Give the common values of a field an entry in each file in which they may be among the rare ones.

    Args:
        parts: codes of the field, one per file; those of files that lack a common value are replaced.
        totals: totals per code, one per file; replaced with the codes.
        column: returns the values of a file.
        count: returns the totals of codes of a file.
        keep: returns the arrays per file that its argument makes, now or before.

    Returns:
        The common values, for `merge`: they have enough rows in the files where they have an entry. None if
        there is only one file, or no file has rare values.

    Cost: reads the column in the files that lack a common value, the first time.
    """
    common = _common(parts)
    if common is None:
        return None
    files = [
        file
        for file, part in enumerate(parts)
        if part.rare_code is not None and not pc.all(pc.is_in(common, exact_values(part))).as_py()
    ]
    if not files:
        return common

    def make() -> Arrays:
        nothing = np.zeros(0, np.uint8)
        return [
            {"codes": _encode(column(file), common) if file in files else nothing}
            for file in range(len(parts))
        ]

    made = keep(make)
    values = pa.concat_arrays([common, pa.array([RARE], pa.string())])
    for file in files:
        codes = made[file]["codes"]
        parts[file] = dataclasses.replace(parts[file], codes=codes, values=values, rare_code=len(values))
        totals[file] = count(file, parts[file])
    return common


def _common(parts: Sequence[Encoded]) -> pa.Array | None:
    if len(parts) < 2 or all(part.rare_code is None for part in parts):
        return None
    values = [exact_values(part) for part in parts]
    hashed = pa.chunked_array(values, pa.string()).dictionary_encode().combine_chunks()
    known = [
        np.bincount(part.codes, minlength=len(own) + 1)[1 : len(own) + 1]
        for part, own in zip(parts, values, strict=True)
    ]
    rows = np.zeros(len(hashed.dictionary), np.int64)
    np.add.at(rows, hashed.indices.to_numpy(zero_copy_only=False), np.concatenate(known))
    found = hashed.dictionary.filter(pa.array(rows >= RARE_ROWS))
    return found.take(pc.sort_indices(found))


def _encode(column: pa.ChunkedArray | pa.Array, common: pa.Array) -> npt.NDArray[Any]:
    """Return the code of each row: 0 is missing, g is common value g, and the last one any other value."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    out = [np.zeros(0, width(len(common) + 1))]
    for chunk in chunks:
        text = chunk.cast(pa.string())
        at = pc.fill_null(pc.index_in(text, common), len(common)).to_numpy(zero_copy_only=False) + 1
        missing = pc.is_null(text).to_numpy(zero_copy_only=False)
        out.append(np.where(missing, 0, at).astype(out[0].dtype))
    return np.concatenate(out)
