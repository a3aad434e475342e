"""Make fields of the paths of files: `az=(?P<zone>[^/]+)` makes `zone` "a" in all rows of `logs/az=a/x.log`.

The pattern is searched in the path below the folder that was given, then in the path as it was given, then in
the absolute path; the first that matches counts. Paths of members of archives are `logs.tar!az=a/x.log`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from obskit.schema import LoadReport
from obskit.text import pluralize

Fields = tuple[tuple[str, str], ...]
"""Names and values; hashable, so that files with equal ones can be read together."""


@dataclass
class MatchedPaths:
    """How many files of a load have a path that the pattern matches.

    Attributes:
        files: number of files.
        matched: those whose path matches.
        first: the first path that does not match.

    Example:
        paths = MatchedPaths()
        paths.add("logs/other.jsonl")
        print(paths)
    """

    files: int = 0
    matched: int = 0
    first: str = ""

    def add(self, unmatched: str) -> None:
        """Count a file.

        Args:
            unmatched: its path if the pattern does not match it; else empty.
        """
        self.files += 1
        self.matched += not unmatched
        self.first = self.first or unmatched

    def absorb(self, other: MatchedPaths) -> None:
        """Add the counts of files that come after these.

        Args:
            other: their counts.
        """
        self.files += other.files
        self.matched += other.matched
        self.first = self.first or other.first

    def note(self, report: LoadReport) -> None:
        """Add a note to a report if the pattern did not match some files.

        Args:
            report: of the load.
        """
        if self.matched == self.files:
            return
        which = "no file" if not self.matched else f"{self.matched:,} of {self.files:,} files"
        files = pluralize(self.files - self.matched, "file")
        report.note(
            f"path_fields matches the path of {which}; rows of {files} have none of its fields"
            f" (first: {self.first})"
        )


class PathFields:
    """The fields that the paths of files give.

    Args:
        pattern: regular expression with named groups, or None for no fields.
        roots: paths as they were given; a path below one of them is searched without it first.
        report: of the load; its names for files are used.
        matched: counts the files.

    Example:
        from pathlib import Path

        from obskit.schema import LoadReport

        fields = PathFields(r"az=(?P<zone>[^/]+)", [Path("logs")], LoadReport())
        print(fields.of(Path("logs/az=a/x.jsonl")))
    """

    def __init__(
        self,
        pattern: str | None,
        roots: Sequence[Path],
        report: LoadReport,
        matched: MatchedPaths | None = None,
    ) -> None:
        self._pattern = re.compile(pattern) if pattern else None
        self._roots = [f"{os.fspath(root).rstrip('/')}/" for root in roots]
        self._report = report
        self._counts = MatchedPaths() if matched is None else matched

    def of(self, path: Path) -> Fields:
        """Return the fields of a file's path.

        Args:
            path: of the file, as it is opened.

        Returns:
            Names and values; empty if the pattern does not match.
        """
        if self._pattern is None:
            return ()
        shown = self._shown(str(path))
        for text in self._candidates(shown):
            if found := self._pattern.search(text):
                return tuple(
                    (name.replace("__", "."), value)
                    for name, value in found.groupdict().items()
                    if value is not None
                )
        return ()

    def add(self, path: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield a file's batches with the fields of its path, and count the file.

        Args:
            path: of the file.
            batches: its rows.

        Yields:
            The batches, unchanged if there are no fields.
        """
        fields = self.of(path)
        self.count(path, fields)
        for batch in batches:
            yield with_fields(batch, fields, self._report)

    def count(self, path: Path, fields: Fields) -> None:
        """Count a file, for the notes.

        Args:
            path: of the file.
            fields: what `of` returned for it.
        """
        if self._pattern is not None:
            self._counts.add("" if fields else self._shown(str(path)))

    def _shown(self, path: str) -> str:
        names = self._report.display_names
        if path in names:
            return names[path]
        archive, separator, member = path.partition("!")
        return f"{names.get(archive, archive)}{separator}{member}"

    def _candidates(self, path: str) -> Iterator[str]:
        for root in self._roots:
            if path.startswith(root):
                yield path[len(root) :]
        yield path
        if "://" not in path:
            yield os.path.abspath(path)


def with_fields(batch: pa.RecordBatch, fields: Fields, report: LoadReport) -> pa.RecordBatch:
    """Return a batch with constant text columns; a value that a row has of its own stays.

    Args:
        batch: rows with names as found.
        fields: names and values.
        report: counts the rows that have a value of their own.

    Returns:
        The batch with the same metadata.

    Example:
        import pyarrow as pa

        from obskit.schema import LoadReport

        rows = pa.RecordBatch.from_pydict({"id": [1, 2]})
        print(with_fields(rows, (("zone", "a"),), LoadReport()).schema.names)
    """
    if not fields:
        return batch
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    if len(columns) < batch.num_columns:  # names that appear twice: leave them to `schema`
        arrays, names = list(batch.columns), list(batch.schema.names)
        for name, value in fields:
            if name not in columns:
                arrays.append(pa.repeat(pa.scalar(value, pa.string()), batch.num_rows))
                names.append(name)
        return _made(arrays, names, batch)
    for name, value in fields:
        whole = pa.repeat(pa.scalar(value, pa.string()), batch.num_rows)
        own = columns.get(name)
        if own is not None and own.null_count < len(own):
            report.override(name, len(own) - own.null_count)
            whole = pc.coalesce(own, whole) if pa.types.is_string(own.type) else own
        columns[name] = whole
    return _made(list(columns.values()), list(columns), batch)


def _made(arrays: list[pa.Array], names: list[str], batch: pa.RecordBatch) -> pa.RecordBatch:
    fields = [pa.field(name, array.type) for name, array in zip(names, arrays, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields, metadata=batch.schema.metadata))
