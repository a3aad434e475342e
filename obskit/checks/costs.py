"""Cost as a fitness function: how much telemetry a service writes per unit of work, and whether it grows.

    [[cost]]
    name = "telemetry"
    where = "service.name != 'batch'"
    window = "7d"
    events_per_unit = 12         # at most so many rows per unit of work
    bytes_per_unit = 20000       # of values, before compression
    fields_per_event = 80        # that have a value
    growth = 1.25                # events per unit in the later half, divided by the earlier half

Rows are counted as they are stored, without weights: what is paid for. A service without a unit of work has
no figure per unit. Bytes are those of the values: text as UTF-8, 8 for a number or a time, 1 for a boolean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa

from obskit.checks.events_in import last
from obskit.checks.options import Options
from obskit.checks.outcome import Outcome, Word, bound_text, within
from obskit.display import formatting
from obskit.engine import Scope
from obskit.text import pluralize

MEASURES = ("events_per_unit", "bytes_per_unit", "fields_per_event", "growth")
KEYS = ("where", "by", "window", "at_least", *MEASURES)
_LABELS = {
    "events_per_unit": "events per unit of work",
    "bytes_per_unit": "bytes per unit of work",
    "fields_per_event": "fields per event",
    "growth": "growth of events per unit",
}


@ibis.udf.scalar.builtin(name="strlen", signature=((dt.string,), dt.int64))  # type: ignore[untyped-decorator]
def _bytes_of(text: str) -> int:
    """Return the bytes of a text; DuckDB computes it."""
    raise NotImplementedError


@dataclass(frozen=True)
class Cost:
    """Bounds on how much telemetry each service writes.

    Attributes:
        name: its name.
        where: which events; None for all.
        by: the field of the service.
        window: over how long before the newest event; None for all of the time.
        most: measure -> its upper bound.
        at_least: services with fewer units of work have no data.
    """

    name: str
    where: str | None
    by: str
    window: timedelta | None
    most: Mapping[str, float]
    at_least: float

    def run(self, scope: Scope) -> Sequence[Outcome]:
        """Return the outcome of each service and measure.

        Args:
            scope: the events.

        Returns:
            The outcomes, services with the most units first; one without data if there is no event.

        Raises:
            ConditionError, UnknownField, UnknownFunction: the condition is not valid.

        Cost: one statement that reads all fields.
        """
        events = last(scope.narrow(self.where), self.window)
        by = events.resolve(self.by)
        found = _measure(events, by)
        outcomes = [self._outcome(row, measure, most) for row in found for measure, most in self.most.items()]
        return outcomes or [
            Outcome(self.name, "cost", "", "no data", "", "", "There is no data: no event is in the window.")
        ]

    def _outcome(self, row: Mapping[str, Any], measure: str, most: float) -> Outcome:
        item, value = str(row["by"]), row[measure]
        label, bound = _LABELS[measure], bound_text(None, most)
        needs_units = measure != "fields_per_event"
        enough = not needs_units or row["units"] >= max(1, self.at_least)
        numbers = {
            "measure": measure,
            "value": value,
            "max": most,
            "units": row["units"],
            "events": row["events"],
        }
        if value is None or not enough:
            why = f"{item} has {pluralize(row['units'], 'unit')} of work"
            if measure == "growth" and enough:
                why += ", but not in both halves of the window"
            sentence = f"There is no data on {label}: {why}."
            return Outcome(self.name, "cost", f"{item}, {label}", "no data", "", bound, sentence, numbers)
        word: Word = "ok" if within(value, None, most) else "violated"
        shown = formatting.number(value)
        units = pluralize(row["units"], "unit")
        sentence = (
            f"{item} writes {pluralize(row['events'], 'event')} for {units} of work: "
            f"{label} is {shown}; it must be {bound}."
        )
        return Outcome(self.name, "cost", f"{item}, {label}", word, shown, bound, sentence, numbers)


def _measure(events: Scope, by: str) -> list[dict[str, Any]]:
    """Return the measures of each service, those with the most units of work first."""
    units, _ = Scope(events.dataset, events.engine).units()
    begin, end = _middle(events)

    def build(table: ir.Table) -> ir.Table:
        is_unit = ibis.literal(True) if units is None else units.to_ibis(table).fill_null(False)
        later = table["timestamp"] > end if end is not None else ibis.literal(None, type="boolean")
        fields, size = _fields_and_bytes(table, events.dataset.schema)
        one = table.select(by=table[by].cast("string"), unit=is_unit, later=later, fields=fields, size=size)
        return one.group_by("by").aggregate(
            events=one.count(),
            units=one.unit.cast("int64").sum(),
            fields=one.fields.sum().cast("int64"),
            size=one["size"].sum().cast("int64"),
            later_events=one.later.cast("int64").sum(),
            later_units=(one.later & one.unit).cast("int64").sum(),
        )

    rows = events.run(build).table.to_pylist()
    measured = [_ratios(row, has_halves=begin is not None) for row in rows]
    return sorted(measured, key=lambda row: (-row["units"], -row["events"], str(row["by"])))


def _ratios(row: Mapping[str, Any], *, has_halves: bool) -> dict[str, Any]:
    events, units = int(row["events"]), int(row["units"] or 0)
    later_events, later_units = int(row["later_events"] or 0), int(row["later_units"] or 0)
    earlier_events, earlier_units = events - later_events, units - later_units
    growth = None
    if has_halves and later_units and earlier_units and earlier_events:
        growth = (later_events / later_units) / (earlier_events / earlier_units)
    return {
        "by": "(missing)" if row["by"] is None else row["by"],
        "events": events,
        "units": units,
        "events_per_unit": events / units if units else None,
        "bytes_per_unit": int(row["size"] or 0) / units if units else None,
        "fields_per_event": int(row["fields"] or 0) / events if events else None,
        "growth": growth,
    }


def _middle(events: Scope) -> tuple[Any, Any]:
    """Return the begin and the middle of the time of the events; None if they have no time."""
    _, first, newest = events.extent
    if first is None or newest is None or newest <= first:
        return None, None
    return first, first + (newest - first) / 2


def _fields_and_bytes(table: ir.Table, schema: pa.Schema) -> tuple[ir.Value, ir.Value]:
    """Return how many fields of a row have a value, and how many bytes the values have."""
    fields: ir.Value = ibis.literal(0, type="int64")
    size: ir.Value = ibis.literal(0, type="int64")
    for field in schema:
        column = table[field.name]
        there = column.notnull().cast("int64")
        fields += there
        if pa.types.is_string(field.type):
            size += _bytes_of(column).fill_null(0)
        elif pa.types.is_boolean(field.type):
            size += there
        elif pa.types.is_nested(field.type):
            size += _bytes_of(column.cast("string")).fill_null(0)
        else:
            size += there * 8
    return fields, size


def parse(options: Options) -> Cost:
    """Return a cost from its entry in the file; raises InvalidArgument."""
    options.only(KEYS)
    most = {name: found for name in MEASURES if (found := options.number(name)) is not None}
    if not most:
        raise options.error("it has no bound", f"give one of {', '.join(MEASURES)}")
    return Cost(
        options.name,
        options.text("where"),
        str(options.text("by", "service.name")),
        options.length("window"),
        most,
        options.number("at_least", 1) or 0,
    )
