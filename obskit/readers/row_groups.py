"""Read some row groups of a Parquet file, where its footer says that the others are of another time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from obskit.errors import ReadError
from obskit.readers.io.source import Source
from obskit.readers.outcome import Outcome
from obskit.readers.path_fields import PathFields, with_fields
from obskit.readers.read import Vanished, read_source
from obskit.readers.skipped_files import reason_of
from obskit.readers.tables.arrow_parquet import PARQUET
from obskit.schema import LoadReport, ReadOptions


def read_row_groups(
    path: Path,
    row_groups: Sequence[int],
    report: LoadReport,
    options: ReadOptions,
    *,
    roots: Sequence[Path],
    outcome: Outcome,
) -> Iterator[pa.RecordBatch]:
    """Yield the events of some row groups of a Parquet file.

    Args:
        path: the file.
        row_groups: their numbers, from 0.
        report: counts what cannot be read.
        options: how to read it.
        roots: as in `read_paths`.
        outcome: counts the file.

    Yields:
        Batches as in `read_paths`. A file that cannot be read is a rejection.

    Raises:
        Vanished: the file was deleted.
        LimitExceeded: a limit of the reader.

    Example:
        from pathlib import Path

        import pyarrow as pa
        import pyarrow.parquet as pq

        from obskit.readers.outcome import Outcome
        from obskit.schema import READ_AS_IS, LoadReport

        path = Path("events.parquet")
        pq.write_table(pa.table({"id": [1, 2, 3, 4]}), path, row_group_size=2)
        for batch in read_row_groups(path, [1], LoadReport(), READ_AS_IS, roots=[], outcome=Outcome()):
            print(batch.to_pylist())
    """
    path_fields = PathFields(options.path_fields, roots, report, outcome.matched)
    fields = path_fields.of(path)
    path_fields.count(path, fields)
    try:
        source = Source(path)
        source.row_groups = frozenset(row_groups)
        for batch in read_source(source, PARQUET, report, options):
            yield with_fields(batch, fields, report)
    except FileNotFoundError as error:
        raise Vanished(f"{path} was deleted after its folder was listed", hint="load again") from error
    except ReadError as error:
        outcome.fail(error)
        report.reject(str(path), "", reason_of(path, error))
