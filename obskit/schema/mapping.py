"""The `mapping` of a caller: which column of the source is which field of obskit, in which unit or format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from obskit.errors import InvalidArgument, ReadError
from obskit.names import current, nearest, type_word
from obskit.schema.parse import UNITS_PER_SECOND
from obskit.schema.time_format import TimeFormat
from obskit.schema.types import to_text

_KEYS = {"from", "unit", "null", "format"}


@dataclass(frozen=True)
class SourceColumn:
    """A column of the source: its name, unit or format of times, and the values that mean null."""

    name: str
    unit: str | None
    null: tuple[Any, ...]
    format: TimeFormat | None = None

    def with_nulls(self, values: pa.Array) -> pa.Array:
        """Replace the values that mean null by nulls."""
        if not self.null or pa.types.is_null(values.type) or pa.types.is_nested(values.type):
            return values
        texts = to_text(values)
        means_null = pc.is_in(texts, pa.array([str(value) for value in self.null]))
        return pc.if_else(means_null, pa.scalar(None, values.type), values)

    @property
    def milliseconds_per_unit(self) -> float:
        """Milliseconds in one of the unit; 1 if there is none."""
        return 1.0 if self.unit is None else 1_000 / UNITS_PER_SECOND[self.unit]

    def in_milliseconds(self, target: str, values: pa.Array) -> pa.Array:
        """Convert durations to milliseconds; other fields stay as they are."""
        if target != "duration_ms" or self.unit is None or self.unit == "ms":
            return values
        return milliseconds(values, self.milliseconds_per_unit)


def milliseconds(values: pa.Array, factor: float) -> pa.Array:
    """Multiply durations by `factor`, the milliseconds in one of their unit."""
    # 318316 / 1000 is the float nearest to 318.316; 318316 * 0.001 is not.
    return pc.divide(values, float(round(1 / factor))) if factor < 1 else pc.multiply(values, factor)


def read_mapping(mapping: Mapping[str, Any] | None) -> dict[str, list[tuple[str, SourceColumn]]]:
    """Check a mapping and invert it.

    Args:
        mapping: field -> name of the source's column, or a dict of "from" (the name), "unit" ("s", "ms",
            "us", "ns"; for `timestamp` and `duration_ms` only), "format" (of times, in the codes of
            `strptime`) and "null" (values that mean null).

    Returns:
        Name of the source's column -> [(field, how to read the column)].

    Raises:
        InvalidArgument: not a mapping of names, an unknown key or unit, an invalid format, or no
            source column.
    """
    out: dict[str, list[tuple[str, SourceColumn]]] = {}
    if mapping is not None and not isinstance(mapping, Mapping):
        raise InvalidArgument(
            f"mapping must be a dict, got {type(mapping).__name__}",
            hint='write field -> column, such as {"duration_ms": "elapsed"}',
        )
    for target, given in (mapping or {}).items():
        if not isinstance(target, str):
            raise InvalidArgument(
                f"field names in a mapping must be text, got {target!r}",
                hint='write field -> column, such as {"duration_ms": "elapsed"}',
            )
        item = {"from": given} if isinstance(given, str) else given
        if not isinstance(item, Mapping) or not isinstance(item.get("from"), str) or set(item) - _KEYS:
            raise InvalidArgument(
                f"invalid mapping for '{target}': {given!r}",
                hint='give a column name, or {"from": name, "unit": "s|ms|us|ns", "null": [values], '
                '"format": "%d/%m/%Y %H:%M:%S"}',
            )
        unit, null = item.get("unit"), item.get("null", ())
        if unit is not None and (unit not in UNITS_PER_SECOND or target not in ("timestamp", "duration_ms")):
            raise InvalidArgument(
                f"invalid unit in the mapping for '{target}': {unit!r}",
                hint="use s, ms, us or ns, for timestamp and duration_ms only",
            )
        nulls = (null,) if isinstance(null, str) or not hasattr(null, "__iter__") else tuple(null)
        source = SourceColumn(item["from"], unit, nulls, _format(target, item))
        out.setdefault(source.name, []).append((current(target), source))
    return out


def _format(target: str, item: Mapping[str, Any]) -> TimeFormat | None:
    given = item.get("format")
    if given is None:
        return None
    if (
        not isinstance(given, str)
        or type_word(current(target)) != "timestamp"
        or item.get("unit") is not None
    ):
        raise InvalidArgument(
            f"invalid format in the mapping for '{target}': {given!r}",
            hint='give a text such as "%d/%m/%Y %H:%M:%S", for timestamp only and without a unit',
        )
    return TimeFormat.of(given)


def check_sources(mapping: Mapping[str, Any] | None, names: Sequence[str], path: Path) -> None:
    """Check that a file has the columns that a mapping uses; "a.b" may be inside a column "a".

    Args:
        mapping: as in `read_mapping`.
        names: columns of the file.
        path: the file, for the message.

    Raises:
        ReadError: a column is missing.
        InvalidArgument: the mapping is not valid.
    """
    have = set(names)
    for source in read_mapping(mapping):
        if source not in have and not any(source.startswith(f"{name}.") for name in have):
            near = nearest(source, names) or list(names)[:5]
            raise ReadError(
                f"{path} has no column '{source}', but the mapping uses it",
                hint=f"its columns are {', '.join(near)}{', ...' if len(names) > len(near) else ''}",
            )
