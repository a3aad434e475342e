"""What an investigation leaves behind: pins, notes, and entries of a ledger, written from the page.

Jobs run one after the other on a thread of their own, and none is dropped: a note must not be lost because a
box was drawn after it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from obskit import events as verbs
from obskit.dataset import is_dataset
from obskit.display import formatting
from obskit.engine import moment
from obskit.errors import InvalidArgument, LimitExceeded, ObskitError
from obskit.explorer.state import InvestigationState
from obskit.record import JUDGEMENTS, Ledger, note
from obskit.text import pluralize, safe

_DRAW = "draw a box first"
_BUDGET = "narrow the events or the box, or in a cell: ok.pin(explorer.events, PATH, copy=True, budget=BYTES)"


class Recorder:
    """Writes what the page asks to keep.

    Args:
        ledger: a ledger or its path; None for none.
        publish: called with what the page shows about it.
    """

    def __init__(
        self, ledger: Ledger | str | os.PathLike[str] | None, publish: Callable[[dict[str, Any]], None]
    ) -> None:
        self.ledger = ledger if ledger is None or isinstance(ledger, Ledger) else Ledger(ledger)
        self._publish, self._done = publish, 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="obskit-record")

    def shown(self, events: Any, **more: Any) -> dict[str, Any]:
        """Return what the page shows: where notes and entries go, and `more`."""
        folder = folder_of(events)
        return {
            "folder": "" if folder is None else safe(str(folder)),
            "ledger": "" if self.ledger is None else safe(str(self.ledger.path)),
            "judgements": list(JUDGEMENTS),
            "done": self._done,
            **more,
        }

    def submit(
        self,
        message: Mapping[str, Any],
        state: InvestigationState,
        events: Any,
        explanation: Any,
        after_note: Callable[[], object],
    ) -> None:
        """Do what the page asks for, after everything that it asked for before.

        Args:
            message: {"action": "pin", "note" or "keep"}; the last two with `text`, and "keep" with
                `judgement`.
            state: what is shown.
            events: the events, narrowed by the conditions of the state.
            explanation: the complete explanation of the state, or None.
            after_note: called once a note is written.
        """
        self._publish(self.shown(events, text="Writing…", busy=True))
        self._thread.submit(self._work, message, state, events, explanation, after_note)

    def wait(self) -> None:
        """Wait until everything is written."""
        self._thread.submit(int).result()

    def _work(
        self,
        message: Mapping[str, Any],
        state: InvestigationState,
        events: Any,
        explanation: Any,
        after_note: Callable[[], object],
    ) -> None:
        action, text = message.get("action"), str(message.get("text") or "")
        try:
            if action == "pin":
                said = self._pin(events, explanation)
            elif action == "note":
                said = _note(events, state, text)
            elif action == "keep":
                said = self._keep(explanation, state, str(message.get("judgement")), text)
            else:
                raise InvalidArgument(f"unknown action {action!r}", hint="expected pin, note or keep")
        except Exception as error:
            known = isinstance(error, ObskitError)
            words = error.message if isinstance(error, ObskitError) else f"{type(error).__name__}: {error}"
            hint = (_BUDGET if isinstance(error, LimitExceeded) else error.hint or "") if known else ""  # type: ignore[attr-defined]
            self._publish(self.shown(events, text=safe(words), hint=safe(hint), error=True))
            return
        self._done += 1
        self._publish(self.shown(events, text=safe(said)))
        if action == "note":
            after_note()

    def _pin(self, events: Any, explanation: Any) -> str:
        """Pin the events with the rows of the findings, next to the ledger or in the working directory."""
        folder = Path.cwd() if self.ledger is None else self.ledger.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        target = _free(folder, f"explorer-{datetime.now(UTC):%Y%m%d-%H%M%S}")
        findings = () if explanation is None else (explanation,)
        made = verbs.pin(events, target, copy=True, findings=findings)
        kept = made.kept or {}
        said = (
            f"Pinned as {target}: {pluralize(kept.get('rows'), 'row')} kept, "
            f"{formatting.size(kept['bytes'])} of at most {formatting.size(kept['budget'])}."
        )
        if self.ledger is None or explanation is None:
            return said
        self.ledger.keep(explanation, "open", question=f"pinned as {target.name}")
        return f"{said} The finding is in {self.ledger.path.name}."

    def _keep(self, explanation: Any, state: InvestigationState, judgement: str, why: str) -> str:
        if self.ledger is None:
            raise InvalidArgument(
                "this Explorer has no ledger", hint='open it with one: ok.Explorer(events, ledger="FILE")'
            )
        if explanation is None:
            hint = _DRAW if state.selection is None else "wait until the box is explained"
            raise InvalidArgument("there is no finding to keep", hint=hint)
        if judgement == "ruled out" and not why.strip():
            raise InvalidArgument('"ruled out" needs a reason', hint="write why in the field")
        self.ledger.keep(explanation, judgement, why=why)
        return f"Kept as {judgement} in {self.ledger.path}."


def folder_of(events: Any) -> Path | None:
    """Return the folder that the events were loaded from, where notes can be added; None without one."""
    origin = getattr(events, "_origin", None)
    for source in (origin.source if origin is not None else None) or ():
        path = Path(source)
        if path.is_dir() and not is_dataset(path):
            return path
    return None


def _note(events: Any, state: InvestigationState, text: str) -> str:
    """Write a note at the beginning of the box, now without one."""
    folder = folder_of(events)
    if folder is None:
        raise InvalidArgument(
            "these events were not loaded from a folder that notes can be added to",
            hint='in a cell: ok.note("...", into=FOLDER), and load both',
        )
    if not text.strip():
        raise InvalidArgument("a note needs text", hint="write it in the field")
    brush = state.brush
    begins = brush.x0 if brush is not None and state.x.time else None
    at = datetime.now(UTC) if begins is None else moment(begins)
    file = note(text, folder, at)
    where = "now" if begins is None else f"at {formatting.utc(at)}, where the box begins"
    return f"Noted {where}, in {file}."


def _free(folder: Path, name: str) -> Path:
    """Return a file name that is not taken yet."""
    number = 1
    while True:
        path = folder / f"{name}{'' if number == 1 else f'-{number}'}.pin.json"
        if not path.exists():
            return path
        number += 1
