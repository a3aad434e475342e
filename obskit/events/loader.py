"""`load`: whatever holds events becomes `Events`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

import pandas as pd
import pyarrow as pa

from obskit.dataset import Dataset, Given, Progress, convert, from_arrow, is_stream, placed
from obskit.display.tables import check_link
from obskit.engine import Condition, Scope
from obskit.errors import InvalidArgument
from obskit.events.events import Events
from obskit.schema import ReadOptions

Source: TypeAlias = "Given | Sequence[Given] | pa.Table | pa.RecordBatch | pd.DataFrame | Dataset"


def load(
    source: Source,
    *,
    mapping: Mapping[str, Any] | None = None,
    error: Any = None,
    between: Any = None,
    where: Any = None,
    trace_url: str | None = None,
    progress: Progress | None = None,
) -> Events:
    """Load events.

    Args:
        source: a file, a folder, a glob, a URL, a pipe, a binary stream (`sys.stdin.buffer`) or several of
            these (of any format in `docs/formats.md`; gzip, zstd or bzip2 around any), a Dataset, an Arrow
            table or a DataFrame. Files are converted once and then opened from the cache.
        mapping: our names to the source's columns, where it has its own: `{"duration_ms": "Duration"}`.
        error: condition that says what an error is, instead of the status.
        between: a window of time, as `Events.between` takes it alone: (start, end), "start/end" or "-30m".
        where: as `Events.where`. Both narrow what was loaded: files are converted whole, once, so that the
            next window of the same files opens at once.
        trace_url: address with `{trace_id}` in it; trace ids become links. http and https only.
        progress: called as (what, done, total).
    Raises:
        NoSuchPath, ReadError, DatasetError: there is nothing to read, or it cannot be read.
        MissingDependency: a URL without the extra `remote`.
        ConditionError, UnknownField, UnknownFunction: from the conditions.
        InvalidArgument: a link that is none, or something that holds no events.
    Cost: one pass over what is not converted yet; a Dataset that is there is opened from its metadata.
    """
    template = _checked(trace_url)
    options = ReadOptions(mapping=mapping, error=error)
    if is_stream(source):  # it can be read but once
        source = placed([cast(Given, source)])[0]
    elif isinstance(source, list | tuple):
        source = [placed([item])[0] if is_stream(item) else item for item in source]

    def opened() -> Events:
        dataset = _dataset(source, options, progress)
        scope = Scope.of(dataset)
        if options.error is not None:
            scope = _with_error(scope, options.error)
        events = Events(scope, trace_url=template, _reopen=opened)
        if between is not None:
            events = events.between(between)
        if where is not None:
            events = events.where(where)
        return dataclasses.replace(events, _steps=())  # `opened` narrows again by itself

    return opened()


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
        f"{type(source).__name__} holds no events that can be loaded",
        hint="paths, URLs, a binary stream, a pyarrow Table, a pandas DataFrame or a Dataset",
    )


def _with_error(scope: Scope, error: Any) -> Scope:
    """Return the scope of the same rows with `error` as a condition says; kept in the cache by content."""
    condition: Condition = scope.condition(error)
    table = scope.run(lambda t: t.mutate(error=condition.to_ibis(t).fill_null(False))).table
    note = f"error is: {condition.text}"
    made = Scope.of(from_arrow(table))
    return Scope(made.dataset, made.engine, notes=(note,))


def _checked(trace_url: str | None) -> str | None:
    if trace_url is None:
        return None
    if "{trace_id}" not in trace_url:
        raise InvalidArgument(
            f"trace_url={trace_url!r} has no place for the id",
            hint="such as https://tracing.example/{trace_id}",
        )
    return check_link(trace_url)


__all__ = ["Source", "load"]
