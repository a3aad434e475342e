"""The tool `judge`: the verdict on a deployment."""

from __future__ import annotations

from typing import Any

from obskit.display import formatting
from obskit.judge import Criterion, SliceFinding, Verdict
from obskit.mcp.answers.question import Question
from obskit.mcp.document import CHARACTERS, Document, Item, Section, notes_section, table_section
from obskit.mcp.values import condition, cut, rounded, shown
from obskit.text import pluralize, safe

_COLUMNS = (
    "criterion",
    "verdict",
    "counted",
    "baseline_requests",
    "baseline_rate",
    "candidate_requests",
    "candidate_rate",
    "ratio",
    "low",
    "high",
    "margin",
    "since",
)
_TAKEN = ("candidate", "baseline", "service", "where", "during", "slices")
_FIRST_SLICES = 10  # slices on the first page


def judge(question: Question) -> Document:
    """Judge a deployment.

    Args:
        question: `candidate`, `baseline`, `service`, `where`, `during` and `slices` as in `Events.judge`.

    Returns:
        The word, the sentence and what they rest on; criteria, and slices that got worse.
    """
    given = {name: value for name in _TAKEN if (value := question.get(name)) is not None}
    found = question.events.judge(**given)
    facts: dict[str, Any] = {
        "verdict": found.word,
        "sentence": shown(found.sentence, 3 * CHARACTERS),
        "evidence": found.evidence,
        "service": shown(found.service, CHARACTERS),
    }
    for name in ("candidate", "baseline"):
        arm = getattr(found, name)
        facts[name] = None if arm is None else {"condition": condition(arm.condition), "requests": arm.rows}
    if found.window is not None:
        facts["window"] = "/".join(formatting.utc(moment) for moment in found.window)
        facts["looks"] = found.looks
    if found.needed is not None:
        facts["more_requests_needed"] = rounded(found.needed)
    sections = [
        table_section("criteria", _COLUMNS, map(_criterion, found.criteria)),
        Section("slices", [_slice(one, found) for one in found.slices]),
        notes_section(found.notes),
        table_section(
            "pods", ("pod", "requests", "with_outcome"), [[one.pod, one.n, one.x] for one in found.pods]
        ),
    ]
    most = len(found.criteria) + min(len(found.slices), _FIRST_SLICES) + len(found.notes)
    return Document("judge", facts, sections, found.query, found.dataset, most)


def _criterion(one: Criterion) -> list[Any]:
    rated = one.name != "traffic"
    numbers = [one.baseline.n, one.baseline.rate, one.candidate.n, one.candidate.rate]
    interval = [one.ratio, one.low, one.high] if rated else [None, None, None]
    since = None if one.since is None else formatting.utc(one.since)
    return [one.name, one.word, one.outcome, *numbers, *interval, one.margin or None, since]


def _slice(one: SliceFinding, verdict: Verdict) -> Item:
    (n_a, x_a), (n_b, x_b) = one.baseline, one.candidate
    what = "failed" if one.outcome == "errors" else "slow"
    where = one.condition
    if verdict.candidate is not None:
        where = f"({verdict.candidate.condition}) and {where}"
    data = {
        "condition": condition(one.condition),
        "outcome": one.outcome,
        "baseline": {"requests": n_a, "with_outcome": x_a},
        "candidate": {"requests": n_b, "with_outcome": x_b},
        "ratio": "infinite" if one.ratio == float("inf") else rounded(one.ratio),
        "since": formatting.utc(one.since),
        "explain": {"select": condition(one.selection), "where": condition(where)},
    }
    text = (
        f"{data['condition']}: {x_b:,} of {pluralize(n_b, 'request')} {what}, {x_a:,} of {n_a:,} of the "
        f"baseline; since {data['since']}"
    )
    return Item(cut(safe(text), 3 * CHARACTERS), data)
