"""Functions of conditions that look at other rows of the same trace: any, none, root, parent, linked.

    any(error and http.route = '/pay')     true on every row of a trace in which one row is such
    root(http.route)                       the field of the trace's only root
    parent(service.name)                   the field of the parent; for a log record, that of its span
    linked(service.name)                   list of the field's values on spans that links connect, either way

A call is a column computed over the whole dataset, whatever the rows of a question; its name is its text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset import Dataset
from obskit.engine.field_names import Names
from obskit.engine.tokens import Token, render
from obskit.errors import ConditionError

if TYPE_CHECKING:
    from obskit.engine.condition import Condition

ACROSS = ("any", "none", "root", "parent", "linked")
MOST_NESTED = 3
_EXAMPLES = {
    "any": "any(error and http.route = '/pay')",
    "none": "none(kind = 'consumer')",
    "root": "root(http.route) = '/book'",
    "parent": "parent(service.name) = 'gateway'",
    "linked": "linked(service.name) = 'checkout'",
}


@dataclass(frozen=True)
class AcrossCall:
    """A call such as any(error).

    Attributes:
        name: its canonical text, which is also the name of its column.
        function: one of `ACROSS`.
        field: the field, for root, parent and linked.
        condition: the condition, for any and none.
        type: of its values.
    """

    name: str
    function: str
    field: str | None
    condition: Condition | None
    type: pa.DataType


def read_call(
    tokens: Sequence[Token],
    at: int,
    schema: pa.Schema,
    names: Names,
    nested: int,
    parse: Callable[[str], Condition],
) -> tuple[AcrossCall, int, tuple[str, ...]]:
    """Parse a call.

    Args:
        tokens: of the whole text.
        at: where the name of the function is.
        schema: the fields.
        names: their names.
        nested: how many calls this one is in.
        parse: parses the condition inside any or none.

    Returns:
        The call, the position after its closing parenthesis, and notes about old names.

    Raises:
        ConditionError: the events have no traces, or the argument is missing, is not a field, or is nested
            too deeply.
        UnknownField: there is no such field.
    """
    function = tokens[at].value
    hint = f"for example: {_EXAMPLES[function]}"
    if "trace_id" not in schema.names:
        raise ConditionError(
            f"{function}() looks at the other rows of a trace, but the events have no trace_id",
            hint="if a column of another name holds it, load with mapping= (--mapping FILE.json)",
        )
    end = _closing(tokens, at + 1)
    inner = tokens[at + 2 : end]
    if not inner:
        needs = "a condition" if function in ("any", "none") else "a field"
        raise ConditionError(f"{function}() needs {needs}", hint=hint)
    if function in ("any", "none"):
        if nested >= MOST_NESTED:
            raise ConditionError(
                f"any and none are nested more than {MOST_NESTED} deep",
                hint="derive a field for the inner ones",
            )
        condition = parse(render(inner))
        name = f"{function}({condition.text})"
        return AcrossCall(name, function, None, condition, pa.bool_()), end + 1, condition.notes
    if len(inner) != 1 or inner[0].kind not in ("name", "quoted"):
        raise ConditionError(f"{function}() needs one field, got {render(inner)}", hint=hint)
    field, note = names.resolve(inner[0])
    kind = schema.field(field).type
    if function == "linked":
        if pa.types.is_nested(kind):
            raise ConditionError(
                f"linked() needs a field with one value per row, but {field} is a list or structure",
                hint=hint,
            )
        kind = pa.list_(kind)
    name = f"{function}({render([Token('name', field, 0, 0)])})"
    return AcrossCall(name, function, field, None, kind), end + 1, (note,) if note else ()


def _closing(tokens: Sequence[Token], opening: int) -> int:
    """Return where the parenthesis is closed that is open at a position."""
    depth = 0
    for at in range(opening, len(tokens)):
        if tokens[at].kind == "symbol":
            depth += (tokens[at].value == "(") - (tokens[at].value == ")")
            if depth == 0:
                return at
    raise ConditionError(
        f"the parenthesis after {tokens[opening - 1].value} is never closed", hint="close it with )"
    )


def check_names(names: Sequence[str]) -> None:
    """Check that no two calls differ only in case, for DuckDB's names of columns ignore it.

    Args:
        names: of the computed fields of one question.

    Raises:
        ConditionError: two of them do.
    """
    lowered: dict[str, str] = {}
    for name in names:
        other = lowered.setdefault(name.lower(), name)
        if other != name:
            raise ConditionError(
                f"{other} and {name} differ only in case, and cannot be used in one question",
                hint="write lower(FIELD) in one of them, with the value in lower case",
            )


def spread_over_traces(dataset: Dataset, true: npt.NDArray[np.bool_], *, negated: bool) -> pa.Array:
    """Return for each row whether one row of its trace is true (or none is); null without a trace.

    Args:
        dataset: the events.
        true: for each row, whether the condition holds.
        negated: whether to return that none is.

    Returns:
        One value per row.
    """
    trace = dataset.forest.trace
    some = np.bincount(trace[true], minlength=dataset.forest.traces + 1) > 0
    values = some[trace] != negated
    return pa.array(values, mask=trace == 0)


def related(dataset: Dataset, function: str, column: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return the values of a field on each row's root, parent or linked spans.

    Args:
        dataset: the events.
        function: "root", "parent" or "linked".
        column: the field's value on each row.

    Returns:
        One value per row; null where there is no such span. For "linked" a list, null without links.
    """
    forest = dataset.forest
    if function == "linked":
        return _linked(dataset, column)
    row = forest.roots[forest.trace] if function == "root" else forest.parent
    return column.take(pa.array(row, mask=row < 0))


def _linked(dataset: Dataset, column: pa.ChunkedArray) -> pa.Array:
    links = dataset.links
    here = np.concatenate([links.source, links.target])
    there = np.concatenate([links.target, links.source])
    pairs = np.unique(here * np.int64(max(1, dataset.rows)) + there)
    here, there = pairs // max(1, dataset.rows), pairs % max(1, dataset.rows)
    values: Any = column.take(pa.array(there))
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    values = pa.concat_arrays(values.chunks) if isinstance(values, pa.ChunkedArray) else values
    known = pc.is_valid(values).to_numpy(zero_copy_only=False)
    values, here = values.filter(pa.array(known)), here[known]
    count = np.bincount(here, minlength=dataset.rows)
    offsets = np.concatenate([[0], np.cumsum(count)])
    if offsets[-1] >= 2**31:
        raise ConditionError("the links are too many for one list column", hint="narrow the events first")
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), values, mask=pa.array(count == 0))
