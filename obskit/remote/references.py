"""Numbers and times of a question as references, so that Spark writes the same code for the next question.

Spark writes Java code for each statement, with the numbers of the statement in it: `duration_ms > 500` and
`duration_ms > 501` are two classes, and Java's compiler starts again with the second. Texts and arrays are
passed to the code by reference. An item of an array whose position depends on a row is not written into the
code either, so these two are one class:

    duration_ms > get(array(500, 500), cast(duration_ms is null as int))
    duration_ms > get(array(501, 501), cast(duration_ms is null as int))

Spark does not use such a comparison to skip parts of files. So it is for comparisons that cannot be used for
that anyway, as those inside CASE.
"""

from __future__ import annotations

from typing import Any

import ibis.expr.operations as ops
import ibis.expr.rules as rlz
import ibis.expr.types as ir

_COMPARISONS = (ops.Greater, ops.GreaterEqual, ops.Less, ops.LessEqual, ops.Equals, ops.NotEquals)


class Reference(ops.Value):  # type: ignore[misc]
    """A literal that is not written into the code of a statement.

    Attributes:
        arg: the literal.
        field: a field of the rows; its values do not matter.
    """

    arg: ops.Value
    field: ops.Value

    shape = rlz.shape_like("field")
    dtype = rlz.dtype_like("arg")


def by_reference(value: ir.Value) -> ir.Value:
    """Return a value whose comparisons with a number or a time refer to it.

    Args:
        value: a column, such as a condition.

    Returns:
        The value; only engines whose compiler writes `Reference` can run it.
    """

    def replace(node: Any, changed: Any) -> Any:
        if changed:
            node = node.__recreate__(changed)
        if isinstance(node, _COMPARISONS):
            return type(node)(_referred(node.left, node.right), _referred(node.right, node.left))
        if isinstance(node, ops.Between):
            low, high = (_referred(end, node.arg) for end in (node.lower_bound, node.upper_bound))
            return ops.Between(node.arg, low, high)
        return node

    return value.op().replace(replace, filter=ops.Value).to_expr()


def _referred(operand: Any, other: Any) -> Any:
    """Return an operand of a comparison, by reference if it is a literal that the code would have in it."""
    if not isinstance(operand, ops.Literal) or operand.value is None:
        return operand
    kind, compared = operand.dtype, other.dtype
    # A fraction is compared with integers as a decimal, exactly: it must not become a float.
    alike = (
        (compared.is_floating() and (kind.is_floating() or kind.is_integer()))
        or (compared.is_integer() and kind.is_integer() and abs(operand.value) < 2**63)
        or (compared.is_timestamp() and kind.is_timestamp())
    )
    field = next(iter(other.find(ops.Field, filter=ops.Value)), None) if alike else None
    if field is None:
        return operand
    wide = "float64" if compared.is_floating() else "int64"
    literal = operand if kind.is_timestamp() else ops.Cast(operand, wide)
    return Reference(literal, field)
