"""The tables of a delivery result: metrics, deployments, incidents; and values as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pyarrow as pa

from obskit.delivery.attribution import Attribution
from obskit.delivery.judged import Judged
from obskit.delivery.metrics import Sample, metrics_of
from obskit.display import formatting
from obskit.display.tables import format_cell
from obskit.schema.types import TIMESTAMP
from obskit.stats.intervals import Interval, quantile_interval
from obskit.text import safe

_DAY_SECONDS = 86_400.0
_FEWEST_DAYS = 2 * _DAY_SECONDS
_SCHEMA = pa.schema(
    [
        ("group", pa.string()),
        ("metric", pa.string()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("unit", pa.string()),
        ("n", pa.int64()),
        ("open", pa.int64()),
    ]
)
_DEPLOYMENTS = pa.schema(
    [
        ("end", TIMESTAMP),
        ("group", pa.string()),
        *((name, pa.string()) for name in ("service", "environment", "version", "id", "revision", "method")),
        ("commits", pa.int64()),
        ("lead_time_s", pa.float64()),
        ("failed", pa.bool_()),
        ("failed_by", pa.string()),
        ("recovered", TIMESTAMP),
        ("recovery_time_s", pa.float64()),
        ("rework", pa.string()),
    ]
)
_OVER_TIME = pa.schema(
    [
        ("time", TIMESTAMP),
        ("group", pa.string()),
        ("deployments", pa.int64()),
        ("change_fail_rate", pa.float64()),
        ("lead_time_hours", pa.float64()),
    ]
)
_INCIDENTS = pa.schema(
    [
        ("opened", TIMESTAMP),
        ("resolved", TIMESTAMP),
        *((name, pa.string()) for name in ("id", "title", "service", "deployment", "version")),
        ("deployed", TIMESTAMP),
        ("method", pa.string()),
        ("confidence", pa.string()),
    ]
)


def value_text(value: float | None, unit: str) -> str:
    """Return a metric's value as people read it: 2.5 d, 0.4 per day, 12.5%."""
    if value is None:
        return "?"
    if unit == "share":
        return formatting.share(value)
    if unit == "s":
        days = value / _DAY_SECONDS
        return f"{formatting.number(days)} d" if value >= _FEWEST_DAYS else formatting.duration(value * 1000)
    return f"{formatting.number(value)} {unit}".strip()


def interval_text(interval: Interval, unit: str) -> str:
    """Return the bounds of a metric as people read them; "" if there are none."""
    if interval.low is None and interval.high is None:
        return ""
    if interval.low is None:
        return f"at most {value_text(interval.high, unit)}"
    if interval.high is None:
        return f"at least {value_text(interval.low, unit)}"
    return f"{value_text(interval.low, unit)} to {value_text(interval.high, unit)}"


def markdown_table(title: str, table: pa.Table, footer: Sequence[str]) -> str:
    """Return a table in Markdown, with lines below it; text from the data is shown as it is.

    Args:
        title: the line above.
        table: the table.
        footer: lines below, one item each.

    Returns:
        Markdown.
    """
    rows = [table.schema.names, ["---"] * table.num_columns]
    rows += [[format_cell(value) for value in row.values()] for row in table.to_pylist()]
    lines = ["| " + " | ".join(map(_markdown, row)) + " |" for row in rows]
    notes = [f"- {_markdown(line)}" for line in footer]
    return "\n".join([_markdown(title), "", *lines, "", *notes]) + "\n"


def _markdown(text: str) -> str:
    """Return text that Markdown shows as it is, in one cell."""
    out = safe(text)
    for sign in "\\`*_[]<>|#":
        out = out.replace(sign, f"\\{sign}")
    return out


def metrics_table(groups: Mapping[str, Sample]) -> pa.Table:
    """Return one row per group and metric: value, bounds, unit, n, and how many of these are open."""
    rows = [
        {
            "group": group,
            "metric": metric.name,
            **metric.interval._asdict(),
            "unit": metric.unit,
            "n": metric.n,
            "open": metric.open,
        }
        for group, sample in groups.items()
        for metric in metrics_of(sample)
    ]
    return pa.Table.from_pylist(rows, _SCHEMA)


def deployments_table(judged: Sequence[Judged], names: Sequence[str]) -> pa.Table:
    """Return one row per deployment, with what became of it.

    Args:
        judged: the deployments.
        names: the group of each.

    Returns:
        The table, in the same order.
    """
    rows = [
        {
            "end": one.deployment.end,
            "group": name,
            "service": one.deployment.service,
            "environment": one.deployment.environment,
            "version": one.deployment.version,
            "id": one.deployment.id,
            "revision": one.deployment.revision,
            "method": one.deployment.method,
            "commits": len(one.leads),
            "lead_time_s": quantile_interval(one.leads).value,
            "failed": one.failed,
            "failed_by": one.failed_by,
            "recovered": one.recovered,
            "recovery_time_s": one.recovery,
            "rework": one.rework,
        }
        for one, name in zip(judged, names, strict=True)
    ]
    return pa.Table.from_pylist(rows, _DEPLOYMENTS)


def incidents_table(attributions: Sequence[Attribution], judged: Sequence[Judged]) -> pa.Table:
    """Return one row per incident, with the deployment it is attributed to.

    Args:
        attributions: the incidents.
        judged: all deployments, which the attributions refer to.

    Returns:
        The table, in the same order.
    """
    rows = []
    for one in attributions:
        found = None if one.deployment is None else judged[one.deployment].deployment
        rows.append(
            {
                "opened": one.incident.opened,
                "resolved": one.incident.resolved,
                "id": one.incident.id,
                "title": one.incident.title,
                "service": one.incident.service,
                "deployment": found and found.id,
                "version": found and found.version,
                "deployed": found and found.end,
                "method": one.method,
                "confidence": one.confidence,
            }
        )
    return pa.Table.from_pylist(rows, _INCIDENTS)


def over_time_table(
    judged: Sequence[Judged],
    names: Sequence[str],
    groups: Sequence[str],
    window: tuple[datetime, datetime],
    days: float,
) -> pa.Table:
    """Return the deployments of each group over time.

    Args:
        judged: the deployments.
        names: the group of each.
        groups: all groups, in the order in which they are shown.
        window: start and end.
        days: how long each step is.

    Returns:
        One row per step and group.
    """
    step, (start, end) = timedelta(days=days), window
    cells: dict[tuple[int, str], list[Judged]] = {}
    for one, name in zip(judged, names, strict=True):
        cells.setdefault(((one.deployment.end - start) // step, name), []).append(one)
    rows = []
    for number in range((end - start) // step + 1):
        for group in groups:
            some = cells.get((number, group), [])
            median = quantile_interval([lead for one in some for lead in one.leads]).value
            rows.append(
                {
                    "time": start + number * step,
                    "group": group,
                    "deployments": len(some),
                    "change_fail_rate": sum(one.failed for one in some) / len(some) if some else None,
                    "lead_time_hours": None if median is None else median / 3600,
                }
            )
    return pa.Table.from_pylist(rows, _OVER_TIME)
