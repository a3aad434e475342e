"""The parts that all results have: the call, the statements, the dataset and the notes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from obskit.engine import TRACED_VIEW, Scope


def dataset_of(scope: Scope) -> dict[str, Any]:
    """Return the row count and the fingerprint of the dataset."""
    return {"rows": scope.dataset.rows, "fingerprint": scope.dataset.fingerprint}


def format_call(verb: str, *given: Any, scope: Scope, **named: Any) -> str:
    """Write the call that reproduces a result, such as `events.where('error').sample(5)`.

    Args:
        verb: the method of `Events`.
        *given: its positional arguments.
        scope: the scope; its derived fields and its condition come first.
        **named: its keyword arguments; those that are None, False, 0 or empty are left out.

    Returns:
        Python code.
    """
    parts = [repr(value) for value in given]
    parts += [f"{name}={value!r}" for name, value in named.items() if value not in (None, (), [], {}, False)]
    derived = f".derive(**{dict(scope.derived)!r})" if scope.derived else ""
    where = f".where({scope.where.text!r})" if scope.where is not None else ""
    return f"events{scope.made_by}{derived}{where}.{verb}({', '.join(parts)})"


def join_statements(scope: Scope, sql: Iterable[str]) -> str:
    """Join the statements of a result, with a comment about the table they read."""
    texts = [text for text in sql if text]
    if not texts:
        return ""
    note = scope.sql_note
    if any(TRACED_VIEW in text for text in texts):
        note += f"\n-- {TRACED_VIEW}: events and the fields that obskit computes from whole traces"
    return ";\n\n".join([note + "\n" + texts[0], *texts[1:]])


def merge_notes(*notes: Iterable[str]) -> tuple[str, ...]:
    """Return all notes in order, without repetitions."""
    return tuple(dict.fromkeys(note for some in notes for note in some))
