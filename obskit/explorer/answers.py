"""Answer a state step by step, for the page: the picture, the explanation, the open tab, the lines."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any

from obskit.display.live.waterfall_answers import WaterfallAnswers
from obskit.errors import EmptySelection, InvalidArgument, ObskitError
from obskit.explorer import calls, presentation, verdicts
from obskit.explorer.ahead import Ahead
from obskit.explorer.code import code, opening
from obskit.explorer.kept import Kept
from obskit.explorer.latest import Cancelled
from obskit.explorer.operations import choices_of_fields, operations
from obskit.explorer.over_time import strip
from obskit.explorer.panels import Panel, answer
from obskit.explorer.session import Session
from obskit.explorer.state import InvestigationState
from obskit.explorer.trace_view import trace_view
from obskit.explorer.view import draw
from obskit.text import safe
from obskit.triage import explain_time_spent

Publish = Callable[..., None]
_OF_TIME = (
    "The box is a stretch of time: here is what is more frequent in it. What is missing in it, Fields shows."
)


class EmptyBox(EmptySelection):
    """The box that was drawn, or what it is compared with, has no events; said in the words of the widget."""

    @classmethod
    def of(cls, error: EmptySelection) -> EmptyBox:
        """Return the error of a question about a box."""
        return cls(
            f"{error.message[:1].upper()}{error.message[1:]}.",
            hint="draw the box where there are events, or compare it with something else",
        )


class Answers:
    """Answers states, and tells the page what it needs and only that.

    A part is answered again only if what it depends on has changed.

    Args:
        session: the events.
        publish: called with what the page shows, by name: `view`, `grid`, `strip`, `found`, `panel`,
            `trace`, `trace_...` (the parts of the waterfall), `choices`, `code`, `status`.
        failed: called with the first error of an answer, at once: the other parts may take long.

    Attributes:
        explanation: the explanation that is shown, or None.
        panel: the answer of the tab that is open.
    """

    def __init__(self, session: Session, publish: Publish, failed: Callable[[Exception], None]) -> None:
        self._session, self._publish, self._failed = session, publish, failed
        self._error: ObskitError | None = None  # of the answer that is being worked on
        self.explanation: Any = None
        self.panel = Panel({})
        self._strip_calls: tuple[Any, ...] = ()
        self._seen: dict[str, Any] = {}
        self._explanations, self._panels, self._strips = Kept(), Kept(), Kept()
        self._said = ""
        self._ahead = Ahead()
        self._verdict: tuple[Any, tuple[calls.Call, ...]] = (None, ())
        self._opened: tuple[tuple[str | None, str | None], WaterfallAnswers | None] = ((None, None), None)

    def code(self, state: InvestigationState) -> str:
        """Return the lines of Python that reproduce a state."""
        session = self._session
        try:
            verdict = self._verdict[1] if self._verdict[0] == _judged(state) else ()
            asked = (*self._strip_calls, *self.panel.calls, *verdict, *calls.trace(state))
            return code(state, opening(session.base), session.units(state), session.bins, asked)
        except ObskitError as error:  # such as a box that cannot be compared with an earlier one
            return f"# {safe(error.message)}"

    def draw(self, state: InvestigationState) -> None:
        """Draw the picture of a state."""
        base = self._session.base
        if self._known("picture", (state.x, state.y, state.conditions, state.options), base):
            return
        picture = draw(self._session.events(state), state, self._session.fields)
        self._session.picture = picture
        self._keep("picture", (state.x, state.y, state.conditions, state.options), base)
        self._publish(view=picture.view, grid=picture.cells)

    def answer(self, state: InvestigationState, cancelled: Cancelled) -> None:
        """Answer everything that a state asks, and stop between two steps once `cancelled` returns true.

        Args:
            state: what is asked.
            cancelled: returns whether something newer was asked.
        Raises:
            ObskitError: a part cannot be answered. The others are answered nevertheless, so that none of
                them shows an older question.
        """
        asked = (
            (self._explain, self._ask_panel)
            if state.tab == "difference"
            else (self._ask_panel, self._explain)
        )
        self._error = None
        for step in (self._draw_first, self._open_trace, *asked, self._lines, self._choices):
            if cancelled():
                return
            try:
                step(state, cancelled)
            except ObskitError as error:
                if self._error is None and not cancelled():
                    self._error = error
                    self._failed(error)
        if cancelled():
            return
        self._publish(code=self.code(state))
        if self._error is not None:
            raise self._error
        self._publish(status={"state": "idle", "text": self._said})
        self._ahead.begin(self._session.base.dataset)

    def finished(self, state: InvestigationState) -> Any:
        """Return the explanation of a state; None while it is not complete, or without a box."""
        asked = (state.question(), state.conditions)
        return self.explanation if self._known("explanation", asked, self._session.base) else None

    def forget(self, panel: Mapping[str, Any] | None = None) -> None:
        """Forget and clear the explanation: it failed, or was cancelled.

        Args:
            panel: what the open tab shows instead of its answer; None leaves it.
        """
        self.explanation, self._said = None, ""
        self._publish(found={}, **({} if panel is None else {"panel": panel}))
        self._seen.pop("explanation", None)
        self._seen.pop("panel", None)

    def _draw_first(self, state: InvestigationState, _: Cancelled) -> None:
        if state.selection is not None:
            self._work_on("Counting…")
        self.draw(state)

    def _open_trace(self, state: InvestigationState, _: Cancelled) -> None:
        """Open the waterfall of the state's trace, and close the one before."""
        ids = (state.trace, state.beside)
        if self._opened[0] == ids:
            return
        self._opened = (ids, None)
        try:
            opened = (
                None if state.trace is None else trace_view(self._session.base, state.trace, state.beside)
            )
        except ObskitError:
            self._publish(trace={})
            raise
        self._opened = (ids, opened)
        shown = {} if opened is None else {f"trace_{name}": value for name, value in opened.first.items()}
        self._publish(trace={} if opened is None else {"id": state.trace, "beside": state.beside}, **shown)

    def waterfall(self, message: Mapping[str, Any]) -> None:
        """Answer a message of the waterfall that is open; one of a waterfall that was closed is dropped."""
        opened = self._opened[1]
        if opened is not None:
            self._publish(**{f"trace_{name}": value for name, value in opened.answer(message).items()})

    def _explain(self, state: InvestigationState, cancelled: Cancelled) -> None:
        try:
            self._explain_box(state, cancelled)
        except EmptySelection as error:
            self.forget()
            raise EmptyBox.of(error) from error
        except ObskitError:
            self.forget()
            raise

    def _explain_box(self, state: InvestigationState, cancelled: Cancelled) -> None:
        base, question = self._session.base, state.question()
        if self._verdict[0] not in (None, _judged(state)):
            self._verdict = (None, ())
            self._publish(verdict={})
        asked = (question, state.conditions)
        if question is None:
            self.explanation, self._said = None, ""
            self._seen.pop("explanation", None)
            self._publish(found={})
            return
        if self.explanation is not None and self._known("explanation", asked, base):
            return
        # From here on, what is shown may be unfinished, or of another box than the one before.
        self._seen.pop("explanation", None)
        kept = self._explanations.get(base, asked)
        if kept is not None:
            found, self._said, shown = kept
            self._tell(state, found, self._said, shown)
            self._keep("explanation", asked, base)
            return
        selection, options = question
        events, began = self._session.events(state), time.perf_counter()

        def first(found: Any) -> None:
            if cancelled():
                return
            took = f"{time.perf_counter() - began:.2f} s"
            self._tell(state, found, f"Single conditions after {took}; combining them…")

        watched = dataclasses.replace(options, first=first, cancelled=cancelled, progress=self._progress)
        given = {field.name: getattr(watched, field.name) for field in dataclasses.fields(watched)}
        found = events.explain(selection, **given)
        if cancelled():
            return
        self._said = f"{presentation.summary(_for_page(found))} ({time.perf_counter() - began:.2f} s)"
        self._tell(state, found, self._said)
        shown = found
        if state.selects_slow and events.dataset.local:
            shown = explain_time_spent(events.scope, found)
            if cancelled():
                return
            if shown is not found:
                self._tell(state, found, self._said, shown)
        self._keep("explanation", asked, base)
        self._explanations.put(base, asked, (found, self._said, shown))

    def _work_on(self, text: str, **more: int) -> None:
        """Say what is being done, unless the answer has failed: then the error stays."""
        if self._error is None:
            self._publish(status={"state": "working", "text": text, **more})

    def _tell(self, state: InvestigationState, found: Any, text: str, shown: Any = None) -> None:
        """Show an explanation, and say what is being done; `shown` has more in the notes of its findings."""
        self.explanation = found
        raw = _for_page(found if shown is None else shown)
        lists = {
            key: [row["conditions"] for row in raw[key]] for key, _, _ in presentation.LISTS if raw.get(key)
        }
        version = self._session.keep("found", lists)
        link = getattr(self._session.base, "trace_link", lambda _: None)
        inside = [safe(str(one)) for one in verdicts.inside_box(self._session.base, state)]
        shown = {**presentation.explanation(raw, link), "deployments": inside, "version": version}
        if state.selects_time:
            shown["advice"] = _OF_TIME
        self._publish(found=shown)
        self._work_on(text)

    def judge(self, state: InvestigationState, name: str, cancelled: Cancelled) -> None:
        """Judge a deployment that is inside the box, and show the verdict next to the findings.

        Args:
            state: what is shown.
            name: the deployment, as the page lists it.
            cancelled: returns whether the box has changed since.
        """
        self._verdict = (_judged(state), ())
        self._publish(verdict={"name": name, "busy": True})
        try:
            inside = verdicts.inside_box(self._session.base, state)
            deployment = next((one for one in inside if safe(str(one)) == name), None)
            if deployment is None:
                raise InvalidArgument("this deployment is not inside the box", hint="draw the box again")
            call = verdicts.call(deployment)
            shown = verdicts.shown(call.run(self._session.events(state), None), name)
        except ObskitError as error:
            call, shown = None, {"name": name, "error": safe(error.message), "hint": safe(error.hint or "")}
        except Exception:
            self._publish(verdict={})
            raise
        if cancelled() or self._verdict[0] != _judged(state):
            return
        self._verdict = (_judged(state), () if call is None else (call,))
        self._publish(verdict=shown, code=self.code(state))

    def _progress(self, what: str, done: int, total: int) -> None:
        self._work_on(f"{what}…", done=done, total=total)

    def _ask_panel(self, state: InvestigationState, cancelled: Cancelled) -> None:
        try:
            self._answer_panel(state, cancelled)
        except ObskitError as error:
            self.panel = Panel({"tab": state.tab, "empty": "Not answered."})
            self._seen.pop("panel", None)
            self._publish(panel=self.panel.view)
            raise (EmptyBox.of(error) if isinstance(error, EmptySelection) else error) from error

    def _answer_panel(self, state: InvestigationState, cancelled: Cancelled) -> None:
        base = self._session.base
        asked = (
            state.tab,
            state.y,
            state.conditions,
            state.question(),
            state.group,
            state.columns,
            state.order,
        )
        if self._known("panel", asked, base):
            return
        panel = self._panels.get(base, asked)
        if panel is None:
            if state.tab != "difference":
                self._work_on("Counting…")
            panel = answer(self._session.events(state), state, self._session.units(state))
            if cancelled():
                return
            self._panels.put(base, asked, panel)
        self.panel = panel
        version = self._session.keep("panel", {"panel": [[item] for item in panel.items]})
        self._keep("panel", asked, base)
        self._publish(panel={**panel.view, "version": version})

    def _lines(self, state: InvestigationState, _: Cancelled) -> None:
        base = self._session.base
        group = state.group if state.tab == "group" else None
        asked = (state.x, state.y, state.conditions, group)
        if self._known("lines", asked, base):
            return
        found = self._strips.get(base, asked)
        if found is None:
            found = strip(self._session.events(state), state, self._session.units(state))
            self._strips.put(base, asked, found)
        lines, self._strip_calls = found
        self._keep("lines", asked, base)
        self._publish(strip=lines)

    def _choices(self, state: InvestigationState, _: Cancelled) -> None:
        """Tell the page which operations there are; once for each set of events."""
        base = self._session.base
        if self._known("choices", state.where, base):
            return
        events = base if state.where is None else base.where(state.where)
        units = self._session.units(dataclasses.replace(state, operation=None, steps=(), window=None))
        found = operations(events, units)
        self._keep("choices", state.where, base)
        fields, first = choices_of_fields(base)
        self._publish(choices={"operations": found, "fields": fields, "first": first})

    def _known(self, what: str, asked: Any, base: Any) -> bool:
        """Return whether a part was answered already for the same question about the same events."""
        of, before = self._seen.get(what, (None, None))
        return of is base and bool(before == asked)

    def _keep(self, what: str, asked: Any, base: Any) -> None:
        self._seen[what] = (base, asked)


def _for_page(found: Any) -> dict[str, Any]:
    """Return an explanation as a dict without its statement, which takes a while and is not shown."""
    return dict(dataclasses.replace(found, statement=str).to_dict())


def _judged(state: InvestigationState) -> Any:
    """Return what a verdict depends on: it goes when the box or the conditions change."""
    return state.brush, state.conditions
