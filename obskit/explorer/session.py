"""The events of an Explorer and what it derives from them once: narrowed events, axes, values of menus."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from obskit.engine import Window, parse_window
from obskit.errors import InvalidArgument
from obskit.explorer.actions import Message
from obskit.explorer.brush import Axis
from obskit.explorer.calls import BINS
from obskit.explorer.markers import incomplete_from
from obskit.explorer.state import InvestigationState
from obskit.explorer.view import Picture, axis, drawn, numeric_fields

# How many answers of a kind are kept for menus that are still open; the page keeps six pages of rows.
KEPT = 8
Items = Mapping[str, Sequence[Sequence[Mapping[str, Any]]]]


class Session:
    """The events that are looked at, and what the page refers to.

    Args:
        events: the events.
        y: the field upwards at first, which the list of fields begins with.

    Attributes:
        base: the events, before the conditions of a state.
        fields: the fields that can be drawn upwards.
        picture: the picture that is shown, or None.
    """

    def __init__(self, events: Any, y: str) -> None:
        self.base = events
        self.fields = numeric_fields(events, y)
        self.picture: Picture | None = None
        self._narrowed: tuple[Any, tuple[str, ...], Any] = (events, (), events)
        self._menus: dict[str, dict[int, Items]] = {}
        self._version = 0
        self._lock = threading.Lock()

    def replace(self, events: Any, y: str) -> None:
        """Take fresh events in place of the ones until now."""
        self.base, self.fields = events, numeric_fields(events, y)

    def events(self, state: InvestigationState) -> Any:
        """Return the narrowed events; the last ones are kept, because their masks and codes are."""
        base = self.base
        of, conditions, events = self._narrowed
        if of is not base or conditions != state.conditions:
            events = base
            for condition in state.conditions:
                events = events.where(condition)
            self._narrowed = (base, state.conditions, events)
        return events

    def units(self, state: InvestigationState) -> str | None:
        """Return the condition of the events that are drawn; None if all are."""
        return drawn(self.events(state), state)[1]

    @property
    def bins(self) -> tuple[int, int]:
        """The bins of the picture that is shown."""
        return BINS if self.picture is None else self.picture.bins

    @property
    def until(self) -> float | None:
        """Where the newest stretch begins, in microseconds."""
        return incomplete_from(self.base, math.inf)

    def keep(self, kind: str, menus: Items) -> int:
        """Keep the conditions of an answer's values, and return the number that the page names them by.

        Args:
            kind: what is answered; each kind keeps its own last answers.
            menus: the conditions, by list and place in the list.
        Returns:
            A number that no other answer has.
        """
        with self._lock:
            self._version += 1
            own = self._menus.setdefault(kind, {})
            own[self._version] = menus
            while len(own) > KEPT:
                own.pop(min(own))
            return self._version

    # What messages refer to.

    def items(self, message: Message) -> Sequence[Mapping[str, Any]]:
        """Return the conditions of the value whose menu was used.

        Args:
            message: the place of the value in an answer that was sent.
        Returns:
            Conditions as findings carry them.
        Raises:
            InvalidArgument: the answer that had the value is not kept any more.
        """
        version = int(message.get("version") or 0)
        menus = next((own[version] for own in list(self._menus.values()) if version in own), None)
        if menus is None:
            raise InvalidArgument("this menu belongs to an older answer", hint="open the menu again")
        conditions = list(menus[str(message["list"])][int(message["row"])])
        chip = message.get("chip")
        return conditions if chip is None else [conditions[int(chip)]]

    def axis(self, name: str) -> Axis:
        """Return the axis of a field."""
        return axis(self.base, name)

    def field(self, name: str) -> str:
        """Return the name of a field in the data."""
        return str(self.base.scope.resolve(name))

    def condition(self, text: str) -> str:
        """Return a condition in its canonical form."""
        return str(self.base.scope.condition(text).text)

    def span(self) -> float:
        """Return the length of the time that is shown, in microseconds."""
        shown = {} if self.picture is None else self.picture.view["x"]
        return float(shown["high"] - shown["low"]) if shown else 60e6

    def window(self, text: str) -> Window:
        """Return a window of time that was typed: "-30m", or "start/end" in ISO 8601."""
        return parse_window(text, self.base.scope.newest)
