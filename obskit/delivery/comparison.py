"""`DeliveryComparison`: each metric of one group divided by that of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from obskit.delivery.metrics import Ratio
from obskit.delivery.tables import markdown_table
from obskit.display.result import Result


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DeliveryComparison(Result):
    """Each metric of one group divided by that of another.

    Attributes:
        ratios: one record per metric; an interval that contains 1 shows no difference.
    """

    ratios: tuple[Ratio, ...] = ()

    @classmethod
    def of(
        cls,
        ratios: Sequence[Ratio],
        query: str,
        dataset: Mapping[str, Any],
        notes: Sequence[str],
    ) -> DeliveryComparison:
        """Return the comparison of two groups.

        Args:
            ratios: of their metrics.
            query: the call that made it.
            dataset: what it rests on.
            notes: of both results.

        Returns:
            The comparison.
        """
        rows = [
            {"metric": one.name, **one.interval._asdict(), "first_n": one.first_n, "second_n": one.second_n}
            for one in ratios
        ]
        counts = [("first_n", pa.int64()), ("second_n", pa.int64())]
        numbers = [(name, pa.float64()) for name in ("value", "low", "high")]
        return cls(
            kind="delivery comparison",
            table=pa.Table.from_pylist(rows, pa.schema([("metric", pa.string()), *numbers, *counts])),
            query=query,
            dataset=dataset,
            notes=tuple(dict.fromkeys(notes)),
            ratios=tuple(ratios),
        )

    def to_markdown(self) -> str:
        """Return the ratios as a table in Markdown, with the notes below."""
        return markdown_table("Delivery, compared", self.table, self.footer())
