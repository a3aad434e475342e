"""The event model as an expression over a table elsewhere: its columns under obskit's names and types.

Nothing is moved or written there. `timestamp`, `duration_ms` and convention names get the types that loading
a file gives them; maps and structures become fields with dotted names, `error` is computed where it is
missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa

from obskit.errors import InvalidArgument, UnknownField
from obskit.names import COLUMNS, current, nearest, type_word
from obskit.readers.batches.row_batcher import attribute_name
from obskit.schema.severity import ERROR

Run = Callable[[ir.Table], pa.Table]

TIME = dt.Timestamp(timezone="UTC", scale=6)
WORDS: dict[str, dt.DataType] = {
    "timestamp": TIME,
    "float": dt.float64,
    "string": dt.string,
    "bool": dt.boolean,
    "int": dt.int64,
    "int32": dt.int32,
}
MOST_KEYS = 5_000  # attributes of maps
# Attributes and their types are looked for in so many rows; in all of them where there are no more.
LOOKED_AT = 1_000_000
_UNITS = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}  # in microseconds
_INTEGER = r"^-?(0|[1-9][0-9]{0,17})$"
_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_KEYS_AT_ONCE = 60


@dataclass
class Model:
    """Fields that are being collected.

    Attributes:
        parts: name -> values in order of precedence: the first that is not null counts.
        notes: what a reader must know.
    """

    parts: dict[str, list[ir.Value]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, value: ir.Value, *, first: bool = False) -> None:
        """Add values of a field; an old convention name counts where the current one is null."""
        now = current(name)
        parts = self.parts.setdefault(now, [])
        if now == name and first:
            parts.insert(0, value)
        else:
            parts.append(value)

    def table(self, source: ir.Table) -> ir.Table:
        """Return the rows with these fields: obskit's columns first, then the others by name."""
        columns: dict[str, ir.Value] = {}
        for name, parts in self.parts.items():
            typed = [as_word(part, type_word(name)) for part in parts]
            if len({part.type().copy(nullable=True) for part in typed}) > 1:
                typed = [part.cast("string") for part in typed]
            columns[name] = typed[0] if len(typed) == 1 else ibis.coalesce(*typed)
        if "error" not in columns:
            columns["error"] = error_flag(columns)
        names = [name for name in COLUMNS if name in columns]
        names += sorted(name for name in columns if name not in COLUMNS)
        return source.select(**self._unique({name: columns[name] for name in names}))

    def _unique(self, columns: Mapping[str, ir.Value]) -> dict[str, ir.Value]:
        """Return the fields under names that are unique without regard to case."""
        out: dict[str, ir.Value] = {}
        folded: set[str] = set()
        for name, value in columns.items():
            unique, number = name, 1
            while unique.lower() in folded:
                number += 1
                unique = f"{name}~{number}"
            if unique != name:
                self.notes.append(f"{name} is {unique}: another field has its name in another case")
            folded.add(unique.lower())
            out[unique] = value
        return out


def as_word(value: ir.Value, word: str | None) -> ir.Value:
    """Return a value with the type of a name; text that does not parse is null."""
    if word is None:
        return value
    wanted, have = WORDS[word], value.type()
    if have.copy(nullable=True) == wanted or (have.is_timestamp() and have.copy(nullable=True) == TIME):
        return value
    if wanted.is_string():
        return value.cast(wanted)
    if wanted.is_timestamp() and have.is_numeric():
        raise InvalidArgument(
            f"timestamp is {have} in the table, which does not say its unit",
            hint="name it: mapping={'timestamp': {'from': 'ts', 'unit': 'ms'}}",
        )
    return value.try_cast(wanted) if have.is_string() else value.cast(wanted)


def error_flag(columns: Mapping[str, ir.Value]) -> ir.Value:
    """Return which rows are errors, by the rule of `schema.derive.error_flags`."""
    evidence: list[Any] = []
    status: Any = columns.get("status_code")
    if status is not None:
        evidence.append(status == "ERROR")
    if (kind := columns.get("error.type")) is not None:
        evidence.append(kind.cast("string") != "")
    if (code := columns.get("http.response.status_code")) is not None:
        number: Any = as_word(code, "int")
        evidence.append((number >= 500) & (number < 600) | number.isin([408, 429]))
    if (severity := columns.get("severity_number")) is not None:
        severe: Any = as_word(severity, "int") >= ERROR
        if status is not None:  # a span that says how it ended is not a log record
            severe = severe & ~status.isin(["OK", "ERROR"]).fill_null(False)
        evidence.append(severe)
    failed: Any = ibis.literal(False)
    for item in evidence:
        failed = failed | item.fill_null(False)
    return failed


def generic(source: ir.Table, run: Run, mapping: Mapping[str, Any]) -> Model:
    """Return the fields of any table.

    Args:
        source: the table.
        run: runs a statement.
        mapping: obskit's name -> name of a column, or `{"from": name, "unit": "ns"}`.

    Returns:
        The fields.

    Raises:
        UnknownField: the table has no column of a name in `mapping`.
        InvalidArgument: `mapping` is not valid, or the unit of `timestamp` is not known.
    """
    model = Model()
    mapped: set[str] = set()
    for name, given in mapping.items():
        column, unit = (given, None) if isinstance(given, str) else _mapped(name, given)
        if column not in source.columns:
            near = nearest(column, source.columns)
            raise UnknownField(
                f"the table has no column {column!r}, which mapping names for {name}",
                hint=f"the nearest are {', '.join(near)}" if near else "check the names of the columns",
            )
        mapped.add(column)
        model.add(name, _with_unit(name, source[column], unit), first=True)
    maps: list[tuple[str, ir.Value]] = []
    large = _large(source, run)
    for column in source.columns:
        if column not in mapped and column not in mapping:
            value: Any = source[column]
            _add_column(model, maps, column, value.cast("string") if column in large else value)
    add_maps(model, source, run, [[(name, value, f"{name}.")] for name, value in maps])
    return model


def _large(source: ir.Table, run: Run) -> set[str]:
    """Return the columns of unsigned integers whose values do not fit into 64 bits with a sign: ids."""
    names = [name for name in source.columns if source[name].type().is_uint64()]
    if not names:
        return set()
    limit: Any = ibis.literal(2**63 - 1, "uint64")
    counts = {f"c{at}": (source[name] > limit).ifelse(1, 0).sum() for at, name in enumerate(names)}
    row = run(source.aggregate(**counts)).to_pylist()[0]
    return {name for at, name in enumerate(names) if row[f"c{at}"]}


def _mapped(name: str, given: Any) -> tuple[str, str | None]:
    if (
        isinstance(given, Mapping)
        and isinstance(given.get("from"), str)
        and set(given) <= {"from", "unit"}
        and given.get("unit") in (None, *_UNITS)
    ):
        return given["from"], given.get("unit")
    raise InvalidArgument(
        f"mapping of {name!r} must be a column or {{'from': column, 'unit': 'ns'}}, got {given!r}",
        hint=f"units are {', '.join(_UNITS)}",
    )


def _with_unit(name: str, value: Any, unit: str | None) -> ir.Value:
    if unit is None:
        return value
    if not value.type().is_numeric():
        raise InvalidArgument(
            f"mapping gives {name} the unit {unit!r}, but the column is {value.type()}",
            hint="leave out the unit",
        )
    if name == "timestamp":
        whole = value.cast("float64") if unit == "s" and value.type().is_floating() else value
        micros = (whole * int(_UNITS[unit])) if _UNITS[unit] >= 1 else whole // 1000
        return micros.cast("int64").as_timestamp("us").cast(TIME)
    return value.cast("float64") * (_UNITS[unit] / 1e3)


def _add_column(model: Model, maps: list[tuple[str, ir.Value]], name: str, value: Any) -> None:
    """Add a column, or the fields of a structure, as `schema.types.plain` reads their types."""
    kind = value.type()
    if kind.is_map() and kind.key_type.is_string() and not kind.value_type.is_nested():
        maps.append((name, value))
    elif kind.is_struct():
        for part in kind.names:
            _add_column(model, maps, f"{name}.{part}", value[part])
    elif kind.is_array():
        plain = plain_value(ibis.null(kind.value_type)) if not kind.value_type.is_nested() else None
        if plain is None:
            model.notes.append(f"{name} is left out: {kind}")
        else:
            model.add(name, value, first=True)
    else:
        plain = plain_value(value)
        if plain is None:
            model.notes.append(f"{name} is left out: obskit does not read its type, {kind}")
        else:
            model.add(name, plain, first=True)


def plain_value(value: Any) -> ir.Value | None:
    """Return a value of one of the types that fields have; None if it has none."""
    kind = value.type()
    if kind.is_timestamp():
        return value if kind.copy(nullable=True) == TIME else value.cast(TIME)
    if kind.is_date():
        return value.cast(TIME)
    if kind.is_boolean() or kind.is_string():
        return value
    if kind.is_integer():
        return value if kind.is_int64() else value.cast("int64")
    if kind.is_floating() or kind.is_decimal():
        return value if kind.is_float64() else value.cast("float64")
    if kind.is_uuid() or kind.is_json() or kind.is_inet() or kind.is_time() or kind.is_unknown():
        return value.cast("string")
    return None


Level = tuple[str, ir.Value, str]  # name of the column, the map, what comes before its keys


def add_maps(model: Model, source: ir.Table, run: Run, groups: Sequence[Sequence[Level]]) -> None:
    """Add every key of maps as a field.

    Args:
        model: is added to.
        source: the table.
        run: runs a statement.
        groups: maps; of those in one group the last that has a key counts.
    """
    for group in groups:
        if not group:
            continue
        keys: dict[str, list[tuple[ir.Value, str]]] = {}
        for _, column, prefix in group:
            for key in _keys(source, column, run):
                keys.setdefault(f"{prefix}{key}", []).insert(0, (column, key))
        if len(keys) > MOST_KEYS:
            model.notes.append(f"only {MOST_KEYS:,} of {len(keys):,} attributes of {group[0][0]} are fields")
        chosen = sorted(keys)[:MOST_KEYS]
        types = _types(source, {name: keys[name] for name in chosen}, run)
        for name in chosen:
            own = attribute_name(name)
            for column, key in keys[name]:
                text = get(column, key)
                model.add(own, text if types[name] is None else text.try_cast(types[name]))


def get(column: Any, key: str) -> Any:
    """Return the value of a key of a map; null where the map does not have it."""
    return column.get(key)


def _keys(source: ir.Table, column: Any, run: Run) -> list[str]:
    rows = source.select(keys=column.keys()).limit(LOOKED_AT)
    found = run(rows.select(key=rows["keys"].unnest()).distinct().limit(4 * MOST_KEYS))
    return sorted(key for key in found.column("key").to_pylist() if key)


def _types(source: ir.Table, keys: Mapping[str, Any], run: Run) -> dict[str, str | None]:
    """Return the type that all texts of an attribute can have; None leaves them as they are."""
    out: dict[str, str | None] = {}
    text = [n for n in keys if type_word(current(n)) is None and keys[n][0][0].type().value_type.is_string()]
    out |= dict.fromkeys(keys)
    for start in range(0, len(text), _KEYS_AT_ONCE):
        some = text[start : start + _KEYS_AT_ONCE]
        values = {f"k{at}": ibis.coalesce(*(get(c, k) for c, k in keys[n])) for at, n in enumerate(some)}
        rows: Any = source.select(**values).limit(LOOKED_AT)
        counts: dict[str, Any] = {}
        for at in range(len(some)):
            value = rows[f"k{at}"]
            counts[f"n{at}"] = value.notnull().sum()
            counts[f"i{at}"] = value.re_search(_INTEGER).fill_null(False).sum()
            counts[f"f{at}"] = value.re_search(_NUMBER).fill_null(False).sum()
            counts[f"b{at}"] = value.isin(["true", "false"]).fill_null(False).sum()
        row = run(rows.aggregate(**counts)).to_pylist()[0]
        for at, name in enumerate(some):
            every = row[f"n{at}"] or 0
            fits = [
                word
                for word, kind in (("i", "int64"), ("f", "float64"), ("b", "boolean"))
                if row[f"{word}{at}"] == every
            ]
            kinds = {"i": "int64", "f": "float64", "b": "boolean"}
            out[name] = kinds[fits[0]] if fits and every else None
    return out
