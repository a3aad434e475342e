"""Read columns of single rows of a dataset, in the order asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.dataset import Dataset


def take_rows(dataset: Dataset, rows: npt.NDArray[np.int64], columns: list[str]) -> dict[str, list[Any]]:
    """Return columns of some rows.

    Args:
        dataset: the events.
        rows: row numbers over all files.
        columns: names.

    Returns:
        One list of values per column.

    Cost: reads the row groups that contain these rows.
    """
    ends = np.cumsum([file.rows for file in dataset.files])
    of = np.searchsorted(ends, rows, side="right")
    out: dict[str, list[Any]] = {name: [None] * len(rows) for name in columns}
    for file in np.unique(of).tolist():
        at = np.flatnonzero(of == file)
        taken = dataset.take(file, rows[at] - (int(ends[file]) - dataset.files[file].rows), columns)
        for name in columns:
            for where, value in zip(at.tolist(), taken.column(name).to_pylist(), strict=True):
                out[name][where] = value
    return out
