"""Notice lines of a known format in a file that is read as another one.

A file's first lines decide its format. Later lines of another one become rows too, but without what their own
reader knows: {"specversion": "1.0", "time": ...} among application events is not read as a marker. The load
report says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from obskit.readers.access_log.text_reader import REST_NOTE
from obskit.schema import LoadReport

_MARKS: dict[str, tuple[frozenset[str], ...]] = {
    "OTLP JSON": tuple(frozenset({name}) for name in ("resourceSpans", "resourceLogs", "resourceMetrics")),
    "Jaeger": (frozenset({"traceID", "spanID", "operationName"}),),
    "Zipkin": (frozenset({"traceId", "localEndpoint"}),),
    "Honeycomb": (frozenset({"data.trace.trace_id"}), frozenset({"trace.trace_id", "trace.span_id"})),
    "ClickHouse JSONEachRow": (
        frozenset({"SpanName", "SpanAttributes", "ResourceAttributes"}),
        frozenset({"SeverityText", "LogAttributes", "ResourceAttributes"}),
    ),
    "nginx JSON": (frozenset({"remote_addr", "request_time", "status"}),),
    "Caddy JSON": (frozenset({"request.remote_ip", "request.uri", "status"}),),
    "Traefik JSON": (frozenset({"DownstreamStatus", "RequestMethod"}),),
    "vegeta": (frozenset({"attack", "latency", "bytes_in"}),),
    "k6": (frozenset({"metric", "data.value", "data.time"}),),
    "Envoy JSON": (frozenset({"response_flags", "response_code"}),),
    "curl": (frozenset({"time_total", "time_namelookup"}),),
    "CloudEvents": (frozenset({"specversion", "source", "type"}),),
    "CDEvents": (frozenset({"context.type", "subject.content"}),),
    "GitHub deployments": (frozenset({"deployment.sha", "repository.full_name"}),),
    "GitLab deployments": (frozenset({"object_kind", "status_changed_at"}),),
    "Argo CD": (frozenset({"spec.destination", "status.history"}),),
    "GitHub Actions": (
        frozenset({"head_sha", "run_number", "conclusion"}),
        frozenset({"headSha", "workflowName", "conclusion"}),
    ),
    "DevLake": (frozenset({"deploymentCommits", "result"}), frozenset({"issueKey", "originalStatus"})),
    "PagerDuty": (frozenset({"incident_number", "service.summary", "urgency"}),),
    "Flagger": (frozenset({"phase", "checksum", "metadata.eventMessage"}),),
    "LaunchDarkly": (frozenset({"accesses", "kind", "date"}),),
    "Flyway": (frozenset({"installed_rank", "installed_on", "script"}),),
    "Trivy": (frozenset({"SchemaVersion", "ArtifactName"}),),
    "Application Insights": (frozenset({"Type", "OperationId"}), frozenset({"itemType", "operation_Id"})),
    "AWS X-Ray": (frozenset({"start_time", "end_time", "fault"}), frozenset({"start_time", "subsegments"})),
    "Datadog": (frozenset({"start", "meta", "metrics", "resource"}),),
    "Elastic APM": (frozenset({"processor.event", "transaction.id"}), frozenset({"_source.processor"})),
    "Google Cloud Logging": (frozenset({"logName", "insertId"}), frozenset({"logName", "httpRequest"})),
    "OpenTelemetry console": (frozenset({"context.span_id", "start_time", "end_time"}),),
    "flat JSONL": tuple(
        frozenset({f"{server}.{name}"})
        for server in ("nginx", "envoy")
        for name in ("level", "kind", "name", "msg", "message", "duration_ms", "trace_id")
    ),
    "Kubernetes events": (frozenset({"involvedObject.kind", "reason"}),),
}
"""Format -> sets of names; the names of one set are in every record, and together only there.

The readers of access logs in JSON keep a name that their server does not know below its own: `nginx.level`.
"""

_LOG_LINE = frozenset({"level", "msg"})
"""Names of a line of a logger, which Honeycomb's reader takes for an event with these fields."""

_ALL = frozenset(name for marks in _MARKS.values() for mark in marks for name in mark)
_TABLES = frozenset({"CSV", "Parquet", "Arrow IPC", "Delta Lake"})
_REST = "access_log.rest"
_START = "some lines look like "


def formats_among(names: Iterable[str]) -> list[str]:
    """Return the formats whose names are among those of a batch.

    Args:
        names: names of columns; those of objects within objects with dots.

    Returns:
        Names of readers, sorted.
    """
    known = _ALL.intersection(names)
    if not known:
        return []
    return sorted(name for name, marks in _MARKS.items() if any(mark <= known for mark in marks))


def note_foreign_lines(
    batches: Iterable[pa.RecordBatch], reader: str, path: str, report: LoadReport
) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a file, and note which other formats have lines in it.

    Args:
        batches: as its reader gives them.
        reader: name of that reader.
        path: the file, for the note.
        report: receives one note per format.

    Yields:
        The batches as they are.
    """
    seen: pa.Schema | None = None
    for batch in batches:
        if _REST in batch.schema.names and batch[_REST].null_count < batch.num_rows:
            report.note(REST_NOTE)  # access lines in a log of an application
        if batch.schema is not seen and (seen is None or not batch.schema.equals(seen)):
            seen = batch.schema
            names = set(_names(seen))
            lines = ["flat JSONL"] if reader == "Honeycomb" and names >= _LOG_LINE else []
            for other in formats_among(names) + lines:
                start = f"{_START}{other}, "
                if (
                    other == "Honeycomb" and reader in _TABLES
                ):  # a table has its names too, and is read by them
                    continue
                if other != reader:
                    report.note_first(
                        start,
                        f"{start}but are read by the reader for {reader} (first in {path}): their times, "
                        "durations and statuses may be missing; put them into a file of their own",
                    )
        yield batch


def _names(schema: pa.Schema) -> Iterator[str]:
    for field in schema:
        yield field.name
        yield field.name.partition(".")[0]  # some readers flatten objects
        if pa.types.is_struct(field.type):
            for inner in field.type:
                yield f"{field.name}.{inner.name}"
