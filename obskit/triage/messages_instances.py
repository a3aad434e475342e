"""Fold what comes and goes with a rollout into one item: pods, instances, hosts, versions, images.

new  k8s.pod.name     6 values since 10:00
new  service.version  2.4.0    since 10:00      replaced since 10:00 until 11:00:
gone k8s.pod.name     6 values since 11:00      6 pods of booking 2.3.7 → 2.4.0
gone service.version  2.3.7    since 11:00
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from obskit.engine import format_condition
from obskit.query.deployments import Deployment
from obskit.text import pluralize
from obskit.triage.messages_counts import ValueCounts
from obskit.triage.messages_result import Message
from obskit.triage.messages_shifts import GONE, NEW, Shift

REPLACED = "replaced"
MOST_SERVICES = 3  # that are named
MOST_VERSIONS = 3  # of a service
VERSIONS = (
    "service.version",
    "deployment.id",
    "faas.version",
    "container.image.tag",
    "container.image.id",
    "vcs.ref.head.revision",
    "k8s.replicaset.name",
    "k8s.replicaset.uid",
)
# Field -> what one of its values is. Of those that name the same things, the first one is counted.
_INSTANCES = {
    "k8s.pod.name": "pod",
    "k8s.pod.uid": "pod",
    "k8s.pod.ip": "pod",
    "aws.ecs.task.id": "task",
    "aws.ecs.task.arn": "task",
    "faas.instance": "instance",
    "service.instance.id": "instance",
    "container.id": "container",
    "host.name": "host",
    "host.id": "host",
}
_NODES = {"k8s.node.name": "node", "k8s.node.uid": "node"}  # they carry the instances of several services
IDENTITIES = (*VERSIONS, *_INSTANCES, *_NODES)
"""Fields whose values are new by design when something is deployed, restarted or moved."""

Deployed = Mapping[datetime, Sequence[Deployment]]
Owners = Callable[[str, str], Sequence[tuple[Any, ...]]]


def follow_versions(
    counts: ValueCounts,
    found: Sequence[Shift],
    fields: Sequence[ValueCounts],
    by_field: Mapping[str, Sequence[Shift]],
    owners: Owners,
) -> tuple[list[Shift], set[int]]:
    """Return the instances that changed with their version, although they have too few events to show it.

    All pods of a version that is gone are gone.

    Args:
        counts: the instances.
        found: the shifts of instances with enough events.
        fields: all fields.
        by_field: their shifts.
        owners: returns, for each value of a field, the values of another field on its rows.

    Returns:
        The shifts of the other instances, at the moments of their versions; and all rows, those of `found`
        included, whose version changed.
    """
    version = next((name for name in VERSIONS if by_field.get(name)), None)
    if counts.field not in _INSTANCES or version is None:
        return [], set()
    values = next(one.values for one in fields if one.field == version)
    changed = {values[shift.row]: shift for shift in by_field[version]}
    known = {shift.row for shift in found}
    more, rows = [], set()
    for row, versions in enumerate(owners(counts.field, version)):
        own = [changed[one] for one in versions if one in changed]
        changes = {shift.change for shift in own}
        if not own or len(own) < len(versions) or len(changes) > 1:
            continue
        rows.add(row)
        if row not in known:
            at = [shift.at for shift in own]
            (change,) = changes
            more.append(counts.grid.shift(row, min(at) if change == NEW else max(at), change))
    return more, rows


def fold_instances(
    items: Iterable[Message], moments: Sequence[datetime], deployed: Deployed
) -> list[Message]:
    """Return the identities that changed in one rollout as one item.

    Identities of one service belong to one rollout if they changed at the same moment or at moments that are
    neighbors, or if some are new and, at the next change, old ones are gone. A deployment of the service
    begins another rollout. Rollouts of several services that began at the same moment are one item.

    Args:
        items: values of `IDENTITIES` that are new or gone, each with its service.
        moments: all moments that were compared; ascending.
        deployed: the deployments by moment.

    Returns:
        The items in the order of time.
    """
    rank = {moment: at for at, moment in enumerate(moments)}
    begun: dict[tuple[datetime, str], list[Message]] = {}
    ordered = sorted(items, key=lambda item: (item.service or "", item.since))
    for service, own in itertools.groupby(ordered, key=lambda item: item.service):
        for rollout in _rollouts(own, rank, {at for at in deployed if _names_of(deployed[at], {service})}):
            begun.setdefault((_beginning(rollout), _change(rollout)), []).extend(rollout)
    return [_folded(members, deployed) for _, members in sorted(begun.items())]


def _rollouts(
    items: Iterable[Message], rank: Mapping[datetime, int], deployed: set[datetime]
) -> list[list[Message]]:
    """Return the changes of one service, which are in the order of time, by rollout."""
    out: list[list[Message]] = []
    for moment, group in itertools.groupby(items, key=lambda item: item.since):
        own = list(group)
        if out and _continues(out[-1], own, rank[moment] - rank[out[-1][-1].since], moment in deployed):
            out[-1] += own
        else:
            out.append(own)
    return out


def _continues(earlier: Sequence[Message], later: Sequence[Message], steps: int, deployed: bool) -> bool:
    before, after = {item.change for item in earlier}, {item.change for item in later}
    if before == {NEW} and GONE in after:
        return not deployed
    if before == {GONE}:  # an old instance with few events is seen for the last time before the deployment
        return steps == 1 and (deployed or after == {GONE})
    return steps == 1 and not deployed


def _change(members: Sequence[Message]) -> str:
    changes = {item.change for item in members}
    return REPLACED if len(changes) > 1 else changes.pop()


def _beginning(members: Sequence[Message]) -> datetime:
    return min((item.since for item in members if item.change == NEW), default=members[0].since)


def _folded(members: Sequence[Message], deployed: Deployed) -> Message:
    since, change = _beginning(members), _change(members)
    shown = [NEW, GONE] if change != GONE else [GONE]
    # The condition is on what is there now, by its version if that changed.
    field, sign = next((f, c) for c in shown for f in IDENTITIES if _with(members, f, c))
    main = _with(members, field, sign)
    values = tuple(sorted({value for item in main for value in item.values}))
    condition: dict[str, Any] = {"field": field, "op": "=", "value": values[0]}
    if len(values) > 1:
        condition = {"field": field, "op": "in", "values": list(values)}
    gone, new = _with(members, field, GONE), _with(members, field, NEW)
    last = max(item.since for item in members)
    services = {item.service for item in members}
    return Message(
        change=change,
        field=field,
        values=values,
        condition=format_condition([condition]),
        since=since,
        deployment=", ".join(_names_of(deployed.get(since, ()), services)) or None,
        before=sum(item.before for item in gone),
        after=sum(item.after for item in new),
        share_before=sum(item.share_before for item in gone),
        share_after=sum(item.share_after for item in new),
        excess=sum(item.excess for item in main),
        service=services.pop() if len(services) == 1 else None,
        exact=all(item.exact for item in members),
        until=last if last > since else None,
        summary=_summary(members, change),
        members=tuple(members),
    )


def _with(members: Sequence[Message], field: str, change: str) -> list[Message]:
    return [item for item in members if (item.field, item.change) == (field, change)]


def _names_of(found: Sequence[Deployment], services: set[str | None]) -> list[str]:
    """Return the names of the deployments that may be of these services."""
    return [str(one) for one in found if one.service is None or None in services or one.service in services]


def _summary(members: Sequence[Message], change: str) -> str:
    """Return what changed in words, such as "6 pods of booking 2.3.7 → 2.4.0"."""
    services: dict[str | None, list[Message]] = {}
    for item in sorted(members, key=lambda item: -max(item.share_before, item.share_after)):
        services.setdefault(item.service, []).append(item)
    names = {service: _name(service, own, change) for service, own in services.items()}
    shared = names.pop(None, "")  # a version of several services
    named = list(names.values())
    left = len(named) - MOST_SERVICES
    if left > 0:
        named = [*named[:MOST_SERVICES], pluralize(left, "other service")]
    instances, nodes = (_count(members, fields, change) for fields in (_INSTANCES, _NODES))
    of = " of ".join(filter(None, [instances, _listed(named)]))
    return "; ".join(filter(None, [_listed([*filter(None, [of, nodes])]), shared]))


def _count(members: Sequence[Message], fields: Mapping[str, str], change: str) -> str:
    """Return how many instances changed, counted by the first field that has any."""
    field = next((name for name in fields if any(item.field == name for item in members)), None)
    if field is None:
        return ""
    new, gone = (
        len({value for item in _with(members, field, sign) for value in item.values}) for sign in (NEW, GONE)
    )
    at_least = "" if all(item.exact for item in members if item.field == field) else "at least "
    if new and gone:
        return at_least + (f"{gone:,} → " if new != gone else "") + pluralize(new, fields[field])
    text = at_least + pluralize(new or gone, fields[field])
    return text if change != REPLACED else f"{text} {'new' if new else 'gone'}"


def _name(service: str | None, members: Sequence[Message], change: str) -> str:
    """Return a service with the change of its version: "booking 2.3.7 → 2.4.0"."""
    field = next((name for name in VERSIONS if any(item.field == name for item in members)), None)
    if field is None:
        return service or ""
    new, gone = (_versions(_with(members, field, sign)) for sign in (NEW, GONE))
    versions = f"{gone} → {new}" if new and gone else new or gone
    if change == REPLACED and not (new and gone):
        versions += " new" if new else " gone"
    return f"{service or field} {versions}"


def _versions(items: Sequence[Message]) -> str:
    values = sorted({str(value) for item in items for value in item.values})
    more = f" and {len(values) - MOST_VERSIONS:,} more" if len(values) > MOST_VERSIONS else ""
    return ", ".join(values[:MOST_VERSIONS]) + more


def _listed(texts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))


def join_alike(folded: Sequence[Message], others: Iterable[Message], same: float) -> list[Message]:
    """Add other values to the items that they changed with, except to instances that are only gone.

    Args:
        folded: instances.
        others: values of other fields that are new or gone.
        same: relative difference of counts up to which two changed together, in [0, 1].

    Returns:
        The others that are left, then the instances.
    """
    instances, left = list(folded), []
    for other in others:
        at = next(
            (at for at, one in enumerate(instances) if one.change != GONE and _has(one, other, same)), None
        )
        if at is None:
            left.append(other)
        else:
            also = (*instances[at].also, other.condition, *other.also)
            instances[at] = dataclasses.replace(instances[at], also=also)
    return [*left, *instances]


def _has(one: Message, other: Message, same: float) -> bool:
    return any(alike(member, other, same) for member in one.members)


def alike(one: Message, other: Message, same: float) -> bool:
    """Return whether two items changed at the same moment with about the same counts."""
    if (one.change, one.since) != (other.change, other.since):
        return False
    return all(
        abs(left - right) <= same * max(left, right)
        for left, right in ((one.before, other.before), (one.after, other.after))
    )
