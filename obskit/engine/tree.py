"""Flatten and balance long chains of `and` and `or`, so that none of them overflows the stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ibis.expr.types as ir
from sqlglot import exp

MAX_DEPTH = 400  # a chain of `and` or `or` counts as one level


def flatten_chain(node: exp.Expression) -> list[exp.Expression]:
    """Return the operands of a chain such as `a and (b and c)` in order."""
    kind = type(node)
    out: list[exp.Expression] = []
    stack = [node]
    while stack:
        part = stack.pop()
        inner = part
        while isinstance(inner, exp.Paren):
            inner = inner.this
        if type(inner) is kind:
            stack += [inner.expression, inner.this]
        else:
            out.append(inner)
    return out


def balanced(parts: Sequence[ir.Value], join: Callable[[Any, Any], Any]) -> Any:
    """Join parts as a balanced tree, so that a chain of 10,000 `or` is compiled 14 levels deep."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return join(balanced(parts[:middle], join), balanced(parts[middle:], join))


def depth(tree: exp.Expression) -> int:
    """Return the depth of a tree; a chain of one connective counts as one level."""
    deepest, stack = 0, [(tree, 1)]
    while stack:
        node, at = stack.pop()
        deepest = max(deepest, at)
        if isinstance(node, exp.Paren):
            stack.append((node.this, at))
        elif isinstance(node, (exp.And, exp.Or)):
            stack += [(part, at + 1) for part in flatten_chain(node)]
        else:
            stack += [(child, at + 1) for child in node.iter_expressions()]
    return deepest
