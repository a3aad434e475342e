"""Celery with its official instrumentation: real workers of processes, of threads, and one that is killed.

A prefork worker's children are forks that the pool ends as it likes: after a number of tasks, at a time limit,
at a warm shutdown. Each writes its own file, and what has ended is in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.instrument_process import PASSWORD, ROOT, events_in, leaks, read, run

TASKS = f"""
import os, signal, time
from billiard.popen_fork import Popen
from celery import Celery, signals
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from obskit.instrument import add, configure, event

class Lines(SpanExporter):
    def export(self, spans):
        with open("exported", "a") as file:
            file.writelines(str(os.getpid()) + chr(10) for span in spans if span.name == "run/mailer.mail")
        return SpanExportResult.SUCCESS

# At its hard time limit, a process is asked to end and killed 0.1 s later: on a busy machine, before it has written.
wait = Popen.wait
Popen.wait = lambda self, timeout=None: wait(self, 20 if timeout == 0.1 else timeout)

handle = configure("mailer", sink="events", unfinished_after=0.2, processors=[BatchSpanProcessor(Lines())])
CeleryInstrumentor().instrument()
app = Celery("mailer", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
app.conf.update(worker_lost_wait=0.1, worker_timer_precision=0.05)

@signals.worker_process_shutdown.connect
def flush(**_):
    handle.flush(2)

@app.task
def mail(n):
    add({{"mail.n": n}})
    with event("render", n=n):
        add(rendered=True)

@app.task
def bad():
    raise ValueError("no such address, password={PASSWORD}")

@app.task(bind=True, max_retries=1)
def again(self):
    add(attempt=self.request.retries)
    if not self.request.retries:
        raise self.retry(countdown=0, exc=ConnectionError("later"))

@app.task(soft_time_limit=1)
def slow():
    time.sleep(60)

@app.task(time_limit=1)
def stuck():
    add(seat="14C")
    time.sleep(60)

@app.task
def starved():
    add(seat="15A")
    while not handle.counters["unfinished"]:
        time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGKILL)
"""
ORDER = """
import sys, time
sys.path.insert(0, ".")
import mailer
from obskit.instrument import event

with event("order"):
    sent = [getattr(mailer, name).delay() for name in ("stuck", "slow", "bad", "again", "starved")]
    sent += [mailer.mail.delay(n) for n in range(10)]
deadline = time.monotonic() + 60
while not all(result.ready() for result in sent):
    assert time.monotonic() < deadline, [result.state for result in sent]
    time.sleep(0.05)
"""
QUIET = "--without-gossip --without-mingle --without-heartbeat --loglevel WARNING".split()


@pytest.fixture
def worker(
    tmp_path: Path, redis_port: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with four processes that run three tasks each; TASKS are in tmp_path."""
    (tmp_path / "mailer.py").write_text(TASKS)
    monkeypatch.setenv("BROKER", f"redis://:{PASSWORD}@127.0.0.1:{redis_port}/1")
    words = ["-A", "mailer", "worker", "--pool", "prefork", "-c", "4", "--max-tasks-per-child", "3", *QUIET]
    with (tmp_path / "worker.log").open("w") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    yield worker
    worker.kill()
    worker.wait(30)


def order(folder: Path) -> None:
    """Send one of each task and ten mails, and wait until they have ended."""
    script = textwrap.dedent(ORDER)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_celery_prefork(worker: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """All tasks of replaced children are in one trace, and each consumer's parent is its producer."""
    order(tmp_path)
    worker.terminate()
    assert worker.wait(30) == 0
    rows = read(tmp_path / "events")
    (order_row,) = [row for row in rows if row["name"] == "order" and not row.get("obskit.unfinished")]
    producers = {row["span_id"]: row for row in rows if row["kind"] == "producer"}
    units = [row for row in rows if row["kind"] == "consumer" and not row.get("obskit.unfinished")]
    by_name: dict[str, list[dict[str, Any]]] = {}
    for row in units:
        by_name.setdefault(row["name"].removeprefix("run/mailer."), []).append(row)
        parent = producers[row["parent_span_id"]]
        assert parent["trace_id"] == row["trace_id"]
        assert parent["process.pid"] != row["process.pid"] or row["name"] == "run/mailer.again"
    assert sorted(row["mail.n"] for row in by_name["mail"]) == list(range(10))
    renders = {row["n"]: row for row in rows if row["name"] == "render"}
    for row in by_name["mail"]:
        assert row["trace_id"] == order_row["trace_id"]
        assert row["rendered"] is True
        assert row["celery.state"] == "SUCCESS"
        assert renders[row["mail.n"]]["parent_span_id"] == row["span_id"]

    (bad,) = by_name["bad"]
    assert (bad["status_code"], bad["error.type"], bad["celery.state"]) == ("ERROR", "ValueError", "FAILURE")
    assert bad["exception.message"] == "no such address, password=[redacted]"
    first, second = sorted(by_name["again"], key=lambda row: row["attempt"])
    assert (first["celery.state"], first["status_code"]) == ("RETRY", "UNSET")
    assert (second["celery.state"], second["trace_id"]) == ("SUCCESS", first["trace_id"])
    (slow,) = by_name["slow"]
    assert slow["error.type"] == "billiard.exceptions.SoftTimeLimitExceeded"

    # A task that its pool ends at its hard time limit has an event without a state, one that SIGKILL ended
    # a provisional one alone.
    (stuck,) = by_name["stuck"]
    assert (stuck["seat"], stuck["status_code"]) == ("14C", "UNSET")
    assert stuck["duration_ms"] > 900
    assert [row["name"] for row in units if "celery.state" not in row] == ["run/mailer.stuck"]
    assert "starved" not in by_name
    (starved,) = [row for row in rows if row["name"] == "run/mailer.starved"]
    assert (starved["seat"], starved["obskit.unfinished"]) == ("15A", True)

    workers = {row["process.pid"] for row in units}
    assert len(workers) >= 4
    for path in (tmp_path / "events").glob("*.jsonl"):
        pids = {orjson.loads(line)["process.pid"] for line in path.read_bytes().splitlines()}
        assert pids == {int(path.name.split("-")[-2])}
    assert leaks(tmp_path / "events", PASSWORD) == []
    # Processors have what the pool's children flushed as they ended, those that were killed apart.
    killed = {stuck["process.pid"], starved["process.pid"]}
    exported = [int(pid) for pid in (tmp_path / "exported").read_text().split()]
    assert sorted(pid for pid in exported if pid not in killed) == sorted(
        row["process.pid"] for row in by_name["mail"] if row["process.pid"] not in killed
    )
    loaded = events_in(tmp_path / "events")
    ended = loaded.where("kind = 'consumer' and celery.state is not null").query("count()")
    assert ended.to_arrow().column(0).to_pylist() == [len(units) - 1]


IN_THREADS = """
import sys, threading
from celery import Celery
from celery.contrib.testing.worker import start_worker
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from obskit.instrument import add, configure, event

handle = configure("mailer", sink=sys.argv[1])
CeleryInstrumentor().instrument(use_span_links=True)
app = Celery("mailer", broker="memory://", backend="cache+memory://")
app.conf.broker_transport_options = {"polling_interval": 0.02}
both = threading.Barrier(2, timeout=20)

@app.task
def mail(n):
    add(before=n)
    both.wait()
    add(thread=threading.get_ident(), after=n)

with start_worker(app, pool="threads", concurrency=2, perform_ping_check=False, loglevel="ERROR"):
    with event("order"):
        sent = [mail.delay(n) for n in range(6)]
        sent.append(app.send_task("mailer.mail", [6]))
        sent.append(app.send_task("mailer.mail", [7]))
    for result in sent:
        result.get(timeout=20, interval=0.02)
print(handle.counters["outside"], handle.counters["late"], handle.counters["failed"])
"""


def test_celery_in_threads_with_links(tmp_path: Path) -> None:
    """Two concurrent tasks in one process add to their own events. With links, each task is its own trace."""
    assert run(IN_THREADS, str(tmp_path)) == "0 0 0\n"
    rows = read(tmp_path)
    producers = {row["span_id"]: row for row in rows if row["kind"] == "producer"}
    units = [row for row in rows if row["kind"] == "consumer"]
    assert sorted(row["before"] for row in units) == list(range(8))
    assert all(row["before"] == row["after"] for row in units)
    assert len({row["thread"] for row in units}) == 2
    assert len(producers) == 8
    assert {row["links"][0]["span_id"] for row in units} == set(producers)
    assert not {row["trace_id"] for row in units} & {row["trace_id"] for row in producers.values()}
    assert all("parent_span_id" not in row for row in units)


LOOP = """
import os, signal, sys, threading, time
from obskit.instrument import configure, event
handle = configure("loop", sink=sys.argv[1])
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
with event("job", n=1):
    time.sleep(60)
"""


def test_a_worker_that_turns_sigterm_into_a_normal_exit_writes_its_open_unit(tmp_path: Path) -> None:
    assert run(LOOP, str(tmp_path)) == ""
    (row,) = read(tmp_path)
    assert (row["n"], row["status_code"]) == (1, "UNSET")
    assert "obskit.unfinished" not in row
