"""Draw a share of rows by a hash: whole traces, and the same ones each time."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

# A share is a number of millionths.
PARTS = 1_000_000
_IDENTITY = ("span_id", "timestamp", "duration_ms", "name")


def drawn(table: ir.Table, share: float, cluster: str | None = "trace_id") -> ir.BooleanValue:
    """Return which rows of a table are drawn.

    Args:
        table: the rows.
        share: about which share of them, in [0, 1].
        cluster: field whose equal values are drawn together; rows without a value are drawn one by one.

    Returns:
        A condition; the same rows are drawn from the same table in the same engine.
    """
    if share >= 1:
        return ibis.literal(True)
    key: Any = None
    if cluster is not None and cluster in table.columns:
        key = table[cluster].cast("string")
    own: Any = ibis.literal("")
    for name in [name for name in _IDENTITY if name in table.columns] or table.columns[:3]:
        own = own + "|" + table[name].cast("string").fill_null("")
    text: Any = own if key is None else ibis.coalesce(key, own)
    # A remainder has the sign of the number; hashes may be negative.
    lot: Any = ((text.hash() % PARTS) + PARTS) % PARTS
    return lot < max(round(share * PARTS), 1)
