"""`TraceComparison`: how slow traces differ from normal ones, in sentences and as a table."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from obskit.display import formatting
from obskit.display.result import Result, plain
from obskit.display.tables import UNIT, WRITTEN, html_page, html_table, link_html, text_table
from obskit.text import pluralize, safe

SHOWN = 15


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class TraceComparison(Result):
    """What slow traces have that normal ones don't: the table has one row per component that differs.

    Columns of the table: `service`, `operation` and `child` (service and name called, or log template);
    `what` is "self time", "network", "calls", "child spans" or "logs"; `before` and `now` with their `unit`:
    ms per call (geometric mean), calls per call of the parent, or the share of the parent's calls; `ratio`
    with its 95% interval; `calls_before` and `calls_now` per trace; `excess_ms` per slow trace and
    `excess_share`, its share of all excess; `critical_share`, the part of that time on the critical path;
    `traces`, the slow traces that have it; `evidence` in nats and whether it is `beyond_chance`.

    Attributes:
        services: table of services in descending order of evidence: `service`, `evidence`, `what` the
            greatest evidence is, whether it is `beyond_chance`.
        sentences: the answer in words.
        slow, normal: {"condition", "traces", "duration_ms"}, the duration being the median.
        examples: ids of typical slow and normal traces: {"slow": [...], "normal": [...]}.

    Example:
        compared = events.traces().compare(slow="duration_ms > 500")
        print(compared.sentences[0])
        compared.services.to_pylist()[:3]
    """

    services: pa.Table
    sentences: tuple[str, ...]
    slow: Mapping[str, Any]
    normal: Mapping[str, Any]
    examples: Mapping[str, list[str]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as values that JSON can hold."""
        return {
            **super().to_dict(),
            "slow": plain(self.slow),
            "normal": plain(self.normal),
            "sentences": list(self.sentences),
            "services": [plain(row) for row in self.services.to_pylist()],
            "examples": plain(self.examples),
        }

    def _head(self) -> str:
        sides = [
            f"{pluralize(side['traces'], f'{name} trace')} ({formatting.shorten(side['condition'], 120)})"
            for name, side in (("slow", self.slow), ("normal", self.normal))
        ]
        return " compared with ".join(sides)

    def _shown(self) -> pa.Table:
        """Return the rows as people read them: numbers with their units, and what is called or logged."""
        columns: dict[str, list[str | None]] = {
            name: [] for name in ("service", "what", "before", "now", "ratio", "excess", "critical", "traces")
        }
        for row in self.table.slice(0, SHOWN + 1).to_pylist():
            child = f" → {row['child']}" if row["child"] else ""
            known = row["excess_ms"] is not None
            cells = (
                row["service"],
                f"{row['what']}: {row['operation']}{child}",
                _quantity(row["before"], row["unit"]),
                _quantity(row["now"], row["unit"]),
                formatting.number(row["ratio"]),
                formatting.duration(row["excess_ms"]) if known else None,
                formatting.share(row["critical_share"]) if known else None,
                formatting.count(row["traces"]),
            )
            for name, cell in zip(columns, cells, strict=True):
                columns[name].append(cell)
        numbers = ("before", "now", "ratio", "excess", "critical", "traces")
        fields = [
            pa.field(name, pa.string(), metadata={UNIT: WRITTEN} if name in numbers else None)
            for name in columns
        ]
        return pa.table(columns, pa.schema(fields))

    def __str__(self) -> str:
        lines = [safe(self._head()), "", *map(safe, self.sentences)]
        if self.table.num_rows:
            lines += ["", text_table(self._shown().slice(0, SHOWN), whole=("what",)), *self._more()]
        for name, ids in self.examples.items():
            if ids:
                lines.append(f"{name} traces: {safe(', '.join(ids))}")
        return "\n".join([*lines, *map(safe, self.footer())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        says = "".join(f"<li>{html.escape(safe(line))}</li>" for line in self.sentences)
        parts = [f"<p>{html.escape(safe(self._head()))}</p>", f"<ul>{says}</ul>"]
        if self.table.num_rows:
            parts.append(html_table(self._shown().slice(0, SHOWN), caption=self._more()))
        for name, ids in self.examples.items():
            if ids:
                parts.append(f"<p>{name} traces: {', '.join(map(self._linked, ids))}</p>")
        parts += [f"<p>{html.escape(safe(line))}</p>" for line in self.footer()]
        return html_page(*parts)

    def _more(self) -> list[str]:
        rest = self.table.num_rows - SHOWN
        return [f"… {pluralize(rest, 'more row')}"] if rest > 0 else []

    def _linked(self, trace_id: str) -> str:
        shown = f"<code>{html.escape(safe(trace_id))}</code>"
        address = self.links.get("trace_id")
        return shown if address is None else link_html(address, "trace_id", trace_id, shown)


def _quantity(value: float, unit: str) -> str:
    if unit == "ms":
        return formatting.duration(value)
    return formatting.share(value) if unit == "share" else formatting.number(value)
