"""Find the parts that may hold the final row of a unit of work, without reading all rows again.

The ids of the spans of a part are kept as sorted 64-bit numbers, next to its codes. A number that is not
there proves that the span is not; one that is there may be another span's, so those parts are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import blob
from obskit.dataset.cache import codes_folder, is_own
from obskit.dataset.manifest import DataFile
from obskit.dataset.parts import open_part, read_columns
from obskit.dataset.span_keys import id_numbers

Numbers = npt.NDArray[np.uint64]


def may_end(file: DataFile, names: Sequence[str], spans: pa.ChunkedArray) -> bool:
    """Return whether a part may have the final row of one of some units.

    Args:
        file: the part.
        names: its fields.
        spans: span ids of the units.

    Returns:
        False only if it has none.

    Raises:
        DatasetError: the part is missing or torn.

    Cost: one pass over a column, the first time.
    """
    if not {"trace_id", "span_id", "duration_ms"}.issubset(names):
        return False
    wanted, have = id_numbers(spans), _numbers(file)
    at = np.searchsorted(have, wanted)
    return bool((have[np.minimum(at, len(have) - 1)] == wanted).any()) if len(have) else False


def _numbers(file: DataFile) -> Numbers:
    path = codes_folder() / file.digest / "spans"
    if is_own(path) and is_own(path.parent):
        found = blob.load(path)
        if found is not None and found[0].get("rows") == file.rows:
            return found[1]["spans"]
    numbers = np.unique(id_numbers(read_columns(open_part(file), ["span_id"]).column(0)))
    with suppress(OSError):  # computed again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        blob.save(path, {"rows": file.rows}, {"spans": numbers})
    return numbers
