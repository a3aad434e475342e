"""Values of a check's entry in the file, each with the type that it must have.

Whatever is not known is an error, so that a misspelled bound is not silently no bound.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from obskit.engine import parse_span
from obskit.errors import ConditionError, InvalidArgument
from obskit.names import nearest


class Options:
    """The entry of one check.

    Args:
        kind: the name of its table, such as "objective".
        given: its keys and values.
        where: the file, for errors.
    """

    def __init__(self, kind: str, given: Any, where: str) -> None:
        if not isinstance(given, Mapping):
            raise InvalidArgument(
                f"{where}: {kind} must be a table", hint=f"begin each check with [[{kind}]]"
            )
        self.kind, self.given, self.where = kind, given, where
        name = given.get("name")
        if not isinstance(name, str) or not name.strip():
            raise InvalidArgument(
                f"{where}: a check of the kind {kind} has no name", hint='name = "book answers"'
            )
        self.name = name

    def error(self, message: str, hint: str) -> InvalidArgument:
        """Return an error about this check."""
        return InvalidArgument(f"{self.where}: {self.kind} {self.name!r}: {message}", hint=hint)

    def only(self, known: Iterable[str]) -> None:
        """Raise InvalidArgument if there is a key that is not known."""
        names = ["name", *known]
        for key in self.given:
            if key not in names:
                near = nearest(str(key), names, n=2)
                hint = f"did you mean {' or '.join(near)}?" if near else f"the keys are {', '.join(names)}"
                raise self.error(f"there is no key {key!r}", hint)

    def text(self, key: str, default: str | None = None, *, needed: bool = False) -> str | None:
        """Return a text."""
        found = self.given.get(key, default)
        if found is None and not needed:
            return None
        if not isinstance(found, str) or not found.strip():
            raise self.error(f"{key} must be text, got {found!r}", f'{key} = "..."')
        return found

    def number(self, key: str, default: float | None = None) -> float | None:
        """Return a finite number."""
        found = self.given.get(key, default)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not math.isfinite(found):
            raise self.error(f"{key} must be a number, got {found!r}", f"{key} = 20")
        return float(found)

    def share(self, key: str) -> float:
        """Return a number above 0 and below 1."""
        found = self.number(key)
        if found is None or not 0 < found < 1:
            raise self.error(
                f"{key} must be above 0 and below 1, got {self.given.get(key)!r}", f"{key} = 0.995"
            )
        return found

    def length(self, key: str, default: str | None = None) -> timedelta | None:
        """Return a length of time."""
        found = self.text(key, default)
        if found is None:
            return None
        try:
            length = parse_span(found)
        except ConditionError as error:
            raise self.error(f"{key} must be a length of time, got {found!r}", f'{key} = "30d"') from error
        if length <= timedelta(0):
            raise self.error(f"{key} must be longer than 0, got {found!r}", f'{key} = "30d"')
        return length

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; one text is a list of one."""
        found = self.given.get(key, ())
        found = [found] if isinstance(found, str) else found
        if not isinstance(found, (list, tuple)) or not all(isinstance(one, str) and one for one in found):
            raise self.error(f"{key} must be a list of fields, got {found!r}", f'{key} = ["http.route"]')
        return tuple(found)

    def choice(self, key: str, among: tuple[str, ...]) -> str:
        """Return one of several texts; the first is the default."""
        found = self.text(key, among[0])
        if found not in among:
            raise self.error(
                f"{key} must be one of {', '.join(among)}, got {found!r}", f'{key} = "{among[0]}"'
            )
        return str(found)
