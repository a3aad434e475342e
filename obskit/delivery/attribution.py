"""Which deployment an incident is attributed to, by which method, and how sure that is.

| method | confidence | the incident |
|---|---|---|
| explicit | certain | names the deployment or its version |
| rollback | high | was open when its service was rolled back: what was replaced is blamed |
| same service | medium | began within 24 hours after its service was deployed |
| last deployment | low | began later, or its service is not known |

The first method that finds a deployment decides. Another method, such as a verdict on a deployment, is one
more function in `METHODS`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from obskit.delivery.records import Deployment, Incident

SOON = timedelta(hours=24)
LOW = "low"


@dataclass(frozen=True)
class Attribution:
    """An incident and the deployment that it is attributed to.

    Attributes:
        incident: the incident.
        deployment: the deployment's index; None if there is none before the incident.
        method: which rule found it: "explicit", "rollback", "same service", "last deployment" or "none".
        confidence: "certain", "high", "medium", "low" or "none".
    """

    incident: Incident
    deployment: int | None
    method: str
    confidence: str


class Candidates:
    """The deployments that incidents may be attributed to, ready to be searched.

    Args:
        deployments: in order of their end.
        previous: which one each replaced.
        rolled_back: whether each went back to an earlier version.
    """

    def __init__(
        self,
        deployments: Sequence[Deployment],
        previous: Sequence[int | None],
        rolled_back: Sequence[bool],
    ) -> None:
        self.deployments = deployments
        self.previous = previous
        self.rolled_back = rolled_back
        self._places: dict[str | None, list[int]] = {}
        for at, one in enumerate(deployments):
            self._places.setdefault(one.service, []).append(at)
        self._by_id: dict[str, list[int]] = {}
        for at, one in enumerate(deployments):
            if one.id is not None:
                self._by_id.setdefault(one.id, []).append(at)
        self._begun = {
            service: sorted((deployments[at].begun, at) for at in places)
            for service, places in self._places.items()
        }
        self._ends = [one.end for one in deployments]

    def of(self, service: str | None) -> list[int]:
        """Return the deployments of a service."""
        return self._places.get(service, [])

    def with_id(self, name: str) -> list[int]:
        """Return the deployments with an id; a deployment of several repositories has one id."""
        return self._by_id.get(name, [])

    def last_begun(self, service: str | None, moment: datetime) -> int | None:
        """Return the last deployment of a service that began at or before a moment."""
        begun = self._begun.get(service, [])
        at = bisect_right(begun, (moment, len(self.deployments)))
        return begun[at - 1][1] if at else None

    def last_complete(self, service: str | None, moment: datetime) -> int | None:
        """Return the last deployment that was complete before a moment; of any service if it is None."""
        places = range(len(self.deployments)) if service is None else self.of(service)
        at = bisect_left(places, moment, key=self._ends.__getitem__)
        return places[at - 1] if at else None


def _explicit(incident: Incident, among: Candidates) -> int | None:
    if incident.deployment_id is not None:
        named = among.with_id(incident.deployment_id)
        own = [at for at in named if among.deployments[at].service == incident.service]
        if named:
            return (own or named)[-1]
    if incident.version is not None and incident.service is not None:
        of_version = [
            at
            for at in among.of(incident.service)
            if among.deployments[at].version == incident.version
            and among.deployments[at].begun <= incident.opened
        ]
        return of_version[-1] if of_version else None
    return None


def _rollback(incident: Incident, among: Candidates) -> int | None:
    if incident.service is None:
        return None
    until = incident.resolved or incident.opened + SOON
    for at in among.of(incident.service):
        one, before = among.deployments[at], among.previous[at]
        if among.rolled_back[at] and before is not None and incident.opened <= one.end <= until:
            replaced = among.deployments[before]
            return before if replaced.begun <= incident.opened else None
    return None


def _same_service(incident: Incident, among: Candidates) -> int | None:
    if incident.service is None:
        return None
    found = among.last_begun(incident.service, incident.opened)
    near = found is not None and incident.opened - among.deployments[found].end <= SOON
    return found if near else None


def last_deployment(incident: Incident, among: Candidates) -> int | None:
    """Return the last deployment of the incident's service that was complete; of any, if it is not known."""
    return among.last_complete(incident.service, incident.opened)


METHODS: tuple[tuple[str, str, Callable[[Incident, Candidates], int | None]], ...] = (
    ("explicit", "certain", _explicit),
    ("rollback", "high", _rollback),
    ("same service", "medium", _same_service),
    ("last deployment", LOW, last_deployment),
)
"""Name, confidence and rule of each method, the surest first."""


def attribute(incident: Incident, among: Candidates) -> Attribution:
    """Attribute an incident to a deployment.

    Args:
        incident: the incident.
        among: the deployments.

    Returns:
        The first method's answer; the method "none" if no deployment came before.
    """
    for name, confidence, rule in METHODS:
        found = rule(incident, among)
        if found is not None:
            return Attribution(incident, found, name, confidence)
    return Attribution(incident, None, "none", "none")
