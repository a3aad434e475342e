"""`Rows`: change the rows of a batch of the demo, the same way for all rows of a trace.

What happens to a trace is decided by a hash of its id and the seed, so that a scenario needs no memory, and
the rows of a trace agree with each other in whichever batch they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.demo.draw import Array
from obskit.demo.traffic import DAY_US

_HEX = np.full(256, 0, np.uint64)
for _at, _digit in enumerate(b"0123456789abcdef"):
    _HEX[_digit] = _at
_BITS = 53
_FLOWS = {
    "search": ("/api/search", ("GET /api/search", "GET /connections")),
    "trips": ("/api/me/bookings", ("GET /api/me/bookings", "GET /customers/{customer_id}/bookings")),
}


class Rows:
    """The rows of one batch, to be changed column by column.

    Args:
        table: rows in the schema of the demo, with a column for each field that a scenario adds.
        seed: seed of the events.
    """

    def __init__(self, table: pa.Table, seed: int) -> None:
        self.table = table
        self._seed = seed
        self._high = _high_words(table.column("trace_id"))

    def is_(self, field: str, *values: str) -> Array:
        """Return a mask of the rows whose field has one of these values."""
        found = pc.is_in(self.table.column(field), value_set=pa.array(values, pa.string()))
        return np.asarray(found.to_numpy(zero_copy_only=False))

    def since(self, start: int) -> Array:
        """Return a mask of the rows from a time of day (µs) on."""
        return self.times() >= start

    def times(self) -> Array:
        """Return the time of day of each row in µs."""
        stamps = self.table.column("timestamp").cast(pa.int64()).to_numpy()
        return np.asarray(stamps - DAY_US)

    def flow(self, name: str) -> Array:
        """Return a mask of the server spans of one kind of request: edge, gateway and service."""
        path, names = _FLOWS[name]
        mask = self.is_("name", *names)
        # The edge answers some requests itself, for example if a caller sends too many.
        ingress = self.is_("name", "ingress") & ~np.isnan(self.values("edge.upstream_ms"))
        return np.asarray(mask | (ingress & self.is_("url.path", path)))

    def chance(self, salt: str, p: float) -> Array:
        """Return a mask that is true for a share p of the traces, and for all rows of each or none."""
        return self.uniform(salt) < p

    def uniform(self, salt: str) -> Array:
        """Return a number in [0, 1) for each row's trace; 1 for rows without one."""
        word = hashlib.blake2b(f"{salt}/{self._seed}".encode(), digest_size=8).digest()
        mixed = _mix(self._high ^ np.frombuffer(word, "<u8")[0])
        out = (mixed >> np.uint64(64 - _BITS)).astype(np.float64) / (1 << _BITS)
        return np.where(self._high == 0, 1.0, out)

    def pick(self, salt: str, shares: Sequence[float]) -> Array:
        """Return the number of a category for each row's trace, drawn by these shares (that add up to 1)."""
        return np.searchsorted(np.cumsum(shares)[:-1], self.uniform(salt), side="right")

    def values(self, field: str) -> Array:
        """Return a numeric field; NaN where it is missing."""
        return np.asarray(pc.fill_null(self.table.column(field).cast(pa.float64()), np.nan).to_numpy())

    def put(self, field: str, mask: Array, value: Any) -> None:
        """Set a field on some rows: one value for all of them, or an array with one per row of the batch."""
        kind = self.table.schema.field(field).type
        new = pa.array(value, kind) if isinstance(value, (np.ndarray, pa.Array)) else pa.scalar(value, kind)
        column = pc.if_else(pa.array(mask), new, self.table.column(field))
        at = self.table.schema.get_field_index(field)
        self.table = self.table.set_column(at, self.table.schema.field(at), column)

    def fail(self, mask: Array, status: int, error: str | None = None) -> None:
        """Let requests fail with an HTTP status, and with an error that is not the status itself."""
        self.put("http.response.status_code", mask, status)
        self.put("error", mask, True)
        self.put("error.type", mask, error or str(status))
        self.put("status_code", mask, "ERROR")

    def slow_down(self, mask: Array, more_ms: Array) -> None:
        """Let requests take longer by a number of milliseconds per row."""
        for field in ("duration_ms", "edge.upstream_ms"):
            now = self.values(field)
            self.put(field, mask & ~np.isnan(now), np.nan_to_num(now) + more_ms)

    def drop(self, mask: Array) -> None:
        """Leave rows out."""
        self.table = self.table.filter(pa.array(~mask))
        self._high = self._high[~mask]

    def add(self, table: pa.Table) -> None:
        """Add rows; the batch is ordered by time again."""
        joined = pa.concat_tables([self.table, table.select(self.table.schema.names).cast(self.table.schema)])
        self.table = joined.sort_by("timestamp")
        self._high = _high_words(self.table.column("trace_id"))


def _high_words(column: pa.ChunkedArray) -> Array:
    """Return the first 64 bits of each trace id, 0 without one; the last 56 decide on sampling."""
    text = pc.fill_null(pc.utf8_slice_codeunits(column, 0, 16), "0" * 16).combine_chunks()
    start = np.frombuffer(text.buffers()[1], np.int32)[text.offset]
    digits = np.frombuffer(text.buffers()[2], np.uint8)[start : start + 16 * len(text)].reshape(-1, 16)
    word = np.zeros(len(text), np.uint64)
    for place in range(16):
        word = (word << np.uint64(4)) | _HEX[digits[:, place]]
    return word


def _mix(x: Array) -> Array:
    """Spread numbers over 64 bits, one to one.

    Source: the finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
    """
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))
