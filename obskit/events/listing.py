"""The verbs of `Events` that list fields, events and traces as they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from obskit import query
from obskit.display.result import Result
from obskit.display.wide import WideResult
from obskit.events.event_set import EventSet
from obskit.query import Fields, Trace


@dataclass(frozen=True, eq=False, repr=False)
class ListedEvents(EventSet):
    """Rows of a dataset, and the verbs that show them one by one."""

    def fields(self, names: Sequence[str] | None = None) -> Fields:
        """List the fields: type, share of rows that have a value, distinct values, most common values.

        Args:
            names: only these fields, in this order; all by default.

        Returns:
            Fields with one row per field. Rows are counted without weights; `at_least` marks a count of
            distinct values that is a lower bound.

        Raises:
            UnknownField: one of the names is not a field.

        Example:
            events.fields(["http.route", "service.version"])
        """
        return self._presented(query.fields(self.scope, names))

    def rows(
        self, fields: Sequence[str] | None = None, order: str | None = None, limit: int = 20
    ) -> WideResult:
        """List events, one per row, with the fields that matter most first.

        Args:
            fields: fields to show, in this order; all by default. Only as many as fit are shown; the others
                are named below, and `to_arrow()`, `to_pandas()` and `to_dict()` have them.
            order: fields to sort by: "duration_ms desc, name"; events without a value come last. By time, if
                not given.
            limit: number of events, at least 1.

        Returns:
            WideResult with one row per event.

        Raises:
            UnknownField: a name in `fields` or `order` is not a field.
            InvalidArgument: `limit` is not a positive whole number, or `order` names a list.

        Example:
            events.where("error").rows(order="duration_ms desc", limit=5)
            events.rows(["timestamp", "name", "duration_ms"])
        """
        return self._presented(query.rows(self.scope, fields, order, limit))

    def sample(self, n: int = 10, seed: int = 0) -> WideResult:
        """Draw rows at random.

        Args:
            n: number of rows, at least 1.
            seed: the same seed draws the same rows.

        Returns:
            WideResult with `n` rows of all fields, or fewer if there are not as many; those that matter most
                come first, and only as many as fit are shown.

        Raises:
            InvalidArgument: `n` is not a positive whole number.

        Example:
            events.where("error").sample(5)
        """
        return self._presented(query.sample(self.scope, n, seed))

    def trace(self, trace_id: str) -> Trace:
        """Show one trace as a waterfall.

        Conditions of `where` and `between` are ignored: the trace is complete.

        Args:
            trace_id: hex digits, in either case; all of them.

        Returns:
            Trace with one row per event, as a tree.

        Raises:
            EmptySelection: no event has this id.
            InvalidArgument: the events have no trace ids.

        Example:
            longest = events.traces(1).to_arrow()["trace_id"][0].as_py()
            events.trace(longest)
        """
        return self._presented(query.trace(dataclasses.replace(self.scope, where=None), trace_id))

    def traces(self, limit: int = 20) -> Result:
        """List the traces of these events, longest first.

        Each trace is taken as a whole, also where `where` and `between` select only some of its spans.

        Args:
            limit: number of traces.

        Returns:
            Result with one row per trace: spans, errors, first timestamp, longest duration in ms, name of the
                root; with a condition also `matching`, the number of spans that it selects.

        Raises:
            InvalidArgument: the events have no trace ids, or `limit` is not a whole number of at least 1.

        Example:
            events.where("error").traces(limit=5)
        """
        return self._presented(query.traces(self.scope, limit))
