"""Read the small table of a lookup: CSV, TSV, Parquet, Arrow, JSON or JSON lines, or a table in memory.

In a CSV file `007` stays text, and `12` is a number only if every value of its column is one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.ipc as pa_ipc
import pyarrow.parquet as pq

from obskit.errors import InvalidArgument, LimitExceeded, NoSuchPath, ReadError
from obskit.text import first_line

MOST_ROWS = 1_000_000
MOST_BYTES = 256 << 20

TableSource: TypeAlias = "str | Path | pa.Table | pa.RecordBatch | pd.DataFrame"

_PACKED = re.compile(r"\.(gz|zst|bz2)$", re.IGNORECASE)
_INTEGER, _NUMBER = r"^-?(0|[1-9][0-9]{0,17})$", r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"


def read_table(source: TableSource) -> tuple[pa.Table, str]:
    """Read the table of a lookup.

    Args:
        source: a file, an Arrow table or a DataFrame.

    Returns:
        The table, and what messages call it.

    Raises:
        NoSuchPath: there is no such file.
        ReadError: the file is not a table.
        LimitExceeded: the table is not small.
        InvalidArgument: `source` is something else, or two columns have the same name.
    """
    if isinstance(source, pd.DataFrame):
        table, name = pa.Table.from_pandas(source, preserve_index=False), "the table"
    elif isinstance(source, pa.RecordBatch):
        table, name = pa.Table.from_batches([source]), "the table"
    elif isinstance(source, pa.Table):
        table, name = source, "the table"
    elif isinstance(source, (str, Path)):
        path = Path(source).expanduser()
        table, name = _read_file(path), path.name
    else:
        raise InvalidArgument(
            f"a lookup needs a table, got {type(source).__name__}",
            hint="pass the path of a CSV, Parquet or JSON file, a pyarrow Table or a pandas DataFrame",
        )
    if table.num_rows > MOST_ROWS:
        raise LimitExceeded(
            f"{name} has {table.num_rows:,} rows, but a lookup takes at most {MOST_ROWS:,}",
            hint="keep only the rows that are needed",
        )
    seen: dict[str, str] = {}
    for column in table.schema.names:
        if column.lower() in seen:
            raise InvalidArgument(
                f"{name} has two columns called {column!r}", hint="rename one of them in the table"
            )
        seen[column.lower()] = column
    return table.rename_columns([column.strip() for column in table.schema.names]), name


def _read_file(path: Path) -> pa.Table:
    if not path.is_file():
        raise NoSuchPath(f"no such file: {path}", hint="a lookup takes one CSV, Parquet, Arrow or JSON file")
    if path.stat().st_size > MOST_BYTES:
        raise _too_large(path)
    suffix = Path(_PACKED.sub("", path.name)).suffix.lower()
    try:
        match suffix:
            case ".parquet" | ".pq":
                return pq.read_table(path)
            case ".arrow" | ".feather" | ".ipc":
                with pa_ipc.open_file(path) as file:
                    return file.read_all()
            case ".json" | ".jsonl" | ".ndjson":
                return _read_json(path)
            case ".csv" | ".tsv" | ".txt":
                return _read_csv(path, "\t" if suffix == ".tsv" else None)
    except LimitExceeded:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ReadError(
            f"{path} cannot be read as a table: {first_line(error)}",
            hint="a lookup takes CSV with a header, Parquet, Arrow, or JSON objects with the same keys",
        ) from error
    raise ReadError(
        f"{path} cannot be read as a table: the suffix {suffix or '(none)'} is not known",
        hint="name the file .csv, .tsv, .parquet, .arrow or .jsonl",
    )


def _read_json(path: Path) -> pa.Table:
    """Read a list of objects, or one object per line."""
    data = _unpacked(path).strip()
    rows = (
        orjson.loads(data) if data[:1] == b"[" else [orjson.loads(line) for line in data.splitlines() if line]
    )
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("a row is not an object")
    names = dict.fromkeys(name for row in rows for name in row)
    if not names:
        raise ValueError("the file has no rows")
    return pa.table({name: _json_column(name, [row.get(name) for row in rows]) for name in names})


def _json_column(name: str, values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError) as error:
        raise ValueError(f"the values of {name!r} are of different types, or too large") from error


def _unpacked(path: Path) -> bytes:
    """Return the bytes of a file, which may be compressed."""
    with pa.input_stream(str(path)) as stream:
        data: bytes = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise _too_large(path)
    return data


def _too_large(path: Path) -> LimitExceeded:
    return LimitExceeded(
        f"{path} has more than {MOST_BYTES >> 20} MiB, the most that a lookup takes",
        hint="keep only the rows and columns that are needed",
    )


def _read_csv(path: Path, delimiter: str | None) -> pa.Table:
    data = _unpacked(path).removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        raise ValueError("the file is empty")
    head = data.split(b"\n", 1)[0]
    if delimiter is None:
        delimiter = max(",;\t|", key=lambda mark: head.count(mark.encode()))
    options = pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    names = pa_csv.open_csv(pa.BufferReader(data), parse_options=options).schema.names
    text = pa_csv.read_csv(
        pa.BufferReader(data),
        parse_options=options,
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
    columns = [pc.utf8_trim_whitespace(column) for column in text.columns]
    return pa.table([_typed(column) for column in columns], names=text.schema.names)


def _typed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of text as numbers, or true and false, if each value is written as one."""
    there = column.drop_null()
    if not len(there):
        return column
    if pc.all(pc.match_substring_regex(there, _INTEGER)).as_py():
        return column.cast(pa.int64())
    if pc.all(pc.match_substring_regex(there, _NUMBER)).as_py():
        return column.cast(pa.float64())
    lower = pc.utf8_lower(column)
    if pc.all(pc.is_in(lower.drop_null(), pa.array(["true", "false"]))).as_py():
        return pc.equal(lower, "true")
    return column
