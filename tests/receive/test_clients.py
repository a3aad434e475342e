"""What real senders send: OpenTelemetry's own exporters for Python, and its SDK for Node."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from tests.support.receive_harness import kept

grpc = pytest.importorskip("grpc", reason="needs the extra receive-grpc")

PACKAGES = {
    "@opentelemetry/api": "1.9.1",
    "@opentelemetry/exporter-trace-otlp-http": "0.223.1",
    "@opentelemetry/exporter-trace-otlp-proto": "0.223.1",
    "@opentelemetry/sdk-trace-base": "2.12.1",
}
SENDER = """
const kind = process.argv[2], url = process.argv[3], compression = process.argv[4];
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${kind}`);
const { BasicTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-base");
const exporter = new OTLPTraceExporter({ url, compression, headers: { authorization: "Bearer t" } });
const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
const tracer = provider.getTracer("from node");
for (let i = 0; i < 3; i += 1) {
  const span = tracer.startSpan(`node ${i}`, { attributes: { n: i, big: "x".repeat(2000), ok: true, part: 0.5 } });
  span.addEvent("half");
  span.end();
}
provider.forceFlush().then(() => provider.shutdown()).catch((error) => { console.error(error); process.exit(1); });
"""


@pytest.mark.parametrize("folded", [False, True], ids=["identity", "gzip"])
@pytest.mark.parametrize("kind", ["http", "grpc"])
def test_exporters_of_python(start, kind, folded, monkeypatch):
    for name in ("http_proxy", "all_proxy", "ALL_PROXY", "grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    receiver = start(grpc=0, token="t")
    if kind == "http":
        url = f"http://127.0.0.1:{receiver.port()}/v1"
        how = {
            "headers": {"authorization": "Bearer t"},
            "compression": Compression.Gzip if folded else Compression.NoCompression,
        }
        spans, logs = HttpSpans(f"{url}/traces", **how), HttpLogs(f"{url}/logs", **how)
    else:
        at = f"127.0.0.1:{receiver.port('OTLP/gRPC')}"
        how = {
            "headers": (("authorization", "Bearer t"),),
            "compression": grpc.Compression.Gzip if folded else grpc.Compression.NoCompression,
            "insecure": True,
        }
        spans, logs = GrpcSpans(at, **how), GrpcLogs(at, **how)
    resource = Resource.create({"service.name": "shop"})
    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(spans))
    logging = LoggerProvider(resource=resource)
    logging.add_log_record_processor(BatchLogRecordProcessor(logs))
    tracer = tracing.get_tracer("t")
    with tracer.start_as_current_span("outer", attributes={"big": "x" * 2000}):
        tracer.start_span("inner").end()
        record = LogRecord(body="paid", severity_number=SeverityNumber.INFO, attributes={"n": 1})
        logging.get_logger("t").emit(record)
    assert tracing.force_flush()
    assert logging.force_flush()
    tracing.shutdown()
    logging.shutdown()
    assert kept(receiver.folder) == ["inner", "outer", "paid"]
    assert "received 2 spans and 1 log record in 2 requests\n" in receiver.stop()


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Node's packages, installed once a machine; a machine that cannot skips with what npm says."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "obskit-tests" / f"node-otlp-{'-'.join(sorted(set(PACKAGES.values())))}"
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "installed"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            words = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts"]
            wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
            try:
                made = subprocess.run(
                    [*words, "--prefer-offline", *wanted], capture_output=True, text=True, timeout=180
                )
                said = made.stderr if made.returncode else ""
            except subprocess.TimeoutExpired:
                said = "it took more than three minutes"
            if said:
                pytest.skip(f"npm cannot install what the test needs: {said[:300]}")
            done.touch()
    return folder / "node_modules"


@pytest.mark.node
@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("kind", ["http", "proto"])  # JSON and protobuf
def test_exporters_of_node(start, kind, compression, node_modules, tmp_path):
    receiver = start(token="t")
    script = tmp_path / "send.js"
    script.write_text(SENDER)
    url = f"http://127.0.0.1:{receiver.port()}/v1/traces"
    environment = {"NODE_PATH": str(node_modules), "PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"}
    sent = subprocess.run(
        [str(shutil.which("node")), script, kind, url, compression],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (sent.returncode, sent.stderr) == (0, "")
    assert kept(receiver.folder) == ["node 0", "node 1", "node 2"]
    suffixes = {path.suffix for path in receiver.folder.iterdir()} - {".lock"}
    assert suffixes == {".jsonl" if kind == "http" else ".otlp"}
