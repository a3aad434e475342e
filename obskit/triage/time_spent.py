"""`TimeSpent`: in which operation the traces of a slow finding spend more time than normal ones."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from obskit.display import formatting
from obskit.display.result import plain
from obskit.traces.difference import Difference


@dataclass(frozen=True)
class TimeSpent:
    """Where the slow traces of a finding spend more time than normal ones.

    Attributes:
        difference: the operation and what changed; None if no operation takes longer beyond chance.
        slow, normal: number of traces that were compared.
        sampled: whether there are more traces than these.
    """

    difference: Difference | None
    slow: int
    normal: int
    sampled: bool

    def describe(self) -> str:
        """Return a sentence with the operation and its share of the added time."""
        some = "of the " if self.sampled else ""
        compared = f"{self.slow:,} {some}slow and {self.normal:,} {some}normal traces"
        found = self.difference
        if found is None:
            return f"where the time goes: no operation takes longer beyond chance ({compared})"
        share = ""
        if found.excess_share is not None:
            share = f", {formatting.share(found.excess_share)} of the added time"
        return f"where the time goes: {found.describe()}{share} ({compared})"

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as values that JSON can hold."""
        found = None if self.difference is None else plain(dataclasses.asdict(self.difference))
        return {
            "sentence": self.describe(),
            "difference": found,
            "slow_traces": self.slow,
            "normal_traces": self.normal,
            "sampled": self.sampled,
        }
