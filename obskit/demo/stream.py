"""The whole day as a stream of batches in order of time, in constant memory."""

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
    """Return the stored rows to expect for a request, for each bin of the day.

    From a fixed seed and smoothed over the stretches between which sampling or outcomes change, so that the
    cutting of the day depends on nothing else.
    """
    people = People(_PILOT_SEED)
    out = []
    for index in range(1440 // BIN_MINUTES):
        clock = Clock(index * BIN_MINUTES * MINUTE, (index + 1) * BIN_MINUTES * MINUTE)
        drawn = draw_requests(Dice(_PILOT_SEED, index), clock, _PILOT_REQUESTS, people)
        out.append(sum(int(draw["rows"].sum()) for draw, _ in drawn) / _PILOT_REQUESTS)
    return tuple(out)


def rows_per_request(start: int, stop: int) -> float:
    """Return the stored rows to expect for each request between two times of day."""
    low, high = start // (BIN_MINUTES * MINUTE), -(-stop // (BIN_MINUTES * MINUTE))
    # Neighbours steady the estimate; the hours in which sampling differs are longer than they reach.
    return float(np.mean(_pilot()[max(low, 0) : max(high, low + 1)]))


def batches(
    events: int, seed: int, *, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield `events` events in order of time.

    Args:
        events: exactly so many.
        seed: the same seed, the same rows.
        progress: called with (what, events done, events in all).
    Cost: about 10 µs an event; memory for one chunk of 65,536.
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
    """Put rows held back in their place, and hold back those after the border, where the next begins."""
    table = pa.Table.from_batches([batch])
    if held is not None and held.num_rows:
        # Only the rows up to the last one held have to be sorted again.
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
