"""`triage`: compare every operation with its own earlier time, and explain what got worse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from obskit.display.tables import format_cell
from obskit.engine import Population, Scope, check_population, format_value
from obskit.errors import InvalidArgument
from obskit.judge import Verdict
from obskit.names.markers import DEPLOYMENT
from obskit.query.deployments import Deployment, changes, first_steps
from obskit.query.output import dataset_of, format_call, join_statements, merge_notes
from obskit.text import pluralize
from obskit.triage.calls import failing_calls
from obskit.triage.causes import causes_of
from obskit.triage.changes import FEWEST, MOST_DEPLOYMENTS, CandidateMoments, Row, find_changes, full_moments
from obskit.triage.counts import Key, Operation, count_operations
from obskit.triage.deployed import verdicts_of
from obskit.triage.further import further_changes
from obskit.triage.messages import messages
from obskit.triage.missing import Missing, find_missing
from obskit.triage.population import ExaminedRows, examine, operation_fields
from obskit.triage.repeats import count_by_trace
from obskit.triage.resolution import describe_resolution
from obskit.triage.result import Triage, table_of
from obskit.triage.row_set import RowSet, TraceIds
from obskit.triage.where_time_goes import add_time_spent

MOST_MESSAGES_EXPLAINED = 3


def triage(
    scope: Scope,
    since: datetime | None = None,
    *,
    until: datetime | None = None,
    population: Population = "units",
    progress: Callable[[str, int, int], None] | None = None,
) -> Triage:
    """Compare operations with their earlier time and explain what got worse.

    Args:
        scope: the events.
        since: the moment at which "later" begins. By default, operations are compared at every deployment
            and every full hour (or other round step, at most 24), corrected for that many comparisons; a
            deployment of the operation's own service wins over a moment with a little more evidence.
        until: events from this time on are left out.
        population: "units" for units of work (all rows, if none is one), or "all".
        progress: called with (what, done, total).

    Returns:
        One row per operation; those that got worse are first, sorted by their excess events. Next to them:
        the verdicts on deployments, the explanations of what got worse, what is missing, and messages,
        exceptions and values that are new, more frequent or gone.

    Raises:
        InvalidArgument: no event has a time, no field identifies operations, `since` is not before `until`,
            or `population` is neither name.
        EmptySelection: no event is left to compare.

    Cost: one statement over the units of work; then one statement and one explanation per outcome that got
        worse, of at most 4 operations, and one `judge` per verdict, at most 3. For what is missing: one pass
        over the codes of each categorical field, and one match of spans to their parents.
    """
    check_population(population)
    if since is not None and until is not None and since >= until:
        raise InvalidArgument(
            f"since must be before until, got {since.isoformat()} and {until.isoformat()}",
            hint="use an earlier `since` or a later `until`",
        )
    until_now = scope
    if until is not None:
        until_now = scope.narrow(f"timestamp < {format_value(until)}")
    examined = examine(until_now, population)
    keys = operation_fields(scope)
    candidates, notes = _candidate_moments(scope, examined, since)
    every, sql = count_operations(examined.scope, keys, candidates.moments)
    examined_rows, fields = RowSet.of(examined.scope), [[key] for key in keys]
    counted, repeated = count_by_trace(every, examined_rows, fields, candidates.moments)
    at = keys.index("service.name") if "service.name" in keys else None

    def service_of(key: Key) -> str | None:
        return None if at is None else key[at]

    rows, taken = find_changes(counted, candidates, service_of)
    labels = {moment: ", ".join(map(str, found)) for moment, found in candidates.deployed.items()}
    further = further_changes(counted, rows, candidates, service_of, taken)
    traces = TraceIds(until_now)
    causes, repeats = causes_of(
        until_now, keys, rows, further, examined.condition, traces, labels.get, progress
    )
    causes = add_time_spent(until_now, causes)
    missing = Missing((), 0)
    if not scope.sampled:
        times = (examined.first, examined.last)
        missing = find_missing(until_now, examined.scope, keys, times, since, candidates.deployed, progress)
    calls, repeated_calls = failing_calls(until_now, candidates, traces, labels.get)
    notes += [
        f"to test what got worse, {pluralize(left, what)} left out, of traces with far more of an operation "
        "than others have"
        for left, what in ((repeated, "event"), (repeated_calls, "call"))
        if left
    ]
    deployments: tuple[Verdict, ...] = ()
    if not scope.sampled:
        deployments, not_judged = verdicts_of(until_now, rows, candidates, service_of, progress)
        notes += not_judged
    if taken > 2:
        notes.append(
            f"the threshold is corrected for {taken:,} comparisons: operations, outcomes and moments"
        )
    return Triage(
        kind="triage",
        table=table_of(keys, _with_all_events(rows, every, candidates), labels.get),
        query=_call_text(scope, since, until, population),
        sql=join_statements(scope, [sql]),
        dataset=dataset_of(scope),
        notes=merge_notes(scope.notes, examined.notes, notes, _not_compared(rows)),
        causes=causes,
        repeats=repeats,
        calls=calls,
        deployments=deployments,
        missing=missing.losses,
        verdict=_verdict(rows, examined, since, missing, taken, calls=bool(calls)),
        messages=messages(until_now, since, explained=MOST_MESSAGES_EXPLAINED, progress=progress),
    )


def _with_all_events(
    rows: Sequence[Row], operations: Sequence[Operation], candidates: CandidateMoments
) -> list[Row]:
    """Return operations with all of their events, whether or not they repeat each other."""
    known = {operation.key: operation for operation in operations}
    out = []
    for row in rows:
        before, after = known[row.key].periods(candidates.moments.index(row.since))
        out.append(replace(row, before=before, after=after))
    return out


def _call_text(scope: Scope, since: datetime | None, until: datetime | None, population: Population) -> str:
    times = {name: format_cell(time) for name, time in (("since", since), ("until", until)) if time}
    return format_call("triage", scope=scope, **times, population="all" if population == "all" else None)


def _candidate_moments(
    scope: Scope, examined: ExaminedRows, since: datetime | None
) -> tuple[CandidateMoments, list[str]]:
    """Return the moments to compare at, and a note about them."""
    if since is not None:
        return CandidateMoments((since,), {}, 0), [
            f"events from {format_cell(since)} on are compared with those before"
        ]
    first, last = examined.first, examined.last
    found = [d for d in first_steps(changes(scope)) if first < d.at <= last][-MOST_DEPLOYMENTS:]
    deployed: dict[datetime, list[Deployment]] = {}
    for deployment in found:
        deployed.setdefault(deployment.at, []).append(deployment)
    round_ones, step = full_moments(first, last)
    moments = sorted({*deployed, *round_ones}) or [last]
    default = max(0, 3 * len(moments) // 4 - 1)
    text = f"each operation is compared with its earlier time at every {step}"
    if found:
        newest = ", ".join(f"{d} at {format_cell(d.at)}" for d in found[-5:])
        word = "deployment" if all(d.what == DEPLOYMENT for d in found) else "deployment or other change"
        text += f" and every {word} ({newest})"
    else:
        text += "; no deployment is visible"
    return CandidateMoments(tuple(moments), deployed, default), [text]


def _name(row: Row) -> str:
    return " ".join(str(value) for value in row.key if value is not None) or "all rows"


def _not_compared(rows: Sequence[Row]) -> list[str]:
    left = sum(not row.compared for row in rows)
    if not left or left == len(rows):
        return []
    return [
        f"{left:,} of {len(rows):,} operations {'has' if left == 1 else 'have'} fewer than {FEWEST} events "
        "before or after every moment, so they are not compared"
    ]


def _verdict(
    rows: Sequence[Row],
    examined: ExaminedRows,
    since: datetime | None,
    missing: Missing,
    comparisons: int,
    *,
    calls: bool,
) -> str:
    if any(row.changes for row in rows):
        return ""
    if any(row.compared for row in rows):
        if calls:
            return "No operation got worse beyond chance, but calls to other services fail more than before."
        seen = describe_resolution(rows, comparisons, _name)
        text = " ".join(filter(None, ["No operation got worse beyond chance.", seen]))
        if missing.losses:
            return f"{text} But something is missing."
        return " ".join(filter(None, [text, missing.resolution]))
    if since is not None and since <= examined.first:
        return (
            f"Nothing was compared: no row is before {format_cell(since)}. Use a later since= (--since); "
            f"the first row is at {format_cell(examined.first)}."
        )
    if since is not None and since > examined.last:
        return (
            f"Nothing was compared: no row is after {format_cell(since)}. Use an earlier since= (--since); "
            f"the last row is at {format_cell(examined.last)}."
        )
    return (
        f"Nothing was compared: no operation has {FEWEST} events both before and after any moment "
        f"({format_cell(len(rows))} operation{'' if len(rows) == 1 else 's'})."
    )
