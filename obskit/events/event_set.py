"""`EventSet`: which events are meant, how they are narrowed and shown.

`Events` adds the verbs that read them out and analyze them.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote

import pyarrow as pa

from obskit import query
from obskit.dataset import Dataset, from_arrow
from obskit.display import formatting
from obskit.display.result import Result
from obskit.display.tables import format_cell, html_table, text_table
from obskit.display.zone import in_own_zone
from obskit.engine import Scope, parse_window
from obskit.events.origin import Origin, Step
from obskit.schema import LoadReport
from obskit.text import pluralize, safe

ResultType = TypeVar("ResultType", bound=Result)

SHOWN_FIELDS = 25


@dataclass(frozen=True, eq=False, repr=False)
class EventSet:
    """Rows of a dataset, selected by a condition. Immutable: narrowing returns a new one.

    Attributes:
        scope: the dataset, its engine, and the condition that selects its rows.
        trace_url: template of links to traces, with `{trace_id}` in it; None for no links.
        display_tz: name of the time zone in which times are shown; None for UTC.
    """

    scope: Scope
    trace_url: str | None = None
    display_tz: str | None = None
    # `refresh` calls `_reopen` to load the files again, then repeats each step (where, derive, ...).
    _reopen: Callable[[], Any] | None = field(default=None, repr=False)
    _steps: tuple[Callable[[Any], Any], ...] = field(default=(), repr=False)
    _origin: Origin | None = field(default=None, repr=False)
    _described: tuple[Step, ...] = field(default=(), repr=False)

    @property
    def dataset(self) -> Dataset:
        """The whole dataset on disk, regardless of any condition.

        Example:
            print(events.dataset.rows, events.dataset.path)
        """
        return self.scope.dataset

    @property
    def schema(self) -> pa.Schema:
        """Names and Arrow types of the fields; derived fields come last.

        Example:
            [name for name in events.schema.names if name.startswith("http.")]
        """
        return self.scope.schema

    @property
    def fingerprint(self) -> str:
        """Hash of the dataset's rows, in hex: equal for equal rows, wherever the files are.

        Example:
            print(events.fingerprint)
        """
        return self.dataset.fingerprint

    @property
    def load_report(self) -> LoadReport:
        """What loading read, rejected, renamed and converted.

        Example:
            events.load_report.rows_read, events.load_report.rejected_count
            print(events.load_report)
        """
        return self.dataset.load_report

    @property
    def population(self) -> str:
        """Rows that `explain`, `triage` and the Explorer look at by default: "units" (of work) or "all".

        It is "all" where no row is a unit of work, or where a condition of `where` uses `kind` or `name`.

        Example:
            print(events.population)
        """
        return "all" if self.scope.units()[0] is None else "units"

    def where(self, condition: Any) -> Self:
        """Keep the events for which a condition is true.

        Args:
            condition: SQL-like text ("duration_ms > 500 and http.route = '/book'", see `docs/conditions.md`),
                or an Ibis expression. Rows where it is null are left out.

        Returns:
            New `Events`; conditions of several calls are combined with `and`.

        Raises:
            ConditionError: the condition cannot be parsed.
            UnknownField, UnknownFunction: it uses a name that does not exist; the hint has the nearest names.

        Example:
            events.where("http.route = '/book'").where("duration_ms > 500")
        """
        read = self.scope.condition(condition)
        described = {"verb": "where", "condition": read.text}
        made = self._with_scope(self.scope.narrow(read))  # it is parsed once
        return self._record_step(lambda e: e._with_scope(e.scope.narrow(condition)), described, made)

    def between(self, start: Any, end: Any = None) -> Self:
        """Keep the events that began in a window of time: from `start` up to, but not including, `end`.

        Args:
            start: a datetime, ISO 8601 text (UTC if it has no zone), or "-30m" for 30 minutes before the
                newest event; None for no lower bound. Without `end`, also a whole window: (start, end) or
                "start/end".
            end: a time like `start`; None for no upper bound.

        Returns:
            New `Events`. Events without a timestamp are left out.

        Raises:
            ConditionError: `start` or `end` is text that is not a time.
            InvalidArgument: the window ends before it begins, or both ends are open.

        Example:
            events.between("-30m")
            events.between("2026-05-04T10:00Z", "2026-05-04T11:00Z")
        """
        both = end is not None or start is None
        window = parse_window((start, end) if both else start, self.scope.newest)
        return self.where(window.condition_text)

    def derive(self, **expressions: Any) -> Self:
        """Add fields that are calculated from others.

        Args:
            **expressions: name of the new field -> expression, as text in the syntax of conditions or as an
                Ibis expression. A later expression can use an earlier one.

        Returns:
            New `Events` with these fields; nothing is stored.

        Raises:
            InvalidArgument: a field of that name already exists.
            ConditionError: an expression cannot be parsed.
            UnknownField, UnknownFunction: an expression uses a name that does not exist.

        Example:
            events.derive(slow="duration_ms > 500").query("share(slow)", by="service.name")
        """

        def step(events: Self) -> Self:
            scope = events.scope
            for name, expression in expressions.items():
                scope = scope.derive(name, expression)
            return events._with_scope(scope)

        derived = self._record_step(step, {})
        made = [list(pair) for pair in derived.scope.derived[len(self.scope.derived) :]]
        described = {"verb": "derive", "fields": made}
        return dataclasses.replace(derived, _described=(*self._described, described))

    def lookup(
        self,
        table: query.TableSource,
        on: str,
        fields: Sequence[str] | Mapping[str, str] | None = None,
        *,
        key: str | None = None,
        valid_from: str | None = None,
        valid_to: str | None = None,
    ) -> Self:
        """Add fields from a small table, such as the zone of each address.

        A row of the table belongs to an event if its key equals the event's value. Keys that are networks
        (10.0.0.0/8, 2001:db8::/32) match the addresses in them, and the longest prefix wins. With times of
        validity, a row belongs only to events that began between them.

        Args:
            table: path of a CSV, TSV, Parquet, Arrow, JSON or JSON lines file; an Arrow table or a DataFrame.
            on: field of the events: "client.address".
            fields: columns of the table to add; or {column: name of the new field}. All by default.
            key: the table's column with the values of `on`; by default the column with the same name, or the
                only one that `fields` leaves.
            valid_from: column with the time from which a row is valid; "valid_from" if the table has it.
            valid_to: column with the time from which it is not valid any more; "valid_to" if there is one.

        Returns:
            New `Events` with these fields; null where no row belongs to the event. Notes of results say how
            many events have a match.

        Raises:
            UnknownField: there is no field `on`.
            InvalidArgument: the table has no such column, a field of that name exists already, or several
                rows belong to one value.
            NoSuchPath, ReadError, LimitExceeded: the table cannot be read, or has more than a million rows.

        Example:
            import pyarrow as pa

            zones = pa.table({"network": ["10.0.0.0/8", "203.0.113.0/24"], "zone": ["inside", "outside"]})
            located = events.lookup(zones, on="client.address", key="network")
            located.query("count()", "share(error)", by="zone")
        """
        return self._record_step(
            lambda events: events._with_scope(
                query.lookup(
                    events.scope, table, on, fields, key=key, valid_from=valid_from, valid_to=valid_to
                )
            ),
            {
                "verb": "lookup",
                "table": os.path.abspath(table) if isinstance(table, str | Path) else None,
                "on": on,
                "fields": fields,
                "key": key,
                "valid_from": valid_from,
                "valid_to": valid_to,
            },
        )

    def refresh(self) -> Self:
        """Load the files again and repeat every `where`, `between`, `derive`, `lookup`, `points` and `links`.

        Relative times move along: `between("-30m")` counts from the event that is the newest now.

        Returns:
            New `Events` of the files as they are now. Files that have not changed come from the cache.

        Raises:
            NoSuchPath, ReadError: the files are gone or can no longer be read.

        Example:
            latest = events.between("-30m").refresh()
        """
        if self._reopen is None:
            return self
        events: Self = self._reopen()
        for step in self._steps:
            events = step(events)
        kept: dict[str, Any] = {"_steps": self._steps, "_reopen": self._reopen, "_described": self._described}
        return dataclasses.replace(events, **kept)

    def trace_link(self, trace_id: str) -> str | None:
        """Return the URL of a trace in your tracing tool.

        Args:
            trace_id: hex digits.

        Returns:
            `trace_url` with the id filled in; None if `load` was not given one.

        Example:
            linked = ok.load("sample_events", trace_url="https://tracing.example/{trace_id}")
            linked.trace_link("8ed290e4427cf51532cf5f7217965923")
        """
        if self.trace_url is None:
            return None
        return self.trace_url.replace("{trace_id}", quote(trace_id, safe=""))

    @in_own_zone
    def __repr__(self) -> str:
        table, notes = self._catalogue()
        return "\n".join([*self._summary(), text_table(table), *map(safe, notes)])

    @in_own_zone
    def _repr_html_(self) -> str:
        table, notes = self._catalogue()
        return html_table(table, caption=[*self._summary(), *notes])

    def _catalogue(self) -> tuple[pa.Table, list[str]]:
        """Return a table of the most useful fields (only these are counted), and the lines below it."""
        names = query.by_usefulness(self.schema.names)
        found = query.fields(self.scope, names[:SHOWN_FIELDS])
        notes = [f"note: {note}" for note in found.notes]
        if len(names) > SHOWN_FIELDS:
            notes.insert(0, f"… {pluralize(len(names) - SHOWN_FIELDS, 'more field')}: events.fields()")
        return found.shown, notes

    def _summary(self) -> list[str]:
        rows, first, last = self.scope.extent
        total = pluralize(self.dataset.rows, "event")
        size = total if self.scope.where is None else f"{rows:,} of {total}"
        when = f" from {format_cell(first)} to {format_cell(last)}" if first is not None else ""
        lines = [f"{size}{when}, {pluralize(len(self.schema), 'field')}, dataset {self.fingerprint[:12]}"]
        if self.scope.where is not None:
            lines.append(safe(f"narrowed to: {formatting.shorten(self.scope.where.text, 400)}"))
        if self.load_report.rejected_count:
            rejected = pluralize(self.load_report.rejected_count, "row was", "rows were")
            lines.append(f"{rejected} rejected: see events.load_report")
        return lines

    def _from_table(self, table: pa.Table) -> Self:
        scope = Scope.of(from_arrow(table))
        kept = {name: getattr(self.scope, name) for name in ("notes", "decryption")}
        return self._with_scope(dataclasses.replace(scope, **kept))

    def _with_scope(self, scope: Scope) -> Self:
        return dataclasses.replace(self, scope=scope)

    def _record_step(self, step: Callable[[Self], Self], described: Step, made: Self | None = None) -> Self:
        steps, described_steps = (*self._steps, step), (*self._described, described)
        return dataclasses.replace(made or step(self), _steps=steps, _described=described_steps)

    def _presented(self, result: ResultType) -> ResultType:
        """Return a result that is shown with this set's links and in its time zone."""
        links: Mapping[str, str] = {} if self.trace_url is None else {"trace_id": self.trace_url}
        readable = getattr(self.scope.decryption, "table", None)
        return dataclasses.replace(result, links=links, display_tz=self.display_tz, readable=readable)
