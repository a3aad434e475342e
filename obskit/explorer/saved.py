"""An investigation as a small dict that JSON can hold, and back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from obskit.engine import Scope, Window, moment, parse_window
from obskit.errors import InvalidArgument
from obskit.explain import ExplainOptions
from obskit.explorer.brush import Axis, Brush, micros
from obskit.explorer.state import InvestigationState

_SIDES = {"x": ("x0", "x1"), "y": ("y0", "y1")}
_CHOSEN = ("compare", "tab", "zone")
_PLAIN = ("where", "operation", "steps", *_CHOSEN, "group", "columns", "order", "trace", "beside")
_KEYS = ("x", "y", *_PLAIN, "window", "box", "explain")
_TEXTS = ("where", "operation", "group", "order", "trace", "beside", "compare", "tab", "zone", "window")
_LISTS = ("steps", "columns")


def to_dict(state: InvestigationState) -> dict[str, Any]:
    """Return a state as a dict of plain values; what has its default is left out.

    Args:
        state: the state.
    Returns:
        Names of fields, conditions as text, times in ISO 8601. `from_dict` reads it.
    """
    default = InvestigationState(state.x, state.y)
    out: dict[str, Any] = {"x": state.x.field, "y": state.y.field}
    for name in _PLAIN:
        value = getattr(state, name)
        if value != getattr(default, name):
            out[name] = list(value) if isinstance(value, tuple) else value
    if state.window is not None:
        out["window"] = str(Window(*state.window))
    if state.brush is not None and state.selection is not None:
        out["box"] = {
            axis: [_plain(getattr(state, axis), getattr(state.brush, side)) for side in sides]
            for axis, sides in _SIDES.items()
        } | ({"errors": True} if state.brush.errors else {})
    if state.options.changed():
        out["explain"] = dict(state.options.changed())
    return out


def from_dict(given: Mapping[str, Any], scope: Scope, axis: Callable[[str], Axis]) -> InvestigationState:
    """Return the state that a dict describes.

    Args:
        given: what `to_dict` returned, or part of it; at least `y`.
        scope: the events; conditions and names are checked against them.
        axis: returns the axis of a field, or raises what is wrong with it.
    Returns:
        The state.
    Raises:
        InvalidArgument: the dict has a key that is unknown or a value of another kind.
        ConditionError, UnknownField: a condition or a field does not belong to these events.
    """
    _check(given)
    x, y = axis(str(given.get("x", "timestamp"))), axis(str(given["y"]))
    state = InvestigationState(
        x,
        y,
        where=_condition(scope, given.get("where")),
        operation=_condition(scope, given.get("operation")),
        steps=tuple(str(_condition(scope, text)) for text in given.get("steps", ())),
        group=_name(scope, given.get("group")),
        columns=tuple(scope.resolve(name) for name in given.get("columns", ())),
        order=given.get("order"),
        trace=given.get("trace"),
        beside=given.get("beside"),
        options=plain_options(scope, given.get("explain") or {}),
    )
    state = state.with_choice(**{name: given[name] for name in _CHOSEN if name in given})
    if given.get("window"):
        window = parse_window(given["window"], scope.newest)
        state = state.zoom((window.start, window.end))
    box = given.get("box")
    return state if box is None else dataclasses.replace(state, brush=_box(box, x, y))


def plain_options(scope: Scope, given: Mapping[str, Any]) -> ExplainOptions:
    """Return the options of `explain` with conditions and windows as text, so that they can be saved.

    Args:
        scope: the events.
        given: arguments of `Events.explain` by name.
    Returns:
        The options.
    Raises:
        InvalidArgument: `explain` has no such argument, or a value is wrong.
        ConditionError, UnknownField: a condition cannot be read.
    """
    options = ExplainOptions.from_mapping(given)
    texts: dict[str, Any] = {}
    for name in ("baseline", "where"):
        value = getattr(options, name)
        if value is not None and not isinstance(value, str):
            texts[name] = scope.condition(value).text
    for name in ("during", "history"):
        value = getattr(options, name)
        if value is not None and not isinstance(value, str):
            texts[name] = (
                str(parse_window(value, scope.newest)) if _is_pair(value) else scope.condition(value).text
            )
    if options.fields is not None:
        texts["fields"] = [options.fields] if isinstance(options.fields, str) else list(options.fields)
    return dataclasses.replace(options, **texts)


def _is_pair(value: Any) -> bool:
    return isinstance(value, (tuple, list, datetime))


def _check(given: Mapping[str, Any]) -> None:
    if not isinstance(given, Mapping):
        raise InvalidArgument(
            f"state must be a dict, got {type(given).__name__}", hint="give what explorer.state returned"
        )
    for key in given:
        if key not in _KEYS:
            raise InvalidArgument(f"a state has no key {key!r}", hint=f"the keys are {', '.join(_KEYS)}")
    if not isinstance(given.get("y"), str):
        raise InvalidArgument(
            f"the state's y must be the name of a field, got {given.get('y')!r}",
            hint="give what explorer.state returned, such as {'x': 'timestamp', 'y': 'duration_ms'}",
        )
    for key in (*_TEXTS, "x"):
        if given.get(key) is not None and not isinstance(given[key], str):
            raise InvalidArgument(
                f"the state's {key} must be text, got {given[key]!r}",
                hint="give what explorer.state returned",
            )
    for key in _LISTS:
        value = given.get(key, [])
        if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
            raise InvalidArgument(
                f"the state's {key} must be a list of texts, got {value!r}",
                hint="give what explorer.state returned",
            )


def _box(box: Any, x: Axis, y: Axis) -> Brush:
    if not isinstance(box, Mapping) or not all(
        isinstance(box.get(axis), (list, tuple)) and len(box[axis]) == 2 for axis in _SIDES
    ):
        raise InvalidArgument(
            "the state's box must be {'x': [low, high], 'y': [low, high]}, got "
            f"{json.dumps(box, default=str)}",
            hint="use None for an open side",
        )
    errors = box.get("errors", False)
    if not isinstance(errors, bool):
        raise InvalidArgument(
            f"the state's box must have true or false as errors, got {errors!r}",
            hint="give what explorer.state returned",
        )
    sides: dict[str, float | None] = {}
    for axis, names in zip((x, y), _SIDES.values(), strict=True):
        for name, value in zip(names, box[{"x0": "x", "y0": "y"}[names[0]]], strict=True):
            sides[name] = micros(value) if value is not None and axis.time else value
    read = Brush.read(
        {**sides, "errors": errors}, x, y
    )  # checks the sides; it also rounds them, as befits what a hand draws
    ordered = all(
        low is None or high is None or low <= high
        for low, high in ((sides["x0"], sides["x1"]), (sides["y0"], sides["y1"]))
    )
    return Brush(**sides, errors=errors) if ordered else read


def _plain(axis: Axis, value: float | None) -> Any:
    if value is None or not axis.time:
        return value
    return moment(value).isoformat().replace("+00:00", "Z")


def _condition(scope: Scope, text: str | None) -> str | None:
    return None if text is None else scope.condition(text).text


def _name(scope: Scope, name: str | None) -> str | None:
    return None if name is None else scope.resolve(name)
