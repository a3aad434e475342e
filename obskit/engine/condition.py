"""Conditions: SQL's boolean syntax over field names, parsed once, bound to a table when used.

The room owns what a text means. It refuses statements, subqueries, comments and functions that are not on its
list; a condition is a value and knows nothing of where the rows are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import sqlglot
from ibis.common.deferred import Deferred
from sqlglot import exp
from sqlglot.errors import SqlglotError

from obskit.engine.functions import ALIASES, CALCULATIONS, FUNCTIONS
from obskit.engine.tokens import KnownNames, Token, begins, quote_name, quote_string, render, tokenize
from obskit.engine.tree import MAX_DEPTH, depth
from obskit.engine.walk import Parsed, Walker
from obskit.errors import ConditionError, ObskitError, UnknownField, UnknownFunction
from obskit.names import RENAMED, nearest

_SIDE_LIMIT = 100  # symbols `not not not ...` in a row, before the parser sees them


@dataclass(frozen=True)
class Expression:
    """A value computed from the fields of a row, such as `duration_ms / 1000`.

    `text` is canonical and reads back as the same expression; `fields` are the fields it mentions, by the
    names they have in the data; `notes` say which old names were resolved.
    """

    text: str
    fields: frozenset[str]
    notes: tuple[str, ...] = field(default=(), compare=False)
    parsed: Parsed | None = field(default=None, compare=False, repr=False)
    newest: datetime | None = field(default=None, repr=False)

    def to_ibis(self, table: Mapping[str, ir.Column] | ir.Table) -> ir.Value:
        """Return the Ibis expression over `table`, which has the fields as columns."""
        return _guarded(lambda: Walker(self._tree(), table).value())

    def _tree(self) -> Parsed:
        if self.parsed is None:
            raise ConditionError(f"{self.text!r} was not parsed", hint="make conditions with parse_condition")
        return self.parsed


@dataclass(frozen=True)
class Condition(Expression):
    """An expression that is true, false or null of a row. Equal texts are equal conditions."""

    def to_ibis(self, table: Mapping[str, ir.Column] | ir.Table) -> ir.BooleanValue:
        """Return the Ibis condition over `table`, which has the fields as columns."""
        return _guarded(lambda: Walker(self._tree(), table).boolean())

    def __str__(self) -> str:
        return self.text


class Names:
    """The names a text may use: those of a schema, without regard to case, and old ones for new.

    Args:
        schema: the fields.
        verbatim: columns to be found as they are written, whatever they hold (`p99(duration_ms)`).
    """

    def __init__(self, schema: pa.Schema, verbatim: Iterable[str] = ()) -> None:
        self.names = list(schema.names)
        self._by_lower = {name.lower(): name for name in self.names}
        self._renamed = {
            old.lower(): self._by_lower[new.lower()]
            for old, new in RENAMED.items()
            if new.lower() in self._by_lower and old.lower() not in self._by_lower
        }
        self.known = KnownNames([*self._by_lower, *self._renamed], verbatim)

    def resolve(self, token: Token) -> tuple[str, str | None]:
        """Return the field a token names, and a note where it is an old name.

        Raises:
            UnknownField: no field has the name, in either reading of it.
        """
        field = self.find(token.value)
        if field is None:
            raise unknown_field(token.value, self.names, quoted=token.kind == "quoted")
        new = token.value.lower() in self._renamed
        return field, f"{token.value} is {field} today" if new else None

    def find(self, name: str) -> str | None:
        """Return the field a name means, without regard to case, old names included; None if none."""
        low = name.lower()
        return self._by_lower.get(low, self._renamed.get(low))


def unknown_field(
    name: str, names: Sequence[str], *, quoted: bool = False, alone: bool = False
) -> UnknownField:
    """Return the error for a field that no event has, with the nearest names.

    Args:
        name: as it was written.
        names: those that there are.
        quoted: it stood in double quotes.
        alone: a name was asked for, so it is no value whose quotes were forgotten.
    """
    near = nearest(name, names)
    shown = name if len(name) <= 80 else name[:77] + "..."
    fields = f"the nearest fields are {', '.join(near)}" if near else "no field has a name like it"
    value = quote_string(shown)
    if alone:
        hint = fields if near else f"{fields}: events.fields() lists them"
    elif quoted:
        hint = f"double quotes name a field, and {fields}; is it a value? Then in single quotes: {value}"
    else:
        hint = f"{fields}; if it is a value, it stands in single quotes: {value}"
    return UnknownField(f"no field is called {shown!r}", hint=hint)


def parse_condition(
    condition: str | Condition | Deferred | ir.Value,
    schema: pa.Schema,
    *,
    newest: datetime | None = None,
    names: Names | None = None,
) -> Condition:
    """Read a condition.

    Args:
        condition: text, an Ibis expression (`_["http.route"] == "/book"`), or a condition already read.
        schema: fields and types it may use.
        newest: what "-30m" counts from.
        names: the names of `schema`, where they were made before.
    Raises:
        ConditionError: it cannot be read, or its types do not go together.
        UnknownField, UnknownFunction: with the nearest names.
    """
    if isinstance(condition, Condition):
        condition = condition.text
    elif not isinstance(condition, str):
        condition = text_of_ibis(condition, schema)
    found = _parse(condition, schema, newest, names)
    made = Condition(**{f.name: getattr(found, f.name) for f in dataclasses.fields(found)})
    made.to_ibis(_table(schema, made.fields))
    return made


def parse_expression(
    text: str | Deferred | ir.Value,
    schema: pa.Schema,
    *,
    newest: datetime | None = None,
    names: Names | None = None,
) -> Expression:
    """Read a value computed from fields; errors as `parse_condition`."""
    if not isinstance(text, str):
        text = text_of_ibis(text, schema)
    found = _parse(text, schema, newest, names)
    found.to_ibis(_table(schema, found.fields))
    return found


def text_of_ibis(expression: Any, schema: pa.Schema) -> str:
    """Write an Ibis expression as the text of a condition.

    Raises:
        ConditionError: it is no expression over the fields, or uses what conditions do not have.
    """
    table = ibis.table(ibis.Schema.from_pyarrow(schema), name="events")
    try:
        if isinstance(expression, Deferred):
            sql = ibis.to_sql(table.select(value=expression), dialect="duckdb")
        elif isinstance(expression, ir.Value):
            sql = ibis.to_sql(expression.name("value").as_table(), dialect="duckdb")
        else:
            raise ConditionError(
                f"a condition is text or an Ibis expression, not {type(expression).__name__}",
                hint='such as "duration_ms > 500" or _["http.route"] == "/book"',
            )
        select: Any = sqlglot.parse_one(sql, dialect="duckdb")
        tree: Any = select.selects[0]
        tree = tree.this if isinstance(tree, exp.Alias) else tree
        for column in list(tree.find_all(exp.Column)):
            column.set("table", None)
        return str(tree.sql(dialect="duckdb"))
    except ObskitError:
        raise
    except AttributeError as error:
        name = str(error).rsplit("'", 2)[-2:-1]
        raise unknown_field(name[0] if name else str(error), schema.names) from None
    except Exception as error:  # whatever Ibis makes of an expression that is not over these fields
        raise ConditionError(
            f"this Ibis expression cannot be read: {str(error).splitlines()[0] if str(error) else error!r}",
            hint='use fields by name: _["http.route"] == "/book"',
        ) from None


def all_of(conditions: Iterable[Condition | None]) -> Condition | None:
    """Return the condition that all hold (None among them is passed over); None where there are none."""
    parts = list(dict.fromkeys(c for c in conditions if c is not None))
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    return _joined(parts, " and ")


def negate(condition: Condition) -> Condition:
    """Return the condition that is true where this one is false (null stays null)."""
    return _joined([condition], "", prefix="not ")


def _joined(parts: list[Condition], word: str, prefix: str = "") -> Condition:
    columns: list[str] = []
    strings: list[str] = []
    functions: list[str] = []
    trees: list[exp.Expression] = []
    for part in parts:
        parsed = part.parsed
        if parsed is None:
            raise ConditionError(f"{part.text!r} was not parsed", hint="make conditions with parse_condition")
        trees.append(_shifted(parsed.tree, len(columns), len(strings), len(functions)))
        columns += parsed.columns
        strings += parsed.strings
        functions += parsed.functions
    tree: exp.Expression = exp.Paren(this=trees[0])
    for other in trees[1:]:
        tree = exp.And(this=tree, expression=exp.Paren(this=other))
    if prefix:
        tree = exp.Not(this=tree)
    newest = next((p.newest for p in parts if p.newest is not None), None)
    return Condition(
        text=prefix + word.join(_in_parentheses(p.text, bool(prefix)) for p in parts),
        fields=frozenset().union(*(p.fields for p in parts)),
        notes=tuple(dict.fromkeys(note for p in parts for note in p.notes)),
        parsed=Parsed(tree, tuple(columns), tuple(strings), tuple(functions), newest),
        newest=newest,
    )


def _in_parentheses(text: str, always: bool) -> str:
    tokens = tokenize(text, KnownNames(()))
    loose = always or any(t.kind == "keyword" and t.value in ("or", "not", "between") for t in tokens)
    return f"({text})" if loose else text


def _shifted(tree: exp.Expression, columns: int, strings: int, functions: int) -> exp.Expression:
    by = {"n": columns, "s": strings, "f": functions}

    def renumber(name: str) -> str:
        return f"{name[0]}{int(name[1:]) + by[name[0]]}"

    copy = tree.copy()
    for node in copy.walk():
        if isinstance(node, exp.Identifier) or (isinstance(node, exp.Literal) and node.is_string):
            node.set("this", renumber(node.this))
        elif isinstance(node, exp.Anonymous):
            node.set("this", renumber(str(node.this)))
    return copy


def _parse(text: str, schema: pa.Schema, newest: datetime | None, names: Names | None) -> Expression:
    names = names or Names(schema)
    tokens = tokenize(text, names.known)
    if not tokens:
        raise ConditionError("the condition is empty", hint="such as duration_ms > 500")
    columns: dict[str, int] = {}
    strings: dict[str, int] = {}
    functions: dict[str, int] = {}
    notes: list[str] = []
    words: list[str] = []
    canonical: list[Token] = []
    run = 0
    for at, token in enumerate(tokens):
        run = run + 1 if token.value in ("not", "-", "+") and token.kind in ("keyword", "symbol") else 0
        if run > _SIDE_LIMIT:
            raise ConditionError(f"{run} signs in a row at character {token.at + 1}", hint="one is enough")
        if token.kind in ("name", "quoted"):
            resolved, note = names.resolve(token)
            if note:
                notes.append(note)
            words.append(f'"n{columns.setdefault(resolved, len(columns))}"')
            canonical.append(dataclasses.replace(token, value=resolved))
        elif token.kind == "string":
            words.append(f"'s{strings.setdefault(token.value, len(strings))}'")
            canonical.append(token)
        elif token.kind == "function":
            function = _function(token.value)
            words.append(f"f{functions.setdefault(function, len(functions))}")
            canonical.append(dataclasses.replace(token, value=function))
        elif token.kind == "symbol" and token.value == "+" and begins(tokens[at - 1] if at else None):
            continue  # a plus sign says nothing
        else:
            words.append("=" if token.value == "==" else token.value)
            canonical.append(token)
    tree = _sqlglot(" ".join(words), text)
    parsed = Parsed(tree, tuple(columns), tuple(strings), tuple(functions), newest)
    return Expression(
        text=render(canonical),
        fields=frozenset(columns),
        notes=tuple(dict.fromkeys(notes)),
        parsed=parsed,
        newest=newest,
    )


def _function(name: str) -> str:
    known = ALIASES.get(name, name)
    if known in FUNCTIONS:
        return known
    if known in CALCULATIONS or (known.startswith("p") and known[1:].isdigit()):
        raise UnknownFunction(
            f"{name} counts over many rows, and a condition is about one row",
            hint=f"events.query({name + '(...)'!r}), and `having` for a condition on its result",
        )
    near = nearest(name, [*FUNCTIONS, *ALIASES])
    raise UnknownFunction(
        f"conditions know no function {name!r}",
        hint=(f"the nearest are {', '.join(near)}; " if near else "")
        + f"all of them: {', '.join(sorted(FUNCTIONS))}",
    )


def _sqlglot(stand_ins: str, text: str) -> exp.Expression:
    shown = text if len(text) <= 120 else text[:117] + "..."

    def parse() -> Any:
        found = sqlglot.parse(stand_ins, dialect="duckdb")
        if len(found) != 1 or found[0] is None:
            raise ConditionError(f"cannot read the condition: {shown}", hint="it is one expression")
        return found[0]

    try:
        tree: exp.Expression = _guarded(parse)
    except SqlglotError:
        raise ConditionError(
            f"cannot read the condition: {shown}",
            hint="such as: http.route = '/book' and duration_ms > 500",
        ) from None
    except (AttributeError, TypeError, KeyError, IndexError) as error:  # the parser, on what is no expression
        raise ConditionError(
            f"cannot read the condition: {shown} ({error})", hint="it is one expression"
        ) from None
    if depth(tree) > MAX_DEPTH:
        raise ConditionError(
            f"the condition nests more than {MAX_DEPTH} deep", hint="split it into several `where`"
        )
    return tree


def _guarded(build: Callable[[], Any]) -> Any:
    try:
        return build()
    except RecursionError:
        raise ConditionError("the condition nests too deep", hint="split it into several `where`") from None


def _table(schema: pa.Schema, fields: Iterable[str]) -> ir.Table:
    # Only what is mentioned: a schema of 20,000 fields would cost more than the condition.
    picked = pa.schema([schema.field(name) for name in fields] or [pa.field("obskit", pa.bool_())])
    return ibis.table(ibis.Schema.from_pyarrow(picked), name="events")


__all__ = [
    "Condition",
    "Expression",
    "Names",
    "all_of",
    "negate",
    "parse_condition",
    "parse_expression",
    "quote_name",
    "text_of_ibis",
    "unknown_field",
]
