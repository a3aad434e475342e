"""Arrow structs become events."""

from obskit.readers.otlp import columnar
from obskit.readers.otlp.framing import ProtobufMessage
from obskit.readers.otlp.protobuf_reader import Messages
from obskit.schema import LoadReport
from tests.support import otlp_requests as made


def test_scopes_without_records_cost_no_memory(monkeypatch):
    """Each attribute name takes a cell per scope: two megabytes of empty scopes once took two gigabytes."""
    seen = []
    whole = columnar.scope_attributes
    monkeypatch.setattr(
        columnar, "scope_attributes", lambda scope, cut: seen.append(len(scope)) or whole(scope, cut)
    )
    span = made.protobuf(made.request(made.span(0), scope={"name": "s"}))[2:]
    message = made.field(1, made.field(2, b"") * 50_000 + span + made.field(2, b"") * 50_000)
    report = LoadReport()
    (batch,) = Messages(report.file("f")).batches([ProtobufMessage(message, 0)])
    assert (batch.column("otel.scope.name").to_pylist(), seen) == (["s"], [1])
