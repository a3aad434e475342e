"""The contract that every reader keeps, as a suite of tests; readers of other packages can run it too.

::

    class TestMyReader(ReaderContract):
        reader = my_package.READER

        def write(self, table):
            return my_package.dumps(table.to_pylist())

pytest finds the tests; nothing here needs pytest. If a format cannot hold all of the incident, the suite
states which rows it holds (`carries`), which fields it keeps (`keeps`) and which it has of its own (`adds`).
The loaded table must have exactly those fields.
"""

from __future__ import annotations

import bz2
import gzip
import random
import unittest
from collections.abc import Collection, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, NamedTuple

import pyarrow as pa

from obskit.errors import ObskitError, ReadError
from obskit.readers import REGISTRY, Match, Reader, Source
from obskit.schema import READ_AS_IS, LoadReport, Normalizer, ReadOptions, cast
from obskit.testing.canonical import differences, incident, kept
from obskit.testing.format_samples import samples

CUTS = 120
MUTANTS = 60
FEW = 3
HEAD = 64 * 1024


class Loaded(NamedTuple):
    """A file's events in their final schema, the load report, and the file's path."""

    table: pa.Table
    report: LoadReport
    path: Path


class ReaderContract:
    """Tests of one reader. A subclass needs a name that pytest collects, `reader` and `write`.

    Attributes:
        reader: under test; it need not be registered.
        options: how the reader is asked to read the files that `write` makes.
        tells_torn: whether a record that breaks off can be detected; False for a format such as CSV, whose
            torn last record may look whole.
        keeps: fields of the incident that the format can hold; None for all of them. List `error` if it
            follows from the fields that the format keeps.

    Example:
        from obskit.readers import REGISTRY

        class TestJsonl(ReaderContract):
            reader = next(reader for reader in REGISTRY.readers() if reader.name == "flat JSONL")

            def write(self, table):
                return encoded(table, "jsonl")
    """

    reader: ClassVar[Reader]
    options: ClassVar[ReadOptions] = READ_AS_IS
    tells_torn: ClassVar[bool] = True
    keeps: ClassVar[Collection[str] | None] = None

    # To be overridden.

    def write(self, table: pa.Table) -> bytes:
        """Return a file of the format that holds the events of a table.

        Args:
            table: the rows that the format carries, with all of their fields, typed as in a Dataset.

        Returns:
            The bytes of the file.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no write(table), which returns the table as a {self.reader.name} file"
        )

    def events(self) -> pa.Table:
        """Return the events to write, the same for every format: the incident."""
        return incident()

    def carries(self, table: pa.Table) -> pa.Table:
        """Return the rows that the format can hold, such as spans or requests; all by default."""
        return table

    def adds(self, table: pa.Table) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the fields that the format adds, or writes in its own way, when `table` is written.

        Args:
            table: the rows that are written.

        Returns:
            Field -> the value that all rows have, or an array of the rows' values.
        """
        return {}

    def expected(self, table: pa.Table) -> pa.Table:
        """Return the table that has to be loaded once `table` is written: by `keeps` and `adds`."""
        return kept(table, self.keeps, self.adds(table))

    def place(self, data: bytes, folder: Path) -> Path:
        """Write a file, and what belongs next to it, into a folder.

        Args:
            data: the file.
            folder: an empty folder.

        Returns:
            The path of the file.
        """
        path = folder / "events"
        path.write_bytes(data)
        return path

    def spoiled(self, data: bytes) -> bytes | None:  # noqa: ARG002
        """Return a file with one more record, or one changed, that cannot be read; None if none can be.

        Args:
            data: the file, as `write` returned it.

        Returns:
            The bytes of the spoiled file.
        """
        return None

    def carried(self, rows: int | None = None) -> pa.Table:
        """Return what is written: rows that the format carries, with the fields that have a value in them.

        Args:
            rows: number of rows; None for all.

        Returns:
            A table, typed as in a Dataset.
        """
        table = self.carries(self.events()).slice(0, rows)
        filled = [name for name in table.schema.names if table.column(name).null_count < table.num_rows]
        return table.select(filled)

    # The contract.

    def test_the_same_incident_gives_the_same_table(self) -> None:
        """All values, types and nulls that the format keeps come back, and nothing else."""
        table = self.carried()
        loaded = self._load(self.write(table))
        _check_empty(differences(loaded.table, self.expected(table)))
        _check_empty([str(rejection) for rejection in loaded.report.rejected])

    def test_what_it_keeps_can_be_compared(self) -> None:
        """At least one row is carried, and each field in `keeps` has a value; else nothing is compared."""
        table = self.carried()
        _check(table.num_rows > 0, "carries() returns no row")
        own = self.adds(table)
        for name in self.keeps or ():
            has_value = name in table.schema.names and table.column(name).null_count < table.num_rows
            _check(has_value, f"{name} is in keeps, but no row that carries() returns has a value of it")
            _check(name not in own, f"{name} is both in keeps and in adds()")

    def test_it_knows_its_own_files(self) -> None:
        """`sniff` recognizes the first bytes of a large file and of a small one."""
        for rows in (None, 1):
            head = self.write(self.carried(rows))[:HEAD]
            match, best = self.reader.sniff(head), self._best_match(head)
            _check(match > Match.NO, f"{self.reader.name} does not recognize its own file: {head[:80]!r}")
            _check(match == best, f"{self.reader.name} matches {match.name}, another reader {best.name}")

    def test_it_leaves_other_formats_alone(self) -> None:
        """`sniff` rejects files of other formats, or that format's own reader is surer."""
        owners = {reader.name: reader for reader in REGISTRY.readers()}
        for name, data in samples().items():
            head = data[:HEAD]
            match = self.reader.sniff(head)
            if match is Match.NO or name == self.reader.name:
                continue
            surer = name in owners and owners[name].sniff(head) > match
            _check(surer, f"{self.reader.name} takes a file of {name} for its own ({match.name})")

    def test_an_empty_file(self) -> None:
        """It gives no rows, or one of obskit's errors."""
        for data in (b"", b"\n"):
            try:
                loaded = self._load(data)
            except ObskitError:
                continue
            _check(loaded.table.num_rows == 0, f"{loaded.table.num_rows} rows of {data!r}")

    def test_torn_at_any_place(self) -> None:
        """The records before the break come back, and the missing ones are reported."""
        data = self.write(self.carried(FEW))
        whole = _rows(self._load(data).table)
        silent = 0
        for cut in _places(len(data)):
            try:
                loaded = self._load(data[:cut])
            except ReadError:
                continue
            rows = _rows(loaded.table)
            strange = [row for row in rows if row not in whole]
            _check(
                len(strange) <= (not self.tells_torn),
                f"torn at byte {cut:,}: a row that was not written: {strange}",
            )
            silent += len(rows) < len(whole) and not loaded.report.rejected_count
        # A file that ends between two records is a whole file: before and after the separator.
        if self.tells_torn:
            _check(silent <= 2 * FEW, f"torn at {silent} places without a rejection")

    def test_compressed(self) -> None:
        """gzip, zstd and bzip2 change nothing."""
        table = self.carried()
        data = self.write(table)
        for packed in (
            gzip.compress(data),
            pa.Codec("zstd").compress(data, asbytes=True),
            bz2.compress(data),
        ):
            with TemporaryDirectory() as folder:
                path = self.place(packed, Path(folder))
                if Source(path).compression is not None:
                    _check_empty(differences(self._load(packed).table, self.expected(table)))

    def test_a_compressed_file_that_breaks_off(self) -> None:
        """Missing rows are reported: a reader looks at `stream.damage` when the stream ends."""
        data = self.write(self.carried())
        packed = gzip.compress(data)
        whole = self._load(data).table.num_rows
        for cut in (len(packed) // 2, len(packed) - 12):
            try:
                loaded = self._load(packed[:cut])
            except ObskitError:
                continue
            complete = loaded.table.num_rows >= whole
            _check(
                complete or loaded.report.rejected_count > 0,
                f"{loaded.table.num_rows} rows of {whole}, and no rejection: report stream.damage",
            )

    def test_hostile_bytes(self) -> None:
        """Any bytes give rows and rejections, or one of obskit's errors."""
        data = self.write(self.carried(FEW))
        chance = random.Random(20_260_504)  # noqa: S311
        for number in range(MUTANTS):
            mutant = bytearray(data)
            for _ in range(chance.randint(1, 8)):
                at = chance.randrange(len(mutant))
                if number % 3 == 0:
                    mutant[at] = chance.randrange(256)
                elif number % 3 == 1:
                    del mutant[at : at + chance.randint(1, 40)]
                else:
                    mutant[at:at] = chance.choice(
                        (b"\0", b"\xff", b"[" * 500, b'{"a":' * 500, b"9" * 400, data[:200])
                    )
                if not mutant:
                    mutant = bytearray(b"x")
            try:
                loaded = self._load(bytes(mutant))
            except ObskitError:
                continue
            _check(loaded.table.num_rows <= 50 * FEW, f"{loaded.table.num_rows} rows of mutant {number}")

    def test_what_cannot_be_read_is_counted_with_its_place(self) -> None:
        """One bad record is one rejection with file and position; the good ones come back."""
        data = self.write(self.carried())
        spoiled = self.spoiled(data)
        if spoiled is None:
            raise unittest.SkipTest("spoiled() returns None: no single record of the format can be spoiled")
        whole = _rows(self._load(data).table)
        loaded = self._load(spoiled)
        rows = _rows(loaded.table)
        _check(len(rows) >= len(whole) - 1, f"{len(rows)} rows of {len(whole)}; one was spoiled")
        _check(all(row in whole for row in rows), "a row that was not written")
        rejected = [str(rejection) for rejection in loaded.report.rejected]
        _check(loaded.report.rejected_count == 1, f"one rejection was expected, got {rejected}")
        (rejection,) = loaded.report.rejected
        _check(rejection.file == str(loaded.path), f"the rejection names the file {rejection.file!r}")
        _check(
            bool(rejection.position and rejection.reason),
            f"the rejection needs a position and a reason, got {rejection}",
        )

    def _load(self, data: bytes) -> Loaded:
        """Load a file of these bytes with the reader, if its `sniff` accepts them.

        Raises:
            ReadError: `sniff` rejects the file, or it cannot be read.
        """
        report = LoadReport()
        normalizer = Normalizer(report, self.options)
        with TemporaryDirectory() as folder:
            path = self.place(data, Path(folder))
            source = Source(path)
            if self.reader.sniff(source.head) is Match.NO:
                raise ReadError(f"{path} is not a {self.reader.name} file")
            raw = self.reader.read(source, report.file(path), self.options)
            batches = [normalizer.batch(batch) for batch in raw]
        schema = normalizer.schema
        table = pa.Table.from_batches([cast(batch, schema) for batch in batches], schema)
        return Loaded(table, report, path)

    def _best_match(self, head: bytes) -> Match:
        """Return the best match of any reader."""
        return max(reader.sniff(head) for reader in (*REGISTRY.readers(), self.reader))


def _places(size: int) -> list[int]:
    """Return where to cut a file: at each of the first and last bytes, and evenly in between."""
    edges = {*range(1, min(40, size)), *range(max(1, size - 40), size)}
    return sorted(edges | {size * step // CUTS for step in range(1, CUTS)} - {0})


def _rows(table: pa.Table) -> list[dict[str, str]]:
    """Return each row's values as text, without nulls, so that rows of different tables can be compared."""
    return [
        {name: repr(value) for name, value in row.items() if value is not None and value != []}
        for row in table.to_pylist()
    ]


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _check_empty(problems: list[str]) -> None:
    _check(not problems, "\n".join(problems))
