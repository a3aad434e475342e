"""New findings are those that the previous scan of the same artifact did not have."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.errors import EmptySelection
from obskit.query import scans

T = datetime(2026, 5, 4, 10, tzinfo=UTC)


def scan(minutes, artifact, *findings):
    return {
        "timestamp": T + timedelta(minutes=minutes),
        "name": "vulnerability.scan",
        "kind": "event",
        "vulnerability.scan.artifact": artifact,
        "vulnerability.scan.target": f"{artifact}:{minutes}",
        "vulnerability.findings": list(findings),
        "vulnerability.count.high": len(findings),
    }


def test_new_and_gone_findings():
    rows = [scan(9, "book", "b", "c"), scan(0, "book", "a", "b"), scan(5, "seats", "z"), scan(12, "book")]
    found = scans(Scope.of(from_arrow(pa.Table.from_pylist(rows)))).table.to_pylist()
    assert [(row["target"], row["high"], row["new"], row["gone"], row["new_findings"]) for row in found] == [
        ("book:0", 2, None, None, None),
        ("seats:5", 1, None, None, None),
        ("book:9", 2, 1, 1, ["c"]),
        ("book:12", 0, 0, 2, []),
    ]


def test_without_a_scan_it_is_an_error():
    with pytest.raises(EmptySelection) as caught:
        scans(Scope.of(from_arrow(pa.table({"timestamp": [T], "name": ["GET /"]}))))
    assert str(caught.value) == (
        "no event is a scan for vulnerabilities\nHint: load reports of trivy --format json next to the events"
    )
