"""Small files in shapes that people have posted (`shared/cases/formats`): archives, refusals and tables."""

import datetime as dt

import pytest

import obskit as ok
from obskit.errors import ReadError

pytestmark = pytest.mark.shared

TEN = dt.datetime(2026, 5, 4, 10, 0, tzinfo=dt.UTC)


@pytest.fixture
def cases(shared):
    return shared / "cases/formats"


# File -> timestamp of the first row, its duration; rows are six, or five where one is ragged.
TABLES = {
    "39-csv/bigquery.csv": (123_456, 250.5),
    "39-csv/datadog-spans.csv": (123_000, 250.5),
    "39-csv/dup-names.csv": (0, 250.5),
    "39-csv/grafana-trace.csv": (123_456, 250.5),
    "39-csv/grafana.csv": (123_000, 1.23),
    "39-csv/ms-since-1970-quoted.csv": (123_000, None),
    "39-csv/newrelic.csv": (123_000, 250.5),
    "39-csv/ragged-quotes.csv": (0, None),
    "39-csv/semicolon-decimalcomma-bom.csv": (0, 250.5),
    "39-csv/sep-line.csv": (0, 250.5),
    "39-csv/thousands.csv": (0, 1250.5),
    "39-csv/title-rows.csv": (0, 250.5),
    "39-csv/units-in-names.csv": (0, 250.5),
    "39-csv/unnamed-index.csv": (0, 250.5),
    "39-csv/us-dates.csv": (None, 250.5),
    "39-csv/utf16.csv": (0, 250.5),
    "38-parquet/datetimeindex.parquet": (0, 1.5),
    "38-parquet/dup.parquet": (0, None),
    "38-parquet/float-epoch.parquet": (0, 250.0),
    "38-parquet/nanos.parquet": (0, 250.0),
    "38-parquet/pandas.parquet": (0, 250.0),
    "38-parquet/strings.parquet": (0, 250.5),
    "38-parquet/tz-decimal-binaryid.parquet": (0, 250.5),
    "12-jmeter/result.jtl": (0, 250.0),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables(cases, load, name):
    micros, took = TABLES[name]
    got = load(cases / name)
    ragged = "ragged" in name
    assert (len(got.rows), got.report.rejected_count) == ((5, 1) if ragged else (6, 0))
    when = None if micros is None else TEN + dt.timedelta(microseconds=micros)
    assert got.rows[0].get("timestamp") == when
    assert got.rows[0].get("duration_ms") == took


def test_ambiguous_dates_in_parquet_are_kept_as_text(cases, load):
    got = load(cases / "38-parquet/strings-eu.parquet")
    assert got.rows[0]["attributes.timestamp"] == "04/05/2026 10:00:00"
    assert got.report.untimed == 6


def test_jmeter_failures_are_errors(cases, load):
    got = load(cases / "12-jmeter/result.jtl")
    assert [row["jmeter.success"] == "false" for row in got.rows] == [row["error"] for row in got.rows]
    assert max(row["duration_ms"] for row in got.rows) == 21_003.0


def test_k6(cases, load):
    got = load(cases / "11-k6/out.json")
    assert (len(got.rows), got.report.untimed) == (6, 0)
    assert [row["duration_ms"] for row in got.rows] == [250.5, 251.5, 252.5, 253.5, 254.5, 255.5]


REFUSED = {
    "33-chrome-trace/events.json": "a trace of Chrome's tracing format, whose times have no date",
    "33-chrome-trace/events.jsonl": "a trace of Chrome's tracing format, whose times have no date",
    "33-chrome-trace/trace.json": "a trace of Chrome's tracing format, whose times have no date",
    "50-incident-folder/graph.png": "a PNG image",
    "50-incident-folder/pods.yaml": "YAML",
    "50-incident-folder/describe.txt": "the output of `kubectl describe`",
    "50-incident-folder/metrics.prom": "metrics of Prometheus or OpenMetrics",
    "50-incident-folder/.DS_Store": "a .DS_Store file, which macOS leaves in folders",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(cases, load, name):
    with pytest.raises(ReadError) as caught:
        load(cases / name)
    assert caught.value.message == f"{cases / name} cannot be read as events: it looks like {REFUSED[name]}"
    assert caught.value.hint


@pytest.mark.parametrize("name", ["app.log", "app.log.1.gz", "app.log.xz", "logs.tar.gz", "logs.zip"])
def test_each_log_of_an_incident(cases, load, name):
    got = load(cases / "50-incident-folder" / name)
    assert (len(got.rows), got.report.rejected_count) == (6, 0)


def test_the_folder_of_an_incident(cases, monkeypatch, tmp_path):
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path))
    report = ok.load(cases / "50-incident-folder").load_report
    assert (report.rows_read, report.rejected_count) == (30, 0)
    notes = "\n".join(report.notes)
    for name in ("README.md", ".DS_Store", "graph.png", "metrics.prom", "describe.txt", "empty.log"):
        assert name in notes


@pytest.mark.parametrize("name", ["gh-run-list.json", "runs.json", "runs1.json"])
def test_runs_of_github_actions_are_deployments(cases, load, name):
    got = load(cases / "34-github-actions" / name)
    assert {row["name"] for row in got.rows} == {"deployment"}
    assert {row["deployment.status"] for row in got.rows} <= {"started", "succeeded", "failed"}
    assert (got.report.untimed, got.report.rejected_count) == (0, 0)
