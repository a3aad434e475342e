"""What the Explorer shows, as a value, and the code that reproduces it. Each click makes a new value."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from obskit.engine import Window, format_condition, quote_name
from obskit.explain import ExplainOptions
from obskit.explorer.brush import Axis, Brush
from obskit.query.axes import SEVERITY

BINS = (200, 60)
# For few events, which would be scattered over the finer grid.
COARSE = (100, 40)
GROUPS = 12


@dataclass(frozen=True)
class State:
    """What the Explorer shows and asks.

    Attributes:
        x, y: the axes.
        where: the condition that the Explorer was opened with, or None.
        steps: conditions that clicks added, in order.
        brush: the box, or None.
        compare: "rest" (compare with everything outside the box) or "time" (with other events in the same
            time, and with history).
        group: the field by which events are grouped in a table, or None.
        options: how to explain the box.
        until: time from which slow events may not have arrived yet, in microseconds; None if unknown.
    """

    x: Axis
    y: Axis
    where: str | None = None
    steps: tuple[str, ...] = ()
    brush: Brush | None = None
    compare: str = "rest"
    group: str | None = None
    options: ExplainOptions = field(default_factory=ExplainOptions)
    until: float | None = None

    @property
    def conditions(self) -> tuple[str, ...]:
        """All conditions that narrow the events."""
        return (self.where, *self.steps) if self.where else self.steps

    @property
    def selection(self) -> str | None:
        """The box as a condition, None without one."""
        return None if self.brush is None else self.brush.condition(self.x, self.y)

    def narrow(self, condition: str) -> State:
        """Return the state with one more step; a step that is there already is not added again."""
        return self if condition in self.steps else dataclasses.replace(self, steps=(*self.steps, condition))

    def undo(self, step: int) -> State:
        """Return the state without one of its steps."""
        kept = tuple(text for index, text in enumerate(self.steps) if index != step)
        return dataclasses.replace(self, steps=kept)

    def question(self) -> tuple[str, ExplainOptions] | None:
        """Return the selection and the options of `explain`; None where nothing is selected.

        With "time", the sides in time become `during` and the other sides the outcome. A box that has no side
        in one of them is compared with the rest. The newest stretch, whose slow events may not have arrived
        yet, is left out unless the whole box is in it.
        """
        selection, brush = self.selection, self.brush
        if selection is None or brush is None:
            return None
        options = self.options
        overlaps = self.until is not None and (brush.x0 is None or brush.x0 < self.until)
        if overlaps and options.where is None:
            options = dataclasses.replace(options, where=self.x.condition(None, self.until))
        outcome = self.y.condition(brush.y0, brush.y1)
        bounded = brush.x0 is not None or brush.x1 is not None
        if self.compare == "time" and self.x.time and outcome is not None and bounded:
            start, end = (None if side is None else round(side) for side in (brush.x0, brush.x1))
            of_start = self.x.field == "timestamp"  # a window is of when events began
            during = str(Window(start, end)) if of_start else self.x.condition(start, end)
            return outcome, dataclasses.replace(options, during=during)
        return selection, options

    def calculations(self) -> tuple[str, ...]:
        """Return the calculations of the table of groups."""
        name = quote_name(self.y.field)
        counted = ["count() as events"]
        if self.selection is not None:
            counted.append(f"count({self.selection}) as selected")
        if self.y.field == SEVERITY:  # a percentile of levels says little
            return (
                *counted,
                f"share({name} >= 13) as warnings",
                f"share({name} >= 17) as errors",
            )
        return (*counted, f"p50({name}) as p50", f"p99({name}) as p99")

    @property
    def measures(self) -> tuple[tuple[str, str], ...]:
        """The calculations next to the numbers of events, as (column, heading)."""
        if self.y.field == SEVERITY:
            return ("warnings", "WARN or above"), ("errors", "ERROR or above")
        return ("p50", f"p50 {self.y.field}"), ("p99", f"p99 {self.y.field}")

    def code(self, opening: str, units: str | None = None, bins: tuple[int, int] = BINS) -> str:
        """Return the lines of Python that reproduce what is shown, for a cell of a notebook.

        Args:
            opening: the lines that make `events`.
            units: the condition of the events that are drawn; None if all are.
            bins: number of bins of the heatmap along x and y.
        Returns:
            Python source.
        """
        lines = ["import obskit as ok", "", opening]
        lines += [f"events = events.where({condition!r})" for condition in self.conditions]
        lines += ["", f"units = {units!r}"] if units else [""]
        drawn = "events.where(units)" if units else "events"
        lines.append(f"picture = {drawn}.heatmap(x={self.x.field!r}, y={self.y.field!r}, bins={bins})")
        shown = ["picture.plot()"]
        question = self.question()
        if question is not None:
            selection, options = question
            given = "".join(f",\n    {name}={value!r}" for name, value in options.changed().items())
            lines.append(f"found = events.explain(\n    {selection!r}{given},\n)")
            shown.append("found")
        if self.group is not None:
            calls = "".join(f"    {text!r},\n" for text in self.calculations())
            more = f"    by=[{self.group!r}],\n    order='events desc',\n    limit={GROUPS},\n"
            lines.append(f"groups = {drawn}.query(\n{calls}{more})")
            shown.append("groups")
        return "\n".join([*lines, f"display({', '.join(shown)})"])


def only(items: Sequence[Mapping[str, Any]]) -> str:
    """Return the condition of the events that meet all items."""
    return format_condition(items)


def without(items: Sequence[Mapping[str, Any]]) -> str:
    """Return the condition of the events that don't meet all items, including those without the field.

    In SQL, `not (a = 1)` is null where a is missing. Without a part for missing values, excluding one value
    would also drop the events that have none.

    Args:
        items: conditions as findings carry them.
    Returns:
        A condition; every event meets either this one or that of `only`.
    """
    known = [item for item in items if item["op"] != "missing"]
    missing = [f"{quote_name(str(item['field']))} is null" for item in known]
    return " or ".join([f"not ({format_condition(items)})", *dict.fromkeys(missing)])
