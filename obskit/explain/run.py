"""`explain`: count, search, rank, and say it, step by step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.engine import Scope
from obskit.errors import InvalidArgument
from obskit.explain import rank, rows, search
from obskit.explain.answer import answer, sql
from obskit.explain.frame import Item
from obskit.explain.options import ExplainOptions
from obskit.explain.question import Question, resolve
from obskit.explain.report import Reporter
from obskit.explain.result import Explanation
from obskit.explain.sets import Halves, HeldOut
from obskit.explain.singles import Column, field_items, interval_totals, is_number
from obskit.names import DRIFT, describes_error
from obskit.stats.evidence import Counts, paid_tests, score, weigh
from obskit.text import pluralize

DEFAULTS = ExplainOptions()
ALPHA = 0.05
# how the error is shared among conjunctions of one, two and three conditions
SHARES = (0.5, 0.25, 0.25)
POOL = 200
# where no conjunctions are screened, a smaller baseline sample tells traces and causes apart
QUICK_B = 20_000
MOST_FINDINGS = 10
MOST_REFINEMENTS = 40

# what says that a log record is of a failure, and what it says of it
SEVERITY = ("severity_text", "severity_number", "level", "severity", "log.level")
MESSAGES = ("body", "message", "msg")

# A row's place and weight are no properties of the request; ids are kept for their heavy hitters elsewhere.
NOT_FIELDS = {
    "timestamp": "the time axis: use during and history",
    "sample_weight": "a weight, not a property",
    "event_count": "a weight, not a property",
    "trace_state": "sampling's own",
    "trace_id": "the cluster that rows are counted by",
    "span_id": "an identifier of one event",
}
DRIFTS = "drifts with time in each process: name it in fields= to look at it"


class Cancelled(Exception):
    """A newer question made this one pointless."""


def explain(scope: Scope, selection: Any, options: ExplainOptions = DEFAULTS) -> Explanation:
    """Rank the conditions that separate selected events from the baseline.

    Args:
        scope: the events.
        selection: condition for the outcome (slow, failed, on the new version); at least one event.
        options: what to compare with, and how.
    Returns:
        Explanation; findings in descending order of evidence, shares in [0, 1].
    Raises:
        EmptySelection: the selection or the baseline has no events.
        InvalidArgument: an argument has a value that it can't have, or arguments contradict each other.
        UnknownField, UnknownFunction, ConditionError: a condition can't be read.
        Cancelled: `options.cancelled` returned true.
    Cost: one scan of the coded columns; memory O(rows/8 x conditions kept + fields x distinct values).
    Source: Bailis et al., MacroBase (2017), for the order of counting; Tarone (1990) for the number of tests
        to correct for; the scores are ours.
    """
    asked = resolve(scope, selection, options)
    return _Run(asked).run(options.first)


class _Run:
    """One run of the method, step by step; each step leaves what the next one needs."""

    def __init__(self, asked: Question) -> None:
        cluster, thorough = asked.options.cluster, asked.options.thorough
        self.asked = asked
        self.scope = asked.scope
        self.depth = asked.options.depth
        self.thorough = thorough
        self.pool = POOL * 4 if thorough else POOL
        self.progress = asked.options.progress
        self.cancelled = asked.options.cancelled or (lambda: False)
        self.notes: list[str] = list(asked.scope.notes)
        self.skipped: list[dict[str, str]] = []
        names = set(self.scope.schema.names)
        # the default may be missing from plain logs; a field that was named may not
        known = cluster is None or (cluster == "trace_id" and cluster not in names)
        self.cluster = None if cluster is None or known else self.scope.resolve(cluster)
        if self.cluster and pa.types.is_nested(self.scope.schema.field(self.cluster).type):
            raise InvalidArgument(
                f"the cluster {cluster!r} is a list", hint="a field of one value a row, or None"
            )
        self.names, self.descriptive = self._fields(asked.options.fields)

    def _fields(self, given: Sequence[str] | None) -> tuple[list[str], set[str]]:
        """Return the fields to look at, and those of them that only describe the outcome selected."""
        asked = self.asked
        named = asked.selection.fields | (asked.baseline.fields if asked.baseline else frozenset())
        describing = any(describes_error(name) or name in SEVERITY for name in asked.selection.fields)
        if given is not None:
            wanted = [self.scope.resolve(name) for name in given]
        else:
            wanted = list(self.scope.schema.names)
        reasons = NOT_FIELDS | dict.fromkeys(DRIFT if given is None else (), DRIFTS)
        reasons |= dict.fromkeys(named, "named in the selection or the baseline")
        if any(describes_error(field) for field in named):
            reasons.setdefault("error", "follows from what the selection names")
        self.skipped += [{"field": name, "reason": reasons[name]} for name in wanted if name in reasons]
        keep = [name for name in wanted if name not in reasons]
        describes = set()
        if describing:  # how long a failure took, and what was logged of it, is part of how it failed
            describes = {n for n in keep if describes_error(n) or n in ("duration_ms", *SEVERITY, *MESSAGES)}
        if "duration_ms" in named:  # where the time went is not why
            describes |= {n for n in keep if n.startswith("part.") and n.endswith(".duration_ms")}
        return keep, describes

    def run(self, first: Callable[[Explanation], None] | None) -> Explanation:
        self._prepare()
        self.compared = rows.compare(
            self.scope,
            self.asked.selection,
            during=self.asked.during,
            baseline=self.asked.baseline,
            history=self.asked.history,
            population=self.asked.population,
        )
        self._check()
        self.full = rows.frame(self.scope, self.scope.codes, self.compared)
        if "history" in self.full.groups and self.full.totals["history"].n[0] == 0:
            raise InvalidArgument(
                "the history has no rows", hint="history=None, or an earlier window that has events"
            )
        self._tally()
        self._singles()
        self._check()
        if first is not None and self.depth > 1:
            first(self._answer(1, quick=True))
            self._check()
        return self._answer(self.depth, quick=False)

    def _answer(self, depth: int, *, quick: bool) -> Explanation:
        """Return the answer of conjunctions to a depth; a quick one without sets, examples and what-ifs."""
        most = (rows.SAMPLE_A, QUICK_B if depth == 1 else rows.SAMPLE_B)
        self.sample, ids = rows.sample(self.scope, self.scope.codes, self.compared, self.cluster, most)
        self.clusters = rank.Clusters(self.sample, ids)
        self.held = {} if quick else self._sets(Halves(self.sample, ids))
        self._check()
        groups, slices = self._candidates(
            [*self.singles, *self.held], depth, POOL // 4 if quick else self.pool
        )
        self._check()
        judged = self._judge(slices)
        standing = judged.stands(self.levels.floor)
        own = rank.accepted(judged, standing)
        notes = list(self.notes)
        if not own and standing.any() and judged.history is not None:
            # nothing is worse than its usual self: there is more of what was always so
            notes.append("no slice exceeds its own earlier rate: ranked without history")
            judged = replace(judged, score=judged.evidence.score)
            own = rank.accepted(judged, standing)
        causes = rank.cover(self.sample, judged, own, self.levels, MOST_FINDINGS)
        self._check()
        rest = [at for at in rank.ordered(judged) if standing[at] and at not in causes]
        rest = self._distinct(judged, causes, rest)
        words = self._judge(self.described)
        clear = words.stands(self.levels.floor)
        says = self._distinct(words, [], [at for at in rank.ordered(words) if clear[at]])
        report = Reporter(self.scope, self.full, self.sample, judged, self.cluster, groups)
        describe = Reporter(self.scope, self.full, self.sample, words, self.cluster, {})
        return answer(
            self.asked,
            self.compared,
            self.full,
            notes,
            self.skipped,
            "" if quick else sql(self.asked),
            report.findings(causes, whole=True, brief=quick),
            report.findings(rest, whole=False),
            describe.findings(says, whole=False),
        )

    def _judge(self, slices: list[tuple[Item, ...]]) -> rank.Judged:
        return rank.judge(self.full, self.sample, self.clusters, self.held, self._counts, slices, self.levels)

    def _check(self) -> None:
        if self.cancelled():
            raise Cancelled

    def _prepare(self) -> None:
        """Make the codes that are missing."""
        derived = {name for name, _ in self.scope.derived}
        stored = [name for name in self.names if name not in derived]
        codes = self.scope.dataset.codes
        missing = [name for name in stored if not codes.ready(name)]
        if missing:

            def step(what: str, done: int, total: int) -> None:
                self._check()
                if self.progress is not None:
                    self.progress(what, done, total)

            codes.ensure(missing, progress=step)

    def _tally(self) -> None:
        """Count every field in both groups, and set the error level that the search must pay for."""
        full, compared = self.full, self.compared
        self.all_a, self.all_b = full.totals["a"], full.totals["b"]
        everything = self.asked.population if compared.from_totals else None
        self.columns: list[Column] = []
        for name in self.names:
            self._check()
            codes = self.scope.codes(name)
            if codes.size <= 1:
                self.skipped.append({"field": name, "reason": "missing everywhere"})
                continue
            totals = codes.totals.get(everything) if everything else None
            if totals is not None and not totals.n[1:].any():
                self.skipped.append({"field": name, "reason": "missing in all compared rows"})
                continue
            a = full.tally("a", name)
            if totals is not None:
                whole = Counts(totals.n.astype(float), totals.w, totals.w2)
                b = whole - a - full.tally("x", name) if "x" in full.groups else whole - a
            else:
                b = full.tally("b", name)
            seen = a.n + b.n
            if np.count_nonzero(seen) <= 1 and codes.kind != "flag":
                self.skipped.append({"field": name, "reason": "one value in all compared rows"})
                continue
            if codes.kind == "flag":
                self.skipped.append({"field": name, "reason": "only whether it is there was looked at"})
            elif codes.rare_code is not None and seen[codes.rare_code] > 0.5 * seen[1:].sum():
                common = pluralize(codes.size - 2, "commoner value")
                reason = f"nearly unique: only if it is there and {common} looked at"
                self.skipped.append({"field": name, "reason": reason})
            self.columns.append(Column(codes, a, b))
        m = self._tests()
        levels = []
        for d, part in enumerate(SHARES, 1):
            tests = (
                math.lgamma(m + 1) - math.lgamma(d + 1) - math.lgamma(max(m - d, 0) + 1) if m >= d else 0.0
            )
            levels.append(math.log(ALPHA * part / 2) - max(tests, 0.0))
        floor = max(5.0, 0.01 * float(self.all_a.n[0]))
        self.levels = rank.Levels((levels[0], levels[1], levels[2]), floor)

    def _tests(self) -> int:
        """Return how many single slices could have been significant (intervals of bins count each)."""
        from_values = [
            (c.a.n + c.b.n)[(c.a.n + c.b.n) > 0] for c in self.columns if c.codes.kind != "numeric"
        ]
        from_bins = [interval_totals(c) for c in self.columns if is_number(c.codes)]
        totals = np.concatenate([np.zeros(0), *from_values, *from_bins])
        a, b = float(self.all_a.n[0]), float(self.all_b.n[0])
        return paid_tests(totals, math.log(a / (a + b)), ALPHA * SHARES[0])

    def _singles(self) -> None:
        """Find the conditions on one field worth a place in the search, and apart those that describe."""
        level, floor = self.levels.log_level[0], self.levels.floor
        self.singles: list[Item] = []
        self.described: list[tuple[Item, ...]] = []
        self.weak: list[Column] = []
        for column in self.columns:
            own = field_items(column, self.all_a, self.all_b, floor, level)
            if column.codes.name in self.descriptive:
                self.described += [(item,) for item in own]
                continue
            self.singles += own
            if column.codes.kind == "value" and column.codes.size > 20:
                strong = self._scores(column, [item for item in own if item.spec["op"] == "="])
                if not len(strong) or strong.max() <= 0:
                    self.weak.append(column)

    def _sets(self, halves: Halves) -> dict[Item, HeldOut]:
        """Return sets of values of the fields none of whose values stands out."""
        share = self.levels.floor / float(self.all_a.n[0])
        found = [halves.find(column, share, self.levels.log_level[0]) for column in self.weak]
        return {one.item: one for one in found if one is not None}

    def _scores(self, column: Column, items: Sequence[Item]) -> np.ndarray[Any, np.dtype[np.float64]]:
        at = np.array([item.codes[0] for item in items], dtype=np.int64)
        return score(column.a[at], self.all_a, column.b[at], self.all_b, self.levels.log_level[0])

    def _counts(self, items: Sequence[Item]) -> tuple[Counts, Counts]:
        """Return the conditions' counts in both groups, from the fields' own."""
        by_name = {column.codes.name: column for column in self.columns}
        out = np.empty((2, 3, len(items)))
        for at, item in enumerate(items):
            column, codes = by_name[item.field], np.array(item.codes, dtype=np.int64)
            for side, counts in enumerate((column.a, column.b)):
                for of, values in enumerate((counts.n, counts.w, counts.w2)):
                    out[side, of, at] = values[codes[0]] if len(codes) == 1 else values[codes].sum()
        return Counts(*out[0]), Counts(*out[1])

    def _candidates(
        self, items: list[Item], depth: int, pool_size: int
    ) -> tuple[dict[Item, list[Item]], list[tuple[Item, ...]]]:
        """Return the aliases of each condition kept, and all slices to be counted exactly."""
        a, b = self._counts(items)
        found = weigh(a, self.all_a, b, self.all_b, self.levels.log_level[0])
        spread = found.selected_share * (1 - found.selected_share)
        best = np.lexsort((-spread, -found.score))[:pool_size]
        pool = [items[i] for i in best]
        if not pool:
            return {}, []
        groups: dict[Item, list[Item]] = {}
        kept: list[int] = []
        for group in rank.aliases(self.sample, pool):
            near = [i for i in group if found.score[best[i]] >= 0.97 * found.score[best[group[0]]]]
            first = min(near, key=lambda i: rank.order(pool[i]))
            kept.append(first)
            groups[pool[first]] = [pool[i] for i in group if i != first]
        share = self.levels.floor / max(float(self.all_a.n[0]), 1.0)
        # a set was chosen for its excess: joined with others it could not be tested again
        joined = [at for at in kept if pool[at] not in self.held]
        table = search.screen(self.sample, [pool[at] for at in joined])
        own = found.score[best][joined]
        slices = search.conjunctions(table, own, share, depth)
        if self.thorough and depth > 1:
            slices += search.interactions(table, share)
        return groups, _with_parts([(pool[at],) for at in kept if found.score[best[at]] > 0], slices)

    def _distinct(self, judged: rank.Judged, causes: list[int], others: list[int]) -> list[int]:
        """Return the refinements: without those that are the same rows as something said before."""
        said = [self.sample.slice(judged.slices[at]) for at in causes]
        kept = []
        for at in others:
            bits = self.sample.slice(judged.slices[at])
            if any(rank.same_rows(self.sample, bits, other) for other in said):
                continue
            said.append(bits)
            kept.append(at)
            if len(kept) == MOST_REFINEMENTS:
                break
        return kept


def _with_parts(singles: list[tuple[Item, ...]], slices: list[tuple[Item, ...]]) -> list[tuple[Item, ...]]:
    """Return all slices with every part of each, so that a child can be held against its parents."""
    seen: dict[frozenset[Item], tuple[Item, ...]] = {frozenset(one): one for one in singles}
    for items in slices:
        for drop in (None, *items):
            part = tuple(item for item in items if item is not drop)
            seen.setdefault(frozenset(part), part)
            for item in part:
                seen.setdefault(frozenset((item,)), (item,))
    return list(seen.values())
