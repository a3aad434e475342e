"""Write whole traces to a file, with the traces that span links connect with them where asked."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from obskit.engine import Condition, Scope, format_condition
from obskit.errors import InvalidArgument
from obskit.text import pluralize
from obskit.traces.rows import take_rows
from obskit.traces.select import traces_where
from obskit.traces.spans import spans_of
from obskit.writers import Written, write

MOST_LINKED = 10_000
"""Traces that are written only because links lead to them."""


def write_traces(
    scope: Scope,
    condition: Condition | None,
    whole: str | None,
    out: str,
    format: str | None,
    linked: bool,
    progress: Any,
) -> Written:
    """Write all rows of the traces that have a row with a condition.

    Args:
        scope: the events; its own `where` is part of `condition`.
        condition: on one row of a trace; None for all traces.
        whole: the condition for all rows of these traces, as text; None for all traces.
        out: a new file, or a new folder for a Dataset.
        format: as in `write`.
        linked: whether to write the traces that links connect with these, too, in any number of steps.
        progress: called as (what, done, total).

    Returns:
        Written; a note says how many linked traces there are.

    Raises:
        InvalidArgument: the file already exists, the format is unknown, or too many traces are linked.
        EmptySelection: there are no traces.
        StorageFull: the disk is full; nothing is left behind.
    """
    text = whole or "trace_id is not null"
    ids = _linked_ids(scope, condition) if linked and condition is not None else []
    if len(ids) > MOST_LINKED:
        raise InvalidArgument(
            f"links connect the traces with {len(ids):,} others, and at most {MOST_LINKED:,} can be added",
            hint="write fewer traces with a narrower where= (--where), or leave out linked=True (--linked)",
        )
    if ids:
        text = f"({text}) or {format_condition([{'field': 'trace_id', 'op': 'in', 'values': ids}])}"
    chosen = dataclasses.replace(scope, where=None).narrow(text)
    written = write(chosen, out, format=format, progress=progress)
    if not linked:
        return written
    note = f"{pluralize(len(ids), 'trace')} added that links connect with the others"
    return dataclasses.replace(written, notes=(*written.notes, note))


def _linked_ids(scope: Scope, condition: Condition) -> list[str]:
    """Return the ids of the other traces that links connect with those that have a row with a condition."""
    alone, joined = spans_of(scope.dataset), spans_of(scope.dataset, linked=True)
    own = traces_where(scope, alone, condition)
    connected = traces_where(scope, joined, condition)
    others = np.zeros(alone.traces + 1, bool)
    others[alone.trace[connected[joined.trace]]] = True
    at = np.flatnonzero(others & ~own)
    ids: list[str] = take_rows(scope.dataset, alone.first_row[at], ["trace_id"])["trace_id"]
    return ids
