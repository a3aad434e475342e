"""The fields of a scope that are not stored: derived ones, those of whole traces, and calls across rows."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pyarrow as pa

from obskit.engine.across import ACROSS, AcrossCall, related, spread_over_traces
from obskit.engine.condition import Expression, parse_expression
from obskit.engine.field_names import unknown_field
from obskit.engine.trace_fields import trace_column

if TYPE_CHECKING:
    from obskit.engine.scope import Scope


class ComputedFields:
    """Knows the types of computed fields, and computes their columns.

    Args:
        scope: the scope; its `where` does not matter.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._calls: dict[str, AcrossCall | None] = {}

    @cached_property
    def derived(self) -> tuple[tuple[pa.Field, Expression], ...]:
        """The derived fields with their expressions; a later one may use an earlier one."""
        scope = self._scope
        schema = pa.schema([*scope.dataset.schema, *scope.trace_fields])
        out = []
        for name, text in scope.derived:
            read = parse_expression(text, schema, newest=scope.newest, across=not scope.sampled)
            kinds = {call.name: call.type for call in read.calls}
            fields = [pa.field(n, kinds[n]) if n in kinds else schema.field(n) for n in read.fields]
            row = pa.schema(fields or [pa.field("obskit", pa.bool_())])
            value = read.to_ibis(ibis.table(ibis.Schema.from_pyarrow(row), name="events"))
            made = pa.field(name, value.type().to_pyarrow())
            schema = schema.append(made)
            self._calls |= {call.name: call for call in read.calls}
            out.append((made, read))
        return tuple(out)

    @cached_property
    def _taken(self) -> frozenset[str]:
        return frozenset((*self._scope.dataset.schema.names, *(name for name, _ in self._scope.derived)))

    def _needed(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return the derived fields that a call may use: those up to the last one that it mentions."""
        call = self.call(name)
        if call is None:
            return ()
        condition = call.condition
        used = {call.field} if condition is None else condition.fields
        inner = [] if condition is None else [self._needed(each.name) for each in condition.calls]
        last = [at + 1 for at, (each, _) in enumerate(self._scope.derived) if each in used]
        return self._scope.derived[: max([*last, *map(len, inner)], default=0)]

    def version(self, name: str) -> str:
        """Return what tells columns of one name apart: the derived fields that they may depend on."""
        return "\0".join(part for pair in self._needed(name) for part in pair)

    def call(self, text: str) -> AcrossCall | None:
        """Return the call that a text is; None if it is a field or anything else."""
        scope = self._scope
        found = self._calls.get(text)
        if found is not None:
            return found
        word = text.partition("(")[0].strip().lower()
        if word not in ACROSS or "(" not in text or scope.sampled or text in self._taken:
            return None
        if text not in self._calls:
            read = scope.expression(text)
            whole = len(read.calls) == 1 and read.text == read.calls[0].name
            self._calls[text] = read.calls[0] if whole else None
        return self._calls[text]

    def type_of(self, name: str) -> pa.DataType | None:
        """Return the type of a computed field; None for a stored or derived one."""
        if name in self._taken:
            return None
        if name in self._scope.trace_fields.names:
            return self._scope.trace_fields.field(name).type
        call = self.call(name)
        return None if call is None else call.type

    def column(self, name: str) -> pa.Array | pa.ChunkedArray:
        """Return a computed field for every row of the dataset, in order.

        Args:
            name: a field of whole traces, or a call across rows.

        Returns:
            The values.

        Raises:
            UnknownField: it is neither.
        """
        scope = self._scope
        if name in scope.trace_fields.names:
            return trace_column(scope.dataset, name)
        call = self.call(name)
        if call is None:
            raise unknown_field(name, scope.names.names)
        # Without the later derived fields, one of which may use this call.
        scope = dataclasses.replace(scope, where=None, derived=self._needed(name))
        if call.condition is not None:
            masks = scope.masks(call.condition)
            true = np.concatenate([np.zeros(0, bool), *(mask.true for mask in masks)])
            return spread_over_traces(scope.dataset, true, negated=call.function == "none")
        field = call.field or ""
        if field in scope.dataset.schema.names:
            column = scope.dataset.arrow([field]).column(0)
        else:
            column = scope.run(scope.all_rows((field,)).select(field)).table.column(0)
        return related(scope.dataset, call.function, column)
