"""Answers from a sample, labeled as such, until the exact answer is there.

An exact answer has to wait where large files are not converted yet (`preview` helps), or where a large
Dataset has no codes yet (`explain_sample` helps).
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from obskit.dataset import Dataset, preview_dataset, preview_files
from obskit.display.tables import format_cell
from obskit.engine import Scope
from obskit.errors import ObskitError
from obskit.explain import ExplainOptions, Explanation, explain
from obskit.schema import READ_AS_IS, ReadOptions
from obskit.text import pluralize

LARGE = 1_000_000
"""Rows beyond which making the codes of a Dataset takes longer than people like to wait."""

FEW = 12
"""No sample is taken for this many fields without codes or fewer; trace ids, for one, never have codes."""

ResultType = TypeVar("ResultType")
Shown = Callable[[Explanation], object]


@contextmanager
def preview(
    paths: str | Path | Sequence[str | Path], options: ReadOptions = READ_AS_IS
) -> Iterator[Scope | None]:
    """Sample large files that are not converted yet.

    Results computed from the sample say so in their notes, with the window of time it covers. The sample is
    deleted when the context ends.

    Args:
        paths: files, folders or globs, as in `load`.
        options: how to read the files.

    Yields:
        Scope of the sample; None if the files open at once or are small enough to convert.

    Raises:
        NoSuchPath, ReadError: as in `load`.
    """
    with preview_files(paths, options) as found:
        yield None if found is None else _sample_scope(Scope.of(found[0]), f"from {found[1]}")


def _sample_scope(scope: Scope, of: str) -> Scope:
    """Return the scope with a note that says what it is a sample of."""
    dataset: Dataset = scope.dataset
    first, last = dataset.span
    when = f", from {format_cell(first)} to {format_cell(last)}" if first is not None else ""
    note = f"a sample of {pluralize(dataset.rows, 'event')}, {of}{when}; the exact answer follows"
    return dataclasses.replace(scope, notes=(note, *scope.notes), sampled=True)


def labelled(answer: ResultType, scope: Scope) -> ResultType:
    """Mark an explanation as one from a sample; other results say it in their notes."""
    if isinstance(answer, Explanation):
        return dataclasses.replace(answer, sampled=scope.dataset.rows)
    return answer


def explain_sample(scope: Scope, selection: Any, options: ExplainOptions) -> Explanation | None:
    """Explain from a sample of the rows if the exact answer has to wait for codes.

    Args:
        scope: the rows.
        selection: as in `explain`.
        options: as in `explain`; `first` is left to the exact answer.

    Returns:
        Explanation with `sampled` set; None if the exact answer is quick or the sample has no answer.
    """
    dataset = scope.dataset
    options = dataclasses.replace(options, first=None)
    wanted = set(options.fields or dataset.schema.names) & set(dataset.schema.names)
    if dataset.rows <= LARGE or sum(not dataset.codes.ready(name) for name in wanted) <= FEW:
        return None
    with preview_dataset(dataset) as small:
        sample = _sample_scope(Scope.of(small), f"one in {dataset.rows / small.rows:,.0f}")
        sample = dataclasses.replace(sample, decryption=scope.decryption)
        try:
            for name, expression in scope.derived:
                sample = sample.derive(name, expression)
            if scope.where is not None:
                sample = sample.narrow(scope.where.text)
            return labelled(explain(sample, selection, options), sample)
        except ObskitError:
            return None  # the sample may have no selected row; a wrong call fails again in the exact answer


class NotebookDisplay:
    """Shows an answer from a sample below a notebook cell, and removes it when the exact one is there."""

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display = display
        self._handle: Any = None

    def __call__(self, answer: Explanation) -> None:
        """Show the answer."""
        self._handle = self._display(answer, display_id=True)

    def clear(self) -> None:
        """Remove it again."""
        if self._handle is not None:
            self._handle.update({"text/plain": "", "text/html": ""}, raw=True)
            self._handle = None


def notebook_display() -> NotebookDisplay | None:
    """Return a display for the notebook that runs this code; None outside of notebooks.

    IPython is not imported for this: in a notebook it already is.
    """
    ipython, shown = sys.modules.get("IPython"), sys.modules.get("IPython.display")
    shell = ipython.get_ipython() if ipython is not None else None
    if shown is None or getattr(shell, "kernel", None) is None:
        return None
    return NotebookDisplay(shown.display)
