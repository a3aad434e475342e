"""The question as it was put, read and resolved: conditions, windows of time, population."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from obskit.engine import Condition, Population, Scope, Window, time_window, window_or_condition
from obskit.errors import InvalidArgument
from obskit.explain.options import ExplainOptions


@dataclass(frozen=True)
class Question:
    """A question with its conditions parsed and its windows of time resolved.

    Attributes:
        scope: the events, narrowed by the options' `where`.
        selection, baseline, during, history: as the options say, or None.
        population: "units" or "all"; a `where` that names `kind` or `name` makes it "all".
        cluster: field whose equal values are one observation.
        options: the arguments as given.
        call: the call of `Events.explain` that asks this again.
    """

    scope: Scope
    selection: Condition
    baseline: Condition | None
    during: Window | Condition | None
    history: Window | Condition | None
    population: Population
    cluster: str | None
    options: ExplainOptions
    call: str

    @property
    def selects_time(self) -> bool:
        """Whether the selection is a window of time, in which even a small slice may be what is new."""
        return self.selection.fields == {"timestamp"}


def resolve(scope: Scope, selection: Any, options: ExplainOptions) -> Question:
    """Parse the conditions and windows of a question.

    Args:
        scope: the events.
        selection: condition for the outcome.
        options: the other arguments of `explain`.
    Returns:
        Question; its `history` is a window where the options say "auto" and there are earlier events.
    Raises:
        ConditionError, UnknownField, UnknownFunction: a condition can't be read.
        InvalidArgument: `during` or `history` is not a window or a condition, or the cluster is a list field.
    """
    narrowed = scope.narrow(options.where)
    population: Population = "all" if narrowed.chooses_rows else options.population
    window = window_or_condition(options.during, narrowed)
    history = _history(narrowed, window, options.history)
    chosen = narrowed.condition(selection)
    rest = None if options.baseline is None else narrowed.condition(options.baseline)
    given = [repr(chosen.text)]
    given += [f"during={str(window)!r}"] if window is not None else []
    given += [f"baseline={rest.text!r}"] if rest is not None else []
    if not _is_auto(options.history):
        given.append(f"history={None if history is None else str(history)!r}")
    given += [f"where={narrowed.where.text!r}"] if narrowed.where is not None else []
    given += [f"population={population!r}"] if population != "units" else []
    changed = options.changed()
    given += [
        f"{name}={changed[name]!r}" for name in ("fields", "depth", "cluster", "thorough") if name in changed
    ]
    derived = f".derive(**{dict(scope.derived)!r})" if scope.derived else ""
    call = f"events{scope.made_by}{derived}.explain({', '.join(given)})"
    cluster = _cluster(narrowed, options.cluster)
    return Question(narrowed, chosen, rest, window, history, population, cluster, options, call)


def _history(scope: Scope, during: Window | Condition | None, given: Any) -> Window | Condition | None:
    if not _is_auto(given):
        return window_or_condition(given, scope)
    first, start = scope.dataset.span[0], _start(during)
    if first is None or start is None:
        return None
    return Window(None, start) if first.timestamp() * 1e6 < start else None


def _start(during: Window | Condition | None) -> int | None:
    """Return when a window of time begins, also if it is a condition on nothing but the time."""
    if isinstance(during, Condition):
        return time_window(during)[0] if during.fields == {"timestamp"} else None
    return None if during is None else during.start


def _cluster(scope: Scope, given: str | None) -> str | None:
    # Plain logs may lack the default; a field that was named must be there.
    if given is None or (given == "trace_id" and given not in scope.schema.names):
        return None
    name = scope.resolve(given)
    if pa.types.is_nested(scope.known.field(name).type):
        raise InvalidArgument(
            f"cluster must be a field with one value per event, got {given!r}, which is a list",
            hint="use a field with one value per event, such as trace_id",
        )
    return name


def _is_auto(history: Any) -> bool:
    return isinstance(history, str) and history == "auto"
