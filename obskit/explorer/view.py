"""The picture: the grid as bytes, its axes and marks, from events."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.display import formatting
from obskit.display.palette import RAMP_DARK, RAMP_LIGHT
from obskit.engine import moment
from obskit.errors import InvalidArgument
from obskit.explorer.brush import Axis, micros
from obskit.explorer.calls import BINS
from obskit.explorer.markers import incomplete_from, markers
from obskit.explorer.state import InvestigationState
from obskit.query.axes import SEVERITY, level_names, main_measure

MOST_FIELDS = 300
# For few events, which would be scattered over the finer grid.
COARSE = (100, 40)
# A grid of fewer than FEW events that fill less than this share of its cells is drawn with larger cells.
SPARSE = 0.15
FEW = 200_000
NOT_DRAWN = {"sample_weight", "event_count", "severity_number"}


@dataclass(frozen=True)
class Picture:
    """A heatmap, ready to be sent to the page.

    Attributes:
        grid: counts; rows are bins of y from the lowest, columns are bins of x.
        view: axes, marks and texts, as values for JSON.
        words: the picture described in a sentence.
    """

    grid: npt.NDArray[Any]
    view: dict[str, Any]
    words: str

    @property
    def bins(self) -> tuple[int, int]:
        """The number of bins along x and y."""
        return int(self.grid.shape[1]), int(self.grid.shape[0])

    @property
    def cells(self) -> bytes:
        """The counts as little-endian uint32; a weighted count below 1 is 1: the cell isn't empty."""
        counts = np.where(self.grid > 0, np.maximum(np.rint(self.grid), 1), 0)
        return np.minimum(counts, 2**32 - 1).astype("<u4").tobytes()


def axis(events: Any, name: str) -> Axis:
    """Return the axis of a field.

    Args:
        events: the events.
        name: the field; old names are resolved.
    Returns:
        Axis.
    Raises:
        UnknownField: no event has the field.
        InvalidArgument: the field is neither a number nor a time.
    """
    field = events.scope.resolve(name)
    kind = events.scope.schema.field(field).type
    if pa.types.is_timestamp(kind):
        return Axis(field, time=True)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return Axis(field)
    raise InvalidArgument(
        f"an axis must be a number or a time, got {name}, which is {kind}",
        hint="use a numeric field, or a time as x",
    )


def first_axis(events: Any) -> str:
    """Return what is drawn upwards if the user does not say: the duration, or the severity of log records.

    Args:
        events: the events.
    Returns:
        A numeric field that has values.
    Raises:
        InvalidArgument: no numeric field has values.
    """
    found = main_measure(events.scope)
    if found is None:
        raise InvalidArgument(
            "the Explorer draws a number over time, but no numeric field has values",
            hint="derive one: ok.Explorer(events.derive(size='length(body)'), y='size')",
        )
    return found


def numeric_fields(events: Any, first: str) -> list[str]:
    """Return the fields that y can be: the given one, then duration, then the others by name."""
    fields = [
        field.name
        for field in events.scope.schema
        if (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))
        and (field.name == first or field.name not in NOT_DRAWN)
    ]
    ordered = sorted(fields, key=lambda name: (name != first, name != "duration_ms", name))
    return ordered[:MOST_FIELDS]


def drawn(events: Any, state: InvestigationState) -> tuple[Any, str | None]:
    """Return the events that are drawn, and their condition; None if all are drawn."""
    units = events.scope.units()[0] if state.options.population == "units" else None
    return (events, None) if units is None else (events.where(units), units.text)


def draw(events: Any, state: InvestigationState, fields: list[str]) -> Picture:
    """Count the heatmap of a state.

    Args:
        events: the narrowed events.
        state: what is shown.
        fields: the fields that y can be.
    Returns:
        Picture.
    Cost: one heatmap of the events.
    """
    for side in (state.x, state.y):
        if not side.time and events.dataset.local:
            events.scope.codes(side.field)  # made once: later drawings count from memory
    shown, picked = drawn(events, state)
    result = shown.heatmap(x=state.x.field, y=state.y.field, bins=BINS)
    few = np.count_nonzero(result.grid) < SPARSE * result.grid.size and np.sum(result.grid) < FEW
    if few and state.y.field != SEVERITY:
        result = shown.heatmap(x=state.x.field, y=state.y.field, bins=COARSE)
    grid = np.asarray(result.grid)
    x = _side(state.x, np.asarray(result.x_edges))
    y = _side(state.y, np.asarray(result.y_edges))
    if state.y.field == SEVERITY:
        y["labels"] = level_names(np.asarray(result.y_edges))
    rows, columns = grid.shape
    total = float(grid.sum())
    one, more = ("unit of work", "units of work") if picked else ("event", "events")
    what = one if total == 1 else more
    about = f"{formatting.count(total)} {what}{by_weight(events)}"
    view = {
        "columns": columns,
        "rows": rows,
        "x": x,
        "y": y,
        "fields": fields if state.y.field in fields else [state.y.field, *fields],
        "markers": markers(events, x["low"], x["high"]) if state.x.field == "timestamp" else [],
        "incomplete_from": incomplete_from(events, x["high"]) if state.x.field == "timestamp" else None,
        "incomplete": _incomplete(events) if state.x.field == "timestamp" else "",
        "about": about,
        "notes": [str(note) for note in result.notes],
        "ramp": {"light": list(RAMP_LIGHT), "dark": list(RAMP_DARK)},
    }
    upwards = (
        f"{state.y.field} from {_word(state.y, y['low'])} to {_word(state.y, y['high'])} upwards"
        f"{' (log)' if y['log'] else ''}"
    )
    if "labels" in y:
        upwards = f"severity from {y['labels'][0]} to {y['labels'][-1]} upwards"
    text = (
        f"{about}: {upwards}, {state.x.field} from {_word(state.x, x['low'])} to "
        f"{_word(state.x, x['high'])} to the right. Darker cells have more events (log); empty ones none."
    )
    return Picture(grid, view, text)


def _incomplete(events: Any) -> str:
    """Return what the hatched stretch means, as a sentence."""
    newest = events.scope.newest
    begin = incomplete_from(events, math.inf)
    if newest is None or begin is None:
        return ""
    length = formatting.duration((micros(newest) - begin) / 1000)
    return (
        f"Hatched: the newest {length}. An event is recorded when it ends, so slow events that began then "
        "may be missing; findings leave this stretch out."
    )


def by_weight(events: Any) -> str:
    """Return what follows a number of events that was counted by weight."""
    return ", by weight" if {"sample_weight", "event_count"} & set(events.scope.schema.names) else ""


def _side(of: Axis, edges: npt.NDArray[Any]) -> dict[str, Any]:
    numbers = edges.astype("datetime64[us]").astype(np.int64) if edges.dtype.kind == "M" else edges
    values: npt.NDArray[np.float64] = numbers.astype(np.float64)
    low, high = (float(values[0]), float(values[-1])) if len(values) else (0.0, 1.0)
    return {
        "field": of.field,
        "time": of.time,
        "log": _is_geometric(values),
        "low": low,
        "high": high,
        "unit": "ms" if of.field == "duration_ms" else "",
    }


def _is_geometric(edges: npt.NDArray[np.float64]) -> bool:
    if len(edges) < 3 or edges[0] <= 0:
        return False
    steps = edges[1:] / edges[:-1]
    return bool(np.allclose(steps, steps[0], rtol=1e-3) and steps[0] > 1.0 + 1e-6)


def _word(of: Axis, value: float) -> str:
    return f"{moment(value):%Y-%m-%d %H:%M:%S} UTC" if of.time else f"{value:,.4g}"
