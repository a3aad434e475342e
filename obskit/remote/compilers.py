"""Ibis's compilers of ClickHouse and Spark, changed where an operation means something else there.

Conditions and calculations have the meaning that DuckDB gives them: distinct values are counted exactly, text
has characters, a backslash in a pattern of LIKE is a backslash, an item that a list does not have is null,
NaN is equal to itself and above all numbers, and halves round away from zero.
"""

from __future__ import annotations

from typing import Any

import ibis
import ibis.config
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.base import NULL, SQLGlotCompiler
from ibis.backends.sql.compilers.clickhouse import ClickHouseCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler

# The database of a table whose name is the path of files.
FILES = "obskit files"


class ClickHouseDialect(ClickHouseCompiler):  # type: ignore[misc]
    """ClickHouse's SQL."""

    SIMPLE_OPS = {  # noqa: RUF012 - read by Ibis when the class is made
        ops.CountDistinct: "uniqExact",
        ops.StringLength: "lengthUTF8",
        ops.Lowercase: "lowerUTF8",
        ops.Uppercase: "upperUTF8",
    }

    def visit_ExtractEpochSeconds(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002
        """Write the seconds since 1970, with their fractions."""
        micros = self.f.toUnixTimestamp64Micro(self.f.toDateTime64(arg, 6, "UTC"))
        return sge.Div(this=self.f.toFloat64(micros), expression=sge.convert(1_000_000))

    def visit_ArrayIndex(self, op: Any, *, arg: Any, index: Any) -> Any:
        """Write an item of a list; null where the list does not have it."""
        position = self.if_(index >= 0, index + 1, index)
        inside = self.f.abs(position) <= self.f.length(arg)
        if isinstance(op.arg, ops.StringSplit):  # of no text there are no parts
            inside = sg.and_(inside, sg.not_(arg.meta["text"].copy().is_(NULL)))
        return self.if_(inside, arg[self.if_(index >= 0, index, index - 1)], NULL)

    def visit_StringSplit(self, op: Any, *, arg: Any, delimiter: Any) -> Any:  # noqa: ARG002
        """Write the parts of a text; of no text there are none."""
        # An array is never null there.
        split = self.f.splitByString(delimiter, self.f.ifNull(arg, ""))
        split.meta["text"] = arg
        return split

    def visit_StringSQLLike(self, op: Any, *, arg: Any, pattern: Any, escape: Any) -> Any:  # noqa: ARG002
        """Write LIKE, in whose pattern a backslash is itself."""
        return arg.like(_literal_backslashes(pattern))

    def visit_StringSQLILike(self, op: Any, *, arg: Any, pattern: Any, escape: Any) -> Any:  # noqa: ARG002
        """Write ILIKE, in whose pattern a backslash is itself."""
        return arg.ilike(_literal_backslashes(pattern))

    def visit_RegexExtract(self, op: Any, *, arg: Any, pattern: Any, index: Any) -> Any:  # noqa: ARG002
        """Write a group of the first match."""
        # The whole pattern becomes the first group; `extractGroups` counts from 1.
        grouped = self.f.concat("(", pattern, ")")
        text = self.f.ifNull(arg, "")
        found = self.f.extractGroups(text, grouped)[index if index is not None else 0]
        return self.if_(arg.is_(NULL), NULL, found)

    def visit_Round(self, op: Any, *, arg: Any, digits: Any) -> Any:
        """Write a number rounded, halves away from zero."""
        scale = self.f.exp10(0 if digits is None else digits)
        size = self.f.floor(self.f.abs(arg) * scale + sge.convert(0.5)) / scale
        return self.cast(self.f.sign(arg) * sge.Paren(this=size), op.dtype)

    def visit_UnboundTable(self, op: Any, *, name: str, schema: Any, namespace: Any) -> Any:
        """Write the name of a table, or of files."""
        if namespace.database == FILES:
            return sge.Table(this=self.f.anon.file(name, "Parquet"))
        return super().visit_UnboundTable(op, name=name, schema=schema, namespace=namespace)


class SparkDialect(PySparkCompiler):  # type: ignore[misc]
    """Spark's SQL."""

    # Without Ibis's stand-in for OFFSET, which numbers rows in no order; Spark has had OFFSET since 3.4.
    rewrites = SQLGlotCompiler.rewrites

    def visit_IsNull(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002
        """Write whether a value is null; NaN is a value, which Ibis takes for null in Spark."""
        return arg.is_(NULL)

    def visit_NotNull(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002
        """Write whether a value is not null."""
        return arg.is_(sg.not_(NULL))

    def visit_IsNan(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002
        """Write whether a number is NaN; null of null."""
        return self.if_(arg.is_(NULL), NULL, self.f.isnan(arg))

    def visit_IsInf(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002
        """Write whether a number is infinite."""
        return self.f.abs(arg).eq(sge.cast(sge.convert("Infinity"), "double"))

    def visit_ExtractSecond(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002
        """Write the whole second of a time."""
        return self.cast(self.f.anon.second(arg), dt.int32)

    def visit_ExtractEpochSeconds(self, op: Any, *, arg: Any) -> Any:  # noqa: ARG002
        """Write the seconds since 1970, with their fractions."""
        return sge.Div(this=self.f.unix_micros(arg), expression=sge.convert(1_000_000))

    def visit_ArrayIndex(self, op: Any, *, arg: Any, index: Any) -> Any:  # noqa: ARG002
        """Write an item of a list; null where the list does not have it."""
        return self.f.try_element_at(arg, self.if_(index >= 0, index + 1, index))

    def visit_Reference(self, op: Any, *, arg: Any, field: Any) -> Any:  # noqa: ARG002
        """Write a literal as an item of an array, at a position that depends on the row."""
        return self.f.anon.get(self.f.array(arg, arg), sge.cast(field.is_(NULL), "int"))

    def visit_StringSQLLike(self, op: Any, *, arg: Any, pattern: Any, escape: Any) -> Any:  # noqa: ARG002
        """Write LIKE, in whose pattern a backslash is itself."""
        return arg.like(_literal_backslashes(pattern))

    def visit_StringSQLILike(self, op: Any, *, arg: Any, pattern: Any, escape: Any) -> Any:  # noqa: ARG002
        """Write ILIKE, in whose pattern a backslash is itself."""
        return arg.ilike(_literal_backslashes(pattern))


class _SparkOptions(ibis.config.Config):  # type: ignore[misc]
    """What Ibis's Spark compiler reads; Ibis sets it with its own backend, which needs all of Spark."""

    treat_nan_as_null: bool = False


if ibis.options.pyspark is None:
    ibis.options.pyspark = _SparkOptions()

CLICKHOUSE: SQLGlotCompiler = ClickHouseDialect()
SPARK: SQLGlotCompiler = SparkDialect()


def _literal_backslashes(pattern: Any) -> Any:
    """Return a pattern of LIKE in which a backslash is itself, not an escape."""
    if isinstance(pattern, sge.Literal) and pattern.is_string:
        return sge.convert(pattern.this.replace("\\", "\\\\"))
    return pattern


def order_nan(expression: ir.Expr) -> ir.Expr:
    """Return an expression in which NaN is equal to NaN and above all numbers, where the engine has it else.

    Args:
        expression: an expression whose comparisons of floats may see NaN.

    Returns:
        The expression, with the cases of NaN written out.
    """

    def replace(node: Any, changed: Any) -> Any:
        if changed:
            node = node.__recreate__(changed)
        kind = type(node)
        if kind not in _ORDERED or not (node.left.dtype.is_numeric() and node.right.dtype.is_numeric()):
            return node
        left, right = node.left.to_expr(), node.right.to_expr()
        nan_left, nan_right = _is_nan(node.left), _is_nan(node.right)
        if nan_left is None and nan_right is None:
            return node
        no: Any = ibis.literal(False)
        a, b = (no if part is None else part for part in (nan_left, nan_right))
        plain: Any = kind(left, right).to_expr()
        known: Any = left.notnull() & right.notnull()
        if kind in (ops.Equals, ops.NotEquals):
            if nan_left is None or nan_right is None:
                return node
            both = a & b & known
            return ((plain | both) if kind is ops.Equals else (plain & ~both)).op()
        strict = {ops.Greater: a & ~b, ops.GreaterEqual: a, ops.Less: b & ~a, ops.LessEqual: b}
        return (plain | (strict[kind] & known)).op()

    return expression.op().replace(replace).to_expr()


_ORDERED = (ops.Greater, ops.GreaterEqual, ops.Less, ops.LessEqual, ops.Equals, ops.NotEquals)


def _is_nan(operand: Any) -> Any:
    """Return whether an operand is NaN, as an expression; None if it never is."""
    if isinstance(operand, ops.Literal) or not operand.dtype.is_floating():
        return None
    return operand.to_expr().isnan()
