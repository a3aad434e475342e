"""The question as it was put, read and resolved: conditions, windows of time, population."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from obskit.engine import Condition, Scope, Window, window_or_condition

DEFAULTS = {"fields": None, "depth": 3, "cluster": "trace_id", "thorough": False}


@dataclass(frozen=True)
class Question:
    """What was asked, read and resolved."""

    scope: Scope
    selection: Condition
    baseline: Condition | None
    during: Window | Condition | None
    history: Window | Condition | None
    population: str
    call: str


def ask(
    scope: Scope,
    selection: Any,
    during: Any,
    baseline: Any,
    history: Any,
    where: Any,
    population: str,
    **options: Any,
) -> Question:
    """Read the arguments of `explain`; `options` are those that only the call's text needs."""
    narrowed = scope.narrow(where)
    if narrowed.chooses_rows:
        population = "all"
    window = window_or_condition(during, narrowed)
    earlier: Window | Condition | None = None
    if isinstance(history, str) and history == "auto":
        if isinstance(window, Window) and window.start is not None:
            first = narrowed.dataset.span[0]
            if first is not None and first.timestamp() * 1e6 < window.start:
                earlier = Window(None, window.start)
    else:
        earlier = window_or_condition(history, narrowed)
    chosen = narrowed.condition(selection)
    rest = None if baseline is None else narrowed.condition(baseline)
    given = [repr(chosen.text)]
    given += [f"during={str(window)!r}"] if window is not None else []
    given += [f"baseline={rest.text!r}"] if rest is not None else []
    if history != "auto":
        given.append(f"history={None if earlier is None else str(earlier)!r}")
    given += [f"where={narrowed.where.text!r}"] if narrowed.where is not None else []
    given += [f"population={population!r}"] if population != "units" else []
    given += [f"{name}={value!r}" for name, value in options.items() if value != DEFAULTS[name]]
    derived = f".derive(**{dict(scope.derived)!r})" if scope.derived else ""
    call = f"events{derived}.explain({', '.join(given)})"
    return Question(narrowed, chosen, rest, window, earlier, population, call)
