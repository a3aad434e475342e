"""Replace provisional rows by the final row of their unit of work.

A service writes a provisional row (`obskit.unfinished`) for a unit that is open for long, because it may
never end. Here such rows are held back until all input is read, and dropped if the unit's final row came,
before or after. Only provisional rows are ever dropped. Point events with the ids of a unit, such as markers
and log records, do not end it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import UNFINISHED
from obskit.schema import LoadReport
from obskit.text import pluralize

ROWS = 1 << 18
BYTES = 128 << 20
UNIT_COLUMNS = pa.schema(
    [
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("duration_ms", pa.float64()),
        (UNFINISHED, pa.bool_()),
    ]
)
"""Columns that identify a unit, and say whether a row ends it."""


class ProvisionalRows:
    """Provisional rows that wait for the final row of their unit.

    Args:
        report: counts replaced rows.
        rows: most rows to hold; more are written as they are, with a note.
        bytes_: most bytes to hold; more are written as they are, with a note.
    """

    def __init__(self, report: LoadReport, rows: int = ROWS, bytes_: int = BYTES) -> None:
        self._report = report
        self._most = (rows, bytes_)
        self._held: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def hold_back(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Hold back the provisional rows of a batch that have ids, and return the others."""
        provisional = _provisional(batch)
        if provisional is None or not pc.any(provisional).as_py():
            return batch
        self.hold(batch.filter(provisional))
        return batch.filter(pc.invert(provisional))

    def hold(self, batch: pa.RecordBatch) -> None:
        """Hold provisional rows."""
        if batch.num_rows:
            self._held.append(batch)
            self._rows += batch.num_rows
            self._bytes += batch.nbytes

    def spans(self) -> pa.ChunkedArray:
        """Return the span ids of the rows."""
        return pa.chunked_array([batch.column("span_id") for batch in self._held], pa.string())

    def release(self) -> list[pa.RecordBatch]:
        """Return the rows, and hold them no longer."""
        held, self._held = self._held, []
        self._rows = self._bytes = 0
        return held

    def too_many(self, share: float = 1.0) -> bool:
        """Return whether more rows are held than a share of the limits."""
        rows, size = self._most
        return self._rows > rows * share or self._bytes > size * share

    def settle(self, written: Iterable[pa.Table]) -> None:
        """Drop rows whose unit has ended, and all but the latest row of each unit.

        Args:
            written: tables of `UNIT_COLUMNS`, of all rows that were read so far and are not held.

        Cost: one pass over `written`, if any row is held.
        """
        if not self._held:
            return
        held = self.release()
        keys = pa.chunked_array([_keys(batch) for batch in held]).combine_chunks()
        wanted = keys.unique()
        ended = [keys.slice(0, 0)]
        for table in written:
            found = _ends(table)
            ended.append(found.filter(pc.is_in(found, wanted)).unique())
        keep = _latest(keys, np.concatenate([_seen(batch) for batch in held]))
        keep &= ~pc.is_in(keys, pa.concat_arrays(ended)).to_numpy(zero_copy_only=False)
        starts = np.cumsum([batch.num_rows for batch in held])[:-1]
        for batch, mask in zip(held, np.split(keep, starts), strict=True):
            self.hold(batch.filter(pa.array(mask)))
        self._report.replaced += len(keep) - self._rows

    def overflow(self) -> list[pa.RecordBatch]:
        """Release all rows, to be written as they are, if more than half of the limit is in use."""
        if not self.too_many(0.5):
            return []
        self._report.note(
            "too many provisional rows to hold back: some were kept next to later rows of the same unit"
        )
        return self.release()

    def rest(self) -> list[pa.RecordBatch]:
        """Release the rows of units that did not end; call it at the end, after `settle`."""
        if self._rows:
            units = pluralize(self._rows, "unit was", "units were")
            self._report.note(f"{units} not finished when last seen: {UNFINISHED} is true")
        return self.release()


def _provisional(batch: pa.RecordBatch) -> pa.BooleanArray | None:
    """Return which rows are provisional and have ids; None if the batch cannot have any."""
    if not {UNFINISHED, "trace_id", "span_id"}.issubset(batch.schema.names):
        return None
    flags = batch.column(UNFINISHED)
    if not pa.types.is_boolean(flags.type):
        return None
    known = pc.and_(pc.is_valid(batch.column("trace_id")), pc.is_valid(batch.column("span_id")))
    return pc.and_(pc.fill_null(flags, False), known)


def _keys(rows: pa.Table | pa.RecordBatch) -> pa.Array:
    """Return the ids of each row's unit as one text; null where an id is missing.

    Ids may be any text, so the length of the first one comes first: "32:trace:span".
    """
    trace, span = rows.column("trace_id"), rows.column("span_id")
    keys = pc.binary_join_element_wise(pc.binary_length(trace).cast(pa.string()), trace, span, ":")
    return keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys


def _ends(table: pa.Table) -> pa.Array:
    """Return the units of final rows: those that have a duration and are not provisional."""
    provisional = pc.fill_null(table.column(UNFINISHED), False)
    return _keys(table.filter(pc.and_not(pc.is_valid(table.column("duration_ms")), provisional)))


def _seen(batch: pa.RecordBatch) -> npt.NDArray[np.float64]:
    """Return when each row was written, in microseconds: its timestamp plus its duration so far."""
    out = np.zeros(batch.num_rows)
    for name, factor in (("timestamp", 1), ("duration_ms", 1000)):
        if name in batch.schema.names:
            column = batch.column(name)
            numbers = column.cast(pa.int64()) if name == "timestamp" else column
            out += pc.fill_null(numbers.cast(pa.float64(), safe=False), 0.0).to_numpy() * factor
    return out


def _latest(keys: pa.Array, seen: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which rows are the latest of their unit."""
    codes = keys.dictionary_encode().indices.to_numpy()
    order = np.lexsort((seen, codes))
    out = np.zeros(len(codes), bool)
    out[order[np.append(codes[order][1:] != codes[order][:-1], True)]] = True
    return out
