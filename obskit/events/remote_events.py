"""`connect` and `RemoteEvents`: the verbs of `Events` over a table in ClickHouse, Spark or DuckDB."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from obskit import remote
from obskit.display.zone import check_zone
from obskit.engine import Scope
from obskit.errors import Unsupported
from obskit.events.events import Events
from obskit.events.loader import check_trace_url
from obskit.events.previews import Shown
from obskit.explain import ExplainOptions, Explanation
from obskit.traces import Traces


@dataclass(frozen=True, eq=False, repr=False)
class RemoteEvents(Events):
    """Events in a table elsewhere, and the verbs of `Events`.

    `query`, `rows`, `sample`, `fields`, `heatmap`, `trace` and `impact` are statements there. `explain` ranks
    the selected rows and a sample of the others here, and counts the best conditions there. `triage`,
    `messages`, `judge`, `compare`, `distributions`, `experiment` and `traces` fetch the rows: all of them, or
    of a large table whole traces drawn by a hash, with weights; a note says so. What needs the rows on this
    machine otherwise raises `Unsupported`.

    Example:
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            events.write(f"{folder}/events.parquet")
            there = ok.connect("duckdb://", table=f"{folder}/events.parquet")
            print(there.between("-1h").explain("duration_ms > 500"))
    """

    def fetch(self, rows: int = remote.MOST_ROWS) -> Events:
        """Fetch the rows to this machine.

        Args:
            rows: about so many rows; of more, whole traces are drawn by a hash of their id, and the rows have
                sample weights.

        Returns:
            Events on this machine; their notes say which rows they are. They are kept in the cache.

        Raises:
            EmptySelection: there are no rows.
            InvalidArgument: `rows` is not a whole number of at least 1,000.
            RemoteError: the engine fails.

        Example:
            import tempfile
            with tempfile.TemporaryDirectory() as folder:
                events.write(f"{folder}/events.parquet")
                there = ok.connect("duckdb://", table=f"{folder}/events.parquet")
                hour = there.between("-1h").fetch()
        """
        scope = remote.fetch(self.scope, rows).scope
        return Events(scope, trace_url=self.trace_url, display_tz=self.display_tz)

    @functools.cached_property
    def _rows(self) -> Scope:
        return remote.fetch(self.scope).scope

    def lookup(self, *given: Any, **options: Any) -> NoReturn:  # noqa: ARG002
        """Raise `Unsupported`: a table of yours is not copied into an engine.

        Args:
            *given: as `Events.lookup` takes them.
            **options: as `Events.lookup` takes them.

        Raises:
            Unsupported: always.
        """
        raise Unsupported(
            "lookup needs the rows on this machine, but they are in "
            f"{remote.engine_name(self.scope)}: {self.dataset.described}",
            hint="fetch the rows first: events.fetch().lookup(...)",
        )

    def _explained(
        self,
        selection: Any,
        options: ExplainOptions,
        on_sample: Shown | None,  # noqa: ARG002 - there is one answer
    ) -> Explanation:
        """Explain there; the numbers of every finding are counted exactly in the table."""
        found = remote.explain(self.scope, selection, options)
        return dataclasses.replace(found, trace_url=self.trace_url)

    def traces(self, limit: int = 20, *, where: Any = None, linked: bool = False) -> Traces:
        """Return the traces of these events, fetched as a whole; see `Events.traces`.

        Args:
            limit: number of traces that are shown.
            where: condition; traces with a row for which it is true.
            linked: whether traces that span links connect count as one.

        Returns:
            Traces; of a large table, of a sample of the traces.

        Raises:
            InvalidArgument, ConditionError, UnknownField, UnknownFunction: as `Events.traces`.
            EmptySelection: there are no such rows.
            RemoteError: the engine fails.
        """
        narrowed = self.scope.narrow(where)
        whole = remote.fetch_traces(narrowed).scope
        here = Events(whole, trace_url=self.trace_url, display_tz=self.display_tz)
        if narrowed.where is not None:
            here = here.where(narrowed.where)
        return here.traces(limit, linked=linked)


def connect(
    url: str,
    table: str,
    *,
    mapping: Mapping[str, Any] | None = None,
    trace_url: str | None = None,
    display_tz: str | None = None,
) -> RemoteEvents:
    """Read a table of ClickHouse, Spark or DuckDB as events, where it is.

    Names and types are those of the event model (`docs/events.md`). The columns of the OpenTelemetry
    Collector's ClickHouse tables are known, with each attribute of their maps as a field; of any other table,
    columns count by their names, and `mapping` names the others. `obskit schema --for clickhouse` prints a
    view.

    Args:
        url: `clickhouse://user:password@host:8123/database`, `sc://host:15002` (Spark Connect) or
            `duckdb://FILE`. `?timeout=60` limits the seconds of a statement, 300 by default; `?secure=true`
            is HTTPS. Without a user, CLICKHOUSE_USER and CLICKHOUSE_PASSWORD count.
        table: name of a table or view, with its database if needed; or the path of Parquet files, as the
            engine sees it.
        mapping: obskit's name of a field -> name of the column, or `{"from": column, "unit": "us"}`.
        trace_url: http or https URL of a trace in your tracing tool, with `{trace_id}` in it.
        display_tz: time zone in which times are shown; UTC if not given.

    Returns:
        RemoteEvents; `load_report` says what was left out.

    Raises:
        InvalidArgument: `url`, `table`, `mapping`, `trace_url` or `display_tz` is not valid.
        UnknownField: the table has no column that `mapping` names.
        MissingDependency: the extra `clickhouse` or `spark` is not installed.
        RemoteError: the engine cannot be reached, refuses the user, or has no such table.

    Cost: statements for the columns, the keys of maps, and the number of rows and their times.

    Example:
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            events.write(f"{folder}/events.parquet")
            there = ok.connect("duckdb://", table=f"{folder}/events.parquet")
            print(there.query("count()", "p99(duration_ms)", by="service.version"))
    """
    link = check_trace_url(trace_url)
    check_zone(display_tz)
    scope = remote.connect_table(url, table, mapping)
    again = functools.partial(
        connect, url, table, mapping=mapping, trace_url=trace_url, display_tz=display_tz
    )
    return RemoteEvents(scope, trace_url=link, display_tz=display_tz, _reopen=again)
