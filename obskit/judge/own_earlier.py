"""Compare an environment with its own earlier time: environments differ in more than the version."""

from __future__ import annotations

from dataclasses import replace

from obskit.dataset import NO_TIME
from obskit.judge.arms import Arm, Arms, Bools, NotJudged, values_of
from obskit.judge.before_after import judge_switch
from obskit.judge.options import JudgeOptions
from obskit.judge.words import Word
from obskit.query.deployments import VERSIONS


def against_own_earlier(arms: Arms, options: JudgeOptions, sentence: str) -> tuple[Word, str]:
    """Return the word for an environment that is no worse than another one, and the sentence.

    Environments differ in more than the version, so it passes only if it is no worse than it was before.
    """
    lead = "Environments differ in more than the version."
    at = _own_switch(arms, options)
    if at is None:
        return (
            "inconclusive",
            f"{lead} {arms.candidate.label} has no earlier time to compare with. {sentence}",
        )
    own = _own_earlier_arms(arms, at)
    try:
        judged = judge_switch(own, replace(options, during=None))
    except NotJudged as why:
        return "inconclusive", f"{lead} {why.sentence} {sentence}"
    found = " ".join([*(one.sentence for one in judged.criteria), *judged.hidden()])
    return judged.word, f"{lead} Against its own earlier time: {found} {sentence}"


def _own_switch(arms: Arms, options: JudgeOptions) -> int | None:
    """Return when the candidate's own newest version began in µs; None if it was there from the start.

    Args:
        arms: the arms, such as two environments.
        options: the options; without versions the start of `during` counts.

    Returns:
        The time, if the candidate has requests before it.
    """
    first, _ = arms.candidate_times
    at = None
    version = next((name for name in VERSIONS if name in arms.scope.schema.names), None)
    if version is not None and version != arms.by:
        begun = [begin for _, begin, _ in values_of(arms.scope, version, arms.candidate.masks).values()]
        at = max(begun, default=None)
    elif options.during is not None:
        at = options.during.start
    return at if at is not None and at > first else None


def _own_earlier_arms(arms: Arms, at: int) -> Arms:
    """Return the candidate after and before a moment, as arms.

    Args:
        arms: the arms.
        at: the moment in µs.

    Returns:
        The candidate's requests after it as the candidate, and before it as the baseline.
    """
    times = arms.scope.dataset.codes.times()
    label = arms.candidate.label
    parts: dict[bool, list[Bools]] = {True: [], False: []}
    for time, mask in zip(times, arms.candidate.masks, strict=True):
        parts[True].append(mask & (time >= at))
        parts[False].append(mask & (time < at) & (time != NO_TIME))
    return replace(
        arms,
        candidate=Arm(label, (), arms.candidate.condition, parts[True]),
        baseline=Arm(f"{label} before", (), arms.candidate.condition, parts[False]),
    )
