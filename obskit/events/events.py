"""`Events`, the object that users work with: loaded events and the verbs that ask questions of them.

Each verb is one call into a package below (`query`, `explain`, `judge`, `triage`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from obskit import explain, query
from obskit.dataset import Progress
from obskit.engine import Population, parse_moment
from obskit.events.changes import EventsWithChanges
from obskit.events.judging import JudgedEvents
from obskit.events.previews import Shown, explain_sample, notebook_display
from obskit.explain import Distributions, ExplainOptions, Explanation
from obskit.query import Heatmap, Impact, QueryResult
from obskit.triage import Messages, Triage, messages, triage


@dataclass(frozen=True, eq=False, repr=False)
class Events(JudgedEvents, EventsWithChanges):
    """Loaded events, and the verbs that answer questions about them.

    `obskit.load` makes one. Verbs never change it: `where`, `between` and `derive` return new `Events`; the
    others return a result that prints as a table, as HTML in a notebook, and converts with `to_arrow()`,
    `to_pandas()` and `to_dict()`. Every result carries the call that made it, the SQL, the dataset's
    fingerprint, row counts and notes.

    Counts, shares, rates and percentiles are weighted: a row represents `sample_weight` x `event_count`
    events.

    Attributes:
        scope: the dataset, its engine, and the condition that selects its rows.
        trace_url: template of links to traces, with `{trace_id}` in it; None for no links.
        display_tz: name of the time zone in which times are shown; None for UTC.

    Example:
        slow = events.where("http.route = '/book' and duration_ms > 500")
        slow.query("count()", "p99(duration_ms) as p99", by="service.version")
    """

    def query(
        self,
        *calculations: str,
        by: str | Sequence[str] | None = None,
        every: str | None = None,
        where: Any = None,
        having: str | None = None,
        order: str | None = None,
        limit: int | None = None,
        exact: bool = False,
    ) -> QueryResult:
        """Calculate counts, rates and percentiles, by group and over time.

        All rows are counted, not only units of work.

        Args:
            *calculations: `count()`, `count(COND)`, `share(COND)` (share of the events for which COND is not
                null), `rate()` per second, `sum(x)`, `avg(x)`, `min(x)`, `max(x)`, `count_distinct(x)`,
                `p01(x)` to `p999(x)` (percentiles, within 1%), `concurrency()` (average number in progress),
                `rows()`; each may end in `as NAME`.
            by: field, or fields, to group by; rows without a value form a group.
            every: length of a time bucket: "30s", "1m", "1h".
            where: condition for this query only.
            having: condition on the columns of the result.
            order: "NAME desc, NAME"; by default the first calculation, descending.
            limit: number of groups. With `every`: the top groups over the whole range; the rest become
                "other".
            exact: exact percentiles without sample weights, instead of weighted ones within 1%.

        Returns:
            QueryResult with one row per group and time bucket; `.plot()` draws it.

        Raises:
            ConditionError: a calculation or condition cannot be parsed.
            UnknownField, UnknownFunction: a name does not exist.
            InvalidArgument: the arguments do not go together.
            LimitExceeded: more than a million time buckets.

        Example:
            events.query("count()", by="service.version")
            events.query("share(error) as errors", "p99(duration_ms) as p99", every="1h")
        """
        return self._presented(
            query.query(
                self.scope,
                *calculations,
                by=by,
                every=every,
                where=where,
                having=having,
                order=order,
                limit=limit,
                exact=exact,
            )
        )

    def heatmap(
        self,
        x: str = "timestamp",
        y: str = "duration_ms",
        bins: tuple[int, int] = (200, 60),
        *,
        log: bool | None = None,
    ) -> Heatmap:
        """Count events on a grid of two fields, by default duration over time.

        Args:
            x: field for the horizontal axis, a number or a time.
            y: field for the vertical axis, a number or a time.
            bins: number of cells along x and y.
            log: whether y is logarithmic; by default it is where most values are positive and they span more
                than a factor of 20.

        Returns:
            Heatmap with one row per cell that is not empty; a notebook draws it.

        Raises:
            UnknownField: there is no such field.
            InvalidArgument: a field is neither a number nor a time, or `bins` is out of range.

        Example:
            events.heatmap(bins=(60, 20))
        """
        return self._presented(query.heatmap(self.scope, x, y, bins, log=log))

    def explain(
        self,
        selection: Any,
        *,
        during: Any = None,
        baseline: Any = None,
        history: Any = "auto",
        where: Any = None,
        fields: Sequence[str] | None = None,
        population: Population = "units",
        depth: int = 3,
        cluster: str | None = "trace_id",
        thorough: bool = False,
        first: Callable[[Explanation], None] | None = None,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        on_sample: Shown | None = None,
    ) -> Explanation:
        """Rank the conditions that separate the selected events from the others.

        Where the exact answer has to wait for a large dataset to be indexed, an answer from a sample comes
        first,
        labeled as one: passed to `on_sample`, or shown in a notebook until the exact answer is there.

        Args:
            selection: condition for the outcome to explain: slow, failed, on the new version.
            during: when it happened: (start, end), "start/end" in ISO 8601, "-30m" before the newest event,
                or a condition; all of the time by default.
            baseline: condition for the events to compare with; by default the rest, for which `selection` is
                false. Events for which it is null are counted and left out.
            history: an earlier window of time whose rates count as usual; "auto" takes everything before
                `during`, None nothing. It may not overlap `during`.
            where: condition on both selection and baseline.
            fields: fields to look at; by default all that the selection does not use.
            population: "units" (of work: requests as their callers see them) or "all" rows. With a `where`
                that uses `kind` or `name`, all rows it is true for are taken.
            depth: largest number of conditions in a finding: 1, 2 or 3.
            cluster: field whose equal values count as one observation; None counts each row by itself.
            thorough: also look for pairs of conditions that have no effect alone. Slower.
            first: called with the findings of single fields, before combinations are searched.
            progress: called as (what, done, total).
            cancelled: called between steps; work ends with `Cancelled` once it returns true. With it, no
                sample is shown in a notebook.
            on_sample: called with the answer from a sample, if there is one.

        Returns:
            Explanation: `.findings` in descending order of evidence, with shares from 0 to 1; `.refinements`,
            `.describes`, `.skipped`.

        Raises:
            EmptySelection: the selection or the baseline has no rows.
            InvalidArgument: the arguments do not go together.
            ConditionError: a condition cannot be parsed.
            UnknownField, UnknownFunction: a name does not exist.

        Example:
            found = events.explain("duration_ms > 500", where="http.route = '/book'")
            found.findings[0].condition
        """
        options = ExplainOptions(
            during=during,
            baseline=baseline,
            history=history,
            where=where,
            fields=fields,
            population=population,
            depth=depth,
            cluster=cluster,
            thorough=thorough,
            first=first,
            progress=progress,
            cancelled=cancelled,
        )
        return self._explained(selection, options, on_sample)

    def _explained(self, selection: Any, options: ExplainOptions, on_sample: Shown | None) -> Explanation:
        """Explain, with an answer from a sample first where the exact one has to wait."""
        display = notebook_display() if on_sample is None and options.cancelled is None else None
        show = on_sample or display
        sample = explain_sample(self.scope, selection, options) if show is not None else None
        if show is not None and sample is not None:
            show(dataclasses.replace(sample, trace_url=self.trace_url))
        try:
            found = explain.explain(self.scope, selection, options)
            return dataclasses.replace(found, trace_url=self.trace_url)
        finally:
            if display is not None:
                display.clear()

    def distributions(
        self,
        selection: Any,
        *,
        during: Any = None,
        baseline: Any = None,
        where: Any = None,
        fields: Sequence[str] | None = None,
        population: Population = "units",
        cluster: str | None = "trace_id",
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Distributions:
        """Compare the distribution of each field in the selection with that in the baseline.

        Args:
            selection: condition for the outcome: slow, failed, on the new version.
            during: when it happened, as for `explain`.
            baseline: what to compare with; by default the rest.
            where: condition on both selection and baseline.
            fields: fields to look at; by default all that the selection does not use.
            population: "units" (of work) or "all" rows.
            cluster: field whose equal values count as one observation, or None.
            progress: called as (what, done, total).
            cancelled: called between steps; work ends with `Cancelled` once it returns true.

        Returns:
            Distributions: `.fields`, the most different first, each with its bars and what of the difference
                is beyond chance; all intervals hold together.

        Raises:
            EmptySelection: the selection or the baseline has no rows.
            InvalidArgument: the arguments do not go together.
            ConditionError: a condition cannot be parsed.
            UnknownField, UnknownFunction: a name does not exist.

        Example:
            found = events.distributions("duration_ms > 500", where="http.route = '/book'")
            found.fields[0].name
        """
        options = ExplainOptions(
            during=during,
            baseline=baseline,
            history=None,
            where=where,
            fields=fields,
            population=population,
            cluster=cluster,
            progress=progress,
            cancelled=cancelled,
        )
        return self._presented(explain.distributions(self._rows, selection, options))

    def triage(
        self,
        since: Any = None,
        *,
        until: Any = None,
        population: Population = "units",
        progress: Progress | None = None,
    ) -> Triage:
        """Compare every operation with its own earlier behavior, and explain those that got worse.

        Args:
            since: where "later" begins: a datetime, ISO 8601 text, or "-30m" before the newest event. By
                default every deployment and round time step (at most 24) is tried, with a correction for that
                many attempts.
            until: end of the comparison, a time like `since`; later events are left out.
            population: "units" (of work) or "all" rows.
            progress: called as (what, done, total).

        Returns:
            Triage with one row per operation: rate, errors, p50 and p99 before and after; those with the most
            additional slow or failed events come first, with an explanation.

        Raises:
            InvalidArgument: the events have no timestamps or nothing that names an operation, or `until` is
                not after `since`.
            ConditionError: `since` or `until` is text that is not a time.
            EmptySelection: there are no events to compare.

        Example:
            booking = events.where("http.route = '/book'")
            booking.triage(since="2026-05-04T10:00Z")
        """
        newest = self.scope.newest
        first, last = (parse_moment(given, newest) for given in (since, until))
        return self._presented(
            triage(self._rows, first, until=last, population=population, progress=progress)
        )

    def messages(
        self, since: Any = None, *, until: Any = None, explained: int = 5, progress: Progress | None = None
    ) -> Messages:
        """List log messages, exceptions and values of fields that are new, more frequent or gone.

        Messages are compared by their template, exceptions by their fingerprint. Lines that come in a burst
        count once. Of other fields, new and missing values are listed that at least 1% of the events have.

        Args:
            since: the moment of the change: a datetime, ISO 8601 text, or "-30m" before the newest event. By
                default every deployment and round time step (at most 24) is tried, with a correction for that
                many attempts.
            until: end of the comparison, a time like `since`; later events are left out.
            explained: how many messages are explained.
            progress: called as (what, done, total).

        Returns:
            Messages, the most important first: counts before and after, where they are, and an example.

        Raises:
            InvalidArgument: the events have no timestamps, or `until` is not after `since`.
            ConditionError: `since` or `until` is text that is not a time.
            EmptySelection: there are no events to compare.

        Example:
            print(events.messages(since="2026-05-04T10:00Z"))
        """
        newest = self.scope.newest
        first, last = (parse_moment(given, newest) for given in (since, until))
        return self._presented(
            messages(self._rows, first, until=last, explained=explained, progress=progress)
        )

    def impact(self, selection: Any, by: str = "user.id", *, population: Population = "units") -> Impact:
        """Count how many users a selection affected, and out of how many.

        Args:
            selection: condition for the outcome: failed, slow.
            by: field that identifies a user, customer or device.
            population: "units" (of work) or "all" rows.

        Returns:
            Impact: distinct values of `by` on the selected rows and on all rows, and the first and last time.
            In sampled data both counts are lower bounds, and a note says so.

        Raises:
            EmptySelection: the selection is true for no row.
            UnknownField: there is no field `by`.
            InvalidArgument: `by` is a list, or `population` is neither "units" nor "all".

        Example:
            events.impact("error", by="user.id")
        """
        return self._presented(query.impact(self.scope, selection, by, population=population))
