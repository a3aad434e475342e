"""Arrays about the rows of one file that are stored next to its codes: times, clusters, units and weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import population
from obskit.dataset.manifest import DataFile
from obskit.dataset.parts import open_part, read_columns


def compute_arrays(
    file: DataFile, schema: pa.Schema, what: str, name: str
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Compute arrays about the rows of a file.

    Args:
        file: the file.
        schema: the schema of its dataset.
        what: "times", "clusters" or "population".
        name: the field of clusters; else "".

    Returns:
        Metadata and arrays, as they are stored.

    Raises:
        DatasetError: the file is missing, replaced or damaged.
    """
    wanted = [name] if name else [c for c in population.COLUMNS if c in schema.names]
    if what == "times":
        wanted = ["timestamp"] if "timestamp" in wanted else []
    table = read_columns(open_part(file), wanted)
    meta: dict[str, Any] = {"rows": file.rows, "name": name}
    if what == "times":
        return meta, {"times": population.times(table)}
    if what == "clusters":
        return meta, {"ids": population.clusters(table.column(0))}
    made = population.weights(table)
    arrays: dict[str, npt.NDArray[Any]] = {
        "units": population.units(table).view(np.uint8),
        "n": made.n,
        "w": made.w,
    }
    if made.classes is not None:
        arrays["classes"] = made.classes
    elif made.row_n is not None and made.row_w is not None:
        arrays |= {"row_n": made.row_n, "row_w": made.row_w}
    return meta, arrays | {"unweighted": np.array([made.unweighted])}
