"""Which rows triage looks at, and which fields tell their operations apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from obskit.engine import Condition, Population, Scope
from obskit.errors import EmptySelection, InvalidArgument
from obskit.names import COLUMNS
from obskit.query.terms import per_row
from obskit.text import pluralize
from obskit.triage.outcomes import severities

WHERE_IT_RUNS = ("service.name", "k8s.deployment.name", "k8s.pod.name", "host.name")
WHAT_IT_DOES = ("name", "http.route", "rpc.method")
# Columns that often say what was done, where nobody has mapped them to `name`.
_LIKELY = ("operation", "endpoint", "route", "path", "url", "method", "action", "job", "component", "logger")
FEW = 0.05  # units among the rows, below which something may be wrong with `kind`


def keys_of(scope: Scope) -> list[str]:
    """Return the fields that tell operations apart: where it runs, and what it does.

    Raises:
        InvalidArgument: there are none.
    """
    names = scope.schema.names
    keys = [*[n for n in WHERE_IT_RUNS if n in names][:1], *[n for n in WHAT_IT_DOES if n in names][:1]]
    if not keys:
        raise InvalidArgument(
            f"nothing tells operations apart: no {', '.join(WHAT_IT_DOES)} or {' or '.join(WHERE_IT_RUNS)}",
            hint=f"{without_operations(scope)}; or say which column names what was done: "
            f"mapping={{'name': {_likely(scope.schema)!r}}}, on the command line --mapping FILE.json",
        )
    return keys


def without_operations(scope: Scope) -> str:
    """Return what to type instead of triage, for events that are no requests."""
    found = severities(scope)
    select = found[0]["select"] if found else "duration_ms > 500"
    if not found and "duration_ms" not in scope.schema.names:
        select = "CONDITION"
    return f'explain needs none: explain --select "{select}"'


def _likely(schema: pa.Schema) -> str:
    own: list[str] = [
        field.name for field in schema if field.name not in COLUMNS and pa.types.is_string(field.type)
    ]
    known = [name for word in _LIKELY for name in own if name.lower().rpartition(".")[2] == word]
    return (known or own or ["COLUMN"])[0]


@dataclass(frozen=True)
class Examined:
    """The rows that are looked at.

    Attributes:
        scope: of them.
        condition: what makes a row one of them, None where all are.
        first, last: their span of time.
        notes: what was left out.
    """

    scope: Scope
    condition: Condition | None
    first: datetime
    last: datetime
    notes: tuple[str, ...]


def population_of(scope: Scope, population: Population) -> Examined:
    """Return the units of work of a scope, or all its rows.

    Raises:
        InvalidArgument: no event of the dataset has a time.
        EmptySelection: the scope has no rows, or none of them has a time.
    """
    names = scope.schema.names
    if scope.dataset.span[0] is None or "timestamp" not in names:
        raise InvalidArgument(
            "triage compares earlier and later, and no event has a time", hint=without_operations(scope)
        )
    condition, why_not = scope.units()
    found = _counted(scope, condition)
    if not found["rows"]:
        raise EmptySelection("no event is left to compare", hint=_hint(scope))
    notes: tuple[str, ...]
    if population == "all":
        condition, notes = None, ("population: all rows",)
    elif why_not is not None:
        notes = (f"population: {why_not}",)
    elif not found["units"]:
        condition, notes = None, ("population: all rows, for none is a unit of work",)
    else:
        notes = (_left_out(found["rows"], found["units"]),)
        if found["units"] < FEW * found["rows"]:
            are = "is a unit" if found["units"] == 1 else "are units"
            notes += (
                f"only {found['units']:,} of {pluralize(found['rows'], 'row')} {are} of work: "
                "spans without kind; "
                'population="all" (--population all) looks at every span',
            )
    first, last = (found[end + ("_unit" if condition else "")] for end in ("first", "last"))
    if first is None:
        raise EmptySelection("none of these events has a time", hint=_hint(scope))
    return Examined(scope.narrow(condition), condition, first, last, notes)


def _left_out(rows: int, units: int) -> str:
    left = rows - units
    if not left:
        return "population: units of work, as all rows are"
    return f"population: units of work; {pluralize(left, 'other row is', 'other rows are')} left out"


def _hint(scope: Scope) -> str:
    if scope.where is None:
        return "the dataset is empty"
    return f"loosen the condition: {scope.where.text}"


def _counted(scope: Scope, condition: Condition | None) -> dict[str, Any]:
    def build(table: ir.Table) -> ir.Table:
        unit: Any = per_row(scope.condition(condition or "true").to_ibis(table), table).fill_null(False)
        time: Any = table["timestamp"]
        return table.aggregate(
            rows=table.count(),
            units=unit.ifelse(1, 0).sum().fill_null(0),
            first=time.min(),
            last=time.max(),
            first_unit=unit.ifelse(time, None).min(),
            last_unit=unit.ifelse(time, None).max(),
        )

    (row,) = scope.run(build).table.to_pylist()
    return dict(row)
