"""Six deployments, and the contract for readers of markers that compares them.

A version is deployed, then the next; one fails, and the first is rolled back to. Each row has user, version,
revision, environment and status.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from obskit.testing.canonical import as_loaded
from obskit.testing.contract import ReaderContract

_T0 = 1_777_888_800_000_000  # 2026-05-04T10:00:00Z in microseconds
_MINUTE = 60_000_000
_OLD = {"service.version": "2.3.9", "vcs.ref.head.name": "2.3.9", "vcs.ref.head.revision": "0b31" * 10}
_NEW = {"service.version": "2.4.0", "vcs.ref.head.name": "2.4.0", "vcs.ref.head.revision": "5f1c" * 10}
_BAD = {"service.version": "2.4.1", "vcs.ref.head.name": "2.4.1", "vcs.ref.head.revision": "a7d2" * 10}
_ALL = {
    "name": "deployment",
    "kind": "event",
    "service.name": "booking",
    "deployment.environment.name": "production",
    "vcs.owner.name": "shop",
    "vcs.repository.name": "booking",
    "vcs.repository.url.full": "https://forge.example/shop/booking",
    "user.name": "Zoë",
    "body": 'seats again, in "Zürich"',
}
# (minutes, deployment id, status, version)
_STEPS: tuple[tuple[int, str, str, dict[str, str]], ...] = (
    (0, "41", "succeeded", _OLD),
    (60, "42", "started", _NEW),
    (62, "42", "succeeded", _NEW),
    (80, "43", "started", _BAD),
    (81, "43", "failed", _BAD),
    (90, "44", "rolled_back", _OLD),
)


def deployments() -> pa.Table:
    """Return the deployments in order of time, typed as in a Dataset.

    Returns:
        One row per step of a deployment.

    Example:
        print(deployments().select(["timestamp", "deployment.status"]).to_pylist())
    """
    return as_loaded([_row(*step) for step in _STEPS])


def _row(minutes: int, number: str, status: str, version: dict[str, str]) -> dict[str, Any]:
    outcome = {"deployment.id": number, "deployment.status": status}
    return {"timestamp": _T0 + minutes * _MINUTE, **_ALL, **outcome, **version}


class MarkerContract(ReaderContract):
    """Tests of one reader of markers, with deployments in place of the incident.

    Attributes:
        statuses: the statuses that the format reports; None for all of `started`, `succeeded`, `failed` and
            `rolled_back`.

    Example:
        from obskit.readers import REGISTRY

        class TestMyMarkers(MarkerContract):
            reader = next(reader for reader in REGISTRY.readers() if reader.name == "flat JSONL")
            statuses = ("succeeded", "failed")

            def write(self, table):
                return encoded(table, "jsonl")
    """

    statuses: ClassVar[Collection[str] | None] = None

    def events(self) -> pa.Table:
        """Return the deployments."""
        return deployments()

    def carries(self, table: pa.Table) -> pa.Table:
        """Return the deployments with a status that the format reports."""
        if self.statuses is None:
            return table
        return table.filter(pc.is_in(table["deployment.status"], pa.array(list(self.statuses))))
