"""Rows of units of work that were still open when they were written: held back until their ends are known.

A service writes a unit that is open for long provisionally (`obskit.unfinished`), for it may never end. Here
its final row takes the place of that, whichever was read first. Only provisional rows ever give way; point
events that carry a unit's ids, such as markers and logs, are no end of it.
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
TELLING = pa.schema(
    [
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("duration_ms", pa.float64()),
        (UNFINISHED, pa.bool_()),
    ]
)
"""What tells whether a row is the end of a unit, and of which."""


class Unfinished:
    """Provisional rows on their way.

    Args:
        report: replaced rows are counted here.
        rows, bytes_: how many are held; what is beyond goes on as it is, and a note says so.
    """

    def __init__(self, report: LoadReport, rows: int = ROWS, bytes_: int = BYTES) -> None:
        self._report = report
        self._most = (rows, bytes_)
        self._held: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def without(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch without its provisional rows, which are held. One without ids stays in it."""
        provisional = _provisional(batch)
        if provisional is None or not pc.any(provisional).as_py():
            return batch
        self._hold(batch.filter(provisional))
        return batch.filter(pc.invert(provisional))

    def _hold(self, batch: pa.RecordBatch) -> None:
        if batch.num_rows:
            self._held.append(batch)
            self._rows += batch.num_rows
            self._bytes += batch.nbytes

    def _taken(self) -> list[pa.RecordBatch]:
        held, self._held = self._held, []
        self._rows = self._bytes = 0
        return held

    def too_many(self, share: float = 1.0) -> bool:
        """Whether more are held than may be, or than a share of that."""
        rows, size = self._most
        return self._rows > rows * share or self._bytes > size * share

    def settle(self, written: Iterable[pa.Table]) -> None:
        """Let go of rows whose unit's end is among those written, and of all but the latest of a unit.

        Args:
            written: tables of `TELLING`, of everything that was read so far and is not held.
        Cost: one pass over `written`, if anything is held.
        """
        if not self._held:
            return
        held = self._taken()
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
            self._hold(batch.filter(pa.array(mask)))
        self._report.replaced += len(keep) - self._rows

    def surplus(self) -> list[pa.RecordBatch]:
        """Return what is held, to be written as it is, where settling has not made half the room free."""
        if not self.too_many(0.5):
            return []
        self._report.note(
            "more provisional rows than can be held back: some stand beside later rows of their units"
        )
        return self._taken()

    def rest(self) -> list[pa.RecordBatch]:
        """Return the rows of units whose end was not read; for when all was, and settled."""
        if self._rows:
            units = pluralize(self._rows, "unit was", "units were")
            self._report.note(f"{units} not finished when last seen: {UNFINISHED} is true")
        return self._taken()


def _provisional(batch: pa.RecordBatch) -> pa.BooleanArray | None:
    """Return which rows are provisional and tell of which unit; None where none can."""
    if not {UNFINISHED, "trace_id", "span_id"}.issubset(batch.schema.names):
        return None
    said = batch.column(UNFINISHED)
    if not pa.types.is_boolean(said.type):
        return None
    known = pc.and_(pc.is_valid(batch.column("trace_id")), pc.is_valid(batch.column("span_id")))
    return pc.and_(pc.fill_null(said, False), known)


def _keys(rows: pa.Table | pa.RecordBatch) -> pa.Array:
    """Return what tells a unit from all others, as one text; null where an id is missing.

    Ids may be any text: the length of the first says where it ends.
    """
    trace, span = rows.column("trace_id"), rows.column("span_id")
    keys = pc.binary_join_element_wise(pc.binary_length(trace).cast(pa.string()), trace, span, ":")
    return keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys


def _ends(table: pa.Table) -> pa.Array:
    """Return the units of rows that took time, as a point event does not, and are not provisional."""
    provisional = pc.fill_null(table.column(UNFINISHED), False)
    return _keys(table.filter(pc.and_not(pc.is_valid(table.column("duration_ms")), provisional)))


def _seen(batch: pa.RecordBatch) -> npt.NDArray[np.float64]:
    """Return when each row was written, in microseconds: when it began and how long it had taken."""
    out = np.zeros(batch.num_rows)
    for name, factor in (("timestamp", 1), ("duration_ms", 1000)):
        if name in batch.schema.names:
            column = batch.column(name)
            numbers = column.cast(pa.int64()) if name == "timestamp" else column
            out += pc.fill_null(numbers.cast(pa.float64(), safe=False), 0.0).to_numpy() * factor
    return out


def _latest(keys: pa.Array, seen: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which rows are the last of their unit."""
    codes = keys.dictionary_encode().indices.to_numpy()
    order = np.lexsort((seen, codes))
    out = np.zeros(len(codes), bool)
    out[order[np.append(codes[order][1:] != codes[order][:-1], True)]] = True
    return out
