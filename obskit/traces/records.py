"""Log records of spans, by the statement that wrote them: its place in the code if known, else its template.

Two texts of one statement are the same kind of record, also where their templates differ.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from obskit.dataset import Dataset
from obskit.names import TEMPLATE

Ints = npt.NDArray[np.int64]

LINE = "code.line.number"
_PLACES = ("code.file.path", "code.function.name", "otel.scope.name")


def statements(dataset: Dataset) -> tuple[Ints, Ints, list[str]]:
    """Return the log records that belong to a span.

    Args:
        dataset: has a field `trace_id`.

    Returns:
        The row of the span of each record, the number of its statement, and the statements as text: the place
        in the code, where known, and the template of the first record.
    """
    forest = dataset.forest
    rows = np.flatnonzero(~forest.span & ~forest.copy & (forest.parent >= 0))
    field = next((name for name in _PLACES if name in dataset.schema.names), "")
    (template, templates), (line, lines), (place, places) = (
        (number[rows].astype(np.int64), ["", *values])
        for number, values in map(dataset.text_numbers, (TEMPLATE, LINE, field))
    )
    located = line > 0
    known = located | (template > 0)
    at = np.flatnonzero(known)
    whole = np.where(located, place * len(lines) + line, -1 - template)
    kinds, first, number = np.unique(whole[at], return_index=True, return_inverse=True)
    names = []
    for kind, row in zip(kinds.tolist(), at[first].tolist(), strict=True):
        text = templates[template[row]]
        where = f"{places[kind // len(lines)]}:{lines[kind % len(lines)]}".lstrip(":") if kind >= 0 else ""
        names.append(f"{where} {text}".strip())
    return forest.parent[rows[at]], number.astype(np.int64), names
