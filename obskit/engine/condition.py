"""Parse conditions and expressions: SQL's boolean syntax over field names.

A condition is parsed once, into a value that knows nothing of where the rows are; `to_ibis` binds it to a
table. Statements, subqueries, comments and functions that are not in `functions.FUNCTIONS` are rejected.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import sqlglot
from ibis.common.deferred import Deferred
from sqlglot import exp
from sqlglot.errors import SqlglotError

from obskit.engine.across import ACROSS, AcrossCall, read_call
from obskit.engine.field_names import Names, unknown_field
from obskit.engine.functions import ALIASES, CALCULATIONS, FUNCTIONS
from obskit.engine.plain import plain_condition
from obskit.engine.statement import to_sql
from obskit.engine.tokens import KnownNames, Token, render, starts_operand, tokenize
from obskit.engine.tree import MAX_DEPTH, depth
from obskit.engine.walk import Parsed, Walker
from obskit.errors import ConditionError, ObskitError, UnknownFunction
from obskit.names import nearest
from obskit.text import first_line, safe

_MAX_SIGNS = 100  # in a row, as in `not not not x`; more would overflow the stack of the parser


@dataclass(frozen=True)
class Expression:
    """A value computed from the fields of a row, such as `duration_ms / 1000`.

    Attributes:
        text: the expression in its canonical form; it reads back as the same expression.
        fields: the fields that it mentions, by their names in the data.
        notes: the old names that were replaced by new ones.
        parsed: the tree of the expression.
        newest: the time that "-30m" counts from.
        calls: the calls that look at other rows of the trace; their names are in `fields` too.
    """

    text: str
    fields: frozenset[str]
    notes: tuple[str, ...] = field(default=(), compare=False)
    parsed: Parsed | None = field(default=None, compare=False, repr=False)
    newest: datetime | None = field(default=None, repr=False)
    calls: tuple[AcrossCall, ...] = field(default=(), compare=False, repr=False)

    def to_ibis(self, table: Mapping[str, ir.Column] | ir.Table) -> ir.Value:
        """Return the Ibis expression over a table whose columns are the fields."""
        return _catch_recursion(lambda: Walker(self._require_parsed(), table).value())

    def _require_parsed(self) -> Parsed:
        if self.parsed is None:
            raise ConditionError(f"{self.text!r} was not parsed", hint="create it with parse_condition")
        return self.parsed


@dataclass(frozen=True)
class Condition(Expression):
    """An expression that is true, false or null for a row. Conditions with equal texts are equal."""

    def to_ibis(self, table: Mapping[str, ir.Column] | ir.Table) -> ir.BooleanValue:
        """Return the Ibis condition over a table whose columns are the fields."""
        return _catch_recursion(lambda: Walker(self._require_parsed(), table).boolean())

    def __str__(self) -> str:
        return self.text


def parse_condition(
    condition: str | Condition | Deferred | ir.Value,
    schema: pa.Schema,
    *,
    newest: datetime | None = None,
    names: Names | None = None,
    across: bool = False,
) -> Condition:
    """Parse a condition and check it against the types of the fields.

    Args:
        condition: text, an Ibis expression (`_["http.route"] == "/book"`), or a parsed condition.
        schema: the fields that it may use, with their types.
        newest: the time that "-30m" counts from.
        names: the names of `schema`, to save making them again.
        across: whether it may look at other rows of the trace: any(), none(), root(), parent(), linked().

    Returns:
        The condition, to be bound to a table by `to_ibis`.

    Raises:
        ConditionError: the condition cannot be parsed, or compares types that do not match.
        UnknownField, UnknownFunction: a name does not exist; the hint has the nearest names.
        LimitExceeded: the condition is too long.
    """
    if isinstance(condition, Condition):
        condition = condition.text
    elif not isinstance(condition, str):
        condition = ibis_to_text(condition, schema)
    return _parse_condition(condition, schema, newest, names, 0 if across else None)


def _parse_condition(
    text: str, schema: pa.Schema, newest: datetime | None, names: Names | None, nested: int | None
) -> Condition:
    found = _parse(text, schema, newest, names, nested)
    made = Condition(**{f.name: getattr(found, f.name) for f in dataclasses.fields(found)})
    if made.parsed is None or plain_condition(made.parsed, schema) is None:  # plain ones are checked
        made.to_ibis(_schema_table(schema, made))
    return made


def parse_expression(
    text: str | Deferred | ir.Value,
    schema: pa.Schema,
    *,
    newest: datetime | None = None,
    names: Names | None = None,
    across: bool = False,
) -> Expression:
    """Parse a value such as `duration_ms / 1000`; takes and raises what `parse_condition` does."""
    if not isinstance(text, str):
        text = ibis_to_text(text, schema)
    found = _parse(text, schema, newest, names, 0 if across else None)
    found.to_ibis(_schema_table(schema, found))
    return found


def ibis_to_text(expression: Any, schema: pa.Schema) -> str:
    """Write an Ibis expression as the text of a condition.

    Args:
        expression: a deferred expression, or a value over an Ibis table.
        schema: the fields that it may use.

    Returns:
        The text, in DuckDB's SQL; `parse_condition` decides whether conditions allow it.

    Raises:
        ConditionError: this is not an expression over the fields.
        UnknownField: it uses a field that does not exist.
    """
    table = ibis.table(ibis.Schema.from_pyarrow(schema), name="events")
    try:
        if isinstance(expression, Deferred):
            sql = to_sql(table.select(value=expression))
        elif isinstance(expression, ir.Value):
            sql = to_sql(expression.name("value").as_table())
        else:
            raise ConditionError(
                f"a condition must be text or an Ibis expression, got {type(expression).__name__}",
                hint='write "duration_ms > 500" or _["http.route"] == "/book"',
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
    except Exception as error:  # Ibis raises many kinds for an expression over other fields
        raise ConditionError(
            f"this Ibis expression cannot be read: {first_line(error)!r}",
            hint='refer to fields by name: _["http.route"] == "/book"',
        ) from None


def all_of(conditions: Iterable[Condition | None]) -> Condition | None:
    """Join conditions with `and`, skipping None; None if no condition is left."""
    parts = list(dict.fromkeys(c for c in conditions if c is not None))
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    return _join(parts, " and ")


def negate(condition: Condition) -> Condition:
    """Return the condition that is true where this one is false; null stays null."""
    return _join([condition], "", prefix="not ")


def _join(parts: list[Condition], word: str, prefix: str = "") -> Condition:
    columns: list[str] = []
    strings: list[str] = []
    functions: list[str] = []
    trees: list[exp.Expression] = []
    for part in parts:
        parsed = part.parsed
        if parsed is None:
            raise ConditionError(f"{part.text!r} was not parsed", hint="create it with parse_condition")
        trees.append(_renumbered(parsed.tree, len(columns), len(strings), len(functions)))
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
        calls=tuple(dict.fromkeys(call for p in parts for call in p.calls)),
    )


def _in_parentheses(text: str, always: bool) -> str:
    tokens = tokenize(text, KnownNames(()))
    loose = always or any(t.kind == "keyword" and t.value in ("or", "not", "between") for t in tokens)
    return f"({text})" if loose else text


def _renumbered(tree: exp.Expression, columns: int, strings: int, functions: int) -> exp.Expression:
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


def _parse(
    text: str, schema: pa.Schema, newest: datetime | None, names: Names | None, nested: int | None
) -> Expression:
    """Parse a text that is in `nested` calls across rows; None where it may have none."""
    names = names or Names(schema)
    tokens = tokenize(text, names.known)
    if not tokens:
        raise ConditionError("the condition is empty", hint="write one such as duration_ms > 500")
    columns: dict[str, int] = {}
    strings: dict[str, int] = {}
    functions: dict[str, int] = {}
    notes: list[str] = []
    words: list[str] = []
    canonical: list[Token] = []
    calls: dict[str, AcrossCall] = {}
    signs = skip = 0
    for at, token in enumerate(tokens):
        if at < skip:
            continue
        signs = signs + 1 if token.value in ("not", "-", "+") and token.kind in ("keyword", "symbol") else 0
        if signs > _MAX_SIGNS:
            raise ConditionError(
                f"{signs} signs in a row at character {token.at + 1}", hint="write one of them"
            )
        if token.kind in ("name", "quoted"):
            resolved, note = names.resolve(token)
            if note:
                notes.append(note)
            words.append(f'"n{columns.setdefault(resolved, len(columns))}"')
            canonical.append(dataclasses.replace(token, value=resolved))
        elif token.kind == "string":
            words.append(f"'s{strings.setdefault(token.value, len(strings))}'")
            canonical.append(token)
        elif token.kind == "function" and token.value in ACROSS:
            if nested is None:
                raise ConditionError(
                    f"{token.value}() looks at the other rows of a trace, which are not known here",
                    hint="use it in events.where, query, explain or derive",
                )
            parse = partial(_parse_condition, schema=schema, newest=newest, names=names, nested=nested + 1)
            call, skip, found = read_call(tokens, at, schema, names, nested, parse)
            notes += found
            calls[call.name] = call
            words.append(f'"n{columns.setdefault(call.name, len(columns))}"')
            canonical.append(dataclasses.replace(token, kind="call", value=call.name))
        elif token.kind == "function":
            function = _resolve_function(token.value)
            words.append(f"f{functions.setdefault(function, len(functions))}")
            canonical.append(dataclasses.replace(token, value=function))
        elif token.kind == "symbol" and token.value == "+" and starts_operand(tokens[at - 1] if at else None):
            continue  # a plus sign changes nothing
        else:
            words.append("=" if token.value == "==" else token.value)
            canonical.append(token)
    tree = _parse_tree(" ".join(words), text)
    parsed = Parsed(tree, tuple(columns), tuple(strings), tuple(functions), newest)
    return Expression(
        text=render(canonical),
        fields=frozenset(columns),
        notes=tuple(dict.fromkeys(notes)),
        parsed=parsed,
        newest=newest,
        calls=tuple(calls.values()),
    )


def _resolve_function(name: str) -> str:
    known = ALIASES.get(name, name)
    if known in FUNCTIONS:
        return known
    if known in CALCULATIONS or (known.startswith("p") and known[1:].isdigit()):
        raise UnknownFunction(
            f"{name}() is calculated over many rows, but a condition is about one row",
            hint=f"use events.query({name + '(...)'!r}), with `having` for a condition on its result",
        )
    near = nearest(name[:300], [*FUNCTIONS, *ALIASES])
    shown = name if len(name) <= 80 else name[:77] + "..."
    raise UnknownFunction(
        f"conditions have no function {shown!r}",
        hint=(f"the nearest are {', '.join(near)}; " if near else "")
        + f"all functions: {', '.join(sorted(FUNCTIONS))}",
    )


def _parse_tree(placeholders: str, text: str) -> exp.Expression:
    shown = safe(text if len(text) <= 120 else text[:117] + "...")

    def parse() -> Any:
        found = sqlglot.parse(placeholders, dialect="duckdb")
        if len(found) != 1 or found[0] is None:
            raise ConditionError(f"cannot read the condition: {shown}", hint="write one expression")
        return found[0]

    try:
        tree: exp.Expression = _catch_recursion(parse)
    except SqlglotError:
        raise ConditionError(
            f"cannot read the condition: {shown}",
            hint="write one such as http.route = '/book' and duration_ms > 500",
        ) from None
    except (
        AttributeError,
        TypeError,
        KeyError,
        IndexError,
    ) as error:  # sqlglot's, for some texts that are not expressions
        raise ConditionError(
            f"cannot read the condition: {shown} ({error})", hint="write one expression"
        ) from None
    if depth(tree) > MAX_DEPTH:
        raise ConditionError(
            f"the condition is nested more than {MAX_DEPTH} levels deep",
            hint="split it into several `where` calls",
        )
    return tree


def _catch_recursion(build: Callable[[], Any]) -> Any:
    try:
        return build()
    except RecursionError:
        raise ConditionError(
            "the condition is nested too deeply", hint="split it into several `where` calls"
        ) from None


def _schema_table(schema: pa.Schema, parsed: Expression) -> ir.Table:
    # Only the fields of the condition: to convert a schema of 20,000 fields takes longer than to parse it.
    calls = {call.name: call.type for call in parsed.calls}
    fields = [pa.field(n, calls[n]) if n in calls else schema.field(n) for n in parsed.fields]
    picked = pa.schema(fields or [pa.field("obskit", pa.bool_())])
    return ibis.table(ibis.Schema.from_pyarrow(picked), name="events")
