"""A Spark cluster that loses a worker, and statements that are cancelled there."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import obskit as ok
from obskit.events import RemoteEvents
from obskit.explain import Cancelled
from tests.support.spark_cluster import SparkCluster

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def there(spark_cluster: SparkCluster, tmp_path_factory: pytest.TempPathFactory) -> RemoteEvents:
    """The sample in eight files, so that each worker reads some."""
    folder = tmp_path_factory.mktemp("sample")
    rows = ok.load("sample_events").to_arrow()
    size = -(-rows.num_rows // 8)
    for part in range(8):
        pq.write_table(rows.slice(part * size, size), folder / f"{part}.parquet")
    return ok.connect(spark_cluster.url, str(folder))


def test_a_worker_that_dies_during_explain_does_not_change_the_answer(
    there: RemoteEvents, spark_cluster: SparkCluster
) -> None:
    if not spark_cluster.workers:
        pytest.skip("needs a cluster of its own")
    wanted = there.explain("error")
    statements: list[str] = []
    client = there.dataset.client  # type: ignore[attr-defined]
    run = client.run

    def killing(sql: str, cancelled: object = None) -> object:
        statements.append(sql)
        if len(statements) == 2:  # while the rows are read
            threading.Timer(0.2, spark_cluster.kill_worker).start()
        return run(sql, cancelled)

    client.run = killing
    try:
        found = there.explain("error")
    finally:
        client.run = run
    assert len(spark_cluster.workers) == 1
    spark_cluster.add_worker()
    assert found.to_dict()["findings"] == wanted.to_dict()["findings"]
    assert len(wanted.findings) > 1


def test_the_next_question_finds_its_code_compiled(there: RemoteEvents) -> None:
    client = there.dataset.client  # type: ignore[attr-defined]
    run = client.run

    def code_of(limit: float) -> list[str]:
        """Return the code of the statement that fetches the rows to rank."""
        statements: list[str] = []

        def listening(sql: str, cancelled: object = None) -> object:
            statements.append(sql)
            return run(sql, cancelled)

        client.run = listening
        try:
            fields = ["service.name", "http.route"]
            there.where("duration_ms > 1").explain(f"duration_ms > {limit}", history=None, fields=fields)
        finally:
            client.run = run
        # Of statements with groups, Spark shows no code before they run.
        plan = run(f"EXPLAIN CODEGEN {statements[1]}").column(0)[0].as_py()
        return [line for line in plan.splitlines() if line.startswith("/*")]

    code = code_of(140.25)
    assert [code_of(limit) == code for limit in (150.5, 161.0, 170.75)] == [True] * 3
    assert not any("140.25" in line for line in code)
    assert len(code) > 100


def test_a_newer_question_cancels_the_statement_there(there: RemoteEvents) -> None:
    client = there.dataset.client  # type: ignore[attr-defined]
    newer = threading.Event()
    threading.Timer(1.5, newer.set).start()
    began = time.monotonic()
    # Two billion rows per core take far longer than the test may.
    slow = "SELECT sum(a.id * b.id) FROM range(200000) a CROSS JOIN range(2000000) b"
    with pytest.raises(Cancelled):
        client.run(slow, newer.is_set)
    assert time.monotonic() - began < 30
    assert client.run("SELECT 1 AS one").to_pylist() == [{"one": 1}]  # a core is free again


def test_nobody_listens() -> None:
    with pytest.raises(
        ok.RemoteError, match=r"(Spark at sc://127\.0\.0\.1:9 failed|Spark did not answer within)"
    ):
        ok.connect("sc://127.0.0.1:9?timeout=3", "events")


def test_a_table_that_is_not_there(spark_cluster: SparkCluster, tmp_path: Path) -> None:
    with pytest.raises(
        ok.RemoteError, match=r"(?s)^Spark: .*Hint: check the names of the database and the table"
    ):
        ok.connect(spark_cluster.url, "no_such_table")
    with pytest.raises(ok.RemoteError, match=r"^Spark: "):
        ok.connect(spark_cluster.url, str(tmp_path / "nothing"))


class Cable:
    """A TCP connection to a server on loopback that can be cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):  # cut
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)

    def cut(self) -> None:
        for end in [self._listener, *self._ends]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


ENDS_WITHOUT_A_SERVER = """
import sys, obskit as ok
events = ok.connect(sys.argv[1], sys.argv[2])
others = [ok.connect(sys.argv[1], sys.argv[2]) for _ in range(2)]
print(events.query("count()").to_pandas().iloc[0, 0], flush=True)
sys.stdin.readline()  # meanwhile the cable is cut
try:
    events.query("count()", where="error")
except ok.RemoteError as error:
    print(error, flush=True)
"""


def test_a_process_ends_soon_after_its_server_is_gone(
    there: RemoteEvents, spark_cluster: SparkCluster, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"  # for Spark's client takes `python -c` for a run of its doctests
    script.write_text(ENDS_WITHOUT_A_SERVER)
    cable = Cable(int(spark_cluster.url.rpartition(":")[2]))
    folder = there.dataset.table.parts[0]  # type: ignore[attr-defined]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", script, f"sc://127.0.0.1:{cable.port}", folder],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert float(process.stdout.readline()) == there.query("count()").to_pandas().iloc[0, 0]
        cable.cut()
        said, complaints = process.communicate("\n", timeout=300)
    finally:
        process.kill()
    assert f"Spark at sc://127.0.0.1:{cable.port} failed: failed to connect" in said, complaints
    assert process.returncode == 0
