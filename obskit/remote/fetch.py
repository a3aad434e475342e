"""Bring rows of a table elsewhere to this machine: all of them, or whole traces drawn by a hash."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis
import pyarrow as pa

from obskit.dataset import from_arrow
from obskit.engine import Scope, drawn
from obskit.errors import EmptySelection, InvalidArgument
from obskit.query.terms import has_weight
from obskit.text import pluralize

MOST_ROWS = 500_000
WEIGHT = "sample_weight"


@dataclass(frozen=True)
class Fetched:
    """Rows on this machine.

    Attributes:
        scope: all of them, with a note that says which rows they are.
        share: the share of the traces that was drawn; 1 where all rows are here.
        rows: how many rows there are in the table.
    """

    scope: Scope
    share: float
    rows: int


def fetch(scope: Scope, most: int = MOST_ROWS) -> Fetched:
    """Fetch the rows of a scope.

    Args:
        scope: rows of a table elsewhere.
        most: about so many rows; of more, whole traces are drawn by a hash of the trace id.

    Returns:
        The rows; each of a drawn trace has a sample weight that says how many it represents.

    Raises:
        EmptySelection: there are no rows.
        InvalidArgument: `most` is not a whole number of at least 1,000.
        ConditionError, RemoteError: the statement fails.

    Cost: one statement; about 100 bytes per row and ten fields in memory, and as much in the cache.
    """
    return _fetch(scope, most, lambda table: table)


def fetch_traces(scope: Scope, most: int = MOST_ROWS) -> Fetched:
    """Fetch every row of the traces that have a row in a scope; takes and raises what `fetch` does."""
    if scope.where is None or "trace_id" not in scope.schema.names:
        return _fetch(scope, most, lambda table: table)
    matching = scope.table.select("trace_id").filter(ibis._["trace_id"].notnull()).distinct()
    whole = dataclasses.replace(scope, where=None)
    return _fetch(whole, most, lambda table: table.semi_join(matching, "trace_id"))


def _fetch(scope: Scope, most: int, narrow: Callable[[Any], Any]) -> Fetched:
    if not isinstance(most, int) or isinstance(most, bool) or most < 1_000:
        raise InvalidArgument(
            f"rows must be a whole number of at least 1,000, got {most!r}", hint="for example rows=500_000"
        )
    rows = scope.run(lambda table: narrow(table).aggregate(rows=ibis._.count())).table.column(0)[0].as_py()
    if not rows:
        raise EmptySelection("there are no rows to fetch", hint="widen the condition")
    share = min(1.0, most / rows)

    def build(table: Any) -> Any:
        picked = narrow(table)
        picked = picked.filter(drawn(picked, share)) if share < 1 else picked
        if share < 1:
            own: Any = ibis.literal(1.0)
            if WEIGHT in picked.columns:
                own = has_weight(picked).ifelse(picked[WEIGHT], 1.0)
            picked = picked.mutate(**{WEIGHT: own / share})
        return picked

    output = scope.run(build)
    found = output.table
    if not found.num_rows:
        raise EmptySelection(
            "the sample of the rows is empty", hint="fetch more rows: events.fetch(rows=...)"
        )
    local = local_scope(found)
    if share < 1:
        note = (
            f"from a sample of whole traces, {share:.3g} of all: {found.num_rows:,} of {rows:,} rows of "
            f"{scope.dataset.described}; counts are estimates"
        )
    else:
        note = f"from {pluralize(found.num_rows, 'row')} fetched from {scope.dataset.described}"
    return Fetched(dataclasses.replace(local, notes=(*scope.notes, note), sampled=share < 1), share, rows)


def local_scope(table: pa.Table) -> Scope:
    """Return rows in memory as a scope on this machine, in order of time."""
    if "timestamp" in table.schema.names:
        table = table.sort_by("timestamp")
    return Scope.of(from_arrow(table))
