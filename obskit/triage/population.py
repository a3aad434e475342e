"""Choose the rows that triage examines, and the fields that identify their operations."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from obskit.dataset import NO_TIME
from obskit.engine import Condition, Population, Scope, moment
from obskit.errors import EmptySelection, InvalidArgument
from obskit.names import COLUMNS
from obskit.text import pluralize
from obskit.triage.outcomes import severity_outcomes
from obskit.triage.row_set import RowSet

PLACE_FIELDS = ("service.name", "k8s.deployment.name", "k8s.pod.name", "host.name")
ACTION_FIELDS = ("name", "http.route", "rpc.method")
LOGGER = "code.namespace"  # the operation of log records without a service
# Columns that often name the operation, if none is mapped to `name`.
_LIKELY = ("operation", "endpoint", "route", "path", "url", "method", "action", "job", "component", "logger")
FEW_UNITS = 0.05  # share of units of work below which `kind` may be missing


def operation_fields(scope: Scope) -> list[str]:
    """Return the fields that identify operations: where it runs, and what it does.

    Args:
        scope: the events.

    Returns:
        One or two fields, such as `service.name` and `name`, or the logger of log records. None for
        log records that have a severity and nothing else: they are one operation.

    Raises:
        InvalidArgument: the events have none of these fields.
    """
    names = scope.schema.names
    keys = [*[n for n in PLACE_FIELDS if n in names][:1], *[n for n in ACTION_FIELDS if n in names][:1]]
    if not keys and LOGGER in names:
        return [LOGGER]
    if not keys and not _counts_severe_as_errors(scope):
        raise InvalidArgument(
            f"no field identifies operations: none of {', '.join([*ACTION_FIELDS, *PLACE_FIELDS])} exists",
            hint=f"{explain_hint(scope)}; or load with a mapping to the column that names operations: "
            f"{json.dumps({'name': _likely_operation_field(scope.schema)})} (mapping=, --mapping FILE.json)",
        )
    return keys


def _counts_severe_as_errors(scope: Scope) -> bool:
    """Return whether these are log records whose errors are those of severity ERROR or above.

    Where the source says itself that records are no errors, whatever their severity, triage would find none.
    """
    if "severity_number" not in scope.schema.names:
        return False
    marked = "error" in scope.schema.names and bool(_any_error(scope))
    return marked or not severity_outcomes(scope)


def _any_error(scope: Scope) -> Any:
    def build(table: ir.Table) -> ir.Table:
        error: Any = table["error"]
        return table.aggregate(found=error.any())

    return scope.run(build).table.to_pylist()[0]["found"]


def explain_hint(scope: Scope) -> str:
    """Return the hint to use `explain`, for events that triage cannot compare."""
    found = severity_outcomes(scope)
    select = found[0]["select"] if found else "duration_ms > 500"
    if not found and "duration_ms" not in scope.schema.names:
        select = "CONDITION"
    return f'use explain instead: explain --select "{select}"'


def _likely_operation_field(schema: pa.Schema) -> str:
    own: list[str] = [
        field.name for field in schema if field.name not in COLUMNS and pa.types.is_string(field.type)
    ]
    known = [name for word in _LIKELY for name in own if name.lower().rpartition(".")[2] == word]
    return (known or own or ["COLUMN"])[0]


@dataclass(frozen=True)
class ExaminedRows:
    """The rows that triage examines.

    Attributes:
        scope: the rows.
        condition: the condition of units of work; None if all rows are examined.
        first, last: the times of the first and the last row.
        notes: which rows these are, and how many are left out.
    """

    scope: Scope
    condition: Condition | None
    first: datetime
    last: datetime
    notes: tuple[str, ...]


def examine(scope: Scope, population: Population) -> ExaminedRows:
    """Return the rows of a scope that triage examines.

    Args:
        scope: the events.
        population: "units" for units of work (all rows, if none is one), or "all".

    Returns:
        The rows.

    Raises:
        InvalidArgument: no event of the dataset has a time.
        EmptySelection: the scope has no rows, or none of them has a time.
    """
    names = scope.schema.names
    if scope.dataset.span[0] is None or "timestamp" not in names:
        raise InvalidArgument(
            "triage compares events over time, but no event has a time", hint=explain_hint(scope)
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
        condition, notes = None, ("population: all rows, because none is a unit of work",)
    else:
        notes = (_left_out(found["rows"], found["units"]),)
        if found["units"] < FEW_UNITS * found["rows"]:
            are = "is a unit" if found["units"] == 1 else "are units"
            notes += (
                f"only {found['units']:,} of {pluralize(found['rows'], 'row')} {are} of work, so "
                'kinds may be missing; population="all" (--population all) includes every row',
            )
    first, last = (found[end + ("_unit" if condition else "")] for end in ("first", "last"))
    if first is None:
        raise EmptySelection("none of these events has a time", hint=_hint(scope))
    return ExaminedRows(scope.narrow(condition), condition, first, last, notes)


def _left_out(rows: int, units: int) -> str:
    left = rows - units
    if not left:
        return "population: units of work, which all rows are"
    return f"population: units of work; {pluralize(left, 'other row is', 'other rows are')} left out"


def _hint(scope: Scope) -> str:
    if scope.where is None:
        return "the dataset is empty"
    return f"loosen the condition: {scope.where.text}"


def _counted(scope: Scope, condition: Condition | None) -> dict[str, Any]:
    """Return how many rows and units there are, and the times of the first and the last of them."""
    rows = RowSet.of(scope)
    unit = np.ones(len(rows), bool) if condition is None else rows.true_of(condition)
    out: dict[str, Any] = {"rows": len(rows), "units": int(unit.sum())}
    known = rows.times != NO_TIME
    for end, times in (("", rows.times[known]), ("_unit", rows.times[known & unit])):
        out["first" + end] = moment(int(times.min())) if len(times) else None
        out["last" + end] = moment(int(times.max())) if len(times) else None
    return out
