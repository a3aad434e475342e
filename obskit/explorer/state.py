"""What the Explorer shows, as a value: each click makes a new one, and the code that reproduces it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from obskit.engine import Window, format_condition, quote_name
from obskit.explain import ExplainOptions
from obskit.explorer.brush import Axis, Brush

BINS = (200, 60)
# Where few events would lie scattered over the finer grid.
COARSE = (100, 40)
GROUPS = 12


@dataclass(frozen=True)
class State:
    """A question put with the mouse.

    Attributes:
        x, y: the axes.
        where: the narrowing the Explorer was opened with, or None.
        steps: conditions that clicks added, in order.
        brush: the box, or None.
        compare: "rest" (everything outside the box) or "time" (others in the same time, and history).
        group: the field a table is grouped by, or None.
        options: how to explain the box.
        until: from where on slow events may not have arrived yet (microseconds); None where that is unknown.
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
        """All that the events are narrowed by."""
        return (self.where, *self.steps) if self.where else self.steps

    @property
    def selection(self) -> str | None:
        """The box as a condition, None without one."""
        return None if self.brush is None else self.brush.condition(self.x, self.y)

    def narrow(self, condition: str) -> State:
        """Return the state with one more step; the same one twice is one."""
        return self if condition in self.steps else dataclasses.replace(self, steps=(*self.steps, condition))

    def undo(self, step: int) -> State:
        """Return the state without one of its steps."""
        kept = tuple(text for index, text in enumerate(self.steps) if index != step)
        return dataclasses.replace(self, steps=kept)

    def question(self) -> tuple[str, ExplainOptions] | None:
        """Return the selection and the arguments of `explain`; None where nothing is selected.

        With "time", the sides in time become `during` and the others the outcome; a box that is open to
        both sides in one of them leaves no choice but the rest. The newest stretch is left out, for its slow
        events may still be missing, unless the box lies in it.
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
        """Return what the table of groups counts."""
        name = quote_name(self.y.field)
        counted = ["count() as events"]
        if self.selection is not None:
            counted.append(f"count({self.selection}) as selected")
        return (*counted, f"p50({name}) as p50", f"p99({name}) as p99")

    def code(self, opening: str, units: str | None = None, bins: tuple[int, int] = BINS) -> str:
        """Return the lines of Python that reproduce what is shown, for a cell of a notebook.

        Args:
            opening: the lines that make `events`.
            units: the condition that picks the events drawn, where those are not all.
            bins: of the heatmap.
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
    """Return the condition of the events for which all items hold."""
    return format_condition(items)


def without(items: Sequence[Mapping[str, Any]]) -> str:
    """Return the condition of the events for which not all items hold, those without the field among them.

    In SQL `not (a = 1)` is unknown where a is missing, which would drop more than what was excluded.
    """
    known = [item for item in items if item["op"] != "missing"]
    missing = [f"{quote_name(str(item['field']))} is null" for item in known]
    return " or ".join([f"not ({format_condition(items)})", *dict.fromkeys(missing)])
