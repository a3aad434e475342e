"""The lines of Python that reproduce what the Explorer shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from obskit.explorer import calls
from obskit.explorer.calls import BINS, Call
from obskit.explorer.state import InvestigationState


def code(
    state: InvestigationState,
    opening: str,
    units: str | None = None,
    bins: tuple[int, int] = BINS,
    panel: tuple[Call, ...] = (),
) -> str:
    """Return the lines of Python that reproduce what is shown, for a cell of a notebook.

    Args:
        state: what is shown.
        opening: the lines that make `events`.
        units: the condition of the events that are drawn; None if all are.
        bins: number of bins of the heatmap along x and y.
        panel: the calls of the tab that is open, and of the lines over time.
    Returns:
        Python source.
    """
    lines = ["import obskit as ok", "", opening]
    lines += [f"events = events.where({condition!r})" for condition in state.conditions]
    lines += ["", f"units = {units!r}"] if units else [""]
    lines.append(calls.heatmap(state, bins).text(units))
    shown = ["picture.plot()"]
    question = state.question()
    if question is not None:
        selection, options = question
        given = "".join(f",\n    {name}={value!r}" for name, value in options.changed().items())
        lines.append(f"found = events.explain(\n    {selection!r}{given},\n)")
        shown.append("found")
    for call in panel:
        lines.append(call.text(units))
        shown.append(call.name)
    return "\n".join([*lines, f"display({', '.join(shown)})"])


def opening(events: Any) -> str:
    """Return the lines of Python that load the events that the Explorer was opened with."""
    scope = events.scope
    path, working = scope.dataset.path, Path.cwd()
    path = path.relative_to(working) if path.is_relative_to(working) else path
    lines = [f"events = {scope.dataset.opening or f'ok.load({str(path)!r})'}"]
    lines += [f"events = events.derive(**{{{name!r}: {text!r}}})" for name, text in scope.derived]
    if scope.where is not None:
        lines.append(f"events = events.where({scope.where.text!r})")
    return "\n".join(lines)
