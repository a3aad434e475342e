"""triage: it leads to what was planted, and says nothing where nothing changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from obskit import load
from obskit.errors import BadCall
from obskit.events import Events
from obskit.triage.counting import deployments, unit_condition

T = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))


def day(planted: bool, rows: int = 12_000) -> Events:
    """A day of two services; from noon on `book` runs version 2, which (if planted) fails for SEPA.

    errors of book   ________________||||||||||||||
                     version 1       version 2
    """
    rng = np.random.default_rng(11)
    micros = np.sort(rng.integers(0, 24 * 3600_000_000, rows)) + int(T.timestamp() * 1e6)
    service = np.array(["book", "search"])[rng.integers(0, 2, rows)]
    late = micros > int(T.timestamp() * 1e6) + 12 * 3600_000_000
    version = np.where((service == "book") & late, "2", "1")
    method = np.array(["sepa", "card", "invoice"])[rng.integers(0, 3, rows)]
    error = rng.random(rows) < 0.01
    if planted:
        error |= (version == "2") & (method == "sepa") & (rng.random(rows) < 0.7)
    return load(
        pa.table(
            {
                "timestamp": pa.array(micros, pa.timestamp("us", "UTC")),
                "duration_ms": pa.array(rng.lognormal(3, 0.5, rows)),
                "kind": pa.array(["server"] * rows),
                "service.name": pa.array(service),
                "service.version": pa.array(version),
                "name": pa.array(np.where(service == "book", "POST /book", "GET /search")),
                "payment.method": pa.array(method),
                "error": pa.array(error),
            }
        )
    )


def test_it_leads_to_the_planted_cause() -> None:
    events = day(planted=True)
    result = events.triage()
    (cause,) = result.causes
    assert cause.operation == {"service.name": "book", "name": "POST /book"}
    assert cause.outcome == "errors"
    assert cause.deployment == "book 2"
    fields = {item["field"]: item["value"] for item in cause.explanation.findings[0].conditions}
    assert fields == {"service.version": "2", "payment.method": "sepa"}
    text = str(result)
    assert "POST /book" in text
    assert "since book 2, 2026-05-04 12:0" in text
    assert result.table.to_pylist()[0]["service.name"] == "book"


def test_nothing_planted_nothing_found() -> None:
    result = day(planted=False).triage()
    assert result.causes == ()
    assert "No operation got worse beyond chance." in str(result)


def test_since_may_be_said() -> None:
    result = day(planted=True).triage(since="2026-05-04T12:00Z")
    assert result.query == "events.triage(since='2026-05-04 12:00:00Z')"
    assert "earlier is before 2026-05-04 12:00:00Z" in result.notes
    assert [cause.operation["service.name"] for cause in result.causes] == ["book"]


def test_without_deployments_the_last_quarter_is_later() -> None:
    events = load(day(planted=True).to_arrow().drop_columns(["service.version"]))
    result = events.triage()
    assert "no deployment is visible: earlier is the first three quarters of the time" in result.notes


def test_deployments_are_versions_that_were_not_there() -> None:
    found = deployments(day(planted=True).scope)
    assert [(d.service, d.version) for d in found] == [("book", "2")]
    assert found[0].at.hour == 12


def test_dict_is_json() -> None:
    found = day(planted=True).triage().to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["explanations"][0]["outcome"] == "errors"


def test_what_cannot_be_triaged() -> None:
    with pytest.raises(BadCall, match="no event has a time"):
        load(pa.table({"name": ["x"]})).triage()
    with pytest.raises(BadCall, match="nothing tells operations apart"):
        load(pa.table({"timestamp": pa.array([T], pa.timestamp("us", "UTC"))})).triage()


def test_units() -> None:
    assert unit_condition(["kind"]) == "kind in ('server', 'consumer')"
    assert unit_condition(["duration_ms"]) == "duration_ms is not null"
    assert unit_condition(["name"]) is None


def test_it_leads_to_the_planted_causes_of_the_sample(root: Path) -> None:
    result = load(root / "sample_events").triage()
    planted = {
        planted["id"]: {(item["field"], item["value"]) for item in planted["expected"]}
        for planted in json.loads((root / "sample_events" / "planted.json").read_text())["planted"]
        if planted["id"] in ("lock", "mandate")
    }
    found = [
        {(item["field"], item.get("value")) for item in cause.explanation.findings[0].conditions}
        for cause in result.causes
        if cause.operation["service.name"] == "booking"
    ]
    assert planted["lock"] in found
    assert planted["mandate"] in found
