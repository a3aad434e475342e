"""`triage`: every operation against its own earlier self, and what sets apart what got worse."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from obskit.engine import Scope, format_condition
from obskit.errors import BadCall, EmptySelection
from obskit.explain import Explanation, Finding, explain
from obskit.figures import words
from obskit.figures.result import Result, plain
from obskit.figures.tables import UNIT, format_cell, format_time, html_page, html_table, text_table
from obskit.names import printable
from obskit.query.answer import call, dataset_of, merged, statements
from obskit.triage.counting import (
    Deployment,
    Key,
    Side,
    count,
    default_since,
    deployments,
    split,
    unit_condition,
    worse,
)

MOST_EXPLAINED = 4  # operations
MOST_FINDINGS = 3  # of each explanation, as text
STANDARD_ERRORS = 4.0  # beyond chance, with dozens of operations and two questions each
RATIO = 1.2
SLOW = 0.95


@dataclass(frozen=True)
class Cause:
    """One outcome of one operation that got worse, and what sets it apart.

    Attributes:
        operation: field -> value.
        outcome: "errors" or "slow".
        selection, where: the conditions that were explained.
        since: when "later" begins, and `deployment` what happened then, if a deployment did.
        before, after: share of the outcome.
        events: how many more there were than the earlier share would have made.
        explanation: of the later events with the outcome.
    """

    operation: dict[str, Any]
    outcome: str
    selection: str
    where: str
    since: datetime
    deployment: str | None
    before: float
    after: float
    events: float
    explanation: Explanation

    def headline(self) -> str:
        """Return what happened in one line."""
        name = " ".join(str(value) for value in self.operation.values() if value is not None)
        what = "errors" if self.outcome == "errors" else self.selection
        return (
            f"{name}: {what} {words.share(self.before)} → {words.share(self.after)} since "
            f"{self.deployment + ', ' if self.deployment else ''}{format_time(self.since)}, "
            f"about {format_cell(round(self.events))} more"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "operation": plain(self.operation),
            "outcome": self.outcome,
            "selection": self.selection,
            "where": self.where,
            "since": plain(self.since),
            "deployment": self.deployment,
            "before": self.before,
            "after": self.after,
            "events": self.events,
            "explanation": self.explanation.to_dict(),
        }


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Triage(Result):
    """Operations, the most affected first, and the explanations of what got worse."""

    causes: tuple[Cause, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the table, and the explanations under `explanations`."""
        return {**super().to_dict(), "explanations": [cause.to_dict() for cause in self.causes]}

    def __str__(self) -> str:
        lines = [text_table(_shown(self.table), most=20), *map(printable, self.footer()), ""]
        if not self.causes:
            lines.append("No operation got worse beyond chance.")
        for cause in self.causes:
            lines.append(printable(cause.headline()))
            findings = cause.explanation.findings[:MOST_FINDINGS]
            lines += [f"    {printable(line)}" for finding in findings for line in _lines(finding)]
            if not findings:
                lines.append("    nothing sets these apart from the others")
            lines.append("")
        return "\n".join(lines).rstrip()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [html_table(_shown(self.table), caption=self.footer())]
        for cause in self.causes:
            parts.append(html_page(f"<h4>{html.escape(printable(cause.headline()))}</h4>"))
            parts.append(cause.explanation._repr_html_())
        return "".join(parts)


def triage(
    scope: Scope,
    since: datetime | None = None,
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> Triage:
    """Compare operations with earlier and explain what got worse.

    Args:
        scope: the events; units of work among them, or all where there are none.
        since: where "later" begins. By default each operation's own service's newest deployment (a version
            that was not there from the start); an operation of a service without one is held against every
            deployment and keeps the one after which it got worst; without any, the last quarter of the time.
        progress: called as (what, done, total).
    Returns:
        Triage: an operation a row, those that got worse first by how many events more that is.
    Raises:
        BadCall: there is no time, or nothing to tell operations apart.
    Cost: one statement over the units, then an explanation for each of at most 4 operations and 2 outcomes.
    """
    names = scope.schema.names
    if scope.dataset.span[0] is None or "timestamp" not in names:
        raise BadCall(
            "triage compares earlier and later, and no event has a time", hint="explain(...) needs none"
        )
    keys = _keys(names)
    units, narrowed, notes = _units(scope)
    found = [] if since is not None else deployments(scope)
    moments = sorted({d.at for d in found}) if found else [since or default_since(scope)]
    cuts = [moment for moment in moments if moment is not None]
    counted, sql = count(narrowed, keys, cuts)
    chosen = {key: _since(key, keys, sides, cuts, found) for key, sides in counted.items()}
    notes.append(_said(since, found))
    rows = sorted(
        (_row(key, *split(sides, cuts, chosen[key]), chosen[key]) for key, sides in counted.items()),
        # Callers suffer with the service that was deployed: at like numbers, that one stands first.
        key=lambda row: (
            -row.more * (1.1 if _is_own(row, keys, found) else 1.0),
            -row.after.weight,
            str(row.key),
        ),
    )
    labels: dict[datetime, str] = {}
    for deployment in found:
        labels[deployment.at] = ", ".join(filter(None, (labels.get(deployment.at), str(deployment))))
    causes = _causes(scope, keys, rows, units, labels, progress)
    return Triage(
        kind="triage",
        table=_table(keys, rows, labels),
        query=call("triage", scope=scope, since=None if since is None else format_time(since)),
        sql=statements(scope, [sql]),
        dataset=dataset_of(scope),
        notes=merged(scope.notes, notes),
        causes=tuple(causes),
    )


def _keys(names: Sequence[str]) -> list[str]:
    keys = [name for name in ("service.name",) if name in names]
    keys += [name for name in ("name", "http.route", "rpc.method") if name in names][:1]
    if not keys:
        raise BadCall("nothing tells operations apart", hint="events need name, http.route or service.name")
    return keys


def _units(scope: Scope) -> tuple[str | None, Scope, list[str]]:
    """Return the condition of units, the scope of them, and what was left out."""
    if scope.where is not None and scope.where.fields & {"kind", "name"}:
        return None, scope, ["all rows of the condition are counted, for it names kind or name"]
    condition = unit_condition(scope.schema.names)
    if condition is not None:
        narrowed = scope.narrow(condition)
        both = scope.run(
            lambda t: t.aggregate(
                rows=t.count(), units=scope.condition(condition).to_ibis(t).ifelse(1, 0).sum()
            )
        ).table.to_pylist()[0]
        if both["units"]:
            left = both["rows"] - both["units"]
            return condition, narrowed, [f"population: units of work; {left:,} other rows are left out"]
    return None, scope, ["population: all rows, for none is a unit of work"]


@dataclass(frozen=True)
class _Row:
    key: Key
    since: datetime
    before: Side
    after: Side
    limit: int | None  # the bucket of the earlier p95
    errors: float  # how many more errors than before
    slow: float

    @property
    def more(self) -> float:
        return self.errors + self.slow

    @property
    def slow_before(self) -> float:
        return 0.0 if self.limit is None else self.before.share_above(self.limit)

    @property
    def slow_after(self) -> float:
        return 0.0 if self.limit is None else self.after.share_above(self.limit)


def _row(key: Key, before: Side, after: Side, since: datetime) -> _Row:
    limit = before.cell(SLOW)
    slow = 0.0
    if limit is not None:
        slow = _more(before.share_above(limit), after.share_above(limit), before, after)
    return _Row(
        key, since, before, after, limit, _more(before.error_share, after.error_share, before, after), slow
    )


def _more(was: float, now: float, before: Side, after: Side) -> float:
    """Return how many events more a share makes, 0 where that is within chance."""
    if now < RATIO * was or worse(was, before.effective, now, after.effective) < STANDARD_ERRORS:
        return 0.0
    return (now - was) * after.weight


def _since(
    key: Key,
    keys: Sequence[str],
    sides: Sequence[Side],
    cuts: Sequence[datetime],
    found: Sequence[Deployment],
) -> datetime:
    if not found:
        return cuts[0]
    service = key[keys.index("service.name")] if "service.name" in keys else None
    own = [d for d in found if d.service == service and _has_both(sides, cuts, d.at)]
    if own:
        return own[-1].at
    usable = [d.at for d in found if _has_both(sides, cuts, d.at)] or [found[-1].at]
    return max(usable, key=lambda at: (_row(key, *split(sides, cuts, at), at).more, at))


def _is_own(row: _Row, keys: Sequence[str], found: Sequence[Deployment]) -> bool:
    service = row.key[keys.index("service.name")] if "service.name" in keys else None
    return any(d.service == service and d.at == row.since for d in found)


def _has_both(sides: Sequence[Side], cuts: Sequence[datetime], at: datetime) -> bool:
    before, after = split(sides, cuts, at)
    return before.rows > 0 and after.rows > 0


def _said(since: datetime | None, found: Sequence[Deployment]) -> str:
    if since is not None:
        return f"earlier is before {format_time(since)}"
    if not found:
        return "no deployment is visible: earlier is the first three quarters of the time"
    newest = ", ".join(f"{d} at {format_time(d.at)}" for d in list(found)[-5:])
    return (
        f"earlier is before the newest deployment of an operation's own service ({newest}); for a service "
        "without one, before the deployment after which the operation got worst"
    )


def _causes(
    scope: Scope,
    keys: Sequence[str],
    rows: Sequence[_Row],
    units: str | None,
    labels: Mapping[datetime, str],
    progress: Callable[[str, int, int], None] | None,
) -> list[Cause]:
    chosen = [row for row in rows if row.more > 0][:MOST_EXPLAINED]
    asked = [(row, outcome) for row in chosen for outcome in ("errors", "slow") if getattr(row, outcome) > 0]
    causes = []
    for at, (row, outcome) in enumerate(asked):
        if progress is not None:
            progress("explaining", at, len(asked))
        cause = _cause(scope, keys, row, outcome, units, labels.get(row.since))
        if cause is not None:
            causes.append(cause)
    return causes


def _cause(
    scope: Scope, keys: Sequence[str], row: _Row, outcome: str, units: str | None, deployment: str | None
) -> Cause | None:
    operation = dict(zip(keys, row.key, strict=True))
    items = [
        {"field": name, "op": "missing"} if value is None else {"field": name, "op": "=", "value": value}
        for name, value in operation.items()
    ]
    where = format_condition(items) + (f" and ({units})" if units else "")
    if outcome == "errors":
        selection, before, after, events = "error", row.before.error_share, row.after.error_share, row.errors
    else:
        limit = row.before.quantile(SLOW)
        selection = (
            f"duration_ms > {limit:.4g}"
            if limit is not None and limit < 1e4
            else f"duration_ms > {limit:.0f}"
        )
        before, after, events = row.slow_before, row.slow_after, row.slow
    try:
        # Over all of the time: the rows before the deployment are part of the baseline, so that the version
        # itself can be found, which is on everything once it is rolled out.
        found = explain(scope, selection, where=where)
    except EmptySelection:
        return None
    return Cause(operation, outcome, selection, where, row.since, deployment, before, after, events, found)


def _table(keys: Sequence[str], rows: Sequence[_Row], labels: Mapping[datetime, str]) -> pa.Table:
    spans = [row.after.weight for row in rows]
    columns: dict[str, Any] = {
        name: pa.array([None if row.key[at] is None else str(row.key[at]) for row in rows], pa.string())
        for at, name in enumerate(keys)
    }
    numbers: dict[str, tuple[list[float | None], bytes | None]] = {
        "events": (list(spans), None),
        "errors": ([row.after.error_share if row.after.weight else None for row in rows], b"share"),
        "errors_before": ([row.before.error_share if row.before.weight else None for row in rows], b"share"),
        "p50": ([row.after.quantile(0.5) for row in rows], b"ms"),
        "p50_before": ([row.before.quantile(0.5) for row in rows], b"ms"),
        "p99": ([row.after.quantile(0.99) for row in rows], b"ms"),
        "p99_before": ([row.before.quantile(0.99) for row in rows], b"ms"),
        "more_errors": ([row.errors or None for row in rows], None),
        "more_slow": ([row.slow or None for row in rows], None),
    }
    fields = [pa.field(name, pa.string()) for name in keys]
    for name, (values, unit) in numbers.items():
        columns[name] = pa.array([value if value is None else float(value) for value in values], pa.float64())
        fields.append(pa.field(name, pa.float64(), metadata={UNIT: unit} if unit else None))
    columns["since"] = pa.array([row.since for row in rows], pa.timestamp("us", "UTC"))
    fields.append(pa.field("since", pa.timestamp("us", "UTC")))
    columns["deployment"] = pa.array([labels.get(row.since) for row in rows], pa.string())
    fields.append(pa.field("deployment", pa.string()))
    return pa.Table.from_arrays(list(columns.values()), schema=pa.schema(fields))


def _lines(finding: Finding) -> list[str]:
    lines = [
        finding.condition,
        f"    {words.share(finding.selected_share)} of these, {words.share(finding.baseline_share)} of the "
        f"others; {words.ratio(finding.risk_ratio)} the rate elsewhere",
    ]
    if finding.aliases:
        shown = "; ".join(alias if len(alias) <= 60 else alias[:59] + "…" for alias in finding.aliases[:3])
        lines.append(f"    on the same rows: {shown}")
    return lines


def _shown(table: pa.Table) -> pa.Table:
    """Return the table as it fits a terminal: before and after in one column."""
    rows = table.to_pylist()
    keys = table.schema.names[: table.schema.names.index("events")]
    out: dict[str, list[str | None]] = {key: [row[key] for row in rows] for key in keys}
    out["events"] = [format_cell(round(row["events"])) for row in rows]
    for name, unit in (("errors", b"share"), ("p50", b"ms"), ("p99", b"ms")):
        out[name] = [_pair(row[name + "_before"], row[name], unit) for row in rows]
    out["worse"] = [
        " + ".join(what for what in ("errors", "slow") if row["more_" + what]) or None for row in rows
    ]
    return pa.table({name: pa.array(values, pa.string()) for name, values in out.items()})


def _pair(before: float | None, after: float | None, unit: bytes) -> str:
    """Write a change, its unit once where it is the same."""
    was, now = format_cell(before, unit), format_cell(after, unit)
    if " " in was and " " in now and was.split(" ")[1] == now.split(" ")[1]:
        was = was.split(" ")[0]
    return f"{was.removesuffix('%') if now.endswith('%') else was} → {now}"
