"""A version that was deployed more than once: which of its requests belong to the last time.

A version may be taken back and deployed again, be what a rollback returns to, or be deployed twice in a row.
What it answered before says nothing about its last deployment, so those requests are left out. If no other
version runs next to the second of two deployments in a row, there is nothing to judge it by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from obskit.display import formatting
from obskit.engine import Window, microseconds
from obskit.judge.arms import NotJudged
from obskit.query import Deployment


@dataclass
class Rollout:
    """One deployment, of which each step may have a marker.

    Attributes:
        at: when its first step was recorded.
        service, environment, version: what was deployed where; None if it is not known.
        ids: the ids of its markers.
    """

    at: datetime
    service: str | None
    environment: str | None
    version: str | None
    ids: set[str] = field(default_factory=set)

    def goes_on(self, step: Deployment) -> bool:
        """Return whether a marker is a further step of this rollout."""
        if step.version != self.version:
            return False
        return step.id is None or not self.ids or step.id in self.ids


def rollouts_of(markers: Sequence[Deployment]) -> list[Rollout]:
    """Return the rollouts, in order of their beginning.

    Args:
        markers: of deployments, in order of time.

    Returns:
        One per deployment: markers of one service and environment that follow one another, with the same
        version and with one id or none.
    """
    out: list[Rollout] = []
    newest: dict[tuple[str | None, str | None], Rollout] = {}
    for step in markers:
        place = step.service, step.environment
        current = newest.get(place)
        if current is None or not current.goes_on(step):
            current = newest[place] = Rollout(step.at, *place, step.version)
            out.append(current)
        if step.id is not None:
            current.ids.add(step.id)
    return out


def last_start(
    markers: Sequence[Deployment],
    service: str | None,
    environment: str | None,
    version: str,
    ran: dict[str, tuple[int, int, int]],
    during: Window | None,
) -> tuple[int | None, list[str]]:
    """Return from when on the requests of a version belong to its last deployment.

    Args:
        markers: of deployments, in order of time.
        service: the service that was deployed; None for any.
        environment: where it was deployed; None for any.
        version: the version.
        ran: version -> (requests, first and last time in µs).
        during: the window that is judged, if one was given.

    Returns:
        The time in µs, or None if all of its requests belong to it; and notes.

    Raises:
        NotJudged: the version was deployed twice in a row, and no other version ran next to the second.
    """
    if during is not None and during.start is not None:
        return None, []  # the window says which deployment is meant
    until = None if during is None else during.end
    found = [
        one
        for one in rollouts_of(markers)
        if service in (None, one.service)
        and environment in (None, one.environment)
        and (until is None or microseconds(one.at) < until)
    ]
    last = next((one for one in reversed(found) if one.version == version), None)
    if last is None:
        return None, []
    begun = microseconds(last.at)
    place = last.service, last.environment
    before = [one for one in found[: found.index(last)] if (one.service, one.environment) == place]
    ran_before = any(ran[version][1] < microseconds(one.at) for one in before if one.version != version)
    twice = bool(before) and before[-1].version == version
    if not twice and not ran_before:
        return None, []
    if twice and not any(end >= begun for name, (_, _, end) in ran.items() if name != version):
        what = " ".join(part for part in (last.service, version) if part)
        raise NotJudged(
            "error",
            f"{what} was deployed twice in a row, at {formatting.time(before[-1].at)} and "
            f"{formatting.time(last.at)}, and no other version ran next to the second, so there is nothing "
            "to judge it by. Judge by deployment.id if the requests have it, or name a window of time.",
        )
    return begun, [
        f"{version} ran before, too; only its requests since it was deployed again, at "
        f"{formatting.time(last.at)}, are judged, unless a window of time is given"
    ]
