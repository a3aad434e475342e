"""`load`: make `Events` from files, URLs, streams, tables in memory or a Dataset."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

import pandas as pd
import pyarrow as pa

from obskit.dataset import Dataset, Given, Progress, convert, from_arrow, is_stream, local_paths
from obskit.display.tables import check_link
from obskit.display.zone import check_zone
from obskit.engine import Condition, Scope
from obskit.errors import InvalidArgument
from obskit.events.events import Events
from obskit.schema import ReadOptions

Source: TypeAlias = "Given | Sequence[Given] | pa.Table | pa.RecordBatch | pd.DataFrame | Dataset"


def load(
    source: Source,
    *,
    mapping: Mapping[str, Any] | None = None,
    log_format: str | None = None,
    tz: str | None = None,
    path_fields: str | None = None,
    error: Any = None,
    between: Any = None,
    where: Any = None,
    trace_url: str | None = None,
    display_tz: str | None = None,
    progress: Progress | None = None,
) -> Events:
    """Load events from files, URLs, streams or tables in memory.

    Files are converted to Parquet once; after that they open from the cache until they change.

    Args:
        source: a file, folder, glob, URL, pipe or binary stream (`sys.stdin.buffer`), or a list of these; a
            Dataset, an Arrow table or a DataFrame. The format is detected by content (see `docs/formats.md`),
            inside gzip, zstd or bzip2 too.
        mapping: obskit's name of a field -> the source's name, where the two differ:
            `{"duration_ms": "Duration"}`; or an object with a unit and values that mean null:
            `{"duration_ms": {"from": "Duration", "unit": "us", "null": [-1]}}`; or a format of
            times in the codes of `strptime`: `{"timestamp": {"from": "ts", "format": "%d/%m/%Y %H:%M:%S"}}`.
        log_format: layout of access logs in nginx's or Apache's own syntax, where it is not a known one:
            `'$remote_addr [$time_local] "$request" $status $request_time'` or `'%h %t "%r" %>s %D'`.
        tz: time zone of times without a zone, such as "Europe/Berlin"; UTC if not given.
        path_fields: regular expression whose named groups make fields of each file's path:
            `r"az=(?P<zone>[^/]+)"`; `__` in a name is a dot.
        error: condition that says which events are errors, instead of the rule in `docs/events.md`.
        between: window of time to keep: (start, end), "start/end" or "-30m" before the newest event. Files
            are still converted as a whole, so that another window of the same files opens at once.
        where: condition on the events to keep, as in `Events.where`.
        trace_url: http or https URL of a trace in your tracing tool, with `{trace_id}` in it; trace ids
            become links.
        display_tz: time zone in which tables, figures and `repr` show times, such as "Europe/Berlin"; UTC if
            not given. Data and `to_dict()` stay in UTC.
        progress: called as (what, done, total).

    Returns:
        Events; `load_report` says what was read, rejected, renamed and converted.

    Raises:
        NoSuchPath: there is no such file, or nothing matches the pattern.
        ReadError, DatasetError: what is there cannot be read.
        MissingDependency: a URL needs the extra `remote`.
        LimitExceeded: there are more than 20,000 distinct field names, or a stream is larger than the cache.
        StorageFull: the disk of the cache is full.
        ConditionError, UnknownField, UnknownFunction: from `error` and `where`.
        InvalidArgument: `trace_url` is not a link with `{trace_id}`, `mapping`, `tz`, `display_tz`,
            `log_format`, `path_fields` or `between` is not valid, or `source` holds no events.

    Cost: one pass over files that are not converted yet; a Dataset opens from its metadata.

    Example:
        events = ok.load("sample_events", between="2026-05-04T10:00Z/2026-05-04T11:00Z")
        events.load_report
    """
    template = _check_trace_url(trace_url)
    check_zone(display_tz)
    options = ReadOptions(mapping=mapping, log_format=log_format, tz=tz, path_fields=path_fields, error=error)
    if is_stream(source):  # it can be read only once
        source = local_paths([cast(Given, source)])[0]
    elif isinstance(source, list | tuple):
        source = [local_paths([item])[0] if is_stream(item) else item for item in source]

    def open_events() -> Events:
        dataset = _dataset(source, options, progress)
        scope = Scope.of(dataset)
        if options.error is not None:
            scope = _with_error(scope, options.error)
        events = Events(scope, trace_url=template, display_tz=display_tz, _reopen=open_events)
        if between is not None:
            events = events.between(between)
        if where is not None:
            events = events.where(where)
        return dataclasses.replace(events, _steps=())  # `open_events` narrows again by itself

    return open_events()


def _dataset(source: Source, options: ReadOptions, progress: Progress | None) -> Dataset:
    if isinstance(source, Dataset):
        return source
    if isinstance(source, pd.DataFrame):
        source = pa.Table.from_pandas(source, preserve_index=False)
    if isinstance(source, pa.RecordBatch):
        source = pa.Table.from_batches([source])
    if isinstance(source, pa.Table):
        return from_arrow(source, options)
    if isinstance(source, (str, Path)):
        return convert(source, options=options, progress=progress)
    if isinstance(source, Sequence) and all(isinstance(item, (str, Path)) for item in source):
        return convert(list(source), options=options, progress=progress)
    raise InvalidArgument(
        f"cannot load events from {type(source).__name__}",
        hint="pass a path, a URL, a binary stream, a pyarrow Table, a pandas DataFrame or a Dataset",
    )


def _with_error(scope: Scope, error: Any) -> Scope:
    """Return a scope of the same rows in which `error` is what a condition says; cached by content."""
    condition: Condition = scope.condition(error)
    table = scope.run(lambda t: t.mutate(error=condition.to_ibis(t).fill_null(False))).table
    note = f"error is defined as: {condition.text}"
    made = Scope.of(from_arrow(table))
    return Scope(made.dataset, made.engine, notes=(note,))


def _check_trace_url(trace_url: str | None) -> str | None:
    if trace_url is None:
        return None
    if "{trace_id}" not in trace_url:
        raise InvalidArgument(
            f"trace_url must contain {{trace_id}}, got {trace_url!r}",
            hint="for example https://tracing.example/{trace_id}",
        )
    return check_link(trace_url)


__all__ = ["Source", "load"]
