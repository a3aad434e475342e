"""The verbs of `Events` that list fields, events and traces as they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from obskit import query
from obskit.display.wide import WideResult
from obskit.engine import Scope
from obskit.events.exporting import ExportedEvents
from obskit.query import Fields, Trace
from obskit.traces import Traces, traces


@dataclass(frozen=True, eq=False, repr=False)
class ListedEvents(ExportedEvents):
    """Rows of a dataset, and the verbs that show them one by one."""

    @property
    def _rows(self) -> Scope:
        """The rows on this machine, for verbs that read every row."""
        return self.scope

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
        self,
        fields: Sequence[str] | None = None,
        order: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> WideResult:
        """List events, one per row, with the fields that matter most first.

        Args:
            fields: fields to show, in this order; all by default. Only as many as fit are shown; the others
                are named below, and `to_arrow()`, `to_pandas()` and `to_dict()` have them.
            order: fields to sort by: "duration_ms desc, name"; events without a value come last. By time, if
                not given.
            limit: number of events, at least 1.
            offset: number of events that are passed over first, to read page by page.

        Returns:
            WideResult with one row per event.

        Raises:
            UnknownField: a name in `fields` or `order` is not a field.
            InvalidArgument: `limit` is not a positive whole number, `offset` is negative, or `order` names a
                list.

        Example:
            events.where("error").rows(order="duration_ms desc", limit=5)
            events.rows(["timestamp", "name", "duration_ms"])
        """
        return self._presented(query.rows(self.scope, fields, order, limit, offset))

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

    def trace(self, trace_id: str, *, span: str | None = None, beside: str | None = None) -> Trace:
        """Show one trace as a waterfall: live in a notebook, else as text, HTML or SVG.

        Conditions of `where` and `between` are ignored: the trace is complete.

        Args:
            trace_id: hex digits, in either case; or the first 8 or more of them, as tables show them.
            span: id of the span to select.
            beside: id of another trace, to show next to it span by span.

        Returns:
            Trace with one row per event, as a tree.

        Raises:
            EmptySelection: no event has this id, or the trace has no such span.
            InvalidArgument: the events have no trace ids, or several begin like this.

        Example:
            longest = events.traces(1).to_arrow()["trace_id"][0].as_py()
            events.trace(longest)
        """
        scope = dataclasses.replace(self.scope, where=None)
        return self._presented(query.trace(scope, trace_id, span=span, beside=beside))

    def traces(self, limit: int = 20, *, where: Any = None, linked: bool = False) -> Traces:
        """Return the traces of these events: listed, compared, as a map of services.

        Each trace is taken as a whole, also where `where` and `between` select only some of its spans.

        Args:
            limit: number of traces that are shown.
            where: condition; traces with a row for which it is true.
            linked: whether traces that span links connect, such as those of a producer and of the consumers
                of its messages, count as one.

        Returns:
            Traces; it displays as `.list()`, the longest first. `.compare(slow=...)`, `.map()`,
            `.operations()` and `.shapes()` answer questions about them.

        Raises:
            InvalidArgument: the events have no trace ids, or `limit` is not a whole number of at least 1.
            ConditionError, UnknownField, UnknownFunction: the condition cannot be parsed.

        Example:
            events.where("error").traces(limit=5)
            events.traces(where="http.route = '/book'").compare(slow="duration_ms > 500")
        """
        found = traces(self.scope, where, linked=linked, limit=limit)
        links = {} if self.trace_url is None else {"trace_id": self.trace_url}
        return dataclasses.replace(found, links=links, display_tz=self.display_tz)

    def points(self) -> Self:
        """Return the events recorded within spans (exceptions, messages) as `Events` of their own.

        Returns:
            New `Events` with one row per point: `timestamp`, `name` and attributes are the point's;
            `trace_id`, `span_id`, `service.name`, `span.name` and the sample weight are its span's; `kind` is
            "event".

        Raises:
            InvalidArgument: no format that was loaded records events within spans.
            EmptySelection: none of these spans has any.

        Example:
            from obskit.testing import incident

            spans = ok.load(incident())  # traces whose spans recorded events and links
            print(spans.points().query("count()", by="name"))
        """
        return self._record_step(
            lambda events: events._from_table(query.points(events.scope)), {"verb": "points"}
        )

    def links(self) -> Self:
        """Return the links from these spans to others as `Events` of their own.

        Returns:
            New `Events` with one row per link: `link.trace_id` and `link.span_id` are its target; `trace_id`,
            `span_id`, `name`, `service.name` and the sample weight are those of the span that has it; `kind`
            is "link".

        Raises:
            InvalidArgument: no format that was loaded records links.
            EmptySelection: none of these spans has any.

        Example:
            from obskit.testing import incident

            spans = ok.load(incident())  # traces whose spans recorded events and links
            print(spans.links().query("count()"))
        """
        return self._record_step(
            lambda events: events._from_table(query.links(events.scope)), {"verb": "links"}
        )
