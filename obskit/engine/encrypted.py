"""Conditions on encrypted fields: written with the readable values, run on the stored ones.

A comparison such as `user.email = 'ada@example.org'` is evaluated, in memory, over the distinct values of the
field after decryption. What runs on the files, and what stands in queries and pins, is a list of the stored
values that it selects: `user.email in ('enc:1:...')`. Such a condition means the same when it is read again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import duckdb
import ibis
import pyarrow as pa
from sqlglot import exp

from obskit.encryption import PREFIX, SubjectKeys, is_encrypted
from obskit.engine.statement import to_sql
from obskit.engine.tree import flatten_chain
from obskit.engine.walk import Parsed, Walker
from obskit.errors import ConditionError, InvalidArgument, LimitExceeded

if TYPE_CHECKING:
    from obskit.engine.across import AcrossCall
    from obskit.engine.condition import Condition, Expression
    from obskit.engine.scope import Scope

MOST_VALUES = 1_000_000
MOST_SELECTED = 2_000
_STORED = "stored"


class Decryption:
    """Reads encrypted values of one load, in memory only.

    Args:
        keys: the keys of all subjects.

    Raises:
        InvalidArgument: `keys` is something else.
    """

    def __init__(self, keys: SubjectKeys) -> None:
        if not isinstance(keys, SubjectKeys):
            raise InvalidArgument(
                f"keys must be ok.SubjectKeys, got {type(keys).__name__}",
                hint='keys=ok.SubjectKeys(FOLDER, master="env:OBSKIT_MASTER_KEY")',
            )
        self.keys = keys
        self._known: dict[tuple[str, str], tuple[list[str], list[str | None]] | None] = {}

    def table(self, table: pa.Table) -> pa.Table:
        """Return a table with its encrypted texts readable; those whose key was deleted stay as they are."""
        for at, field in enumerate(table.schema):
            if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
                column = table.column(at)
                values = column.unique().to_pylist()
                clear = {value: self.value(value) for value in values if is_encrypted(value)}
                if clear:
                    read = [clear.get(value, value) for value in column.to_pylist()]
                    table = table.set_column(at, field, pa.array(read, field.type))
        return table

    def value(self, value: str) -> str:
        """Return a readable value; an encrypted one whose key was deleted is returned as it is."""
        found = self._decrypted(value)
        return value if found is None else found

    def _decrypted(self, value: str) -> str | None:
        found = self.keys.decrypt(value)
        # Arrow has no half of a surrogate pair, which a value can hold.
        return None if found is None else found.encode("utf-8", "replace").decode()

    def condition(self, scope: Scope, condition: Condition, parse: Callable[[str], Condition]) -> Condition:
        """Return the condition on stored values that selects what `condition` selects on readable ones.

        Args:
            scope: the events.
            condition: as it was written.
            parse: parses the text of a condition.

        Returns:
            The same condition if it names no encrypted field.

        Raises:
            ConditionError: it compares an encrypted field with another field, or looks at encrypted fields of
                other spans.
            LimitExceeded: the field has too many values, or too many of them are selected.
        """
        encrypted = {name for name in condition.fields if self._values(scope, name) is not None}
        elsewhere = {name for call in condition.calls for name in _fields_of(call)}
        if any(self._values(scope, name) is not None for name in elsewhere):
            raise ConditionError(
                f"{condition.text} looks at an encrypted field of other spans",
                hint="select the spans with the field first, and compare their traces",
            )
        if not encrypted or condition.parsed is None:
            return condition
        parsed = condition.parsed
        tree = self._replaced(scope, parsed, parsed.tree.copy(), encrypted)
        return parse(_named(parsed, tree).sql(dialect="duckdb"))

    def check_expression(self, scope: Scope, expression: Expression, *, alone: bool) -> None:
        """Check that no value is computed from stored ones, which say nothing.

        Args:
            scope: the events.
            expression: the value.
            alone: whether an encrypted field by itself is fine, because equal values stay equal.

        Raises:
            ConditionError: it computes with an encrypted field.
        """
        if alone and expression.parsed is not None and isinstance(expression.parsed.tree, exp.Column):
            return
        used = expression.fields.union(*map(_fields_of, expression.calls))
        encrypted = sorted(name for name in used if self._values(scope, name) is not None)
        if encrypted:
            raise ConditionError(
                f"{expression.text} computes with {encrypted[0]}, which is encrypted",
                hint="use it in where(), in by= and in count_distinct(); .to_pandas() decrypts it",
            )

    def _values(self, scope: Scope, name: str) -> tuple[list[str], list[str | None]] | None:
        """Return the stored and the readable values of a field; None if none of them is encrypted."""
        if name not in scope.dataset.schema.names or not _is_text(scope.dataset.schema.field(name).type):
            return None
        key = (scope.dataset.fingerprint, name)
        if key not in self._known:
            self._known[key] = self._read(scope, name)
        return self._known[key]

    def _read(self, scope: Scope, name: str) -> tuple[list[str], list[str | None]] | None:
        table = scope.engine.table().select(value=lambda t: t[name])
        found = scope.engine.run(
            scope.engine.compile(table.aggregate(any=table.value.startswith(PREFIX).any()))
        )
        if not found.column(0)[0].as_py():
            return None
        distinct = table.filter(table.value.notnull()).distinct().limit(MOST_VALUES + 1)
        stored = scope.engine.run(scope.engine.compile(distinct)).column(0).to_pylist()
        if len(stored) > MOST_VALUES:
            raise LimitExceeded(
                f"the encrypted field {name} has more than {MOST_VALUES:,} values",
                hint="load a shorter window of time: ok.load(..., between=...)",
            )
        return stored, [self._decrypted(value) if is_encrypted(value) else value for value in stored]

    def _replaced(
        self, scope: Scope, parsed: Parsed, node: exp.Expression, encrypted: set[str]
    ) -> exp.Expression:
        """Return the tree with each comparison of an encrypted field replaced by a list of stored values."""
        if isinstance(node, exp.Paren):
            return exp.Paren(this=self._replaced(scope, parsed, node.this, encrypted))
        if isinstance(node, exp.Not):
            return exp.Not(this=exp.Paren(this=self._replaced(scope, parsed, node.this, encrypted)))
        if isinstance(node, exp.And | exp.Or):
            parts = [
                exp.Paren(this=self._replaced(scope, parsed, part, encrypted)) for part in flatten_chain(node)
            ]
            out: exp.Expression = parts[0]
            for part in parts[1:]:
                out = type(node)(this=out, expression=part)
            return out
        used = {parsed.columns[int(column.name[1:])] for column in node.find_all(exp.Column)}
        named = used & encrypted
        if not named:
            return node
        if len(used) > 1:
            raise ConditionError(
                f"the encrypted field {min(named)} can be compared with values, not with other fields",
                hint=f"write one such as {min(named)} = 'value'",
            )
        texts = [parsed.strings[int(part.this[1:])] for part in node.find_all(exp.Literal) if part.is_string]
        stored = [text for text in texts if text.startswith(PREFIX)]
        if stored and len(stored) < len(texts):
            raise ConditionError(
                f"the encrypted field {min(named)} is compared with readable and with encrypted values",
                hint="write a condition for each, and join them with `or`",
            )
        if stored:  # from a query, a finding or a result
            return node
        return self._selected(scope, parsed, node, named.pop())

    def _selected(self, scope: Scope, parsed: Parsed, node: exp.Expression, name: str) -> exp.Expression:
        stored, readable = self._values(scope, name) or ([], [])
        memory = pa.table({name: pa.array([*readable, None], pa.string())})
        leaf = Parsed(node, parsed.columns, parsed.strings, parsed.functions, parsed.newest)
        table = ibis.table(ibis.Schema.from_pyarrow(memory.schema), name="readable")
        with duckdb.connect(":memory:", config={"temp_directory": ""}) as connection:
            connection.register("readable", memory)
            sql = to_sql(table.select(chosen=Walker(leaf, table).boolean()))
            found = connection.sql(sql).to_arrow_table().column(0)
        chosen = found.to_pylist()
        selected = [value for value, keep in zip(stored, chosen, strict=False) if keep]
        if len(selected) > MOST_SELECTED:
            raise LimitExceeded(
                f"the condition selects {len(selected):,} values of the encrypted field {name}, at most "
                f"{MOST_SELECTED:,} can be",
                hint="narrow it, or decrypt the answer: .to_pandas()",
            )
        column = next(node.find_all(exp.Column)).copy()
        out: exp.Expression = exp.In(this=column, expressions=[_stored(v) for v in selected or [PREFIX]])
        if chosen[-1]:
            out = exp.Or(
                this=exp.Paren(this=out), expression=exp.Is(this=column.copy(), expression=exp.Null())
            )
        return exp.Paren(this=out)


def _stored(value: str) -> exp.Expression:
    """Return a text that `_named` leaves as it is."""
    literal = exp.Literal.string(value)
    literal.meta[_STORED] = True
    return literal


def _fields_of(call: AcrossCall) -> set[str]:
    fields = set() if call.field is None else {call.field}
    return fields if call.condition is None else fields | call.condition.fields


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind))


def _named(parsed: Parsed, tree: exp.Expression) -> exp.Expression:
    """Return a tree with names and texts in place of their numbers."""
    for node in list(tree.walk()):
        if isinstance(node, exp.Column):
            node.set("this", exp.to_identifier(parsed.columns[int(node.name[1:])], quoted=True))
        elif isinstance(node, exp.Literal) and node.is_string and not node.meta.get(_STORED):
            node.set("this", parsed.strings[int(node.this[1:])])
        elif isinstance(node, exp.Anonymous):
            node.set("this", parsed.functions[int(str(node.this)[1:])])
    return tree
