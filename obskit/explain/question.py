"""The question as it was put, read and resolved: conditions, windows of time, population."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from obskit.engine import Condition, Scope, quote_name
from obskit.explain import rows


@dataclass(frozen=True)
class Question:
    """What was asked, read and resolved."""

    scope: Scope
    selection: Condition
    baseline: Condition | None
    during: rows.Window | Condition | None
    history: rows.Window | Condition | None
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
    depth: int,
) -> Question:
    """Read the arguments of `explain`."""
    narrowed = scope.narrow(where)
    if narrowed.where is not None and narrowed.where.fields & {"kind", "name"}:
        population = "all"
    window = _window(narrowed, during)
    earlier: rows.Window | Condition | None = None
    if isinstance(history, str) and history == "auto":
        if isinstance(window, rows.Window) and window.start is not None:
            first = narrowed.dataset.span[0]
            if first is not None and rows.microseconds(first) < window.start:
                earlier = rows.Window(None, window.start)
    else:
        earlier = _window(narrowed, history)
    chosen = narrowed.condition(selection)
    rest = None if baseline is None else narrowed.condition(baseline)
    given = [repr(chosen.text)]
    given += [f"during={str(window)!r}"] if window is not None else []
    given += [f"baseline={rest.text!r}"] if rest is not None else []
    if history != "auto":
        given.append(f"history={None if earlier is None else str(earlier)!r}")
    given += [f"where={narrowed.where.text!r}"] if narrowed.where is not None else []
    given += [f"population={population!r}"] if population != "units" else []
    given += [f"depth={depth}"] if depth != 3 else []
    return Question(
        narrowed, chosen, rest, window, earlier, population, f"events.explain({', '.join(given)})"
    )


def _window(scope: Scope, given: Any) -> rows.Window | Condition | None:
    if given is None:
        return None
    if isinstance(given, (rows.Window, Condition)):
        return given
    if isinstance(given, str) and not _is_time(given):
        return scope.condition(given)
    return rows.window(given, scope.newest)


def _is_time(text: str) -> bool:
    head = text.strip()[:1]
    return head.isdigit() or head in ("/", "-")


def resolve(scope: Scope, name: str) -> str:
    """Return the field that a name means, old names included."""
    return next(iter(scope.condition(f"{quote_name(name)} is null").fields))
