"""The reader of prefixes keeps the contract: JSON lines, text and access logs behind prefixes."""

import json

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from obskit.readers.prefixed.reader import READER
from obskit.testing import ReaderContract, encoded

pytestmark = pytest.mark.once


class TestKubectl(ReaderContract):
    """JSON lines hold everything; the prefix adds the pod and the container."""

    reader = READER

    def adds(self, table):
        return {"k8s.pod.name": "shop-1", "k8s.container.name": "app"}

    def carries(self, table):
        present = [name for name in ("k8s.pod.name", "k8s.container.name") if name in table.schema.names]
        return table.drop_columns(present)

    def write(self, table):
        lines = encoded(table, "jsonl").splitlines(keepends=True)
        return b"".join(b"[pod/shop-1/app] " + line for line in lines)

    def spoiled(self, data):
        return data + b'[pod/shop-1/app] {"torn": \n'


class TestContainerRuntime(TestKubectl):
    def adds(self, table):
        time = pa.scalar(1_777_888_800_501_234, pa.timestamp("us", "UTC"))
        return {"log.iostream": "stdout", "observed_timestamp": pa.repeat(time, table.num_rows)}

    def write(self, table):
        lines = encoded(table, "jsonl").splitlines(keepends=True)
        return b"".join(b"2026-05-04T10:00:00.501234567Z stdout F " + line for line in lines)

    def spoiled(self, data):
        return data + b'2026-05-04T10:00:00.501234567Z stdout F {"torn": \n'


class TestDocker(TestContainerRuntime):
    def write(self, table):
        rows = (
            {"log": line, "stream": "stdout", "time": "2026-05-04T10:00:00.501234567Z"}
            for line in encoded(table, "jsonl").decode().splitlines(keepends=True)
        )
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    def spoiled(self, data):
        return data + b'{"torn": \n'


class TestSyslog(ReaderContract):
    """Text behind a prefix; its torn end looks whole."""

    reader = READER
    keeps = ("timestamp", "kind", "body", "error")
    tells_torn = False

    def adds(self, table):
        return {
            "host.name": "web-1",
            "service.name": "shop",
            "process.pid": pa.repeat(12, table.num_rows),
            "severity_text": "info",
            "severity_number": pa.repeat(pa.scalar(9, pa.int32()), table.num_rows),
            "syslog.facility": "user",
        }

    def carries(self, table):
        return table.filter(pc.and_(pc.is_valid(table["body"]), pc.invert(table["error"])))

    def write(self, table):
        return "".join(
            f"<14>1 {row['timestamp']:%Y-%m-%dT%H:%M:%S.%fZ} web-1 shop 12 - - {row['body']}\n"
            for row in table.to_pylist()
        ).encode()

    def spoiled(self, data):
        return data + b"<14>1 no header\n"
