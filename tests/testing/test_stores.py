"""Readers of tracing stores and Delta tables keep the contract.

The incident is written to the store as OTLP, and the reader reads what the store makes of it.
"""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

import deltalake
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.clickhouse import READER as CLICKHOUSE
from obskit.readers.tables.arrow_parquet import PARQUET
from obskit.readers.tables.delta import LOG
from obskit.readers.tables.delta import READER as DELTA
from obskit.schema.types import json_text
from obskit.testing import ReaderContract, encoded
from tests.support.clickhouse_tables import exported, written
from tests.support.tempo_blocks import stored

ENTRY = f"{LOG}/{0:020d}.json"


class Spans(ReaderContract):
    """Stores of traces have no log records."""

    def carries(self, table):
        return table.filter(pc.is_valid(table["duration_ms"]))


class TestClickhouseLines(Spans):
    """`FORMAT JSONEachRow` of `otel_traces`, where every attribute is text: numbers come back, lists are JSON."""

    reader = CLICKHOUSE

    def write(self, table):
        return written(exported(encoded(table, "otlp-json")), "lines")

    def adds(self, table):
        lists = [name for name in ("cart.items", "passenger.names") if name in table.schema.names]
        return {
            name: pa.array([v if v is None else json_text(v) for v in table[name].to_pylist()], pa.string())
            for name in lists
        }

    def spoiled(self, data):
        return data.replace(b"\n", b'\n{"Timestamp": \n', 1)


class TestClickhouseParquet(TestClickhouseLines):
    reader = PARQUET

    def write(self, table):
        return written(exported(encoded(table, "otlp-json")), "parquet")

    def spoiled(self, data):
        return None


class TestTempo(Spans):
    """A block of `vParquet4`."""

    reader = PARQUET

    def write(self, table):
        return stored(encoded(table, "otlp-json"))


class TestDelta(ReaderContract):
    """The file is an entry of the table's log; the rows are in files next to it."""

    reader = DELTA

    def setup_method(self, method):
        self.parts = {}

    def write(self, table):
        with TemporaryDirectory() as folder:
            deltalake.write_deltalake(folder, table)
            self.parts |= {path.name: path.read_bytes() for path in Path(folder).glob("*.parquet")}
            return (Path(folder) / ENTRY).read_bytes()

    def place(self, data, folder):
        entry = folder / ENTRY
        entry.parent.mkdir()
        entry.write_bytes(data)
        for name, part in self.parts.items():
            (folder / name).write_bytes(part)
        return entry

    def test_compressed(self):
        raise unittest.SkipTest("an entry of a Delta table's log is never compressed")
