"""Find the conditions that need no engine: fields compared with written values, joined by `and`, `or`, `not`.

Example: `http.route = '/book' and not duration_ms <= 500` is two comparisons, one of them negated. Anything
else (functions, arithmetic, two fields in one comparison, values that have to be converted first) is left to
the engine. What is found here has been checked as the walker checks it, and means the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

import pyarrow as pa
from sqlglot import exp

from obskit.engine.tree import flatten_chain
from obskit.engine.values import microseconds, parse_time
from obskit.engine.walk import Parsed
from obskit.errors import ConditionError

Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">="]
Written: TypeAlias = str | int | float | bool

_OPERATORS: dict[type[exp.Expression], Operator] = {
    exp.EQ: "=", exp.NEQ: "!=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
_SWAPPED: dict[Operator, Operator] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
# Deeper conditions are rare, and the engine has limits of its own for them.
_MAX_DEPTH = 30
# Larger integers are not exact as a float.
_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field compared with a value; null where the field is null.

    Attributes:
        field: a stored field.
        operator: how it is compared.
        value: text, a number, true or false, or a time in µs since 1970: as the field's type has it.
    """

    field: str
    operator: Operator
    value: Written


@dataclass(frozen=True, slots=True)
class OneOf:
    """A field that equals one of several values; null where the field is null."""

    field: str
    values: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A field that is null; never null itself."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of a condition."""

    part: Plain


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions that are joined by `and` or `or`."""

    every: bool
    parts: tuple[Plain, ...]


Test: TypeAlias = Comparison | OneOf | Missing
Plain: TypeAlias = Test | Not | Joined


def plain_condition(parsed: Parsed, schema: pa.Schema) -> Plain | None:
    """Return a condition as comparisons with written values.

    Args:
        parsed: the condition.
        schema: the stored fields.
    Returns:
        The condition; None if a part of it needs an engine, or is an error.
    """
    try:
        return _Reader(parsed, schema).read(parsed.tree, 0)
    except _NotPlain:
        return None


def tests_of(plain: Plain) -> list[Test]:
    """Return the comparisons of a condition, from left to right."""
    if isinstance(plain, Not):
        return tests_of(plain.part)
    if isinstance(plain, Joined):
        return [test for part in plain.parts for test in tests_of(part)]
    return [plain]


class _NotPlain(Exception):
    """A part of the condition needs an engine."""


class _Reader:
    def __init__(self, parsed: Parsed, schema: pa.Schema) -> None:
        self._parsed, self._schema = parsed, schema

    def read(self, node: exp.Expression, depth: int) -> Plain:
        if depth > _MAX_DEPTH:
            raise _NotPlain
        match node:
            case exp.Paren():
                return self.read(node.this, depth + 1)
            case exp.And() | exp.Or():
                parts = tuple(self.read(part, depth + 1) for part in flatten_chain(node))
                return Joined(isinstance(node, exp.And), parts)
            case exp.Not():
                return Not(self.read(node.this, depth + 1))
            case exp.Column():  # a field that is true or false
                field = self._field(node)
                return Comparison(field, "=", self._value(field, exp.true()))
            case exp.Between():
                low, high = node.args["low"], node.args["high"]
                both = (self._comparison(node.this, ">=", low), self._comparison(node.this, "<=", high))
                return Joined(True, both)
            case exp.In():
                return self._one_of(node)
            case exp.Is() if isinstance(node.expression, exp.Null):
                return Missing(self._field(node.this))
        operator = _OPERATORS.get(type(node))
        if operator is None:
            raise _NotPlain
        if isinstance(_inner(node.this), exp.Column):
            return self._comparison(node.this, operator, node.expression)
        return self._comparison(node.expression, _SWAPPED[operator], node.this)

    def _comparison(self, field: exp.Expression, operator: Operator, value: exp.Expression) -> Comparison:
        name = self._field(field)
        found = self._value(name, value)
        if operator not in ("=", "!=") and isinstance(found, (str, bool)):
            raise _NotPlain  # the order of texts is the engine's
        return Comparison(name, operator, found)

    def _one_of(self, node: exp.In) -> OneOf:
        if not node.expressions or node.args.get("query") is not None or node.args.get("field") is not None:
            raise _NotPlain
        name = self._field(node.this)
        return OneOf(name, tuple(self._value(name, item) for item in node.expressions))

    def _field(self, node: exp.Expression) -> str:
        node = _inner(node)
        if not isinstance(node, exp.Column) or not (node.name[:1] == "n" and node.name[1:].isdigit()):
            raise _NotPlain
        name = self._parsed.columns[int(node.name[1:])]
        if self._schema.get_field_index(name) < 0:
            raise _NotPlain  # a field that is computed, or a call
        return name

    def _value(self, field: str, node: exp.Expression) -> Written:
        """Return a written value that already has the type of the field."""
        kind, value = self._schema.field(field).type, self._literal(_inner(node))
        if pa.types.is_boolean(kind) and isinstance(value, bool):
            return value
        if pa.types.is_string(kind) and isinstance(value, str):
            return value
        if kind == pa.timestamp("us", "UTC") and isinstance(value, str):
            return _micros(value, self._parsed.newest)
        if isinstance(value, float) and pa.types.is_float64(kind) and math.isfinite(value):
            return value
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _EXACT:
            if pa.types.is_float64(kind):
                return float(value)
            if pa.types.is_int64(kind):
                return value
        raise _NotPlain

    def _literal(self, node: exp.Expression) -> Written:
        if isinstance(node, exp.Boolean):
            return bool(node.this)
        negative = isinstance(node, exp.Neg)
        if negative:
            node = _inner(node.this)
        if not isinstance(node, exp.Literal) or (negative and node.is_string):
            raise _NotPlain
        text = str(node.this)
        if node.is_string:
            return self._parsed.strings[int(text[1:])]
        number: int | float = int(text) if text.isdigit() and len(text) <= 19 else float(text)
        return -number if negative else number


def _inner(node: exp.Expression) -> exp.Expression:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _micros(text: str, newest: datetime | None) -> int:
    try:
        return microseconds(parse_time(text, newest))
    except ConditionError:
        raise _NotPlain from None
