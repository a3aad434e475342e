"""The verbs of `Events` that read them out: as a table in memory, into files, and into a table of Spark."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from obskit import remote, writers
from obskit.dataset import Progress
from obskit.errors import InvalidArgument
from obskit.events.event_set import EventSet
from obskit.writers import Written

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class ExportedEvents(EventSet):
    """Rows of a dataset, and the verbs that read them out."""

    def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the events as an Arrow table in memory.

        Args:
            columns: names of fields, in the order wanted; all by default.

        Returns:
            Table with one row per event, without any weighting; decrypted if there are keys.

        Raises:
            UnknownField: there is no such field.

        Example:
            events.where("error").to_arrow(["timestamp", "service.name", "error.type"])
        """
        names = [self.scope.resolve(name) for name in columns or self.schema.names]
        found = self.scope.run(lambda table: table.select(*names)).table
        return found if self.scope.decryption is None else self.scope.decryption.table(found)

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the events as a pandas DataFrame in memory.

        Args:
            columns: names of fields, in the order wanted; all by default.

        Returns:
            DataFrame with one row per event, without any weighting; decrypted if there are keys.

        Raises:
            UnknownField: there is no such field.

        Example:
            events.to_pandas(["service.name", "duration_ms"]).groupby("service.name").median()
        """
        frame: pd.DataFrame = self.to_arrow(columns).to_pandas()
        return frame

    def write(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,
        fields: Sequence[str] | None = None,
        *,
        table: str | None = None,
        append: bool = False,
        progress: Progress | None = None,
    ) -> Written:
        """Write the events to a file that other tools can read, as a Dataset, or into a table of Spark.

        `docs/formats.md` describes the files, `docs/engines.md` the table.

        Args:
            path: file to create, or for a Dataset a folder that is new or empty. The suffix determines the
                format (.parquet, .arrow, .jsonl, .otlp.json, .jaeger.json) and, for the text formats, the
                compression (.gz, .zst).
            format: "dataset", "parquet", "arrow", "jsonl", "otlp-json" or "jaeger"; by default as the suffix
                says, and a Dataset without a suffix. With `table`, the address of Spark: "sc://host:15002".
            fields: fields to write; all by default.
            table: name of a table to create there, with its database if needed.
            append: add the rows to a table that exists. Its columns must have the names and types of the
                fields; columns that the events do not have are null in the new rows.
            progress: called as ("writing rows", done, total).

        Returns:
            Written: path, format, rows and fields; its notes say what the format could not hold exactly.

        Raises:
            InvalidArgument: the file or table exists, the file overlaps the events' own source, the format is
                unknown, or the columns of the table do not fit.
            EmptySelection: there are no events to write.
            UnknownField: one of `fields` does not exist.
            DatasetError: the folder holds something other than a Dataset.
            StorageFull: the disk is full; nothing is left behind.
            Unsupported: the address is of an engine other than Spark.
            RemoteError: Spark fails; the table is as it was before.
            MissingDependency: the extra `spark` is not installed.

        Example:
            import tempfile
            with tempfile.TemporaryDirectory() as folder:
                events.where("error").write(f"{folder}/errors.jsonl.gz", fields=["timestamp", "name"])
        """
        if table is not None:
            if format is not None:
                raise InvalidArgument("a table has no format", hint="leave out format=")
            options = remote.TableOptions(fields, append, progress)
            return remote.write_table(self.scope, os.fspath(path), table, options)
        if isinstance(path, str) and remote.is_address(path):
            raise InvalidArgument(
                "an address of an engine needs the name of a table", hint="for example table='prod.events'"
            )
        if append:
            raise InvalidArgument("only a table can be appended to", hint="leave out append=")
        return writers.write(self.scope, path, format=format, fields=fields, progress=progress)
