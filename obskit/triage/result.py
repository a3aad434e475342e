"""`Triage`: the table of operations, what got worse in words, and the explanations."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from obskit.display import formatting as words
from obskit.display.result import Result, plain
from obskit.display.tables import (
    UNIT,
    WRITTEN,
    format_cell,
    html_page,
    html_table,
    text_table,
)
from obskit.explain import Explanation, Finding
from obskit.text import safe
from obskit.triage.changes import Change, Row

SAME = 0.8  # share of the traces, from which on they are the same
MOST_FINDINGS = 3  # of each explanation, as text
MOST_ROWS = 20
MOST_VALUES = 12  # of a set that is still written as a condition
MOST_ALIAS = 60  # characters


@dataclass(frozen=True)
class _Worse:
    operation: dict[str, Any]
    change: Change
    deployment: str | None

    @property
    def outcome(self) -> str:
        """What got worse: "errors" or "slow"."""
        return self.change.outcome

    @property
    def since(self) -> datetime:
        """When "later" begins; `deployment` says what happened then, if a deployment did."""
        return self.change.since

    @property
    def before(self) -> float:
        """Share of the outcome before, in [0, 1]."""
        return self.change.before

    @property
    def after(self) -> float:
        """Share of the outcome after, in [0, 1]."""
        return self.change.after

    @property
    def events(self) -> float:
        """How many more there were than the earlier share would have made."""
        return self.change.events

    def headline(self) -> str:
        """Return what happened in one line."""
        what = "errors"
        if self.change.limit is not None:
            what = f"slower than {format_cell(self.change.limit, b'ms')} (its earlier p95):"
        return (
            f"{named(self.operation)}: {what} {words.share(self.before)} → {words.share(self.after)} since "
            f"{self.deployment + ', ' if self.deployment else ''}{format_cell(self.since)}, "
            f"about {format_cell(round(self.events))} more"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "operation": plain(self.operation),
            "outcome": self.outcome,
            "since": plain(self.since),
            "deployment": self.deployment,
            "before": self.before,
            "after": self.after,
            "limit_ms": self.change.limit,
            "events": self.events,
        }


@dataclass(frozen=True)
class Cause(_Worse):
    """One outcome of one operation that got worse, and what sets it apart.

    Attributes:
        operation: field -> value.
        change: what got worse, since when, by how much.
        deployment: what was deployed then, if anything was.
        selection, where: the conditions that were explained.
        explanation: of the events with the outcome.
    """

    selection: str
    where: str
    explanation: Explanation

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        asked = {"selection": self.selection, "where": self.where}
        return {**super().to_dict(), **asked, "explanation": self.explanation.to_dict()}


@dataclass(frozen=True)
class Repeat(_Worse):
    """One outcome of one operation that got worse in the traces of others, which are explained.

    Attributes:
        operation, change, deployment: as of a `Cause`.
        same: the operations that are explained.
        share: of the traces with the outcome that are theirs too, in [0, 1].
    """

    same: tuple[dict[str, Any], ...]
    share: float

    def headline(self) -> str:
        """Return what happened in one line."""
        others = " and ".join(map(named, self.same))
        if self.share > SAME:
            return f"{super().headline()}: same traces as {others} above"
        return f"{super().headline()}: what is new is in the traces of {others} above"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {**super().to_dict(), "same_traces_as": plain(self.same), "share": self.share}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Triage(Result):
    """Operations, the most affected first, and the explanations of what got worse.

    Attributes:
        causes: what got worse, explained.
        repeats: what got worse in the same traces.
        verdict: what to say where nothing got worse, or nothing could be compared; else empty.
    """

    causes: tuple[Cause, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    verdict: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the table; the explanations, and what has the same traces, stand beside it."""
        return {
            **super().to_dict(),
            "verdict": self.verdict or None,
            "explanations": [cause.to_dict() for cause in self.causes],
            "same_traces": [repeat.to_dict() for repeat in self.repeats],
        }

    def __str__(self) -> str:
        lines = [text_table(_paired(self.table), most=MOST_ROWS), *map(safe, self.footer()), ""]
        if self.verdict:
            lines.append(self.verdict)
        for cause in self.causes:
            lines.append(safe(cause.headline()))
            findings = cause.explanation.findings[:MOST_FINDINGS]
            lines += [f"    {safe(line)}" for finding in findings for line in _lines(finding)]
            if not findings:
                lines.append("    nothing sets these apart from the others")
            lines.append("")
        lines += [safe(repeat.headline()) for repeat in self.repeats]
        return "\n".join(lines).rstrip()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [html_table(_with_worse(self.table), caption=self.footer(), most=MOST_ROWS)]
        if self.verdict:
            parts.append(html_page(f"<p><b>{html.escape(self.verdict)}</b></p>"))
        for cause in self.causes:
            parts.append(html_page(f"<h4>{html.escape(safe(cause.headline()))}</h4>"))
            parts.append(cause.explanation._repr_html_())
        again = [f"<p>{html.escape(safe(repeat.headline()))}</p>" for repeat in self.repeats]
        return "".join([*parts, html_page(*again)] if again else parts)


def named(operation: dict[str, Any]) -> str:
    """Return an operation's name as people say it."""
    return " ".join(str(value) for value in operation.values() if value is not None) or "(no name)"


@dataclass(frozen=True)
class _Column:
    """A number of the table: its unit, and what it is of a row (None: nothing to say)."""

    name: str
    unit: bytes | None
    of: Callable[[Row], float | None]


def _errors(side: str) -> Callable[[Row], float | None]:
    def of(row: Row) -> float | None:
        counted = getattr(row, side)
        return float(counted.failed.w[0] / counted.events) if counted.events else None

    return of


def _quantile(side: str, q: float) -> Callable[[Row], float | None]:
    def of(row: Row) -> float | None:
        found: float | None = getattr(row, side).quantile(q)
        return found

    return of


_COLUMNS = (
    _Column("events", None, lambda row: row.after.events),
    _Column("errors_before", b"share", _errors("before")),
    _Column("errors", b"share", _errors("after")),
    _Column("p50_before", b"ms", _quantile("before", 0.5)),
    _Column("p50", b"ms", _quantile("after", 0.5)),
    _Column("p99_before", b"ms", _quantile("before", 0.99)),
    _Column("p99", b"ms", _quantile("after", 0.99)),
    _Column("more_errors", None, lambda row: row.more("errors")),
    _Column("more_slow", None, lambda row: row.more("slow")),
)
_PAIRS = (("errors", b"share"), ("p50", b"ms"), ("p99", b"ms"))


def table_of(keys: Sequence[str], rows: Sequence[Row], label: Callable[[datetime], str | None]) -> pa.Table:
    """Return the operations as a table, numbers as numbers with their units."""
    columns: list[tuple[pa.Field, list[Any]]] = [
        (pa.field(key, pa.string()), [None if row.key[at] is None else str(row.key[at]) for row in rows])
        for at, key in enumerate(keys)
    ]
    for column in _COLUMNS:
        field = pa.field(column.name, pa.float64(), metadata={UNIT: column.unit} if column.unit else None)
        columns.append((field, [column.of(row) for row in rows]))
    columns.append((pa.field("since", pa.timestamp("us", "UTC")), [row.since for row in rows]))
    columns.append((pa.field("deployment", pa.string()), [label(row.since) for row in rows]))
    return pa.Table.from_arrays(
        [pa.array(values, field.type) for field, values in columns],
        schema=pa.schema([field for field, _ in columns]),
    )


def _with_worse(table: pa.Table) -> pa.Table:
    """Return the table as a page shows it: in a column what got worse, instead of two of how much."""
    kept = table.drop_columns(["more_errors", "more_slow", "since", "deployment"])
    return kept.append_column("worse", pa.array(_worse(table), pa.string()))


def _worse(table: pa.Table) -> list[str | None]:
    return [
        " + ".join(what for what in ("errors", "slow") if row["more_" + what]) or None
        for row in table.select(["more_errors", "more_slow"]).to_pylist()
    ]


def _paired(table: pa.Table) -> pa.Table:
    """Return the table as a terminal shows it: before and after in one column."""
    rows = table.to_pylist()
    keys = table.schema.names[: table.schema.names.index("events")]
    columns: list[tuple[pa.Field, list[Any]]] = [
        (pa.field(key, pa.string()), [row[key] for row in rows]) for key in keys
    ]
    numbers = {"events": [format_cell(round(row["events"])) for row in rows]}
    for name, unit in _PAIRS:
        numbers[name] = [_pair(row[name + "_before"], row[name], unit) for row in rows]
    columns += [
        (pa.field(name, pa.string(), metadata={UNIT: WRITTEN}), cells) for name, cells in numbers.items()
    ]
    columns.append((pa.field("worse", pa.string()), [what or "-" for what in _worse(table)]))
    return pa.Table.from_arrays(
        [pa.array(cells, field.type) for field, cells in columns],
        schema=pa.schema([field for field, _ in columns]),
    )


def _pair(before: float | None, after: float | None, unit: bytes) -> str:
    """Write a change, its unit once where it is the same."""
    was, now = format_cell(before, unit), format_cell(after, unit)
    if " " in was and " " in now and was.split(" ")[1] == now.split(" ")[1]:
        was = was.split(" ")[0]
    return f"{was.removesuffix('%') if now.endswith('%') else was} → {now}"


def _lines(finding: Finding) -> list[str]:
    lines = [
        _condition(finding),
        f"    {words.share(finding.selected_share)} of these, {words.share(finding.baseline_share)} of the "
        f"others; {words.ratio(finding.risk_ratio)} the rate elsewhere",
    ]
    if finding.aliases:
        shown = "; ".join(
            alias if len(alias) <= MOST_ALIAS else alias[: MOST_ALIAS - 1] + "…"
            for alias in finding.aliases[:3]
        )
        lines.append(f"    on the same rows: {shown}")
    return lines


def _condition(finding: Finding) -> str:
    """Return the finding as `where` reads it; a set of hundreds of values in words."""
    long = any(len(item.get("values") or ()) > MOST_VALUES for item in finding.conditions)
    return words.conjunction(finding.conditions) if long else finding.condition
