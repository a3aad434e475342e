"""What the page sends, as a transition from one history of states to the next."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from obskit.engine import Window, format_condition, format_exclusion, quote_name
from obskit.errors import InvalidArgument
from obskit.explorer.brush import Axis, Brush
from obskit.explorer.history import History
from obskit.explorer.state import InvestigationState

Message = Mapping[str, Any]


class Known(Protocol):
    """What a message refers to, and the page does not send: values of menus, fields, conditions."""

    def items(self, message: Message) -> Sequence[Mapping[str, Any]]:
        """Return the conditions of the value whose menu was used."""

    def axis(self, name: str) -> Axis:
        """Return the axis of a field."""

    def field(self, name: str) -> str:
        """Return the name of a field in the data."""

    def condition(self, text: str) -> str:
        """Return a condition in its canonical form."""

    def span(self) -> float:
        """Return the length of the time that is shown, in microseconds."""

    def window(self, text: str) -> Window:
        """Return a window of time that was typed."""


def apply(history: History, message: Message, known: Known) -> History:
    """Return the history after a message of the page.

    Args:
        history: the states until now.
        message: {"type", ...}.
        known: what the message refers to.
    Returns:
        A new history.
    Raises:
        InvalidArgument: the message is unknown, or refers to nothing.
        ObskitError: a condition, a field or a time that was typed is wrong.
    """
    kind = str(message.get("type"))
    moves: dict[str, Callable[[], History]] = {
        "undo": history.undo,
        "redo": history.redo,
        "go": lambda: history.go(int(message["at"])),
    }
    if kind in moves:
        return moves[kind]()
    change = _CHANGES.get(kind)
    if change is None:
        raise InvalidArgument(
            f"unknown message {message.get('type')!r}",
            hint=f"expected one of {', '.join([*_CHANGES, *moves])}",
        )
    return history.push(change(history.current, message, known))


def _brush(state: InvestigationState, message: Message, known: Known) -> InvestigationState:
    return dataclasses.replace(state, brush=Brush.read(message["brush"], state.x, state.y, known.span()))


def _clear(state: InvestigationState, _message: Message, _known: Known) -> InvestigationState:
    return dataclasses.replace(state, brush=None)


def _only(state: InvestigationState, message: Message, known: Known) -> InvestigationState:
    return state.narrow(format_condition(known.items(message)))


def _exclude(state: InvestigationState, message: Message, known: Known) -> InvestigationState:
    return state.narrow(format_exclusion(known.items(message)))


def _filter(state: InvestigationState, message: Message, known: Known) -> InvestigationState:
    step = message.get("step")
    return state.narrow(known.condition(str(message["text"])), None if step is None else int(step))


def _group(state: InvestigationState, message: Message, known: Known) -> InvestigationState:
    given = message.get("field")
    name = known.field(str(given)) if given is not None else str(known.items(message)[0]["field"])
    return dataclasses.replace(state, group=name, tab="group")


def _ungroup(state: InvestigationState, _message: Message, _known: Known) -> InvestigationState:
    return dataclasses.replace(state, group=None)


def _remove(state: InvestigationState, message: Message, _known: Known) -> InvestigationState:
    return state.remove(int(message["step"]))


def _axis(state: InvestigationState, message: Message, known: Known) -> InvestigationState:
    return state.turn(known.axis(str(message["y"])))


def _compare(state: InvestigationState, message: Message, _known: Known) -> InvestigationState:
    return state.with_choice(compare=message["compare"])


def _operation(state: InvestigationState, message: Message, known: Known) -> InvestigationState:
    given = message["condition"]
    return dataclasses.replace(state, operation=known.condition(str(given)) if given else None)


def _time(state: InvestigationState, message: Message, known: Known) -> InvestigationState:
    text = str(message["text"]).strip()
    everything = state.zoom(None)
    if not text:
        return everything
    window = known.window(text)
    return state.zoom((window.start, window.end))


def _zoom(state: InvestigationState, message: Message, _known: Known) -> InvestigationState:
    return state.zoom_to_box() if message.get("in") else state.zoom(None)


def _tab(state: InvestigationState, message: Message, _known: Known) -> InvestigationState:
    return state.with_choice(tab=message["tab"])


def _zone(state: InvestigationState, message: Message, _known: Known) -> InvestigationState:
    return state.with_choice(zone=message["zone"])


def _columns(state: InvestigationState, message: Message, known: Known) -> InvestigationState:
    columns = tuple(dict.fromkeys(known.field(str(name)) for name in message["columns"]))
    kept = (
        state.order if state.order and state.order.removesuffix(" desc") in map(quote_name, columns) else None
    )
    return dataclasses.replace(state, columns=columns, order=kept)


def _sort(state: InvestigationState, message: Message, known: Known) -> InvestigationState:
    """Sort by a column: descending first, then ascending, then by time again."""
    name = quote_name(known.field(str(message["field"])))
    after = {f"{name} desc": name, name: None}.get(str(state.order), f"{name} desc")
    return dataclasses.replace(state, order=after)


def _trace(state: InvestigationState, message: Message, _known: Known) -> InvestigationState:
    trace, beside = (str(message.get(name) or "") or None for name in ("trace", "beside"))
    return dataclasses.replace(state, trace=trace, beside=beside if trace is not None else None)


_CHANGES: dict[str, Callable[[InvestigationState, Message, Known], InvestigationState]] = {
    "brush": _brush,
    "clear": _clear,
    "only": _only,
    "exclude": _exclude,
    "filter": _filter,
    "remove": _remove,
    "group": _group,
    "ungroup": _ungroup,
    "axis": _axis,
    "compare": _compare,
    "operation": _operation,
    "time": _time,
    "zoom": _zoom,
    "tab": _tab,
    "zone": _zone,
    "columns": _columns,
    "sort": _sort,
    "trace": _trace,
}
