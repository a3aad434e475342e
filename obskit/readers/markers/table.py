"""A CSV table of markers: time, kind and text, with or without a header.

`kind` is the marker's name. Words for a deployment (deploy, release, rollback) or an incident (outage,
resolved) become a deployment or an incident; any other, such as maintenance, stays. A header can name more
columns: service, version, environment, status, id, revision, severity, url.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from obskit.errors import ReadError
from obskit.readers.io.source import Source
from obskit.readers.markers.lines import cells, read_lines
from obskit.readers.markers.rows import Row, deployment, incident, iso_time
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import FileReport, ReadOptions

_NAMES = {
    **dict.fromkeys(("time", "timestamp", "ts", "date", "at", "when"), "time"),
    **dict.fromkeys(("kind", "type", "event", "what"), "kind"),
    **dict.fromkeys(("text", "title", "message", "description", "note", "body"), "text"),
    **dict.fromkeys(("service", "service.name", "app"), "service"),
    **dict.fromkeys(("version", "service.version", "tag"), "version"),
    **dict.fromkeys(("environment", "env", "deployment.environment.name"), "environment"),
    **dict.fromkeys(("status", "state", "deployment.status"), "status"),
    **dict.fromkeys(("id", "deployment.id"), "id"),
    **dict.fromkeys(("revision", "commit", "sha"), "revision"),
    "severity": "severity",
    "user": "user",
    "url": "url",
}
_DEPLOYMENTS = {
    **dict.fromkeys(("deployment", "deploy", "deployed", "release", "rollout"), "succeeded"),
    **dict.fromkeys(("rollback", "rolled back", "rolled_back", "revert"), "rolled_back"),
}
_INCIDENTS = {
    **dict.fromkeys(("incident", "outage", "alert"), "open"),
    **dict.fromkeys(("resolved", "incident resolved", "incident.resolved"), "resolved"),
    **dict.fromkeys(("mitigated", "incident mitigated", "incident.mitigated"), "mitigated"),
}
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d{10}(?:\.\d+)?$|\d{13}$")
_PLAIN = ["time", "kind", "text"]
_DELIMITERS = ",;\t"


def columns_of(head: bytes) -> tuple[str, list[str], bool] | None:
    """Find the columns of a table of markers.

    A header has a time, a kind and a text, and only columns that are known here. One of the first rows has to
    be a deployment or an incident.

    Args:
        head: the file's first bytes.

    Returns:
        The delimiter, the columns, and whether the first line is a header; None if it is not such a table.
    """
    if head.removeprefix(UTF8_BOM).lstrip()[:1] in (b"{", b"[", b"<"):
        return None  # neither a header nor a time
    lines = head.removeprefix(UTF8_BOM).split(b"\n")
    texts = [line.decode("utf-8", "replace").strip("\r") for line in lines if line.strip()]
    for delimiter in _DELIMITERS if texts else "":
        first = [_NAMES.get(name.strip().lower(), "") for name in cells(texts[0], delimiter)]
        header = set(_PLAIN) <= set(first) and "" not in first and len(set(first)) == len(first)
        names = first if header else _PLAIN
        if not header and not _TIME.match(texts[0].lstrip(' \t"')):
            continue  # most files end here, before their rows are parsed
        rows = [cells(line, delimiter) for line in texts[header : 51 + header]]
        whole = [row for row in rows if len(row) == len(names)]
        kinds = [row[names.index("kind")].strip().lower() for row in whole]
        # Without a known kind it may be another tool's table.
        known = any(kind in _DEPLOYMENTS or kind in _INCIDENTS for kind in kinds)
        timed = sum(bool(_TIME.match(row[names.index("time")].strip())) for row in whole)
        starts_right = header or (whole[:1] == rows[:1] and _TIME.match(whole[0][0].strip()))
        if known and starts_right and 2 * timed >= len(rows):
            return delimiter, names, header
    return None


def sniff(head: bytes) -> Match:
    """Return how well the head of a file matches a table of markers."""
    return Match.DIALECT if columns_of(head) else Match.NO


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the markers of a table as batches, one row per line.

    Args:
        source: the file.
        report: counts the records that cannot be read.
        _options: not used.

    Yields:
        Batches in the file's order.

    Raises:
        ReadError: the file has no marker.
    """
    delimiter, names, header = columns_of(source.head) or (",", _PLAIN, False)
    good = 0
    for batch in read_lines(source, report, lambda line: _parse(line, delimiter, names), header=header):
        good += batch.num_rows
        yield batch
    if not good:
        raise ReadError(f"{source.path} has no marker", hint="write one marker per line: time,kind,text")


def _parse(line: str, delimiter: str, names: list[str]) -> Row | str:
    found = cells(line, delimiter)
    if len(found) != len(names):
        return f"row does not have {len(names)} fields"
    row = {name: cell.strip() or None for name, cell in zip(names, found, strict=True)}
    if row["kind"] is None or not _TIME.match(row["time"] or ""):
        return "marker has no time or no kind"
    return _marker(row)


def _marker(row: dict[str, str | None]) -> Row:
    kind = str(row["kind"]).lower()
    fields = {name: row.get(name) for name in ("service", "version", "environment", "revision", "user")}
    fields |= {"body": row["text"], "url.full": row.get("url")}
    if kind in _DEPLOYMENTS:
        return deployment(row["time"], row.get("status") or _DEPLOYMENTS[kind], id=row.get("id"), **fields)
    if kind in _INCIDENTS:
        status = row.get("status") or _INCIDENTS[kind]
        more = {"incident": row.get("id"), "title": row["text"], "severity": row.get("severity")}
        return incident(row["time"], status, **more, **fields)
    other = {"timestamp": iso_time(row["time"]), "name": row["kind"], "kind": "event", "body": row["text"]}
    known = {"service.name": row.get("service"), "service.version": row.get("version")}
    return {name: value for name, value in {**other, **known}.items() if value is not None}


READER = Reader("CSV of markers", (".csv", ".tsv", ".txt"), sniff, read)
