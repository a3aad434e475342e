"""Rows and counts looked up: `sample`, `impact`, `traces`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from obskit.dataset import weight_note
from obskit.display import formatting as words
from obskit.display.result import Result
from obskit.display.tables import MS, SHARE, UNIT
from obskit.engine import Condition, Population, Scope, check_population
from obskit.errors import EmptySelection, InvalidArgument, UnknownField
from obskit.query.output import call, dataset_of, merged, statements
from obskit.query.terms import has_weight, per_row, row_weight
from obskit.text import pluralize, safe

FIRST = ("timestamp", "duration_ms", "name", "service.name", "http.route", "error", "trace_id", "span_id")
WHO = "user.id"
NO_TRACES = "only traced events have one; where a column has another name, load with a mapping (--mapping)"
_PEOPLE = ("user", "customer", "account", "session", "client", "member", "tenant", "device", "person")
_NOBODY = {"trace_id", "span_id", "parent_span_id", "name"}


def with_units(table: pa.Table, **units: bytes) -> pa.Table:
    """Return the table with the units of its columns written down for display."""
    units = {"duration_ms": MS, **units}
    fields = [f.with_metadata({UNIT: units[f.name]}) if f.name in units else f for f in table.schema]
    return table.cast(pa.schema(fields))


def sample(scope: Scope, n: int = 10, seed: int = 0) -> Result:
    """Draw rows at random: the same seed, the same rows.

    Raises:
        InvalidArgument: n is not a whole number of at least 1.
    Cost: one scan of the row numbers; the rows drawn are read whole.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise InvalidArgument(f"sample({n!r})", hint="a whole number of at least 1")
    names = [name for name in FIRST if name in scope.schema.names]
    names += [name for name in scope.schema.names if name not in names]

    def build(table: ir.Table) -> ir.Table:
        # A hash of what a row is and the seed: no state, and the same on every engine that has the hash.
        keys = [c for c in ("span_id", "trace_id", "timestamp", "duration_ms", "name") if c in table.columns]
        text: Any = ibis.literal(str(seed))
        for key in keys or table.columns[:3]:
            text = text + "|" + table[key].cast("string").fill_null("")
        return (
            table.select(*names).order_by(text.hash()).limit(n)
            if not keys
            else (
                table.mutate(**{"obskit.draw": text.hash()}).order_by("obskit.draw").limit(n).select(*names)
            )
        )

    answer = scope.run(build)
    return Result(
        kind="sample",
        table=with_units(answer.table),
        query=call("sample", n, scope=scope, seed=seed),
        sql=statements(scope, [answer.sql]),
        dataset=dataset_of(scope),
        notes=merged(scope.notes),
    )


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Impact(Result):
    """How many an outcome hit.

    Attributes:
        by: the field that tells them apart.
        affected, total: how many of them are on selected rows, and on all rows looked at.
        lower_bound: whether both are lower bounds, since of some of them no row was kept.
        population: "units" or "all", which rows were looked at.
    """

    by: str
    affected: int
    total: int
    lower_bound: bool
    population: Population

    def __str__(self) -> str:
        row = self.table.to_pylist()[0]
        part = words.share(self.affected / self.total) if self.total else ""
        if self.lower_bound:
            line = f"at least {self.affected:,} of at least {self.total:,} {self.by}"
        else:
            line = f"{self.affected:,} of {self.total:,} {self.by}" + (f" ({part})" if part else "")
        if row["first"] is not None:
            line += f", from {words.time(row['first'])} to {words.time(row['last'])}"
        return "\n".join(map(safe, [line, *self.footer()]))

    __repr__ = __str__


def impact(scope: Scope, selection: Any, by: str = WHO, *, population: Population = "units") -> Impact:
    """Count how many (users, customers, ...) a selection hit.

    Args:
        scope: who is counted at all.
        selection: the outcome.
        by: the field that tells them apart; rows without it are counted apart.
        population: "units" (units of work, as `explain` looks at) or "all" rows. Where the scope's condition
            names `kind` or `name`, or no row is a unit of work, all of its rows are looked at.
    Returns:
        Impact: distinct values on selected rows, of all, first and last time. Where rows are sampled both
        numbers are lower bounds, the share of them is not known, and the notes say so.
    Raises:
        EmptySelection: the selection is true of no row.
        UnknownField: there is no such field.
    """
    check_population(population)
    asked = scope
    chosen = scope.condition(selection)
    field = _who(scope, by)
    if pa.types.is_nested(scope.schema.field(field).type):
        raise InvalidArgument(
            f"{field} is a list, which tells nobody apart", hint="a field of one value, such as user.id"
        )
    notes = [*scope.notes, *chosen.notes]
    unit, why = scope.units() if population == "units" else (None, None)
    notes += [f"units of work only, as explain: {unit.text}"] if unit is not None else []
    notes += [why] if why else []
    scope = scope.narrow(unit)
    answer = scope.run(lambda table: _counts(table, chosen, field))
    row = {
        key: 0 if value is None and key not in ("first", "last") else value
        for key, value in answer.table.to_pylist()[0].items()
    }
    if not row["rows"]:
        wider = "; population='all' also looks at what is no unit of work" if unit is not None else ""
        raise EmptySelection(
            f"no row is selected: {chosen.text} is true of none of {row['all']:,}",
            hint=f"a condition that is true of some; fields() and info show what the fields hold{wider}",
        )
    sampled = bool(row["sampled"])
    share = row["affected"] / row["total"] if row["total"] else None
    if sampled:
        notes.append(
            f"events are sampled: {row['affected']:,} and {row['total']:,} are lower bounds, for of some no "
            "row was kept"
            + (f"; of those seen it is {words.share(share)}, of all it is not known" if share else "")
        )
    if row["without"]:
        of = pluralize(row["rows"], "selected row")
        notes.append(f"{row['without']:,} of {of} {'has' if row['without'] == 1 else 'have'} no {field}")
    table = pa.table(
        {
            "affected": pa.array([row["affected"]], pa.int64()),
            "total": pa.array([row["total"]], pa.int64()),
            "share": pa.array([None if sampled else share], pa.float64()),
            "events": pa.array([row["events"]], pa.float64()),
            "first": pa.array([row["first"]], pa.timestamp("us", "UTC")),
            "last": pa.array([row["last"]], pa.timestamp("us", "UTC")),
        }
    )
    weighed = "sample_weight" in scope.schema.names
    return Impact(
        kind="impact",
        table=with_units(table, share=SHARE),
        query=call(
            "impact",
            chosen.text,
            scope=asked,
            by=by,
            **({} if population == "units" else {"population": population}),
        ),
        sql=statements(scope, [answer.sql]),
        dataset=dataset_of(scope),
        notes=merged(notes, weight_note(row["unweighted"] if weighed else None, row["rows"])),
        by=field,
        affected=int(row["affected"]),
        total=int(row["total"]),
        lower_bound=sampled,
        population="all" if unit is None else "units",
    )


def _counts(table: ir.Table, chosen: Condition, field: str) -> ir.Table:
    """Return the one row of counts that `impact` is made of."""
    true: Any = per_row(chosen.to_ibis(table), table)
    weighed = "sample_weight" in table.columns
    timed = "timestamp" in table.columns
    none: Any = ibis.literal(0, "int64")
    never: Any = ibis.null("timestamp('UTC')")
    return table.aggregate(
        affected=table[field].nunique(where=true),
        total=table[field].nunique(),
        events=true.ifelse(row_weight(table), 0).sum(),
        without=(true & table[field].isnull()).sum(),
        rows=true.sum(),
        all=table.count(),
        first=table["timestamp"].min(where=true) if timed else never,
        last=table["timestamp"].max(where=true) if timed else never,
        sampled=(table["sample_weight"] > 1).sum() if weighed else none,
        unweighted=(true & ~has_weight(table)).sum() if weighed else none,
    )


def _who(scope: Scope, by: str) -> str:
    """Return the field that tells people apart; where the usual one is missing, the error says what to do."""
    try:
        return scope.resolve(by)
    except UnknownField:
        if by != WHO:
            raise
    likely = [
        name
        for name in scope.schema.names
        if name not in _NOBODY and re.search(r"(^|[._])(id|uuid|email|name)$|(?<=[a-z])Id$", name)
    ]
    people = [name for word in _PEOPLE for name in likely if word in name.lower()]
    some = list(dict.fromkeys(people or likely))[:3]
    such = f"by={some[0]!r} (--by {some[0]}); there are {', '.join(some)}" if some else "by=... (--by ...)"
    raise UnknownField(f"the events have no {WHO} to count", hint=f"say which field: {such}")


def traces(scope: Scope, limit: int = 20) -> Result:
    """List traces, the longest first: spans, errors, begin, length and the name of the root.

    Raises:
        InvalidArgument: the events have no trace ids.
    """
    if "trace_id" not in scope.schema.names:
        raise InvalidArgument("the events have no trace_id", hint=NO_TRACES)

    def build(table: ir.Table) -> ir.Table:
        there = table.filter(table["trace_id"].notnull())
        wanted: dict[str, Any] = {"spans": there.count()}
        if "error" in there.columns:
            wanted["errors"] = there["error"].ifelse(1, 0).sum().fill_null(0)
        if "timestamp" in there.columns:
            wanted["timestamp"] = there["timestamp"].min()
        if "duration_ms" in there.columns:
            wanted["duration_ms"] = there["duration_ms"].max()
        if "name" in there.columns and "parent_span_id" in there.columns:
            wanted["root"] = there["name"].max(where=there["parent_span_id"].isnull())
        found = there.group_by("trace_id").aggregate(**wanted)
        return found.order_by(
            [ibis.desc("duration_ms" if "duration_ms" in wanted else "spans"), "trace_id"]
        ).limit(limit)

    answer = scope.run(build)
    return Result(
        kind="traces",
        table=with_units(answer.table),
        query=call("traces", limit, scope=scope),
        sql=statements(scope, [answer.sql]),
        dataset=dataset_of(scope),
        notes=merged(
            scope.notes, ["spans counted are those of this scope"] if scope.where is not None else []
        ),
    )
