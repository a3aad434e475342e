"""What all results of this room say of themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from obskit.engine import Scope


def dataset_of(scope: Scope) -> dict[str, Any]:
    """Return the rows and the fingerprint that a result carries."""
    return {"rows": scope.dataset.rows, "fingerprint": scope.dataset.fingerprint}


def call(verb: str, *given: Any, scope: Scope, **named: Any) -> str:
    """Write the call that gives a result again, from `events`: only what was said."""
    parts = [repr(value) for value in given]
    parts += [f"{name}={value!r}" for name, value in named.items() if value not in (None, (), [], {}, False)]
    derived = f".derive(**{dict(scope.derived)!r})" if scope.derived else ""
    where = f".where({scope.where.text!r})" if scope.where is not None else ""
    return f"events{derived}{where}.{verb}({', '.join(parts)})"


def statements(scope: Scope, sql: Iterable[str]) -> str:
    """Join the statements of a result, with what their table is."""
    texts = [text for text in sql if text]
    return ";\n\n".join([scope.sql_note + "\n" + texts[0], *texts[1:]]) if texts else ""


def merged(*notes: Iterable[str]) -> tuple[str, ...]:
    """Return notes in order, each once."""
    return tuple(dict.fromkeys(note for some in notes for note in some))
