"""One of the traces of a waterfall: its rows, and the same rows as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from obskit.display.trace.model import TraceModel


@dataclass(frozen=True, eq=False)
class TraceSide:
    """A trace with everything that is shown of it.

    Attributes:
        trace_id: its id.
        table: its rows, with all their fields.
        model: the same rows as arrays.
    """

    trace_id: str
    table: pa.Table
    model: TraceModel
