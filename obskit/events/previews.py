"""An answer from a sample, labelled so, while the exact one is not there yet.

Two things keep an exact answer waiting: files that nobody has converted, and a large Dataset of which the
codes are not made. `preview` is for the first, `explain_sample` for the second.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from obskit.dataset import Dataset, skimmed, thinned
from obskit.display.tables import format_cell
from obskit.engine import Scope
from obskit.errors import ObskitError
from obskit.explain import ExplainOptions, Explanation, explain
from obskit.schema import READ_AS_IS, ReadOptions
from obskit.text import pluralize

LARGE = 1_000_000
"""Rows of a Dataset from which on making its codes takes longer than one likes to wait."""

FEW = 12
"""Fields whose codes are made while one waits; some, such as trace ids, are never coded."""

Answer = TypeVar("Answer")
Shown = Callable[[Explanation], object]


@contextmanager
def preview(
    paths: str | Path | Sequence[str | Path], options: ReadOptions = READ_AS_IS
) -> Iterator[Scope | None]:
    """Give a sample of files that are large and not converted yet, None where they can be opened at once.

    Everything that is asked of it says in its notes that it is of a sample, and of how much of the time. The
    sample is gone with the context.

    Raises:
        NoSuchPath, ReadError: as `load`.
    """
    with skimmed(paths, options) as found:
        yield None if found is None else _noted(Scope.of(found[0]), f"from {found[1]}")


def _noted(scope: Scope, of: str) -> Scope:
    dataset: Dataset = scope.dataset
    first, last = dataset.span
    when = f", from {format_cell(first)} to {format_cell(last)}" if first is not None else ""
    note = f"a sample of {pluralize(dataset.rows, 'event')}, {of}{when}; the exact answer follows"
    return dataclasses.replace(scope, notes=(note, *scope.notes))


def labelled(answer: Answer, scope: Scope) -> Answer:
    """Return an explanation with the label that its numbers are of a sample; others say it in their notes."""
    if isinstance(answer, Explanation):
        return dataclasses.replace(answer, sampled=scope.dataset.rows)
    return answer


def explain_sample(scope: Scope, selection: Any, options: ExplainOptions) -> Explanation | None:
    """Explain from a sample of the rows, if the exact answer has to wait for codes to be made.

    Args:
        scope, selection, options: as `explain` takes them; `first` is left to the exact answer.
    Returns:
        Explanation with `sampled` set; None where the exact answer is quick, or the sample has no answer.
    """
    dataset = scope.dataset
    options = dataclasses.replace(options, first=None)
    wanted = set(options.fields or dataset.schema.names) & set(dataset.schema.names)
    if dataset.rows <= LARGE or sum(not dataset.codes.ready(name) for name in wanted) <= FEW:
        return None
    with thinned(dataset) as small:
        sample = _noted(Scope.of(small), f"one of {dataset.rows / small.rows:,.0f}")
        try:
            for name, expression in scope.derived:
                sample = sample.derive(name, expression)
            if scope.where is not None:
                sample = sample.narrow(scope.where.text)
            return labelled(explain(sample, selection, options), sample)
        except ObskitError:
            return None  # such as no selected row among them; what is wrong with the call, the call says


class NotebookDisplay:
    """Shows an answer from a sample below a cell, and takes it away when the exact one is there."""

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display = display
        self._handle: Any = None

    def __call__(self, answer: Explanation) -> None:
        """Show the answer."""
        self._handle = self._display(answer, display_id=True)

    def clear(self) -> None:
        """Take it away again."""
        if self._handle is not None:
            self._handle.update({"text/plain": "", "text/html": ""}, raw=True)
            self._handle = None


def notebook_display() -> NotebookDisplay | None:
    """Return how to show something in the notebook that runs this code; None where none does.

    IPython is not imported for it: in a notebook it is there.
    """
    ipython, shown = sys.modules.get("IPython"), sys.modules.get("IPython.display")
    shell = ipython.get_ipython() if ipython is not None else None
    if shown is None or getattr(shell, "kernel", None) is None:
        return None
    return NotebookDisplay(shown.display)
