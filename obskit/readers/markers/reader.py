"""Readers for other tools' records of deployments, incidents and clusters: one row per marker.

The first objects of a file decide which tool wrote it. The file can still have markers of every tool, because
a dump of webhooks has all that was sent. Other objects are rejected.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa

from obskit.errors import ReadError
from obskit.names.markers import SCAN
from obskit.readers.batches.row_batcher import DEPTH_LIMIT, RowBatcher, TooDeep, flat
from obskit.readers.io.source import Source
from obskit.readers.markers.changes.chaos import chaos_mesh, litmus
from obskit.readers.markers.changes.flags import launchdarkly
from obskit.readers.markers.changes.migrations import flyway, liquibase
from obskit.readers.markers.changes.scans import trivy
from obskit.readers.markers.cluster import argocd, kubernetes
from obskit.readers.markers.documents import first_objects, list_of, objects
from obskit.readers.markers.events import Recognise, Rows, cdevents, cloudevents
from obskit.readers.markers.forges import github, gitlab, is_webhook
from obskit.readers.markers.incidents import pagerduty
from obskit.readers.markers.pipelines.actions import actions
from obskit.readers.markers.pipelines.devlake import devlake
from obskit.readers.markers.pipelines.rollouts import argo_rollouts, flagger
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import json_start
from obskit.schema import NAMED, FileReport, ReadOptions

# Every known object has one of these. Most files have none, so their detection ends here.
_HINTS = (
    *(b"specversion", b"object_kind", b"involvedObject", b"regarding", b"deployment", b"statuses_url"),
    *(b"dev.cdevents.", b"operationState", b"deployedAt", b"destination"),
    *(b"head_sha", b"headSha", b"workflow_run", b"deploymentCommits", b"issueKey"),
    *(b"incident_number", b"incident.", b"argoproj.io/", b"eventMessage", b"accesses"),
    *(b"installed_rank", b"INSTALLED_RANK", b"orderexecuted", b"ORDEREXECUTED", b"SchemaVersion"),
    *(b"chaos-mesh.org/", b"litmuschaos.io/"),
)
_ENVELOPES = ("payload", "body", "data", "event", "object", "message", "detail")


def _first(item: dict[str, Any]) -> tuple[str, Rows] | None:
    """Return the tool that wrote an object, and the object's rows."""
    for name, recognise in KINDS.items():
        rows = recognise(item)
        if rows is not None:
            return name, rows
    return None


def _carried(item: dict[str, Any]) -> Rows | None:
    return next((rows for kind in _CARRIED if (rows := kind(item)) is not None), None)


_TOOLS: dict[str, Recognise] = {
    "GitHub deployments": github,
    "GitLab deployments": gitlab,
    "Argo CD": argocd,
    "Kubernetes events": kubernetes,
    "GitHub Actions": actions,
    "DevLake": devlake,
    "PagerDuty": pagerduty,
    "Argo Rollouts": argo_rollouts,
    "Flagger": flagger,
    "Flyway": flyway,
    "Liquibase": liquibase,
    "LaunchDarkly": launchdarkly,
    "Trivy": trivy,
    "Chaos Mesh": chaos_mesh,
    "Litmus": litmus,
}
_CARRIED: tuple[Recognise, ...] = (cdevents, *_TOOLS.values())
KINDS: dict[str, Recognise] = {
    "CDEvents": cdevents,
    "CloudEvents": cloudevents(_carried),
    **_TOOLS,
}


def identify(item: dict[str, Any]) -> tuple[str, Rows] | None:
    """Return the tool that wrote an object, or the object in its envelope, and the object's rows."""
    found = _first(item)
    if found is not None:
        return found
    for name in _ENVELOPES:
        inner = item.get(name)
        if type(inner) is str and inner[:1] == "{":
            try:
                inner = orjson.loads(inner)
            except orjson.JSONDecodeError:
                continue
        if type(inner) is dict and (found := _first(inner)) is not None:
            return found
    return None


def has_hint(head: bytes) -> bool:
    """Return whether the first bytes of a file have a word that every marker has."""
    return any(hint in head for hint in _HINTS)


@functools.lru_cache(maxsize=4)
def kind_of(head: bytes) -> str | None:
    """Return the tool that wrote a file's first objects; None if one is neither a marker nor a webhook."""
    if not has_hint(head) or not json_start(head):
        return None
    if _begins_with_another(head):
        return None
    first: str | None = None
    for item in first_objects(head):
        found = identify(item)
        if found is not None:
            first = first or found[0]
        elif not _is_about_anything(item):
            return None
    return first


def _is_about_anything(item: dict[str, Any]) -> bool:
    return any(is_webhook(one) for one in (item, *map(item.get, _ENVELOPES)) if type(one) is dict)


def _begins_with_another(head: bytes) -> bool:
    """Return whether the first line is an object other than a marker: most files with a hint are events."""
    line = head.partition(b"\n")[0]
    if line[:1] != b"{":
        return False
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    listed = list_of(row) is not row or "items" in row
    return not listed and not _is_about_anything(row) and identify(row) is None


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the markers of a file as batches.

    Args:
        source: the file.
        report: counts the records that cannot be read.
        _options: not used.

    Yields:
        Batches in the file's order.

    Raises:
        ReadError: the file has no marker.
        LimitExceeded: a document has more than 128 MiB, or there are too many field names.
    """
    batcher, good = RowBatcher(dict(NAMED)), 0
    for position, item in objects(source, report):
        problem = ""
        try:
            found = identify(item)
            if found is None:
                problem = "not a deployment, incident or event that obskit knows"
            elif not found[1]:
                problem = "it has not been deployed, run or started"
            for row in found[1] if found else []:
                row = flat(_timed(row, source, report))
                batcher.add(row, len(orjson.dumps(row, option=orjson.OPT_NON_STR_KEYS)))
                good += 1
        except (TooDeep, RecursionError):
            problem = f"nested deeper than {DEPTH_LIMIT} levels"
        except (orjson.JSONEncodeError, UnicodeEncodeError):
            problem = "not UTF-8"
        if problem:
            report.reject(position, problem)
        if batcher.full:
            yield batcher.take()
    if batcher.rows:
        yield batcher.take()
    if not good:
        reasons = [f" ({r.position}: {r.reason})" for r in report.report.rejected if r.file == report.path]
        raise ReadError(
            f"{source.path} has no deployment, incident or event{''.join(reasons[:1])}",
            hint="the file may be truncated; export it again",
        )


def _timed(row: dict[str, Any], source: Source, report: FileReport) -> dict[str, Any]:
    """Return a row; a scan without a time gets that of its file, and a note says so."""
    if row.get("name") != SCAN or "timestamp" in row:
        return row
    written = datetime.fromtimestamp(source.path.stat().st_mtime, UTC)
    report.note(f"{source.path.name}: a scan without a time has the time at which its file was changed")
    return {"timestamp": written.isoformat(), **row}


def _reader(name: str) -> Reader:
    def sniff(head: bytes) -> Match:
        return Match.DIALECT if kind_of(head) == name else Match.NO

    return Reader(name, (".json", ".jsonl", ".ndjson"), sniff, read)


READERS = tuple(_reader(name) for name in KINDS)
