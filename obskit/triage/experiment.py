"""`experiment`: is a chaos experiment visible in the requests, and what else changed meanwhile?

The requests within the experiment's window are compared with those before it, as triage compares. Requests
after its end are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import ibis.expr.types as ir

from obskit.display.result import Result
from obskit.display.tables import format_cell
from obskit.engine import Scope
from obskit.errors import EmptySelection, InvalidArgument
from obskit.names.markers import EXPERIMENT
from obskit.query.deployments import Deployment, changes
from obskit.query.output import dataset_of, format_call, merge_notes
from obskit.text import safe
from obskit.triage.result import Triage
from obskit.triage.run import triage

Word = Literal["visible", "not visible", "no data"]
_FIELDS = ("chaos.experiment", "chaos.status", "chaos.end", "chaos.start", "service.name", "chaos.kind")


@dataclass(frozen=True)
class Window:
    """An experiment, and when it ran.

    Attributes:
        name: of the experiment.
        start: when it began.
        end: when it ended; None if that is not recorded.
        service: the service that it was about, if known.
    """

    name: str
    start: datetime
    end: datetime | None
    service: str | None


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ExperimentAnswer(Result):
    """Whether an experiment is visible.

    Attributes:
        word: "visible", "not visible" or "no data".
        sentence: the answer in words.
        window: the experiment.
        also_changed: other changes, from as long before the experiment as it ran, to its end.
        triage: the operations before and within the window; None without data.
    """

    word: Word
    sentence: str
    window: Window
    also_changed: tuple[Deployment, ...] = ()
    triage: Triage | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as values that JSON can hold."""
        return {
            **super().to_dict(),
            "word": self.word,
            "sentence": self.sentence,
            "experiment": {
                "name": self.window.name,
                "start": format_cell(self.window.start),
                "end": None if self.window.end is None else format_cell(self.window.end),
                "service": self.window.service,
            },
            "also_changed": [{"at": format_cell(one.at), "what": str(one)} for one in self.also_changed],
            "triage": None if self.triage is None else self.triage.to_dict(),
        }

    def __str__(self) -> str:
        lines = [safe(self.sentence)]
        if self.also_changed:
            lines += ["Also changed:", *(f"  {format_cell(one.at)}  {one}" for one in self.also_changed)]
        if self.triage is not None and self.word == "visible":
            lines += ["", str(self.triage)]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    __repr__ = __str__


def experiment(
    scope: Scope, marker: Any = None, *, progress: Callable[[str, int, int], None] | None = None
) -> ExperimentAnswer:
    """Compare the requests within an experiment's window with those before it.

    Args:
        scope: the events.
        marker: the experiment's name, or the marker of its start as a row (a mapping with `timestamp`); None
            for the newest.
        progress: called with (what, done, total).

    Returns:
        "visible" if an operation got worse beyond chance, "not visible" if operations could be compared and
        none did, "no data" if none could be compared; and what else changed.

    Raises:
        EmptySelection: no event is an experiment, or none has that name.
        InvalidArgument: `marker` is neither a name nor a row with a time.
    """
    window, repeated = _find(scope, marker)
    end = window.end or scope.newest
    others = _others(scope, window, end)
    notes = (
        []
        if window.end
        else ["the end of the experiment is not recorded; it is taken to last until the newest event"]
    )
    if repeated:
        notes.append(f"{repeated} earlier runs of the experiment are part of the time before")
    found: Triage | None = None
    if end is not None and end > window.start:
        try:
            found = triage(scope, window.start, until=end, progress=progress)
        except (EmptySelection, InvalidArgument):
            found = None
    word, sentence = _answer(window, found, end, others)
    return ExperimentAnswer(
        kind="experiment",
        table=found.table if found is not None else _no_rows(scope),
        query=format_call("experiment", window.name, scope=scope),
        sql=found.sql if found is not None else "",
        dataset=dataset_of(scope),
        notes=merge_notes(scope.notes, notes),
        word=word,
        sentence=sentence,
        window=window,
        also_changed=others,
        triage=found,
    )


def _no_rows(scope: Scope) -> Any:
    return scope.dataset.schema.empty_table().select(["timestamp"])


def _answer(
    window: Window, found: Triage | None, end: datetime | None, others: tuple[Deployment, ...]
) -> tuple[Word, str]:
    ran = f"The experiment {window.name} ran from {format_cell(window.start)}"
    ran += f" to {format_cell(end)}" if window.end else ""
    if found is None or found.verdict.startswith("Nothing was compared"):
        why = (
            found.verdict
            if found is not None
            else "There are no requests to compare within it and before it."
        )
        return "no data", f"{ran}: no data. {why}"
    worse = [cause.headline() for cause in (*found.causes, *found.repeats)]
    if not worse and not found.missing and not found.calls:
        return "not visible", f"{ran}: not visible. {found.verdict}"
    first = worse[0] if worse else "requests or calls are missing or fail"
    more = f" and {len(worse) - 1} more" if len(worse) > 1 else ""
    text = f"{ran}: visible. {first}{more}."
    if others:
        text += " Other changes fall into the same time, so the experiment may not be the cause."
    return "visible", text


def _find(scope: Scope, marker: Any) -> tuple[Window, int]:
    """Return the experiment's window, and the number of earlier runs of the same experiment."""
    everything = scope.everything
    names = everything.schema.names
    shown = [name for name in _FIELDS if name in names]
    rows: list[dict[str, Any]] = []
    if {"timestamp", "name", "chaos.experiment"} <= set(names):

        def build(table: ir.Table) -> ir.Table:
            wanted = (table["name"] == EXPERIMENT) & table["timestamp"].notnull()
            return table.filter(wanted).select("timestamp", *shown).order_by("timestamp")

        rows = everything.run(build).table.to_pylist()
    begun = [row for row in rows if row.get("chaos.status") != "ended"]
    if not begun:
        raise EmptySelection(
            "no event is the start of an experiment",
            hint="load what kubectl get -o json prints for Chaos Mesh or Litmus next to the events",
        )
    row = _chosen(begun, marker)
    same = [one for one in rows if one["chaos.experiment"] == row["chaos.experiment"]]
    return Window(
        str(row["chaos.experiment"]), row["timestamp"], _end(row, same), row.get("service.name")
    ), sum(one in begun and one["timestamp"] < row["timestamp"] for one in same)


def _chosen(begun: list[dict[str, Any]], marker: Any) -> dict[str, Any]:
    if marker is None:
        return begun[-1]
    if isinstance(marker, str):
        found = [row for row in begun if row["chaos.experiment"] == marker]
        if not found:
            known = ", ".join(dict.fromkeys(str(row["chaos.experiment"]) for row in begun[-5:]))
            raise EmptySelection(f"no experiment is called {marker!r}", hint=f"the newest ones are {known}")
        return found[-1]
    at = marker.get("timestamp") if hasattr(marker, "get") else None
    found = [row for row in begun if row["timestamp"] == at] if isinstance(at, datetime) else []
    if not found:
        raise InvalidArgument(
            f"marker must be the name of an experiment or the row of its start, got {marker!r}",
            hint="events.where(\"name = 'chaos.experiment'\").rows() lists the experiments",
        )
    return found[-1]


def _end(row: dict[str, Any], same: list[dict[str, Any]]) -> datetime | None:
    """Return when an experiment ended: by the marker of its end, else as its start foresaw it."""
    start = row["timestamp"]
    later = [
        one["timestamp"] for one in same if one.get("chaos.status") == "ended" and one["timestamp"] > start
    ]
    again = [
        one["timestamp"] for one in same if one.get("chaos.status") != "ended" and one["timestamp"] > start
    ]
    if later and (not again or min(later) <= min(again)):
        recorded: datetime = min(later)
        return recorded
    try:
        planned = datetime.fromisoformat(str(row.get("chaos.end")))
    except ValueError:
        return None
    return planned if planned.tzinfo else planned.replace(tzinfo=UTC)


def _others(scope: Scope, window: Window, end: datetime | None) -> tuple[Deployment, ...]:
    if end is None:
        return ()
    since = window.start - (end - window.start)
    return tuple(
        one
        for one in changes(scope)
        if since <= one.at <= end
        and not (one.what == "experiment" and (one.version or "").startswith(f"{window.name} "))
    )
