"""Number the values of a field over all files, given their numbers within each file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset.manifest import DataFile
from obskit.dataset.parts import open_part, read_columns
from obskit.dataset.span_keys import id_numbers

Numbers = npt.NDArray[np.uint32]


def join_numbers(files: Sequence[DataFile], field: str, local: Sequence[Numbers]) -> list[Numbers]:
    """Return the number of each row's value, per file: equal values of different files have the same number.

    Args:
        files: the files of a dataset with this field.
        field: its name.
        local: the number of each row's value within its file, per file: 1, 2, ... in the order in which the
            values first occur; 0 where null.

    Returns:
        Numbers from 1, likewise over all files; 0 where null.

    Cost: reads one column; joins one 64-bit key per value and file.
    """
    if len(files) == 1:
        return list(local)
    distinct = [np.zeros(0, np.uint64)]
    for file, ids in zip(files, local, strict=True):
        column = read_columns(open_part(file), [field]).column(0)
        first = np.flatnonzero(np.diff(np.maximum.accumulate(ids), prepend=np.uint32(0)))
        distinct.append(id_numbers(column.take(pa.array(first)).cast(pa.string())))
    joined = pa.array(np.concatenate(distinct)).dictionary_encode()
    number = joined.indices.to_numpy().astype(np.uint32) + np.uint32(1)
    out, begin = [], 0
    for ids, values in zip(local, distinct[1:], strict=True):
        remap = np.concatenate([np.zeros(1, np.uint32), number[begin : begin + len(values)]])
        out.append(remap[ids])
        begin += len(values)
    return out
