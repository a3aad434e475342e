"""Explain one outcome of an operation: what sets its events apart, without what was so before."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from obskit.engine import Scope, format_condition, format_value
from obskit.errors import EmptySelection
from obskit.explain import ExplainOptions, Explanation, Finding, explain
from obskit.triage.changes import Change
from obskit.triage.earlier import EarlierTime, Judged, compare_with_earlier, only_says_when
from obskit.triage.further import FurtherChange
from obskit.triage.result import Cause


def explain_changes(
    scope: Scope,
    operation: dict[str, Any],
    change: Change,
    further: Sequence[FurtherChange],
    where: str,
    labels: Callable[[datetime], str | None],
    is_above: Callable[[list[Judged]], list[bool]] | None = None,
) -> list[Cause]:
    """Explain an outcome, and its further changes that something else sets apart.

    Of a rollout in steps, each step is a further change, but the same conditions set its events apart.

    Args:
        scope: the events, before and after.
        operation: field -> value.
        change: what got worse.
        further: changes of the same outcome at other moments.
        where: the condition of the operation's events.
        labels: returns the name of the deployment at a moment.
        is_above: returns which findings are those of outcomes that are explained already.

    Returns:
        The outcome, explained without the time of those further changes; then these.

    Raises:
        EmptySelection: no row has the outcome, or all have.

    Cost: that of `explain_change`, and once more for each further change; once more if one shows anything.
    """

    def explained(one: Change, begin: datetime | None, until: datetime | None) -> Cause:
        bounds = [f"timestamp >= {format_value(begin)}"] if begin is not None else []
        bounds += [f"timestamp < {format_value(until)}"] if until is not None else []
        inside = " and ".join([f"({where})", *bounds]) if bounds else where
        return explain_change(scope, operation, one, selection_of(one), inside, labels(one.since), is_above)

    def alone(kept: Sequence[FurtherChange]) -> Cause:
        times = [one.change.since for one in kept]
        begin = max((time for time in times if time < change.since), default=None)
        return explained(change, begin, min((time for time in times if time > change.since), default=None))

    later: list[tuple[FurtherChange, Cause]] = []
    for one in further:
        with contextlib.suppress(EmptySelection):
            cause = explained(one.change, one.begin, one.until)
            later += [(one, cause)] if cause.explanation.findings else []
    if not later:
        return [alone(())]
    named: list[frozenset[str]] = []
    with contextlib.suppress(EmptySelection):
        named = [_items(finding) for finding in alone([one for one, _ in later]).explanation.findings]
    own = [(one, _without(cause, named)) for one, cause in later] if named else []
    real = [(one, cause) for one, cause in own if cause is not None]
    return [alone([one for one, _ in real]), *(cause for _, cause in real)]


def selection_of(change: Change) -> str:
    """Return the condition of an outcome."""
    if change.limit is None:
        return "error"
    return f"duration_ms > {slow_limit(change.limit)}"


def slow_limit(limit: float) -> str:
    """Return the duration in ms above which events are slow, as the condition of the outcome has it."""
    return f"{limit:{'.4g' if limit < 1e4 else '.0f'}}"


def _without(cause: Cause, named: Sequence[frozenset[str]]) -> Cause | None:
    """Return an outcome without the findings that are named already; None if no other is left."""
    pairs = [
        (finding, earlier)
        for finding, earlier in zip(cause.explanation.findings, cause.earlier, strict=True)
        if not any(_items(finding) <= other or other <= _items(finding) for other in named)
    ]
    if not pairs:
        return None
    explanation = dataclasses.replace(cause.explanation, findings=tuple(finding for finding, _ in pairs))
    return dataclasses.replace(cause, explanation=explanation, earlier=tuple(earlier for _, earlier in pairs))


def _items(finding: Finding) -> frozenset[str]:
    return frozenset(format_condition([item]) for item in finding.conditions)


def explain_change(
    scope: Scope,
    operation: dict[str, Any],
    change: Change,
    selection: str,
    where: str,
    label: str | None,
    is_above: Callable[[list[Judged]], list[bool]] | None = None,
) -> Cause:
    """Explain an outcome, and set apart the findings that were so before.

    First over the whole time: after a rollout every row has the new version, so it can only be found if the
    rows before the deployment are among the others. Where that shows nothing that began at the moment, or
    only when it was, the time from the moment on is explained, less the usual rates of the time before.

    Args:
        scope: the events, before and after.
        operation: field -> value.
        change: what got worse.
        selection: the condition of the outcome.
        where: the condition of the operation's events.
        label: the deployment at that moment, if any.
        is_above: returns which findings are those of outcomes that are explained already.

    Returns:
        The outcome with its explanation. Refinements that were so before say so in their note.

    Raises:
        EmptySelection: no row has the outcome, or all have.

    Cost: one to three explanations.
    """

    def judge(condition: str, during: str | None = None) -> tuple[Explanation, list[Judged]]:
        found = explain(scope, selection, ExplainOptions(where=condition, during=during))
        judged = compare_with_earlier(scope, condition, selection, change.since, found.findings)
        above = is_above(judged) if is_above is not None else [False] * len(judged)
        return found, [
            (finding, dataclasses.replace(earlier, verdict="above") if known else earlier)
            for (finding, earlier), known in zip(judged, above, strict=True)
        ]

    found, judged = judge(where)
    old = _as_before(judged)
    chosen = where
    if judged and not _since_then(judged):
        # What was always so, or is explained above, can hide what is new: look once more without it.
        rest = " and ".join(f"coalesce(not ({finding.condition}), true)" for finding, _ in judged)
        try:
            found, judged = judge(f"({where}) and {rest}")
            chosen = f"({where}) and {rest}"
            old += _as_before(judged)
        except EmptySelection:
            judged = []
    new, parts = _since_then(judged), _parts(judged)
    if not new or only_says_when(scope, where, change.since, new):
        try:
            later, judged = judge(where, f"timestamp >= {format_value(change.since)}")
        except EmptySelection:
            judged = []
        risen = _since_then(judged)
        if risen:
            found, new, chosen = later, risen, where
            parts = _parts(judged)
            named = {finding.condition for finding, _ in old}
            old += [pair for pair in _as_before(judged) if pair[0].condition not in named]
    known = compare_with_earlier(scope, chosen, selection, change.since, found.refinements, apart=False)
    old_parts = {finding.condition: (finding, earlier) for finding, earlier in _as_before(known)}
    refinements = [
        _with_note(*old_parts[one.condition]) if one.condition in old_parts else one
        for one in found.refinements
    ]
    return Cause(
        operation,
        change,
        label,
        selection,
        chosen,
        dataclasses.replace(
            found,
            findings=tuple(_with_note(*pair) for pair in new),
            refinements=(*parts, *refinements),
        ),
        earlier=tuple(earlier for _, earlier in new),
        as_before=tuple(old),
    )


def _since_then(judged: list[Judged]) -> list[Judged]:
    return [pair for pair in judged if pair[1].verdict in ("grew", "new")]


def _parts(judged: list[Judged]) -> tuple[Finding, ...]:
    return tuple(finding for finding, earlier in judged if earlier.verdict == "part")


def _as_before(judged: list[Judged]) -> list[Judged]:
    return [pair for pair in judged if pair[1].verdict in ("unclear", "before")]


def _with_note(finding: Finding, earlier: EarlierTime) -> Finding:
    """Return the finding with its earlier time among what its readers see, wherever it is shown."""
    note = earlier.describe()
    return dataclasses.replace(finding, note=f"{finding.note}; {note}" if finding.note else note)
