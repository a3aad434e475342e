"""A first answer to `explain` of a table elsewhere, from a sample of its rows on this machine.

An exact answer takes statements that read many columns of all rows. Someone who draws one box after the other
in the Explorer waits for each of them. A sample of whole traces is fetched once, in a thread of its own; it
answers at once, and the exact answer follows.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from typing import Any

from obskit.engine import Condition, Scope, start_thread
from obskit.errors import ObskitError
from obskit.explain import Cancelled, Explanation, Question, explain_first
from obskit.remote.fetch import fetch

# About so many rows are fetched.
MOST_ROWS = 100_000
# A statement that reads all columns of a larger table takes too long to be run without being asked for.
LARGEST_TABLE = 20_000_000
# Fewer selected rows than this in the sample say too little.
LEAST_SELECTED = 100


class TableSample:
    """Whole traces of a table elsewhere, and the codes of their fields.

    Args:
        table: all rows of the table.
        ended: set when the process ends; the engine of `table` then cancels its statement.
    """

    def __init__(self, table: Scope, ended: threading.Event) -> None:
        self._table = table
        self._rows: Scope | None = None
        self._started = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ended = ended

    def start(self) -> None:
        """Begin to fetch the sample, unless that was done before or the table is too large."""
        if self._table.dataset.rows <= LARGEST_TABLE and self._started.acquire(blocking=False):
            self._thread = start_thread(self._fetch, "obskit-sample", self._ended.set)

    def wait(self, seconds: float) -> bool:
        """Wait until the sample is there; return False if it is not."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self._rows is not None

    def _fetch(self) -> None:
        # Whatever fails here fails for the exact answer too, which reports it.
        def go_on(*_: object) -> None:
            if self._ended.is_set():
                raise Cancelled

        with contextlib.suppress(Exception):
            rows = fetch(self._table, MOST_ROWS).scope
            go_on()
            rows.dataset.codes.ensure(rows.schema.names, progress=go_on)
            self._rows = rows

    def answer(self, question: Question) -> Explanation | None:
        """Return an answer of single conditions to a question about the table, marked as of a sample.

        Args:
            question: the question, about the table elsewhere.

        Returns:
            Explanation; None if the sample is not there, or has too few rows of the selection.

        Raises:
            Cancelled: a newer question made this one pointless.
        """
        rows, asked = self._rows, question.scope
        if rows is None or asked.derived:
            return None
        try:
            local = rows if asked.where is None else rows.narrow(rows.condition(asked.where))
            return explain_first(about_rows(question, local), LEAST_SELECTED)
        except ObskitError:  # the exact answer will say what is wrong, if anything is
            return None


def about_rows(question: Question, rows: Scope) -> Question:
    """Return a question about a table elsewhere as one about rows of it on this machine."""

    def read(given: Any) -> Any:
        return rows.condition(given) if isinstance(given, Condition) else given

    return dataclasses.replace(
        question,
        scope=rows,
        selection=read(question.selection),
        baseline=read(question.baseline),
        during=read(question.during),
        history=read(question.history),
    )
