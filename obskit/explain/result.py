"""What `explain` returns: findings with their numbers, and what was asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa

from obskit.display import formatting
from obskit.display.bars import comparison, comparison_html
from obskit.display.result import plain
from obskit.text import pluralize, safe

MOST_ALIAS = 200
"""Characters of a condition that holds for the same rows, where it is shown; `to_dict` has all."""


@dataclass(frozen=True)
class Finding:
    """A slice that is more common in the selection than chance allows.

    Attributes:
        conditions: dicts of `field`, `op` and `value`, `values`, or `low` and `high` (inclusive).
        condition: the same as text that `where` reads.
        selected, baseline: number of events of the slice in each group, as seen.
        selected_share, baseline_share: weighted shares of the groups, in [0, 1].
        rate_inside, rate_outside: the outcome's weighted rate among compared rows, in [0, 1].
        risk_ratio, risk_ratio_low, risk_ratio_high: inside / outside with its 95% interval, which takes
            into account that the finding was chosen for its evidence; in an early answer, a wider one.
        excess_share: share of the selection that the slice adds beyond its share of the baseline.
        score: evidence in nats, less what was always so where there is history.
        first_seen, last_seen: when the slice's first and last compared events began, in ISO 8601; None in
            refinements.
        new: whether the slice has no events in the history; None without history.
        traces, users: number of distinct ones among the selected events; None in refinements and where there
            is no such field.
        note: a caveat, or None.
        aliases: conditions that hold for the same rows.
        examples: up to three events (`trace_id`, `span_id`, `timestamp`, `duration_ms`) of each group.
        selected_condition: condition for the events of the slice that have the outcome, among all events;
            None in refinements. `events.traces().compare(slow=finding)` reads it.
        compared_condition: condition on all events for those that were compared, at any time; None for all.
        what_if: arithmetic, not cause: p99 with and without the slice (of the first three findings), the
            change split into rate and mix, the odds ratio among events with the same value of another field.

    Example:
        found = events.explain("duration_ms > 500", where="http.route = '/book'")
        best = found.findings[0]
        print(best.condition, best.risk_ratio, events.where(best.condition).query("count()"))
    """

    conditions: tuple[dict[str, Any], ...]
    condition: str
    selected: int
    baseline: int
    selected_share: float
    baseline_share: float
    rate_inside: float
    rate_outside: float
    risk_ratio: float
    risk_ratio_low: float
    risk_ratio_high: float
    excess_share: float
    score: float
    first_seen: str | None = None
    last_seen: str | None = None
    new: bool | None = None
    traces: int | None = None
    users: int | None = None
    note: str | None = None
    aliases: tuple[str, ...] = ()
    examples: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    what_if: Mapping[str, Any] | None = None
    selected_condition: str | None = None
    compared_condition: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as values that JSON can hold; infinite numbers are None."""
        out: dict[str, Any] = {}
        for name in self.__dataclass_fields__:
            if name in ("selected_condition", "compared_condition"):  # the explanation has their parts
                continue
            out[name] = plain(getattr(self, name))
        return out

    def __str__(self) -> str:
        return (
            f"{safe(_pasteable(self))}: {formatting.share(self.selected_share)} of the selection, "
            f"{formatting.share(self.baseline_share)} of the baseline, "
            f"{formatting.ratio(_finite(self.risk_ratio))} the rate"
        )


@dataclass(frozen=True)
class Explanation:
    """The ranked answer to "what is different about these events?".

    Attributes:
        findings: causes of their own, in descending order of evidence.
        refinements: further significant slices, parts or neighbors of the findings, by evidence.
        describes: conditions on fields that describe the outcome: how errors failed, in which timed part
            slow events were.
        restates: conditions that say the selection in other words: a part of the duration, a timer of another
            layer, a status. They are no causes; each one's note says how it was detected.
        skipped: fields left out or only partly looked at, each {"field", "reason"}.
        selection, baseline, history: {"condition", "events", ...}; history may be None.
        population: {"name", "rows", "left_out"}.
        query: the call that returns this answer again.
        statement: returns `sql`.
        dataset: {"rows", "fingerprint"}.
        notes: what a reader must know about the numbers.
        detectable: what would have been found at this size: for conditions that hold for a `share` of the
            events, the least `ratio` of the outcome's rate inside and outside that is found 9 times in 10.
        sampled: number of events in the sample that was explained; None if all events were.
        trace_url: address of a trace with `{trace_id}` in it, to which examples link; or None.

    Example:
        found = events.explain("duration_ms > 500", where="http.route = '/book'")
        print(found)
        found.to_pandas()
    """

    findings: tuple[Finding, ...]
    refinements: tuple[Finding, ...]
    describes: tuple[Finding, ...]
    skipped: tuple[dict[str, str], ...]
    selection: dict[str, Any]
    baseline: dict[str, Any]
    history: dict[str, Any] | None
    population: dict[str, Any]
    query: str
    statement: Callable[[], str] = field(repr=False, compare=False)
    dataset: dict[str, Any]
    notes: tuple[str, ...] = ()
    restates: tuple[Finding, ...] = ()
    detectable: tuple[dict[str, float], ...] = ()
    sampled: int | None = None
    trace_url: str | None = None
    kind: str = "explanation"

    @cached_property
    def sql(self) -> str:
        """The statement that selects the rows of the selection; made when it is asked for."""
        return self.statement()

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as values that JSON can hold."""
        return {
            "kind": self.kind,
            "query": self.query,
            "sql": self.sql,
            "selection": plain(self.selection),
            "baseline": plain(self.baseline),
            "history": plain(self.history),
            "population": self.population,
            "dataset": self.dataset,
            "sampled": self.sampled,
            "notes": list(self.notes),
            "findings": [finding.to_dict() for finding in self.findings],
            "refinements": [finding.to_dict() for finding in self.refinements],
            "describes": [finding.to_dict() for finding in self.describes],
            "restates": [finding.to_dict() for finding in self.restates],
            "detectable": [dict(row) for row in self.detectable],
            "skipped": list(self.skipped),
        }

    def to_arrow(self) -> pa.Table:
        """Return one row per finding: its `role`, its `rank` in that role (from 1) and its numbers."""
        rows = []
        for role in ("findings", "refinements", "describes", "restates"):
            for rank, finding in enumerate(getattr(self, role), 1):
                row = {"role": role.rstrip("s"), "rank": rank}
                row |= {
                    name: getattr(finding, name)
                    for name in Finding.__dataclass_fields__
                    if name not in ("conditions", "examples", "what_if", "aliases")
                }
                row["aliases"] = list(finding.aliases)
                rows.append(row)
        return pa.Table.from_pylist(rows, schema=_SCHEMA)

    def to_pandas(self) -> Any:
        """Return `to_arrow()` as a pandas DataFrame."""
        return self.to_arrow().to_pandas()

    def plot(self) -> Any:
        """Return a plotly figure: for each finding a pair of bars, selection and baseline."""
        return comparison(self.to_dict())

    def _repr_html_(self) -> str:
        return comparison_html(self.to_dict(), trace_url=self.trace_url)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        lines = [
            f"{formatting.events(self.selection)} where {formatting.asked(self.selection)}",
            f"against {formatting.events(self.baseline)} where {formatting.asked(self.baseline)}",
        ]
        if self.history:
            lines.append(
                f"usual rates from {formatting.events(self.history)} where {formatting.asked(self.history)}"
            )
        if self.sampled:
            lines.append(f"FROM A SAMPLE of {pluralize(self.sampled, 'event')}; the exact answer follows")
        lines.append("")
        if not self.findings:
            lines.append("No finding: nothing distinguishes the selection beyond chance.")
        for rank, finding in enumerate(self.findings, 1):
            lines += _lines(finding, f"{rank:>2}. ")
        for title, rows in (
            ("Refinements", self.refinements),
            ("Restates the selection", self.restates),
            ("What describes the outcome itself", self.describes),
        ):
            if rows:
                lines += ["", f"{title}:"]
                lines += [f"    {finding}" for finding in rows[:5]]
                if len(rows) > 5:
                    lines.append(f"    and {len(rows) - 5} more")
        if self.skipped:
            names = ", ".join(row["field"] for row in self.skipped[:6])
            more = f" and {len(self.skipped) - 6} more" if len(self.skipped) > 6 else ""
            lines += ["", f"Skipped, or only partly looked at: {names}{more} (see .skipped)"]
        mark = str(self.dataset.get("fingerprint", ""))[:12]
        lines += ["", self.query, f"of {pluralize(self.dataset.get('rows'), 'row')}, dataset {mark}"]
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(map(safe, lines))


def _lines(finding: Finding, lead: str) -> list[str]:
    pad = " " * len(lead)
    out = [
        lead + _pasteable(finding),
        f"{pad}{formatting.share(finding.selected_share)} of the selection "
        f"({formatting.count(finding.selected)}), "
        f"{formatting.share(finding.baseline_share)} of the baseline ({formatting.count(finding.baseline)})",
        pad + formatting.strength(finding.to_dict()),
    ]
    if finding.aliases:
        shown = ", ".join(formatting.shorten(alias, MOST_ALIAS) for alias in finding.aliases[:3])
        more = f" and {len(finding.aliases) - 3} more" if len(finding.aliases) > 3 else ""
        out.append(f"{pad}holds for the same events: {shown}{more}")
    if finding.note:
        out.append(pad + finding.note)
    arithmetic = formatting.without(finding.what_if)
    if arithmetic:
        out.append(pad + arithmetic)
    traces = [row["trace_id"] for row in finding.examples.get("selected", []) if row.get("trace_id")]
    if traces:
        out.append(f"{pad}for example trace {traces[0]}")
    return out


def _pasteable(finding: Finding) -> str:
    """Return the finding as `where` reads it, or in words if it names many values."""
    long = any(len(item.get("values") or ()) > 12 for item in finding.conditions)
    return formatting.conjunction(finding.conditions) if long else finding.condition


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


_SCHEMA = pa.schema(
    [("role", pa.string()), ("rank", pa.int64()), ("condition", pa.string())]
    + [(name, pa.int64()) for name in ("selected", "baseline")]
    + [
        (name, pa.float64())
        for name in (
            "selected_share",
            "baseline_share",
            "rate_inside",
            "rate_outside",
            "risk_ratio",
            "risk_ratio_low",
            "risk_ratio_high",
            "excess_share",
            "score",
        )
    ]
    + [("first_seen", pa.string()), ("last_seen", pa.string()), ("new", pa.bool_())]
    + [
        ("traces", pa.int64()),
        ("users", pa.int64()),
        ("note", pa.string()),
        ("aliases", pa.list_(pa.string())),
    ]
)
