"""`triage`: every operation against its own earlier self, and what sets apart what got worse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from obskit.display.tables import format_cell
from obskit.engine import Population, Scope, check_population, format_value
from obskit.errors import InvalidArgument
from obskit.query.deployments import Deployment, deployments, first_steps
from obskit.query.output import call, dataset_of, merged, statements
from obskit.triage.causes import causes_of
from obskit.triage.changes import FEWEST, MOST_DEPLOYMENTS, Looks, Row, changed, full_moments
from obskit.triage.counts import Key, count
from obskit.triage.population import Examined, keys_of, population_of
from obskit.triage.result import Triage, table_of


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
        since: where "later" begins. By default each operation is held against its earlier time at every
            deployment and every full hour (or other round step, at most 24), corrected for that many looks; a
            deployment of its own service is preferred to a moment with little more evidence.
        until: events from then on are left out.
        population: "units" of work (all rows where there are none), or "all".
        progress: called as (what, done, total).
    Returns:
        Triage: an operation a row, those that got worse first by how many events more that is.
    Raises:
        InvalidArgument: there is no time, or nothing to tell operations apart; until is not after since.
        EmptySelection: no event is left to compare.
    Cost: one statement over the units, then one and an explanation for each outcome that got worse, of at
        most 4 operations.
    """
    check_population(population)
    if since is not None and until is not None and since >= until:
        raise InvalidArgument(
            f"{since.isoformat()} is not before {until.isoformat()}", hint="the earlier time first"
        )
    until_now = scope
    if until is not None:
        until_now = scope.narrow(f"timestamp < {format_value(until)}")
    looked_at = population_of(until_now, population)
    keys = keys_of(scope)
    looks, said = _looks(scope, looked_at, since)
    counted, sql = count(looked_at.scope, keys, looks.moments)
    at = keys.index("service.name") if "service.name" in keys else None

    def service_of(key: Key) -> str | None:
        return None if at is None else key[at]

    rows, taken = changed(counted, looks, service_of)
    labels = {moment: ", ".join(map(str, found)) for moment, found in looks.deployed.items()}
    causes, repeats = causes_of(until_now, keys, rows, looked_at.condition, labels.get, progress)
    if taken > 2:
        said.append(f"chance is corrected for {taken:,} looks: operations, outcomes and moments")
    return Triage(
        kind="triage",
        table=table_of(keys, rows, labels.get),
        query=_call(scope, since, until, population),
        sql=statements(scope, [sql]),
        dataset=dataset_of(scope),
        notes=merged(scope.notes, looked_at.notes, said, _not_compared(rows)),
        causes=causes,
        repeats=repeats,
        verdict=_verdict(rows, looked_at, since),
    )


def _call(scope: Scope, since: datetime | None, until: datetime | None, population: Population) -> str:
    times = {name: format_cell(time) for name, time in (("since", since), ("until", until)) if time}
    return call("triage", scope=scope, **times, population="all" if population == "all" else None)


def _looks(scope: Scope, looked_at: Examined, since: datetime | None) -> tuple[Looks, list[str]]:
    """Return the moments to look at, and what to say of them."""
    if since is not None:
        return Looks((since,), {}, 0), [f"earlier is before {format_cell(since)}"]
    first, last = looked_at.first, looked_at.last
    found = [d for d in first_steps(deployments(scope)) if first < d.at <= last][-MOST_DEPLOYMENTS:]
    deployed: dict[datetime, list[Deployment]] = {}
    for deployment in found:
        deployed.setdefault(deployment.at, []).append(deployment)
    round_ones, step = full_moments(first, last)
    moments = sorted({*deployed, *round_ones}) or [last]
    usual = max(0, 3 * len(moments) // 4 - 1)
    text = f"each operation is held against its earlier time at every {step}"
    if found:
        newest = ", ".join(f"{d} at {format_cell(d.at)}" for d in found[-5:])
        text += f" and every deployment ({newest})"
    else:
        text += "; no deployment is visible"
    return Looks(tuple(moments), deployed, usual), [text]


def _not_compared(rows: Sequence[Row]) -> list[str]:
    left = sum(not row.compared for row in rows)
    if not left or left == len(rows):
        return []
    return [
        f"{left:,} of {len(rows):,} operations {'has' if left == 1 else 'have'} fewer than {FEWEST} events "
        "before or after, and cannot be compared"
    ]


def _verdict(rows: Sequence[Row], looked_at: Examined, since: datetime | None) -> str:
    if any(row.changes for row in rows):
        return ""
    if any(row.compared for row in rows):
        return "No operation got worse beyond chance."
    if since is not None and since <= looked_at.first:
        return (
            "Nothing was compared: nothing earlier in these rows to compare with: use --since "
            f"(or since=) after {format_cell(looked_at.first)}."
        )
    if since is not None and since > looked_at.last:
        return f"Nothing was compared: the newest of these rows is of {format_cell(looked_at.last)}."
    return (
        f"Nothing was compared: no operation has {FEWEST} events both before and after a moment "
        f"({format_cell(len(rows))} operation{'' if len(rows) == 1 else 's'})."
    )
