"""The verdicts on the deployments that triage sees: of the services that got worse, and on the newest one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from obskit.display import formatting
from obskit.engine import Scope
from obskit.errors import InvalidArgument
from obskit.judge import JudgeArguments, Verdict, judge
from obskit.judge.arm_choice import version_field
from obskit.names.markers import DEPLOYMENT
from obskit.query.deployments import Deployment
from obskit.triage.changes import CandidateMoments, Row
from obskit.triage.counts import Key

MOST_VERDICTS = 3


def verdicts_of(
    scope: Scope,
    rows: Sequence[Row],
    candidates: CandidateMoments,
    service_of: Callable[[Key], str | None],
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[tuple[Verdict, ...], list[str]]:
    """Judge the deployments that matter most.

    Args:
        scope: the events.
        rows: the operations, the worst first.
        candidates: the moments, with the deployments at them.
        service_of: returns the service of an operation's key.
        progress: called with (what, done, total).

    Returns:
        At most 3 verdicts: for each service that got worse its deployment at that moment, else its newest;
        then the newest deployment of all. And a note for each deployment that cannot be judged.

    Cost: one `judge` per verdict.
    """
    if "duration_ms" not in scope.schema.names:  # log records are not requests
        return (), []
    verdicts, notes = [], []
    chosen = _choose(rows, candidates, service_of)
    for at, one in enumerate(chosen):
        if progress is not None:
            progress("judging", at, len(chosen))
        arguments = JudgeArguments(candidate=one.version, by=version_field(scope, one), service=one.service)
        try:
            found = judge(scope, arguments)
        except InvalidArgument as error:
            notes.append(f"no verdict on {one}: {error.message}")
            continue
        if found.criteria:
            verdicts.append(found)
        else:
            notes.append(f"no verdict on {one}: {formatting.shorten(found.sentence, 200)}")
    return tuple(verdicts), notes


def _choose(
    rows: Sequence[Row], candidates: CandidateMoments, service_of: Callable[[Key], str | None]
) -> list[Deployment]:
    """Return the deployments to judge, the one that matters most first."""
    known = [
        one
        for moment in sorted(candidates.deployed)
        for one in candidates.deployed[moment]
        if one.what == DEPLOYMENT and one.version is not None
    ]
    chosen: list[Deployment] = []
    for row in rows:
        own = [one for one in known if one.service == service_of(row.key)] if row.changes else []
        chosen += [one for one in own if one.at == row.since] or own[-1:]
    # A service may have several operations, so each deployment is kept once.
    return list(dict.fromkeys([*chosen, *known[-1:]]))[:MOST_VERDICTS]
