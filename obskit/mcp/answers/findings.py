"""Findings of `explain` as items."""

from __future__ import annotations

import math
from typing import Any

from obskit.display import formatting
from obskit.explain import Finding
from obskit.mcp.document import CHARACTERS, Item
from obskit.mcp.values import condition, cut, rounded, shown
from obskit.text import safe

_ALIASES = 3
_ALIAS = 120  # characters


def finding_data(finding: Finding, *, short: bool = False) -> dict[str, Any]:
    """Return a finding as values that JSON can hold.

    Args:
        finding: from an explanation.
        short: only its condition and how common it is.

    Returns:
        The condition, the shares and numbers of both groups, the risk ratio with its interval, the aliases.
    """
    data: dict[str, Any] = {
        "condition": condition(finding.condition),
        "selected_share": rounded(finding.selected_share),
        "baseline_share": rounded(finding.baseline_share),
        "risk_ratio": _ratio(finding.risk_ratio),
    }
    if finding.aliases:
        data["same_rows"] = [shown(formatting.shorten(a), _ALIAS) for a in finding.aliases[:_ALIASES]]
        if len(finding.aliases) > _ALIASES:
            data["same_rows"].append(f"and {len(finding.aliases) - _ALIASES} more")
    if short:
        return data
    data |= {
        "selected": finding.selected,
        "baseline": finding.baseline,
        "risk_ratio_low": _ratio(finding.risk_ratio_low),
        "risk_ratio_high": _ratio(finding.risk_ratio_high),
        "excess_share": rounded(finding.excess_share),
    }
    for name in ("new", "traces", "users", "note"):
        if getattr(finding, name) is not None:
            data[name] = shown(getattr(finding, name), CHARACTERS)
    if trace := example_trace(finding):
        data["example_trace"] = trace
    return data


def example_trace(finding: Finding) -> str | None:
    """Return the id of one trace of the finding's selected events, if known."""
    traces = [row.get("trace_id") for row in finding.examples.get("selected", [])]
    return next((shown(trace, 64) for trace in traces if trace), None)


def finding_item(finding: Finding) -> Item:
    """Return a finding as an item: its condition, its numbers, and one trace to look at."""
    data = finding_data(finding)
    lines = [
        data["condition"],
        f"{formatting.share(finding.selected_share)} of the selection ({finding.selected:,}), "
        f"{formatting.share(finding.baseline_share)} of the baseline ({finding.baseline:,}); "
        f"{_strength(finding)}",
    ]
    if "same_rows" in data:
        lines.append(f"same rows: {'; '.join(data['same_rows'])}")
    if finding.note:
        lines.append(f"{cut(safe(finding.note), CHARACTERS)}")
    if "example_trace" in data:
        lines.append(f"example trace {data['example_trace']}")
    return Item("\n".join(lines), data)


def _ratio(value: float) -> Any:
    """Return a ratio; a model could take null for unknown."""
    return "infinite" if math.isinf(value) else rounded(value)


def _strength(finding: Finding) -> str:
    numbers = {
        name: value if value is None or math.isfinite(value) else None
        for name, value in (
            (name, getattr(finding, name))
            for name in ("risk_ratio", "risk_ratio_low", "risk_ratio_high", "excess_share")
        )
    }
    return formatting.strength({**numbers, "traces": finding.traces, "new": finding.new})
