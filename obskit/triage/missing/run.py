"""`find_missing`: which work or telemetry used to be there and is gone."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from obskit.dataset import Progress
from obskit.display import formatting
from obskit.engine import Scope, microseconds, moment
from obskit.query.deployments import Deployment
from obskit.triage.missing.binned import BinnedRows, Ints, time_edges
from obskit.triage.missing.children import ChildLoss, find_child_losses
from obskit.triage.missing.links import Links, find_links
from obskit.triage.missing.losses import Loss
from obskit.triage.missing.recovered import find_recovered
from obskit.triage.missing.sampling import find_sampling_changes
from obskit.triage.missing.slices import Slices, slices_of
from obskit.triage.missing.steps import FEWEST_BINS, Volumes, smallest_loss
from obskit.triage.missing.volume import VolumeLoss, boundaries, find_volume_losses

ALPHA = 0.01  # probability of one false alarm among all slices, calls and moments
MOST = 6


@dataclass(frozen=True)
class Missing:
    """What used to be there.

    Attributes:
        losses: the losses, work before telemetry.
        compared: the number of comparisons that the threshold accounts for.
        resolution: a sentence that says which loss would have been found; empty if nothing was compared.
    """

    losses: tuple[Loss, ...]
    compared: int
    resolution: str = ""


def find_missing(
    everything: Scope,
    units: Scope,
    keys: Sequence[str],
    times: tuple[datetime, datetime],
    since: datetime | None,
    deployed: Mapping[datetime, Sequence[Deployment]],
    progress: Progress | None = None,
) -> Missing:
    """Find slices whose volume fell, parents without the children they had, and changes of sampling.

    Args:
        everything: the rows that may be parents.
        units: the rows whose volume is compared.
        keys: the fields that identify operations.
        times: of the first and the last unit.
        since: the moment at which later time begins; by default every bin of time may be it.
        deployed: deployments by moment.
        progress: called while fields are coded for the first time.

    Returns:
        The losses.

    Cost: one pass over the codes of each categorical field, and one match of spans to their parents.
    """
    edges = time_edges(*times, since)
    if len(edges) < FEWEST_BINS + 2:
        return Missing((), 0)
    rows = BinnedRows.of(units, edges)
    moments = boundaries(rows.size)
    if since is not None:
        at = int(np.searchsorted(edges, microseconds(since)))
        if at < FEWEST_BINS or at >= rows.size:
            return Missing((), 0)
        moments = np.array([at], np.int64)
    watched = slices_of(everything, keys, progress)
    of = _Moments(edges, since, deployed)
    losses: list[Loss] = []
    links, found, more = _children(everything, keys, edges, watched, moments)
    if links is not None and found:
        losses += [_of_children(loss, links, keys, rows, of) for loss in found]
        # That there is less of such a child follows from its parents.
        follows = np.isin(links.operation, [loss.child for loss in found])
        ends = np.cumsum([len(part) for part in rows.bins])[:-1]
        rows = rows.without(np.split(follows, ends))
    counted = [one.count(rows) for one in watched]
    volume, tried = find_volume_losses(rows, watched, moments, ALPHA / 4, counted=counted)
    over = find_recovered(rows, watched, counted, moments, ALPHA / 4) if since is None else []
    # Next to all of the later time, what is over looks like a small loss that lasts.
    again = [(each.loss.slices, each.loss.step) for each in over]
    losses += [
        _of_volume(each, of)
        for each in volume
        if not any(each.slices is one and each.step.slice == step.slice for one, step in again)
    ]
    losses += [
        dataclasses.replace(_of_volume(each.loss, of), until=of.of(each.until, [])[0], note="")
        for each in over
    ]
    losses += [
        Loss("telemetry", "sampling", each.conditions, *of.of(each.at, []), each.before, each.after)
        for each in (
            find_sampling_changes(rows, watched) if "sample_weight" in everything.schema.names else []
        )
    ]
    losses.sort(key=lambda loss: loss.kind != "work")
    return Missing(tuple(losses[:MOST]), tried + more, _resolution(rows, watched, tried))


def _resolution(rows: BinnedRows, watched: Sequence[Slices], tried: int) -> str:
    if not watched or not tried:
        return ""
    level = math.log(ALPHA / 2 / tried)
    w, w2 = watched[0].count(rows)
    volumes = Volumes(w[:-1], w2[:-1], w.sum(axis=0))
    order = np.argsort(volumes.w.sum(axis=1), kind="stable")
    most, typical = int(order[-1]), int(order[len(order) // 2])
    loss = smallest_loss(volumes, most, level)
    if loss is None:
        return ""
    name = " ".join(str(value) for value in watched[0].keys[most] if value is not None)
    text = f"A loss of {formatting.share(loss)} of {name} would have been found"
    other = smallest_loss(volumes, typical, level)
    if other is None:
        return f"{text}, but not even the loss of all of a typical one."
    return f"{text}, and of {formatting.share(other)} of a typical one."


def _children(
    scope: Scope, keys: Sequence[str], edges: Ints, watched: Sequence[Slices], moments: Ints
) -> tuple[Links | None, list[ChildLoss], int]:
    """Return the links, the calls that no longer follow, and the number of comparisons."""
    links = find_links(scope, tuple(keys))
    if links is None:
        return None, [], 0
    rows = BinnedRows.of(scope, edges)
    failed = np.zeros(scope.dataset.rows, bool)
    if "error" in scope.schema.names:
        codes = scope.codes("error")
        true = [code for code, value in enumerate(codes.values.to_pylist(), 1) if value]
        failed = np.concatenate([np.isin(codes.codes(file), true) for file in range(len(codes.parts))])
    found, tried = find_child_losses(rows, links, failed, watched, moments, ALPHA / 2)
    return links, found, tried


@dataclass(frozen=True)
class _Moments:
    """Turns bins into times, and finds the deployments at them.

    Attributes:
        edges: of the bins, in microseconds.
        since: the moment that was given, if any.
        deployed: deployments by moment.
    """

    edges: Ints
    since: datetime | None
    deployed: Mapping[datetime, Sequence[Deployment]]

    def of(self, begin: float, services: Sequence[Any]) -> tuple[datetime, str | None]:
        """Return a time and its deployments.

        Args:
            begin: where it is, in bins.
            services: only deployments of these; of all services without any.

        Returns:
            The time, no finer than the bins can tell, and the names of the deployments, if any.
        """
        width = int(self.edges[1] - self.edges[0])
        exact = int(self.edges[0]) + begin * width
        # No finer than the bins can tell.
        step = max(1_000_000, width // 30 // 1_000_000 * 1_000_000)
        since = self.since or moment(round(exact / step) * step)
        near = [
            deployment
            for time, found in self.deployed.items()
            if abs(microseconds(time) - microseconds(since)) <= width
            for deployment in found
            if not services or deployment.service in services
        ]
        return since, ", ".join(dict.fromkeys(map(str, near))) or None


def _of_volume(found: VolumeLoss, moments: _Moments) -> Loss:
    step = found.step
    items = found.slices.items(step.slice)
    services = [item.get("value") for item in items if item["field"] == "service.name"]
    note = ""
    if found.may_have_moved:
        note = "every event of it is gone: the work stopped, went elsewhere, or is no longer reported"
    elif step.gone and found.slices.is_place:
        note = "every event of it is gone: the work stopped, or it is no longer reported"
    return Loss(
        "work",
        "volume",
        items,
        *moments.of(step.begin, services),
        step.before,
        step.after,
        step.expected,
        step.found,
        step.gone,
        aliases=found.aliases,
        note=note,
    )


def _of_children(
    found: ChildLoss,
    links: Links,
    keys: Sequence[str],
    rows: BinnedRows,
    moments: _Moments,
) -> Loss:
    parent, child = links.keys[found.parent], links.keys[found.child]
    kinds = (parent[-1], child[-1]) if len(parent) > len(keys) else (None, None)
    kind, note = "work", ""
    if "service.name" in keys and parent[0] != child[0]:
        silent = f"no span of {child[0]} is later" if _is_silent(links, child[0], rows, found) else ""
        if kinds == ("client", "server") or (silent and kinds == ("server", "server")):
            # A caller that waits for an answer would fail without one.
            kind = "telemetry"
            note = "its callers go on without errors, so its spans are missing and not its work"
        elif silent:
            note = "it stopped, or it is no longer reported"
        note = f"{silent}: {note}" if silent else note
    return Loss(
        kind,
        "children",
        () if found.slices is None else found.slices.items(found.slice),
        *moments.of(found.begin, [parent[0], child[0]] if "service.name" in keys else []),
        found.before,
        found.after,
        found.before * found.parents,
        found.after * found.parents,
        parent=_operation(parent, keys),
        child=_operation(child, keys),
        note=note,
    )


def _is_silent(links: Links, service: Any, rows: BinnedRows, found: ChildLoss) -> bool:
    """Whether a service has no spans at all some time after a loss began."""
    of_service = np.array([key[0] == service for key in links.keys] + [False])
    # The loss began within the bin.
    later = links.time >= rows.edges[min(found.at + 1, rows.size)]
    return not bool((of_service[links.operation] & later).any())


def _operation(values: tuple[Any, ...], keys: Sequence[str]) -> dict[str, Any]:
    return dict(zip(keys, values, strict=False))
