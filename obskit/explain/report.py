"""Findings from judged slices: their numbers, when they were seen, examples, and caveats."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

import numpy as np

from obskit.dataset import NO_TIME
from obskit.engine import Scope, format_condition
from obskit.explain import whatif
from obskit.explain.causes import restates
from obskit.explain.cores import spread
from obskit.explain.grouped_rows import SIDES, FieldCondition, GroupedRows
from obskit.explain.judge import Judged
from obskit.explain.result import Finding
from obskit.explain.weights import Bits
from obskit.stats.counts import Counts

USERS = ("user.id", "enduser.id", "customer.id", "user.name", "session.id")
EXAMPLES = 3
# p99 without a slice costs a pass over its rows: only the strongest findings have it.
LATENCIES = 3
# Fewer earlier events than this don't show what rate is usual.
USUAL = 20
# Examples come from one stretch of rows where possible: every stretch costs a read of a Parquet row group.
NEAR = 50_000


Detail: TypeAlias = Literal["counts", "times", "all"]


@dataclass(frozen=True)
class Reporter:
    """Turns judged slices into findings.

    Attributes:
        scope: the events.
        full, sample: all compared rows, and a sample of them.
        compared: the counts of all compared rows for each code of a field.
        cluster: field whose equal values are one observation, or None.
        judged: the slices.
        aliases: for each condition, those that hold for the same rows.
        reasons: fields that restate the selection, and how.
    """

    scope: Scope
    full: GroupedRows
    sample: GroupedRows
    compared: Callable[[str], Counts]
    cluster: str | None
    judged: Judged
    aliases: Mapping[FieldCondition, Sequence[FieldCondition]]
    reasons: Mapping[str, str] = field(default_factory=dict)

    def findings(self, chosen: Sequence[int], detail: Detail) -> list[Finding]:
        """Return the findings of some slices.

        Args:
            chosen: positions in `judged`.
            detail: "counts" alone; with "times", also when each was seen first and last; with "all", also
                traces, users, examples and what-ifs.
        Returns:
            One finding per slice, in the same order.
        """
        bits = {} if detail == "counts" else {at: self.full.slice(self.judged.slices[at]) for at in chosen}
        latency = self._latency() if detail == "all" and chosen else None

        def look_at(at: int) -> dict[str, Any]:
            extra: dict[str, Any] = {}
            if detail != "counts":
                extra["first_seen"], extra["last_seen"] = self._seen(at, bits[at])
            if detail == "all":
                extra["traces"], extra["users"] = self._traces_and_users(bits[at])
                p99 = None
                if latency is not None and at in chosen[:LATENCIES]:
                    p99 = latency.p99, latency.without(bits[at])
                extra["what_if"] = self._what_if(at, p99, chosen)
            return extra

        extras = list(spread(look_at, chosen, self.full.length))
        if detail == "all":
            for extra, examples in zip(extras, self._examples(list(bits.values())), strict=True):
                extra["examples"] = examples
        return [self._finding(at, extra) for at, extra in zip(chosen, extras, strict=True)]

    def _latency(self) -> whatif.Latency | None:
        """Return the durations of all compared rows; None where they have none."""
        if "duration_ms" not in self.scope.schema.names:
            return None
        if not whatif.has_latency(self.scope.codes("duration_ms")):
            return None
        return whatif.Latency(self.full, self.compared("duration_ms"))

    def _finding(self, at: int, extra: dict[str, Any]) -> Finding:
        judged, conditions = self.judged, self.judged.slices[at]
        evidence = judged.evidence
        specs = tuple(dict(condition.spec) for condition in conditions)
        return Finding(
            conditions=specs,
            condition=format_condition(specs),
            selected=round(float(judged.selected.n[at])),
            baseline=round(float(judged.baseline.n[at])),
            selected_share=float(evidence.selected_share[at]),
            baseline_share=float(evidence.baseline_share[at]),
            rate_inside=float(evidence.rate_inside[at]),
            rate_outside=float(evidence.rate_outside[at]),
            risk_ratio=float(evidence.risk_ratio[at]),
            risk_ratio_low=float(evidence.risk_ratio_low[at]),
            risk_ratio_high=float(evidence.risk_ratio_high[at]),
            excess_share=float(evidence.excess_share[at]),
            score=float(judged.score[at]),
            new=None if judged.history is None else bool(judged.history.n[at] == 0),
            note=self._note(at, extra.get("what_if")),
            aliases=tuple(
                format_condition([other.spec])
                for condition in conditions
                for other in self.aliases.get(condition, ())
            ),
            **extra,
        )

    def _note(self, at: int, what_if: Mapping[str, Any] | None) -> str | None:
        judged, evidence = self.judged, self.judged.evidence
        reasons = [self.reasons.get(condition.field) for condition in judged.slices[at]]
        notes = [reason for reason in reasons if reason is not None]
        if restates(evidence)[at] and not notes:
            notes.append("separates completely: the cause, or the selection in other words")
        if judged.history is not None and judged.history_selected is not None and judged.history.w[at] > 0:
            before = float(judged.history_selected.w[at] / judged.history.w[at])
            if judged.history.n[at] >= USUAL and before >= 0.5 * float(evidence.rate_inside[at]):
                notes.append(
                    f"not new: the rate was {before:.1%} before, {float(evidence.rate_inside[at]):.1%} now"
                )
            if judged.risen[at] and not judged.stands_out()[at]:
                now = float(evidence.rate_inside[at])
                notes.append(f"above its own earlier rate: {before:.1%} before, {now:.1%} now")
        if what_if and what_if.get("adjusted_odds_ratio") is not None and what_if["adjusted_odds_ratio"] < 1:
            name = what_if["adjusted_for"]
            notes.append(
                f"reversed among events with the same {name} (Simpson's paradox): {name} may be the cause"
            )
        return "; ".join(notes) or None

    def _what_if(
        self, at: int, p99: tuple[float, float] | None, chosen: Sequence[int]
    ) -> dict[str, Any] | None:
        judged = self.judged
        numbers: dict[str, Any] = {}
        if p99 is not None:
            numbers |= {"p99_ms": p99[0], "p99_ms_without": p99[1]}
        if judged.history is not None and judged.history_selected is not None:
            moved = whatif.change(
                judged.selected,
                judged.baseline,
                judged.history_selected,
                judged.history,
                at,
                self.full.totals,
            )
            numbers |= moved or {}
        own = {condition.field for condition in judged.slices[at]}
        same = {other.field for condition in judged.slices[at] for other in self.aliases.get(condition, ())}
        others: list[str] = []
        for other in chosen:
            for condition in judged.slices[other]:
                if condition.field not in own | same and condition.field not in others:
                    others.append(condition.field)
        numbers |= whatif.adjusted(self.sample, self.sample.slice(judged.slices[at]), others[:3]) or {}
        return {
            key: None if isinstance(v, float) and not math.isfinite(v) else v for key, v in numbers.items()
        } or None

    def _traces_and_users(self, bits: Bits) -> tuple[int | None, int | None]:
        """Return how many clusters and users a slice selects; None where none is known."""
        scope, rare = self.scope, 0
        ids = None if self.cluster is None else scope.dataset.codes.numbers(self.cluster)
        name = next((name for name in USERS if name in scope.schema.names), None)
        users = None if name is None else scope.codes(name)
        # numbers of clusters are dense: to mark them takes less time and memory than to sort or hash them
        clusters_seen = np.zeros(0 if ids is None else scope.dataset.rows + 1, dtype=bool)
        users_seen = np.zeros(0 if users is None else users.size, dtype=bool)
        picked = self.full.row_numbers_in("selected", bits)
        for segment, rows in zip(self.full.segments, picked, strict=True):
            if ids is not None:
                clusters_seen[ids[segment.file][rows]] = True
            if users is not None:
                local, remap = users.parts[segment.file]
                found = local[rows] if remap is None else remap[local[rows]]
                if users.rare_code is not None:
                    rare += int(np.count_nonzero(found == users.rare_code))
                users_seen[found] = True
        users_seen[:1] = False
        if users is not None and users.rare_code is not None:
            users_seen[users.rare_code] = False  # one code for all rare values: nearly one value per row
        return (
            None if ids is None else int(np.count_nonzero(clusters_seen[1:])),
            None if users is None else int(np.count_nonzero(users_seen)) + rare,
        )

    def _seen(self, at: int, bits: Bits) -> tuple[str | None, str | None]:
        """Return when the first and the last of the slice's events began, as ISO 8601."""
        known = self.full.ends(self.judged.slices[at])
        if known is not None:
            return (_iso(known[0]), _iso(known[1])) if known[0] <= known[1] else (None, None)
        bits = self.full.compared(bits)
        times = self.scope.dataset.codes.times()
        seen: list[int] = []
        for place, *ends in self.full.first_and_last(bits):
            segment = self.full.segments[place]
            rows = np.array(ends) if segment.rows is None else segment.rows[ends]
            began = times[segment.file][rows]
            if (began == NO_TIME).any():  # rows without a time come last: look at all of the file's
                began = times[segment.file][self.full.row_numbers(bits)[place]]
            seen += [int(moment) for moment in (began.min(), began.max()) if moment != NO_TIME]
        return (_iso(min(seen)), _iso(max(seen))) if seen else (None, None)

    def _examples(self, slices: Sequence[Bits]) -> list[dict[str, list[dict[str, Any]]]]:
        """Return up to three events of each group for each slice.

        Baseline events come from the slice itself where it has any: they went well, and are to compare with.
        """
        wanted: dict[int, set[int]] = {}
        picks: list[dict[str, list[tuple[int, int]]]] = []
        near = self._near()
        for bits in slices:
            picks.append({})
            for group in SIDES:
                chosen = self.full.choose(group, bits, near, EXAMPLES)
                if not chosen:
                    every = np.full_like(bits, 2**64 - 1)
                    chosen = self.full.choose(group, every, near, EXAMPLES)
                picks[-1][group] = chosen
                for file, row in chosen:
                    wanted.setdefault(file, set()).add(row)
        columns = [
            c
            for c in ("timestamp", "trace_id", "span_id", "duration_ms")
            if c in self.scope.dataset.schema.names
        ]
        events: dict[tuple[int, int], dict[str, Any]] = {}
        for file, rows in wanted.items():
            ordered = sorted(rows)
            table = self.scope.dataset.take(file, np.array(ordered, dtype=np.int64), columns, again=True)
            for row, event in zip(ordered, table.to_pylist(), strict=True):
                events[file, row] = event
        return [{name: [events[key] for key in keys] for name, keys in sides.items()} for sides in picks]

    def _near(self) -> tuple[int, int, int]:
        """Return a stretch of rows in the middle of the selection: segment, first and last row."""
        counts = [np.count_nonzero(mask) for mask in self.full.groups["selected"]]
        at = int(np.argmax(counts))
        inside = np.flatnonzero(self.full.groups["selected"][at])
        middle = int(inside[len(inside) // 2])
        return at, max(middle - NEAR, 0), middle + NEAR


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
