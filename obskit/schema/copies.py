"""Count rows that are exact copies of others: within a batch by value, across batches by a digest.

10:00:00  5 ms  span 1  /cart  ...
10:00:00  5 ms  span 2  /pay   ...      same time and duration, so the other columns are compared: no copy
10:00:01  7 ms  span 3  /cart  ...      no other row has this time and duration: no further look
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

COMPARED = 1_000_000
"""Rows of a load that are compared; later ones are not."""

_DISTINCT = ("span_id", "trace_id", "body", "client.address", "url.path", "timestamp", "duration_ms", "name")
_NESTED = 5_000  # rows of a batch that are equal except for lists and structs, and whose lists are compared


class Compared(NamedTuple):
    """A batch: its rows, the copies in it, whether it has span ids, and its digest if it has times.

    The copies are not counted in a batch with the digest of an earlier one.
    """

    rows: int
    copies: int
    with_ids: bool
    digest: str


class Copies:
    """Counts copies among the rows of a load.

    Attributes:
        rows: rows that are copies of another one.
        batches: how many batches were looked at.
        with_ids: whether any row may have a span id, so that copies cannot be chance.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.batches = 0
        self.with_ids = False
        self._seen: set[str] = set()
        self._found: list[Compared] = []
        self._compared = 0

    def add(self, batch: pa.RecordBatch, *, has_times: bool) -> None:
        """Look at a batch of events.

        Args:
            batch: events.
            has_times: whether any row has a timestamp; without times, equal batches may be chance.
        """
        if self._compared >= COMPARED or batch.num_rows < 2:
            return
        digest = hashlib.blake2b(batch.serialize(), digest_size=16).hexdigest() if has_times else ""
        copies = 0 if digest in self._seen else _copies(batch)
        self._count(Compared(batch.num_rows, copies, "span_id" in batch.schema.names, digest))

    def _count(self, found: Compared) -> None:
        self._found.append(found)
        self._compared += found.rows
        self.batches += 1
        if found.digest in self._seen:
            self.rows += found.rows
            return
        if found.digest:
            self._seen.add(found.digest)
        self.with_ids = self.with_ids or found.with_ids
        self.rows += found.copies

    def to_state(self) -> list[Compared]:
        """Return what was found batch by batch, which `absorb` reads."""
        return self._found

    def absorb(self, state: Sequence[Sequence[Any]]) -> None:
        """Add batches that come after all others so far.

        Args:
            state: what `to_state` returned for them.
        """
        for found in state:
            if self._compared < COMPARED:
                self._count(Compared(*found))


def _copies(batch: pa.RecordBatch) -> int:
    """Return how many rows of a batch are copies of another one.

    Each column splits groups of equal rows, and only rows that still have an equal are looked at again.
    Columns that tell most rows apart come first, so usually nothing is left after two or three of them.
    """
    rows = _equal_moments(batch)
    groups = np.zeros(len(rows), np.int64)
    first = [name for name in _DISTINCT if name in batch.schema.names]
    nested = []
    for name in (*first, *(name for name in batch.schema.names if name not in _DISTINCT)):
        if not len(rows):
            return 0
        column = batch.column(name)
        if pa.types.is_nested(column.type):
            nested.append(name)
        elif column.null_count < len(column):
            values = column.take(pa.array(rows)).dictionary_encode()
            codes = values.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            rows, groups = _with_equals(rows, groups * (len(rows) + 1) + codes)  # codes are -1 to len - 1
    if nested and len(rows):
        rows, groups = rows[:_NESTED], groups[:_NESTED]
        values = batch.select(nested).take(pa.array(rows)).to_pylist()
        _, codes = np.unique([repr(value) for value in values], return_inverse=True)
        rows, groups = _with_equals(rows, groups * (len(rows) + 1) + codes)
    return len(rows) - len(np.unique(groups))


def _with_equals(rows: Any, groups: Any) -> tuple[Any, Any]:
    """Return the rows that share their group with another row, and their groups."""
    _, groups, counts = np.unique(groups, return_inverse=True, return_counts=True)
    equal = counts[groups] > 1
    return rows[equal], groups[equal]


def _equal_moments(batch: pa.RecordBatch) -> Any:
    """Return the rows whose time and duration occur several times in a batch; none if it has neither."""
    keys = np.zeros(batch.num_rows, np.int64)
    found = False
    for name in ("timestamp", "duration_ms"):
        at = batch.schema.get_field_index(name)
        if at < 0 or batch.column(at).null_count == batch.num_rows:
            continue
        values = batch.column(at)
        if name == "timestamp":
            numbers = values.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
        else:
            numbers = values.fill_null(-1.0).to_numpy(zero_copy_only=False).view(np.int64)
        keys = keys * 1_000_003 + numbers
        found = True
    if not found:
        return np.empty(0, np.int64)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    same = keys[1:] == keys[:-1]
    repeated = np.zeros(len(keys), bool)
    repeated[1:] |= same
    repeated[:-1] |= same
    return np.sort(order[repeated])
