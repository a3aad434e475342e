"""Commands about a table elsewhere: the same answers as about its files, and no password in what is printed."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import obskit as ok
from tests.cli.test_verbs import SAMPLE, refused, run, run_json
from tests.remote.contract.compare import is_close

SECRET = "s3cr3t-p4ss"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The sample in a table of a DuckDB file: the words that name it."""
    path = tmp_path_factory.mktemp("engine") / "events.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register("rows", ok.load(SAMPLE).to_arrow())
        connection.execute("create table events as from rows")
    return [f"duckdb://{path}", "--table", "events"]


@pytest.mark.parametrize(
    "words",
    [
        ["query", "count()", "p99(duration_ms)", "--by", "service.version"],
        ["query", "share(error)", "--every", "1h", "--where", "kind = 'server'"],
        ["rows", "--where", "error", "--limit", "3", "--order", "duration_ms desc, span_id"],
        ["impact", "--select", "error", "--by", "user.id"],
    ],
)
def test_answers_are_those_about_the_files(
    capsys: pytest.CaptureFixture[str], there: list[str], words: list[str]
) -> None:
    found = run_json(capsys, words[0], there[0], *words[1:], *there[1:])
    wanted = run_json(capsys, words[0], SAMPLE, *words[1:])
    assert found["columns"] == wanted["columns"]
    assert len(found["rows"]) == len(wanted["rows"]) > 0
    for row, other in zip(found["rows"], wanted["rows"], strict=True):
        for name, value in row.items():
            assert is_close(value, other[name])


def test_info(capsys: pytest.CaptureFixture[str], there: list[str]) -> None:
    assert "from 2026-05-04T" in run(capsys, "info", *there)


@pytest.mark.once
def test_explain_and_triage(capsys: pytest.CaptureFixture[str], there: list[str]) -> None:
    asked = ["--select", "duration_ms > 500", "--where", "http.route = '/book'", "--history", "none"]
    found = run_json(capsys, "explain", there[0], *asked, *there[1:])
    wanted = run_json(capsys, "explain", SAMPLE, *asked)
    assert [one["condition"] for one in found["findings"]] == [one["condition"] for one in wanted["findings"]]
    assert "fetched from events at duckdb://" in run(capsys, "triage", *there)


def test_rows_are_copied_to_a_folder(
    capsys: pytest.CaptureFixture[str], there: list[str], tmp_path: Path
) -> None:
    run(capsys, "convert", *there, "--where", "error", "--out", str(tmp_path / "errors"))
    run(capsys, "convert", *there, "--out", str(tmp_path / "all"))
    home = ok.load(SAMPLE)
    assert ok.load(tmp_path / "all").dataset.rows == home.dataset.rows
    assert ok.load(tmp_path / "errors").dataset.rows == home.where("error").scope.extent[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["info", "sc://h"], "the address of an engine needs the name of a table\nHint: for example --table otel_traces"),
        (["info", SAMPLE, "--table", "t"], "--table needs the address of an engine as the path\nHint: for example sc://host:15002"),
        (
            ["info", "sc://h", SAMPLE, "--table", "t"],
            "the address of an engine must be the only path\nHint: ask each engine with a command of its own",
        ),
        (["info", "sc://h", "--table", "t", "--tz", "UTC"], "--tz is about files, and the events are in a table\nHint: leave out --tz"),
        (["convert", "sc://h", "--out", "x"], "the address of an engine needs the name of a table\nHint: for example --table otel_traces"),
        (
            ["convert", SAMPLE, "--out", "sc://h"],
            "--out must be a file or a folder, not the address of an engine\n"
            "Hint: write a table from Python: events.write(address, table='prod.events')",
        ),
        (
            ["mcp", "sc://h", "--table", "t"],
            "obskit mcp reads files, not the table of an engine\n"
            "Hint: copy the rows first: obskit convert ADDRESS --table NAME --since 1h --out folder",
        ),
    ],
)  # fmt: skip
def test_calls_that_are_wrong(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    status, error = refused(capsys, *words)
    assert error == f"obskit: {said}\n"
    assert status == (1 if words[0] == "mcp" else 2)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    "words",
    [
        ["info", f"clickhouse://reader:{SECRET}@127.0.0.1:9/db", "--table", "t"],
        ["explain", f"clickhouse://reader:{SECRET}@127.0.0.1:9/db?timeout=1", "--table", "t", "--select", "error"],
        ["info", f"clickhouse://reader:{SECRET}@127.0.0.1:9/db"],
        ["info", f"clickhouse://reader:{SECRET}@127.0.0.1:notaport/db", "--table", "t"],
        ["info", f"clickhouse://reader:{SECRET}@127.0.0.1:9/db", "--table", "a..b"],
        ["convert", f"clickhouse://reader:{SECRET}@127.0.0.1:9/db", "--table", "t", "--out", "-"],
        ["convert", SAMPLE, "--out", f"clickhouse://reader:{SECRET}@127.0.0.1:9/db"],
        ["report", f"clickhouse://reader:{SECRET}@127.0.0.1:9/db"],
        ["lab", f"clickhouse://reader:{SECRET}@127.0.0.1:9/db"],
        ["judge", f"clickhouse://reader:{SECRET}@127.0.0.1:9/db", "--candidate", "2.4.0"],
        ["delivery", f"clickhouse://reader:{SECRET}@127.0.0.1:9/db"],
        ["info", f"sc://127.0.0.1:9/;token={SECRET}?timeout=1", "--table", "t"],
    ],
)  # fmt: skip
def test_a_password_is_not_printed(
    capsys: pytest.CaptureFixture[str], words: list[str], debug: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if debug:
        monkeypatch.setenv("OBSKIT_DEBUG", "1")
    from obskit.cli import main

    assert main(words) in (1, 2)
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err
    assert said.err
