"""Which traces a condition selects, and with what slow traces are compared by default."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sqlglot import exp

from obskit.engine import Condition, Scope, all_of, quote_name, quote_string
from obskit.engine.tree import flatten_chain
from obskit.engine.window import TIME
from obskit.errors import InvalidArgument
from obskit.explain import Finding
from obskit.traces.spans import TraceSpans

Bools = npt.NDArray[np.bool_]
_LATER, _EARLIER = (exp.GT, exp.GTE), (exp.LT, exp.LTE)


def read_condition(scope: Scope, given: Any, name: str) -> Condition:
    """Parse a condition, or take that of the selected rows of a finding of `explain`.

    Args:
        scope: the events.
        given: text, an Ibis expression, a condition or a Finding.
        name: of the argument, for errors.

    Returns:
        The condition.

    Raises:
        InvalidArgument: the finding is a refinement, or was made by hand.
        ConditionError, UnknownField, UnknownFunction: the condition cannot be parsed.
    """
    if not isinstance(given, Finding):
        return scope.condition(given)
    if given.selected_condition is None:
        raise InvalidArgument(
            f"{name} is a finding without its selected events: {given.condition}",
            hint=f"use one of explain(...).findings, or the condition: {name}={given.condition!r}",
        )
    return scope.condition(given.selected_condition)


def traces_where(scope: Scope, spans: TraceSpans, *conditions: Condition | None) -> Bools:
    """Return which traces have a row for which all conditions are true.

    Args:
        scope: the events; its own `where` is not applied.
        spans: the spans of its dataset.
        *conditions: conditions on one row; None for any.

    Returns:
        bool[traces + 1], by trace number; 0 is false.

    Cost: one scan of the fields of the conditions.
    """
    joined = all_of(conditions)
    out = np.zeros(spans.traces + 1, bool)
    if joined is None:
        out[spans.trace] = True
    else:
        true = np.concatenate([np.zeros(0, bool), *(mask.true for mask in scope.masks(joined))])
        out[spans.row_trace[true]] = True
    out[0] = False
    out[spans.first_row < 0] = False  # log records alone are not a trace
    return out


def without_start(scope: Scope, condition: Condition | None) -> Condition | None:
    """Return a condition without its lower bounds of time: the same rows, and those before.

    Args:
        scope: the events.
        condition: a condition; of parts joined with `and`, those like `timestamp >=` are left out.

    Returns:
        The condition, or None if nothing is left.
    """
    if condition is None or condition.parsed is None or TIME not in condition.fields:
        return condition
    parsed = condition.parsed
    root = parsed.tree
    while isinstance(root, exp.Paren):
        root = root.this
    parts = flatten_chain(root) if isinstance(root, exp.And) else [root]
    time = f"n{parsed.columns.index(TIME)}"
    kept = []
    for part in parts:
        if _is_start(part, time):
            continue
        if isinstance(part, exp.Between) and _is_column(part.this, time):
            part = exp.LTE(this=part.this, expression=part.args["high"])
        kept.append(part)
    if not kept:
        return None
    return all_of([scope.condition(_text(condition, part)) for part in kept])


def _is_start(part: exp.Expression, name: str) -> bool:
    """Return whether a part is `column > value`, or `value < column`, with or without `=`."""
    if isinstance(part, _LATER):
        return _is_column(part.this, name) and isinstance(part.expression, exp.Literal)
    return (
        isinstance(part, _EARLIER)
        and _is_column(part.expression, name)
        and isinstance(part.this, exp.Literal)
    )


def _is_column(part: Any, name: str) -> bool:
    return isinstance(part, exp.Column) and part.name == name


def _text(condition: Condition, part: exp.Expression) -> str:
    """Write a part of a parsed condition as text, with names and values in place of its placeholders."""
    parsed = condition.parsed
    assert parsed is not None
    calls = {call.name for call in condition.calls}
    copy = part.copy()
    for node in list(copy.walk()):
        if isinstance(node, exp.Identifier):
            name = parsed.columns[int(node.this[1:])]
            node.replace(exp.Var(this=name if name in calls else quote_name(name)))
        elif isinstance(node, exp.Literal) and node.is_string:
            node.replace(exp.Var(this=quote_string(parsed.strings[int(node.this[1:])])))
        elif isinstance(node, exp.Anonymous):
            node.set("this", parsed.functions[int(str(node.this)[1:])])
    return str(copy.sql(dialect="duckdb"))
