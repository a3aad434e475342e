"""What delivery is measured from: deployments and incidents, each a record of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_UNPLANNED = re.compile(r"\b(?:hot-?fix|roll-?back|rolled back|revert)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Deployment:
    """One deployment that changed what runs.

    Attributes:
        service: what was deployed; None if it is not known.
        environment: where to; None if it is not known.
        end: when it was complete.
        id: its id, if it has one.
        version: the version that it deployed.
        revision: the commit.
        start: when it began, if that was recorded.
        outcome: "succeeded", or "rolled_back" if it returned to an earlier version.
        label: the text from which an unplanned deployment is recognized.
        unplanned: whether it was marked as unplanned.
        group: the value of the field that the result is grouped by.
        taken_back: when it was rolled back, if its own id says so.
        method: "recorded", or "tag" if only a tag of git is known.
    """

    service: str | None
    environment: str | None
    end: datetime
    id: str | None = None
    version: str | None = None
    revision: str | None = None
    start: datetime | None = None
    outcome: str = "succeeded"
    label: str = ""
    unplanned: bool = False
    group: str | None = None
    taken_back: datetime | None = None
    method: str = "recorded"

    @property
    def key(self) -> tuple[str | None, str | None]:
        """The service and the environment; deployments of one key follow one another."""
        return self.service, self.environment

    @property
    def begun(self) -> datetime:
        """When it began to change what runs, as far as that is known."""
        return self.end if self.start is None else min(self.start, self.end)

    @property
    def named_unplanned(self) -> bool:
        """Whether it is marked or named as unplanned: hotfix, rollback, revert."""
        return self.unplanned or _UNPLANNED.search(self.label) is not None


@dataclass(frozen=True)
class Incident:
    """One incident.

    Attributes:
        opened: when it began.
        resolved: when it ended; None while it is open.
        id: its id, if it has one.
        title: its title.
        service: the service that it is about, if that is known.
        deployment_id: the deployment that caused it, if it names one.
        version: the version that caused it, if it names one.
    """

    opened: datetime
    resolved: datetime | None = None
    id: str | None = None
    title: str | None = None
    service: str | None = None
    deployment_id: str | None = None
    version: str | None = None
