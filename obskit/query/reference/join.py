"""Make the scope of the same events with the fields of a small table."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset import widen
from obskit.engine import Scope, parse_time
from obskit.errors import ConditionError, InvalidArgument
from obskit.names import nearest
from obskit.query.reference.match import NONE, Matcher, Rows, build_matcher
from obskit.query.reference.table import TableSource, read_table
from obskit.text import first_line, pluralize

_ROWS = 65_536
NOTE = "lookup in "
"""The start of each note about a lookup in a load report."""


@dataclass(frozen=True)
class _Columns:
    """Which columns of the table are used for what.

    Attributes:
        key: the column that is compared with the field.
        start, end: the columns of the times between which a row is valid; None if there is none.
        fields: column of the table -> name of the new field.
    """

    key: str
    start: str | None
    end: str | None
    fields: dict[str, str]


def lookup(
    scope: Scope,
    source: TableSource,
    on: str,
    fields: Sequence[str] | Mapping[str, str] | None = None,
    *,
    key: str | None = None,
    valid_from: str | None = None,
    valid_to: str | None = None,
) -> Scope:
    """Add fields from a small table.

    Args:
        scope: the events; all of its dataset get the fields, and its condition stays.
        source: a file, an Arrow table or a DataFrame.
        on: the field of the events.
        fields: columns of the table, or column -> name of the new field; by default all others.
        key: the column of the table that is compared with `on`; by default the one with the same name, or the
            only one that `fields` leaves.
        valid_from: the column of the time from which a row is valid; by default one of this name, if any.
        valid_to: the column of the time from which it is not valid any more; by default one of this name.

    Returns:
        The scope of a new dataset. Notes say how many events have a match.

    Raises:
        NoSuchPath, ReadError, LimitExceeded: the table cannot be read.
        UnknownField: the events have no field `on`.
        InvalidArgument: a column does not exist, a new field has the name of an existing one, or several rows
            of the table belong to one value.

    Cost: the first time one pass over all columns, which are written with the new ones.
    """
    field = scope.resolve(on)
    if pa.types.is_nested(scope.schema.field(field).type):
        raise InvalidArgument(
            f"{field} holds lists or structures, and cannot be looked up",
            hint="choose a field with one value",
        )
    table, name = read_table(source)
    columns = _columns(table, name, field, fields, key, (valid_from, valid_to))
    _check_new(scope, columns.fields, name)
    matcher, skipped = _matcher(table, columns, name)
    values = {column: _plain(table.column(column), column, name) for column in columns.fields}
    by = field if columns.key.lower() == field.lower() else f"{field} = {columns.key}"
    counter = _Counter(set(matcher_rows(matcher)), name, by, skipped)
    schema = scope.schema

    def compute(batch: pa.RecordBatch) -> list[pa.Array]:
        times = batch.column(schema.get_field_index("timestamp")) if matcher.timed else None
        rows = matcher.rows(as_keys(batch.column(schema.get_field_index(field))), times)
        counter.count(rows)
        index = pa.array(rows, mask=rows == NONE)
        return [column.take(index) for column in values.values()]

    whole = dataclasses.replace(scope, where=None)
    added = pa.schema([(columns.fields[column], found.type) for column, found in values.items()])
    call = _call(source, on, fields, key, valid_from, valid_to)
    made = widen(
        scope.dataset,
        lambda: whole.batches(schema.names, _ROWS),
        schema,
        added,
        compute,
        key=repr((scope.derived, _digest(table), field, columns)),
        notes=counter.notes,
    )
    wider = Scope.of(made)
    derived = f".derive(**{dict(scope.derived)!r})" if scope.derived else ""
    notes = [note for note in made.load_report.notes if note.startswith(NOTE)]
    return dataclasses.replace(
        wider,
        where=scope.where,
        decryption=scope.decryption,
        notes=tuple(dict.fromkeys((*scope.notes, *notes))),
        made_by=f"{scope.made_by}{derived}{call}",
    )


def as_keys(column: pa.Array) -> pa.Array:
    """Return values as the text that keys are compared as: 5 and 5.0 are "5", true is "true"."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = column.cast(pa.float64())
        whole = pc.and_kleene(pc.is_finite(numbers), pc.equal(pc.floor(numbers), numbers))
        small = pc.less(pc.abs(numbers), 2.0**53)
        integers = pc.if_else(pc.and_kleene(whole, small), numbers, 0.0).cast(pa.int64()).cast(pa.string())
        return pc.if_else(pc.and_kleene(whole, small), integers, numbers.cast(pa.string()))
    text = column.cast(pa.string())
    return (
        pc.utf8_trim_whitespace(text) if pa.types.is_string(kind) or pa.types.is_large_string(kind) else text
    )


def matcher_rows(matcher: Matcher) -> Iterable[int]:
    """Yield the numbers of all rows of a table that can be found."""
    for one in matcher.keys.values():
        yield from one.rows.tolist()
    for networks in matcher.networks.values():
        for one in networks.values():
            yield from one.rows.tolist()


class _Counter:
    """Counts matches while rows are written."""

    def __init__(self, rows: set[int], name: str, by: str, skipped: int) -> None:
        self._unused, self._name, self._by, self._skipped = rows, name, by, skipped
        self._all = len(rows)
        self._events = self._matched = 0

    def count(self, rows: Rows) -> None:
        self._events += len(rows)
        self._matched += int((rows != NONE).sum())
        self._unused.difference_update(np.unique(rows).tolist())

    def notes(self) -> list[str]:
        none = self._events - self._matched
        parts = [f"{pluralize(self._matched, 'event has', 'events have')} a match"]
        parts += [f"{pluralize(none, 'has', 'have')} none, and null in the new fields"] if none else []
        if self._unused:
            verb = "matches" if len(self._unused) == 1 else "match"
            rows = pluralize(self._all, "row")
            parts.append(f"{len(self._unused):,} of {rows} of the table {verb} no event")
        if self._skipped:
            parts.append(
                f"{pluralize(self._skipped, 'row without a key was', 'rows without a key were')} left out"
            )
        return [f"{NOTE}{self._name} by {self._by}: {'; '.join(parts)}"]


def _columns(
    table: pa.Table,
    name: str,
    field: str,
    fields: Sequence[str] | Mapping[str, str] | None,
    key: str | None,
    valid: tuple[str | None, str | None],
) -> _Columns:
    known: dict[str, str] = {column.lower(): column for column in table.schema.names}

    def find(wanted: str, what: str) -> str:
        if not isinstance(wanted, str) or wanted.lower() not in known:
            near = nearest(str(wanted), table.schema.names) or table.schema.names[:8]
            raise InvalidArgument(
                f"{name} has no column {wanted!r}{what}", hint=f"it has {', '.join(map(repr, near))}"
            )
        return known[wanted.lower()]

    start, end = (
        find(given, "") if given is not None else known.get(default)
        for given, default in zip(valid, ("valid_from", "valid_to"), strict=True)
    )
    if isinstance(fields, str):
        fields = [fields]
    if key is None and field.lower() not in known and fields:
        others = [c for c in table.schema.names if c not in (start, end, *(find(f, "") for f in fields))]
        key = others[0] if len(others) == 1 else None  # the only column that it can be
    hint = "" if key is not None else ", the field of the events; name the table's column with key="
    found = find(field if key is None else key, hint)
    if fields is None:
        chosen = {column: column for column in table.schema.names if column not in (found, start, end)}
    elif isinstance(fields, Mapping):
        chosen = {find(column, ""): str(new) for column, new in fields.items()}
    else:
        chosen = {find(column, ""): find(column, "") for column in fields}
    if not chosen:
        raise InvalidArgument(
            f"no fields to add from {name}", hint="give fields=, or a table with more columns than the key"
        )
    return _Columns(found, start, end, chosen)


def _check_new(scope: Scope, fields: Mapping[str, str], name: str) -> None:
    taken = {known.lower(): known for known in scope.schema.names}
    seen: set[str] = set()
    for column, new in fields.items():
        if not new or "\0" in new:
            raise InvalidArgument(f"{new!r} is not the name of a field", hint="choose another name")
        if new.lower() in taken or new.lower() in seen:
            other = taken.get(new.lower(), new)
            raise InvalidArgument(
                f"a field called {other!r} already exists, and {name} has it too",
                hint=f"rename it: fields={{{column!r}: {'lookup.' + column!r}}}",
            )
        seen.add(new.lower())


def _matcher(table: pa.Table, columns: _Columns, name: str) -> tuple[Matcher, int]:
    """Return the matcher, and how many rows have no key."""
    try:
        keys = as_keys(table.column(columns.key).combine_chunks()).to_pylist()
    except pa.ArrowException as error:
        raise InvalidArgument(
            f"{columns.key} of {name} cannot be compared as text: {first_line(error)}",
            hint="choose another column with key=",
        ) from error
    rows = [at for at, key in enumerate(keys) if key is not None]
    periods = None
    if columns.start is not None or columns.end is not None:
        starts, ends = (_times(table, column, name) for column in (columns.start, columns.end))
        periods = [starts[at] for at in rows], [ends[at] for at in rows]
    if not rows:
        raise InvalidArgument(f"{columns.key} of {name} has no value", hint="choose another column with key=")
    matcher = build_matcher([keys[at] for at in rows], periods, rows, name, columns.key)
    return matcher, len(keys) - len(rows)


def _times(table: pa.Table, column: str | None, name: str) -> list[int | None]:
    """Return a column of times in microseconds; None is open."""
    if column is None:
        return [None] * table.num_rows
    values = table.column(column)
    kind = values.type
    if pa.types.is_date(kind):
        values = values.cast(pa.timestamp("s"))
    if pa.types.is_timestamp(values.type):
        try:
            micros = values.cast(pa.timestamp("us", "UTC"), safe=not _is_finer(values.type))
        except pa.ArrowException as error:
            raise InvalidArgument(
                f"{column} of {name} has a time that is out of range: {first_line(error)}",
                hint="leave a time empty if the row is valid from the beginning or without an end",
            ) from error
        found: list[int | None] = micros.cast(pa.int64()).to_pylist()
        return found
    out: list[int | None] = []
    for row, value in enumerate(values.to_pylist()):
        try:
            if value is not None and not isinstance(value, str):
                raise ConditionError("")
            at = parse_time(value) if value else None
        except ConditionError:
            raise InvalidArgument(
                f"row {row + 1} of {name}: {value!r} in {column} is not a time",
                hint="write times in ISO 8601, such as 2026-05-04T10:00Z",
            ) from None
        out.append(None if at is None else round(at.timestamp() * 1_000_000))
    return out


def _is_finer(kind: pa.DataType) -> bool:
    """Return whether times have nanoseconds, which events do not."""
    return bool(kind.unit == "ns")


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type that events have for values of a type."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_boolean(kind):
        return pa.bool_()
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pa.float64()
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return pa.timestamp("us", "UTC")
    return pa.string()


def _plain(column: pa.ChunkedArray, title: str, name: str) -> pa.Array:
    """Return a column of the table with a type that events have."""
    wanted = _plain_type(column.type)
    values = column.combine_chunks()
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    try:
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if pa.types.is_date(values.type):
            values = values.cast(pa.timestamp("us"))
        if pa.types.is_nested(values.type):
            texts = [None if value is None else str(value) for value in values.to_pylist()]
            return pa.array(texts, pa.string())
        return values.cast(wanted, safe=not pa.types.is_timestamp(wanted))
    except pa.ArrowException as error:
        raise InvalidArgument(
            f"{title} of {name} has values that events cannot hold: {first_line(error)}",
            hint="choose other columns with fields=",
        ) from error


def _digest(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return hashlib.blake2b(sink.getvalue(), digest_size=16).hexdigest()


def _call(
    source: TableSource,
    on: str,
    fields: Sequence[str] | Mapping[str, str] | None,
    key: str | None,
    valid_from: str | None,
    valid_to: str | None,
) -> str:
    """Return the call of `Events` that does this again."""
    given = repr(str(source)) if isinstance(source, (str, Path)) else "table"
    shown = (
        dict(fields)
        if isinstance(fields, Mapping)
        else fields
        if isinstance(fields, str)
        else fields and list(fields)
    )
    named = {"on": on, "fields": shown, "key": key, "valid_from": valid_from, "valid_to": valid_to}
    words = [f"{name}={value!r}" for name, value in named.items() if value is not None]
    return f".lookup({', '.join([given, *words])})"
