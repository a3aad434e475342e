"""The verdict on a deployment that is inside the time of the box; judged when it is asked for."""

from __future__ import annotations

from typing import Any

from obskit.explorer.brush import micros
from obskit.explorer.calls import Call
from obskit.explorer.state import InvestigationState
from obskit.query.deployments import Deployment, deployments
from obskit.text import safe

MOST = 5


def inside_box(events: Any, state: InvestigationState) -> list[Deployment]:
    """Return the deployments inside the time of the box.

    Args:
        events: the events.
        state: what is shown.
    Returns:
        At most `MOST` deployments whose version is known, the newest first; none without a box that has a
        beginning or an end in time.
    """
    brush = state.brush
    if brush is None or state.x.field != "timestamp" or (brush.x0 is None and brush.x1 is None):
        return []
    found = {
        (one.service, one.version): one
        for one in deployments(events.scope)
        if one.version is not None
        and (brush.x0 is None or micros(one.at) >= brush.x0)
        and (brush.x1 is None or micros(one.at) < brush.x1)
    }
    return list(found.values())[::-1][:MOST]


def call(deployment: Deployment) -> Call:
    """Return the call that judges a deployment, among the events that the conditions leave."""
    options = {} if deployment.service is None else {"service": deployment.service}
    return Call("verdict", "judge", (deployment.version,), options, units=False)


def shown(verdict: Any, name: str) -> dict[str, Any]:
    """Return a verdict as the page shows it.

    Args:
        verdict: what `Events.judge` returned.
        name: the deployment.
    Returns:
        {"name", "word", "text", "criteria" (their words), "notes"}; all of it plain text.
    """
    return {
        "name": safe(name),
        "word": verdict.word.replace("_", " "),
        "text": safe(verdict.sentence),
        "criteria": [f"{row.name}: {row.word.replace('_', ' ')}" for row in verdict.criteria],
        "notes": [safe(str(note)) for note in verdict.notes],
    }
