"""`query`: calculations by groups and over time."""

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
from obskit.query.calculations import Calculation, parse_calculations
from obskit.query.coded import count_codes
from obskit.query.grid import TIME, filled_grid
from obskit.query.output import call, dataset_of, merged, statements
from obskit.query.terms import time_bucket
from obskit.text import pluralize

OTHER = "other"
DEFAULT_GROUPS = 10  # lines over time, where no limit was given
SEEN = ("min", "max", "count_distinct")


@dataclass(frozen=True)
class _Asked:
    """What was asked, read and resolved.

    Attributes:
        scope: the rows, `where` included.
        names: the fields to group by.
        read: the calculations.
        exact, having, order, limit: as `query` takes them.
    """

    scope: Scope
    names: list[str]
    read: list[Calculation]
    exact: bool
    having: str | None
    order: str | None
    limit: int | None


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class QueryResult(Result):
    """A table of groups; with `every`, of groups over time.

    Attributes:
        by: the fields grouped by.
        values: the columns calculated.
        every: length of the stretches of time.
        counted: rows that were counted; 0 where no row is in the scope.
    """

    by: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    every: str | None = None
    counted: int = 0

    def plot(self, **options: Any) -> Any:
        """Draw a line a group over time.

        Raises:
            InvalidArgument: it is not over time.
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
    """Calculate over groups of the rows of a scope, all of them (not only units of work).

    No rows are an answer: counts of 0 and values of null, or no groups; `counted` is 0 then.

    Args:
        calculations: `count()`, `count(COND)`, `share(COND)` (of the rows on which it is not null), `rate()`
            per second, `sum(x)`, `avg(x)`, `min(x)`, `max(x)`, `count_distinct(x)`, `p01(x)` to `p999(x)`,
            `concurrency()` (how many were in progress, on average), `rows()`; each `as NAME`.
        by: fields to group by; rows without a value are a group.
        every: length of the stretches of time, "30s", "1m", "1h".
        where: a further condition.
        having: a condition on the columns of the result.
        order: "NAME desc, NAME"; the first calculation, descending, by default.
        limit: how many groups; with `every`, the top groups over the whole range, the rest is "other".
        exact: percentiles exact and without weights instead of within 1%.
    Raises:
        ConditionError, UnknownField, UnknownFunction, InvalidArgument: what was asked cannot be read.
        LimitExceeded: more than a million stretches of time.
    Cost: a statement for sums and one for each field of which percentiles are taken; where all fields are
        coded and only counts and percentiles are asked for, one pass over the codes instead.
    """
    asked = call(
        "query",
        *calculations,
        scope=scope,
        by=by,
        every=every,
        where=_text(where),
        having=having,
        order=order,
        limit=limit,
        exact=exact,
    )
    scope = scope.narrow(where)
    read = parse_calculations(calculations, scope)
    names = [scope.resolve(name) for name in ([by] if isinstance(by, str) else by or ())]
    _check(read, names, every, limit)
    seconds = _seconds(every, scope)
    notes = [
        *scope.notes,
        *(n for c in read for e in (c.argument, c.condition) if e is not None for n in e.notes),
    ]
    notes += _remarks(read, exact)
    question = _Asked(scope, names, read, exact, having, order, limit)
    if seconds is None:
        groups = _grouped(question, _span_seconds(scope, read, notes))
        table = _ordered(_having(_table(groups, read), having), question)
        table = table if limit is None else table.slice(0, limit)
        sql = groups.sql
    else:
        table, groups, sql = _over_time(question, seconds, notes)
    notes += weight_note(groups.unweighted, groups.rows)
    return QueryResult(
        kind="query",
        table=table,
        query=asked,
        sql=statements(scope, sql),
        dataset=dataset_of(scope),
        notes=merged(notes),
        by=tuple(names),
        values=tuple(c.name for c in read),
        every=every,
        counted=groups.rows,
    )


def _text(where: Any) -> Any:
    return where.text if isinstance(where, Condition) else where


def _check(read: list[Calculation], names: list[str], every: str | None, limit: int | None) -> None:
    if len(set(names)) < len(names):
        raise InvalidArgument(f"a field twice in by={names}", hint="name each once")
    taken = {name.lower() for name in names}
    for calculation in read:
        if calculation.name.lower() in taken:
            raise InvalidArgument(
                f"the column {calculation.name!r} is in `by` already", hint="give it another name with `as`"
            )
        if every is not None and calculation.name.lower() == TIME:
            raise InvalidArgument(
                "with `every`, the column 'timestamp' holds the times", hint="give it another name with `as`"
            )
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise InvalidArgument(f"limit={limit!r}", hint="a whole number of at least 1")


def _seconds(every: str | None, scope: Scope) -> float | None:
    if every is None:
        return None
    seconds = parse_span(every).total_seconds()
    if seconds <= 0:
        raise InvalidArgument(f"every={every!r} is no length of time", hint="such as '30s', '1m' or '1h'")
    if TIME not in scope.schema.names:
        raise InvalidArgument("the events have no timestamp", hint="query without `every`")
    return seconds


def _remarks(read: list[Calculation], exact: bool) -> list[str]:
    notes = []
    seen = [c.name for c in read if c.function in SEEN]
    if seen:
        notes.append(f"{', '.join(seen)}: of the rows seen, without weights")
    if any(c.function == "percentile" for c in read):
        notes.append(
            "percentiles are exact and without weights" if exact else "percentiles are within 1%, weighted"
        )
    return notes


def _span_seconds(scope: Scope, read: list[Calculation], notes: list[str]) -> float | None:
    """Return the length of time the rows cover, asked only where something is divided by it."""
    if not any(c.function in ("rate", "concurrency") for c in read):
        return None
    if TIME not in scope.schema.names:
        raise InvalidArgument("the events have no timestamp, so there is no rate", hint="count() counts them")
    found = scope.run(lambda t: t.aggregate(first=t[TIME].min(), last=t[TIME].max())).table.to_pylist()[0]
    if found["first"] is None:
        return None
    seconds = (found["last"] - found["first"]).total_seconds()
    notes.append(
        f"per second of the {timedelta(seconds=seconds)} between the first and the last of these rows"
    )
    return seconds or 1.0


def _grouped(asked: _Asked, seconds: float | None) -> Groups:
    coded = None if asked.exact else count_codes(asked.scope, asked.names, asked.read)
    if coded is not None:
        return coded
    table = asked.scope.table
    keys = {name: table[name] for name in asked.names}
    return aggregate(asked.scope, keys, asked.read, seconds, asked.exact, table)


def _table(groups: Groups, read: list[Calculation]) -> pa.Table:
    columns: Columns = {**groups.keys, **groups.values}
    units = {c.name: c.unit for c in read}
    fields = []
    for name, column in columns.items():
        unit = units.get(name)
        if name in groups.keys and name == "duration_ms":
            unit = b"ms"
        fields.append(pa.field(name, column.type, metadata={UNIT: unit} if unit else None))
    return pa.Table.from_arrays(list(columns.values()), schema=pa.schema(fields))


def _having(table: pa.Table, having: str | None) -> pa.Table:
    if having is None:
        return table
    known = Names(table.schema, verbatim=table.schema.names)
    return filter_table(table, parse_condition(having, table.schema, names=known))


def _ordered(table: pa.Table, asked: _Asked) -> pa.Table:
    names, read = asked.names, asked.read
    if asked.order is None:
        if not names:
            return table
        keys = [(read[0].name, "descending")]
    else:
        keys = [_order_key(part, table.schema.names, read) for part in split_order(asked.order)]
    # Sorting is stable by the keys that follow, so equal values stand in a fixed order.
    sortable = [(n, "ascending") for n in names if not pa.types.is_nested(table.schema.field(n).type)]
    keys += [key for key in sortable if key[0] not in {k for k, _ in keys}]
    return table.take(pc.sort_indices(table, sort_keys=[(*key, "at_end") for key in keys]))


def split_order(order: str) -> list[str]:
    """Split "a desc, p99(x)" at the commas outside parentheses and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, c in enumerate(order):
        quoted ^= c == '"'
        depth += 0 if quoted else (c == "(") - (c == ")")
        if c == "," and not depth and not quoted:
            parts.append(order[start:at])
            start = at + 1
    return [part.strip() for part in (*parts, order[start:])]


def _order_key(part: str, columns: list[str], read: list[Calculation]) -> tuple[str, str]:
    direction = "ascending"
    low = part.lower()
    for word, meaning in ((" desc", "descending"), (" asc", "ascending")):
        if low.endswith(word):
            part, direction = part[: -len(word)].strip(), meaning
            break
    if len(part) > 1 and part[0] == part[-1] == '"':
        part = part[1:-1].replace('""', '"')
    by_text = {c.text.lower().replace(" ", ""): c.name for c in read}
    by_name = {column.lower(): column for column in columns}
    name = by_name.get(part.lower()) or by_text.get(part.lower().replace(" ", ""))
    if name is None:
        near = nearest(part, columns)
        raise ConditionError(
            f"cannot order by {part!r}, which is no column of the result",
            hint=f"the columns are {', '.join(near or columns)}; then asc or desc",
        )
    return name, direction


def _over_time(asked: _Asked, seconds: float, notes: list[str]) -> tuple[pa.Table, Groups, tuple[str, ...]]:
    """Return the groups over time, what they were made of, and the statements; adds to the notes."""
    names, read, having = asked.names, asked.read, asked.having
    known = asked.scope.narrow(f"{TIME} is not null")
    table = known.table
    stretch = time_bucket(table[TIME], seconds)
    sql: tuple[str, ...] = ()
    keys: dict[str, ir.Value] = {name: table[name] for name in names}
    if names:
        top, sql, left = _top_groups(dataclasses.replace(asked, scope=known), seconds)
        if left:
            inside = _any_of(table, top, names)
            keys = {name: inside.ifelse(table[name].cast("string"), OTHER) for name in names}
            notes.append(f"{pluralize(left, 'further group is', 'further groups are together')} as {OTHER!r}")
        elif having is not None:
            table = table.filter(_any_of(table, top, names))
            keys = {name: table[name] for name in names}
            stretch = time_bucket(table[TIME], seconds)
    groups = aggregate(known, {**keys, TIME: stretch}, read, seconds, asked.exact, table)
    concurrent = [c for c in read if c.function == "concurrency"]
    if concurrent:
        notes.append("concurrency counts an event in the stretch in which it began")
    span = known.run(
        lambda t: t.aggregate(
            low=time_bucket(t[TIME], seconds).min(), high=time_bucket(t[TIME], seconds).max()
        )
    )
    edge = span.table.to_pylist()[0]
    if edge["low"] is not None and edge["high"] - edge["low"] > 1_000_000:
        raise LimitExceeded(
            f"{edge['high'] - edge['low'] + 1:,} stretches of time",
            hint="a longer `every`, or between(...) first",
        )
    lost = _untimed(asked.scope)
    if lost:
        are = "is" if lost == 1 else "are"
        notes.append(f"{pluralize(lost, 'row has', 'rows have')} no timestamp and {are} left out")
    full = filled_grid(_table(groups, read), names, read, edge["low"], edge["high"], seconds)
    if not names and having is not None:
        full = _having(full, having)
    if not names and asked.order is not None:
        full = _ordered(full, asked)
    if not names and asked.limit is not None:
        full = full.slice(0, asked.limit)
    return full, groups, (*sql, *groups.sql)


def _untimed(scope: Scope) -> int:
    found = scope.run(lambda t: t.aggregate(n=t[TIME].isnull().sum())).table.column(0)[0].as_py()
    return int(found or 0)


def _top_groups(asked: _Asked, seconds: float) -> tuple[list[dict[str, Any]], tuple[str, ...], int]:
    """Return the groups that are shown, what ran, and how many are left over."""
    limit = asked.limit or DEFAULT_GROUPS
    groups = _grouped(asked, seconds)
    found = _ordered(_having(_table(groups, asked.read), asked.having), asked)
    return found.slice(0, limit).select(asked.names).to_pylist(), groups.sql, max(0, found.num_rows - limit)


def _any_of(table: ir.Table, groups: list[dict[str, Any]], names: list[str]) -> ir.BooleanValue:
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
