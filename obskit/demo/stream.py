"""The whole day as a stream of batches, ordered by time, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pyarrow as pa

from obskit.demo.chunk import draw_requests, make_chunk
from obskit.demo.draw import Dice
from obskit.demo.fleet import Fleet
from obskit.demo.people import People
from obskit.demo.traffic import BIN_MINUTES, DAY_US, MINUTE, Clock, plan_chunks

CHUNK_ROWS = 65_536
_PILOT_SEED, _PILOT_REQUESTS = 2026, 1_500


@cache
def _pilot() -> tuple[float, ...]:
    """Estimate the stored rows per request, for each bin of the day.

    The seed is fixed, so that the cut of the day into chunks does not depend on the seed of the events.
    """
    people = People(_PILOT_SEED)
    out = []
    for index in range(1440 // BIN_MINUTES):
        clock = Clock(index * BIN_MINUTES * MINUTE, (index + 1) * BIN_MINUTES * MINUTE)
        drawn = draw_requests(Dice(_PILOT_SEED, index), clock, _PILOT_REQUESTS, people)
        out.append(sum(int(draw["rows"].sum()) for draw, _ in drawn) / _PILOT_REQUESTS)
    return tuple(out)


def rows_per_request(start: int, stop: int) -> float:
    """Return the stored rows to expect per request between two times of day (µs)."""
    low, high = start // (BIN_MINUTES * MINUTE), -(-stop // (BIN_MINUTES * MINUTE))
    # Averaging over all bins that overlap makes the estimate steadier.
    return float(np.mean(_pilot()[max(low, 0) : max(high, low + 1)]))


def batches(
    events: int, seed: int, *, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the events of the day, ordered by time.

    Args:
        events: exact number of rows.
        seed: the same seed and number of events give the same rows.
        progress: called with (what, events done, total events).

    Yields:
        Batches in the canonical schema.

    Cost: about 10 µs per event; memory for one chunk of 65,536 events.
    """
    people, fleet = People(seed), Fleet()
    held: pa.Table | None = None
    done = 0
    for chunk in plan_chunks(events, CHUNK_ROWS, rows_per_request):
        batch = make_chunk(seed, chunk, people, fleet, rows_per_request(chunk.start, chunk.stop))
        ready, held = _split_at_border(held, batch, chunk.stop + DAY_US)
        yield from ready
        done += chunk.rows
        if progress is not None:
            progress("making events", done, events)
    if held is not None and held.num_rows:
        yield from held.to_batches()


def _split_at_border(
    held: pa.Table | None, batch: pa.RecordBatch, border: int
) -> tuple[list[pa.RecordBatch], pa.Table]:
    """Merge the held rows into the batch; return the rows before the border, and hold back the others."""
    table = pa.Table.from_batches([batch])
    if held is not None and held.num_rows:
        # Only the rows up to the last one held back have to be sorted again.
        last = _micros(held)[-1]
        head = int(np.searchsorted(_micros(table), last, side="right"))
        mixed = pa.concat_tables([held, table.slice(0, head)]).sort_by("timestamp")
        table = pa.concat_tables([mixed, table.slice(head)])
    split = int(np.searchsorted(_micros(table), border))
    return table.slice(0, split).to_batches(), table.slice(split).combine_chunks()


def _micros(table: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    stamps: np.ndarray[tuple[int], np.dtype[np.int64]] = (
        table.column("timestamp").cast(pa.int64()).combine_chunks().to_numpy()
    )
    return stamps
