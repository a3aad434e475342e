"""Which events the Explorer draws: units of work, as `explain` compares, unless narrowed otherwise."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from obskit.names import UNIT_KINDS

# A narrowing that names one of these means rows of its own choice.
CHOOSING = frozenset({"kind", "name"})


def condition(names: Collection[str]) -> str | None:
    """Return the condition of a unit of work over fields that are there; None where nothing can tell."""
    parts = []
    if "kind" in names:
        parts.append(f"kind in ({', '.join(repr(kind) for kind in UNIT_KINDS)})")
    if "duration_ms" in names:
        root = "parent_span_id is null and duration_ms is not null"
        parts.append(f"({root})" if "parent_span_id" in names else "duration_ms is not null")
    return " or ".join(parts) or None


def of(events: Any, population: str = "units") -> str | None:
    """Return the condition that narrows events to the population that `explain` takes; None for all."""
    scope = events.scope
    chosen = scope.where is not None and scope.where.fields & CHOOSING
    if population != "units" or chosen or scope.dataset.codes.no_units:
        return None
    return condition(scope.dataset.schema.names)
