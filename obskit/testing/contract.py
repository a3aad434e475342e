"""The contract that every reader keeps, as a suite of tests that a reader of another package can run too.

::

    class TestMyReader(ReaderContract):
        reader = my_package.READER

        def write(self, table):
            return my_package.dumps(table.to_pylist())

pytest finds the tests; nothing here needs it. A format that cannot carry all of the incident says which rows
it carries (`carries`), which fields it keeps (`keeps`), and which it has of its own (`adds`); the table that
is loaded must be just that, no field less and none more.
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


class Loaded(NamedTuple):
    """A file's events in their final schema, what was counted, and where the file was."""

    table: pa.Table
    report: LoadReport
    path: Path


class ReaderContract:
    """Tests of one reader. A subclass has a name that pytest collects, `reader` and `write`.

    Attributes:
        reader: under test; it need not be registered.
        options: how the reader is asked to read the files that `write` makes.
        tells_torn: the format tells that a record breaks off; False for one, such as CSV, whose torn last
            record may look whole.
        keeps: fields of the incident that the format has a place for; None: all of them. `error` is among
            them where what the format keeps says it.
    """

    reader: ClassVar[Reader]
    options: ClassVar[ReadOptions] = READ_AS_IS
    tells_torn: ClassVar[bool] = True
    keeps: ClassVar[Collection[str] | None] = None

    # What a subclass says.

    def write(self, table: pa.Table) -> bytes:
        """Return the events of a table, which lie as in a Dataset, as a file of the format.

        Args:
            table: rows that the format carries, all of their fields.
        """
        raise NotImplementedError

    def events(self) -> pa.Table:
        """Return what happened, the same for every format: the incident."""
        return incident()

    def carries(self, table: pa.Table) -> pa.Table:
        """Return the rows that the format has a place for, such as spans or requests; all by default."""
        return table

    def adds(self, table: pa.Table) -> Mapping[str, Any]:  # noqa: ARG002
        """Return fields that the format has of its own, or says in its own way, when `table` is written.

        Returns:
            Field -> the value that all rows have, or an array of the rows' values.
        """
        return {}

    def expected(self, table: pa.Table) -> pa.Table:
        """Return what of the carried rows comes back: what `keeps` and `adds` say."""
        return kept(table, self.keeps, self.adds(table))

    def place(self, data: bytes, folder: Path) -> Path:
        """Write a file where its reader looks for it, and what belongs beside it; return where it is."""
        path = folder / "events"
        path.write_bytes(data)
        return path

    def spoiled(self, data: bytes) -> bytes | None:  # noqa: ARG002
        """Return what `write` gave with one record that cannot be read in it; None if there is no way."""
        return None

    # What holds for every reader.

    def test_the_same_incident_gives_the_same_table(self) -> None:
        """All values, types and nulls of what the format keeps come back as they were, and nothing else."""
        table = self._carried()
        loaded = self._load(self.write(table))
        _none(differences(loaded.table, self.expected(table)))
        _none([str(rejection) for rejection in loaded.report.rejected])

    def test_what_it_keeps_can_be_compared(self) -> None:
        """There is a row, and a value of each field that is kept: else nothing would be compared."""
        table = self._carried()
        _true(table.num_rows > 0, "not one row of the incident is carried")
        own = self.adds(table)
        for name in self.keeps or ():
            there = name in table.schema.names and table.column(name).null_count < table.num_rows
            _true(there, f"{name} is said to be kept, but no carried row has it")
            _true(name not in own, f"{name} is said to be kept, and to be the format's own")

    def test_it_knows_its_own_files(self) -> None:
        """The first bytes are enough, of a large file and of a small one."""
        for rows in (None, 1):
            head = self.write(self._carried(rows))[: 64 * 1024]
            _true(
                self.reader.sniff(head) > Match.NO,
                f"{self.reader.name} does not know what it reads: {head[:80]!r}",
            )
            _true(self.reader.sniff(head) == self._best(head), f"another reader is surer of {head[:80]!r}")

    def test_it_leaves_other_formats_alone(self) -> None:
        """Of another format's bytes it is not sure, or less so than that format's own reader."""
        owners = {reader.name: reader for reader in REGISTRY.readers()}
        for name, head in samples().items():
            found = self.reader.sniff(head[: 64 * 1024])
            if found is Match.NO or name == self.reader.name:
                continue
            surer = name in owners and owners[name].sniff(head[: 64 * 1024]) > found
            _true(surer, f"{self.reader.name} takes {name} for its own ({found.name})")

    def test_an_empty_file(self) -> None:
        """It is a clear error for whoever loads it, and nothing that the reader breaks on."""
        for data in (b"", b"\n"):
            try:
                loaded = self._load(data)
            except ObskitError:
                continue
            _true(loaded.table.num_rows == 0, f"{loaded.table.num_rows} rows of {data!r}")

    def test_torn_at_any_place(self) -> None:
        """The records before the break are there as they were; that something is missing is said."""
        data = self.write(self._carried(FEW))
        whole = _rows(self._load(data).table)
        silent = 0
        for cut in _places(len(data)):
            try:
                loaded = self._load(data[:cut])
            except ReadError:
                continue
            rows = _rows(loaded.table)
            strange = [row for row in rows if row not in whole]
            _true(
                len(strange) <= (not self.tells_torn),
                f"torn at byte {cut:,}: a row that was not written: {strange}",
            )
            silent += len(rows) < len(whole) and not loaded.report.rejected_count
        # A file that ends between two records is a file: before and after what stands between them.
        if self.tells_torn:
            _true(silent <= 2 * FEW, f"torn at {silent} places without a word about it")

    def test_compressed(self) -> None:
        """gzip, zstd and bzip2 change nothing, as far as this version reads them."""
        table = self._carried()
        data = self.write(table)
        for packed in (
            gzip.compress(data),
            pa.Codec("zstd").compress(data, asbytes=True),
            bz2.compress(data),
        ):
            with TemporaryDirectory() as folder:
                path = self.place(packed, Path(folder))
                if Source(path).compression is not None:
                    _none(differences(self._load(packed).table, self.expected(table)))

    def test_hostile_bytes(self) -> None:
        """Whatever the bytes are, it is rows and counted rejections, or one of obskit's errors."""
        data = self.write(self._carried(FEW))
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
            _true(loaded.table.num_rows <= 50 * FEW, f"{loaded.table.num_rows} rows of mutant {number}")

    def test_what_cannot_be_read_is_counted_with_its_place(self) -> None:
        """One bad record is one rejection with file and position; the good ones beside it are there."""
        data = self.write(self._carried())
        spoiled = self.spoiled(data)
        if spoiled is None:
            raise unittest.SkipTest("the format has no record that can be spoiled alone")
        whole = _rows(self._load(data).table)
        loaded = self._load(spoiled)
        rows = _rows(loaded.table)
        _true(len(rows) >= len(whole) - 1, f"{len(rows)} rows of {len(whole)} beside one that is spoiled")
        _true(all(row in whole for row in rows), "a row that was not written")
        _true(loaded.report.rejected_count == 1, f"rejected: {[str(one) for one in loaded.report.rejected]}")
        (rejection,) = loaded.report.rejected
        _true(rejection.file == str(loaded.path), f"the file of a rejection is {rejection.file!r}")
        _true(
            bool(rejection.position and rejection.reason),
            f"a rejection without a place or reason: {rejection}",
        )

    def _carried(self, rows: int | None = None) -> pa.Table:
        """Return the first rows that the format carries, with the fields that these have."""
        table = self.carries(self.events()).slice(0, rows)
        filled = [name for name in table.schema.names if table.column(name).null_count < table.num_rows]
        return table.select(filled)

    def _load(self, data: bytes) -> Loaded:
        """Load a file of these bytes by the reader, which is asked first whether it is one of its own.

        Raises:
            ReadError: the reader says no, or that it cannot be read.
        """
        report = LoadReport()
        normalizer = Normalizer(report, self.options)
        with TemporaryDirectory() as folder:
            path = self.place(data, Path(folder))
            source = Source(path)
            if self.reader.sniff(source.head) is Match.NO:
                raise ReadError(f"{path} is no {self.reader.name}")
            raw = self.reader.read(source, report.file(path), self.options)
            batches = [normalizer.batch(batch) for batch in raw]
        schema = normalizer.schema
        table = pa.Table.from_batches([cast(batch, schema) for batch in batches], schema)
        return Loaded(table, report, path)

    def _best(self, head: bytes) -> Match:
        """Return how sure the surest of all readers is."""
        return max(reader.sniff(head) for reader in (*REGISTRY.readers(), self.reader))


def _places(size: int) -> list[int]:
    """Return places to cut at: the first and last bytes one by one, the rest at even distances."""
    edges = {*range(1, min(40, size)), *range(max(1, size - 40), size)}
    return sorted(edges | {size * step // CUTS for step in range(1, CUTS)} - {0})


def _rows(table: pa.Table) -> list[dict[str, str]]:
    """Return rows as they can be compared, whatever other rows and fields there are."""
    return [
        {name: repr(value) for name, value in row.items() if value is not None and value != []}
        for row in table.to_pylist()
    ]


def _true(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)


def _none(found: list[str]) -> None:
    _true(not found, "\n".join(found))
