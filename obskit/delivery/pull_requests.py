"""Times of pull requests: coding, pickup, review and deployment, by the rules of DevLake.

    first commit ──coding─> created ──pickup─> first comment by another ──review─> merged ──deploy─> deployed

Source: apache/incubator-devlake, backend/plugins/dora (tasks `change_lead_time_calculator`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from obskit.errors import InvalidArgument, NoSuchPath
from obskit.text import first_line

FIELDS = "number,author,createdAt,mergedAt,mergeCommit,commits,comments,reviews"


@dataclass(frozen=True)
class PullRequest:
    """A pull request.

    Attributes:
        id: its number.
        author: who made it; empty if that is not known.
        created: when it was created.
        merged: when it was merged; None if it was not.
        merge_commit: the commit that merged it.
        authored: when its commits were authored.
        comments: (when, by whom) of its comments and reviews.
    """

    id: str
    author: str
    created: datetime
    merged: datetime | None
    merge_commit: str | None
    authored: tuple[datetime, ...] = ()
    comments: tuple[tuple[datetime, str], ...] = ()


@dataclass(frozen=True)
class PullRequestTimes:
    """How long the parts of a pull request took, in minutes, rounded up.

    Attributes:
        id: its number.
        coding: from its first commit to its creation.
        pickup: from its creation to the first comment by another.
        review: from that comment to the merge.
        deploy: from the merge to the end of the deployment that brought it.
        cycle: coding, creation to merge, and deploy together.
        deployment: the index of that deployment; None if it is not deployed.
        first_commit: when its first commit was authored.
        first_comment: when the first comment by another was made.
    """

    id: str
    coding: int | None
    pickup: int | None
    review: int | None
    deploy: int | None
    cycle: int | None
    deployment: int | None
    first_commit: datetime | None = None
    first_comment: datetime | None = None


def pull_request_times(
    pull_requests: Iterable[PullRequest],
    deployed_by: Callable[[str], int | None],
    ends: Sequence[datetime],
) -> list[PullRequestTimes]:
    """Return the times of pull requests.

    Args:
        pull_requests: those that are not merged are left out.
        deployed_by: the index of the first deployment that brought a commit; None if none did.
        ends: when each deployment was complete.

    Returns:
        One record per merged pull request. A part that would be negative is None, and 0 in the cycle.
    """
    found = []
    for one in pull_requests:
        if one.merged is None:
            continue
        at = deployed_by(one.merge_commit) if one.merge_commit else None
        begun = min(one.authored, default=None)
        first = min((moment for moment, by in one.comments if by != one.author), default=None)
        coding, merging = _minutes(begun, one.created), _minutes(one.created, one.merged)
        deploy = _minutes(one.merged, None if at is None else ends[at])
        found.append(
            PullRequestTimes(
                id=one.id,
                coding=coding,
                pickup=_minutes(one.created, first),
                review=_minutes(first, one.merged),
                deploy=deploy,
                cycle=sum(part or 0 for part in (coding, merging, deploy)),
                deployment=at,
                first_commit=begun,
                first_comment=first,
            )
        )
    return found


def first_deployed(
    begun: Mapping[int, datetime], commits_of: Callable[[int], Iterable[str]]
) -> dict[str, int]:
    """Return which deployment brought each commit first.

    Args:
        begun: index of a deployment -> when it began.
        commits_of: returns the hashes of the commits that a deployment brought.

    Returns:
        Hash of a commit -> index of the deployment.
    """
    found: dict[str, int] = {}
    for at in sorted(begun, key=lambda at: (begun[at], at)):
        for commit in commits_of(at):
            found.setdefault(commit, at)
    return found


def _minutes(begun: datetime | None, ended: datetime | None) -> int | None:
    if begun is None or ended is None or ended < begun:
        return None
    return math.ceil((ended - begun).total_seconds() / 60)


def read_pull_requests(path: str | Path) -> list[PullRequest]:
    """Read what `gh pr list --json number,author,...` prints.

    Args:
        path: a JSON file with a list of pull requests.

    Returns:
        The pull requests.

    Raises:
        NoSuchPath: there is no such file, or it cannot be read.
        InvalidArgument: it is not such a list.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(found, list):
            raise ValueError("it is not a list")
        return [_pull_request(item) for item in found]
    except OSError as error:
        raise NoSuchPath(
            f"{path} cannot be read: {error.strerror or error}", hint=f"gh pr list --json {FIELDS} > {path}"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        missing = f"{error} is missing" if isinstance(error, KeyError) else first_line(error)
        raise InvalidArgument(
            f"{path} is not a list of pull requests: {missing}", hint=f"gh pr list --json {FIELDS} > {path}"
        ) from error


def _pull_request(item: dict[str, Any]) -> PullRequest:
    said = [*(item.get("comments") or ()), *(item.get("reviews") or ())]
    times = [
        (_time(one.get("createdAt") or one.get("submittedAt")), _login(one))
        for one in said
        if one.get("createdAt") or one.get("submittedAt")
    ]
    authored = [
        _time(one.get("authoredDate")) for one in item.get("commits") or () if one.get("authoredDate")
    ]
    merged = item.get("mergedAt")
    return PullRequest(
        str(item["number"]),
        _login(item),
        _time(item["createdAt"]),
        _time(merged) if merged else None,
        (item.get("mergeCommit") or {}).get("oid"),
        tuple(authored),
        tuple(times),
    )


def _login(item: dict[str, Any]) -> str:
    return str((item.get("author") or {}).get("login") or "")


def _time(text: Any) -> datetime:
    found = datetime.fromisoformat(str(text))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
