"""One app under three providers: ours, one installed before, and that of `opentelemetry-instrument`."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.instrument_process import PASSWORD, leaks, read, run

APP = f"""
import os, sys, threading
if "sdk" in sys.argv:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    trace.set_tracer_provider(TracerProvider())
from obskit.instrument import add, configure, event
handle = configure("booking", version="2.4.0", sink=sys.argv[1])
if "instrumented" not in sys.argv:
    from opentelemetry.instrumentation.flask import FlaskInstrumentor
    from opentelemetry.instrumentation.requests import RequestsInstrumentor
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
    for instrumentor in (FlaskInstrumentor(), RequestsInstrumentor(), SQLAlchemyInstrumentor()):
        instrumentor.instrument()
import flask, requests, sqlalchemy
from opentelemetry import trace
from werkzeug.serving import make_server

app = flask.Flask("booking")
engine = sqlalchemy.create_engine("sqlite://")

@app.route("/book/<seat>")
def book(seat):
    add({{"seat": seat}})
    with event("price") as e, engine.connect() as connection:
        e["seats"] = 1
        add(priced=True)
        connection.execute(sqlalchemy.text("select '{PASSWORD}'"))
    return seat

@app.route("/bad")
def bad():
    raise ValueError("no seat left, password={PASSWORD}")

server = make_server("127.0.0.1", 0, app, threaded=True)
thread = threading.Thread(target=server.serve_forever, args=(0.02,))
thread.start()
where = f"http://127.0.0.1:{{server.port}}"
with event("order") as order:
    requests.get(where + "/book/14C?token={PASSWORD}", timeout=20)
    requests.get(where + "/bad", timeout=20)
    link = trace.Link(trace.get_current_span().get_span_context(), {{"why": "retry"}})
with trace.get_tracer("queue").start_as_current_span("retry", links=[link]):
    add(again=True)
server.shutdown()
thread.join()
print(handle.mode)
"""


def check(folder: Path) -> None:
    """Check that the rows are the same for any provider."""
    rows = read(folder)
    named = {row["name"]: row for row in rows if row["kind"] != "client"}
    order, book, price, bad, retry = (
        named[name] for name in ("order", "GET /book/<seat>", "price", "GET /bad", "retry")
    )
    clients = {row["span_id"]: row for row in rows if row["kind"] == "client"}
    for server in (book, bad):
        client = clients[server["parent_span_id"]]
        assert client["parent_span_id"] == order["span_id"]
        assert server["trace_id"] == client["trace_id"] == order["trace_id"]
    assert (book["seat"], book["priced"], book["url.query"]) == ("14C", True, "token=[redacted]")
    assert (price["seats"], price["parent_span_id"]) == (1, book["span_id"])
    (select,) = [row for row in clients.values() if "db.query.text" in row]
    assert (select["db.query.text"], select["parent_span_id"]) == ("select ?", price["span_id"])
    assert (bad["status_code"], bad["exception.type"]) == ("ERROR", "ValueError")
    assert bad["exception.message"] == "no seat left, password=[redacted]"
    assert "error.type" in bad
    assert retry["links"] == [
        {"trace_id": order["trace_id"], "span_id": order["span_id"], "attributes": '{"why":"retry"}'}
    ]
    assert (retry["again"], retry["trace_id"] == order["trace_id"]) == (True, False)
    assert {row["service.version"] for row in rows} == {"2.4.0"}
    assert {row["sample_weight"] for row in rows} == {1.0}
    assert len({row["span_id"] for row in rows}) == len(rows)
    assert leaks(folder, PASSWORD) == []


@pytest.mark.parametrize(("how", "mode"), [("own", "own"), ("sdk", "joined")])
def test_one_app_under_our_provider_and_under_another(tmp_path: Path, how: str, mode: str) -> None:
    assert run(APP, str(tmp_path), how) == f"{mode}\n"
    check(tmp_path)


def test_one_app_under_opentelemetry_instrument(tmp_path: Path) -> None:
    """The command installs its provider and instrumentations before the app calls `configure`."""
    (tmp_path / "app.py").write_text(APP)
    command = shutil.which("opentelemetry-instrument", path=str(Path(sys.executable).parent))
    assert command is not None
    quiet = {f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")}
    quiet["OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"] = (  # else it imports every framework there is
        "celery,django,fastapi,grpc_aio_client,grpc_aio_server,grpc_client,grpc_server,httpx,redis"
    )
    done = subprocess.run(
        [command, sys.executable, "app.py", str(tmp_path / "events"), "instrumented"],
        cwd=tmp_path,
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "joined\n"), done.stderr
    check(tmp_path / "events")


KEPT = """
import os, sys, time
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
from obskit.instrument import Files, add, configure
handle = configure("x", sink=sys.argv[1], unfinished_after=0.5, files=Files(rotate_bytes=2000))
tracer = trace.get_tracer("web")
with tracer.start_as_current_span("hanging") as span:
    add(seat="14C")
    while not handle.counters["unfinished"]:
        time.sleep(0.01)
    pid = os.fork()
    if not pid:
        span.end()
        print(handle.counters["inherited"], handle.counters["written"], flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
for n in range(20):
    with tracer.start_as_current_span("work"):
        add(n=n)
while len([name for name in os.listdir(sys.argv[1]) if name.endswith(".gz")]) < 2:
    time.sleep(0.01)
print(handle.counters["unfinished"])
"""


def test_joined_units_that_hang_and_fork_and_files_that_rotate(tmp_path: Path) -> None:
    """The keeper watches a foreign provider's units too."""
    assert run(KEPT, str(tmp_path)) == "1 0\n1\n"
    rows = read_packed(tmp_path)
    hanging = [row for row in rows if row["name"] == "hanging"]
    assert [row.get("obskit.unfinished") for row in hanging] == [True, None]
    assert {row["seat"] for row in hanging} == {"14C"}
    assert sorted(row["n"] for row in rows if row["name"] == "work") == list(range(20))


def read_packed(folder: Path) -> list[dict[str, Any]]:
    packed = sorted(folder.glob("*.jsonl.gz"))
    lines = [line for path in packed for line in gzip.decompress(path.read_bytes()).splitlines()]
    return [orjson.loads(line) for line in lines] + read(folder)


SECRETS_IN_EVENTS = f"""
import sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
trace.set_tracer_provider(TracerProvider())
from obskit.instrument import configure, event
exporter = InMemorySpanExporter()
handle = configure("x", sink=None, processors=[SimpleSpanProcessor(exporter)])
try:
    with event("order"):
        with trace.get_tracer("db", "1.2").start_as_current_span("select", kind=trace.SpanKind.CLIENT) as span:
            span.set_attribute("db.query.text", "select '{PASSWORD}'")
            raise ValueError("password={PASSWORD}")
except ValueError:
    pass
select, order = exporter.get_finished_spans()
assert select.parent == order.context, (select.parent, order.context)
assert select.kind is trace.SpanKind.CLIENT
assert select.instrumentation_scope.name == "db"
assert select.resource.attributes["service.name"] == "x"
assert order.end_time >= select.end_time > select.start_time >= order.start_time
print(select.attributes["db.query.text"], select.attributes["exception.message"], select.status.description)
assert "{PASSWORD}" not in select.to_json() + order.to_json()
handle.shutdown()
"""


def test_our_processors_get_redacted_spans_of_another_provider_too(tmp_path: Path) -> None:
    assert run(SECRETS_IN_EVENTS) == "select ? password=[redacted] ValueError: password=[redacted]\n"
