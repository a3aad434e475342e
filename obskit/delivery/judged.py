"""What became of each deployment: did it fail, when was that over, and was it rework?

A deployment failed if an incident is attributed to it, if it was rolled back, or if its verdict is regress.
It recovered when its last incident was resolved or, without incidents, when the rollback was complete. With
only a verdict, it recovered when the next deployment was complete.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from obskit.delivery.attribution import SOON, Attribution, Candidates, attribute
from obskit.delivery.records import Deployment, Incident
from obskit.delivery.sequence import previous_ones, rollbacks


@dataclass
class Judged:
    """A deployment and what became of it.

    Attributes:
        deployment: the deployment.
        previous: the index of the one it replaced; None for the first.
        incidents: the incidents attributed to it.
        rework: "rollback", "hotfix" or "unplanned"; None for planned work.
        leads: seconds from commit to deployment, one per commit that it brought first.
        commits: the hashes of all commits that it brought.
        replaced_by_end: when it had been rolled back; None if it was not.
        regressed: whether its verdict is regress.
        followed_by_end: when the next deployment was complete; None for the newest.
    """

    deployment: Deployment
    previous: int | None
    incidents: list[Attribution] = field(default_factory=list)
    rework: str | None = None
    leads: list[float] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    replaced_by_end: datetime | None = None
    regressed: bool = False
    followed_by_end: datetime | None = None

    @property
    def failed(self) -> bool:
        """Whether it required an intervention."""
        return bool(self.incidents) or self.replaced_by_end is not None or self.regressed

    @property
    def failed_by(self) -> str | None:
        """The surest reason for which it counts as failed; None if it did not."""
        if self.replaced_by_end is not None:
            return "rolled back"
        order = ("explicit", "rollback", "verdict", "same service", "last deployment")
        methods = [one.method for one in self.incidents] + ["verdict"] * self.regressed
        return min(methods, key=order.index, default=None)

    @property
    def doubtful(self) -> bool:
        """Whether it counts as failed only because it was the last deployment before an incident."""
        return self.failed_by == "last deployment"

    @property
    def recovered(self) -> datetime | None:
        """When the failure was over; None if it is not over, or if there was none."""
        if not self.incidents:
            only_verdict = self.regressed and self.replaced_by_end is None
            return self.followed_by_end if only_verdict else self.replaced_by_end
        ends = [one.incident.resolved for one in self.incidents]
        known = [end for end in ends if end is not None]
        return max(known) if len(known) == len(ends) else None

    @property
    def recovery(self) -> float | None:
        """Seconds from its end to the recovery; None if that is not known."""
        over = self.recovered
        return None if over is None else max(0.0, (over - self.deployment.end).total_seconds())

    @property
    def is_open(self) -> bool:
        """Whether it failed and has not recovered."""
        return self.failed and self.recovered is None


def judge_deployments(
    deployments: Sequence[Deployment], incidents: Sequence[Incident], regressed: Collection[int] = ()
) -> tuple[list[Judged], list[Attribution]]:
    """Find out what became of each deployment.

    Args:
        deployments: of one environment, in order of their end.
        incidents: in any order.
        regressed: the indices of the deployments whose verdict is regress.

    Returns:
        The deployments in the same order, and each incident with the deployment it is attributed to.
    """
    previous = previous_ones(deployments)
    back = rollbacks(deployments, previous)
    judged = [
        Judged(one, before, replaced_by_end=one.taken_back)
        for one, before in zip(deployments, previous, strict=True)
    ]
    for at, one in enumerate(judged):
        if back[at] and one.previous is not None:
            judged[one.previous].replaced_by_end = one.deployment.end
        if one.previous is not None:
            judged[one.previous].followed_by_end = one.deployment.end
        one.regressed = at in regressed
    among = Candidates(deployments, previous, back)
    attributions = [attribute(incident, among) for incident in incidents]
    for attribution in attributions:
        if attribution.deployment is not None:
            judged[attribution.deployment].incidents.append(attribution)
    for at, one in enumerate(judged):
        one.rework = _rework(one, judged, rollback=back[at])
    return judged, attributions


def _rework(one: Judged, judged: Sequence[Judged], *, rollback: bool) -> str | None:
    """Return why a deployment is rework, if it is: it follows a failure, or is marked as unplanned."""
    if rollback:
        return "rollback"
    before = judged[one.previous] if one.previous is not None else None
    if before is not None and before.incidents and _during_failure(one.deployment, before):
        return "hotfix"
    return "unplanned" if one.deployment.named_unplanned else None


def _during_failure(deployment: Deployment, before: Judged) -> bool:
    opened = min(one.incident.opened for one in before.incidents)
    over = before.recovered or opened + SOON
    return opened <= deployment.end <= over
