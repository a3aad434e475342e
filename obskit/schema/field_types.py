"""The names and types of all fields of a load: unique regardless of case, and the type that holds all values.

Rows that were normalized apart have fields of their own; `absorb` settles the names and types of all of them
as if they had been normalized together. Example: `size` is int in one file and float in the next, so it is
float in both; `Size` of a third file is called `Size~2`.
"""

from __future__ import annotations

import base64
from typing import Any

import pyarrow as pa

from obskit.names import COLUMNS, type_word
from obskit.schema.contributions import final_type
from obskit.schema.report import LoadReport
from obskit.schema.types import TIMESTAMP, TYPES, convert, unify, word
from obskit.text import safe


class FieldTypes:
    """The fields seen so far.

    Args:
        report: counts values that get another type, and receives notes about names.
        apart: whether other rows of the same load are normalized elsewhere; names are then noted by the one
            who absorbs these fields.
    """

    def __init__(self, report: LoadReport, *, apart: bool = False) -> None:
        self._report, self._apart = report, apart
        self._types: dict[str, pa.DataType] = {"timestamp": TIMESTAMP, "error": pa.bool_()}
        self._seen: dict[str, dict[str, int]] = {}
        self._unique: dict[str, str] = {}
        self._folded: set[str] = set()
        self._parsed: dict[str, tuple[str, dict[str, int]]] = {}
        for name in COLUMNS:  # obskit's columns keep their names, whatever comes first
            self.unique_name(name)

    def __len__(self) -> int:
        return len(self._types)

    @property
    def schema(self) -> pa.Schema:
        """Schema of all events so far: obskit's columns first, then the others by name."""
        return _ordered({name: final_type(kind) for name, kind in self._types.items()})

    @property
    def known(self) -> pa.Schema:
        """The same without fields that have no value in any row."""
        some = {name: kind for name, kind in self._types.items() if not pa.types.is_null(kind)}
        return _ordered({name: final_type(kind) for name, kind in some.items()})

    def unique_name(self, name: str) -> str:
        """Return the name with control characters escaped; name~2 if another one differs only in case."""
        if name in self._unique:
            return self._unique[name]
        unique = shown = safe(name)  # a name that cannot be shown cannot be typed into a condition either
        number = 1
        while unique.casefold() in self._folded:
            number += 1
            unique = f"{shown}~{number}"
        if number > 1:
            self._note(f"{shown} differs from another field only in case: it is called {unique}")
        if shown != name:
            self._note(f"control characters in the name of a field are escaped: it is called {unique}")
        self._folded.add(unique.casefold())
        self._unique[name] = unique
        return unique

    def _note(self, text: str) -> None:
        if not self._apart:
            self._report.note(text)

    def unify(self, unique: str, name: str, values: pa.Array, mixed: dict[str, int]) -> pa.Array:
        """Convert values to the type that holds all of the field's values so far.

        Args:
            unique: what the field is called.
            name: its name in the source.
            values: of a batch.
            mixed: type in the source -> number of values, for values that had several types.

        Returns:
            The values in their new type.
        """
        known = type_word(name)
        if known is not None:
            self._types[unique] = TYPES[known]
            return convert(values, TYPES[known])
        kind = self._widen(unique, values.type)
        seen = self._seen.setdefault(unique, {})
        own = word(values.type)
        present = len(values) - values.null_count - sum(mixed.values())
        for type_name, count in ((own, present), *mixed.items()):
            if count:
                seen[type_name] = seen.get(type_name, 0) + count
        self._count_mixed(unique)
        return convert(values, kind)

    def _widen(self, unique: str, kind: pa.DataType) -> pa.DataType:
        before = self._types.get(unique)
        self._types[unique] = kind if before is None else unify(before, kind)
        return self._types[unique]

    def _count_mixed(self, unique: str) -> None:
        seen = self._seen[unique]
        others = sum(count for type_name, count in seen.items() if type_name != "string")
        if others and pa.types.is_string(self._types[unique]):
            self._report.retyped[unique] = (", ".join(sorted(seen)), "string", others)

    def count_retyped(self, target: str, kind: str, rows: int, after: str) -> None:
        """Count values of a field of known type that had another one.

        Args:
            target: the field.
            kind: the type in the source.
            rows: how many values were converted.
            after: the field's type.
        """
        _, seen = self._parsed.setdefault(target, (after, {}))
        seen[kind] = seen.get(kind, 0) + rows
        if total := sum(seen.values()):
            self._report.retyped[target] = (", ".join(sorted(seen)), after, total)

    def to_state(self) -> dict[str, Any]:
        """Return the fields as JSON-safe values, which `absorb` reads."""
        types = pa.schema(list(self._types.items()))
        return {
            "types": base64.b64encode(types.serialize().to_pybytes()).decode(),
            "seen": self._seen,
            "parsed": self._parsed,
            "names": list(self._unique.items()),
        }

    def absorb(self, state: dict[str, Any]) -> dict[str, str]:
        """Add the fields of rows that were normalized apart, and that come after all others so far.

        Args:
            state: what `to_state` returned for them.

        Returns:
            Name of a field there -> what it is called here, for fields whose names differ.
        """
        renamed = {}
        for name, there in state["names"]:
            here = self.unique_name(name)
            if here != there:
                renamed[there] = here
        for field in pa.ipc.read_schema(pa.py_buffer(base64.b64decode(state["types"]))):
            self._widen(renamed.get(field.name, field.name), field.type)
        for there, counts in state["seen"].items():
            here = renamed.get(there, there)
            seen = self._seen.setdefault(here, {})
            for kind, count in counts.items():
                seen[kind] = seen.get(kind, 0) + count
            self._count_mixed(here)
        for target, (after, counts) in state["parsed"].items():
            for kind, count in counts.items():
                self.count_retyped(target, kind, count, after)
        return renamed


def _ordered(types: dict[str, pa.DataType]) -> pa.Schema:
    names = [name for name in COLUMNS if name in types] + sorted(types.keys() - COLUMNS.keys())
    return pa.schema([(name, types[name]) for name in names])
