"""The answer around the findings: what was compared, with what, and what a reader must know."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

from obskit.dataset import weight_note
from obskit.engine import Condition, Scope, Window
from obskit.explain.candidates import Candidates
from obskit.explain.clocks import REASON as CLOCK
from obskit.explain.counted import Counted
from obskit.explain.grouped_rows import SIDES
from obskit.explain.power import detectable, power_note
from obskit.explain.question import Question
from obskit.explain.rank import Ranked
from obskit.explain.report import Reporter
from obskit.explain.result import Explanation, Finding
from obskit.stats.counts import Counts
from obskit.text import pluralize


def build_explanation(
    counted: Counted, candidates: Candidates, ranked: Ranked, *, early: bool
) -> Explanation:
    """Return the answer to a question.

    Args:
        counted: the question with its fields counted.
        candidates: the sample, and which conditions hold for the same rows.
        ranked: slices in the order in which they are reported.
        early: without traces, users, examples and what-ifs.
    Returns:
        Explanation, complete but for `sampled` and `trace_url`.
    """
    question, full, sample = counted.asked, counted.full, candidates.sample
    dataset, rows = question.scope.dataset, counted.question.scope
    during = {} if question.during is None else {"during": str(question.during)}
    reporter = partial(Reporter, rows, full, sample, counted.compared, question.cluster)
    causes = reporter(ranked.judged, candidates.aliases)
    descriptive = reporter(ranked.descriptive, {})
    restating = reporter(ranked.restating, {}, candidates.reasons)
    population, notes = _population(counted)
    totals, repeats = full.totals, candidates.clusters.all_repeats()
    could = detectable(totals["selected"], totals["baseline"], counted.levels, repeats)
    if not ranked.causes:
        notes.append(power_note(could))
    findings = causes.findings(ranked.causes, "times" if early else "all")
    return Explanation(
        findings=tuple(findings if early else _with_conditions(question, findings)),
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
        statement=partial(_sql, question),
        dataset={"rows": dataset.rows, "fingerprint": dataset.fingerprint},
        notes=tuple(dict.fromkeys((*question.scope.notes, *ranked.notes, *notes))),
    )


def _population(counted: Counted) -> tuple[dict[str, Any], list[str]]:
    """Return which events were compared, and notes on those that were left out or weighted."""
    question, masks = counted.asked, counted.masks
    rows = question.scope.dataset.rows
    if counted.elsewhere is not None:
        unweighted = counted.elsewhere.unweighted
    else:
        unweighted = sum(weights.unweighted for weights in question.scope.dataset.codes.weights())
    notes = list(weight_note(unweighted, rows)) if unweighted is not None and unweighted < rows else []
    if masks.unknown:
        notes.append(f"{pluralize(masks.unknown, 'event')} left out, for which the selection is null")
    if masks.repeated:
        left = pluralize(masks.repeated, "event")
        notes.append(f"{left} left out: a few values of {question.cluster} have far more of them than others")
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
        "condition": _text(counted.asked.history),
        "events": round(float(earlier.n[0])),
        "selected": round(float(selected.n[0])),
        "rate": float(selected.w[0] / earlier.w[0]),
    }


def _sql(question: Question) -> str:
    """Return the statement of the selected events: in the population, the window and `where`."""
    scope = _selected(question)
    return f"{scope.sql_note}\n{scope.engine.compile(scope.table)}"


def _selected(question: Question) -> Scope:
    """Return the selected events: in the population, the window and `where`."""
    scope = _compared(question).narrow(question.selection)
    if isinstance(question.during, Window):
        return scope.narrow(question.during.condition_text)
    return scope if question.during is None else scope.narrow(question.during)


def _compared(question: Question) -> Scope:
    """Return the events of the population, at any time."""
    scope = question.scope
    return scope.narrow(scope.units()[0]) if question.population == "units" else scope


def _with_conditions(question: Question, findings: list[Finding]) -> list[Finding]:
    """Return the findings, each with the conditions of its selected events and of those compared with it."""
    compared = _compared(question).where
    selected = _selected(question).where if findings else None
    if selected is None:
        return findings
    return [
        dataclasses.replace(
            finding,
            selected_condition=f"({selected.text}) and ({finding.condition})",
            compared_condition=None if compared is None else compared.text,
        )
        for finding in findings
    ]


def _text(history: Window | Condition | None) -> str:
    return str((history.condition_text if isinstance(history, Window) else history) or "")


def _size(whole: Counts) -> dict[str, Any]:
    """Return the events of a group as seen and, where weights make a difference, how many they represent."""
    events, estimated = round(float(whole.n[0])), float(whole.w[0])
    return {"events": events} | ({"estimated": round(estimated)} if round(estimated) != events else {})
