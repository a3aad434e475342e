"""Scans of Trivy: one marker per report, with the number of vulnerabilities by severity.

`vulnerability.findings` lists each one once as `CVE-2026-1 openssl`, so that a later scan of the same
artifact can be compared. Source: Trivy's documentation of the JSON report (SchemaVersion 2).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from obskit.names.markers import SCAN
from obskit.readers.markers.rows import Row, get, iso_time, number, text

SEVERITIES = ("critical", "high", "medium", "low", "unknown")


def trivy(item: dict[str, Any]) -> list[Row] | None:
    """Return the marker of a report; None for anything else. A report without a time has none."""
    if number(item, "SchemaVersion") is None or not text(item, "ArtifactName"):
        return None
    results = item.get("Results")
    if results is not None and type(results) is not list:
        return None
    severity_of: dict[str, str] = {}
    for result in results or []:
        found = get(result, "Vulnerabilities")
        for one in found if type(found) is list else []:
            if (name := text(one, "VulnerabilityID")) is not None:
                severity = (text(one, "Severity") or "unknown").lower()
                severity_of[f"{name} {text(one, 'PkgName') or '?'}"] = (
                    severity if severity in SEVERITIES else "unknown"
                )
    counts = Counter(severity_of.values())
    tags, digests = (get(item, "Metadata", name) for name in ("RepoTags", "RepoDigests"))
    tag = next((one for one in tags if type(one) is str), None) if type(tags) is list else None
    row = {
        "timestamp": iso_time(item.get("CreatedAt")),
        "name": SCAN,
        "kind": "event",
        "vulnerability.scan.tool": "trivy",
        "vulnerability.scan.artifact": _artifact(str(text(item, "ArtifactName"))),
        "vulnerability.scan.target": text(item, "ArtifactName"),
        "vulnerability.scan.artifact_type": text(item, "ArtifactType"),
        "container.image.id": text(item, "Metadata", "ImageID"),
        "container.image.tags": [tag] if tag else None,
        "container.image.repo_digests": _texts(digests),
        "service.version": _tag(tag or str(text(item, "ArtifactName"))),
        **{f"vulnerability.count.{name}": counts[name] for name in SEVERITIES},
        "vulnerability.findings": sorted(severity_of) or None,
    }
    return [{name: value for name, value in row.items() if value is not None}]


def _artifact(name: str) -> str:
    """Return an artifact's name without its tag and digest: scans of `shop:1` and `shop:2` are compared."""
    plain = name.partition("@")[0]
    head, slash, last = plain.rpartition("/")
    return head + slash + last.partition(":")[0]


def _tag(name: str) -> str | None:
    return name.partition("@")[0].rpartition("/")[2].partition(":")[2] or None


def _texts(values: Any) -> list[str] | None:
    return [one for one in values if type(one) is str] or None if type(values) is list else None
