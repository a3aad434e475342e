"""`explain` of a table elsewhere: rank selected rows and a sample of the others, recount the best there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.engine import Condition, Scope, Window, drawn, format_condition
from obskit.errors import EmptySelection, InvalidArgument
from obskit.explain import (
    Combinations,
    Elsewhere,
    ExplainOptions,
    Explanation,
    FieldCondition,
    Histogram,
    Question,
    choose_fields,
    explain_sample,
    resolve,
)
from obskit.query.terms import bucket, per_row, row_count, sample_weight
from obskit.remote.fetch import local_scope
from obskit.remote.first_answer import about_rows
from obskit.remote.packing import packed, unpacked
from obskit.remote.references import by_reference
from obskit.remote.table import RemoteTable
from obskit.stats.counts import Counts
from obskit.text import pluralize

MOST_SELECTED = 50_000
MOST_OTHERS = 100_000
# A number with more values than that is counted by bucket, as at home: each of the cells is fetched.
MOST_CELLS = 65_536
# The groups of rows by number; 3 and 4 are both of "history".
SELECTED, BASELINE, EARLIER_SELECTED, EARLIER = 1, 2, 3, 4
_GROUPS = {
    "selected": (SELECTED,),
    "baseline": (BASELINE,),
    "history_selected": (EARLIER_SELECTED,),
    "history": (EARLIER_SELECTED, EARLIER),
}
_GROUP = "obskit.group"
_ALWAYS = ("timestamp", "trace_id", "span_id", "duration_ms", "sample_weight", "event_count")
_NEVER = 2**62


def explain(scope: Scope, selection: Any, options: ExplainOptions) -> Explanation:
    """Rank the conditions that separate selected events from the baseline, as `explain.explain` does.

    Args:
        scope: rows of a table elsewhere.
        selection: condition for the outcome.
        options: the other arguments of `explain`.

    Returns:
        Explanation; every number of a finding is counted exactly in the table.

    Raises:
        EmptySelection, InvalidArgument, UnknownField, UnknownFunction, ConditionError: as `explain`.
        Cancelled: as `explain`.
        RemoteError: the engine fails.

    Cost: four statements: the sizes of the groups, the rows to rank, histograms of the first five numbers
        that findings have intervals of, and the best conditions recounted.
    """
    scope = dataclasses.replace(scope, engine=_table(scope).engine.with_cancelled(options.cancelled))
    question = resolve(scope, selection, options)
    if options.first is not None and options.depth > 1:
        early = _table(scope).sample.answer(question)
        if early is not None:
            options.first(early)
        options.check_cancelled()
    grouped = _Groups(question)
    sizes = grouped.sizes()
    rows = grouped.rows(sizes)
    fields = choose_fields(question)
    local = local_scope(rows.drop_columns([_GROUP]))
    if not set(fields.names) <= set(local.schema.names):
        gone = sorted(set(fields.names) - set(local.schema.names))
        fields = dataclasses.replace(fields, names=tuple(n for n in fields.names if n not in gone))
    about = dataclasses.replace(about_rows(question, local), population="all")
    found = explain_sample(about, fields, question, grouped.elsewhere(sizes))
    return dataclasses.replace(found, notes=(*found.notes, *grouped.notes(sizes)))


def _table(scope: Scope) -> RemoteTable:
    dataset = scope.dataset
    if not isinstance(dataset, RemoteTable):
        raise InvalidArgument("the events are on this machine", hint="use explain")
    return dataset


@dataclasses.dataclass(frozen=True)
class _Sizes:
    """How many rows there are.

    Attributes:
        totals: the sizes of the groups.
        counted: group number -> rows.
        population: rows of the population.
        left_out: rows of `where` that are not in it.
        unknown: compared rows for which the selection is null.
    """

    totals: dict[str, Counts]
    counted: dict[int, int]
    population: int
    left_out: int
    unknown: int

    @property
    def shares(self) -> tuple[float, float]:
        """The shares of the selected rows and of the others that are fetched."""
        selected = self.counted.get(SELECTED, 0)
        others = sum(rows for group, rows in self.counted.items() if group != SELECTED)
        return min(1.0, MOST_SELECTED / max(selected, 1)), min(1.0, MOST_OTHERS / max(others, 1))


class _Groups:
    """The groups that a question compares, as expressions over the table.

    Args:
        question: the question, about a table elsewhere.
    """

    def __init__(self, question: Question) -> None:
        self._question = question
        self._scope = question.scope
        self._client = _table(question.scope).client
        self._unit = question.scope.units()[0] if question.population == "units" else None

    def _numbered(self, table: ir.Table) -> tuple[Any, Any, Any]:
        """Return the number of each row's group (0: none), whether it is in the population, and unknown."""
        question = self._question
        inside: Any = self._true(self._unit, table)
        outcome: Any = self._referred(per_row(question.selection.to_ibis(table), table))
        now: Any = inside & self._during(question.during, table)
        rest: Any = ~outcome if question.baseline is None else self._true(question.baseline, table)
        # Each condition is named as seldom as possible: Spark evaluates what is named often before it is
        # needed, and in an order that changes from statement to statement, which is other code to compile.
        cases = [(now, ibis.cases((outcome, SELECTED), (rest, BASELINE), else_=0))]
        if question.history is not None:
            past: Any = inside & self._during(question.history, table)
            cases += [(past, ibis.cases((outcome, EARLIER_SELECTED), (~outcome, EARLIER), else_=0))]
        return ibis.cases(*cases, else_=0), inside, now & outcome.isnull()

    def _during(self, window: Window | Condition | None, table: ir.Table) -> Any:
        if window is None:
            return ibis.literal(True)
        condition = self._scope.condition(window.condition_text) if isinstance(window, Window) else window
        return self._true(condition, table)

    def _true(self, condition: Condition | None, table: ir.Table) -> Any:
        """Return where a condition is true, without nulls."""
        if condition is None:
            return ibis.literal(True)
        value: Any = self._referred(per_row(condition.to_ibis(table), table))
        return value.fill_null(False)

    def _referred(self, value: Any) -> Any:
        """Return a value, with its numbers by reference where that saves compiling."""
        return by_reference(value) if self._client.refers else value

    def sizes(self) -> _Sizes:
        """Count the rows of each group; one statement."""

        def build(table: ir.Table) -> ir.Table:
            group, inside, unknown = self._numbered(table)
            marked = table.select(
                **{
                    _GROUP: group, "obskit.inside": per_row(inside, table),
                    "obskit.unknown": unknown, "obskit.n": row_count(table).cast("int64"),
                    "obskit.w": sample_weight(table),
                }
            )  # fmt: skip
            n, w = marked["obskit.n"], marked["obskit.w"]
            return marked.group_by(_GROUP).aggregate(
                rows=marked.count(),
                inside=marked["obskit.inside"].ifelse(1, 0).sum(),
                unknown=marked["obskit.unknown"].ifelse(1, 0).sum(),
                n=n.sum(),
                w=(n * w).sum(),
                w2=(n * w * w).sum(),
            )

        found = self._scope.run(build).table.to_pylist()
        by_group = {int(row[_GROUP]): row for row in found}
        totals = {}
        for name, numbers in _GROUPS.items():
            if name.startswith("history") and self._question.history is None:
                continue
            own = [by_group[number] for number in numbers if number in by_group]
            totals[name] = Counts(*(np.array([float(sum(row[k] for row in own))]) for k in ("n", "w", "w2")))
        rows, inside = (sum(row[key] for row in found) for key in ("rows", "inside"))
        return _Sizes(
            totals,
            {number: row["rows"] for number, row in by_group.items() if number},
            inside,
            rows - inside,
            sum(row["unknown"] for row in found),
        )

    def rows(self, sizes: _Sizes) -> pa.Table:
        """Fetch the selected rows and a sample of the others; one statement."""
        self._check(sizes)
        question = self._question
        wanted = [*choose_fields(question).names, *_ALWAYS]
        for condition in (question.selection, question.baseline, question.during, question.history):
            wanted += sorted(condition.fields) if isinstance(condition, Condition) else []
        wanted += [question.cluster] if question.cluster is not None else []
        known = set(self._scope.schema.names)
        names = [name for name in dict.fromkeys(wanted) if name in known]
        selected, others = sizes.shares

        def build(table: ir.Table) -> ir.Table:
            group, _, _ = self._numbered(table)
            marked = table.mutate(**{_GROUP: group})
            is_selected: Any = marked[_GROUP] == SELECTED
            drawn_selected, drawn_others = (
                self._referred(drawn(marked, share, question.cluster)) for share in (selected, others)
            )
            kept: Any = is_selected.ifelse(drawn_selected, (marked[_GROUP] > SELECTED) & drawn_others)
            return packed(marked.filter(kept).select(*names, _GROUP), self._client.packs)

        found = unpacked(self._scope.run(build).table, [*names, _GROUP])
        groups = set(pc.unique(found.column(_GROUP)).to_pylist())
        if not {SELECTED, BASELINE} <= groups:
            raise EmptySelection(
                "the sample of the compared rows has none of the selection or of the baseline",
                hint="give a condition that more rows meet, or fetch them: events.fetch()",
            )
        return found

    def _check(self, sizes: _Sizes) -> None:
        """Raise what `explain` does where a group has no rows or the history overlaps."""
        question = self._question
        for number, name, condition in (
            (SELECTED, "selection", question.selection),
            (BASELINE, "baseline", question.baseline),
        ):
            if not sizes.counted.get(number):
                hint = "every compared event is selected: narrow the selection, or give a baseline"
                if condition is not None:
                    hint = f"no compared event meets {condition.text[:200]!r}: widen it, or the window"
                raise EmptySelection(f"the {name} has no events", hint=hint)
        if question.history is None:
            return
        overlap = self._scope.run(
            lambda t: t.filter(
                self._during(question.during, t) & self._during(question.history, t)
            ).aggregate(n=ibis._.count())
        )
        if overlap.table.column("n")[0].as_py():
            raise InvalidArgument(
                "history overlaps the time window to explain",
                hint="choose a history that ends when `during` begins",
            )

    def elsewhere(self, sizes: _Sizes) -> Elsewhere:
        """Return what is known of the table."""
        return Elsewhere(
            totals=sizes.totals,
            rows=sizes.population,
            left_out=sizes.left_out,
            unknown=sizes.unknown,
            unweighted=getattr(self._scope.dataset, "unweighted", None),
            combine=self._combine,
            histograms=self._histograms,
        )

    def _histograms(self, numbers: Mapping[str, bool]) -> dict[str, Histogram]:
        """Count the values of numbers in each group, by bucket or by value.

        One statement; one more if a number has too many values to count each of them.
        """
        found = self._counted(numbers)
        many = {name: False for name, one in found.items() if numbers[name] and len(one.cells) > MOST_CELLS}
        again = self._counted(many)
        return found | {name: dataclasses.replace(one, by_bucket=True) for name, one in again.items()}

    def _counted(self, numbers: Mapping[str, bool]) -> dict[str, Histogram]:
        names = list(numbers)
        if not names:
            return {}

        def one(table: ir.Table, at: int, name: str) -> ir.Table:
            # A scan of few columns for each number costs engines less than a row for each value.
            group, _, _ = self._numbered(table)
            number: Any = table[name].cast("float64")
            rows = table.select(
                **{_GROUP: group},
                cell=number if numbers[name] else bucket(number).cast("float64"),
                value=number,
                n=row_count(table).cast("int64"),
                w=sample_weight(table),
            )
            rows = rows.filter(rows["value"].notnull())
            n, w, value = rows["n"], rows["w"], rows["value"]
            cells = (
                rows.group_by([_GROUP, "cell"])
                .aggregate(
                    lo=value.min(),
                    hi=value.max(),
                    n=n.sum(),
                    nw=(n * w).sum(),
                    nw2=(n * w * w).sum(),
                )
                .mutate(field=ibis.literal(at, "int32"))
            )
            return cells.limit(MOST_CELLS + 1) if numbers[name] else cells

        def build(table: ir.Table) -> ir.Table:
            first, *others = (one(table, at, name) for at, name in enumerate(names))
            return ibis.union(first, *others) if others else first

        found = self._scope.run(build).table
        field, cells = (found.column(key).to_numpy() for key in ("field", "cell"))
        group = np.array(["", "selected", "baseline", "", ""])[found.column(_GROUP).to_numpy()]
        counts = np.stack([found.column(key).to_numpy().astype(np.float64) for key in ("n", "nw", "nw2")])
        lo, hi = (found.column(key).to_numpy() for key in ("lo", "hi"))
        return {
            name: Histogram(cells[mine].astype(np.int64), lo[mine], hi[mine], group[mine], counts[:, mine])
            for name, mine in ((name, field == at) for at, name in enumerate(names))
        }

    def _combine(self, conditions: Sequence[FieldCondition]) -> Combinations:
        """Count the combinations of conditions in each group; one statement."""
        read = [self._scope.condition(format_condition([dict(c.spec)])) for c in conditions]
        timed = "timestamp" in self._scope.schema.names

        def build(table: ir.Table) -> ir.Table:
            group, _, _ = self._numbered(table)
            bits: Any = ibis.literal(0, "int64")
            for at, condition in enumerate(read):
                bits = bits + self._true(condition, table).ifelse(ibis.literal(1 << at, "int64"), 0)
            marked = table.select(
                **{_GROUP: group},
                bits=bits,
                n=row_count(table).cast("int64"),
                w=sample_weight(table),
                at=table["timestamp"] if timed else ibis.null("timestamp('UTC')"),
            )
            marked = marked.filter(marked[_GROUP] > 0)
            n, w = marked["n"], marked["w"]
            return marked.group_by([_GROUP, "bits"]).aggregate(
                n=n.sum(),
                w=(n * w).sum(),
                w2=(n * w * w).sum(),
                first=marked["at"].min(),
                last=marked["at"].max(),
            )

        found = self._scope.run(build).table
        bits, place = np.unique(found.column("bits").to_numpy(), return_inverse=True)
        group = found.column(_GROUP).to_numpy()
        values = np.stack([found.column(k).to_numpy().astype(np.float64) for k in ("n", "w", "w2")])
        counts = {}
        for name, numbers in _GROUPS.items():
            out = np.zeros((3, len(bits)))
            mine = np.isin(group, numbers)
            for row in range(3):
                np.add.at(out[row], place[mine], values[row, mine])
            counts[name] = out
        compared = np.isin(group, (SELECTED, BASELINE))
        ends = {}
        for key, empty, keep in (("first", _NEVER, np.minimum), ("last", -_NEVER, np.maximum)):
            micros = found.column(key).cast(pa.timestamp("us", "UTC")).cast(pa.int64()).fill_null(empty)
            own = np.full(len(bits), empty, np.int64)
            keep.at(own, place[compared], micros.to_numpy()[compared])
            ends[key] = own
        return Combinations(tuple(conditions), bits, counts, ends["first"], ends["last"])

    def notes(self, sizes: _Sizes) -> list[str]:
        """Return which rows the conditions were found on."""
        selected, others = sizes.shares
        if selected == others == 1:
            return []
        parts = []
        if selected < 1:
            parts.append(f"{selected:.2g} of the selected rows")
        parts.append(f"{others:.2g} of the other rows" if others < 1 else "all other rows")
        return [
            f"conditions were found on {' and '.join(parts)}, then counted on all of "
            f"{pluralize(self._scope.dataset.rows, 'row')}; traces, users and what-ifs are of those rows"
        ]
