"""`Delivery`: the metrics of each group, and the deployments and incidents that they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from obskit.delivery.attribution import Attribution
from obskit.delivery.bands import Bands
from obskit.delivery.comparison import DeliveryComparison
from obskit.delivery.judged import Judged
from obskit.delivery.metrics import Metric, Sample, metrics_of, ratios_of
from obskit.delivery.tables import (
    deployments_table,
    incidents_table,
    interval_text,
    markdown_table,
    over_time_table,
    value_text,
)
from obskit.display.result import Result, plain
from obskit.display.series import series
from obskit.display.tables import WRITTEN, format_cell, html_page, html_table, text_table
from obskit.errors import InvalidArgument
from obskit.names import nearest
from obskit.text import safe

ALL, UNKNOWN = "all", "(unknown)"


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Delivery(Result):
    """The five delivery metrics, by group.

    Attributes:
        per: what the groups are: "service", another field, or "all".
        window: (start, end) of the time that counts.
        groups: name of a group -> what its metrics are computed from.
        judged: the deployments in the window, each with what became of it.
        attributions: the incidents in the window, each with the deployment it is attributed to.
        bands: the bands that were asked for; None for none.
    """

    per: str
    window: tuple[datetime, datetime]
    groups: Mapping[str, Sample]
    judged: Sequence[Judged]
    attributions: Sequence[Attribution]
    names: Mapping[int, str] = field(default_factory=dict)
    all_judged: Sequence[Judged] = ()
    bands: Bands | None = None

    @property
    def metrics(self) -> dict[str, list[Metric]]:
        """The metrics of each group."""
        return {name: metrics_of(sample) for name, sample in self.groups.items()}

    @property
    def deployments(self) -> pa.Table:
        """One row per deployment in the window, with what became of it."""
        return deployments_table(self.judged, list(self.names.values()))

    @property
    def incidents(self) -> pa.Table:
        """One row per incident in the window: the deployment it is attributed to, how, and how surely."""
        return incidents_table(self.attributions, self.all_judged)

    def over_time(self, days: float = 7.0) -> pa.Table:
        """Return the deployments of each group over time.

        Args:
            days: how long each step is.

        Returns:
            One row per step and group: `time`, `group`, `deployments`, `change_fail_rate` and
            `lead_time_hours` (the median); without deployments the last two are null.

        Raises:
            InvalidArgument: `days` is not positive.
        """
        if not days > 0:
            raise InvalidArgument(f"days must be more than 0, got {days!r}", hint="use 7 for weeks")
        return over_time_table(self.judged, list(self.names.values()), list(self.groups), self.window, days)

    def plot(self, days: float = 7.0) -> Any:
        """Draw deployments, change fail rate and lead time over time.

        Args:
            days: how long each step is.

        Returns:
            A Plotly figure with one panel per metric and one line per group.

        Raises:
            MissingDependency: plotly is not installed.
        """
        values = ["deployments", "change_fail_rate", "lead_time_hours"]
        return series(self.over_time(days), "time", values, ["group"])

    def compare(self, first: str, second: str | Delivery) -> DeliveryComparison:
        """Divide each metric of one group by that of another, or by the same group's in another result.

        Args:
            first: a group, such as a service.
            second: another group; or another result, such as that of an earlier quarter.

        Returns:
            DeliveryComparison with one row per metric: the ratio, its interval, and n of both sides.

        Raises:
            InvalidArgument: there is no such group.
        """
        other = second if isinstance(second, Delivery) else self
        name = first if isinstance(second, Delivery) else second
        ratios = ratios_of(self._group(first), other._group(name))
        what = f"{first} ({self._when()}) divided by {name} ({other._when()})"
        return DeliveryComparison.of(
            ratios,
            query=f"{self.query}.compare({first!r}, {name!r})" if other is self else "",
            dataset=self.dataset,
            notes=[f"{what}; an interval that contains 1 shows no difference", *self.notes, *other.notes],
        )

    def _group(self, name: str) -> Sample:
        if name not in self.groups:
            near = nearest(str(name), list(self.groups), n=3) or list(self.groups)[:5]
            raise InvalidArgument(f"there is no group {name!r}", hint=f"the groups are {', '.join(near)}")
        return self.groups[name]

    def to_dict(self) -> dict[str, Any]:
        """Return the metrics, deployments and incidents as values that JSON can hold."""
        return {
            **super().to_dict(),
            "per": self.per,
            "window": plain(self.window),
            "bands": None if self.bands is None else self.bands.version,
            "deployments": [plain(row) for row in self.deployments.to_pylist()],
            "incidents": [plain(row) for row in self.incidents.to_pylist()],
        }

    def to_markdown(self) -> str:
        """Return the metrics as a table in Markdown, with the notes below."""
        return markdown_table(f"Delivery, {self._when()}", self._shown(), self.footer())

    def _when(self) -> str:
        return f"{format_cell(self.window[0])} to {format_cell(self.window[1])}"

    def _shown(self) -> pa.Table:
        """Return the table for people."""
        rows: dict[str, list[Any]] = {self.per: [], "metric": [], "value": [], "95% interval": [], "n": []}
        band: list[str] = []
        for group, metrics in self.metrics.items():
            for metric in metrics:
                rows[self.per].append(group)
                rows["metric"].append(metric.name.replace("_", " "))
                unknown = "not over yet" if metric.open else "?"
                value = metric.interval.value
                rows["value"].append(value_text(value, metric.unit) if value is not None else unknown)
                bounds = interval_text(metric.interval, metric.unit)
                rows["95% interval"].append(bounds or _why_not(metric))
                rows["n"].append(f"{metric.n:,}" + (f" ({metric.open} open)" if metric.open else ""))
                band.append((self.bands and self.bands.of(metric)) or "")
        if self.bands is not None:
            rows[f"band ({self.bands.version})"] = band
        units = {"n": {b"obskit.unit": WRITTEN}}
        names = pa.schema([pa.field(name, pa.string(), metadata=units.get(name)) for name in rows])
        return pa.table(rows, schema=names)

    def __str__(self) -> str:
        table = text_table(self._shown(), most=200)
        return "\n".join([f"Delivery, {self._when()}", table, *map(safe, self.footer())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_page(html_table(self._shown(), caption=[self._when(), *self.footer()], most=200))


def _why_not(metric: Metric) -> str:
    """Return why a metric has no interval."""
    if not metric.n:
        return "no data"
    return "no incidents in the data" if metric.unit == "share" else "n is too small"
