"""Find the field that a name in a condition means, and suggest the nearest names if there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from obskit.engine.tokens import KnownNames, Token, quote_string
from obskit.errors import UnknownField
from obskit.names import FLAT_USUAL, RENAMED, nearest
from obskit.text import safe


class Names:
    """The names that a condition may use: the fields of a schema in any case, and names that loading renames.

    Args:
        schema: the fields.
        verbatim: columns that match as they are written, such as `p99(duration_ms)`.
    """

    def __init__(self, schema: pa.Schema, verbatim: Iterable[str] = ()) -> None:
        self.names = list(schema.names)
        self._by_lower = {name.lower(): name for name in self.names}
        self._renamed = {
            old.lower(): self._by_lower[new.lower()]
            for old, new in (RENAMED | FLAT_USUAL).items()
            if new.lower() in self._by_lower and old.lower() not in self._by_lower
        }
        self.known = KnownNames([*self._by_lower, *self._renamed], verbatim)

    def resolve(self, token: Token) -> tuple[str, str | None]:
        """Return the field that a token names.

        Args:
            token: a name, quoted or not.

        Returns:
            The field, and a note if the token is its old name, or the name that it had in the source.

        Raises:
            UnknownField: no field has the name.
        """
        field = self.find(token.value)
        if field is None:
            raise unknown_field(token.value, self.names, quoted=token.kind == "quoted")
        old = token.value.lower() not in self._by_lower and safe(token.value).lower() not in self._by_lower
        return field, f"{token.value} is now called {field}" if old else None

    def find(self, name: str) -> str | None:
        """Return the field with a name (in any case, or its old name); None if there is none."""
        for low in (name.lower(), safe(name).lower()):  # names are escaped when events are loaded
            found: str | None = self._by_lower.get(low, self._renamed.get(low))
            if found is not None:
                return found
        return None


def unknown_field(
    name: str, names: Sequence[str], *, quoted: bool = False, alone: bool = False
) -> UnknownField:
    """Return the error for a name that no field has; it suggests the nearest names.

    Args:
        name: the name as it was written.
        names: the fields that exist.
        quoted: whether the name was in double quotes.
        alone: whether only a name was expected, so that it cannot be a value without its quotes.

    Returns:
        The error, to be raised.
    """
    near = nearest(name[:300], names)
    shown = name if len(name) <= 80 else name[:77] + "..."
    hints = [f"the nearest fields are {', '.join(near)}"] if near else []
    if alone:
        hints = hints or ["events.fields() lists the fields"]
    elif quoted:
        hints.append(
            f"double quotes are for field names; put a value in single quotes: {quote_string(shown)}"
        )
    else:
        hints.append(f"if it is a value, put it in single quotes: {quote_string(shown)}")
    return UnknownField(f"no field is called {shown!r}", hint=safe("; ".join(hints)))
