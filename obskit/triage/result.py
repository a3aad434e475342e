"""`Triage`: the table of operations, and what got worse with its explanations."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any

import pyarrow as pa

from obskit.display import formatting
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
from obskit.judge import Verdict
from obskit.text import safe
from obskit.triage.calls import FailingCall
from obskit.triage.changes import Row
from obskit.triage.earlier import EarlierTime, Judged
from obskit.triage.messages_result import Messages
from obskit.triage.missing import Loss
from obskit.triage.time_spent import TimeSpent
from obskit.triage.worse import WorseOutcome, operation_name

SAME_TRACES = 0.8  # share of shared traces above which two outcomes are in the same traces
MOST_FINDINGS = 3  # findings of each explanation in the text
MOST_ROWS = 20
MOST_VALUES = 12  # values of a set that is written as a condition
MOST_ALIAS = 100  # characters
MOST_MESSAGES = 8
DEPLOYMENTS_TITLE = "Deployments:"
CALLS_TITLE = "Calls to other services:"
MESSAGES_TITLE = "Messages, exceptions and values that are new, more frequent or gone:"


@dataclass(frozen=True)
class Cause(WorseOutcome):
    """One outcome of one operation that got worse, and what sets it apart.

    Attributes:
        operation: field -> value.
        change: what got worse, since when and by how much.
        deployment: the deployment at that moment, if any.
        selection, where: the conditions that were given to `explain`.
        explanation: what sets the events with the outcome apart, without what was so before.
        earlier: for each finding of the explanation, its own earlier time.
        as_before: findings that were so before the moment, or whose growth may be chance, with their earlier
            time.
        within: operations that are explained before this one and have a part of its traces.
        share: the share of its traces that they have, in [0, 1]; the findings are about the others.
        time_spent: of a slow outcome, for each finding that is shown (without findings, for the outcome)
            the operation in which its traces spend more time; None where too few traces are known.
    """

    selection: str
    where: str
    explanation: Explanation
    earlier: tuple[EarlierTime, ...] = ()
    as_before: tuple[Judged, ...] = ()
    within: tuple[dict[str, Any], ...] = ()
    share: float = 0.0
    time_spent: tuple[TimeSpent | None, ...] = ()

    def headline(self) -> str:
        """Return one line that says what got worse, by how much and since when."""
        if not self.within:
            return super().headline()
        others = " and ".join(map(operation_name, self.within))
        return f"{super().headline()}: {formatting.share(self.share)} in the traces of {others} above"

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as values that JSON can hold."""
        chosen = {
            "selection": self.selection,
            "where": self.where,
            "within": plain(self.within),
            "share": self.share,
        }
        explanation = self.explanation.to_dict()
        for finding, earlier in zip(explanation["findings"], self.earlier, strict=False):
            finding["earlier"] = earlier.to_dict()
        before = [{**finding.to_dict(), "earlier": earlier.to_dict()} for finding, earlier in self.as_before]
        spent = [None if one is None else one.to_dict() for one in self.time_spent]
        return {
            **super().to_dict(),
            **chosen,
            "explanation": explanation,
            "as_before": before,
            "time_spent": spent,
        }

    def lines(self) -> list[str]:
        """Return the findings as lines of text: what began then, then what was so before."""
        out: list[str] = []
        found = self.explanation.findings[:MOST_FINDINGS]
        spent = self.time_lines()
        for finding, earlier, line in list(zip_longest(found, self.earlier, spent))[: len(found)]:
            out += _finding_lines(finding)
            out += [f"    {earlier.describe()}"] if earlier is not None else []
            out += [f"    {line}"] if line else []
        if not found:
            rest = "the rest" if self.within else "these"
            out.append(f"nothing {'else ' if self.as_before else ''}sets {rest} apart from the others")
            out += filter(None, spent)
        return out + self.before_lines()

    def time_lines(self) -> list[str]:
        """Return one sentence per entry of `time_spent`; an empty one where nothing is known."""
        return ["" if one is None else one.describe() for one in self.time_spent]

    def before_lines(self) -> list[str]:
        """Return one line for each of the first findings that were so before."""
        return [
            f"{'perhaps ' if earlier.verdict == 'unclear' else ''}not since then: {_condition(finding)}: "
            f"{earlier.describe()}"
            for finding, earlier in self.as_before[:MOST_FINDINGS]
        ]


@dataclass(frozen=True)
class Repeat(WorseOutcome):
    """One outcome that got worse in the same traces as others, which are explained instead.

    Attributes:
        operation, change, deployment: as in `Cause`.
        same: the operations that are explained.
        share: the share of its traces that are theirs too, in [0, 1].
    """

    same: tuple[dict[str, Any], ...]
    share: float

    def headline(self) -> str:
        """Return one line that says what got worse, by how much and since when."""
        others = " and ".join(map(operation_name, self.same))
        if self.share > SAME_TRACES:
            return f"{super().headline()}: in the same traces as {others} above"
        return f"{super().headline()}: the increase is in the traces of {others} above"

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as values that JSON can hold."""
        return {**super().to_dict(), "same_traces_as": plain(self.same), "share": self.share}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Triage(Result):
    """Operations, the worst first, and the explanations of what got worse.

    Attributes:
        causes: the outcomes that got worse, with their explanations.
        repeats: the outcomes that got worse in the same traces.
        missing: work that used to be there, then telemetry.
        calls: calls between services that fail more than before, with their callers or masked by retries.
        verdict: a sentence, if nothing got worse or nothing could be compared; else empty.
        messages: messages, exceptions and values that are new, more frequent or gone; None if not asked for.
        deployments: the verdicts on the deployments of the services that got worse, and on the newest one.
    """

    causes: tuple[Cause, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    missing: tuple[Loss, ...] = ()
    calls: tuple[FailingCall, ...] = ()
    verdict: str = ""
    messages: Messages | None = None
    deployments: tuple[Verdict, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the table, with everything that was found."""
        return {
            **super().to_dict(),
            "verdict": self.verdict or None,
            "deployments": [verdict.to_dict() for verdict in self.deployments],
            "explanations": [cause.to_dict() for cause in self.causes],
            "same_traces": [repeat.to_dict() for repeat in self.repeats],
            "messages": [item.to_dict() for item in self.messages.items] if self.messages else [],
            "missing": [loss.to_dict() for loss in self.missing],
            "failing_calls": [call.to_dict() for call in self.calls],
        }

    def __str__(self) -> str:
        lines = [text_table(_before_and_after(self.table), most=MOST_ROWS), *map(safe, self.footer()), ""]
        if self.verdict:
            lines.append(safe(self.verdict))
        if self.deployments:
            lines += [DEPLOYMENTS_TITLE]
            lines += [f"    {safe(line)}" for one in self.deployments for line in _deployment_lines(one)]
            lines.append("")
        for cause in self.causes:
            lines.append(safe(cause.headline()))
            lines += [f"    {safe(line)}" for line in cause.lines()]
            lines.append("")
        lines += [safe(repeat.headline()) for repeat in self.repeats]
        if self.calls:
            lines += ["", CALLS_TITLE]
        for call in self.calls:
            lines.append(safe(call.headline()))
            findings = call.explanation.findings[:MOST_FINDINGS] if call.explanation is not None else ()
            lines += [f"    {safe(line)}" for finding in findings for line in _finding_lines(finding)]
        for title, losses in self._missing_by_kind():
            lines += ["", f"{title}:"]
            lines += [f"    {safe(line)}" for loss in losses for line in loss.lines()]
        if self.messages is not None and self.messages.items:
            lines += ["", MESSAGES_TITLE, *self.messages.lines(MOST_MESSAGES)]
        return "\n".join(lines).rstrip()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        worse = [bool(what) for what in _worse_outcomes(self.table)]
        shown = _before_and_after(self.table)
        parts = [html_table(shown, caption=self.footer(), most=MOST_ROWS, marked=worse)]
        if self.verdict:
            parts.append(html_page(f"<p><b>{html.escape(safe(self.verdict))}</b></p>"))
        if self.deployments:
            judged = [_deployment_lines(one) for one in self.deployments]
            texts = ["<br>".join(html.escape(safe(line.strip())) for line in lines) for lines in judged]
            parts.append(
                html_page(f"<h4>{DEPLOYMENTS_TITLE}</h4>", *(f"<div>{text}</div>" for text in texts))
            )
        for cause in self.causes:
            parts.append(html_page(f"<h4>{html.escape(safe(cause.headline()))}</h4>"))
            parts.append(cause.explanation._repr_html_())
            # The sentence of a finding is in its note.
            spent = [] if cause.explanation.findings else cause.time_lines()
            told = [f"<p>{html.escape(safe(line))}</p>" for line in (*spent, *cause.before_lines()) if line]
            parts += [html_page(*told)] if told else []
        again = [f"<p>{html.escape(safe(repeat.headline()))}</p>" for repeat in self.repeats]
        parts += [html_page(*again)] if again else []
        parts += [html_page(f"<h4>{CALLS_TITLE}</h4>")] if self.calls else []
        for call in self.calls:
            parts.append(html_page(f"<h4>{html.escape(safe(call.headline()))}</h4>"))
            parts += [call.explanation._repr_html_()] if call.explanation is not None else []
        for title, losses in self._missing_by_kind():
            lines = ["<br>".join(html.escape(safe(line.strip())) for line in loss.lines()) for loss in losses]
            parts.append(html_page(f"<h4>{title}</h4>", *(f"<p>{line}</p>" for line in lines)))
        if self.messages is not None and self.messages.items:
            parts.append(html_page(f"<h4>{MESSAGES_TITLE}</h4>", self.messages.html_list(MOST_MESSAGES)))
        return "".join(parts)

    def _missing_by_kind(self) -> list[tuple[str, list[Loss]]]:
        titles = {"work": "Missing work", "telemetry": "Missing telemetry, of work that may go on"}
        found = [
            (title, [loss for loss in self.missing if loss.kind == kind]) for kind, title in titles.items()
        ]
        return [(title, losses) for title, losses in found if losses]


@dataclass(frozen=True)
class _Column:
    """A numeric column of the table: its name, its unit, and a function that returns its value of a row."""

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
    """Return the operations as a table.

    Args:
        keys: the fields that identify operations.
        rows: the operations.
        label: returns the name of the deployment at a moment.

    Returns:
        One row per operation; units are in the metadata of the columns.
    """
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


def _has_values(table: pa.Table, *names: str) -> bool:
    return any(table.column(name).null_count < table.num_rows for name in names)


def _worse_outcomes(table: pa.Table) -> list[str | None]:
    return [
        " + ".join(what for what in ("errors", "slow") if row["more_" + what]) or None
        for row in table.select(["more_errors", "more_slow"]).to_pylist()
    ]


def _before_and_after(table: pa.Table) -> pa.Table:
    """Return the table as it is shown: before and after in one column, and what got worse in another."""
    rows = table.to_pylist()
    keys = table.schema.names[: table.schema.names.index("events")]
    columns: list[tuple[pa.Field, list[Any]]] = [
        (pa.field(key, pa.string()), [row[key] for row in rows]) for key in keys
    ]
    numbers = {"events": [format_cell(round(row["events"])) for row in rows]}
    for name, unit in _PAIRS:
        if not _has_values(table, name, name + "_before"):  # log records have no durations
            continue
        numbers[name] = [_format_change(row[name + "_before"], row[name], unit) for row in rows]
    columns += [
        (pa.field(name, pa.string(), metadata={UNIT: WRITTEN}), cells) for name, cells in numbers.items()
    ]
    columns.append((pa.field("worse", pa.string()), _worse_outcomes(table)))
    return pa.Table.from_arrays(
        [pa.array(cells, field.type) for field, cells in columns],
        schema=pa.schema([field for field, _ in columns]),
    )


def _format_change(before: float | None, after: float | None, unit: bytes) -> str:
    """Write a change such as "120 → 340 ms", with the unit once if both have the same."""
    was, now = format_cell(before, unit), format_cell(after, unit)
    if " " in was and " " in now and was.split(" ")[1] == now.split(" ")[1]:
        was = was.split(" ")[0]
    return f"{was.removesuffix('%') if now.endswith('%') else was} → {now}"


def _deployment_lines(verdict: Verdict) -> list[str]:
    """Return the verdict on a deployment, and how to get it with its numbers."""
    return [verdict.headline(), f"    {verdict.query}"]


def _finding_lines(finding: Finding) -> list[str]:
    lines = [
        _condition(finding),
        f"    {formatting.share(finding.selected_share)} of these, "
        f"{formatting.share(finding.baseline_share)} of the others; "
        f"{formatting.ratio(finding.risk_ratio)} the rate elsewhere",
    ]
    if finding.aliases:
        shown = "; ".join(formatting.shorten(alias, MOST_ALIAS) for alias in finding.aliases[:3])
        lines.append(f"    on the same rows: {shown}")
    return lines


def _condition(finding: Finding) -> str:
    """Return the condition of a finding; with many values, in words."""
    long = any(len(item.get("values") or ()) > MOST_VALUES for item in finding.conditions)
    return formatting.conjunction(finding.conditions) if long else finding.condition
