"""Parts: the Parquet files of a Dataset. Write one, compute its digest, read some of its columns."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from obskit.dataset.manifest import DataFile
from obskit.errors import DatasetError
from obskit.schema import NAMED
from obskit.text import first_line, pluralize

ROW_GROUP = 131_072
DIGEST_KEY = b"obskit.digest"
_SAMPLE = 8_192
_MOSTLY_DISTINCT = 0.7
_EPOCH_US = pa.timestamp("us", "UTC")


class _Hashing:
    """A file to write to that also hashes what is written, so that the digest needs no second read."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self.hash = hashlib.blake2b(digest_size=16)
        self.checksum = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        self.checksum = zlib.crc32(data, self.checksum)
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())  # after a power cut, blocks of a file can be zeros otherwise


def write_part(
    path: Path, tables: Iterable[pa.Table], schema: pa.Schema, *, in_order: bool = False
) -> DataFile:
    """Write one part.

    Args:
        path: a file that does not exist yet.
        tables: the rows in order, each table one row group or several.
        schema: schema of all tables.
        in_order: whether the rows of each table are in order of time, nulls last; the footer then says so.

    Returns:
        DataFile; its digest covers the schema and every byte before the footer.

    Raises:
        OSError: the disk is full or fails.
    """
    schema = schema.remove_metadata()
    remaining = iter(tables)
    first_table = next(remaining, schema.empty_table())
    sink = _Hashing(path)
    try:
        sink.hash.update(schema.serialize().to_pybytes())
        rows, first, last = 0, None, None
        # Trying a dictionary on nearly unique ids takes a third of the time to write them.
        # Parquet's minimum and maximum ignore NaN, and DuckDB assumes `x <= maximum` for every row.
        known = [field.name for field in schema if not pa.types.is_floating(field.type)]
        writer = pq.ParquetWriter(
            sink,
            schema,
            compression="zstd",
            use_dictionary=_repetitive(first_table),
            write_statistics=known,
            write_page_checksum=True,
            sorting_columns=_by_time(schema) if in_order else None,
        )
        for table in itertools.chain([first_table], remaining):
            writer.write_table(table.combine_chunks(), row_group_size=ROW_GROUP)
            rows += table.num_rows
            low, high = _span(table)
            first = min((t for t in (first, low) if t is not None), default=None)
            last = max((t for t in (last, high) if t is not None), default=None)
        digest = sink.hash.hexdigest()
        named = {key.decode(): value.decode() for key, value in NAMED.items()}
        writer.add_key_value_metadata({DIGEST_KEY.decode(): digest} | named)
        writer.close()
    finally:
        sink.close()
    return DataFile(path, rows, digest, first, last, f"{sink.checksum:08x}")


def _by_time(schema: pa.Schema) -> list[pq.SortingColumn] | None:
    """Return what the footer says of rows in order of time; None if they have none."""
    if "timestamp" not in schema.names:
        return None
    return list(pq.SortingColumn.from_ordering(schema, [("timestamp", "ascending")], "at_end"))


def checksum_of(path: Path) -> str:
    """Return the CRC-32 of all bytes of a part, hex, as `write_part` puts it into `DataFile.checksum`."""
    checksum = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            checksum = zlib.crc32(piece, checksum)
    return f"{checksum:08x}"


def rewrite_part(
    part: DataFile,
    schema: pa.Schema,
    cast: Callable[[pa.Table, pa.Schema], pa.Table],
    to: Path | None = None,
) -> DataFile:
    """Rewrite a part with another schema, one row group at a time.

    Args:
        part: the part.
        schema: the other schema.
        cast: returns rows in another schema.
        to: the file to write; by default the part is replaced.

    Returns:
        The part that was written.

    Raises:
        OSError: the disk is full or fails.
    """
    reader = pq.ParquetFile(part.path, memory_map=True, pre_buffer=False)
    fresh = to or part.path.with_name(f"{part.path.name}.new")
    groups = (cast(reader.read_row_group(i, use_threads=False), schema) for i in range(reader.num_row_groups))
    in_order = reader.num_row_groups > 0 and bool(reader.metadata.row_group(0).sorting_columns)
    made = write_part(fresh, groups, schema, in_order=in_order)
    if to is not None:
        return made
    fresh.replace(part.path)
    return dataclasses.replace(made, path=part.path)


def open_part(part: DataFile, *, read_dictionary: Sequence[str] = ()) -> pq.ParquetFile:
    """Open a part for reading.

    Args:
        part: which part.
        read_dictionary: string columns to read as dictionaries.

    Returns:
        The open file, memory-mapped; its attribute `absent` has the fields of the Dataset that it lacks.

    Raises:
        DatasetError: the file is missing or torn, or its digest is not the manifest's.
    """
    try:
        reader = pq.ParquetFile(
            part.path,
            read_dictionary=[name for name in read_dictionary if name not in part.absent.names] or None,
            memory_map=True,
            pre_buffer=False,
            page_checksum_verification=True,
        )
    except (OSError, pa.ArrowInvalid) as error:
        raise DatasetError(f"cannot read {part.path}: {error}", hint="convert the source again") from error
    if (reader.metadata.metadata or {}).get(DIGEST_KEY, b"").decode() != part.digest:
        raise DatasetError(f"{part.path} was replaced by another file", hint="convert the source again")
    reader.absent = part.absent
    return reader


def dictionaries(reader: pq.ParquetFile, columns: Sequence[str]) -> list[str]:
    """Return those columns that are strings and stored as dictionaries."""
    if not reader.num_row_groups:
        return []
    group = reader.metadata.row_group(0)
    chunks = (group.column(i) for i in range(group.num_columns))
    stored = {chunk.path_in_schema for chunk in chunks if chunk.has_dictionary_page}
    schema = reader.schema_arrow
    return [name for name in columns if name in stored and pa.types.is_string(schema.field(name).type)]


def read_columns(
    reader: pq.ParquetFile,
    columns: Sequence[str],
    groups: Sequence[int] | None = None,
    *,
    threads: bool = False,
) -> pa.Table:
    """Read columns by name, in the order asked for.

    Parquet selects columns by path prefix: `error` also brings `error.type`, which is dropped again here.

    Args:
        reader: the open part.
        columns: names.
        groups: row groups to read; all by default.
        threads: decode in several threads.

    Returns:
        Table of exactly these columns; those that the file does not have are null.

    Raises:
        DatasetError: the file is damaged, which the checksums of its pages show.
    """
    absent = set(reader.absent.names)
    wanted = [name for name in columns if name not in absent]
    expected = reader.metadata.num_rows
    if groups is not None:
        expected = sum(reader.metadata.row_group(group).num_rows for group in groups)
    try:
        if groups is None:
            table = reader.read(columns=wanted, use_threads=threads)
        else:
            table = reader.read_row_groups(list(groups), columns=wanted, use_threads=threads)
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(
            f"a Parquet file of the Dataset is damaged: {first_line(error)}", hint="convert the source again"
        ) from error
    if table.num_rows != expected:
        raise DatasetError(
            f"a Parquet file of the Dataset has {pluralize(table.num_rows, 'row')}, expected {expected:,}",
            hint="convert the source again",
        )
    if len(wanted) < len(columns):
        empty = {
            name: pa.nulls(expected, reader.absent.field(name).type) for name in columns if name in absent
        }
        return pa.table([empty[name] if name in absent else table.column(name) for name in columns], columns)
    return table.select(wanted) if wanted else table  # selecting no columns would lose the number of rows


def sorted_by_time(columns: list[list[pa.Array]], schema: pa.Schema) -> pa.Table:
    """Join chunks of columns into one table sorted by time: nulls last, ties in their original order.

    Args:
        columns: the chunks of each column of `schema`. They are released as they are used, so that there is
            only one copy in memory.
        schema: names and types of the columns.

    Returns:
        The sorted table.
    """
    order = None
    at = schema.get_field_index("timestamp")
    if at >= 0:
        stamps = pa.chunked_array(columns[at], schema.field(at).type)
        if not _in_order(stamps):
            order = pc.sort_indices(stamps)  # stable, nulls at the end
    out = []
    for index, field in enumerate(schema):
        column = pa.chunked_array(columns[index], field.type).combine_chunks()
        columns[index] = []
        out.append(column if order is None else column.take(order))
    return pa.Table.from_arrays(out, schema=schema)


def _in_order(stamps: pa.ChunkedArray) -> bool:
    known = stamps.drop_null()
    if len(known) < len(stamps) and stamps.slice(0, len(known)).null_count:
        return False
    values = known.cast(pa.int64()).to_numpy()
    return bool((values[1:] >= values[:-1]).all())


def _span(table: pa.Table) -> tuple[datetime | None, datetime | None]:
    if "timestamp" not in table.column_names:
        return None, None
    both = pc.min_max(table.column("timestamp").cast(_EPOCH_US)).cast(
        pa.struct([("min", pa.int64()), ("max", pa.int64())])
    )
    return _moment(both["min"].as_py()), _moment(both["max"].as_py())


def _moment(micros: int | None) -> datetime | None:
    """Return a datetime, clipped to the years that Python supports."""
    if micros is None:
        return None
    low, high = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    try:
        seconds, rest = divmod(micros, 1_000_000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
    except (ValueError, OverflowError, OSError):
        return low if micros < 0 else high


def _repetitive(table: pa.Table) -> list[str] | bool:
    """Return the leaf paths of columns worth a dictionary, judging by their first rows."""
    out: list[str] = []
    for field, column in zip(table.schema, table.slice(0, _SAMPLE).columns, strict=True):
        if pa.types.is_string(field.type) or pa.types.is_floating(field.type):
            known = len(column) - column.null_count
            if known > 100 and pc.count_distinct(column).as_py() > _MOSTLY_DISTINCT * known:
                continue
        out.extend(_leaves(field.name, field.type))
    return out or False


def _leaves(path: str, kind: pa.DataType) -> Iterator[str]:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    elif pa.types.is_struct(kind):
        for child in kind:
            yield from _leaves(f"{path}.{child.name}", child.type)
    elif not pa.types.is_boolean(kind):
        yield path
