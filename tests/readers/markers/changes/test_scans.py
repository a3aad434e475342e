"""Scans of Trivy: counts, and a report without a time."""

import json
import os

import pytest

from tests.support.change_markers import END, TRIVY


def test_a_report_without_a_time_has_that_of_its_file(tmp_path, load):
    path = tmp_path / "trivy.json"
    path.write_text(json.dumps({name: value for name, value in TRIVY.items() if name != "CreatedAt"}))
    os.utime(path, (END.timestamp(), END.timestamp()))
    got = load(path)
    assert got.rows[0]["timestamp"] == END
    assert got.report.notes == [
        "trivy.json: a scan without a time has the time at which its file was changed"
    ]


def test_a_report_without_findings(read):
    row = read(json.dumps(TRIVY | {"Results": None}).encode()).rows[0]
    assert row["vulnerability.count.critical"] == 0
    assert "vulnerability.findings" not in row


@pytest.mark.parametrize(
    ("name", "artifact", "version"),
    [
        ("debian:12", "debian", "12"),
        ("r.example:5000/shop/book", "r.example:5000/shop/book", None),
        ("shop/book@sha256:ab", "shop/book", None),
        ("/srv/app", "/srv/app", None),
    ],
)
def test_artifacts(read, name, artifact, version):
    row = read(json.dumps(TRIVY | {"ArtifactName": name, "Metadata": {}}).encode()).rows[0]
    assert row["vulnerability.scan.artifact"] == artifact
    assert row.get("service.version") == version
