"""Find the two arms of a comparison: the candidate, and the baseline that ran next to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from obskit.engine import Condition, Scope, format_condition, format_value, masks_by_file, moment
from obskit.errors import InvalidArgument
from obskit.judge.arm_services import MOST_NAMED, SERVICE, shared_services
from obskit.judge.arms import (
    Arm,
    Arms,
    NotJudged,
    rows_of,
    texts_of,
    value_masks,
    values_of,
)
from obskit.judge.file_masks import FileMasks
from obskit.judge.options import JudgeOptions, environment_field
from obskit.judge.redeployed import Rollout, last_start, rollouts_of
from obskit.names import nearest
from obskit.query import Deployment, deployments
from obskit.query.deployments import VERSIONS

# Versions that began within an hour before the candidate are being rolled out, too; those that began within a
# minute of the oldest were there from the start.
AT_ONCE, TOGETHER = (span // timedelta(microseconds=1) for span in (timedelta(hours=1), timedelta(minutes=1)))


def find_arms(scope: Scope, options: JudgeOptions) -> Arms:
    """Return the arms that the options name; without any, the newest deployment and what ran next to it.

    Args:
        scope: the events.
        options: the options.

    Returns:
        The arms.

    Raises:
        NotJudged: there is no deployment, no candidate or no baseline in the events.
        InvalidArgument: the candidate is in several services, or the arms share rows.
        UnknownField, ConditionError: a condition cannot be parsed.
    """
    inner = _common_rows(scope, options)
    by, value, service = options.by, options.candidate, options.service
    if value is None and options.candidate_where is None:
        newest = _newest(scope, service, options.environment)
        by, value, service = newest.by, newest.version, newest.service
    if service is not None:
        inner = _of_service(inner, service)
    kept = rows_of(inner)
    notes: list[str] = []
    if options.candidate_where is not None:
        candidate = _arm_of_condition(inner, options.candidate_where, kept, "candidate")
        found = None
    else:
        if by not in inner.schema.names and inner.names.find(by) is None:
            raise InvalidArgument(
                f"these events have no field {by!r}, whose values would be the arms",
                hint="choose the arms by conditions: candidate_where and baseline_where",
            )
        found = values_of(inner, by, kept)
        if value is None or value not in found:
            raise NotJudged("no_data", _absent("candidate", str(value), by, found))
        if service is None and by in VERSIONS and SERVICE in inner.schema.names:
            service = _only_service(inner, by, value, kept)
            several = len(inner.codes(SERVICE).values) > 1
            if service is not None:
                inner = _of_service(inner, service)
            if service is not None and several:
                kept = rows_of(inner)
                found = values_of(inner, by, kept)
        candidate = _arm_of_values(inner, by, (value,), kept)
        if by == VERSIONS[0]:
            start, notes = last_start(
                deployments(scope), service, options.environment, value, found, options.during
            )
            if start is not None:
                candidate = _from(candidate, inner, start)
                rows, first, last = found[value]
                found = {**found, value: (rows, max(first, start), last)}
    baseline, more = _baseline(inner, options, by, value, found, kept, candidate)
    if _overlap(candidate, baseline):
        raise InvalidArgument(
            "candidate and baseline have rows in common",
            hint="make the conditions exclude each other",
        )
    if service is None and SERVICE in inner.schema.names:
        shared = shared_services(inner, candidate, baseline)
        inner, candidate, baseline = shared.scope, shared.candidate, shared.baseline
        service = shared.only
        more += shared.notes
    whole = by if options.candidate_where is None else None
    return Arms(
        inner, candidate, baseline, service, options.environment, whole, (*notes, *more), options.settle
    )


def _from(arm: Arm, scope: Scope, start: int) -> Arm:
    """Return an arm without its requests before a time in µs.

    Raises:
        NotJudged: no request is left.
    """
    masks = FileMasks.of(scope.dataset, arm.masks).since(start)
    if not masks.all_ends().rows:
        sentence = f"No request of {arm.label} since it was deployed again is in these events."
        raise NotJudged("no_data", sentence, moment(start))
    condition = f"{arm.condition} and timestamp >= {format_value(moment(start))}"
    return replace(arm, masks=masks, condition=condition)


def _overlap(candidate: Arm, baseline: Arm) -> bool:
    """Return whether the arms share rows; different values of a field never do."""
    if candidate.values and baseline.values:
        return not set(candidate.values).isdisjoint(baseline.values)
    return any((a & b).any() for a, b in zip(candidate.masks, baseline.masks, strict=True))


@dataclass(frozen=True)
class _Newest:
    by: str
    version: str
    service: str | None


def _newest(scope: Scope, service: str | None, environment: str | None) -> _Newest:
    """Return the newest deployment, of a service and to an environment if they are given."""
    found = [
        one
        for one in rollouts_of(deployments(scope))
        if one.version is not None
        and service in (None, one.service)
        and (environment is None or one.environment in (None, environment))
    ]
    if not found:
        of = f" of {service}" if service else ""
        raise NotJudged("no_data", f"No deployment{of} is visible in these events.")
    newest = found[-1]
    assert newest.version is not None
    return _Newest(version_field(scope, newest), newest.version, newest.service or service)


def version_field(scope: Scope, deployment: Deployment | Rollout) -> str:
    """Return the field that has the version of a deployment on most rows."""
    names = [name for name in VERSIONS if name in scope.schema.names]
    for name in names:
        if deployment.version in texts_of(scope.codes(name).values):
            return name
    return VERSIONS[0]


def _common_rows(scope: Scope, options: JudgeOptions) -> Scope:
    inner = scope.narrow(options.where)
    if options.environment is not None:
        field = environment_field(scope)
        if field is None:
            raise InvalidArgument(
                f"these events have no environment, got environment={options.environment!r}",
                hint="leave out environment, or choose the events with where",
            )
        inner = inner.narrow(format_condition([{"field": field, "op": "=", "value": options.environment}]))
    return inner


def _of_service(scope: Scope, service: str) -> Scope:
    if SERVICE not in scope.schema.names:
        raise InvalidArgument(
            f"these events have no field {SERVICE}, got service={service!r}", hint="leave out service"
        )
    return scope.narrow(format_condition([{"field": SERVICE, "op": "=", "value": service}]))


def _only_service(scope: Scope, by: str, value: str, kept: FileMasks) -> str | None:
    """Return the service that has a version; None if no row names one."""
    both = value_masks(scope, by, [value]).joined(kept, "and")
    found = values_of(scope, SERVICE, both)
    if len(found) > 1:
        raise InvalidArgument(
            f"{by} {value!r} is in {len(found)} services: {_some(sorted(found))}",
            hint=f'choose one: service="{sorted(found)[0]}"',
        )
    return next(iter(found), None)


def _arm_of_values(scope: Scope, by: str, values: tuple[str, ...], kept: FileMasks) -> Arm:
    masks = value_masks(scope, by, values).joined(kept, "and")
    item: dict[str, Any] = {"field": by, "op": "=", "value": values[0]}
    if len(values) > 1:
        item = {"field": by, "op": "in", "values": list(values)}
    return Arm(_some(values), values, format_condition([item]), masks)


def _arm_of_condition(scope: Scope, condition: Any, kept: FileMasks, name: str) -> Arm:
    read: Condition = scope.condition(condition)
    masks = _rows_with(scope, read).joined(kept, "and")
    if not masks.all_ends().rows:
        raise NotJudged("no_data", f"No request fulfills the condition of the {name}: {read.text}.")
    return Arm(read.text, (), read.text, masks)


def _rows_with(scope: Scope, condition: Condition) -> FileMasks:
    """Return the rows for which a condition is true, whatever the scope's own one says."""
    by_file = masks_by_file(scope, condition)
    if by_file is not None:
        return FileMasks(scope.dataset, by_file[1], ("condition", by_file[0]))
    masks = scope.masks(condition)
    return FileMasks(scope.dataset, lambda file: masks[file].true, None)


def _baseline(
    scope: Scope,
    options: JudgeOptions,
    by: str,
    value: str | None,
    found: dict[str, tuple[int, int, int]] | None,
    kept: FileMasks,
    candidate: Arm,
) -> tuple[Arm, list[str]]:
    """Return the baseline, and notes about what it leaves out."""
    if options.baseline_where is not None:
        return _arm_of_condition(scope, options.baseline_where, kept, "baseline"), []
    if options.baseline is not None:
        known = found if found is not None else values_of(scope, by, kept)
        if options.baseline not in known:
            raise NotJudged("no_data", _absent("baseline", options.baseline, by, known))
        return _arm_of_values(scope, by, (options.baseline,), kept), []
    if found is None or value is None:
        masks = kept.joined(FileMasks.of(scope.dataset, candidate.masks), "and not")
        condition = f"not ({candidate.condition})"
        if not masks.all_ends().rows:
            raise NotJudged("no_data", "There is no baseline: every request is one of the candidate.")
        return Arm("the others", (), condition, masks), []
    begun = found[value][1]
    others = {other: times for other, times in found.items() if other != value}
    # In events that begin with the roll-out, the first request may be one of the candidate.
    earlier = tuple(other for other, (_, first, _) in others.items() if first < begun) or tuple(
        other for other, (_, first, _) in others.items() if first <= begun + TOGETHER
    )
    notes = []
    if by in VERSIONS and earlier:
        later = sorted(set(others) - set(earlier), key=lambda name: others[name][1])
        last = {name: moment(others[name][1]) for name in later}
        if later:
            shown = ", ".join(f"{name} (from {last[name]:%H:%M:%S})" for name in later[:MOST_NAMED])
            notes.append(
                f"warning: other versions began after {value}: {shown}; they are left out of the baseline"
            )
        # A version that had ended before the candidate began is not what ran next to it.
        beside = tuple(name for name in earlier if others[name][2] >= begun)
        at_once = _also_new(beside, others, begun)
        if at_once:
            notes.append(
                f"warning: {_some(at_once)} began within an hour before {value}, so it is left out of the "
                "baseline: it is being rolled out, too"
            )
            beside = tuple(name for name in beside if name not in at_once)
        newest = max(earlier, key=lambda name: others[name][2])
        chosen = beside or (newest,)
    else:
        chosen = tuple(others)
        if by in VERSIONS and others:
            notes.append(
                f"warning: every other version began after {value}, which is judged by what came later"
            )
    if not chosen:
        raise NotJudged(
            "no_data", f"There is no baseline: {by} is {value!r} on every request that has a value."
        )
    return _arm_of_values(scope, by, tuple(sorted(chosen)), kept), notes


def _also_new(beside: Sequence[str], ran: dict[str, tuple[int, int, int]], begun: int) -> list[str]:
    """Return the versions next to the candidate that began shortly before it, while an older one goes on."""
    if not beside:
        return []
    oldest = min(ran[name][1] for name in beside)
    old = [name for name in beside if ran[name][1] <= oldest + TOGETHER]
    # An older version that is being replaced by the newer one is no better baseline.
    goes_on = max(ran[name][2] for name in old)
    new = [name for name in beside if name not in old and ran[name][1] > begun - AT_ONCE]
    return sorted(name for name in new if goes_on >= ran[name][2] - TOGETHER)


def _absent(arm: str, value: str, by: str, found: dict[str, tuple[int, int, int]]) -> str:
    """Return the sentence that no request is of an arm, with the nearest values, or the newest."""
    near = nearest(value, list(found)) or sorted(found, key=lambda name: -found[name][1])
    seen = f" Values seen: {_some(near)}." if near else f" No request has a {by}."
    return f"No request of the {arm} {value!r} is in these events.{seen}"


def _some(values: Sequence[str]) -> str:
    shown = ", ".join(values[:MOST_NAMED])
    return shown if len(values) <= MOST_NAMED else f"{shown} and {len(values) - MOST_NAMED:,} more"
