"""The real commands on real files: text for people, JSON for programs, errors that help."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from obskit.cli import main

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = str(ROOT / "sample_events")
SHAPE = {"kind", "query", "sql", "dataset", "notes", "columns", "rows"}
BOOK = ["--where", "http.route = '/book'"]
DURING = ["--during", "2026-05-04T10:00Z/2026-05-04T10:30Z"]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    status = main(words)
    said = capsys.readouterr()
    assert status == 0, said.err
    assert said.err == "", "no progress and no warning off a terminal"
    return said.out


def run_json(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(capsys, *words, "--json"))
    return found


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = main(words)
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    return status, said.err


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few events of two operations; one value is an attempt at a terminal."""
    rows = []
    for i in range(200):
        rows.append(
            {
                "timestamp": f"2026-05-04T10:{i // 10:02d}:{i % 10:02d}Z",
                "duration_ms": 600.0 if i % 4 == 0 else 20.0,
                "name": "GET /book" if i % 2 == 0 else "GET /home",
                "kind": "server",
                "trace_id": f"{i:032x}",
                "span_id": f"{i:016x}",
                "user.id": f"u{i % 20}",
                "service.version": "2.4.0" if i % 4 == 0 else "2.3.7",
                "note": "\x1b[31mred\x9b2J",
                "error": i % 4 == 0,
            }
        )
    folder = tmp_path_factory.mktemp("few")
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


# the sample


def test_triage_leads_to_the_deployment(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "triage", SAMPLE)
    assert "/book" in said
    assert "2.4.0" in said
    assert "eu-central-1" in said
    assert "android" in said


def test_triage_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "triage", SAMPLE)
    assert found.keys() >= SHAPE
    assert found["kind"] == "triage"
    assert found["dataset"]["rows"] == 40_000


@pytest.mark.once
def test_messages_are_what_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "messages", SAMPLE, "--since", "2026-05-04T10:00Z", "--explained", "1")
    first, where, *_ = said.splitlines()
    assert first.startswith("new  since 2026-05-04T10:00:00Z: 0 → 1,532 ")
    assert first.endswith(" ERROR message: payment rejected by provider")
    assert where.startswith("    where ")
    found = run_json(capsys, "messages", SAMPLE, "--since", "2026-05-04T10:00Z", "--explained", "0")
    assert found.keys() >= SHAPE | {"messages", "verdict"}
    assert found["kind"] == "messages"
    assert found["rows"][0]["values"] == ["payment rejected by provider"]
    assert {row["change"] for row in found["rows"]} <= {"new", "more", "gone"}
    triaged = run_json(capsys, "triage", SAMPLE)["messages"][0]
    assert triaged["values"] == ["payment rejected by provider"]


def test_info_counts_and_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert "40,000" in run(capsys, "info", SAMPLE)
    found = run_json(capsys, "info", SAMPLE)
    assert found.keys() >= SHAPE | {"fields", "load_report"}
    assert found["kind"] == "info"
    assert found["dataset"]["rows"] == 40_000
    assert found["load_report"]["rows_read"] == 40_000
    assert {"duration_ms", "service.version"} <= {row["field"] for row in found["fields"]}


def test_query_by_and_over_time(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(
        capsys,
        "query",
        SAMPLE,
        "count() as n",
        "share(error)",
        "--by",
        "service.version",
        *BOOK,
        "--order",
        "n desc",
    )
    assert found["columns"] == ["service.version", "n", "share(error)"]
    assert found["rows"][0]["n"] >= found["rows"][1]["n"]
    series = run_json(capsys, "query", SAMPLE, "--every", "1h", "--since", "6h")
    assert 6 <= len(series["rows"]) <= 7
    assert series["columns"][-1] == "count()"


def test_explain_finds_the_planted_cause(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "explain", SAMPLE, "--select", "duration_ms > 500", *BOOK, *DURING)
    assert found.keys() >= {
        *("kind", "selection", "baseline", "history", "population", "dataset", "notes"),
        *("findings", "refinements", "describes", "skipped"),
    }
    assert found["kind"] == "explanation"
    cause = found["findings"][0]
    assert {item["field"] for item in cause["conditions"]} >= {"app.platform", "cloud.region"}
    counted = run_json(capsys, "query", SAMPLE, "rows()", "--where", cause["condition"])
    assert counted["rows"][0]["rows()"] >= cause["selected"]


def test_explain_without_an_outcome_explains_errors_and_suggests(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "explain", SAMPLE)
    assert "where error" in said
    assert said.count("--select ") == 3
    found = run_json(capsys, "explain", SAMPLE)
    assert found["selection"]["condition"] == "error"
    assert found["suggestions"][0]["select"] == "error"
    for row in found["suggestions"]:
        assert run_json(capsys, "query", SAMPLE, "rows() as n", "--where", row["select"])["rows"][0]["n"] > 0


def test_impact_counts_customers(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "impact", SAMPLE, "--select", "error", "--by", "user.id")
    assert found.keys() >= SHAPE
    assert found["kind"] == "impact"


def test_trace_shows_its_spans(capsys: pytest.CaptureFixture[str]) -> None:
    with gzip.open(ROOT / "sample_events/booking.jsonl.gz", "rt") as lines:
        wanted = json.loads(lines.readline())
    found = run_json(capsys, "trace", SAMPLE, wanted["trace_id"].upper())
    assert wanted["span_id"] in {row["span_id"] for row in found["rows"]}
    assert wanted["name"] in run(capsys, "trace", SAMPLE, wanted["trace_id"])


# few events


def test_explain_without_errors_suggests_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_text(
        "".join(
            json.dumps(
                {"timestamp": f"2026-05-04T10:00:{i:02d}Z", "duration_ms": i, "name": "x", "kind": "server"}
            )
            + "\n"
            for i in range(60)
        )
    )
    said = run(capsys, "explain", str(tmp_path))
    assert said == (
        "No event is marked as an error (status, error.type, 5xx). Outcomes to ask about:\n"
        '  --select "duration_ms > 56"  the slowest 5%\n'
    )
    found = run_json(capsys, "explain", str(tmp_path))
    assert found["kind"] == "suggestions"


def test_explain_with_nothing_to_suggest_heads_no_empty_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_text('{"colour": "red"}\n{"colour": "blue"}\n')
    assert run(capsys, "explain", str(tmp_path)) == (
        "No event is marked as an error (status, error.type, 5xx). Name an outcome with --select; "
        "obskit info lists the fields.\n"
    )


def test_what_an_error_is_may_be_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"timestamp": f"2026-05-04T10:00:{i:02d}Z", "error": False, "level": "WARN" if i % 3 else "ERROR"}
        for i in range(60)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = run_json(capsys, "query", str(tmp_path), "count(error) as n", "--error", "level = 'ERROR'")
    assert found["rows"] == [{"n": 20.0}]
    said = run(capsys, "explain", str(tmp_path))
    assert "  --select \"severity_text = 'ERROR'\"  log records of this severity\n" in said
    status, text = refused(capsys, "triage", str(tmp_path))
    assert status == 2
    assert "explain --select \"severity_text = 'ERROR'\"" in text
    narrowed = run_json(capsys, "query", str(tmp_path), "count() as n", "--where", "level = 'WARN'")
    assert narrowed["rows"] == [{"n": 40.0}]
    assert "level is now called severity_text" in narrowed["notes"]


@pytest.mark.once
def test_triage_of_a_window_has_earlier_rows(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "triage", SAMPLE, "--between", "2026-05-04T16:00Z/2026-05-04T17:00Z")
    assert "seatmap" in {one["operation"]["service.name"] for one in found["explanations"]}
    assert found["query"] == "events.triage(since='2026-05-04T16:00:00Z', until='2026-05-04T17:00:00Z')"
    status, text = refused(capsys, "triage", SAMPLE, "--between", "2026-05-04T16:00Z")
    assert (status, "--between must be FROM/TO" in text) == (2, True)
    assert refused(capsys, "triage", SAMPLE, "--where", "name = 'none'")[0] == 1
    everything = run_json(capsys, "triage", SAMPLE, "--population", "all")
    assert "population: all rows" in everything["notes"]


def test_windows_narrow(events: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def count(*words: str) -> int:
        return int(run_json(capsys, "query", str(events), *words)["rows"][0]["count()"])

    assert count() == 200
    assert count("--since", "2026-05-04T10:10Z") == 100
    assert count("--since", "9s") == 10
    assert count("--between", "2026-05-04T10:05Z/2026-05-04T10:10Z") == 50
    assert count("--between", "/2026-05-04T10:10Z", "--where", "error") == 25
    assert count("--between", "9s/1s") == 8
    assert "10 of 200 events from 2026-05-04T10:19:00Z" in run(capsys, "info", str(events), "--since", "9s")


@pytest.mark.parametrize(
    ("during", "rows"),
    [("9s", 10), ("2026-05-04T10:10Z/", 100), ("name = 'GET /book' or note != '/'", 200)],
)
def test_during_is_a_window_or_a_condition(
    during: str, rows: int, events: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run_json(capsys, "explain", str(events), "--select", "error", "--during", during)
    assert found["selection"]["events"] + found["baseline"]["events"] == rows


def test_values_reach_the_terminal_as_text(events: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["query", str(events), "--by", "note"], ["info", str(events)]):
        said = run(capsys, *words)
        assert "\x1b" not in said
        assert "\x9b" not in said
    found = run_json(capsys, "query", str(events), "--by", "note")
    assert found["rows"][0]["note"] == "\x1b[31mred\x9b2J"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_tables_fit_the_terminal(
    width: int, events: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    said = run(
        capsys,
        "query",
        str(events),
        "count()",
        "p50(duration_ms)",
        "p99(duration_ms)",
        "--by",
        "name",
        "--by",
        "note",
    )
    table = [line for line in said.splitlines() if not line.startswith(("events", "note", "of "))]
    assert max(map(len, table)) <= width


def test_converted_events_are_the_same(
    events: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "there"
    made = run_json(capsys, "convert", str(events), "--out", str(out))
    assert made["kind"] == "dataset"
    assert made["dataset"]["rows"] == 200
    assert sum(pq.read_metadata(path).num_rows for path in out.glob("*.parquet")) == 200
    again = run_json(capsys, "query", str(out), "--by", "name")
    assert again["rows"] == run_json(capsys, "query", str(events), "--by", "name")["rows"]
    assert "200 events" in run(capsys, "convert", str(events), "--out", str(tmp_path / "too"))


def test_a_csv_by_a_mapping(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "spans.csv").write_text("Op,Took\nbook,1500\nhome,20\n")
    mapping = tmp_path / "mapping.json"
    mapping.write_text('{"name": "Op", "duration_ms": {"from": "Took", "unit": "us"}}')
    found = run_json(
        capsys, "query", str(tmp_path / "spans.csv"), "max(duration_ms) as most", "--mapping", str(mapping)
    )
    assert found["rows"][0]["most"] == 1.5


def test_demo_makes_what_the_others_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made"
    assert "obskit triage" in run(capsys, "demo", "--out", str(out), "--events", "3000", "--seed", "3")
    assert run_json(capsys, "query", str(out), "rows() as n")["rows"] == [{"n": 3000}]
    shutil.rmtree(out)
    found = run_json(capsys, "demo", "--out", str(out), "--events", "3_000", "--format", "parquet")
    assert found["kind"] == "demo"


# what goes wrong


def test_no_such_path(capsys: pytest.CaptureFixture[str]) -> None:
    status, said = refused(capsys, "triage", "nowhere")
    assert status == 2
    assert said.startswith("obskit: ")
    assert "nowhere" in said
    assert "\nHint: " in said


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02 no events \xff"])
def test_a_file_that_holds_no_events(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.bin").write_bytes(content)
    status, said = refused(capsys, "info", str(tmp_path / "a.bin"))
    assert status == 1
    assert "a.bin" in said


def test_an_unknown_field_offers_the_nearest(events: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = refused(capsys, "query", str(events), "--where", "service.versoin = '2.4.0'")
    assert status == 2
    assert "service.versoin" in said
    assert "service.version" in said.split("Hint:")[1]


def test_a_selection_of_nothing_is_a_matter_of_the_data(
    events: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = refused(capsys, "explain", str(events), "--select", "duration_ms > 1e9")
    assert status == 1
    assert "selection" in said


@pytest.mark.parametrize(
    "words",
    [
        ["query", "--where", "duration_ms >"],
        ["query", "--between", "2026-05-04T11:00Z/2026-05-04T10:00Z"],
        ["query", "--since", "yesterday"],
        ["query", "--since", ""],
        ["query", "--between", "/"],
        ["query", "nosuch(x)"],
        ["explain", "--select", "error", "--during", "a/b/c"],
        ["explain", "--select", "error", "--during", ""],
        ["impact", "--select", "error", "--by", "nobody"],
    ],
    ids=" ".join,
)
def test_a_wrong_question_is_2(words: list[str], events: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = refused(capsys, words[0], str(events), *words[1:])
    assert status == 2, said
    assert said.startswith("obskit: ")


def test_calculations_need_a_path_before_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "query", "count()") == (
        2,
        "obskit: a path must come before 'count()'\nHint: obskit query events/ 'count()' --by http.route\n",
    )


def test_the_installed_command_answers(events: Path) -> None:
    command = Path(sys.executable).parent / "obskit"
    assert command.exists(), "pip install -e . makes it"
    done = subprocess.run(
        [command, "query", events, "rows() as n", "--json"], capture_output=True, text=True, check=False
    )
    assert json.loads(done.stdout)["rows"] == [{"n": 200}]
    assert done.stderr == ""


@pytest.mark.once
@pytest.mark.parametrize("command", ["explain", "triage"])
def test_a_sample_comes_first_where_files_are_large(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: str,
) -> None:
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("obskit.dataset.preview.LARGE", 0)
    (tmp_path / "events").mkdir()
    for name in ("booking", "search"):
        shutil.copy(Path(SAMPLE) / f"{name}.jsonl.gz", tmp_path / "events")
    words = [command, str(tmp_path / "events")]
    words += ["--select", "error", *BOOK] if command == "explain" else []
    assert main([*words, "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == "", "programs get the exact answer alone"
    assert "a sample of" not in said.out
    shutil.rmtree(tmp_path / "cache")
    assert main(words) == 0
    said = capsys.readouterr()
    assert said.err.startswith("FROM A SAMPLE; the exact answer follows.\n\n")
    assert "a sample of " in said.err
    assert " events, from 2 of 2 files, from 2026-05-04T" in said.err
    assert "SAMPLE" not in said.out
    assert main(words) == 0
    assert capsys.readouterr() == (said.out, ""), "converted by now"


def test_rows_shows_events(capsys: pytest.CaptureFixture[str], events: Path) -> None:
    said = run(
        capsys,
        "rows",
        str(events),
        "--where",
        "error",
        "--order",
        "duration_ms desc, timestamp",
        "--limit",
        "2",
    )
    lines = said.splitlines()
    assert lines[0].split()[:4] == ["timestamp", "duration_ms", "name", "error"]
    assert len(lines[2:4]) == 2
    assert lines[2].startswith("2026-05-04T10:00:00Z")
    assert "note: the first 2 by duration_ms desc, timestamp of 50 rows" in lines
    found = run_json(capsys, "rows", str(events), "--fields", "user.id, error", "--limit", "1")
    assert found.keys() >= SHAPE
    assert (found["kind"], found["columns"]) == ("rows", ["user.id", "error"])
    assert found["rows"] == [{"user.id": "u0", "error": True}]
    assert refused(capsys, "rows", str(events), "--where", "duration_ms > 1e9")[0] == 1


def test_info_lists_the_most_useful_fields_and_counts_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "info", SAMPLE)
    assert "… 118 more fields: obskit info --all" in said
    assert "train.operator" not in said
    everything = run(capsys, "info", SAMPLE, "--all")
    assert "train.operator" in everything
    assert "more fields" not in everything


def test_lookup_adds_fields_on_the_command_line(
    capsys: pytest.CaptureFixture[str], events: Path, tmp_path: Path
) -> None:
    (tmp_path / "owners.csv").write_text("version,team\n2.4.0,new\n2.3.7,old\n")
    spec = f"{tmp_path / 'owners.csv'}:service.version=version"
    found = run_json(
        capsys, "query", str(events), "count()", "--by", "team", "--lookup", spec, "--where", "error"
    )
    assert found["rows"] == [{"team": "new", "count()": 50}]
    assert "lookup in owners.csv by service.version = version: 200 events have a match" in found["notes"]
    assert "team" in run(capsys, "info", str(events), "--lookup", spec)
    run(capsys, "convert", str(events), "--out", str(tmp_path / "made"), "--lookup", spec)
    assert run_json(capsys, "rows", str(tmp_path / "made"), "--fields", "team", "--limit", "1")["rows"] == [
        {"team": "new"}
    ]
    assert refused(capsys, "query", str(events), "--lookup", "owners.csv") == (
        2,
        "obskit: --lookup must be FILE:FIELD or FILE:FIELD=COLUMN, got 'owners.csv'\n"
        "Hint: --lookup targets.csv:client.address=network\n",
    )


def test_times_are_shown_in_another_zone_but_not_in_json(
    capsys: pytest.CaptureFixture[str], events: Path
) -> None:
    berlin = ["--display-tz", "Europe/Berlin"]
    window = ["--between", "2026-05-04 12:01 Europe/Berlin/2026-05-04 12:02 Europe/Berlin"]
    said = run(capsys, "rows", str(events), *berlin, *window, "--limit", "1")
    assert said.splitlines()[0].startswith("timestamp (Europe/Berlin)")
    assert said.splitlines()[2].startswith("2026-05-04T12:01:00+02:00")
    found = run_json(capsys, "rows", str(events), *berlin, *window, "--fields", "timestamp")
    assert found["rows"][0]["timestamp"] == "2026-05-04T10:01:00Z"
    assert len(found["rows"]) == 10
    assert "from 2026-05-04T12:00:00+02:00 to" in run(capsys, "info", str(events), *berlin)
    assert "+02:00" not in json.dumps(run_json(capsys, "info", str(events), *berlin))
    assert (
        refused(
            capsys, "triage", str(events), "--between", "2026-05-04 10:05/2026-05-04 12:10 Europe/Berlin"
        )[0]
        == 2
    )
