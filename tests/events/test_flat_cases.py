"""Small files in shapes that people have posted: flat rows, their times, statuses, weights and names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from obskit import load

pytestmark = pytest.mark.shared

T = datetime(2026, 5, 4, 10, tzinfo=UTC)
TIMES = {
    "ats-and-time-duration": T,
    "clf": T,
    "compact": T,
    "epoch-str": T.replace(microsecond=123000),
    "go": T.replace(microsecond=123456),
    "hr": None,
    "list": None,
    "mongo": T,
    "nodate": None,
    "python-comma": T.replace(microsecond=123000),
    "rfc1123": T,
    "ruby": T,
    "slash": T,
    "ts-and-time-elapsed": T.replace(microsecond=500000),
    "tzname": T - timedelta(hours=2),
    "zap-iso8601": T.replace(microsecond=123000),
}


@pytest.fixture
def cases(shared: Path) -> Path:
    return shared / "cases/formats"


def rows(path: Path, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = load(path, **options).to_arrow().to_pylist()
    return found


@pytest.mark.parametrize("name", TIMES)
def test_times(cases: Path, name: str) -> None:
    found = rows(cases / "44-time-shapes" / f"{name}.jsonl")
    assert found[0]["timestamp"] == TIMES[name]
    assert all((row["timestamp"] is None) == (TIMES[name] is None) for row in found)


def test_a_number_next_to_a_time_is_kept(cases: Path) -> None:
    found = rows(cases / "44-time-shapes/ats-and-time-duration.jsonl")[0]
    assert (found["time"], found["duration"], "duration_ms" in found) == (0.25, 58.33, False)
    assert rows(cases / "44-time-shapes/ts-and-time-elapsed.jsonl")[0]["time"] == 12


@pytest.mark.parametrize("name", ["events", "statuscode"])
def test_an_outage_by_numeric_statuses(cases: Path, name: str) -> None:
    events = load(cases / f"46-flat-status-outage/{name}.jsonl")
    found = events.to_arrow().to_pylist()
    assert [row["error"] for row in found] == [row["http.response.status_code"] == 502 for row in found]
    before = [row["error"] for row in found if row["timestamp"].hour < 11]
    since = [row["error"] for row in found if row["timestamp"].hour >= 11]
    assert not any(before)
    assert 0.4 < sum(since) / len(since) < 0.6
    assert "shop GET /cart: errors 0% → 50.9% since 2026-05-04T11:00:00Z" in str(events.triage())


def test_sample_rates(cases: Path) -> None:
    fraction = load(cases / "13-sample-rate-fraction/events.jsonl")
    assert {row["sample_weight"] for row in fraction.to_arrow().to_pylist()} == {10.0}
    assert "sample rates below 1 are fractions: a row with a rate of 0.1 counts as 10 events" in (
        fraction.load_report.notes
    )
    audio = rows(cases / "13-sample-rate-fraction/audio.jsonl")
    assert {(row["sample_rate"], row.get("sample_weight")) for row in audio} == {(44100, None)}


@pytest.mark.parametrize(
    ("name", "severity", "status", "error"),
    [("clef", "Error", 500, True), ("log", "Information", 200, False)],
)
def test_serilog(cases: Path, name: str, severity: str, status: int, error: bool) -> None:
    row = rows(cases / f"14-serilog-json/{name}.json")[0]
    assert row["timestamp"] == T.replace(microsecond=123456)
    assert (row["severity_text"], row["http.response.status_code"], row["error"]) == (severity, status, error)
    assert row["log.record.template"].startswith("HTTP {RequestMethod}")
    assert row["body"] == f"HTTP GET /cart responded {status} in 34.56 ms"
    assert row["duration_ms"] == 34.56  # the template prints "{Elapsed:0.0000} ms"
    assert (row["trace_id"], row["span_id"]) == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203330")


@pytest.mark.parametrize(
    ("name", "duration"),
    [
        ("units-in-names", 250.5),
        ("thousands", 1250.5),
        ("semicolon-decimalcomma-bom", 250.5),
        ("bigquery", 250.5),
        ("grafana", 1.23),
        ("newrelic", 250.5),
        ("datadog-spans", 250.5),
        ("ms-since-1970-quoted", None),
        ("grafana-trace", 250.5),
    ],
)
def test_csv(cases: Path, name: str, duration: float | None) -> None:
    row = rows(cases / f"39-csv/{name}.csv")[0]
    assert row["timestamp"].replace(microsecond=0) == T
    assert row.get("duration_ms") == duration


def test_dates_with_the_day_or_the_month_first(cases: Path) -> None:
    for name, text in (
        ("39-csv/us-dates.csv", "05/04/2026 10:00:00 AM"),
        ("38-parquet/strings-eu.parquet", "04/05/2026 10:00:00"),
    ):
        row = rows(cases / name)[0]
        assert (row["timestamp"], row["attributes.timestamp"]) == (None, text)


@pytest.mark.parametrize("name", ["datetimeindex", "float-epoch", "nanos", "pandas", "strings"])
def test_parquet(cases: Path, name: str) -> None:
    row = rows(cases / f"38-parquet/{name}.parquet")[0]
    assert row["timestamp"] == T


def test_naive_times_are_read_in_a_time_zone(cases: Path) -> None:
    found = rows(cases / "44-time-shapes/slash.jsonl", tz="Europe/Berlin")
    assert found[0]["timestamp"] == T - timedelta(hours=2)
