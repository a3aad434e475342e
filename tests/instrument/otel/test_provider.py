"""Our provider behaves as OpenTelemetry's: context, propagation, processors, the official exporters."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import baggage, propagate, trace
from opentelemetry.context import attach, detach
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, StatusCode

from obskit.instrument import Handle, add, event
from tests.support.instrument_process import events_in, read, run

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_an_event_is_the_current_span(service: Service, rows: Rows) -> None:
    service()
    with event("book") as e:
        current = trace.get_current_span()
        assert current is e
        assert current.is_recording()
        current.set_attribute("from.otel", 1)
        current.set_attributes({"and": True})
        context = current.get_span_context()
        assert context.is_valid
    assert not trace.get_current_span().get_span_context().is_valid
    (row,) = rows()
    assert row["from.otel"] == 1
    assert f"{context.trace_id:032x}" == row["trace_id"]
    assert f"{context.span_id:016x}" == row["span_id"]


def test_traceparent_comes_in_and_goes_out_with_baggage(service: Service, rows: Rows) -> None:
    service()
    inward = propagate.extract(
        {"traceparent": TRACEPARENT, "tracestate": "vendor=1", "baggage": "tenant=acme"}
    )
    tracer = trace.get_tracer("t")
    with tracer.start_as_current_span("GET /book", context=inward, kind=SpanKind.SERVER) as span:
        token = attach(baggage.set_baggage("seat", "14C"))
        outward: dict[str, str] = {}
        propagate.inject(outward)
        detach(token)
        add(deep=1)
        own = f"{span.get_span_context().span_id:016x}"
    (row,) = rows()
    assert row["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert row["parent_span_id"] == "b7ad6b7169203331"
    assert row["trace_state"] == "vendor=1"
    assert row["kind"] == "server"
    assert row["deep"] == 1
    assert outward["traceparent"][:53] == f"00-{row['trace_id']}-{own}-"[:53]
    assert outward["traceparent"].endswith(("01", "03"))
    assert outward["tracestate"] == "vendor=1"
    assert "seat=14C" in outward["baggage"]


def test_processors_get_a_readable_span(service: Service) -> None:
    exporter = InMemorySpanExporter()
    started: list[Any] = []

    class Watch(SpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            started.append((span.name, span.kind, dict(span.attributes)))
            span.set_attribute("from.processor", True)

    service(processors=[Watch(), SimpleSpanProcessor(exporter)])
    with event("request") as parent:
        link = Link(parent.get_span_context(), {"why": "retry"})
        with trace.get_tracer("lib", "1.2").start_as_current_span(
            "query", kind=SpanKind.CLIENT, attributes={"db.system.name": "postgresql"}, links=[link]
        ) as span:
            span.add_event("retry", {"n": 1})
            span.update_name("SELECT")
            span.set_status(StatusCode.ERROR, "gone")
            span.set_attribute("list", [1, 2])
    query, request = exporter.get_finished_spans()
    assert [name for name, _, _ in started] == ["request", "query"]
    assert started[1][2] == {"db.system.name": "postgresql"}
    assert query.name == "SELECT"
    assert query.kind is SpanKind.CLIENT
    assert query.parent == request.context
    assert dict(query.attributes or {}) == {
        "db.system.name": "postgresql",
        "list": (1, 2),
        "from.processor": True,
    }
    assert query.status.status_code is StatusCode.ERROR
    assert query.status.description == "gone"
    assert [(e.name, dict(e.attributes or {})) for e in query.events] == [("retry", {"n": 1})]
    assert query.links[0].context == request.context
    assert query.instrumentation_scope is not None
    assert query.instrumentation_scope.name == "lib"
    assert query.resource.attributes["service.name"] == "booking"
    assert query.start_time is not None
    assert query.end_time is not None
    assert request.start_time is not None
    assert request.start_time <= query.start_time <= query.end_time


def test_span_events_and_links_are_on_the_row(service: Service, rows: Rows) -> None:
    handle = service()
    with event("first") as first:
        pass
    with event("second") as second:
        second.add_link(first.get_span_context(), {"why": "follows"})
        second.add_event("retry", {"n": 1})
    row = rows()[1]
    assert row["links"] == [
        {"trace_id": first.trace_hex, "span_id": first.span_hex, "attributes": '{"why":"follows"}'}
    ]
    assert row["events"][0]["name"] == "retry"
    assert row["events"][0]["attributes"] == '{"n":1}'
    second.add_link(first.get_span_context())
    second.add_event("too late")
    assert handle.counters["late"] == 2


def test_processors_are_notified_when_any_kind_of_block_begins(service: Service) -> None:
    notified: list[tuple[str, str, int]] = []

    class Watch(SpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            notified.append(("start", span.name, span.context.span_id))

        def on_end(self, span: Any) -> None:
            notified.append(("end", span.name, span.context.span_id))

    @event("call")
    def call() -> None: ...

    @event("coroutine")
    async def coroutine() -> None: ...

    @event("steps")
    def steps() -> Generator[int, None, None]:
        yield 1
        yield 2

    @event("stream")
    async def stream() -> AsyncGenerator[int, None]:
        yield 1
        yield 2

    async def consume() -> None:
        await coroutine()
        assert [item async for item in stream()] == [1, 2]

    service(processors=[Watch()])
    with event("block"):
        pass
    call()
    assert list(steps()) == [1, 2]
    asyncio.run(consume())
    names = ("block", "call", "steps", "coroutine", "stream")
    assert [item[:2] for item in notified] == [(when, name) for name in names for when in ("start", "end")]
    assert [begun[2] for begun in notified[::2]] == [ended[2] for ended in notified[1::2]]
    assert len({number for _, _, number in notified}) == len(names)


def test_an_event_inside_an_unusable_span_begins_its_own_trace(service: Service, rows: Rows) -> None:
    handle = service()

    @event("steps")
    def steps() -> Generator[dict[str, str], None, None]:
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        yield carrier

    with trace.use_span(trace.NonRecordingSpan("no context")):  # type: ignore[arg-type]
        with event("book") as e:
            add(seat="14C")
        (carrier,) = steps()
    tracer = trace.get_tracer("host")
    with trace.use_span(event("never entered")), tracer.start_as_current_span("select"):
        add(seats=1)
    book, stepped, select = rows()
    assert (book["span_id"], book["seat"], "parent_span_id" in book) == (e.span_hex, "14C", False)
    assert carrier["traceparent"].startswith(f"00-{stepped['trace_id']}-{stepped['span_id']}-")
    assert (select["name"], select["seats"], "parent_span_id" in select) == ("select", 1, False)
    assert handle.counters["failed"] == 3


def test_a_processor_that_raises_is_only_counted(service: Service, rows: Rows) -> None:
    class Broken(SpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            raise RuntimeError("start")

        def on_end(self, span: Any) -> None:
            raise RuntimeError("end")

    handle = service(processors=[Broken()])
    with event("book"):
        pass
    assert len(rows()) == 1
    assert handle.counters["failed"] == 2


def test_it_joins_an_installed_provider(tmp_path: Path) -> None:
    out = run(
        """
        import sys
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
        from obskit.instrument import add, configure, event, part
        handle = configure("booking", version="2", sink=sys.argv[1])
        assert trace.get_tracer_provider() is provider
        with trace.get_tracer("web").start_as_current_span("GET /book"):
            with event("price", n=1) as e:
                e["token"] = "hidden-from-us"
                e.add(m=2)
                add(deep=True)
                with part("look up"): pass
        try:
            with event("bad"): raise ValueError("no")
        except ValueError: pass
        e.add(late=1)
        print(handle.mode, handle.counters["written"], handle.counters["late"])
        """,
        str(tmp_path),
    )
    assert out == "joined 3 1\n"
    rows = {row["name"]: row for row in read(tmp_path)}
    assert rows["price"]["parent_span_id"] == rows["GET /book"]["span_id"]
    assert rows["price"]["m"] == 2
    assert rows["price"]["token"] == "[redacted]"
    assert rows["GET /book"]["deep"] is True
    assert rows["GET /book"]["part.look_up.count"] == 1
    assert rows["GET /book"]["sample_weight"] == 1.0
    assert rows["bad"]["error.type"] == rows["bad"]["exception.type"] == "ValueError"
    assert rows["bad"]["status_code"] == "ERROR"
    assert rows["bad"]["service.version"] == "2"


def test_under_an_installed_provider_files_rotate_and_hangs_are_written(tmp_path: Path) -> None:
    run(
        """
        import sys, time
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        trace.set_tracer_provider(TracerProvider())
        from obskit.instrument import Files, add, configure, event
        from obskit.instrument.api import Active
        handle = configure("booking", sink=sys.argv[1], files=Files(rotate_bytes=2000), unfinished_after=0.1)
        with trace.get_tracer("web").start_as_current_span("GET /book"):
            add({"seat": "14C", "token": "hidden-from-us"})
            for n in range(50):
                with event("price", n=n): pass
            while handle.counters["unfinished"] < 1 or not list(Active.runtime.sink.path.glob("*.gz")):
                time.sleep(0.02)
        assert handle.counters["written"] == 52 and not Active.runtime.open_units
        assert handle.counters["failed"] == handle.counters["unfinished"] - 1 == 0
        """,
        str(tmp_path),
    )
    assert list(tmp_path.glob("*.gz"))
    events = events_in(tmp_path)
    assert (events.dataset.rows, events.load_report.replaced) == (51, 1)
    (row,) = [row for row in read(tmp_path) if row.get("obskit.unfinished")]
    assert (row["name"], row["seat"], row["token"]) == ("GET /book", "14C", "[redacted]")


class Receiver(BaseHTTPRequestHandler):
    bodies: list[bytes] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).bodies.append(body)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def http_receiver() -> Iterator[str]:
    Receiver.bodies.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


SEND = """
import sys
from obskit.instrument import configure, event
handle = configure("booking", sink=sys.argv[1], otlp=sys.argv[2], protocol=sys.argv[3])
for n in range(50):
    with event("book", {"seat.count": n}) as e:
        e["password"] = "hunter2-hunter2"
assert handle.flush(20)
handle.shutdown()
print(handle.counters["written"], handle.counters["failed"])
"""


def attributes(span: Any) -> dict[str, Any]:
    return {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in span.attributes}


def check(requests: list[Any]) -> None:
    resources = [r for request in requests for r in request.resource_spans]
    assert {
        a.value.string_value for r in resources for a in r.resource.attributes if a.key == "service.name"
    } == {"booking"}
    spans = [span for r in resources for scope in r.scope_spans for span in scope.spans]
    assert sorted(attributes(span)["seat.count"] for span in spans) == list(range(50))
    assert {attributes(span)["password"] for span in spans} == {"[redacted]"}


def test_otlp_over_http_with_the_official_exporter(http_receiver: str, tmp_path: Path) -> None:
    messages = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    import gzip

    assert run(SEND, str(tmp_path), http_receiver, "http/protobuf") == "50 0\n"
    plain = [gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body for body in Receiver.bodies]
    check([messages.ExportTraceServiceRequest.FromString(body) for body in plain])
    assert len(read(tmp_path)) == 50


def test_otlp_over_grpc_with_the_official_exporter(tmp_path: Path) -> None:
    grpc = pytest.importorskip("grpc")
    messages = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    services = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc")
    got: list[Any] = []

    class Servicer(services.TraceServiceServicer):  # type: ignore[misc, name-defined]
        def Export(self, request: Any, context: Any) -> Any:
            got.append(request)
            return messages.ExportTraceServiceResponse()

    server = grpc.server(futures.ThreadPoolExecutor(2))
    services.add_TraceServiceServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert run(SEND, str(tmp_path), f"http://127.0.0.1:{port}", "grpc") == "50 0\n"
    finally:
        server.stop(None).wait(5)
    check(got)
