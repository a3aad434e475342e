"""Which deployment a deployment followed, and whether it went back to an earlier version."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime

from obskit.delivery.records import Deployment


def previous_ones(
    deployments: Sequence[Deployment], key: Callable[[Deployment], Hashable] = lambda one: one.key
) -> list[int | None]:
    """Return which deployment was complete before each one.

    Args:
        deployments: in order of their end.
        key: what deployments that follow one another share; the service and the environment by default.

    Returns:
        For each deployment the index of the last one before it with the same key; None for the first.

    Example:
        two = [Deployment("book", None, at(1)), Deployment("book", None, at(2))]
        previous_ones(two)  # [None, 0]
    """
    newest: dict[Hashable, int] = {}
    found: list[int | None] = []
    for at, one in enumerate(deployments):
        found.append(newest.get(key(one)))
        newest[key(one)] = at
    return found


def rollbacks(deployments: Sequence[Deployment], previous: Sequence[int | None]) -> list[bool]:
    """Return whether each deployment went back to an earlier version.

    It did if that is recorded, or if its version was deployed before and is older than the one it replaces:
    2.3, 2.4, 2.3 ends with a rollback; the next 2.4 is not one.

    Args:
        deployments: in order of their end.
        previous: as `previous_ones` returns it.

    Returns:
        One value per deployment.
    """
    first: dict[tuple[Hashable, str], datetime] = {}
    found = []
    for at, one in enumerate(deployments):
        name = _name(one)
        before = previous[at]
        replaced = None if before is None else _name(deployments[before])
        back = False
        if name is not None and replaced is not None and name != replaced and (one.key, name) in first:
            back = first[one.key, name] < first[one.key, replaced]
        found.append(before is not None and (back or one.outcome == "rolled_back"))
        if name is not None:
            first.setdefault((one.key, name), one.end)
    return found


def _name(one: Deployment) -> str | None:
    return one.version or one.revision
