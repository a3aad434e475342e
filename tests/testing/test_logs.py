"""Readers of logs keep the contract: plain text, logfmt, and JSON documents of records.

They hold the records of the incident that have a message, as a program's console would show them.
"""

import json

import pyarrow.compute as pc

from obskit.readers.app_log.reader import READER as APP_LOG
from obskit.readers.jsonl.documents import READER as DOCUMENT
from obskit.readers.logfmt.reader import READER as LOGFMT
from obskit.testing import ReaderContract
from tests.testing.test_contract import rows_of


class Records(ReaderContract):
    """The records with a message."""

    def carries(self, table):
        return table.filter(pc.is_valid(table["body"]))


class TestApplicationLog(Records):
    """The torn end of a message looks whole: a note says that the file does not end with a line break."""

    reader = APP_LOG
    keeps = ("timestamp", "kind", "body", "severity_text", "severity_number", "error")
    tells_torn = False

    def adds(self, table):
        return {"code.namespace": "shop", "thread.name": "main"}

    def write(self, table):
        return "".join(
            f"{row['timestamp']:%Y-%m-%d %H:%M:%S.%f} [main] {row['severity_text']}  shop - {row['body']}\n"
            for row in table.to_pylist()
        ).encode()

    def carries(self, table):
        return super().carries(table).filter(pc.is_valid(super().carries(table)["severity_text"]))


class TestLogfmt(Records):
    reader = LOGFMT
    keeps = ("timestamp", "body", "error", "trace_id", "span_id", "severity_text", "severity_number")
    tells_torn = False

    def write(self, table):
        return "".join(self.line(row) + "\n" for row in table.to_pylist()).encode()

    def line(self, row):
        pairs = {
            "time": f"{row['timestamp']:%Y-%m-%dT%H:%M:%S.%fZ}",
            **{name: row[name] for name in self.keeps if row.get(name) is not None and name != "timestamp"},
        }
        pairs.pop("severity_number", None), pairs.pop("error", None)
        return " ".join(f"{key}={json.dumps(str(value))}" for key, value in pairs.items())

    def spoiled(self, data):
        return data + b"no pairs here\n"


class TestDocument(ReaderContract):
    reader = DOCUMENT

    def write(self, table):
        return json.dumps({"records": rows_of(table)}, indent=2).encode()

    def spoiled(self, data):
        return data.replace(b"[\n", b"[\n    7,\n", 1)
