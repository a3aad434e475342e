"""The template of a post-incident review, filled from events: timeline, impact, phases, slices, changes.

What events cannot know (why it was built that way, who decided what) is asked for, and never invented.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from obskit.display import formatting
from obskit.engine import Scope, parse_moment
from obskit.errors import ConditionError, InvalidArgument, UnknownField
from obskit.names.markers import INCIDENT, NOTE, NOTE_PHASE
from obskit.query.deployments import Deployment, changes, notices
from obskit.record import Entry, Ledger
from obskit.report.answers import answer, judgements_table, prompt, title
from obskit.report.blocks import Block, Choice, Document, Figure, Pre, Prose, Section, Table
from obskit.text import pluralize

PEOPLE = ("user.id", "enduser.id", "customer.id", "account.id", "session.id")
STEPS = (
    ("1s", 1),
    ("10s", 10),
    ("1m", 60),
    ("5m", 300),
    ("15m", 900),
    ("30m", 1800),
    ("1h", 3600),
    ("6h", 21600),
)
MOST_STEPS = 60
LOOK_BACK = timedelta(hours=24)
MOST_CHANGES = 50
MOST_MARKS = 20
NOT_KNOWN = "not in the events"


@dataclass(frozen=True)
class _Moment:
    """A moment of the incident, and where it was read."""

    at: datetime | None
    source: str

    def cells(self, name: str, begin: datetime | None) -> tuple[str, str, str, str]:
        after = ""
        if self.at is not None and begin is not None and self.at > begin:
            after = formatting.duration((self.at - begin).total_seconds() * 1000)
        return name, formatting.utc(self.at) if self.at else NOT_KNOWN, after, self.source


def incident_document(
    events: Any, selection: str, ledger: Ledger | None, impact: Sequence[str] | None, name: str | None
) -> Document:
    """Fill the template.

    Args:
        events: the events, markers and notes among them.
        selection: condition of the affected requests.
        ledger: questions with judgements; None for none.
        impact: fields whose distinct values are counted; by default those of users and customers there are.
        name: the title.

    Returns:
        The document.

    Raises:
        EmptySelection: no event is affected.
        InvalidArgument: the events have no timestamps.
        ConditionError, UnknownField, UnknownFunction: from the selection, or `impact` names an unknown field.

    Cost: a few scans of the fields that the selection and the impact name.
    """
    scope: Scope = events.scope
    if "timestamp" not in scope.schema.names:
        raise InvalidArgument(
            "a post-incident review needs events with timestamps", hint="load with mapping="
        )
    units = scope.units()[0]
    requests = events if units is None else events.where(units)
    fields = _fields(scope, impact)
    counted = [events.impact(selection, by=field) for field in fields]
    if impact is None:  # a field that no affected event has says nothing
        known = [(field, one) for field, one in zip(fields, counted, strict=True) if one.affected]
        fields, counted = [field for field, _ in known], [one for _, one in known]
    size = requests.query(f"count({selection}) as affected", "count() as requests").to_arrow().to_pylist()[0]
    extent = requests.where(selection).scope.extent
    if not extent[0]:
        events.impact(selection, by="name")  # raises EmptySelection with its hint
    first, last = extent[1], extent[2]
    entries = [] if ledger is None else ledger.current
    moments = _moments(scope, entries, first, last)
    found = [*changes(scope), *notices(scope)]
    what = "requests" if units is not None else "events"
    blocks: list[Block] = [
        Section(
            "Summary",
            [
                prompt("what happened, in two sentences that somebody outside the team understands"),
                Prose(f"Affected {what} are those for which `{selection}`."),
                _impact_table(size, counted, fields, what),
            ],
        ),
        Section(
            "When",
            [
                _phases(moments),
                prompt("what the table calls “not in the events”: ok.note(..., phase=...) adds it"),
            ],
        ),
        Section("Timeline", _timeline(found, first, last)),
        Section("Impact over time", _over_time(requests, selection, fields, found, first, last, what)),
    ]
    if entries:
        chosen = [entry for entry in entries if entry.judgement in ("cause", "contributing", "open")]
        ruled_out = [entry for entry in entries if entry.judgement == "ruled out"]
        blocks.append(
            Section(
                "Which requests, and why",
                [Choice("findings", [(title(entry), answer(entry)) for entry in chosen])]
                if chosen
                else [prompt("the cause: nothing was judged a cause")],
            )
        )
        blocks.append(
            Section(
                "What was ruled out",
                [judgements_table(ruled_out)]
                if ruled_out
                else [prompt("what was looked at and ruled out, and why")],
            )
        )
    else:
        blocks.append(
            Section(
                "Which requests, and why",
                [prompt('the findings: keep them with ok.Ledger(...).keep(found, "cause")')],
            )
        )
    blocks += [
        Section("What changed before", _changed(found, moments["began"].at)),
        Section(
            "What events cannot know",
            [
                prompt("how it was noticed, and what would have noticed it earlier"),
                prompt("why the change looked safe at the time, and which check it passed"),
                prompt("what went well, and where we were lucky"),
                prompt("what will be done, by whom, until when, and how we will know that it worked"),
            ],
        ),
        Section("How to reproduce", [Pre(_code(selection, fields))]),
    ]
    facts = [("Affected", selection), ("First to last affected", _between(first, last))]
    notes = [] if ledger is None else ledger.notes
    return Document(name or "Post-incident review", facts, blocks, notes)


def _fields(scope: Scope, impact: Sequence[str] | None) -> list[str]:
    if impact is not None:
        return [scope.resolve(field) for field in ([impact] if isinstance(impact, str) else impact)]
    found = []
    for field in PEOPLE:
        try:
            found.append(scope.resolve(field))
        except UnknownField:
            continue
    return list(dict.fromkeys(found))


def _impact_table(size: dict[str, Any], counted: Sequence[Any], fields: Sequence[str], what: str) -> Table:
    affected, all_ = size["affected"], size["requests"]
    share = formatting.share(affected / all_) if all_ else ""
    rows = [(what, formatting.count(affected), formatting.count(all_), share)]
    notes: list[str] = []
    for field, one in zip(fields, counted, strict=True):
        at_least = "at least " if one.lower_bound else ""
        share = "" if one.lower_bound or not one.total else formatting.share(one.affected / one.total)
        rows.append((field, f"{at_least}{one.affected:,}", f"{at_least}{one.total:,}", share))
        notes += [note for note in one.notes if note not in notes]
    return Table(("what", "affected", "of", "share"), rows, notes, frozenset({1, 2, 3}))


def _moments(
    scope: Scope, entries: Sequence[Entry], first: datetime | None, last: datetime | None
) -> dict[str, _Moment]:
    """Return the moments of the incident: from notes, else from the ledger or incident markers, else none.

    Markers more than a day before or after the affected events are those of another incident.
    """
    rows = [row for row in _marker_rows(scope) if _is_near(row["timestamp"], first, last)]
    noted: dict[str, datetime] = {}
    opened: list[datetime] = []
    resolved: list[datetime] = []
    for row in rows:
        phase = row.get(NOTE_PHASE)
        if row["name"] == NOTE and phase is not None:
            noted.setdefault(str(phase), row["timestamp"])
        elif row["name"] == INCIDENT:
            ended = str(row.get("obskit.incident.status")).lower() in ("resolved", "closed")
            (resolved if ended else opened).append(row["timestamp"])

    def moment(phase: str, fallback: datetime | None, source: str) -> _Moment:
        if phase in noted:
            return _Moment(noted[phase], "a note")
        return _Moment(fallback, source if fallback is not None else "")

    seen = _first_seen(entries)
    return {
        "began": (
            moment("began", first, "the first affected event")
            if seen is None
            else moment("began", seen, "the first event of the first cause in the ledger")
        ),
        "first affected event": _Moment(first, "the events"),
        "detected": moment("detected", min(opened, default=None), "an incident that was opened"),
        "mitigated": moment("mitigated", None, ""),
        "last affected event": _Moment(last, "the events"),
        "recovered": moment("recovered", max(resolved, default=None), "an incident that was resolved"),
    }


def _is_near(at: datetime, first: datetime | None, last: datetime | None) -> bool:
    return first is None or last is None or first - LOOK_BACK <= at <= last + LOOK_BACK


def _first_seen(entries: Sequence[Entry]) -> datetime | None:
    """Return when the first finding of the entries that were judged a cause was first seen."""
    found = []
    for entry in entries:
        findings = (entry.result or {}).get("findings") if entry.judgement == "cause" else None
        if isinstance(findings, list) and findings and isinstance(findings[0], Mapping):
            try:
                found.append(parse_moment(findings[0].get("first_seen"), None))
            except ConditionError:
                continue
    return min((at for at in found if at is not None), default=None)


def _marker_rows(scope: Scope) -> list[dict[str, Any]]:
    everything = scope.everything
    names = everything.schema.names
    if "name" not in names:
        return []
    shown = ["timestamp", "name", *(n for n in (NOTE_PHASE, "obskit.incident.status") if n in names)]

    def build(table: Any) -> Any:
        wanted = table["name"].isin([NOTE, INCIDENT]) & table["timestamp"].notnull()
        return table.filter(wanted).select(*shown).order_by("timestamp")

    rows: list[dict[str, Any]] = everything.run(build).table.to_pylist()
    return rows


def _phases(moments: dict[str, _Moment]) -> Table:
    begin = moments["began"].at
    rows = [moment.cells(name, begin) for name, moment in moments.items()]
    return Table(("moment", "time (UTC)", "after it began", "from"), rows)


def _timeline(found: Sequence[Deployment], first: datetime | None, last: datetime | None) -> list[Block]:
    if first is None or last is None:
        return [prompt("the timeline: the affected events have no times")]
    shown = [one for one in found if _is_near(one.at, first, last)]
    rows = [(one.at, one.what, _what(one)) for one in shown]
    rows += [(first, "events", "the first affected event"), (last, "events", "the last affected event")]
    rows.sort(key=lambda row: row[0])
    cells = [(formatting.utc(at), kind, text) for at, kind, text in rows[:500]]
    caption = (
        [f"{pluralize(len(found) - len(shown), 'marker is', 'markers are')} more than a day away"]
        if len(found) > len(shown)
        else []
    )
    if len(rows) > 500:
        caption.append(f"{len(rows) - 500:,} more are left out")
    return [Table(("time (UTC)", "kind", "what"), cells, caption)]


def _what(one: Deployment) -> str:
    named = str(one)
    text = one.title if one.title and one.title != named else ""
    return f"{named}: {text}" if text and text not in named and one.what != "note" else text or named


def _over_time(
    requests: Any,
    selection: str,
    fields: Sequence[str],
    found: Sequence[Deployment],
    first: datetime | None,
    last: datetime | None,
    what: str,
) -> list[Block]:
    if first is None or last is None:
        return []
    span = max(last - first, timedelta(minutes=1))
    begin, end = first - span / 2, last + span / 2
    seconds = (end - begin).total_seconds()
    step = next((name for name, length in STEPS if seconds / length <= MOST_STEPS), "1d")
    shown = requests.between(formatting.utc(begin), formatting.utc(end))
    people = [f"count_distinct({_quoted(field)}) as {_quoted(f'{field} affected')}" for field in fields[:1]]
    series = shown.query(f"count({selection}) as affected", f"count() as {what}", every=step)
    rows = series.to_arrow().to_pylist()
    time = series.table.schema.names[0]
    x = [formatting.utc(row[time]) for row in rows]
    marks = [{"at": formatting.utc(one.at), "label": str(one)} for one in found if begin <= one.at <= end]
    blocks: list[Block] = [
        Figure(
            f"{name}, per {step}",
            [{"type": "line", "name": name, "x": x, "y": [row[name] for row in rows]}],
            time=True,
            x_title="time (UTC)",
            y_title=name,
            marks=marks[:MOST_MARKS],
        )
        for name in ("affected", what)
    ]
    columns = ["time (UTC)", "affected", f"of all {what}", "share"]
    table = [
        [
            at,
            formatting.count(row["affected"]),
            formatting.count(row[what]),
            formatting.share(row["affected"] / row[what]) if row[what] else "",
        ]
        for at, row in zip(x, rows, strict=True)
    ]
    if people:
        hit = shown.where(selection).query(*people, every=step)
        by_time = {
            formatting.utc(row[hit.table.schema.names[0]]): row[f"{fields[0]} affected"]
            for row in hit.to_arrow().to_pylist()
        }
        columns.append(f"{fields[0]} affected")
        table = [[*row, formatting.count(by_time.get(row[0]) or 0)] for row in table]
    notes = list(dict.fromkeys([*series.notes, *(hit.notes if people else ())]))
    blocks.append(Table(columns, table, notes, frozenset(range(1, len(columns)))))
    return blocks


def _changed(found: Sequence[Deployment], began: datetime | None) -> list[Block]:
    kinds = ("deployment", "tag", "flag", "migration", "experiment")
    before = [
        one
        for one in found
        if one.what in kinds
        and began is not None
        and began - LOOK_BACK <= one.at <= began + timedelta(minutes=5)
    ]
    if not before:
        return [
            prompt(
                "what changed: the events have no deployment, flag, migration or experiment of the day before"
            )
        ]
    rows = [
        (
            formatting.utc(one.at),
            one.what,
            _what(one),
            formatting.duration(abs((began - one.at).total_seconds()) * 1000)
            + (" before" if one.at <= began else " after"),
        )
        for one in before[-MOST_CHANGES:]
        if began is not None
    ]
    caption = [f"the newest {MOST_CHANGES} of {len(before):,}"] if len(before) > MOST_CHANGES else []
    caption.append("a change before an incident is not yet its cause")
    return [Table(("time (UTC)", "kind", "what", "relative to when it began"), rows, caption)]


def _code(selection: str, fields: Sequence[str]) -> str:
    lines = ["import obskit as ok", "", "events = ok.load(PIN)", f"selection = {selection!r}"]
    lines += [f"events.impact(selection, by={field!r})" for field in fields]
    return "\n".join([*lines, 'events.query(f"count({selection})", every="1h")', "events.explain(selection)"])


def _between(first: datetime | None, last: datetime | None) -> str:
    return f"{formatting.utc(first)} to {formatting.utc(last)}" if first and last else "no times"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
