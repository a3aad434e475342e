"""What every verb returns: a table and all that is needed to get it again."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from obskit.display import formatting as words
from obskit.display.tables import html_page, html_table, text_table
from obskit.errors import InvalidArgument
from obskit.text import pluralize, safe

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, kw_only=True)
class Result:
    """An answer that can be reproduced.

    Attributes:
        kind: what it is: "query", "fields", "heatmap", ...
        table: the answer; Arrow columns.
        query: the call that gives it again.
        sql: the statements that ran, or "" where only codes were counted.
        dataset: `rows` and `fingerprint` of the data.
        notes: what a reader has to know, a sentence each.
        links: column -> address with `{column}` in it, for display.
    """

    kind: str
    table: pa.Table
    query: str
    sql: str = ""
    dataset: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def to_arrow(self) -> pa.Table:
        """Return the answer as an Arrow table."""
        return self.table

    def to_pandas(self) -> pd.DataFrame:
        """Return the answer as a DataFrame."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain values that JSON can hold; NaN and the infinities are None."""
        return {
            "kind": self.kind,
            "query": self.query,
            "sql": self.sql,
            "dataset": plain(self.dataset),
            "notes": list(self.notes),
            "columns": list(self.table.schema.names),
            "rows": [plain(row) for row in self.table.to_pylist()],
        }

    def plot(self) -> Any:
        """Draw the answer, where there is a picture for its kind.

        Raises:
            InvalidArgument: there is none.
        """
        raise InvalidArgument(
            f"a {self.kind} of this shape has no picture",
            hint="query(..., every='1m').plot() draws lines over time",
        )

    def footer(self) -> list[str]:
        """Return the lines below the table: how it was asked, of what, and the notes."""
        lines = [self.query] if self.query else []
        if self.dataset:
            rows, mark = self.dataset.get("rows"), str(self.dataset.get("fingerprint", ""))[:12]
            lines.append(f"of {pluralize(rows, 'row')}, dataset {mark}")
        return [*lines, *(note if note.startswith("warning: ") else f"note: {note}" for note in self.notes)]

    def __str__(self) -> str:
        body = text_table(self.table) if self.table.num_columns else "nothing"
        return "\n".join([body, *map(safe, self.footer())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = html_table(self.table, links=self.links, caption=self.footer())
        if not self.sql:
            return table
        shown = html.escape(safe(self.sql, lines=True))
        return html_page(table, f"<details><summary>SQL</summary><pre>{shown}</pre></details>")


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: times in ISO 8601, NaN and the infinities as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return words.time(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "item") and not isinstance(value, str):
        return plain(value.item())
    return value
