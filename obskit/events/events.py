"""`Events`: an immutable handle on a scope, each verb one call into a room below."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import pyarrow as pa

import obskit.explain as explaining
import obskit.query as querying
import obskit.writers as writing
from obskit.dataset import Dataset, Progress, from_arrow
from obskit.display.result import Result
from obskit.display.tables import format_cell, html_table, text_table
from obskit.engine import Population, Scope, parse_moment, parse_window
from obskit.events.previews import Shown, explain_sample, notebook_display
from obskit.query import Fields, Heatmap, Impact, QueryResult, Trace
from obskit.schema import LoadReport
from obskit.text import pluralize, safe
from obskit.triage import Triage, triage
from obskit.writers import Written

if TYPE_CHECKING:
    import pandas as pd

Answer = TypeVar("Answer", bound=Result)

SHOWN_FIELDS = 30
SHOWN_FIELDS_HTML = 200
TIME = "timestamp"


@dataclass(frozen=True, eq=False, repr=False)
class Events:
    """Events to be asked; every verb returns something new and leaves these as they are.

    Attributes:
        scope: the dataset, its engine and the condition that narrows it.
        trace_url: address of a trace, with `{trace_id}` in it.
    """

    scope: Scope
    trace_url: str | None = None
    # How `refresh` makes the same again: opens the files, then narrows and derives step by step.
    _reopen: Callable[[], Events] | None = field(default=None, repr=False)
    _steps: tuple[Callable[[Events], Events], ...] = field(default=(), repr=False)

    @property
    def dataset(self) -> Dataset:
        """The events at rest, whatever these are narrowed to."""
        return self.scope.dataset

    @property
    def schema(self) -> pa.Schema:
        """Fields and types, derived ones last."""
        return self.scope.schema

    @property
    def fingerprint(self) -> str:
        """What the rows of the dataset hash to."""
        return self.dataset.fingerprint

    @property
    def load_report(self) -> LoadReport:
        """What was read, rejected, renamed and retyped."""
        return self.dataset.load_report

    @property
    def population(self) -> str:
        """Which rows `explain`, `triage` and the Explorer look at: "units", or "all" (see `Scope.units`)."""
        return "all" if self.scope.units()[0] is None else "units"

    def where(self, condition: Any) -> Events:
        """Return the events of which a condition is true; see `docs/conditions.md`."""
        return self._step(lambda events: events._of(events.scope.narrow(condition)))

    def between(self, start: Any, end: Any = None) -> Events:
        """Return the events from `start` up to, not including, `end`.

        Args:
            start: a datetime, ISO 8601 (naive is UTC), "-30m" before the newest event, or None; alone also
                the whole window, as (start, end) or "start/end".
            end: a time like `start`; None is open.
        Raises:
            ConditionError: not a time.
            InvalidArgument: it ends before it begins, or neither is given.
        """
        both = end is not None or start is None
        window = parse_window((start, end) if both else start, self.scope.newest)
        return self.where(window.condition_text)

    def derive(self, **expressions: Any) -> Events:
        """Return the events with further fields, such as `derive(slow="duration_ms > 500")`."""

        def step(events: Events) -> Events:
            scope = events.scope
            for name, expression in expressions.items():
                scope = scope.derive(name, expression)
            return events._of(scope)

        return self._step(step)

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
        """Calculate over groups and time; see `obskit.query.query`."""
        return self._linked(
            querying.query(
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

    def fields(self, names: Sequence[str] | None = None) -> Fields:
        """List the fields: type, fill, how many values, the commonest ones."""
        return querying.fields(self.scope, names)

    def heatmap(
        self,
        x: str = TIME,
        y: str = "duration_ms",
        bins: tuple[int, int] = (200, 60),
        *,
        log: bool | None = None,
    ) -> Heatmap:
        """Count events on a grid of two numbers, or of a number over time."""
        return querying.heatmap(self.scope, x, y, bins, log=log)

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
        first: Callable[[explaining.Explanation], None] | None = None,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        on_sample: Shown | None = None,
    ) -> explaining.Explanation:
        """Rank what distinguishes the selected events from the others; see `obskit.explain.explain`.

        Where the exact answer has to wait for the codes of a large dataset, one from a sample comes first,
        labelled so: it is given to `on_sample`, or in a notebook shown until the exact one is there (but not
        where `cancelled` is given: that is a view of its own).
        """
        options = explaining.ExplainOptions(
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
        below = notebook_display() if on_sample is None and cancelled is None else None
        show = on_sample or below
        sample = explain_sample(self.scope, selection, options) if show is not None else None
        if show is not None and sample is not None:
            show(dataclasses.replace(sample, trace_url=self.trace_url))
        try:
            found = explaining.explain(self.scope, selection, options)
            return dataclasses.replace(found, trace_url=self.trace_url)
        finally:
            if below is not None:
                below.clear()

    def triage(
        self,
        since: Any = None,
        *,
        until: Any = None,
        population: Population = "units",
        progress: Progress | None = None,
    ) -> Triage:
        """Compare every operation with its own earlier self, and explain those that got worse.

        Args:
            since: where "later" begins: a datetime, ISO 8601, or "-30m" before the newest event.
            until: where it ends, the same; events from then on are left out.
            population: "units" of work, or "all" rows.
            progress: called as (what, done, total).
        """
        newest = self.scope.newest
        first, last = (parse_moment(given, newest) for given in (since, until))
        return triage(self.scope, first, until=last, population=population, progress=progress)

    def impact(self, selection: Any, by: str = "user.id", *, population: Population = "units") -> Impact:
        """Count how many users (customers, ...) of how many a selection hit."""
        return querying.impact(self.scope, selection, by, population=population)

    def trace(self, trace_id: str) -> Trace:
        """Return the rows of one trace as a waterfall, narrowed or not: a trace is looked at whole."""
        return self._linked(querying.trace(dataclasses.replace(self.scope, where=None), trace_id))

    def traces(self, limit: int = 20) -> Result:
        """List the traces of these events, the longest first."""
        return self._linked(querying.traces(self.scope, limit))

    def points(self) -> Events:
        """Return the spans' own events, one a row, to be asked as any events; see `obskit.query.points`."""
        return self._step(lambda events: events._within(querying.points(events.scope)))

    def links(self) -> Events:
        """Return the spans' links, one a row, to be asked as any events; see `obskit.query.links`."""
        return self._step(lambda events: events._within(querying.links(events.scope)))

    def sample(self, n: int = 10, seed: int = 0) -> Result:
        """Draw rows at random; the same seed draws the same rows."""
        return self._linked(querying.sample(self.scope, n, seed))

    def refresh(self) -> Events:
        """Return the same events as their files are now, narrowed and derived as these are."""
        if self._reopen is None:
            return self
        events = self._reopen()
        for step in self._steps:
            events = step(events)
        return dataclasses.replace(events, _steps=self._steps, _reopen=self._reopen)

    def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the events as an Arrow table, all in memory."""
        names = [self.scope.resolve(name) for name in columns or self.schema.names]
        return self.scope.run(lambda table: table.select(*names)).table

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the events as a DataFrame, all in memory."""
        frame: pd.DataFrame = self.to_arrow(columns).to_pandas()
        return frame

    def write(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,
        fields: Sequence[str] | None = None,
        *,
        progress: Progress | None = None,
    ) -> Written:
        """Write the events into one file, or as a Dataset; see `obskit.writers.write` and `docs/formats.md`.

        Args:
            path: a file that is not there yet; its suffix tells the format, and gzip or zstd around it.
            format: "dataset", "parquet", "arrow", "jsonl", "otlp-json", "jaeger"; by default as the suffix
                tells, and a Dataset where there is none.
            fields: which fields; all by default.
            progress: called as ("writing rows", done, total).
        """
        return writing.write(self.scope, path, format=format, fields=fields, progress=progress)

    def trace_link(self, trace_id: str) -> str | None:
        """Return the address of a trace, None where no `trace_url` was given."""
        if self.trace_url is None:
            return None
        return self.trace_url.replace("{trace_id}", quote(trace_id, safe=""))

    def __repr__(self) -> str:
        table, notes = self._catalogue(SHOWN_FIELDS)
        return "\n".join([*self._head(), text_table(table), *map(safe, notes)])

    def _repr_html_(self) -> str:
        table, notes = self._catalogue(SHOWN_FIELDS_HTML)
        return html_table(table, caption=[*self._head(), *notes], most=SHOWN_FIELDS_HTML)

    def _catalogue(self, most: int) -> tuple[pa.Table, list[str]]:
        """Return the first fields, for only those that are shown are looked at, and the lines below."""
        names = self.schema.names
        found = querying.fields(self.scope, names[:most])
        notes = (
            [f"… {pluralize(len(names) - most, 'more field')}: events.fields()"] if len(names) > most else []
        )
        notes += [f"note: {note}" for note in found.notes]
        return found.shown, notes

    def _head(self) -> list[str]:
        rows, first, last = self.scope.extent
        whole = pluralize(self.dataset.rows, "event")
        said = whole if self.scope.where is None else f"{rows:,} of {whole}"
        when = f" from {format_cell(first)} to {format_cell(last)}" if first is not None else ""
        lines = [f"{said}{when}, {pluralize(len(self.schema), 'field')}, dataset {self.fingerprint[:12]}"]
        if self.scope.where is not None:
            lines.append(safe(f"narrowed to: {self.scope.where.text}"))
        if self.load_report.rejected_count:
            rejected = pluralize(self.load_report.rejected_count, "row was", "rows were")
            lines.append(f"{rejected} rejected: see events.load_report")
        return lines

    def _within(self, table: pa.Table) -> Events:
        scope = Scope.of(from_arrow(table))
        return self._of(dataclasses.replace(scope, notes=self.scope.notes))

    def _of(self, scope: Scope) -> Events:
        return dataclasses.replace(self, scope=scope)

    def _step(self, step: Callable[[Events], Events]) -> Events:
        return dataclasses.replace(step(self), _steps=(*self._steps, step))

    def _linked(self, result: Answer) -> Answer:
        if self.trace_url is None:
            return result
        links: Mapping[str, str] = {"trace_id": self.trace_url}
        return dataclasses.replace(result, links=links)
