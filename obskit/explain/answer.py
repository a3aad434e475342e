"""The explanation around the findings: what was compared, with what, and what a reader must know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from obskit.explain import rows
from obskit.explain.frame import Frame
from obskit.explain.question import Question
from obskit.explain.result import Explanation, Finding
from obskit.stats.evidence import Counts


def answer(
    asked: Question,
    compared: rows.Compared,
    full: Frame,
    notes: Sequence[str],
    skipped: Sequence[dict[str, str]],
    sql: str,
    findings: Sequence[Finding],
    refinements: Sequence[Finding],
    describes: Sequence[Finding],
) -> Explanation:
    """Return the explanation of a question from its findings and the rows compared."""
    notes = list(notes)
    history: dict[str, Any] | None = None
    if "history" in full.totals:
        earlier, outcome = full.totals["history"], full.totals["history_a"]
        history = {
            "condition": f"during {asked.history}"
            if isinstance(asked.history, rows.Window)
            else str(asked.history),
            "events": round(float(earlier.n[0])),
            "selected": round(float(outcome.n[0])),
            "rate": float(outcome.w[0] / earlier.w[0]),
        }
    during = "" if asked.during is None else f" during {asked.during}"
    unweighted = sum(weights.unweighted for weights in asked.scope.dataset.codes.weights())
    total = asked.scope.dataset.rows
    if 0 < unweighted < total:
        notes.append(f"{unweighted:,} of {total:,} rows carry no weight, counted as 1")
    if compared.unknown:
        text = f"{compared.unknown:,} rows left out: for them the selection is neither true nor false (null)"
        notes.append(text)
    name = asked.population
    if name == "units" and asked.scope.dataset.codes.no_units:
        name = "all"
        notes.append("no row is a unit of work (server, consumer or root span): all rows are compared")
    elif name == "units" and compared.left_out:
        notes.append(f"units of work only: {compared.left_out:,} other rows left out")
    return Explanation(
        findings=tuple(findings),
        refinements=tuple(refinements),
        describes=tuple(describes),
        skipped=tuple(skipped),
        selection={"condition": asked.selection.text + during, **_size(full.totals["a"])},
        baseline={
            "condition": (asked.baseline.text if asked.baseline else f"not ({asked.selection.text})")
            + during,
            **_size(full.totals["b"]),
        },
        history=history,
        population={"name": name, "rows": compared.rows, "left_out": compared.left_out},
        query=asked.call,
        sql=sql,
        dataset={"rows": total, "fingerprint": asked.scope.dataset.fingerprint},
        notes=tuple(dict.fromkeys(notes)),
    )


def _size(whole: Counts) -> dict[str, Any]:
    """Return the observed events of a group and, where weights say otherwise, how many they stand for."""
    events, estimated = round(float(whole.n[0])), float(whole.w[0])
    return {"events": events} | ({"estimated": round(estimated)} if round(estimated) != events else {})
