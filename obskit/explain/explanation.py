"""The answer around the findings: what was compared, with what, and what a reader must know."""

from __future__ import annotations

from typing import Any

from obskit.dataset import weight_note
from obskit.engine import Condition, Window
from obskit.explain.candidates import Candidates
from obskit.explain.clocks import REASON as CLOCK
from obskit.explain.counted import Counted
from obskit.explain.grouped_rows import SIDES
from obskit.explain.power import detectable, power_note
from obskit.explain.question import Question
from obskit.explain.rank import Ranked
from obskit.explain.report import Reporter
from obskit.explain.result import Explanation
from obskit.stats.evidence import Counts
from obskit.text import pluralize


def build_explanation(
    counted: Counted, candidates: Candidates, ranked: Ranked, *, early: bool
) -> Explanation:
    """Return the answer to a question.

    Args:
        counted: the question with its fields counted.
        candidates: the sample, and which conditions hold for the same rows.
        ranked: slices in the order in which they are reported.
        early: without the statement, traces, users, examples and what-ifs.
    Returns:
        Explanation, complete but for `sampled` and `trace_url`.
    """
    question, full, sample = counted.question, counted.full, candidates.sample
    dataset = question.scope.dataset
    during = {} if question.during is None else {"during": str(question.during)}
    causes = Reporter(question.scope, full, sample, ranked.judged, question.cluster, candidates.aliases)
    descriptive = Reporter(question.scope, full, sample, ranked.descriptive, question.cluster, {})
    restating = Reporter(
        question.scope, full, sample, ranked.restating, question.cluster, {}, candidates.reasons
    )
    population, notes = _population(counted)
    totals, repeats = full.totals, candidates.clusters.all_repeats()
    could = detectable(totals["selected"], totals["baseline"], counted.levels, repeats)
    if not ranked.causes:
        notes.append(power_note(could))
    return Explanation(
        findings=tuple(causes.findings(ranked.causes, "times" if early else "all")),
        refinements=tuple(causes.findings(ranked.refinements, "counts")),
        describes=tuple(descriptive.findings(ranked.descriptions, "counts")),
        detectable=tuple(could),
        restates=tuple(restating.findings(ranked.restatements, "counts")),
        skipped=(*counted.skipped, *({"field": name, "reason": CLOCK} for name in candidates.clocks)),
        selection={"condition": question.selection.text, **during, **_size(full.totals["selected"])},
        baseline={
            "condition": question.baseline.text if question.baseline else f"not ({question.selection.text})",
            **during,
            **_size(full.totals["baseline"]),
        },
        history=_history(counted),
        population=population,
        query=question.call,
        sql="" if early else _sql(question),
        dataset={"rows": dataset.rows, "fingerprint": dataset.fingerprint},
        notes=tuple(dict.fromkeys((*question.scope.notes, *ranked.notes, *notes))),
    )


def _population(counted: Counted) -> tuple[dict[str, Any], list[str]]:
    """Return which events were compared, and notes on those that were left out or weighted."""
    question, masks = counted.question, counted.masks
    rows = question.scope.dataset.rows
    unweighted = sum(weights.unweighted for weights in question.scope.dataset.codes.weights())
    notes = list(weight_note(unweighted, rows)) if unweighted < rows else []
    if masks.unknown:
        notes.append(f"{pluralize(masks.unknown, 'event')} left out, for which the selection is null")
    name: str = question.population
    _, why_all = question.scope.units() if name == "units" else (None, None)
    if why_all is not None:
        name = "all"
        notes.append(why_all)
    elif name == "units" and masks.left_out:
        notes.append(f"units of work only: {pluralize(masks.left_out, 'other event')} left out")
    if any("estimated" in _size(counted.full.totals[group]) for group in SIDES):
        notes.append("shares and rates are weighted by sample_weight; counts are of the events seen")
    return {"name": name, "rows": masks.rows, "left_out": masks.left_out}, notes


def _history(counted: Counted) -> dict[str, Any] | None:
    totals = counted.full.totals
    if "history" not in totals:
        return None
    earlier, selected = totals["history"], totals["history_selected"]
    return {
        "condition": _text(counted.question.history),
        "events": round(float(earlier.n[0])),
        "selected": round(float(selected.n[0])),
        "rate": float(selected.w[0] / earlier.w[0]),
    }


def _sql(question: Question) -> str:
    """Return the statement of the selected events: in the population, the window and `where`."""
    scope = question.scope.narrow(question.selection)
    if question.population == "units":
        scope = scope.narrow(scope.units()[0])
    if isinstance(question.during, Window):
        scope = scope.narrow(question.during.condition_text)
    elif question.during is not None:
        scope = scope.narrow(question.during)
    return f"{scope.sql_note}\n{scope.engine.compile(scope.table)}"


def _text(history: Window | Condition | None) -> str:
    return str((history.condition_text if isinstance(history, Window) else history) or "")


def _size(whole: Counts) -> dict[str, Any]:
    """Return the events of a group as seen and, where weights make a difference, how many they represent."""
    events, estimated = round(float(whole.n[0])), float(whole.w[0])
    return {"events": events} | ({"estimated": round(estimated)} if round(estimated) != events else {})
