"""Turn the tree of a condition into an Ibis expression; nodes that are not listed here are rejected.

The tree holds numbered placeholders (see `tokens`), so only this walker decides what a name, a value or a
function means. As in SQL, a comparison with null is null.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
from sqlglot import exp

from obskit.engine.functions import FUNCTIONS, Function, Literal, Operand
from obskit.engine.tree import balanced, flatten_chain
from obskit.engine.values import convert_literal, format_literal, kind_of
from obskit.errors import ConditionError
from obskit.text import pluralize, safe

_COMPARISONS: dict[type[exp.Expression], Callable[[Any, Any], Any]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
}
_ARITHMETIC: dict[type[exp.Expression], Callable[[Any, Any], Any]] = {
    exp.Add: operator.add,
    exp.Sub: operator.sub,
    exp.Mul: operator.mul,
    exp.Div: operator.truediv,
    exp.Mod: operator.mod,
}
_NAMES: dict[type[exp.Expression], str] = {
    exp.EQ: "=", exp.NEQ: "!=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parsed:
    """The tree of a condition, and what its placeholders mean.

    Attributes:
        tree: sqlglot's tree; n0 is the first column, s0 the first string, f0 the first function.
        columns: names of fields in the data.
        strings: texts.
        functions: keys of `FUNCTIONS`.
        newest: the time that "-30m" counts from.
    """

    tree: exp.Expression
    columns: tuple[str, ...]
    strings: tuple[str, ...]
    functions: tuple[str, ...]
    newest: datetime | None


class Walker:
    """Builds the Ibis expression of one condition.

    Args:
        parsed: the condition.
        table: has the columns of the condition.
    """

    def __init__(self, parsed: Parsed, table: Mapping[str, ir.Column] | ir.Table) -> None:
        self._parsed = parsed
        self._table = table

    def value(self) -> ir.Value:
        """Return the expression as a value.

        Returns:
            The Ibis value; a written value keeps its own type.

        Raises:
            ConditionError: types do not match, or conditions do not support a part of the expression.
        """
        return as_value(self._walk(self._parsed.tree))

    def boolean(self) -> ir.BooleanValue:
        """Return the expression as a condition.

        Returns:
            The Ibis condition.

        Raises:
            ConditionError: as `value`, or the expression is not true or false.
        """
        return self._boolean(self._parsed.tree)

    def _boolean(self, node: exp.Expression) -> ir.BooleanValue:
        operand = self._walk(node)
        if isinstance(operand, Literal) and operand.value is None:
            return ibis.null("boolean")
        value = as_value(operand)
        if not value.type().is_boolean():
            raise ConditionError(
                f"{self._show(node)} is {kind_of(value.type())}, not true or false",
                hint="compare it with a value, such as duration_ms > 500",
            )
        return value

    def _walk(self, node: exp.Expression) -> Operand:
        match node:
            case exp.Paren():
                return self._walk(node.this)
            case exp.And() | exp.Or():
                parts = [self._boolean(part) for part in flatten_chain(node)]
                return balanced(parts, operator.and_ if isinstance(node, exp.And) else operator.or_)
            case exp.Not():
                return ~self._boolean(node.this)
            case exp.Column():
                return self._table[self._parsed.columns[_placeholder_number(node.name, "n")]]
            case exp.Literal():
                return self._literal(node)
            case exp.Boolean():
                return Literal(bool(node.this))
            case exp.Null():
                return Literal(None)
            case exp.Neg():
                return self._negative(node)
            case exp.Between():
                low = self._compare(exp.GTE, node.this, node.args["low"])
                return low & self._compare(exp.LTE, node.this, node.args["high"])
            case exp.In():
                return self._in(node)
            case exp.Is():
                return self._is(node)
            case exp.Like() | exp.ILike():
                return self._like(node)
            case exp.Anonymous():
                return self._call(node)
            case exp.DPipe():
                left, right = (self._typed(side, "s", "||") for side in (node.this, node.expression))
                return left + right
        if type(node) in _COMPARISONS:
            return self._compare(type(node), node.this, node.expression)
        if type(node) in _ARITHMETIC:
            return self._arithmetic(node)
        raise ConditionError(
            f"conditions do not support {node.key.replace('_', ' ')}",
            hint="use and, or, not, = != < <= > >=, in, between, like, ilike, is null, + - * / % and "
            f"{', '.join(sorted(FUNCTIONS))}",
        )

    def _literal(self, node: exp.Literal) -> Literal:
        if node.is_string:
            return Literal(self._parsed.strings[_placeholder_number(node.this, "s")])
        text = str(node.this)
        if text.isdigit() and len(text) <= 19 and -(2**63) <= int(text) < 2**63:
            return Literal(int(text))
        number = float(text)
        if not math.isfinite(number):
            raise ConditionError(f"{text[:40]} is too large for a number", hint="use a number up to 1.8e308")
        return Literal(number)

    def _negative(self, node: exp.Neg) -> Operand:
        inner = self._walk(node.this)
        if (
            isinstance(inner, Literal)
            and isinstance(inner.value, (int, float))
            and not isinstance(inner.value, bool)
        ):
            return Literal(-inner.value)
        return -self._number_of(inner, "-")

    def _compare(self, kind: type[exp.Expression], left: exp.Expression, right: exp.Expression) -> ir.Value:
        a, b = self._walk(left), self._walk(right)
        if any(isinstance(side, Literal) and side.value is None for side in (a, b)):
            raise ConditionError(
                f"{self._show(left)} {_NAMES[kind]} {self._show(right)} is never true: null equals nothing",
                hint="write `is null` or `is not null`",
            )
        if isinstance(a, ir.Value) and a.type().is_array():
            return self._list_compare(kind, a, b, left, right)
        if isinstance(b, ir.Value) and b.type().is_array():
            return self._list_compare(kind, b, a, right, left)
        where = (f"{self._show(left)} {_NAMES[kind]} {self._show(right)}", kind in (exp.EQ, exp.NEQ))
        a, b = self._unite(a, b, *where)
        return _COMPARISONS[kind](a, b)

    def _list_compare(
        self,
        kind: type[exp.Expression],
        column: ir.Value,
        value: Operand,
        left: exp.Expression,
        right: exp.Expression,
    ) -> ir.Value:
        if kind not in (exp.EQ, exp.NEQ):
            raise ConditionError(
                f"{self._show(left)} is a list, which cannot be compared with {_NAMES[kind]}",
                hint=f"write {self._show(left)} = 'x' to test whether the list contains 'x'",
            )
        item_kind = column.type().value_type
        if not (item_kind.is_primitive() or item_kind.is_string() or item_kind.is_timestamp()):
            raise ConditionError(
                f"{self._show(left)} is a list whose items cannot be compared with a value",
                hint=f"test whether it is there: {self._show(left)} is not null",
            )
        if isinstance(value, ir.Value):
            raise ConditionError(
                f"{self._show(left)} is a list, which cannot be compared with the field {self._show(right)}",
                hint=f"compare it with a value: {self._show(left)} = 'x'",
            )
        item = convert_literal(value, item_kind, self._show(left), self._parsed.newest, equality=True)
        found = column.contains(item)
        return found if kind is exp.EQ else ~found

    def _unite(self, a: Operand, b: Operand, shown: str, equality: bool) -> tuple[ir.Value, ir.Value]:
        """Convert both sides to one type; a written value is converted to the type of the other side."""
        if isinstance(a, Literal) and isinstance(b, Literal):
            if isinstance(a.value, str) != isinstance(b.value, str):
                raise ConditionError(f"{shown} compares text with a number", hint="write a field on one side")
            return as_value(a), as_value(b)
        newest = self._parsed.newest
        if isinstance(a, Literal):
            return convert_literal(a, b.type(), shown, newest, equality), b
        if isinstance(b, Literal):
            return a, convert_literal(b, a.type(), shown, newest, equality)
        if kind_of(a.type()) != kind_of(b.type()):
            raise ConditionError(
                f"{shown} compares {kind_of(a.type())} with {kind_of(b.type())}",
                hint="compare fields of the same type, or a field with a value",
            )
        return a, b

    def _in(self, node: exp.In) -> ir.Value:
        items: Sequence[exp.Expression] = node.expressions
        if not items or node.args.get("query") is not None or node.args.get("field") is not None:
            raise ConditionError(
                f"`in` after {self._show(node.this)} needs a list of values",
                hint="write them in parentheses: kind in ('server', 'consumer')",
            )
        column = self._walk(node.this)
        literals = [self._walk(item) for item in items]
        for item, literal in zip(items, literals, strict=True):
            if not isinstance(literal, Literal) or literal.value is None:
                raise ConditionError(
                    f"{self._show(item)} in the list after `in` is not a value",
                    hint="list only values; use `=` for a field and `is null` for a missing value",
                )
        if isinstance(column, Literal) or column.type().is_array():
            return balanced([self._compare(exp.EQ, node.this, item) for item in items], operator.or_)
        shown = f"{self._show(node.this)} in (...)"
        newest, kind = self._parsed.newest, column.type()
        return column.isin([convert_literal(item, kind, shown, newest, equality=True) for item in literals])

    def _is(self, node: exp.Is) -> ir.Value:
        if isinstance(node.expression, exp.Null):
            return as_value(self._walk(node.this)).isnull()
        if isinstance(node.expression, exp.Boolean):
            wanted = bool(node.expression.this)
            return (self._boolean(node.this) == ibis.literal(wanted)).fill_null(False)
        raise ConditionError(
            f"`is` after {self._show(node.this)} must be followed by null, true or false",
            hint="use `=` to compare with a value",
        )

    def _like(self, node: exp.Like | exp.ILike) -> ir.Value:
        column = self._typed(node.this, "s", node.key)
        pattern = self._walk(node.expression)
        if not isinstance(pattern, Literal) or not isinstance(pattern.value, str):
            raise ConditionError(
                f"{node.key} needs a pattern in single quotes",
                hint=f"for example: {self._show(node.this)} {node.key} '%part%'",
            )
        return column.like(pattern.value) if isinstance(node, exp.Like) else column.ilike(pattern.value)

    def _arithmetic(self, node: exp.Expression) -> Operand:
        name = _NAMES[type(node)]
        left = self._number_of(self._walk(node.this), name)
        right = self._number_of(self._walk(node.expression), name)
        if type(node) in (exp.Div, exp.Mod):
            # x / 0 is null here: what DuckDB returns for it differs between versions.
            right = right.nullif(0)
        return _ARITHMETIC[type(node)](left, right)

    def _number_of(self, operand: Operand, name: str) -> ir.Value:
        value = as_value(operand)
        if not value.type().is_numeric():
            raise ConditionError(
                f"`{name}` needs numbers, got {kind_of(value.type())}",
                hint="use numeric fields; for times there are date_trunc and hour",
            )
        return value

    def _typed(self, node: exp.Expression, wanted: str, function: str) -> ir.Value:
        value = as_value(self._walk(node))
        kind = value.type()
        fits = {
            "s": kind.is_string(), "n": kind.is_numeric(), "t": kind.is_timestamp(),
            "l": kind.is_string() or kind.is_array(), "a": True,
        }[wanted]  # fmt: skip
        if not fits:
            need = {"s": "text", "n": "a number", "t": "a time", "l": "text or a list"}[wanted]
            known = FUNCTIONS.get(function)
            raise ConditionError(
                f"{function} needs {need}, but {self._show(node)} is {kind_of(kind)}",
                hint=known.hint if known else "put text in single quotes",
            )
        return value

    def _call(self, node: exp.Anonymous) -> ir.Value:
        name = self._parsed.functions[_placeholder_number(str(node.this), "f")]
        function = FUNCTIONS[name]
        items, kinds = node.expressions, function.arguments
        if kinds.endswith("*"):
            kinds = kinds[0] * len(items)
        least = 1 if function.arguments.endswith("*") else function.least or len(kinds)
        if not least <= len(items) <= len(kinds):
            raise ConditionError(
                f"{name} takes {_arity(least, function)}, got {len(items)}", hint=function.hint
            )
        if name == "coalesce":
            return self._coalesce(items)
        values: list[Any] = []
        for item, wanted in zip(items, kinds, strict=False):
            if wanted == "p":
                plain = self._walk(item)
                if not isinstance(plain, Literal) or plain.value is None:
                    raise ConditionError(
                        f"{name} needs a literal value, got {self._show(item)}", hint=function.hint
                    )
                values.append(plain.value)
            else:
                values.append(self._typed(item, wanted, name))
        if name == "contains":
            list_kind = values[0].type()
            wanted_kind = list_kind.value_type if list_kind.is_array() else list_kind
            values[1] = convert_literal(
                Literal(values[1]), wanted_kind, name, self._parsed.newest, equality=True
            )
        return function.build(*values)

    def _coalesce(self, items: Sequence[exp.Expression]) -> ir.Value:
        operands = [self._walk(item) for item in items]
        kinds = [operand.type() for operand in operands if isinstance(operand, ir.Value)]
        if not kinds:
            raise ConditionError("coalesce needs at least one field", hint=FUNCTIONS["coalesce"].hint)
        values: list[ir.Value] = []
        for item, operand in zip(items, operands, strict=True):
            if isinstance(operand, Literal):
                operand = convert_literal(
                    operand, kinds[0], self._show(item), self._parsed.newest, equality=False
                )
            if kind_of(operand.type()) != kind_of(kinds[0]):
                raise ConditionError(
                    f"coalesce mixes {kind_of(kinds[0])} and {kind_of(operand.type())}",
                    hint="give it arguments of one type",
                )
            values.append(operand)
        return FUNCTIONS["coalesce"].build(*values)

    def _show(self, node: exp.Expression) -> str:
        """Return a part of the condition as it was written, short enough for an error."""
        if isinstance(node, exp.Column):
            return safe(self._parsed.columns[_placeholder_number(node.name, "n")])
        if isinstance(node, exp.Literal):
            return format_literal(self._literal(node).value)
        if isinstance(node, (exp.Boolean, exp.Null)):
            return node.sql().lower()
        if isinstance(node, exp.Neg):
            return f"-{self._show(node.this)}"
        if isinstance(node, exp.Anonymous):
            return f"{self._parsed.functions[_placeholder_number(str(node.this), 'f')]}(...)"
        return "the expression"


def as_value(operand: Operand) -> ir.Value:
    """Return an operand as an Ibis value; a written value keeps its own type."""
    if isinstance(operand, Literal):
        return ibis.null() if operand.value is None else ibis.literal(operand.value)
    return operand


def _arity(least: int, function: Function) -> str:
    """Return how many arguments a function takes: "1 argument", "1 to 2 arguments", "at least 1 argument"."""
    if function.arguments.endswith("*"):
        return f"at least {pluralize(least, 'argument')}"
    most = len(function.arguments)
    return pluralize(most, "argument") if least == most else f"{least} to {pluralize(most, 'argument')}"


def _placeholder_number(name: str, prefix: str) -> int:
    if not name.startswith(prefix) or not name[1:].isdigit():
        raise ConditionError(
            f"{name!r} is not part of a condition", hint="write a field, a value or a function"
        )
    return int(name[1:])
