"""Change lead time: from the commit to the end of the deployment that brought it first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from obskit.delivery.judged import Judged
from obskit.readers.markers.git.commits import Repository

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class LeadTimeNotes:
    """What was left out while lead times were computed.

    Attributes:
        unknown: deployments whose commit the repository does not have.
        first: deployments without a predecessor, whose commits are not known.
        unnamed: deployments that name neither a commit nor a version.
        after_unknown: deployments that follow one of these two, so that their commits are not known.
        negative: commits that are younger than their deployment.
    """

    unknown: int = 0
    first: int = 0
    unnamed: int = 0
    after_unknown: int = 0
    negative: int = 0


def add_lead_times(judged: Sequence[Judged], repositories: Mapping[str | None, Repository]) -> LeadTimeNotes:
    """Add to each deployment the lead times of the commits that it brought first.

    Args:
        judged: in order of their end; `leads` is filled.
        repositories: service -> its repository; the key None is for all other services.

    Returns:
        What was left out.

    Cost: the number of commits between consecutive deployments.
    """
    notes = LeadTimeNotes()
    at_commit: dict[int, int | None] = {}
    brought: dict[object, set[int]] = {}
    for number, one in enumerate(judged):
        deployment = one.deployment
        repository = repositories.get(deployment.service) or repositories.get(None)
        if repository is None:
            continue
        new = at_commit[number] = repository.find(deployment.revision, deployment.version)
        if new is None:
            named = deployment.revision is not None or deployment.version is not None
            notes.unknown += named
            notes.unnamed += not named
            continue
        if one.previous is None:
            notes.first += 1
            continue
        old = at_commit.get(one.previous)
        if old is None:
            notes.after_unknown += 1
            continue
        seen = brought.setdefault(deployment.key, set())
        for commit in repository.between(old, new):
            one.commits.append(repository.hashes[commit])
            if commit in seen:
                continue
            seen.add(commit)
            lead = (deployment.end - _time(repository.times[commit])).total_seconds()
            if lead < 0:
                notes.negative += 1
            else:
                one.leads.append(lead)
    return notes


def _time(seconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:  # a commit may claim any time
        return datetime.max.replace(tzinfo=UTC)
