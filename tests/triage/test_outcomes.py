"""Outcomes that are suggested for an explanation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from obskit import load
from obskit.triage import outcomes

T = datetime(2026, 5, 4, tzinfo=UTC)


def selects(**columns: list[object]) -> list[str]:
    return [row["select"] for row in outcomes(load(pa.table(columns)).scope)]


def test_errors_come_first(root: Path) -> None:
    found = outcomes(load(root / "sample_events").scope)
    assert found[0]["select"] == "error"
    assert len(found) == 3


def test_severities_of_logs_are_suggested() -> None:
    assert selects(level=["INFO", "ERROR", "info"]) == ["error"]
    assert selects(severity_text=["INFO", "FATAL", "ERROR"]) == ["error"]
    assert selects(severity_number=[9, 17, 21]) == ["error"]
    unmarked = {"error": [False, False, False]}
    assert selects(**unmarked, level=["INFO", "ERROR", "info"]) == ["severity_text = 'ERROR'"]
    assert selects(**unmarked, severity_number=[9, 17, 21]) == ["severity_number >= 17"]


def test_without_errors_or_times_nothing_is_suggested() -> None:
    assert selects(level=["INFO", "INFO"]) == []
    assert selects(colour=["red", "blue"]) == []


def test_the_only_version_is_not_suggested() -> None:
    times = [T + timedelta(seconds=at) for at in range(4)]
    assert selects(timestamp=times, **{"service.version": ["1", "1", "1", "1"]}) == []
    assert selects(timestamp=times, **{"service.version": ["1", "1", "2", "2"]}) == ["service.version = '2'"]
