"""Readers for other tools' records of deployments, incidents and clusters: one row per marker.

The first objects of a file decide which tool wrote it. The file can still have markers of every tool, because
a dump of webhooks has all that was sent. Other objects are rejected.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from obskit.errors import ReadError
from obskit.readers.batches.row_batcher import DEPTH_LIMIT, RowBatcher, TooDeep, flat
from obskit.readers.io.source import Source
from obskit.readers.markers.cluster import argocd, kubernetes
from obskit.readers.markers.documents import first_objects, objects
from obskit.readers.markers.events import Recognise, Rows, cdevents, cloudevents
from obskit.readers.markers.forges import github, gitlab, is_webhook
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import json_start
from obskit.schema import NAMED, FileReport, ReadOptions

# Every known object has one of these. Most files have none, so their detection ends here.
_HINTS = (
    *(b"specversion", b"object_kind", b"involvedObject", b"regarding", b"deployment", b"statuses_url"),
    *(b"dev.cdevents.", b"operationState", b"deployedAt", b"destination"),
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


_CARRIED: tuple[Recognise, ...] = (cdevents, github, gitlab, argocd, kubernetes)
KINDS: dict[str, Recognise] = {
    "CDEvents": cdevents,
    "CloudEvents": cloudevents(_carried),
    "GitHub deployments": github,
    "GitLab deployments": gitlab,
    "Argo CD": argocd,
    "Kubernetes events": kubernetes,
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
    return "items" not in row and not _is_about_anything(row) and identify(row) is None


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
                problem = "application was never deployed"
            for row in found[1] if found else []:
                row = flat(row)
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


def _reader(name: str) -> Reader:
    def sniff(head: bytes) -> Match:
        return Match.DIALECT if kind_of(head) == name else Match.NO

    return Reader(name, (".json", ".jsonl", ".ndjson"), sniff, read)


READERS = tuple(_reader(name) for name in KINDS)
