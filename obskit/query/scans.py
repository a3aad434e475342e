"""`scans`: what vulnerability scans found, and what is new since the previous scan of the same artifact."""

from __future__ import annotations

from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from obskit.display.result import Result
from obskit.engine import Scope
from obskit.errors import EmptySelection
from obskit.names.markers import SCAN
from obskit.query.output import dataset_of, format_call, join_statements, merge_notes
from obskit.schema.types import TIMESTAMP

ARTIFACT, TARGET, FINDINGS = (
    "vulnerability.scan.artifact",
    "vulnerability.scan.target",
    "vulnerability.findings",
)
SEVERITIES = ("critical", "high", "medium", "low", "unknown")
_SHOWN = 20

_SCHEMA = pa.schema(
    [
        ("timestamp", TIMESTAMP),
        ("artifact", pa.string()),
        ("target", pa.string()),
        *((name, pa.int64()) for name in SEVERITIES),
        ("new", pa.int64()),
        ("gone", pa.int64()),
        ("new_findings", pa.list_(pa.string())),
    ]
)


def scans(scope: Scope) -> Result:
    """Compare each scan with the previous one of the same artifact.

    Args:
        scope: the events; scans before its window of time are not seen.

    Returns:
        One row per scan in order of time: counts by severity, and how many findings are new and how many are
        gone since the previous scan of the artifact. Of its first scan both are null. At most 20 new findings
        are listed.

    Raises:
        EmptySelection: no event is a scan.

    Cost: one statement.
    """
    names = scope.schema.names
    wanted = (
        "timestamp",
        ARTIFACT,
        TARGET,
        FINDINGS,
        *(f"vulnerability.count.{name}" for name in SEVERITIES),
    )
    shown = [name for name in wanted if name in names]

    def build(table: ir.Table) -> ir.Table:
        return table.filter(table["name"] == SCAN).select(*shown).order_by("timestamp")

    answer = scope.run(build) if {"timestamp", "name", ARTIFACT} <= set(names) else None
    rows = answer.table.to_pylist() if answer is not None else []
    if answer is None or not rows:
        raise EmptySelection(
            "no event is a scan for vulnerabilities",
            hint="load reports of trivy --format json next to the events",
        )
    before: dict[str, set[str]] = {}
    found = [_compared(row, before) for row in rows]
    return Result(
        kind="scans",
        table=pa.Table.from_pylist(found, _SCHEMA),
        query=format_call("scans", scope=scope),
        sql=join_statements(scope, [answer.sql]),
        dataset=dataset_of(scope),
        notes=merge_notes(
            scope.notes, ["a finding is a vulnerability in a package; of a first scan nothing is new"]
        ),
    )


def _compared(row: dict[str, Any], before: dict[str, set[str]]) -> dict[str, Any]:
    artifact, now = str(row[ARTIFACT]), set(row.get(FINDINGS) or ())
    earlier = before.get(artifact)
    before[artifact] = now
    new = None if earlier is None else sorted(now - earlier)
    return {
        "timestamp": row["timestamp"],
        "artifact": artifact,
        "target": row.get(TARGET),
        **{name: row.get(f"vulnerability.count.{name}") for name in SEVERITIES},
        "new": None if new is None else len(new),
        "gone": None if earlier is None else len(earlier - now),
        "new_findings": None if new is None else new[:_SHOWN],
    }
