"""`load`: make `Events` from files, URLs, streams, tables in memory or a Dataset."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

import pandas as pd
import pyarrow as pa

from obskit.dataset import (
    Dataset,
    FileMemo,
    Given,
    Period,
    Progress,
    cache_path,
    convert,
    from_arrow,
    is_stream,
    local_paths,
)
from obskit.display.tables import check_link
from obskit.display.zone import check_zone
from obskit.encryption import SubjectKeys
from obskit.engine import Condition, Decryption, Scope
from obskit.errors import InvalidArgument
from obskit.events.events import Events
from obskit.events.origin import Origin
from obskit.events.period import resolve_window
from obskit.events.pin_rows import KEPT_NOTE
from obskit.events.pinning import open_pin
from obskit.events.pins import Pin, is_pin
from obskit.schema import ReadOptions

Source: TypeAlias = "Given | Sequence[Given] | pa.Table | pa.RecordBatch | pd.DataFrame | Dataset | Pin"


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
    root: str | os.PathLike[str] | None = None,
    keys: SubjectKeys | None = None,
    progress: Progress | None = None,
) -> Events:
    """Load events from files, URLs, streams or tables in memory.

    Files are converted to Parquet once; after that they open from the cache until they change. Of larger
    input, only files that are new or changed are converted again.

    Args:
        source: a file, folder, glob, URL, pipe or binary stream (`sys.stdin.buffer`), or a list of these; a
            Dataset, an Arrow table or a DataFrame; a `Pin` or its file. The format is detected by content
            (see `docs/formats.md`), inside gzip, zstd or bzip2 too.
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
        between: window of time to keep: (start, end), "start/end" or "-30m" before the newest event. Of large
            input, Parquet files that hold no events within an hour of the window are not read, and
            `load_report` says how many. For answers that compare with earlier times, load everything:
            `ok.load(path).between(...)`.
        where: condition on the events to keep, as in `Events.where`.
        trace_url: http or https URL of a trace in your tracing tool, with `{trace_id}` in it; trace ids
            become links.
        display_tz: time zone in which tables, figures and `repr` show times, such as "Europe/Berlin"; UTC if
            not given. Data and `to_dict()` stay in UTC.
        root: of a pin: the folder that holds a copy of its files; by default where they were, or next to the
            pin's file.
        keys: of the people whose values were encrypted by `Redaction(encrypt=)`. Conditions are then written
            with the readable values, and `to_pandas()` and `to_arrow()` return them. Everything that is
            written or displayed keeps them encrypted.
        progress: called as (what, done, total).

    Returns:
        Events; `load_report` says what was read, rejected, renamed and converted.

    Raises:
        ChangedData: `source` is a pin, and the data is not what was pinned; the message says what differs.
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
    given = {
        "mapping": mapping,
        "log_format": log_format,
        "tz": tz,
        "path_fields": path_fields,
        "error": error,
    }
    decryption = None if keys is None else Decryption(keys)
    if (pinned := _pin_of(source)) is not None:
        if changed := [name for name, value in given.items() if value is not None]:
            raise InvalidArgument(
                f"a pin says itself how its files are read, so {changed[0]} cannot be given",
                hint="load the files themselves to read them differently",
            )
        events = open_pin(pinned, root, functools.partial(_load_pinned, progress=progress))
        return _narrowed(
            dataclasses.replace(
                events,
                scope=dataclasses.replace(events.scope, decryption=decryption),
                trace_url=check_trace_url(trace_url) or events.trace_url,
                display_tz=display_tz or events.display_tz,
            ),
            between,
            where,
        )
    if root is not None:
        raise InvalidArgument("root= is for pins, and source is not a pin", hint="leave out root=")
    template = check_trace_url(trace_url)
    check_zone(display_tz)
    options = ReadOptions(mapping=mapping, log_format=log_format, tz=tz, path_fields=path_fields, error=error)
    if is_stream(source):  # it can be read only once
        source = local_paths([cast(Given, source)])[0]
    elif isinstance(source, list | tuple):
        source = [local_paths([item])[0] if is_stream(item) else item for item in source]

    shown = _Shown(template, display_tz, decryption)
    return _opened(source, options, lambda: resolve_window(source, between, options), where, shown, progress)


@dataclasses.dataclass(frozen=True)
class _Shown:
    """How events are shown: links to traces, time zone, and what reads encrypted values."""

    trace_url: str | None
    display_tz: str | None
    decryption: Decryption | None = None


def _load_pinned(
    paths: Source,
    period: Period | None,
    *,
    trace_url: str | None = None,
    display_tz: str | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Events:
    """Load the files of a pin, of the same time as when it was made."""
    read = ReadOptions(**options)
    check_zone(display_tz)
    shown = _Shown(check_trace_url(trace_url), display_tz)
    return _opened(paths, read, lambda: (None, period), None, shown, progress)


def _opened(
    source: Source,
    options: ReadOptions,
    narrowing: Callable[[], tuple[Any, Period | None]],
    where: Any,
    shown: _Shown,
    progress: Progress | None,
) -> Events:
    """Load, as often as the events are refreshed; `narrowing` returns the window and the time to read."""
    paths = _paths_of(source)

    memo = FileMemo()

    def open_events() -> Events:
        window, period = narrowing()
        dataset = _dataset(source, options, period, progress)
        dataset.codes.share(memo)  # so that `refresh` counts only the files that are new
        kept = KEPT_NOTE if KEPT_NOTE in dataset.load_report.notes else ""
        notes = tuple(filter(None, (kept, dataset.left_out)))
        scope = dataclasses.replace(Scope.of(dataset), decryption=shown.decryption, notes=notes)
        origin = Origin(paths, options, dataset, period if dataset.left_out else None)
        if options.error is not None:
            scope = _with_error(scope, options.error)
        events = Events(scope, shown.trace_url, shown.display_tz, _reopen=open_events, _origin=origin)
        events = _narrowed(events, window, where)
        return dataclasses.replace(events, _steps=())  # `open_events` narrows again by itself

    return open_events()


def _narrowed(events: Events, between: Any, where: Any) -> Events:
    if between is not None:
        events = events.between(between)
    return events if where is None else events.where(where)


def _pin_of(source: Source) -> Pin | None:
    """Return the pin that a source is, or the file of which it names."""
    if isinstance(source, list | tuple) and len(source) == 1:  # as the command line gives it
        source = source[0]
    if isinstance(source, Pin):
        return source
    return Pin.read(source) if isinstance(source, str | Path) and is_pin(source) else None


def _paths_of(source: Source) -> tuple[str, ...] | None:
    """Return the paths that a pin can name; None for what cannot be read a second time."""
    if isinstance(source, Dataset):
        source = source.path
    items = source if isinstance(source, list | tuple) else [source]
    if not all(isinstance(item, str | Path) for item in items):
        return None
    texts = tuple(map(str, items))
    cached = any(Path(text).absolute().is_relative_to(cache_path()) for text in texts)
    return None if cached else texts


def _dataset(
    source: Source, options: ReadOptions, period: Period | None, progress: Progress | None
) -> Dataset:
    if isinstance(source, Dataset):
        return source
    if isinstance(source, pd.DataFrame):
        source = pa.Table.from_pandas(source, preserve_index=False)
    if isinstance(source, pa.RecordBatch):
        source = pa.Table.from_batches([source])
    if isinstance(source, pa.Table):
        return from_arrow(source, options)
    if isinstance(source, (str, Path)):
        return convert(source, options=options, period=period, progress=progress)
    if isinstance(source, Sequence) and all(isinstance(item, (str, Path)) for item in source):
        return convert(list(source), options=options, period=period, progress=progress)
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
    return dataclasses.replace(scope, dataset=made.dataset, engine=made.engine, notes=(*scope.notes, note))


def check_trace_url(trace_url: str | None) -> str | None:
    """Return the template of links to traces, once it is known to be one; raises `InvalidArgument`."""
    if trace_url is None:
        return None
    if "{trace_id}" not in trace_url:
        raise InvalidArgument(
            f"trace_url must contain {{trace_id}}, got {trace_url!r}",
            hint="for example https://tracing.example/{trace_id}",
        )
    return check_link(trace_url)


__all__ = ["Source", "load"]
