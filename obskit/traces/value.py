"""`Traces`: whole traces of a set of events, and the questions about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import MISSING
from obskit.display.result import Result
from obskit.engine import Condition, Scope, all_of
from obskit.errors import EmptySelection, InvalidArgument
from obskit.query.arguments import whole_number
from obskit.query.lookup import NO_TRACES, WHOLE_TRACES, with_units
from obskit.query.output import dataset_of, format_call, merge_notes
from obskit.text import pluralize
from obskit.traces.compare import compare
from obskit.traces.comparison import TraceComparison
from obskit.traces.export import write_traces
from obskit.traces.listing import listed, operations, shapes
from obskit.traces.select import read_condition, traces_where
from obskit.traces.service_map import ServiceMap, service_map
from obskit.traces.spans import TraceSpans, spans_of
from obskit.writers import Written

if TYPE_CHECKING:
    import pandas as pd

ResultType = TypeVar("ResultType", bound=Result)
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

LIMIT = 20


@dataclass(frozen=True, eq=False, repr=False)
class Traces:
    """Whole traces: those with at least one of the events. They display as a list.

    Attributes:
        scope: the events.
        where: a further condition on one row of the trace; None for all.
        linked: whether traces that span links connect count as one.
        limit: rows of the list when displayed.
        links: column -> address with `{column}` in it, for display.
        display_tz: name of the time zone in which times are shown; None for UTC.

    Example:
        booking = events.traces(where="http.route = '/book'")
        booking.compare(slow="duration_ms > 500")
        booking.operations()
    """

    scope: Scope
    where: Condition | None = None
    linked: bool = False
    limit: int = LIMIT
    links: Mapping[str, str] = field(default_factory=dict)
    display_tz: str | None = None

    def list(self, order: str | None = None, limit: int | None = None) -> Result:
        """List traces, one per row, the longest first.

        Args:
            order: columns to sort by: "errors desc, spans"; by default "duration_ms desc".
            limit: number of traces.

        Returns:
            Result with `trace_id`, `root` and `service` (of the first span without a parent), `timestamp`,
            `duration_ms` (first start to last end), `spans`, `services`, `errors`, `masked_errors` (0 where
            the root failed too), `complete` (one root, no missing parent); with a condition also `matching`,
            the number of its rows in the trace.

        Raises:
            InvalidArgument: `limit` is not a whole number of at least 1, or `order` names no column.

        Example:
            events.traces(where="error").list(order="errors desc", limit=5)
        """
        most = whole_number(self.limit if limit is None else limit, "limit", "events.traces(limit=10)")
        wanted, matching = self._listed
        table = listed(self._spans, wanted, matching, order, most)
        plain = order is None and limit is None
        return self._answer(
            Result,
            "traces",
            with_units(table),
            self._call(limit=self.limit)
            if plain
            else self._call(f".list({_named(order=order, limit=most)})"),
            [WHOLE_TRACES] if matching is not None else [],
        )

    def compare(self, slow: Any, normal: Any = None, logs: bool = True) -> TraceComparison:
        """Find what slow traces have that normal ones don't, service by service.

        Compares the self time of each operation, the network time of calls between services, the number of
        calls, which operations are called, and which log records are written; each trace counts once.

        Args:
            slow: condition, or a finding of `explain`, whose selected events are meant; a trace is slow if it
                is true for one of its rows.
            normal: condition for the traces to compare with, of those that `where` selects; by default all
                others, and those before the window of time that `between` left. For a finding, all others
                that `explain` compared.
            logs: whether to compare log records too.

        Returns:
            TraceComparison: `.sentences`, `.services` in the order of evidence, and a row per difference.

        Raises:
            EmptySelection: there is no slow trace, or no normal one.
            ConditionError: a condition cannot be parsed.
            UnknownField, UnknownFunction: it uses a name that does not exist.
            InvalidArgument: `slow` is a refinement of an explanation, which has no selected events.

        Example:
            events.traces().compare(slow="duration_ms > 500 and http.route = '/book'")
        """
        given = _named(slow=_shown(slow), normal=_shown(normal)) + ("" if logs else ", logs=False")
        call = self._call(f".compare({given})")
        return self._shown(compare(self.scope, self._spans, self.where, slow, normal, logs, call))

    def map(self, baseline: Any = None) -> ServiceMap:
        """Return which service calls which: how often, how fast, with how many errors.

        Args:
            baseline: condition for the traces to compare with, of those that `where` of `traces` selects:
                "timestamp < '2026-05-04T10:00Z'".

        Returns:
            ServiceMap with tables `.nodes` and `.edges`; messages that span links connect are edges too.

        Raises:
            EmptySelection: the baseline has no trace.
            ConditionError, UnknownField, UnknownFunction: the condition cannot be parsed.

        Example:
            events.traces().map().edges
        """
        before = None
        if baseline is not None:
            condition = read_condition(self.scope, baseline, "baseline")
            before = traces_where(self.scope, self._spans, self.where, condition)
            if not before.any():
                raise EmptySelection(
                    f"there is no trace in the baseline: {condition.text}",
                    hint="events.traces() lists the traces; one row that matches is enough",
                )
        nodes, edges, notes = service_map(self._spans, self._wanted, before)
        call = self._call(f".map({_named(baseline=_shown(baseline))})")
        return self._answer(ServiceMap, "service map", edges, call, [*notes, *self._lost()], nodes=nodes)

    def operations(self) -> Result:
        """List what each operation contributes to the traces, the most time on critical paths first.

        Returns:
            Result with `service`, `operation`, `traces`, `calls`, `calls_per_trace`, `errors`, `p50_ms`,
            `p99_ms`; per trace `self_ms`, the time without a running child, and `critical_ms`, that on the
            critical path; and the share of each in the whole.

        Example:
            events.traces(where="http.route = '/book'").operations()
        """
        table = operations(self._spans, self._wanted)
        return self._answer(Result, "trace operations", table, self._call(".operations()"), self._lost())

    def shapes(self, limit: int = LIMIT) -> Result:
        """List the structures of the traces, the most common first.

        Equal children of a span count once, so the number of calls in a loop makes no difference.

        Args:
            limit: number of structures.

        Returns:
            Result with `shape`, `traces`, `share`, `root`, `service`, `spans` (median), `p50_ms`, `p99_ms`,
            `failed` (share of the traces with an error), `trace_id` of an example, and the `structure` as
            text.

        Raises:
            InvalidArgument: `limit` is not a whole number of at least 1.

        Example:
            events.traces().shapes(limit=5)
        """
        most = whole_number(limit, "limit", "events.traces().shapes(limit=10)")
        table = shapes(self._spans, self._wanted, most)
        call = self._call(f".shapes({'' if most == LIMIT else f'limit={most}'})")
        return self._answer(Result, "trace shapes", table, call, self._lost())

    def narrow(self, condition: Any) -> Traces:
        """Return those of the traces that have a row for which a condition is true.

        Args:
            condition: condition, or a finding of `explain`, whose selected events are meant.

        Returns:
            Traces. The row need not be one that the events were narrowed to.

        Raises:
            ConditionError, UnknownField, UnknownFunction: the condition cannot be parsed.

        Example:
            events.traces(where="http.route = '/book'").narrow("error").operations()
        """
        whole = _whole(self._condition)
        other = _whole(read_condition(self.scope, condition, "condition"))
        both = self.scope.condition(" and ".join(text for text in (whole, other) if text))
        return dataclasses.replace(self, scope=dataclasses.replace(self.scope, where=None), where=both)

    def write(self, out: str, format: str | None = None, *, progress: Any = None) -> Written:
        """Write all spans and log records of the traces, if `linked` also of linked ones, to one file.

        Args:
            out: a file that does not exist yet; for a Dataset a new folder.
            format: "otlp-json", "jaeger", or one that `Events.write` knows; by default the suffix decides.
            progress: called as (what, done, total).

        Returns:
            Written; its notes say what the format cannot hold exactly.

        Raises:
            EmptySelection: there are no traces.
            InvalidArgument: the file already exists, the format is unknown, or more than 10,000 others are
                linked.
            StorageFull: the disk is full; nothing is left behind.

        Example:
            import tempfile

            folder = tempfile.mkdtemp()
            events.traces(where="error").write(f"{folder}/failed.json", "jaeger")
        """
        condition, text = self._condition, _whole(self._condition)
        return write_traces(self.scope, condition, text, out, format, self.linked, progress)

    def to_arrow(self) -> pa.Table:
        """Return the list as an Arrow table.

        Returns:
            As many rows as `limit` says.

        Example:
            events.traces(5).to_arrow()
        """
        return self.list().to_arrow()

    def to_pandas(self) -> pd.DataFrame:
        """Return the list as a DataFrame.

        Returns:
            As many rows as `limit` says.

        Example:
            events.traces(5).to_pandas()
        """
        return self.list().to_pandas()

    def to_dict(self) -> dict[str, Any]:
        """Return the list as values that JSON can hold.

        Returns:
            The same as `.list().to_dict()`.

        Example:
            events.traces(5).to_dict()["rows"]
        """
        return self.list().to_dict()

    def __len__(self) -> int:
        """Return how many traces `list` has without a limit."""
        return int(self._listed[0].sum())

    def __str__(self) -> str:
        return str(self.list())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.list()._repr_html_()

    @property
    def _spans(self) -> TraceSpans:
        return spans_of(self.scope.dataset, linked=self.linked)

    @property
    def _condition(self) -> Condition | None:
        return all_of([self.scope.where, self.where])

    @property
    def _wanted(self) -> Bools:
        """The traces that are meant, by number."""
        return traces_where(self.scope, self._spans, self._condition)

    @property
    def _listed(self) -> tuple[Bools, Ints | None]:
        """The traces that are listed, also those of which only log records are there.

        With a condition, also how many rows of each trace number it selects.
        """
        spans, condition = self._spans, self._condition
        if condition is None:
            return spans.first_row_of_any >= 0, None
        true = np.concatenate([np.zeros(0, bool), *(mask.true for mask in self.scope.masks(condition))])
        count = np.bincount(spans.row_trace[true], minlength=spans.traces + 1)
        count[0] = 0
        return count > 0, count

    def _lost(self) -> tuple[str, ...]:
        spans = self._spans
        lost = int(self._wanted[spans.trace[spans.parent == MISSING]].sum())
        if not lost:
            return ()
        return (
            f"{pluralize(lost, 'span has', 'spans have')} a parent that is not in the data: shown as roots",
        )

    def _call(self, then: str = "", limit: int | None = None) -> str:
        given = [limit] if limit is not None else []
        where = None if self.where is None else self.where.text
        return format_call("traces", *given, scope=self.scope, where=where, linked=self.linked) + then

    def _answer(
        self, kind: type[ResultType], name: str, table: pa.Table, call: str, notes: Any, **more: Any
    ) -> ResultType:
        made = kind(
            kind=name,
            table=table,
            query=call,
            dataset=dataset_of(self.scope),
            notes=merge_notes(self.scope.notes, () if self.where is None else self.where.notes, notes),
            **more,
        )
        return self._shown(made)

    def _shown(self, result: ResultType) -> ResultType:
        return dataclasses.replace(result, links=self.links, display_tz=self.display_tz)


def traces(scope: Scope, where: Any = None, *, linked: bool = False, limit: int = LIMIT) -> Traces:
    """Return the traces of some events.

    Args:
        scope: the events; a trace with one of them is meant as a whole.
        where: a further condition on one row.
        linked: whether traces that span links connect count as one.
        limit: rows of the list when displayed.

    Returns:
        Traces.

    Raises:
        InvalidArgument: the events have no trace ids, or `limit` is not a whole number of at least 1.
        ConditionError, UnknownField, UnknownFunction: the condition cannot be parsed.

    Example:
        from obskit.traces import traces

        traces(events.scope, "error").list()
    """
    most = whole_number(limit, "limit", "events.traces(limit=10)")
    if "trace_id" not in scope.schema.names:
        raise InvalidArgument("the events have no trace_id", hint=NO_TRACES)
    condition = None if where is None else read_condition(scope, where, "where")
    return Traces(scope, condition, linked, most)


def _whole(condition: Condition | None) -> str | None:
    """Write the condition for all rows of the traces that have a row with a condition."""
    return None if condition is None else f"any({condition.text})"


def _shown(given: Any) -> str | None:
    if given is None or isinstance(given, str):
        return given
    return str(getattr(given, "selected_condition", None) or given)


def _named(**given: Any) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in given.items() if value is not None)
