"""Between which times the rows of a Parquet file are, from its footer alone.

    timestamp           statistics of a row group       its rows are between
    2026-05-04 10:00    min 10:00, max 10:59, 0 nulls    10:00 and 10:59

The footer is believed only where it decides the `timestamp` of every row: the file has one column of times
that comes before all others, of a Parquet type of times, without nulls. Anything else is unknown.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from obskit.errors import ReadError
from obskit.names import CARRIED, CARRIED_FIELD, flat_field
from obskit.names.flat_fields import DAY, TIME
from obskit.readers import clickhouse, tempo
from obskit.readers.io.source import Source
from obskit.readers.registry import REGISTRY, is_own
from obskit.readers.tables.arrow_parquet import PARQUET, check_concatenation
from obskit.schema import FALLBACK, NAMED, ReadOptions, read_mapping
from obskit.schema.time_text import FIRST, LAST

_COLUMN = "timestamp"
_DAY = 86_400_000_000
_PER_SECOND = {"milliseconds": 1_000, "microseconds": 1_000_000, "nanoseconds": 1_000_000_000}
_BROKEN = (pa.ArrowException, OSError, ValueError, KeyError, MemoryError)
_PARTS = re.compile(r"[.$]")
# Parts of names from which a time may be put together, besides the names that mean a time by themselves.
_FRAGMENTS = frozenset({"epochsecond", "seconds", "_seconds", "requesttime", "timestampseconds", "_raw"})
_RECENT = 2_000_000_000
"""Nanoseconds since a change of a file, during which another one may have the same time."""

_MOST = 100_000
_KNOWN: dict[tuple[object, ...], tuple[TimeRange | None, ...] | None] = {}
"""What was found, by path, size, modification time and options, so that live views read footers once."""


class TimeRange(NamedTuple):
    """The times of the rows of a row group.

    Attributes:
        first, last: earliest and latest time, in microseconds since 1970.
        exact: whether rows with these times exist; otherwise they are only bounds.
    """

    first: int
    last: int
    exact: bool


def time_ranges(path: str, options: ReadOptions) -> tuple[TimeRange | None, ...] | None:
    """Return between which times the rows of a Parquet file are.

    Args:
        path: the file.
        options: how it will be read.

    Returns:
        A range per row group, None for one whose statistics do not say; None for a file of another format, or
        one whose columns do not say which of them is the time.

    Cost: reads the start and the footer of the file, unless it has not changed since the last call.

    Example:
        import pyarrow as pa
        import pyarrow.parquet as pq

        from obskit.schema import READ_AS_IS

        times = pa.array([1_000_000, 2_000_000], pa.timestamp("us", "UTC"))
        pq.write_table(pa.table({"timestamp": times}), "events.parquet")
        print(time_ranges("events.parquet", READ_AS_IS))
    """
    try:
        status = os.stat(path)
    except OSError:
        return None
    key = (os.path.abspath(path), status.st_size, status.st_mtime_ns, options.cache_key())
    if key in _KNOWN:
        return _KNOWN[key]
    found = _read(path, options)
    if status.st_mtime_ns < time.time_ns() - _RECENT:
        if len(_KNOWN) >= _MOST:
            _KNOWN.clear()
        _KNOWN[key] = found
    return found


def _read(path: str, options: ReadOptions) -> tuple[TimeRange | None, ...] | None:
    try:
        with open(path, "rb") as opened:
            if opened.read(4) != b"PAR1":
                return None
        source = Source(Path(path))
        if source.compression or source.damage or source.growing:
            return None
        if not _is_parquet(source, options):
            return None
        with pq.ParquetFile(pa.OSFile(os.fsencode(path)), pre_buffer=False) as file:
            check_concatenation(Path(path), file, source)
            name = _time_column(file.schema_arrow, options)
            return None if name is None else _ranges(file, name, options)
    except (*_BROKEN, ReadError):
        return None  # reported when the file is read


def _is_parquet(source: Source, options: ReadOptions) -> bool:
    """Whether a file that begins like Parquet is read as Parquet.

    None of obskit's other formats begins like that, and asking all of them takes longer than the footer.
    """
    readers = REGISTRY.readers()
    if options.log_format is None and all(map(is_own, readers)):
        return not any(reader.claims is not None and reader.claims(source.path) for reader in readers)
    return REGISTRY.choose(source, options) is PARQUET


def _time_column(schema: pa.Schema, options: ReadOptions) -> str | None:
    """Return the column that is the `timestamp` of every row in which it is not null; None if none surely is.

    The order of the rules is that of `Normalizer`: a mapped column comes first, then one called `timestamp`,
    then others whose names mean a time.
    """
    names = schema.names
    added = [name.replace("__", ".") for name in re.compile(options.path_fields or "").groupindex]
    if len(set(names)) < len(names) or "" in names or "obskit" in names or _carries_time([*names, *added]):
        return None
    if any(FALLBACK in (field.metadata or {}) for field in schema):
        return None
    mapping = read_mapping(options.mapping)
    if not mapping and clickhouse.is_export(names):
        return "Timestamp" if "Timestamp" in names else None
    if not mapping and tempo.is_block(names):
        return None
    for name, targets in mapping.items():
        for target, source in targets:
            if target == _COLUMN:
                return name if name in names and not source.null else None
    left = [name for name in names if name not in mapping]
    if _COLUMN in left:
        return _COLUMN
    # A field of the path may be the time, too; a date is none next to a column of times.
    found = [name for name in dict.fromkeys([*left, *filter(_is_moment, added)]) if _may_be_time(name)]
    nested = any(pa.types.is_struct(field.type) or pa.types.is_map(field.type) for field in schema)
    if (
        len(found) != 1
        or found[0].casefold() in _FRAGMENTS
        or nested
        or NAMED.keys() <= (schema.metadata or {}).keys()
    ):
        return None
    meaning = flat_field(found[0])
    return found[0] if meaning is not None and meaning.reading == TIME else None


def _is_moment(name: str) -> bool:
    meaning = flat_field(name)
    return meaning is None or meaning.reading != DAY


def _carries_time(names: Sequence[str]) -> bool:
    """Whether a column holds the `timestamp` that a format had no field for."""
    return f"{CARRIED_FIELD}{_COLUMN}" in names or any(CARRIED.get(name) == _COLUMN for name in names)


def _may_be_time(name: str) -> bool:
    """Whether a column, or a part of its name, may become the time of rows."""
    for part in (name, *_PARTS.split(name)):
        meaning = flat_field(part)
        if part == _COLUMN or part.casefold() in _FRAGMENTS:
            return True
        if meaning is not None and meaning.target == _COLUMN:
            return True
    return False


def _ranges(file: pq.ParquetFile, name: str, options: ReadOptions) -> tuple[TimeRange | None, ...] | None:
    kind = file.schema_arrow.field(name).type
    schema = file.schema
    leaves = [at for at in range(len(schema)) if schema.column(at).path == name]
    if not pa.types.is_timestamp(kind) or len(leaves) != 1:
        return None
    stored = schema.column(leaves[0])
    unit = json.loads(stored.logical_type.to_json()).get("timeUnit")
    if stored.physical_type != "INT64" or unit not in _PER_SECOND:
        return None
    # The offset of a zone is less than a day.
    pad = _DAY if kind.tz is None and options.tz is not None else 0
    groups = range(file.metadata.num_row_groups)
    return tuple(
        _range(file.metadata.row_group(group), leaves[0], _PER_SECOND[unit], pad) for group in groups
    )


def _range(group: pq.RowGroupMetaData, column: int, per_second: int, pad: int) -> TimeRange | None:
    found = group.column(column).statistics
    if found is None or not found.has_min_max or not found.has_null_count or found.null_count:
        return None
    first, last = (value * 1_000_000 // per_second for value in (found.min_raw, found.max_raw))
    if not FIRST + pad <= first <= last <= LAST - pad:
        return None  # times out of range become null
    return TimeRange(first - pad, last + pad, exact=not pad)
