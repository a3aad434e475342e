"""`judge`: the verdict on a deployment, as a function of the events and the arguments."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from obskit.display import formatting
from obskit.engine import Scope, Window, microseconds, moment
from obskit.errors import InvalidArgument
from obskit.judge.arm_choice import find_arms
from obskit.judge.arms import Arms, NotJudged
from obskit.judge.before_after import JudgedSwitch, is_switch, judge_switch
from obskit.judge.code_changes import code_changes
from obskit.judge.concurrent import Judged, judge_concurrent
from obskit.judge.observations import Observations
from obskit.judge.options import JudgeArguments, JudgeOptions, call_text, parse_options
from obskit.judge.own_earlier import against_own_earlier
from obskit.judge.pods import one_bad_pod
from obskit.judge.recovery import describe, judge_recovery
from obskit.judge.sentences import needed_sentence, pod_sentence, slice_sentence
from obskit.judge.setting import also_deployed, failed_calls
from obskit.judge.verdict import ArmSummary, Verdict, table_of
from obskit.judge.words import Word, combine
from obskit.query.output import dataset_of, merge_notes

_CONFOUNDED = "This is before and after only: anything else that changed then is in the numbers."


def judge(scope: Scope, arguments: JudgeArguments) -> Verdict:
    """Return the verdict on a deployment.

    Args:
        scope: the events.
        arguments: what to judge, and how; see `Events.judge`.

    Returns:
        The verdict.

    Raises:
        InvalidArgument: an argument has a value that it cannot have, or the events have no time.
        ConditionError, UnknownField, UnknownFunction: a condition or a time cannot be parsed.
        NoSuchPath, MissingDependency, ReadError, LimitExceeded: git cannot read the repository.
    """
    if "timestamp" not in scope.schema.names or scope.dataset.span[0] is None:
        raise InvalidArgument(
            "judge compares requests over time, but no event has a time",
            hint="map the column with the time: mapping={'timestamp': 'COLUMN'}",
        )
    arguments = arguments.with_present_names()
    options = parse_options(scope, arguments)
    common: dict[str, Any] = {
        "kind": "verdict",
        "query": call_text("judge", scope, arguments),
        "dataset": dataset_of(scope),
        "alpha": options.alpha,
        "environment": options.environment,
        "service": options.service,
    }
    try:
        arms = find_arms(scope, options)
        common["service"] = arms.service
        if options.mode == "before_after" or (options.mode == "auto" and is_switch(arms)):
            verdict = _switch_verdict(arms, options, judge_switch(arms, _until_after(options)), common)
        else:
            judged = judge_concurrent(arms, _until_after(options))
            verdict = _concurrent_verdict(arms, options, judged, common)
    except NotJudged as why:
        word: Word = "error" if why.word == "error" else "no_data"
        return Verdict(word=word, sentence=why.sentence, table=table_of(()), notes=scope.notes, **common)
    return verdict if arguments.git is None else _with_code_changes(verdict, arms, options, arguments.git)


def _with_code_changes(verdict: Verdict, arms: Arms, options: JudgeOptions, git: str | Path) -> Verdict:
    """Return the verdict with what changed in the code between the versions."""
    rated = [one for one in verdict.criteria if one.condition]
    worse = [one for one in rated if one.word == "regress"] or rated
    outcome = " or ".join(f"({one.condition})" for one in worse)
    changes, notes = code_changes(git, arms, options.by, outcome)
    return replace(verdict, changes=changes, notes=merge_notes(verdict.notes, notes))


def _concurrent_verdict(arms: Arms, options: JudgeOptions, judged: Judged, common: dict[str, Any]) -> Verdict:
    """Return the verdict on arms that ran at the same time."""
    observed = judged.observed
    words = [one.word for one in judged.criteria]
    word = combine([*words, "regress"] if judged.slices else words)
    if word == "pass" and judged.broken:
        word = "inconclusive"
    candidate, baseline = (_summary(arms, observed, judged, arm) for arm in (True, False))
    looks = observed.looks
    more = None if judged.needed is None else max(judged.needed - candidate.observations, 0.0)
    recovery = judge_recovery(arms, options, judged) if options.after is not None else ()
    by_slice = {(one.what, one.outcome): one.word for one in recovery}
    slices = tuple(
        replace(one, recovered=by_slice.get((one.condition, one.outcome))) for one in judged.slices
    )
    sentence = " ".join(filter(None, [_sentence(arms, judged, word), describe(recovery)]))
    if options.mode == "environments" and word == "pass":
        word, sentence = against_own_earlier(arms, options, sentence)
    decided = word in ("pass", "regress")
    return Verdict(
        word=word,
        sentence=sentence,
        evidence="not randomised" if options.mode == "environments" else "concurrent",
        candidate=candidate,
        baseline=baseline,
        window=(moment(looks.start), moment(looks.end)),
        looks=looks.count,
        criteria=judged.criteria,
        slices=slices,
        recovery=recovery,
        pods=judged.pods,
        needed=None if decided else more,
        series=judged.series,
        scope=arms.scope,
        open_end=options.during is None and options.after is None,
        table=table_of(judged.criteria),
        notes=merge_notes(arms.scope.notes, arms.notes, judged.notes, _caveats(arms, judged)),
        **common,
    )


def _switch_verdict(
    arms: Arms, options: JudgeOptions, judged: JudgedSwitch, common: dict[str, Any]
) -> Verdict:
    """Return the verdict on a switch from one version to another."""
    word = judged.word
    shown = [one for one in judged.criteria if one.word == word] or list(judged.criteria)
    observed = judged.observed
    recovery = judge_recovery(arms, options, judged) if options.after is not None else ()
    parts = [*(one.sentence for one in shown), *judged.hidden(), _CONFOUNDED, describe(recovery)]
    summaries = [
        ArmSummary(
            label=arm.label,
            condition=arm.condition,
            rows=observed.counted[candidate],
            observations=observed.number(observed.candidate == candidate),
        )
        for candidate, arm in ((False, arms.baseline), (True, arms.candidate))
    ]
    return Verdict(
        word=word,
        sentence=" ".join(filter(None, parts)),
        evidence="before/after",
        baseline=summaries[0],
        candidate=summaries[1],
        window=(moment(judged.at), moment(judged.at + judged.length)),
        looks=1,
        criteria=judged.criteria,
        recovery=recovery,
        scope=arms.scope,
        table=table_of(judged.criteria),
        notes=merge_notes(arms.scope.notes, arms.notes, judged.notes),
        **common,
    )


def _until_after(options: JudgeOptions) -> JudgeOptions:
    """Return the options with a window that ends when a recovery may begin."""
    if options.after is None:
        return options
    end = microseconds(options.after)
    during = options.during or Window(None, None)
    last = end if during.end is None else min(end, during.end)
    return replace(options, during=Window(during.start, last))


def _sentence(arms: Arms, judged: Judged, word: Word) -> str:
    """Return the verdict in a few sentences: the worst first."""
    by_name = {one.name: one for one in judged.criteria}
    if word == "regress":
        bad = [one for one in judged.criteria if one.word == "regress"]
        parts = [one.sentence for one in bad]
        if judged.slices and (not bad or _is_concentrated(judged)):
            parts.append(slice_sentence(judged.slices[0], arms, len(judged.slices) - 1))
        pod = one_bad_pod(list(judged.pods))
        if pod is not None:
            parts.append(pod_sentence(pod, len(judged.pods) - 1))
        return " ".join(parts)
    if word == "no_data":
        if judged.traffic.since is not None:
            calls = failed_calls(arms, judged.traffic.since)
            return " ".join(filter(None, [judged.traffic.sentence, calls]))
        return next(one.sentence for one in judged.criteria if one.word == "no_data")
    if judged.broken:
        rate = formatting.share(by_name["errors"].baseline.rate)
        return (
            f"The baseline {arms.baseline.label} itself fails on {rate} of its requests, so that {arms.name} "
            "cannot be judged by it."
        )
    if word == "pass":
        return " ".join(one.sentence for one in judged.criteria if one.name != "traffic")
    open_ones = [one.sentence for one in judged.criteria if one.word == "inconclusive"]
    wanted = needed_sentence(judged.needed, judged.observed.number(judged.observed.candidate))
    return " ".join(filter(None, [*open_ones, wanted]))


def _is_concentrated(judged: Judged) -> bool:
    """Return whether the worst slice has more than half of the excess of its outcome."""
    worst = judged.slices[0]
    whole = next((one for one in judged.criteria if one.name == worst.outcome), None)
    if whole is None or not whole.baseline.n or worst.outcome != "errors":
        return False
    excess = whole.candidate.x - whole.candidate.n * whole.baseline.x / whole.baseline.n
    return worst.excess > 0.5 * excess


def _summary(arms: Arms, observed: Observations, judged: Judged, candidate: bool) -> ArmSummary:
    arm = arms.candidate if candidate else arms.baseline
    return ArmSummary(
        label=arm.label,
        condition=arm.condition,
        rows=observed.counted[candidate],
        observations=observed.number(observed.candidate == candidate),
        pods=len(judged.pods) or None if candidate else None,
    )


def _caveats(arms: Arms, judged: Judged) -> list[str]:
    """Return notes about what the numbers rest on."""
    notes = []
    others = also_deployed(arms, judged.observed.looks.start, judged.observed.looks.end)
    if others:
        notes.append(f"also deployed in this time, next to both versions: {', '.join(others)}")
    if any(one.approximate for one in judged.criteria):
        notes.append("sampling depends on the outcome, so the intervals are approximate")
    if 0 < len(judged.pods) <= 2:
        few = "1 pod" if len(judged.pods) == 1 else "2 pods"
        notes.append(f"the candidate runs on {few}: version and host cannot be told apart")
    whole, kept = sum(judged.observed.counted), judged.observed.number()
    if kept < whole:
        notes.append(f"{whole:,} requests are {kept:,} observations: one per trace and version")
    return notes
