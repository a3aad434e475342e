"""The Explorer: an anywidget that holds a question and answers it again after each click.

The page draws, and sends what was done as {type, ...}. Each message makes a new `State`, which a thread
answers: the grid as bytes, the explanation as text. The page keeps nothing that can't be sent again.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import obskit.explain
from obskit.dataset import drop_entry
from obskit.errors import InvalidArgument, MissingDependency, ObskitError
from obskit.explain import ExplainOptions
from obskit.explorer import presentation, static
from obskit.explorer.brush import Brush, micros
from obskit.explorer.follower import DEFAULT_SECONDS, EventsFollower, parse_interval
from obskit.explorer.latest import Cancelled, Latest
from obskit.explorer.markers import incomplete_from
from obskit.explorer.source import script, style
from obskit.explorer.state import BINS, State, only, without
from obskit.explorer.view import Picture, axis, draw, drawn, first_axis, grouped, numeric_fields, opening

try:
    import anywidget
    import traitlets
    from IPython.display import display
except ImportError:
    raise MissingDependency.of("notebook", "ok.Explorer") from None

# How many explanations are kept for menus that are still open.
KEPT = 4


class Explorer(anywidget.AnyWidget):  # type: ignore[misc]
    """A live heatmap: draw a box over unusual events and read what distinguishes them.

    Args:
        events: the events to look at.
        x: field on the horizontal axis: the time, or any numeric field.
        y: numeric field on the vertical axis; by default the duration, or the severity of logs without one.
        where: condition that narrows the events.
        explain: further arguments of `Events.explain`, such as {"cluster": None}.
        follow: interval at which to load new events, such as "5s", or seconds; see `follow`.
    Raises:
        UnknownField: no event has the field of an axis.
        InvalidArgument: an axis is neither numeric nor a time, or `explain` or `follow` has a wrong value.
        MissingDependency: the extra `notebook` is not installed.

    Example:
        ok.Explorer(events, where="http.route = '/book'")
    """

    _esm = script()
    _css = style()
    _view = traitlets.Dict().tag(sync=True)
    _grid = traitlets.Bytes().tag(sync=True)
    _brush = traitlets.Dict().tag(sync=True)
    _found = traitlets.Dict().tag(sync=True)
    _group = traitlets.Dict().tag(sync=True)
    _code = traitlets.Unicode().tag(sync=True)
    _status = traitlets.Dict().tag(sync=True)
    _still = traitlets.Unicode().tag(sync=True)
    _following = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        events: Any,
        *,
        x: str = "timestamp",
        y: str | None = None,
        where: Any = None,
        explain: Mapping[str, Any] | None = None,
        follow: str | float | None = None,
    ) -> None:
        y = y or first_axis(events)
        self._base = events
        self._lock = threading.RLock()
        self._latest = Latest(self._failed)
        self._raw: dict[int, Mapping[str, Any]] = {}
        self._version = 0
        self._group_items: list[dict[str, Any]] = []
        self._explanation: Any = None
        self._error: Exception | None = None
        self._status_text = ""
        self._picture: Picture | None = None
        narrowing = None if where is None else events.scope.condition(where).text
        until = incomplete_from(events, math.inf) if x == "timestamp" else None
        options = ExplainOptions.from_mapping(explain or {})
        self._state = State(axis(events, x), axis(events, y), narrowing, options=options, until=until)
        if self._state.y.time:
            raise InvalidArgument(
                f"y must be a numeric field, got {y}, which is a time", hint="use the time as x"
            )
        self._narrowed: tuple[tuple[str, ...], Any] = ((), events)
        self._fields = numeric_fields(events, y)
        self._follower = EventsFollower(lambda: self._base, self._take, self._show_following)
        self._replaced: list[Path] = []
        self._drawn_from = self._explained_from = events
        super().__init__(_still=f"obskit-still-{secrets.token_hex(8)}")
        self._draw(self._state)
        self.on_msg(self._receive)
        if follow is not None:
            self.follow(follow)

    @property
    def selection(self) -> str | None:
        """The box as a condition, None without one."""
        return self._state.selection

    @property
    def code(self) -> str:
        """Lines of Python that reproduce what is shown."""
        state, picture = self._state, self._picture
        units = drawn(self._events(state), state)[1]
        return state.code(opening(self._base), units, BINS if picture is None else picture.bins)

    @property
    def explanation(self) -> Any:
        """The explanation that is shown, None without a box."""
        return self._explanation

    @property
    def events(self) -> Any:
        """The events, narrowed by what was clicked."""
        return self._events(self._state)

    def brush(self, x: tuple[Any, Any] | None = None, y: tuple[Any, Any] | None = None) -> Any:
        """Draw a box from Python and wait for its explanation.

        Args:
            x: (low, high) on the horizontal axis, None is open; times as datetime or ISO 8601.
            y: (low, high) on the vertical axis.
        Returns:
            The explanation; None if the box is open on all sides.
        Raises:
            EmptySelection: no events are inside the box, or none are outside.
        """
        (x0, x1), (y0, y1) = (side or (None, None) for side in (x, y))
        if self._state.x.time:
            newest = self._base.scope.newest
            x0, x1 = (None if value is None else micros(value, newest) for value in (x0, x1))
        self._act({"type": "brush", "brush": {"x0": x0, "x1": x1, "y0": y0, "y1": y1}})
        return self.wait()

    def wait(self, timeout: float | None = None) -> Any:
        """Wait until everything that was asked has been answered.

        Args:
            timeout: seconds; None waits as long as it takes.
        Returns:
            The explanation that is shown then.
        Raises:
            ObskitError: the last question failed.
        """
        self._latest.wait(timeout)
        if self._error is not None:
            raise self._error
        return self._explanation

    def follow(self, every: str | float | None = DEFAULT_SECONDS) -> None:
        """Load new events at an interval and show them; the box and the conditions stay.

        Loading pauses while no page shows the widget, and ends when the widget is closed. Errors are shown in
        the widget, and the next load tries again.

        Args:
            every: "5s", "1m" or seconds; None ends it.
        Raises:
            InvalidArgument: `every` is not an interval.
        """
        if every is None:
            self._follower.stop()
        else:
            self._follower.start(parse_interval(every))

    def close(self) -> None:
        """Close the widget; this ends `follow` as well."""
        if getattr(self, "_follower", None) is not None and self._follower.thread is not None:
            self._follower.stop()
        super().close()

    # What the page sends.

    def _receive(self, _: Any, message: Any, __: Any) -> None:
        try:
            if message.get("type") == "seen":
                self._follower.seen()
            elif message.get("type") == "follow":
                self.follow(DEFAULT_SECONDS if message["on"] else None)
            else:
                self._act(message)
        except Exception as error:
            self._failed(error)

    def _act(self, message: Mapping[str, Any]) -> None:
        actions: dict[str, Callable[[State, Mapping[str, Any]], State]] = {
            "brush": lambda state, m: _with(state, brush=self._drawn(m["brush"], state)),
            "clear": lambda state, _: _with(state, brush=None),
            "only": lambda state, m: state.narrow(only(self._items(m))),
            "exclude": lambda state, m: state.narrow(without(self._items(m))),
            "group": lambda state, m: _with(state, group=str(self._items(m)[0]["field"])),
            "ungroup": lambda state, _: _with(state, group=None),
            "undo": lambda state, m: state.undo(int(m["step"])),
            "axis": lambda state, m: self._turned(state, str(m["y"])),
            "compare": lambda state, m: _with(state, compare="time" if m["compare"] == "time" else "rest"),
        }
        act = actions.get(str(message.get("type")))
        if act is None:
            raise InvalidArgument(
                f"unknown message {message.get('type')!r}", hint=f"expected one of {', '.join(actions)}"
            )
        with self._lock:
            before, self._state = self._state, act(self._state, message)
            after, self._error = self._state, None
        self._latest.submit(lambda cancelled: self._answer(before, after, cancelled))

    def _items(self, message: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the conditions of the value whose menu was used; the page sends only its place in a list."""
        row, chip = int(message["row"]), message.get("chip")
        if message["list"] == "group":
            return [self._group_items[row]]
        found = self._raw.get(int(message.get("version") or 0))
        if found is None:
            raise InvalidArgument("this menu belongs to an older answer", hint="open the menu again")
        conditions = list(found[str(message["list"])][row]["conditions"])
        return conditions if chip is None else [conditions[int(chip)]]

    def _drawn(self, sides: Mapping[str, Any], state: State) -> Brush:
        shown = {} if self._picture is None else self._picture.view["x"]
        return Brush.read(sides, state.x, state.y, shown["high"] - shown["low"] if shown else 60e6)

    def _turned(self, state: State, y: str) -> State:
        brush = state.brush and dataclasses.replace(state.brush, y0=None, y1=None)
        kept = brush if brush and (brush.x0 is not None or brush.x1 is not None) else None
        return _with(state, y=axis(self._base, y), brush=kept)

    # What is sent to the page, by the thread of `Latest`.

    def _answer(self, before: State, after: State, cancelled: Cancelled) -> None:
        with self._lock, self.hold_sync():
            self._brush = after.brush.to_dict() if after.selection and after.brush else {}
            self._code = self.code
            if after.selection is not None:
                self._say("working", "Counting…")
        drawn = (before.x, before.y, before.conditions, before.compare)
        shown = (after.x, after.y, after.conditions, after.compare)
        if drawn != shown or self._drawn_from is not self._base:
            self._draw(after)
        asked = (after.question(), after.conditions)
        if cancelled():
            return
        stale = asked != (before.question(), before.conditions) or self._explained_from is not self._base
        if self._explanation is None or stale:
            self._explain(after, cancelled)
        elif after.selection is not None:
            self._say("idle", self._status_text)
        if not cancelled():
            self._tabulate(after)

    def _draw(self, state: State) -> None:
        base = self._base
        picture = draw(self._events(state), state, self._fields)
        with self._lock, self.hold_sync():
            self._drawn_from = base
            self._picture = picture
            self._view = picture.view
            self._grid = picture.cells
            self._code = self.code

    def _explain(self, state: State, cancelled: Cancelled) -> None:
        question = state.question()
        if question is None:
            with self._lock, self.hold_sync():
                self._explanation, self._found = None, {}
                self._say("idle", "")
            return
        selection, options = question
        base = self._base
        events, began = self._events(state), time.perf_counter()

        def first(found: Any) -> None:
            took = f"{time.perf_counter() - began:.2f} s"
            self._tell(found, "first", f"Single conditions after {took}; combining them…")

        watched = dataclasses.replace(options, first=first, cancelled=cancelled)
        found = obskit.explain.explain(events.scope, selection, watched)
        if cancelled():
            return
        self._status_text = f"{presentation.summary(found.to_dict())} ({time.perf_counter() - began:.2f} s)"
        self._tell(found, "idle", self._status_text)
        self._explained_from = base

    def _tell(self, found: Any, state: str, text: str) -> None:
        raw = found.to_dict()
        with self._lock, self.hold_sync():
            self._explanation = found
            self._show(raw)
            self._say(state, text)

    def _show(self, raw: Mapping[str, Any]) -> None:
        self._version += 1
        self._raw[self._version] = raw
        self._raw.pop(self._version - KEPT, None)
        link = getattr(self._base, "trace_link", lambda _: None)
        self._found = {**presentation.explanation(raw, link), "version": self._version}

    def _tabulate(self, state: State) -> None:
        table, items = grouped(self._events(state), state) if state.group is not None else ({}, [])
        with self._lock:
            self._group_items, self._group = items, table

    def _events(self, state: State) -> Any:
        """Return the narrowed events; the last ones are kept, because their masks and codes are."""
        conditions, events = self._narrowed
        if conditions != state.conditions:
            events = self._base
            for condition in state.conditions:
                events = events.where(condition)
            self._narrowed = (state.conditions, events)
        return events

    def _say(self, state: str, text: str, hint: str | None = None) -> None:
        self._status = {"state": state, "text": text, "hint": hint or ""}

    def _failed(self, error: Exception) -> None:
        known = isinstance(error, ObskitError)
        text = error.message if isinstance(error, ObskitError) else f"{type(error).__name__}: {error}"
        with self._lock, self.hold_sync():
            self._error = error
            self._explanation, self._found = None, {}
            self._say("error", text, error.hint if known else None)  # type: ignore[attr-defined]

    # New events, from the thread of the follower.

    def _take(self, fresh: Any) -> None:
        """Show fresh events, unless a question is being answered: then the next load brings them."""
        self._latest.submit(functools.partial(self._renew, fresh), only_if_idle=True)

    def _renew(self, fresh: Any, cancelled: Cancelled) -> None:
        """Replace the events by fresh ones, and answer the same question about them."""
        state = self._state
        until = incomplete_from(fresh, math.inf) if state.x.field == "timestamp" else None
        fields = numeric_fields(fresh, state.y.field)
        with self._lock:
            if cancelled():
                return
            before, self._state = self._state, dataclasses.replace(self._state, until=until)
            self._replaced.append(self._base.dataset.path)
            self._base, self._fields = fresh, fields
            self._narrowed = ((), fresh)
            after = self._state
        self._answer(before, after, cancelled)
        # Each load of a growing folder makes an entry in the cache; those that nothing has open are dropped.
        self._replaced = [path for path in self._replaced if not drop_entry(path)]

    def _show_following(self, status: dict[str, Any]) -> None:
        with self._lock:
            self._following = status

    # What is left without a kernel.

    def __repr__(self) -> str:
        return static.text(self._state, self._picture, self._explanation)

    def _ipython_display_(self) -> None:
        """Show the picture and then the widget, which hides the picture while it works.

        JupyterLab shows an error in place of a widget without a kernel, whatever else the same output holds.
        So the picture, which can be seen without a kernel, is a separate output.
        """
        data, metadata = self._repr_mimebundle_()
        still = {"text/html": data["text/html"], "text/plain": data["text/plain"]}
        display(still, raw=True)
        display({**data, "text/html": "<span></span>", "text/plain": ""}, metadata=metadata, raw=True)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        found = None if self._explanation is None else self._explanation.to_dict()
        return {
            **data,
            "text/html": static.html(self._state, self._picture, found, self._still),
            "text/plain": repr(self),
        }, metadata


def _with(state: State, **changes: Any) -> State:
    return dataclasses.replace(state, **changes)


__all__ = ["Explorer"]
