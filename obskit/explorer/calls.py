"""The calls of `Events` that answer a state: the Explorer runs them, and the code that it shows has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from obskit.engine import quote_name
from obskit.explorer.brush import Axis
from obskit.explorer.state import InvestigationState
from obskit.names import TEMPLATE
from obskit.query.axes import SEVERITY

BINS = (200, 60)
GROUPS = 20
LINES = 5  # groups that have a line of their own over time
MESSAGES = 100
PAGE = 100
EXAMPLES = 6
_WIDE = 88  # characters of a line of code


@dataclass(frozen=True)
class Call:
    """One call, such as `groups = events.where(units).query(...)`.

    Attributes:
        name: the variable that holds the result in the code.
        verb: the method of `Events`.
        given: its positional arguments.
        options: its keyword arguments.
        units: whether it is about the events that are drawn, instead of all that the conditions leave.
        where: a further condition, or None.
    """

    name: str
    verb: str
    given: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    units: bool = True
    where: str | None = None

    def run(self, events: Any, units: str | None) -> Any:
        """Return what the call returns.

        Args:
            events: the events, narrowed by the conditions of the state.
            units: condition of the events that are drawn; None if all are.
        Returns:
            The result.
        """
        for condition in (units if self.units else None, self.where):
            events = events if condition is None else events.where(condition)
        return getattr(events, self.verb)(*self.given, **self.options)

    def text(self, units: str | None) -> str:
        """Return the call as a line of Python, or several; it uses the variables `events` and `units`."""
        of = "events.where(units)" if self.units and units is not None else "events"
        of += f".where({self.where!r})" if self.where is not None else ""
        parts = [*map(repr, self.given), *(f"{name}={value!r}" for name, value in self.options.items())]
        line = f"{self.name} = {of}.{self.verb}({', '.join(parts)})"
        if len(line) <= _WIDE:
            return line
        return f"{self.name} = {of}.{self.verb}(\n" + "".join(f"    {part},\n" for part in parts) + ")"


def heatmap(state: InvestigationState, bins: tuple[int, int]) -> Call:
    """Return the call of the picture."""
    return Call("picture", "heatmap", options={"x": state.x.field, "y": state.y.field, "bins": bins})


def strip(state: InvestigationState, every: str, errors: bool) -> Call:
    """Return the call of the lines over time: rate, share of errors, percentiles."""
    name = quote_name(state.y.field)
    asked = ["rate() as rate", *(["share(error) as errors"] if errors else [])]
    if state.y.field != SEVERITY:
        asked += [f"p50({name}) as p50", f"p99({name}) as p99"]
    return Call("over_time", "query", tuple(asked), {"every": every})


def lines(state: InvestigationState, every: str) -> Call:
    """Return the call of one line over time for each of the largest groups."""
    name = quote_name(state.y.field)
    asked = (
        ("count() as events",) if state.y.field == SEVERITY else ("count() as events", f"p99({name}) as p99")
    )
    options = {"by": [state.group], "every": every, "order": "events desc", "limit": LINES}
    return Call("by_group", "query", asked, options)


def measures(y: Axis, errors: bool) -> list[tuple[str, str, str]]:
    """Return what is calculated for a group beside its counts, as (calculation, column, heading)."""
    name = quote_name(y.field)
    found = [("share(error) as errors", "errors", "errors")] if errors else []
    if y.field == SEVERITY:  # a percentile of levels says little
        return [
            (f"share({name} >= 13) as warnings", "warnings", "WARN or above"),
            (f"share({name} >= 17) as severe", "severe", "ERROR or above"),
        ]
    unit = " (ms)" if y.field == "duration_ms" else f" {y.field}"
    return [
        *found,
        (f"p50({name}) as p50", "p50", f"p50{unit}"),
        (f"p99({name}) as p99", "p99", f"p99{unit}"),
    ]


def groups(state: InvestigationState, errors: bool) -> Call:
    """Return the call of the table of groups."""
    counted = ["count() as events"]
    if state.selection is not None:
        counted.append(f"count({state.selection}) as selected")
    asked = (*counted, *(calculation for calculation, _, _ in measures(state.y, errors)))
    return Call("groups", "query", asked, {"by": [state.group], "order": "events desc", "limit": GROUPS})


def group_counts(state: InvestigationState, every: str) -> Call:
    """Return the call of the counts of each group over time."""
    options = {"by": [state.group], "every": every, "order": "events desc", "limit": GROUPS}
    return Call("counts", "query", ("count() as events",), options)


def messages(state: InvestigationState) -> Call:
    """Return the call of the table of messages, by template. It counts all events, not only units of work."""
    inside = message_selection(state)
    asked = ["count() as events", *([f"count({inside}) as selected"] if inside else [])]
    order = "selected desc, events desc" if inside else "events desc"
    where = f"{quote_name(TEMPLATE)} is not null"
    options = {"by": [TEMPLATE], "order": order, "limit": MESSAGES}
    return Call("messages", "query", tuple(asked), options, units=False, where=where)


def message_selection(state: InvestigationState) -> str | None:
    """Return the part of the box that log records can be in: its time, and its severity if that is drawn."""
    brush = state.brush
    if brush is None:
        return None
    parts = [state.x.condition(brush.x0, brush.x1)] if state.x.time else []
    if state.y.field == SEVERITY:
        parts.append(state.y.condition(brush.y0, brush.y1))
    return " and ".join(filter(None, parts)) or None


def rows(state: InvestigationState, columns: list[str], offset: int = 0) -> Call:
    """Return the call of a page of rows: of the selection, or of all events that are drawn."""
    selected = sides(state)[0]
    options: dict[str, Any] = {"order": state.order} if state.order else {}
    options["limit"] = PAGE
    if offset:
        options["offset"] = offset
    return Call("rows", "rows", (columns,), options, where=selected)


def fields(state: InvestigationState) -> Call | None:
    """Return the call of the distributions of all fields; None without a box."""
    question = state.question()
    if question is None:
        return None
    selection, options = question
    # These are about combinations of conditions, of which distributions have none.
    given = {
        name: value
        for name, value in options.changed().items()
        if name not in ("depth", "thorough", "history")
    }
    return Call("fields", "distributions", (selection,), given, units=False)


def examples(state: InvestigationState) -> list[Call]:
    """Return the calls of a few events of the selection and of the baseline, drawn at random."""
    selected, baseline = sides(state)
    found = [Call("selected_examples", "sample", (EXAMPLES,), where=selected)]
    if baseline is not None:
        found.append(Call("baseline_examples", "sample", (EXAMPLES,), where=baseline))
    return found


def trace(state: InvestigationState) -> tuple[Call, ...]:
    """Return the call of the trace that is open, with the one that it is compared with; none without one."""
    options = {} if state.beside is None else {"beside": state.beside}
    return (Call("trace", "trace", (state.trace,), options, units=False),) if state.trace else ()


def sides(state: InvestigationState) -> tuple[str | None, str | None]:
    """Return the conditions of the selection and of the baseline; None without a box."""
    question = state.question()
    if question is None:
        return None, None
    selection, options = question
    common = [options.where, _during(state, options.during)]
    baseline = options.baseline if options.baseline is not None else f"not ({selection})"
    return _all([selection, *common]), _all([str(baseline), *common])


def _during(state: InvestigationState, during: Any) -> str | None:
    """Return `during` of a question as a condition; the Explorer writes a window or a condition."""
    brush = state.brush
    if during is None:
        return None
    if state.options.during is None and brush is not None:
        return state.x.condition(brush.x0, brush.x1)
    return str(during)


def _all(conditions: list[str | None]) -> str:
    known = list(dict.fromkeys(filter(None, conditions)))
    return known[0] if len(known) == 1 else " and ".join(f"({text})" for text in known)
