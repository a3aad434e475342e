"""Columns of text as numbers over all files: the dictionaries of Parquet are used, not made again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset.manifest import DataFile
from obskit.dataset.parts import dictionaries, open_part, read_columns

Ints = npt.NDArray[np.int64]


def text_numbers(files: Sequence[DataFile], field: str) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """Number the values of a field.

    Args:
        files: the files of a dataset with this field.
        field: its name; what is not text is written as text.

    Returns:
        A number per row, 0 where null, and the value of each number from 1.

    Cost: reads one column; several times as fast where it is stored as a dictionary.
    """
    chunks: list[pa.Array] = []
    for file in files:
        reader = open_part(file)
        reader = open_part(file, read_dictionary=dictionaries(reader, [field]))
        column = read_columns(reader, [field], threads=True).column(0)
        if not pa.types.is_dictionary(column.type):
            column = column.cast(pa.string()).dictionary_encode()
        chunks += column.chunks
    if not chunks:
        return np.zeros(0, np.int32), pa.array([], pa.string())
    joined = pa.chunked_array(chunks, pa.dictionary(pa.int32(), pa.string())).unify_dictionaries()
    numbers = [
        pc.fill_null(pc.add(chunk.indices, pa.scalar(1, pa.int32())), 0).to_numpy(zero_copy_only=False)
        for chunk in joined.chunks
    ]
    return np.concatenate(numbers), joined.chunk(0).dictionary
