"""Draw a verdict: the rates of both arms over time, the evidence against its threshold, and p99 so far."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from obskit.display.chart import plotly
from obskit.display.series import series
from obskit.judge.percentile_bounds import PercentileTrack

BASELINE, CANDIDATE = "baseline", "candidate"
P99 = "p99 so far, ms"


@dataclass(frozen=True, eq=False)
class Series:
    """What a verdict looked at over time; lists have one entry per look.

    Attributes:
        time: the start of each look.
        rates: name -> (rate of the baseline, rate of the candidate); a rate is None without requests.
        evidence: name -> logarithm of the e-value divided by the one that is enough.
        since: (time, word) of each criterion that is decided.
        p99: p99 of the duration of both arms up to each look, with its interval; None if it is not known.
    """

    time: list[datetime]
    rates: dict[str, tuple[list[float | None], list[float | None]]]
    evidence: dict[str, list[float]]
    since: list[tuple[datetime, str]]
    p99: PercentileTrack | None = None


def draw(found: Series, title: str) -> Any:
    """Return a figure with a panel per rate, and one for the evidence.

    Args:
        found: what was looked at.
        title: text above the figure.

    Returns:
        A Plotly figure; a band around p99 is its interval.
    """
    looks = len(found.time)
    columns: dict[str, list[Any]] = {"time": [], "version": []}
    names = {name: [f"{name}: share of requests", f"{name}: evidence, 1 is enough"] for name in found.rates}
    for pair in names.values():
        columns |= {name: [] for name in pair}
    for at, arm in enumerate((BASELINE, CANDIDATE)):
        columns["time"] += found.time
        columns["version"] += [arm] * looks
        for name, (rate, evidence) in names.items():
            columns[rate] += found.rates[name][at]
            columns[evidence] += found.evidence[name] if arm == CANDIDATE else [None] * looks
    shown = title if len(title) <= 110 else title[:109] + "…"
    panels = [name for pair in names.values() for name in pair]
    if found.p99 is None:
        return series(columns, "time", panels, ["version"], title=shown, markers=found.since)
    columns[P99] = [_known(v) for arm in (0, 1) for v in _by_look(found.p99, found.p99.value[arm], looks)]
    figure = series(columns, "time", [*panels, P99], ["version"], title=shown, markers=found.since)
    lines = [trace for trace in figure.data if trace.yaxis == f"y{len(panels) + 1}"]
    for number, line in enumerate(lines):
        figure.add_trace(_band(found.p99, number, line))
    return figure


def _by_look(track: PercentileTrack, values: Any, looks: int) -> list[float]:
    """Return one value per look; NaN after looks at which none was computed."""
    out = np.full(looks, np.nan)
    out[list(track.looks)] = values
    return [float(v) for v in out]


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _band(track: PercentileTrack, arm: int, line: Any) -> Any:
    """Return the interval of p99 as an area, where both of its ends are known."""
    low, high = track.low[arm], track.high[arm]
    known = [at for at in range(len(low)) if low[at] > 0 and math.isfinite(high[at])]
    times = [line.x[track.looks[at]] for at in known]
    return plotly().Scatter(
        x=times + times[::-1],
        y=[float(low[at]) for at in known] + [float(high[at]) for at in reversed(known)],
        fill="toself",
        fillcolor=line.line.color,
        opacity=0.25,
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        legendgroup=line.legendgroup,
        yaxis=line.yaxis,
    )
