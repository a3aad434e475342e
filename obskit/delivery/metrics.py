"""The five metrics of one group, each with its interval and the number of cases it rests on.

| metric | what it is |
|---|---|
| lead_time, lead_time_p90 | from a commit to the end of the deployment that brought it first |
| deployment_frequency | deployments per day |
| time_between_deployments | from the end of one to the end of the next of the same service and environment |
| change_fail_rate | share of the deployments that required an intervention |
| recovery_time | from the end of a failed deployment to its recovery |
| rework_rate | share of the deployments that were rollbacks, hotfixes or marked as unplanned |

Source: dora.dev, "DORA's software delivery performance metrics" (2026).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from obskit.delivery.judged import Judged
from obskit.delivery.pull_requests import PullRequestTimes
from obskit.stats.intervals import (
    LEVEL,
    NOTHING,
    Interval,
    joint_level,
    quantile_interval,
    quantile_ratio,
    rate_interval,
    rate_ratio,
    share_interval,
)

Unit = Literal["s", "per day", "share"]
_DAY = 86_400.0
_PARTS = ("coding", "pickup", "review", "deploy", "cycle")


@dataclass(frozen=True)
class Metric:
    """One metric of one group.

    Attributes:
        name: which one.
        unit: "s", "per day" or "share" (from 0 to 1).
        interval: the estimate and its bounds, with a confidence of 95%.
        n: how many cases it rests on: commits, deployments, failures, pull requests.
        open: how many of these are not over; they count as longer than all others.
    """

    name: str
    unit: Unit
    interval: Interval
    n: int
    open: int = 0


@dataclass
class Sample:
    """What the metrics of one group are computed from.

    Attributes:
        days: how long the window is.
        deployments, failed, rework: how many there are in it.
        on_the_edge: how many of them begin the window themselves: of five daily deployments, four are in the
            four days from the first to the last.
        leads: seconds from commit to deployment.
        lead_clusters: which deployment each of them belongs to.
        gaps: seconds between consecutive deployments.
        recoveries: seconds from a failed deployment to its recovery.
        open: failed deployments that have not recovered.
        doubtful: failed deployments that only the last rule of attribution says failed.
        pull_requests: the times of pull requests.
        incidents: whether the data has incidents at all; without any, no failure is no answer.
    """

    days: float
    deployments: int = 0
    failed: int = 0
    rework: int = 0
    on_the_edge: int = 0
    leads: list[float] = field(default_factory=list)
    lead_clusters: list[int] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    open: int = 0
    doubtful: int = 0
    pull_requests: list[PullRequestTimes] = field(default_factory=list)
    incidents: bool = True

    @property
    def in_time(self) -> int:
        """How many deployments the days of the window count."""
        return self.deployments - self.on_the_edge

    def share(self, hits: int, level: float = LEVEL) -> Interval:
        """Return a share of the deployments; nothing if it is 0 because the data has no incidents."""
        return share_interval(hits, self.deployments, level) if hits or self.incidents else NOTHING


def sample_of(
    judged: Sequence[Judged],
    within: Sequence[int],
    days: float,
    incidents: bool = True,
    edge: datetime | None = None,
) -> Sample:
    """Return what the metrics of some deployments are computed from.

    Args:
        judged: all deployments, in order of their end.
        within: the indices of those that count.
        days: how long the window is.
        incidents: whether the data has incidents at all.
        edge: the start of the window, if a deployment may have set it.

    Returns:
        The sample.
    """
    found = Sample(days, incidents=incidents)
    newest: dict[object, datetime] = {}
    for at in within:
        one = judged[at]
        found.deployments += 1
        found.on_the_edge += one.deployment.end == edge
        found.failed += one.failed
        found.rework += one.rework is not None
        found.doubtful += one.doubtful
        found.leads += one.leads
        found.lead_clusters += [at] * len(one.leads)
        if one.failed and one.recovery is not None:
            found.recoveries.append(one.recovery)
        found.open += one.is_open
        before = newest.get(one.deployment.key)
        if before is not None:
            found.gaps.append((one.deployment.end - before).total_seconds())
        newest[one.deployment.key] = one.deployment.end
    return found


def metrics_of(sample: Sample, level: float = LEVEL) -> list[Metric]:
    """Return the metrics of a group.

    Args:
        sample: its cases.
        level: the confidence of the intervals.

    Returns:
        One record per metric; those of pull requests only if there are any.
    """
    clusters = sample.lead_clusters
    median = quantile_interval(sample.leads, clusters=clusters, level=level)
    ninth = quantile_interval(sample.leads, clusters=clusters, q=0.9, level=level)
    found = [
        Metric("lead_time", "s", median, len(sample.leads)),
        Metric("lead_time_p90", "s", ninth, len(sample.leads)),
        Metric(
            "deployment_frequency",
            "per day",
            rate_interval(sample.in_time, sample.days, level),
            sample.in_time,
        ),
        Metric(
            "time_between_deployments", "s", quantile_interval(sample.gaps, level=level), len(sample.gaps)
        ),
        Metric(
            "change_fail_rate",
            "share",
            sample.share(sample.failed, level),
            sample.deployments,
        ),
        Metric(
            "recovery_time",
            "s",
            quantile_interval(sample.recoveries, sample.open, level=level),
            len(sample.recoveries) + sample.open,
            sample.open,
        ),
        Metric(
            "rework_rate",
            "share",
            sample.share(sample.rework, level),
            sample.deployments,
        ),
    ]
    for part in _PARTS if sample.pull_requests else ():
        minutes = [value for one in sample.pull_requests if (value := getattr(one, part)) is not None]
        seconds = [60.0 * value for value in minutes]
        name = f"pull_request_{part}"
        found.append(Metric(name, "s", quantile_interval(seconds, level=level), len(seconds)))
    return found


@dataclass(frozen=True)
class Ratio:
    """A metric of one group divided by that of another.

    Attributes:
        name: which metric.
        interval: the ratio and its bounds, with a confidence of 95%; 1 is no difference.
        first_n, second_n: how many cases each side rests on.
    """

    name: str
    interval: Interval
    first_n: int
    second_n: int


def ratios_of(first: Sample, second: Sample) -> list[Ratio]:
    """Return each metric of the first group divided by that of the second.

    Args:
        first: a group.
        second: another one, or the same in another window.

    Returns:
        One record per metric that both have.
    """
    level = joint_level()
    counted: dict[str, Callable[[Sample], tuple[int, float]]] = {
        "deployment_frequency": lambda one: (one.in_time, one.days),
        "change_fail_rate": lambda one: (one.failed, float(one.deployments)),
        "rework_rate": lambda one: (one.rework, float(one.deployments)),
    }
    theirs = {metric.name: metric for metric in metrics_of(second, level)}
    found = []
    for metric in metrics_of(first, level):
        other = theirs.get(metric.name)
        if other is None:
            continue
        if metric.unit == "share" and NOTHING in (metric.interval, other.interval):
            interval = NOTHING
        elif metric.name in counted:
            interval = rate_ratio(*counted[metric.name](first), *counted[metric.name](second))
        elif metric.n and other.n:
            interval = quantile_ratio(metric.interval, other.interval)
        else:
            interval = NOTHING
        found.append(Ratio(metric.name, interval, metric.n, other.n))
    return found
