"""The explanation around the findings: what was compared, with what, and what a reader must know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from obskit.dataset import weight_note
from obskit.engine import Condition, Window
from obskit.explain import rows
from obskit.explain.frame import Frame
from obskit.explain.question import Question
from obskit.explain.result import Explanation, Finding
from obskit.stats.evidence import Counts
from obskit.text import pluralize


def answer(
    asked: Question,
    compared: rows.Compared,
    full: Frame,
    notes: Sequence[str],
    skipped: Sequence[dict[str, str]],
    statement: str,
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
            "condition": _text(asked.history),
            "events": round(float(earlier.n[0])),
            "selected": round(float(outcome.n[0])),
            "rate": float(outcome.w[0] / earlier.w[0]),
        }
    during = {} if asked.during is None else {"during": str(asked.during)}
    unweighted = sum(weights.unweighted for weights in asked.scope.dataset.codes.weights())
    total = asked.scope.dataset.rows
    notes += weight_note(unweighted, total) if unweighted < total else []
    if compared.unknown:
        them = "it" if compared.unknown == 1 else "them"
        left = pluralize(compared.unknown, "row")
        notes.append(f"{left} left out: for {them} the selection is neither true nor false (null)")
    name = asked.population
    _, why_all = asked.scope.units() if name == "units" else (None, None)
    if why_all is not None:
        name = "all"
        notes.append(why_all)
    elif name == "units" and compared.left_out:
        notes.append(f"units of work only: {pluralize(compared.left_out, 'other row')} left out")
    if any("estimated" in _size(full.totals[group]) for group in ("a", "b")):
        notes.append("shares and rates are weighted by sample_weight; counts are of the events seen")
    return Explanation(
        findings=tuple(findings),
        refinements=tuple(refinements),
        describes=tuple(describes),
        skipped=tuple(skipped),
        selection={"condition": asked.selection.text, **during, **_size(full.totals["a"])},
        baseline={
            "condition": asked.baseline.text if asked.baseline else f"not ({asked.selection.text})",
            **during,
            **_size(full.totals["b"]),
        },
        history=history,
        population={"name": name, "rows": compared.rows, "left_out": compared.left_out},
        query=asked.call,
        sql=statement,
        dataset={"rows": total, "fingerprint": asked.scope.dataset.fingerprint},
        notes=tuple(dict.fromkeys(notes)),
    )


def sql(asked: Question) -> str:
    """Return the statement of the selection's rows: in the population, the window and `where`."""
    scope = asked.scope.narrow(asked.selection)
    if asked.population == "units":
        scope = scope.narrow(scope.units()[0])
    if isinstance(asked.during, Window):
        scope = scope.narrow(asked.during.condition_text)
    elif asked.during is not None:
        scope = scope.narrow(asked.during)
    return f"{scope.sql_note}\n{scope.engine.compile(scope.table)}"


def _text(of: Window | Condition | None) -> str:
    return str((of.condition_text if isinstance(of, Window) else of) or "")


def _size(whole: Counts) -> dict[str, Any]:
    """Return the observed events of a group and, where weights say otherwise, how many they stand for."""
    events, estimated = round(float(whole.n[0])), float(whole.w[0])
    return {"events": events} | ({"estimated": round(estimated)} if round(estimated) != events else {})
