"""What every verb returns: a table, and what is needed to reproduce it."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from obskit.display import formatting
from obskit.display.tables import html_page, html_table, text_table
from obskit.display.zone import in_own_zone
from obskit.errors import InvalidArgument
from obskit.text import pluralize, safe

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, kw_only=True)
class Result:
    """An answer that can be reproduced.

    Attributes:
        kind: "query", "fields", "heatmap", ...
        table: the answer.
        query: the call that returns it again.
        sql: the statements that ran, or "" if only codes were counted.
        dataset: `rows` and `fingerprint` of the data.
        notes: what a reader must know, one sentence each.
        links: column -> address with `{column}` in it, for display.
        display_tz: name of the time zone in which times are shown; None for UTC. `to_dict` stays in UTC.
        readable: decrypts a table, if `ok.load(keys=)` was given keys. `to_arrow` and `to_pandas` use it;
            `table`, `to_dict` and what is displayed keep values encrypted, since they end up in files.
    """

    kind: str
    table: pa.Table
    query: str
    sql: str = ""
    dataset: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    display_tz: str | None = None
    readable: Callable[[pa.Table], pa.Table] | None = field(default=None, repr=False)

    def __init_subclass__(cls, **options: Any) -> None:
        """Make the methods of a kind of result that show it do so in its zone."""
        super().__init_subclass__(**options)
        for name in ("__str__", "__repr__", "_repr_html_", "_ipython_display_", "plot"):
            if name in cls.__dict__:
                setattr(cls, name, in_own_zone(cls.__dict__[name]))

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def to_arrow(self) -> pa.Table:
        """Return the answer as an Arrow table, decrypted if there are keys."""
        return self.table if self.readable is None else self.readable(self.table)

    def to_pandas(self) -> pd.DataFrame:
        """Return the answer as a DataFrame, decrypted if there are keys."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as values that JSON can hold; NaN and the infinities are None."""
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
        """Return a plotly figure of the answer, for kinds that have one.

        Returns:
            Chart.
        Raises:
            InvalidArgument: there is no figure for this answer.
        """
        raise InvalidArgument(
            f"this result ({self.kind}) has no plot",
            hint="plot a time series: query(..., every='1m').plot()",
        )

    def footer(self) -> list[str]:
        """Return the lines below the table: the call, the dataset and the notes."""
        lines = [self.query] if self.query else []
        if self.dataset:
            rows, mark = self.dataset.get("rows"), str(self.dataset.get("fingerprint", ""))[:12]
            lines.append(f"of {pluralize(rows, 'row')}, dataset {mark}")
        return [*lines, *(note if note.startswith("warning: ") else f"note: {note}" for note in self.notes)]

    @in_own_zone
    def __str__(self) -> str:
        body = text_table(self.table) if self.table.num_columns else "nothing"
        return "\n".join([body, *map(safe, self.footer())])

    __repr__ = __str__

    @in_own_zone
    def _repr_html_(self) -> str:
        table = html_table(self.table, links=self.links, caption=self.footer())
        if not self.sql:
            return table
        shown = html.escape(safe(self.sql, lines=True))
        return html_page(table, f"<details><summary>SQL</summary><pre>{shown}</pre></details>")


def plain(value: Any) -> Any:
    """Return a value that JSON can hold: times in ISO 8601, NaN and the infinities as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return formatting.utc(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "item") and not isinstance(value, str):
        return plain(value.item())
    return value
