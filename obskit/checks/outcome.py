"""What a check found: one word, the value, its bound, and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from obskit.engine import Scope

Word = Literal["ok", "violated", "no data"]


@dataclass(frozen=True)
class Outcome:
    """What one check found about one thing.

    Attributes:
        check: the check's name.
        kind: "objective", "cost", "query" or "verdict".
        item: what it is about, such as a service; empty for all.
        word: "ok", "violated" or "no data".
        value: what was measured, as people read it.
        bound: what it is compared with.
        sentence: one sentence with the numbers.
        numbers: the same as numbers, by name.
        notes: what a reader must know about the numbers.
    """

    check: str
    kind: str
    item: str
    word: Word
    value: str
    bound: str
    sentence: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Check(Protocol):
    """One entry of a file of checks."""

    @property
    def name(self) -> str:
        """The check's name, unique in its file."""
        ...

    def run(self, scope: Scope) -> Sequence[Outcome]:
        """Return what the check found in the events."""
        ...


def within(value: float, low: float | None, high: float | None) -> bool:
    """Return whether a value keeps its bounds; the bounds themselves do."""
    return (low is None or value >= low) and (high is None or value <= high)


def bound_text(low: float | None, high: float | None) -> str:
    """Return bounds as people read them."""
    parts = [f"at least {low:g}"] if low is not None else []
    parts += [f"at most {high:g}"] if high is not None else []
    return " and ".join(parts)
