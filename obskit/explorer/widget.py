"""The Explorer: an anywidget that holds an investigation and answers it again after each click.

The page draws, and sends what was done as {type, ...}. Each message makes a new state, which a thread
answers: the grid as bytes, all else as text and numbers. The page keeps nothing that can't be sent again.
"""

from __future__ import annotations

import dataclasses
import functools
import secrets
import threading
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from obskit.dataset import drop_entry
from obskit.errors import InvalidArgument, MissingDependency, ObskitError
from obskit.explorer import saved, static
from obskit.explorer.actions import apply
from obskit.explorer.answers import Answers, EmptyBox
from obskit.explorer.asked import asked
from obskit.explorer.brush import micros
from obskit.explorer.completion import check, complete
from obskit.explorer.follower import DEFAULT_SECONDS, EventsFollower, parse_interval
from obskit.explorer.history import History
from obskit.explorer.latest import Cancelled, Latest
from obskit.explorer.panels import rows
from obskit.explorer.record import Recorder
from obskit.explorer.session import Session
from obskit.explorer.source import script, style
from obskit.explorer.state import InvestigationState
from obskit.explorer.view import axis, first_axis
from obskit.record import Ledger

try:
    import anywidget
    import traitlets
    from IPython.display import display
except ImportError:
    raise MissingDependency.of("notebook", "ok.Explorer") from None


class Explorer(anywidget.AnyWidget):  # type: ignore[misc]
    """An investigation by mouse: draw a box over unusual events and read what distinguishes them.

    Args:
        events: the events to look at.
        x: field on the horizontal axis: the time, or any numeric field.
        y: numeric field on the vertical axis; by default the duration, or the severity of logs without one.
        where: condition that narrows the events.
        explain: further arguments of `Events.explain`, such as {"cluster": None}.
        follow: interval at which to load new events, such as "5s", or seconds; see `follow`.
        ledger: a ledger or its path, in which findings are kept from the page; pins are written next to it.
        state: where to begin: what `state` of another Explorer returned. It takes the place of `x`, `y`,
            `where` and `explain`.
    Raises:
        UnknownField: no event has the field of an axis.
        InvalidArgument: an axis is neither numeric nor a time, or `explain`, `follow` or `state` has a wrong
            value.
        ConditionError: a condition cannot be read.
        MissingDependency: the extra `notebook` is not installed.

    Example:
        ok.Explorer(events, where="http.route = '/book'")
    """

    _esm = script()
    _css = style()
    _view = traitlets.Dict().tag(sync=True)
    _grid = traitlets.Bytes().tag(sync=True)
    _strip = traitlets.Dict().tag(sync=True)
    _asked = traitlets.Dict().tag(sync=True)
    _choices = traitlets.Dict().tag(sync=True)
    _found = traitlets.Dict().tag(sync=True)
    _verdict = traitlets.Dict().tag(sync=True)
    _panel = traitlets.Dict().tag(sync=True)
    _trace = traitlets.Dict().tag(sync=True)
    _trace_view = traitlets.Dict().tag(sync=True)
    _trace_cells = traitlets.Bytes().tag(sync=True)
    _trace_details = traitlets.Dict().tag(sync=True)
    _trace_found = traitlets.Dict().tag(sync=True)
    _trace_code = traitlets.Dict().tag(sync=True)
    _trace_status = traitlets.Dict().tag(sync=True)
    _code = traitlets.Unicode().tag(sync=True)
    _status = traitlets.Dict().tag(sync=True)
    _still = traitlets.Unicode().tag(sync=True)
    _following = traitlets.Dict().tag(sync=True)
    _record = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        events: Any,
        *,
        x: str = "timestamp",
        y: str | None = None,
        where: Any = None,
        explain: Mapping[str, Any] | None = None,
        follow: str | float | None = None,
        ledger: Ledger | str | PathLike[str] | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        began = _first_state(events, x, y, where, explain) if state is None else _restored(events, state)
        if began.y.time:
            raise InvalidArgument(
                f"y must be a numeric field, got {began.y.field}, which is a time", hint="use the time as x"
            )
        self._lock = threading.RLock()
        self._latest = Latest(self._failed)
        self._typed, self._paged, self._judged = (Latest(self._show_error) for _ in range(3))
        self._error: Exception | None = None
        self._session = Session(events, began.y.field)
        self._answers = Answers(self._session, self._publish, self._failed)
        until = self._session.until if began.x.field == "timestamp" else None
        self._history = History((dataclasses.replace(began, until=until),))
        self._follower = EventsFollower(lambda: self._session.base, self._take, self._show_following)
        self._recorder = Recorder(ledger, lambda shown: self._publish(record=shown))
        self._replaced: list[Path] = []
        self._displayed: Any = None
        super().__init__(_still=f"obskit-still-{secrets.token_hex(8)}")
        self._answers.draw(self._state)
        self._publish(asked=asked(self._history), code=self._answers.code(self._state))
        self._publish(record=self._recorder.shown(events))
        self.on_msg(self._receive)
        self._latest.submit(lambda cancelled: self._answers.answer(self._state, cancelled))
        if follow is not None:
            self.follow(follow)

    @property
    def _state(self) -> InvestigationState:
        return self._history.current

    @property
    def state(self) -> dict[str, Any]:
        """What is shown, as a small dict of values for JSON: `ok.Explorer(events, state=...)` restores it."""
        return saved.to_dict(self._state)

    @property
    def selection(self) -> str | None:
        """The box as a condition, None without one."""
        return self._state.selection

    @property
    def code(self) -> str:
        """Lines of Python that reproduce what is shown."""
        return self._answers.code(self._state)

    @property
    def explanation(self) -> Any:
        """The explanation that is shown, None without a box."""
        return self._answers.explanation

    @property
    def events(self) -> Any:
        """The events, narrowed by what was clicked and typed."""
        return self._session.events(self._state)

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
            newest = self._session.base.scope.newest
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
        return self._answers.explanation

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
            kind = message.get("type")
            if kind == "seen":
                self._follower.seen()
                return
            self.send({"type": "received"})  # the page says so if nothing comes back
            if kind == "ping":
                pass
            elif kind == "follow":
                self.follow(DEFAULT_SECONDS if message["on"] else None)
            elif kind == "complete":
                self._typed.submit(lambda cancelled: self._complete(message, cancelled))
            elif kind == "page":
                self._paged.submit(lambda cancelled: self._send_page(message, cancelled))
            elif kind == "waterfall":
                self._answers.waterfall(message["message"])
            elif kind == "judge":
                state, name = self._state, str(message["deployment"])
                self._judged.submit(lambda cancelled: self._answers.judge(state, name, cancelled))
            elif kind == "record":
                self._write(message)
            elif kind == "cancel":
                self._cancel()
            else:
                self._act(message)
        except Exception as error:  # nothing was asked, so what is shown stays
            self._error = error
            self._show_error(error)

    def _act(self, message: Mapping[str, Any]) -> None:
        with self._lock:
            self._history = apply(self._history, message, self._session)
            self._error = None
            self._publish(asked=asked(self._history))
        state = self._state
        self._latest.submit(lambda cancelled: self._answer(state, cancelled))

    def _answer(self, state: InvestigationState, cancelled: Cancelled) -> None:
        with self._lock:
            self._error = None  # of an older question
        try:
            self._answers.answer(state, cancelled)
        finally:
            if self._displayed is not None and not cancelled():
                # What is read without a kernel is what was seen last.
                self._displayed.update({"text/html": self._still_html(), "text/plain": repr(self)}, raw=True)

    def _cancel(self) -> None:
        """Stop what is being worked on; the picture stays, and the next click asks again."""
        self._latest.cancel()
        text = "Cancelled. Click or draw again to ask."
        self._answers.forget({"tab": self._state.tab, "empty": text})
        self._publish(status={"state": "cancelled", "text": text})

    def _write(self, message: Mapping[str, Any]) -> None:
        """Write a pin, a note or an entry of the ledger; a note is on the time axis once it is loaded."""
        state = self._state

        def load_note() -> None:
            self._latest.submit(lambda cancelled: self._renew(self._session.base.refresh(), cancelled))

        found = self._answers.finished(state)
        self._recorder.submit(message, state, self._session.events(state), found, load_note)

    def _complete(self, message: Mapping[str, Any], cancelled: Cancelled) -> None:
        """Send what can stand at the cursor of the filter line, and what is wrong with the line."""
        line, scope = str(message["text"]), self._session.events(self._state).scope
        text, hint = check(scope, line)
        offers = [offer.to_dict() for offer in complete(scope, line, int(message["at"]))]
        if not cancelled():
            self.send(
                {
                    "type": "completion",
                    "asked": message.get("asked"),
                    "offers": offers,
                    "error": text,
                    "hint": hint,
                }
            )

    def _send_page(self, message: Mapping[str, Any], cancelled: Cancelled) -> None:
        """Send a page of rows, with the conditions of their values kept."""
        state = self._state
        offset = max(0, int(message["offset"]))
        found, items = rows.page(self._session.events(state), state, self._session.units(state), offset)
        if not cancelled():
            version = self._session.keep("page", {"panel": [[item] for item in items]})
            self.send({"type": "page", "of": message.get("of"), "page": {**found, "version": version}})

    # What is sent to the page.

    def _publish(self, **shown: Any) -> None:
        with self._lock, self.hold_sync():
            for name, value in shown.items():
                setattr(self, f"_{name}", value)

    def _failed(self, error: Exception) -> None:
        """Show an error instead of the answers."""
        with self._lock:
            self._error = error
            if not isinstance(error, ObskitError):  # of those, the parts that have no answer say so
                self._answers.forget({"tab": self._state.tab, "empty": "Not answered."})
            self._show_error(error)

    def _show_error(self, error: Exception) -> None:
        known = isinstance(error, ObskitError)
        text = error.message if isinstance(error, ObskitError) else f"{type(error).__name__}: {error}"
        hint = error.hint or "" if known else ""  # type: ignore[attr-defined]
        # A box may be drawn anywhere: one without events is no fault of anybody.
        state = "empty" if isinstance(error, EmptyBox) else "error"
        self._publish(status={"state": state, "text": text, "hint": hint})

    # New events, from the thread of the follower.

    def _take(self, fresh: Any) -> None:
        """Show fresh events, unless a question is being answered: then the next load brings them."""
        self._latest.submit(functools.partial(self._renew, fresh), only_if_idle=True)

    def _renew(self, fresh: Any, cancelled: Cancelled) -> None:
        """Replace the events by fresh ones, and answer the same question about them."""
        with self._lock:
            if cancelled():
                return
            self._replaced.append(self._session.base.dataset.path)
            self._session.replace(fresh, self._state.y.field)
            until = self._session.until if self._state.x.field == "timestamp" else None
            self._history = self._history.replace(dataclasses.replace(self._state, until=until))
            state = self._state
        self._answer(state, cancelled)
        # Each load of a growing folder makes an entry in the cache; those that nothing has open are dropped.
        self._replaced = [path for path in self._replaced if not drop_entry(path)]

    def _show_following(self, status: dict[str, Any]) -> None:
        self._publish(following=status)

    # What is left without a kernel.

    def __repr__(self) -> str:
        return static.text(self._state, self._session.picture, self.explanation)

    def _ipython_display_(self) -> None:
        """Show the picture and then the widget, which hides the picture while it works.

        JupyterLab shows an error in place of a widget without a kernel, whatever else the same output holds.
        So the picture, which can be seen without a kernel, is a separate output.
        """
        data, metadata = self._repr_mimebundle_()
        still = {name: data[name] for name in ("text/html", "text/plain")}
        self._displayed = display(still, raw=True, display_id=True)
        display({**data, "text/html": "<span></span>", "text/plain": ""}, metadata=metadata, raw=True)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "text/html": self._still_html(), "text/plain": repr(self)}, metadata

    def _still_html(self) -> str:
        found = None if self.explanation is None else self.explanation.to_dict()
        lines = f"{self.code}\nok.Explorer(events, state={self.state!r})"
        return static.html(self._state, self._session.picture, found, lines, self._still)


def _first_state(
    events: Any, x: str, y: str | None, where: Any, explain: Mapping[str, Any] | None
) -> InvestigationState:
    narrowing = None if where is None else events.scope.condition(where).text
    options = saved.plain_options(events.scope, explain or {})
    return InvestigationState(
        axis(events, x), axis(events, y or first_axis(events)), narrowing, options=options
    )


def _restored(events: Any, state: Mapping[str, Any]) -> InvestigationState:
    return saved.from_dict(state, events.scope, functools.partial(axis, events))


__all__ = ["Explorer"]
