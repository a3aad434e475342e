"""`Verdict`: the word, the sentence, the criteria and slices, and what is needed to reproduce them."""

from __future__ import annotations

import html
import math
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from obskit.display import formatting
from obskit.display.result import Result, plain
from obskit.display.tables import UNIT, WRITTEN, format_cell, html_page, html_table, text_table
from obskit.engine import Scope
from obskit.errors import InvalidArgument
from obskit.explain import ExplainOptions, Explanation, explain
from obskit.judge.code_changes import CodeChanges
from obskit.judge.criterion import Criterion
from obskit.judge.picture import Series, draw
from obskit.judge.pods import PodShare
from obskit.judge.recovery import Recovery
from obskit.judge.sentences import slice_time
from obskit.judge.slice_tests import SliceFinding
from obskit.judge.words import Word
from obskit.text import pluralize, safe

SCHEMA = 1  # version of the keys of `to_dict`
MOST_SLICES = 10
WHOLE = ("criterion", "verdict", "since")  # columns that are never cut
MOST_PODS = 5


@dataclass(frozen=True)
class ArmSummary:
    """An arm of a verdict.

    Attributes:
        label: its version, or its condition.
        condition: the arm as a condition.
        rows: its requests in the judged time.
        observations: the same after requests of one trace were put together.
        pods: its pods; None if the events do not name them.
    """

    label: str
    condition: str
    rows: int
    observations: int
    pods: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the arm as values that JSON can hold."""
        return {
            "value": self.label,
            "condition": self.condition,
            "rows": self.rows,
            "observations": self.observations,
            "pods": self.pods,
        }


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Verdict(Result):
    """The judgment on a deployment. `table` has one row per criterion.

    Attributes:
        word: "pass", "regress", "inconclusive", "no_data" or "error".
        sentence: the verdict in one or two sentences.
        evidence: what it rests on: "concurrent", "before/after" or "not randomised".
        service: the service that was deployed; None if it is not known.
        environment: the environment; None if it was not given.
        candidate, baseline: the arms; None if there are none.
        window: the judged time, first and last moment; None if nothing was judged.
        looks: the number of looks.
        alpha: the probability of a wrong verdict, over all looks.
        criteria: errors, latency and traffic.
        slices: the slices that got worse, the largest excess first.
        pods: the candidate's pods, the largest share of the excess first.
        needed: how many more requests of the candidate a decision is likely to need; None if it is
            decided, or if no number is enough.
        recovery: what became of the whole and of each slice after the time `after`; empty if not asked.
        series: the rates of the arms and the evidence at every look.
        changes: what changed in the code between the versions; None without a repository.
        scope: the events, for `explain`.
        open_end: whether `explain` looks at the candidate's requests after the window, too: the more there
            are, the more it finds.

    Example:
        verdict = events.judge(candidate="2.4.0")
        print(verdict.word, verdict.sentence)
    """

    word: Word
    sentence: str
    evidence: str = "concurrent"
    service: str | None = None
    environment: str | None = None
    candidate: ArmSummary | None = None
    baseline: ArmSummary | None = None
    window: tuple[datetime, datetime] | None = None
    looks: int = 0
    alpha: float = 0.05
    criteria: tuple[Criterion, ...] = ()
    slices: tuple[SliceFinding, ...] = ()
    pods: tuple[PodShare, ...] = ()
    needed: float | None = None
    recovery: tuple[Recovery, ...] = ()
    series: Series | None = None
    changes: CodeChanges | None = None
    scope: Scope | None = field(default=None)
    open_end: bool = False

    def criterion(self, name: str) -> Criterion:
        """Return a criterion by its name.

        Args:
            name: "errors", "latency" or "traffic".

        Returns:
            The criterion.

        Raises:
            InvalidArgument: the verdict has no such criterion.
        """
        for one in self.criteria:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.criteria) or "none"
        raise InvalidArgument(f"the verdict has no criterion {name!r}", hint=f"its criteria are: {known}")

    def explain(self) -> Explanation:
        """Explain the worst criterion: what sets the candidate's failed or slow requests apart.

        Returns:
            The explanation of the first slice that got worse; without slices, of the criterion with
            the strongest evidence.

        Raises:
            InvalidArgument: nothing was compared, so there is nothing to explain.
            EmptySelection: no request has the outcome.
        """
        rated = [one for one in self.criteria if one.condition]
        if self.scope is None or self.candidate is None or self.window is None or not rated:
            raise InvalidArgument(
                f"the verdict is {self.word!r}: nothing was compared, so there is nothing to explain",
                hint="its sentence says what is missing",
            )
        worst = max(rated, key=lambda one: (one.word == "regress", one.log_e))
        selection, where = worst.condition, self.candidate.condition
        if self.slices and worst.word != "regress":
            selection, where = self.slices[0].selection, f"({where}) and {self.slices[0].condition}"
        start, end = self.window
        during = (start, None if self.open_end else end)
        return explain(self.scope, selection, ExplainOptions(where=where, during=during, history=None))

    def plot(self) -> Any:
        """Draw the rates of both arms over time, and the evidence against its threshold.

        Returns:
            A Plotly figure.

        Raises:
            InvalidArgument: nothing was compared.
        """
        if self.series is None:
            raise InvalidArgument(
                f"the verdict is {self.word!r}: nothing was compared, so there is nothing to draw",
                hint="its sentence says what is missing",
            )
        return draw(self.series, self.headline())

    def headline(self) -> str:
        """Return the word and the sentence."""
        return f"{self.word.replace('_', ' ')}: {self.sentence}"

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as values that JSON can hold; the keys stay the same within a `schema`."""
        head = {
            "kind": self.kind,
            "schema": SCHEMA,
            "verdict": self.word,
            "sentence": self.sentence,
            "evidence": self.evidence,
            "service": self.service,
            "environment": self.environment,
            "baseline": None if self.baseline is None else self.baseline.to_dict(),
            "candidate": None if self.candidate is None else self.candidate.to_dict(),
            "window": None if self.window is None else plain(self.window),
            "looks": self.looks,
            "alpha": self.alpha,
            "criteria": [one.to_dict() for one in self.criteria],
            "slices": [one.to_dict() for one in self.slices],
            "pods": [one.to_dict() for one in self.pods],
            "needed": plain(self.needed),
            "recovery": [one.to_dict() for one in self.recovery],
            "changes": None if self.changes is None else self.changes.to_dict(),
        }
        return {**head, "notes": list(self.notes), "dataset": plain(self.dataset), "reproduce": self.query}

    def to_markdown(self) -> str:
        """Return the verdict as Markdown, for a comment on a change.

        Returns:
            The sentence, the criteria as a table, the worst slice, and how to reproduce it. A hidden marker
            with the service lets a later comment replace this one.
        """
        lines = [f"**{_escaped(self.headline())}**", ""]
        if self.criteria:
            table = _shown(self.criteria)
            names = table.schema.names
            lines += [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
            for row in table.to_pylist():
                lines.append(f"| {' | '.join(_escaped(format_cell(v)) for v in row.values())} |")
            lines.append("")
        lines += [f"{_escaped(line)}  " for line in self._slice_lines()[:2]]
        if self.changes is not None:
            lines += ["", *(f"{_escaped(line.strip())}  " for line in self.changes.lines())]
        details = [*self.footer()]
        lines += ["", "<details><summary>Reproduce</summary>", "", *(f"- {_escaped(d)}" for d in details)]
        lines += ["", "</details>", f"<!-- obskit:judge {_marker(self.service)} -->"]
        return "\n".join(lines)

    def __str__(self) -> str:
        lines = [safe(self.headline()), ""]
        if self.criteria:
            lines += [text_table(_shown(self.criteria), whole=WHOLE), ""]
        lines += map(safe, self._detail_lines())
        lines += map(safe, self.footer())
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [html_page(f"<p><b>{html.escape(safe(self.headline()))}</b></p>")]
        if self.criteria:
            parts.append(html_table(_shown(self.criteria)))
        lines = [*self._detail_lines(), *self.footer()]
        parts.append(html_page(*(f"<p>{html.escape(safe(line))}</p>" for line in lines)))
        return "".join(parts)

    def _detail_lines(self) -> list[str]:
        changes = [] if self.changes is None else self.changes.lines()
        return [*self._slice_lines(), *self._recovery_lines(), *self._pod_lines(), *changes]

    def _slice_lines(self) -> list[str]:
        lines = []
        for one in self.slices[:MOST_SLICES]:
            (n_a, x_a), (n_b, x_b) = one.baseline, one.candidate
            what = "failed" if one.outcome == "errors" else "slow"
            lines.append(
                f"worse for {formatting.shorten(one.condition, 200)}: {x_b:,} of {n_b:,} requests {what}, "
                f"{x_a:,} of {n_a:,} of the baseline ({formatting.ratio(one.ratio)}); "
                f"{slice_time(one)}"
            )
        if len(self.slices) > MOST_SLICES:
            lines.append(f"… {pluralize(len(self.slices) - MOST_SLICES, 'more slice')}")
        return lines

    def _recovery_lines(self) -> list[str]:
        return [one.sentence for one in self.recovery]

    def _pod_lines(self) -> list[str]:
        if not any(pod.excess for pod in self.pods):
            return []
        shown = [f"{pod.pod} {pod.x:,} of {pod.n:,}" for pod in self.pods[:MOST_PODS]]
        more = len(self.pods) - MOST_PODS
        return [f"by {self.pods[0].field}: {', '.join(shown)}{f' and {more:,} more' if more > 0 else ''}"]


def table_of(criteria: tuple[Criterion, ...]) -> pa.Table:
    """Return criteria as a table of numbers.

    Args:
        criteria: the criteria.

    Returns:
        One row per criterion; numbers that are not known or not finite are null.
    """
    numbers: dict[str, list[float | None]] = {}
    for arm in ("baseline", "candidate"):
        numbers[f"{arm}_n"] = [float(getattr(one, arm).n) for one in criteria]
        numbers[f"{arm}_rate"] = [plain(getattr(one, arm).rate) for one in criteria]
        for name in ("p99_low", "p99_high"):
            numbers[f"{arm}_{name}"] = [plain(getattr(getattr(one, arm), name)) for one in criteria]
    for name in ("ratio", "low", "high", "difference", "log_e"):
        numbers[name] = [plain(getattr(one, name)) for one in criteria]
    texts = {"criterion": [one.name for one in criteria], "verdict": [one.word for one in criteria]}
    columns = {
        **{name: pa.array(values, pa.string()) for name, values in texts.items()},
        **{name: pa.array(values, pa.float64()) for name, values in numbers.items()},
        "margin": pa.array([one.margin for one in criteria], pa.string()),
        "since": pa.array([one.since for one in criteria], pa.timestamp("us", "UTC")),
    }
    return pa.table(columns)


def _shown(criteria: tuple[Criterion, ...]) -> pa.Table:
    """Return criteria as a table for people; times are in the zone that results are shown in."""
    rows = [
        {
            "criterion": one.name,
            "verdict": one.word.replace("_", " "),
            "baseline": _counted(one, "baseline"),
            "candidate": _counted(one, "candidate"),
            "since": None if one.since is None else formatting.time(one.since)[11:16],
            "ratio": _interval(one),
            "margin": one.margin.removeprefix("larger of ") or None,
        }
        for one in criteria
    ]
    rows += [_p99_row(one) for one in criteria if one.candidate.p99_low is not None]
    written = ("baseline", "candidate", "ratio")
    fields = [
        pa.field(name, pa.string(), metadata={UNIT: WRITTEN} if name in written else None)
        for name in (rows[0] if rows else ())
    ]
    columns = [pa.array([row[field.name] for row in rows], pa.string()) for field in fields]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _p99_row(one: Criterion) -> dict[str, str | None]:
    """Return the row with the p99 of both arms and its interval."""
    names = ("criterion", "verdict", "baseline", "candidate", "since", "ratio", "margin")
    row: dict[str, str | None] = dict.fromkeys(names)
    row["criterion"] = "p99"
    for name, arm in (("baseline", one.baseline), ("candidate", one.candidate)):
        value = formatting.duration(arm.percentiles["p99"])
        unit = f" {value.rpartition(' ')[2]}"
        low, high = (
            "?" if not end or not math.isfinite(end) else formatting.duration(end).removesuffix(unit)
            for end in (arm.p99_low, arm.p99_high)
        )
        row[name] = f"{value} [{low}, {high}]"
    return row


def _counted(one: Criterion, arm: str) -> str:
    counts = getattr(one, arm)
    if one.name == "traffic":
        return f"{counts.n:,}"
    if one.name == "latency" and counts.percentiles:
        return f"p95 {formatting.duration(counts.percentiles['p95'])} of {counts.n:,}"
    return f"{formatting.share(counts.rate)} of {counts.n:,}"


def _interval(one: Criterion) -> str | None:
    if one.name == "traffic" or math.isnan(one.ratio):
        return None
    low, high = (formatting.ratio(v)[:-1] for v in (one.low, one.high))
    return f"{formatting.ratio(one.ratio)} [{low}, {high}]"


def _escaped(text: str) -> str:
    """Return text as Markdown shows it: no markup, no table cell, no link, no mention of a person."""
    shown = safe(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = re.sub(r"([\\`*_\[\]|~#$])", r"\\\1", shown)
    # An empty comment is not seen, and GitHub makes no link of what it divides.
    return re.sub(r"(@|://|www\.)", lambda found: f"{found[0][0]}<!-- -->{found[0][1:]}", shown, flags=re.I)


def _marker(service: str | None) -> str:
    """Return a service's name as it can stand in an HTML comment."""
    return "".join(c if c.isalnum() or c in "._/" else "-" for c in service or "").replace("--", "-")
