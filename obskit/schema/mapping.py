"""What a caller says about columns that are not called as ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from obskit.errors import InvalidArgument, ReadError
from obskit.names import current, nearest
from obskit.schema.parse import UNITS_PER_SECOND
from obskit.schema.types import to_text

_KEYS = {"from", "unit", "null"}


@dataclass(frozen=True)
class Source:
    """Where a column of the event comes from: the source's name, its unit of time, values meaning null."""

    name: str
    unit: str | None
    null: tuple[Any, ...]

    def cleared(self, values: pa.Array) -> pa.Array:
        """Return the values with those that mean null as nulls."""
        if not self.null or pa.types.is_null(values.type) or pa.types.is_nested(values.type):
            return values
        texts = to_text(values)
        means_null = pc.is_in(texts, pa.array([str(value) for value in self.null]))
        return pc.if_else(means_null, pa.scalar(None, values.type), values)

    def scaled(self, target: str, values: pa.Array) -> pa.Array:
        """Return durations in milliseconds whatever their unit."""
        if target != "duration_ms" or self.unit is None or self.unit == "ms":
            return values
        return milliseconds(values, 1_000 / UNITS_PER_SECOND[self.unit])


def milliseconds(values: pa.Array, factor: float) -> pa.Array:
    """Return durations in milliseconds, `factor` of which are one of their unit."""
    # 318316 / 1000 is the float nearest to 318.316; 318316 * 0.001 is not.
    return pc.divide(values, float(round(1 / factor))) if factor < 1 else pc.multiply(values, factor)


def read_mapping(mapping: Mapping[str, Any] | None) -> dict[str, list[tuple[str, Source]]]:
    """Return source column -> [(column of the event, how to read it)].

    Args:
        mapping: column of the event -> name of the source column, or a dict of "from" (the name), "unit"
            ("s", "ms", "us", "ns"; for `timestamp` and `duration_ms`) and "null" (values that mean null).

    Raises:
        InvalidArgument: a key or unit that means nothing, or no source column.
    """
    out: dict[str, list[tuple[str, Source]]] = {}
    for target, given in (mapping or {}).items():
        item = {"from": given} if isinstance(given, str) else given
        if not isinstance(item, Mapping) or not isinstance(item.get("from"), str) or set(item) - _KEYS:
            raise InvalidArgument(
                f"the mapping of '{target}' cannot be read: {given!r}",
                hint='write a column\'s name, or {"from": name, "unit": "s|ms|us|ns", "null": [values]}',
            )
        unit, null = item.get("unit"), item.get("null", ())
        if unit is not None and (unit not in UNITS_PER_SECOND or target not in ("timestamp", "duration_ms")):
            raise InvalidArgument(
                f"the mapping of '{target}' has the unit {unit!r}",
                hint="units are s, ms, us or ns, and only timestamp and duration_ms have one",
            )
        nulls = (null,) if isinstance(null, str) or not hasattr(null, "__iter__") else tuple(null)
        source = Source(item["from"], unit, nulls)
        out.setdefault(source.name, []).append((current(target), source))
    return out


def check_sources(mapping: Mapping[str, Any] | None, names: Sequence[str], path: Path) -> None:
    """Check that a file of columns has those that a mapping names; "a.b" may be within a column "a".

    Raises:
        ReadError: it lacks one.
        InvalidArgument: the mapping cannot be read.
    """
    have = set(names)
    for source in read_mapping(mapping):
        if source not in have and not any(source.startswith(f"{name}.") for name in have):
            near = nearest(source, names) or list(names)[:5]
            raise ReadError(
                f"{path} has no column '{source}', which the mapping names",
                hint=f"its columns are called {', '.join(near)}{', ...' if len(names) > len(near) else ''}",
            )
