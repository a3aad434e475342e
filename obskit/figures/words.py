"""Numbers and conditions as people read them: plain text, not yet escaped."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any


def count(value: float | None) -> str:
    """Return a number of events, grouped by thousands ("12,345")."""
    return "?" if value is None else f"{value:,.0f}"


def share(value: float | None) -> str:
    """Return a share in [0, 1] as percent; a share that is not zero is never written as 0%."""
    if value is None or math.isnan(value):
        return "?"
    percent = 100 * value
    if percent == 0 or percent == 100:
        return f"{percent:.0f}%"
    if percent < 0.01:
        return "<0.01%"
    if percent > 99.99:
        return ">99.99%"
    if percent < 1:
        return f"{percent:.2g}%"
    return f"{percent:.1f}%" if percent < 99.9 else f"{percent:.2f}%"


def ratio(value: float | None) -> str:
    """Return a ratio ("12.3×"); None is infinite."""
    if value is None or math.isinf(value):
        return "∞×"
    return f"{value:,.0f}×" if value >= 100 else f"{value:.3g}×"


def condition(item: Mapping[str, Any]) -> str:
    """Return one condition of a finding in words ("200 ≤ size ≤ 400", "region is missing")."""
    name, op = str(item.get("field")), item.get("op")
    if op == "missing":
        return f"{name} is missing"
    if op == "between":
        low, high = item.get("low"), item.get("high")
        if low is None and high is None:
            return f"{name} has a value"
        if low is None:
            return f"{name} ≤ {_value(high)}"
        if high is None:
            return f"{name} ≥ {_value(low)}"
        return f"{_value(low)} ≤ {name} ≤ {_value(high)}"
    if op == "in":
        return f"{name} in {_some(item.get('values') or ())}"
    return f"{name} = {_value(item.get('value'))}"


def conjunction(items: Sequence[Mapping[str, Any]]) -> str:
    """Return the conditions of a finding in words, joined by "and"."""
    return " and ".join(condition(item) for item in items)


def strength(finding: Mapping[str, Any]) -> str:
    """Return how strongly a finding is tied to the outcome ("12.3× (10.1–15×) the rate elsewhere · new")."""
    low, high = finding.get("risk_ratio_low"), finding.get("risk_ratio_high")
    parts = [f"{ratio(finding.get('risk_ratio'))} ({ratio(low)[:-1]}–{ratio(high)}) the rate elsewhere"]
    excess = finding.get("excess_share")
    if excess is not None:
        parts.append(f"explains {share(max(0.0, excess))} of the selection")
    if finding.get("traces"):
        parts.append(f"{count(finding['traces'])} traces")
    if finding.get("new"):
        parts.append("new: not seen before")
    return " · ".join(parts)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and (not value or value.strip() != value):
        return f"'{value}'"
    return str(value)


def _some(values: Sequence[Any], most: int = 4) -> str:
    shown = ", ".join(_value(value) for value in values[:most])
    return f"({shown})" if len(values) <= most else f"({shown} … {len(values):,} values)"
