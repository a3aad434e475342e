"""What the Explorer shows and asks, as one frozen value. Each click makes a new one; nothing else changes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from obskit.engine import Window, quote_name
from obskit.errors import InvalidArgument
from obskit.explain import ExplainOptions
from obskit.explorer.brush import Axis, Brush

COMPARE = {
    "rest": "everything outside the box",
    "time": "other events in the same time",
    "earlier": "the same box, any time before",
    "week": "the same box, a week before",
}
TABS = ("difference", "fields", "group", "messages", "rows", "traces")
ZONES = ("utc", "local")
WEEK = 7 * 86_400_000_000  # microseconds


@dataclass(frozen=True)
class InvestigationState:
    """What the Explorer shows and asks.

    Attributes:
        x, y: the axes.
        where: the condition that the Explorer was opened with, or None.
        operation: condition of the operation that was picked, or None.
        steps: conditions that were typed or clicked, in order.
        window: (start, end) of the time that is shown, in microseconds; None is open, and None for all.
        brush: the box, or None.
        compare: what the box is compared with, a key of `COMPARE`.
        tab: the tab that is open, one of `TABS`.
        group: the field of the tab of groups, or None.
        columns: the fields of the tab of rows; none for those that matter most.
        order: how rows are sorted, such as "duration_ms desc"; None is by time.
        trace: the id of the trace that is open, or None.
        beside: the id of the trace that it is compared with, or None.
        zone: "utc" or "local"; how the page shows times.
        options: how to explain the box.
        until: time from which slow events may not have arrived yet, in microseconds; None if unknown.
    """

    x: Axis
    y: Axis
    where: str | None = None
    operation: str | None = None
    steps: tuple[str, ...] = ()
    window: tuple[int | None, int | None] | None = None
    brush: Brush | None = None
    compare: str = "rest"
    tab: str = "difference"
    group: str | None = None
    columns: tuple[str, ...] = ()
    order: str | None = None
    trace: str | None = None
    beside: str | None = None
    zone: str = "utc"
    options: ExplainOptions = field(default_factory=ExplainOptions)
    until: float | None = None

    @property
    def between(self) -> str | None:
        """The time that is shown as a condition, None for all of it."""
        return None if self.window is None else self.x.condition(*self.window)

    @property
    def conditions(self) -> tuple[str, ...]:
        """All conditions that narrow the events."""
        return tuple(filter(None, (self.where, self.operation, *self.steps, self.between)))

    @property
    def selection(self) -> str | None:
        """The box as a condition, None without one."""
        return None if self.brush is None else self.brush.condition(self.x, self.y)

    @property
    def selects_slow(self) -> bool:
        """Whether the box is about long durations."""
        brush = self.brush
        return (
            brush is not None and self.y.field == "duration_ms" and brush.y0 is not None and not brush.errors
        )

    @property
    def selects_time(self) -> bool:
        """Whether the box is everything in a stretch of time, whatever its outcome."""
        return (
            self.x.time
            and self.selection is not None
            and self.brush is not None
            and not self.brush.outcome(self.y)
        )

    # Transitions: each returns a new state.

    def narrow(self, condition: str, replacing: int | None = None) -> InvestigationState:
        """Return the state with one more step, or with one that replaces another.

        Args:
            condition: the step; one that is there already is not added again.
            replacing: the place of the step that it replaces, or None.
        Returns:
            A new state, or this one.
        """
        steps = list(self.steps)
        if replacing is not None and 0 <= replacing < len(steps):
            steps[replacing] = condition
        else:
            steps.append(condition)
        return dataclasses.replace(self, steps=tuple(dict.fromkeys(steps)))

    def remove(self, step: int) -> InvestigationState:
        """Return the state without one of its steps."""
        kept = tuple(text for index, text in enumerate(self.steps) if index != step)
        return dataclasses.replace(self, steps=kept)

    def zoom(self, window: tuple[int | None, int | None] | None) -> InvestigationState:
        """Return the state that shows a window of time only.

        Args:
            window: (start, end) in microseconds; None shows all of the time.
        Returns:
            A new state.
        Raises:
            InvalidArgument: the horizontal axis is not a time.
        """
        if not self.x.time:
            raise InvalidArgument(
                f"the horizontal axis is {self.x.field}, which is not a time",
                hint=f"narrow it in the filter line: {quote_name(self.x.field)} > ...",
            )
        return dataclasses.replace(self, window=window if window not in (None, (None, None)) else None)

    def zoom_to_box(self) -> InvestigationState:
        """Return the state that shows the time of the box; the box keeps its other sides.

        Returns:
            A new state.
        Raises:
            InvalidArgument: no side of the box is a time.
        """
        brush = self.brush
        if brush is None or not self.x.time or (brush.x0 is None and brush.x1 is None):
            raise InvalidArgument(
                "there is no box with a beginning or an end in time", hint="draw a box, then zoom in"
            )
        old = self.window or (None, None)
        window = tuple(
            given if side is None else round(side)
            for side, given in zip((brush.x0, brush.x1), old, strict=True)
        )
        rest = dataclasses.replace(brush, x0=None, x1=None)
        kept = rest if rest.outcome(self.y) is not None else None
        return dataclasses.replace(self.zoom((window[0], window[1])), brush=kept)

    def turn(self, y: Axis) -> InvestigationState:
        """Return the state with another vertical axis; the box keeps its time and that it is of errors."""
        brush = self.brush and dataclasses.replace(self.brush, y0=None, y1=None)
        kept = brush if brush and brush.condition(self.x, y) is not None else None
        return dataclasses.replace(self, y=y, brush=kept)

    def with_choice(self, **chosen: Any) -> InvestigationState:
        """Return the state with other choices.

        Args:
            **chosen: attributes whose values come from a list: `compare`, `tab`, `zone`.
        Returns:
            A new state.
        Raises:
            InvalidArgument: a value is not in its list.
        """
        allowed = {"compare": tuple(COMPARE), "tab": TABS, "zone": ZONES}
        for name, value in chosen.items():
            if value not in allowed[name]:
                raise InvalidArgument(
                    f"{name} must be one of {', '.join(allowed[name])}, got {value!r}",
                    hint=f"use {name}={allowed[name][0]!r}",
                )
        return dataclasses.replace(self, **chosen)

    # Questions.

    def question(self) -> tuple[str, ExplainOptions] | None:
        """Return the question of the box.

        With "time", the sides in time become `during` and the other sides the outcome. A box that has no side
        in one of them is compared with the rest. With "earlier" and "week", the baseline is the same box
        before. The newest stretch, whose slow events may not have arrived yet, is left out unless the whole
        box is in it.

        Returns:
            The selection and the options of `explain`; None where nothing is selected.
        Raises:
            InvalidArgument: the box must begin at a time to be compared with an earlier one.
        """
        selection, brush = self.selection, self.brush
        if selection is None or brush is None:
            return None
        options = self.options
        overlaps = self.until is not None and (brush.x0 is None or brush.x0 < self.until)
        if overlaps and options.where is None:
            options = dataclasses.replace(options, where=self.x.condition(None, self.until))
        if self.compare in ("earlier", "week"):
            return selection, dataclasses.replace(options, baseline=self._before(brush))
        outcome = brush.outcome(self.y)
        bounded = brush.x0 is not None or brush.x1 is not None
        if self.compare == "time" and self.x.time and outcome is not None and bounded:
            start, end = (None if side is None else round(side) for side in (brush.x0, brush.x1))
            of_start = self.x.field == "timestamp"  # a window is of when events began
            during = str(Window(start, end)) if of_start else self.x.condition(start, end)
            return outcome, dataclasses.replace(options, during=during)
        return selection, options

    def _before(self, brush: Brush) -> str:
        """Return the condition of the same box before it began: any time before, or moved by a week."""
        begin = brush.x0 if brush.x0 is not None else (self.window or (None, None))[0]
        if not self.x.time or begin is None:
            raise InvalidArgument(
                "a box can be compared with an earlier one only if it begins at a time",
                hint="draw a box that begins to the right of the left rim",
            )
        if self.compare == "earlier":
            moved = dataclasses.replace(brush, x0=None, x1=begin)
        else:
            end = brush.x1 if brush.x1 is not None else self.until
            moved = dataclasses.replace(brush, x0=begin - WEEK, x1=None if end is None else end - WEEK)
            if moved.x1 is None or moved.x1 > begin:
                moved = dataclasses.replace(moved, x1=begin)
        return str(moved.condition(self.x, self.y))
