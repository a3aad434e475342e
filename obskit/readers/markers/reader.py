"""Readers of what other tools say about deployments, incidents and the cluster, a row a marker.

Which tool wrote a file is told by its first objects; what it then holds may be of any of them, for a dump of
webhooks has what was sent. What is none of them is counted, and left out.
"""

from __future__ import annotations

import functools
import re
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
from obskit.readers.markers.forges import github, gitlab, webhook
from obskit.readers.registry import Match, Reader
from obskit.schema import NAMED, FileReport, ReadOptions

# One of these is in every object that is known here; most files have none, and are not looked at further.
_HINTS = re.compile(
    rb"specversion|object_kind|involvedObject|regarding|deployment|statuses_url|dev\.cdevents\."
    rb"|operationState|deployedAt|destination"
)
_ENVELOPES = ("payload", "body", "data", "event", "object", "message", "detail")


def _first(item: dict[str, Any]) -> tuple[str, Rows] | None:
    """Return which tool says an object, and the rows that it is."""
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


def recognised(item: dict[str, Any]) -> tuple[str, Rows] | None:
    """Return which tool says an object, or what it is the envelope of, and the rows that it is."""
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


@functools.lru_cache(maxsize=4)
def kind_of(head: bytes) -> str | None:
    """Return which tool a file's first objects are of; None where any is no marker and no webhook either."""
    if not _HINTS.search(head) or head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (b"{", b"["):
        return None
    first: str | None = None
    for item in first_objects(head):
        found = recognised(item)
        if found is not None:
            first = first or found[0]
        elif not any(webhook(one) for one in (item, *map(item.get, _ENVELOPES)) if type(one) is dict):
            return None
    return first


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Give the markers of a file as batches.

    Raises:
        ReadError: the file has not one.
        LimitExceeded: one document of more than 128 MiB, or too many field names.
    """
    batcher, good = RowBatcher(dict(NAMED)), 0
    for place, item in objects(source, report):
        why = ""
        try:
            found = recognised(item)
            if found is None:
                why = "no deployment, incident or event that is known"
            elif not found[1]:
                why = "an application that was never deployed"
            for row in found[1] if found else []:
                row = flat(row)
                batcher.add(row, len(orjson.dumps(row, option=orjson.OPT_NON_STR_KEYS)))
                good += 1
        except (TooDeep, RecursionError):
            why = f"nested deeper than {DEPTH_LIMIT} levels"
        except (orjson.JSONEncodeError, UnicodeEncodeError):
            why = "not UTF-8"
        if why:
            report.reject(place, why)
        if batcher.full:
            yield batcher.take()
    if batcher.rows:
        yield batcher.take()
    if not good:
        said = [f" ({r.position}: {r.reason})" for r in report.report.rejected if r.file == report.path]
        raise ReadError(
            f"{source.path} has no deployment, incident or event{''.join(said[:1])}",
            hint="was it written to its end?",
        )


def _reader(name: str) -> Reader:
    def sniff(head: bytes) -> Match:
        return Match.DIALECT if kind_of(head) == name else Match.NO

    return Reader(name, (".json", ".jsonl", ".ndjson"), sniff, read)


READERS = tuple(_reader(name) for name in KINDS)
