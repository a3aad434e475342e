"""`query`: calculate values over groups and over time."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset import weight_note
from obskit.display.result import Result
from obskit.display.series import series
from obskit.display.tables import UNIT
from obskit.engine import (
    Condition,
    Names,
    Scope,
    filter_table,
    parse_condition,
    parse_span,
)
from obskit.errors import ConditionError, InvalidArgument, LimitExceeded
from obskit.names import nearest
from obskit.query.aggregate import Columns, Groups, aggregate
from obskit.query.arguments import split_direction, split_order, whole_number
from obskit.query.calculations import Calculation, fields_of, parse_calculations
from obskit.query.coded import can_count_codes, count_codes
from obskit.query.grid import TIME, filled_grid
from obskit.query.output import dataset_of, format_call, join_statements, merge_notes
from obskit.query.terms import time_bucket
from obskit.text import pluralize

OTHER = "other"
DEFAULT_GROUPS = 10  # over time, if there is no limit
UNWEIGHTED = ("min", "max", "count_distinct")


@dataclass(frozen=True)
class _GroupQuery:
    """The arguments of `query`, parsed and resolved.

    Attributes:
        scope: the rows, limited by `where`.
        names: the fields to group by.
        calculations: what to calculate.
        exact, having, order, limit: the arguments of `query`.
    """

    scope: Scope
    names: list[str]
    calculations: list[Calculation]
    exact: bool
    having: str | None
    order: str | None
    limit: int | None


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class QueryResult(Result):
    """One row per group; with `every`, one row per group and interval.

    Attributes:
        by: the fields of the groups.
        values: the names of the calculated columns.
        every: the length of the intervals, as it was given.
        counted: the number of rows counted.
    """

    by: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    every: str | None = None
    counted: int = 0

    def plot(self, **options: Any) -> Any:
        """Draw one line per group over time.

        Args:
            **options: passed to `obskit.display.series`.

        Returns:
            A Plotly figure.

        Raises:
            InvalidArgument: the result is not over time.
        """
        if self.every is None:
            return super().plot()
        return series(self.table, TIME, self.values, self.by, **options)


def query(
    scope: Scope,
    *calculations: str,
    by: str | Sequence[str] | None = None,
    every: str | None = None,
    where: Any = None,
    having: str | None = None,
    order: str | None = None,
    limit: int | None = None,
    exact: bool = False,
) -> QueryResult:
    """Calculate values over groups of rows: all rows of the scope, not only units of work.

    If no row is left, counts are 0 and other values null, or there are no groups.

    Args:
        scope: the rows.
        *calculations: `count()`, `count(COND)`, `share(COND)` (of the rows for which it is not null),
            `rate()` per second, `sum(x)`, `avg(x)`, `min(x)`, `max(x)`, `count_distinct(x)`,
            `p01(x)` to `p999(x)`, `concurrency()` (events in progress, on average) or `rows()`; each
            may end in `as NAME`.
        by: fields to group by; rows without a value are a group of their own.
        every: the length of the time intervals, such as "30s", "1m" or "1h".
        where: a further condition on the rows.
        having: a condition on the columns of the result.
        order: "NAME desc, NAME"; by default the first calculation, descending.
        limit: the most groups; with `every`, the top groups over the whole range, and "other" for the rest.
        exact: exact percentiles without sample weights, instead of weighted ones within 1%.

    Returns:
        One row per group; with `every`, one row per group and interval.

    Raises:
        ConditionError, UnknownField, UnknownFunction, InvalidArgument: an argument cannot be parsed.
        LimitExceeded: `every` makes more than a million intervals, or five million rows.

    Cost: one statement for sums and one for each field with percentiles; or one pass over
        codes, if all fields are coded and only counts and percentiles are calculated.
    """
    limit = None if limit is None else whole_number(limit, "limit", "limit=10")
    narrowed = scope.narrow(where)
    parsed = parse_calculations(calculations, narrowed)
    if scope.decryption is not None:  # the call is kept in files, which get no readable value
        calculations = tuple(calculation.written for calculation in parsed) if calculations else ()
        where = None if where is None else scope.condition(where)
    text = format_call(
        "query",
        *calculations,
        scope=scope,
        by=by,
        every=every,
        where=where.text if isinstance(where, Condition) else where,
        having=having,
        order=order,
        limit=limit,
        exact=exact,
    )
    scope = narrowed
    given = [by] if isinstance(by, str) else by or ()
    names = [_group_name(scope, name) for name in given]
    _check_arguments(parsed, names, every)
    seconds = _interval_seconds(every, scope)
    notes = [
        *scope.notes,
        *(n for c in parsed for e in (c.argument, c.condition) if e is not None for n in e.notes),
        *_calculation_notes(parsed, exact),
    ]
    wanted = _GroupQuery(scope, names, parsed, exact, having, order, limit)
    if seconds is None:
        groups = _count_groups(wanted, _covered_seconds(scope, parsed, notes))
        table = _sort(_filter(_table(groups, parsed), having, scope), wanted)
        table = table if limit is None else table.slice(0, limit)
        sql = groups.sql
    else:
        table, groups, sql = _over_time(wanted, seconds, notes)
    notes += weight_note(groups.unweighted, groups.rows)
    return QueryResult(
        kind="query",
        table=table,
        query=text,
        sql=join_statements(scope, sql),
        dataset=dataset_of(scope),
        notes=merge_notes(notes),
        by=tuple(names),
        values=tuple(c.name for c in parsed),
        every=every,
        counted=groups.rows,
    )


def _group_name(scope: Scope, name: str) -> str:
    """Return the field of a group, or the call that it is, such as root(http.route)."""
    call = scope.call(name) if isinstance(name, str) else None
    return scope.resolve(name) if call is None else call.name


def _check_arguments(calculations: list[Calculation], names: list[str], every: str | None) -> None:
    if len(set(names)) < len(names):
        raise InvalidArgument(f"by has the same field twice: {', '.join(names)}", hint="name each field once")
    taken = {name.lower() for name in names}
    for calculation in calculations:
        if calculation.name.lower() in taken:
            raise InvalidArgument(
                f"the column {calculation.name!r} is in `by` already", hint="name the calculation with `as`"
            )
        if every is not None and calculation.name.lower() == TIME:
            raise InvalidArgument(
                "with `every`, the column 'timestamp' holds the times", hint="name the calculation with `as`"
            )


def _interval_seconds(every: str | None, scope: Scope) -> float | None:
    if every is None:
        return None
    if not isinstance(every, str):
        raise InvalidArgument(f"every must be text, got {every!r}", hint="for example: every='1m'")
    seconds = parse_span(every).total_seconds()
    if seconds <= 0:
        raise InvalidArgument(f"every must be longer than 0, got {every!r}", hint="for example: every='1m'")
    if TIME not in scope.schema.names:
        raise InvalidArgument(
            "`every` needs the field timestamp, which the events do not have", hint="leave out `every`"
        )
    return seconds


def _calculation_notes(calculations: list[Calculation], exact: bool) -> list[str]:
    notes = []
    seen = [c.name for c in calculations if c.function in UNWEIGHTED]
    if seen:
        notes.append(f"{', '.join(seen)}: over the rows as they are, without sample weights")
    if any(c.function == "percentile" for c in calculations):
        notes.append(
            "percentiles are exact and without sample weights"
            if exact
            else "percentiles are weighted, with an error of less than 1%"
        )
    return notes


def _covered_seconds(scope: Scope, calculations: list[Calculation], notes: list[str]) -> float | None:
    """Return the length of time that the rows cover; None if no calculation is divided by it."""
    if not any(c.function in ("rate", "concurrency") for c in calculations):
        return None
    if TIME not in scope.schema.names:
        raise InvalidArgument(
            "rate() and concurrency() need the field timestamp, which the events do not have",
            hint="use count()",
        )
    found = scope.run(lambda t: t.aggregate(first=t[TIME].min(), last=t[TIME].max())).table.to_pylist()[0]
    if found["first"] is None:
        return None
    seconds = (found["last"] - found["first"]).total_seconds()
    notes.append(
        f"rates are averages over the {timedelta(seconds=seconds)} from the first to the last of these rows"
    )
    return seconds or 1.0


def _count_groups(wanted: _GroupQuery, seconds: float | None) -> Groups:
    if not wanted.exact and can_count_codes(wanted.scope, wanted.names, wanted.calculations):
        return count_codes(wanted.scope, wanted.names, wanted.calculations)
    table = wanted.scope.table_with(fields_of(wanted.names, wanted.calculations))
    keys = {name: table[name] for name in wanted.names}
    return aggregate(wanted.scope, keys, wanted.calculations, seconds, wanted.exact, table)


def _table(groups: Groups, calculations: list[Calculation]) -> pa.Table:
    columns: Columns = {**groups.keys, **groups.values}
    units = {c.name: c.unit for c in calculations}
    fields = []
    for name, column in columns.items():
        unit = units.get(name)
        if name in groups.keys and name == "duration_ms":
            unit = b"ms"
        fields.append(pa.field(name, column.type, metadata={UNIT: unit} if unit else None))
    return pa.Table.from_arrays(list(columns.values()), schema=pa.schema(fields))


def _filter(table: pa.Table, having: str | None, scope: Scope) -> pa.Table:
    if having is None:
        return table
    known = Names(table.schema, verbatim=table.schema.names)
    condition = parse_condition(having, table.schema, names=known)
    if scope.decryption is not None:  # the groups of an encrypted field are its stored values
        scope.decryption.check_expression(scope, condition, alone=False)
    return filter_table(table, condition)


def _sort(table: pa.Table, wanted: _GroupQuery) -> pa.Table:
    names, calculations = wanted.names, wanted.calculations
    if wanted.order is None:
        if not names:
            return table
        keys = [(calculations[0].name, "descending")]
    else:
        keys = [_order_key(part, table.schema.names, calculations) for part in split_order(wanted.order)]
    # The other keys follow, so that equal values have a fixed order.
    sortable = [(n, "ascending") for n in names if not pa.types.is_nested(table.schema.field(n).type)]
    keys += [key for key in sortable if key[0] not in {k for k, _ in keys}]
    return table.take(pc.sort_indices(table, sort_keys=[(*key, "at_end") for key in keys]))


def _order_key(part: str, columns: list[str], calculations: list[Calculation]) -> tuple[str, str]:
    part, descending = split_direction(part)
    direction = "descending" if descending else "ascending"
    by_text = {c.text.lower().replace(" ", ""): c.name for c in calculations}
    by_name = {column.lower(): column for column in columns}
    name = by_name.get(part.lower()) or by_text.get(part.lower().replace(" ", ""))
    if name is None:
        near = nearest(part, columns)
        raise ConditionError(
            f"cannot order by {part!r}, which is not a column of the result",
            hint=f"order by {' or '.join(near or columns)}, with asc or desc",
        )
    return name, direction


def _over_time(
    wanted: _GroupQuery, seconds: float, notes: list[str]
) -> tuple[pa.Table, Groups, tuple[str, ...]]:
    """Return the table over time, the groups in it and the statements; appends to `notes`."""
    names, calculations, having = wanted.names, wanted.calculations, wanted.having
    known = wanted.scope.narrow(f"{TIME} is not null")
    table = known.table_with(fields_of(names, calculations))
    interval = time_bucket(table[TIME], seconds)
    sql: tuple[str, ...] = ()
    keys: dict[str, ir.Value] = {name: table[name] for name in names}
    if names:
        top, sql, left = _top_groups(dataclasses.replace(wanted, scope=known), seconds)
        if left:
            inside = _is_one_of(table, top, names)
            keys = {name: inside.ifelse(table[name].cast("string"), OTHER) for name in names}
            notes.append(f"{pluralize(left, 'more group is', 'more groups are')} combined as {OTHER!r}")
        elif having is not None:
            table = table.filter(_is_one_of(table, top, names))
            keys = {name: table[name] for name in names}
            interval = time_bucket(table[TIME], seconds)
    groups = aggregate(known, {**keys, TIME: interval}, calculations, seconds, wanted.exact, table)
    concurrent = [c for c in calculations if c.function == "concurrency"]
    if concurrent:
        notes.append("concurrency counts each event in the interval in which it began")
    span = known.run(
        lambda t: t.aggregate(
            low=time_bucket(t[TIME], seconds).min(), high=time_bucket(t[TIME], seconds).max()
        )
    )
    edge = span.table.to_pylist()[0]
    if edge["low"] is not None and edge["high"] - edge["low"] > 1_000_000:
        raise LimitExceeded(
            f"`every` makes {edge['high'] - edge['low'] + 1:,} intervals; the limit is 1,000,000",
            hint="use a longer `every`",
        )
    lost = _rows_without_time(wanted.scope)
    if lost:
        are = "is" if lost == 1 else "are"
        notes.append(f"{pluralize(lost, 'row has', 'rows have')} no timestamp and {are} left out")
    full = filled_grid(_table(groups, calculations), names, calculations, edge["low"], edge["high"], seconds)
    if not names and having is not None:
        full = _filter(full, having, wanted.scope)
    if not names and wanted.order is not None:
        full = _sort(full, wanted)
    if not names and wanted.limit is not None:
        full = full.slice(0, wanted.limit)
    return full, groups, (*sql, *groups.sql)


def _rows_without_time(scope: Scope) -> int:
    found = scope.run(lambda t: t.aggregate(n=t[TIME].isnull().sum())).table.column(0)[0].as_py()
    return int(found or 0)


def _top_groups(wanted: _GroupQuery, seconds: float) -> tuple[list[dict[str, Any]], tuple[str, ...], int]:
    """Return the top groups, the statements, and the number of groups that are left."""
    limit = wanted.limit or DEFAULT_GROUPS
    groups = _count_groups(wanted, seconds)
    found = _sort(_filter(_table(groups, wanted.calculations), wanted.having, wanted.scope), wanted)
    return found.slice(0, limit).select(wanted.names).to_pylist(), groups.sql, max(0, found.num_rows - limit)


def _is_one_of(table: ir.Table, groups: list[dict[str, Any]], names: list[str]) -> ir.BooleanValue:
    inside: Any = ibis.literal(False)
    for group in groups:
        same: Any = ibis.literal(True)
        for name in names:
            value = group[name]
            same = same & (
                table[name].isnull()
                if value is None
                else table[name].identical_to(ibis.literal(value, type=table[name].type()))
            )
        inside = inside | same
    return inside
