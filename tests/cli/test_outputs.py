"""`convert`: one format into another, narrowed or not."""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path

import pytest

from obskit import load
from obskit.cli import main
from obskit.cli.commands import build_parser
from obskit.errors import InvalidArgument
from obskit.writers import FORMATS
from obskit.writers.formats import DATASET

RENAMED = "renamed level to severity_text in 6 rows\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Six events, one of them slow and one an error by its level only."""
    rows = [
        {
            "timestamp": f"2026-05-04T10:0{i}:00Z",
            "duration_ms": 900.0 if i == 4 else 10.0,
            "level": "ERROR" if i == 2 else "INFO",
            "n": i,
        }
        for i in range(6)
    ]
    path = tmp_path / "in" / "a.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_choices_are_the_formats() -> None:
    (commands,) = [a.choices for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction)]
    (to,) = [action for action in commands["convert"]._actions if action.dest == "to"]
    assert to.choices == (DATASET, *FORMATS)


def test_narrowed_into_another_format(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "some.jsonl.gz"
    words = ["convert", str(source), "--out", str(out), "--where", "n > 0", "--since", "3m"]
    assert main([*words, "--fields", "timestamp, N,error", "--error", "level = 'ERROR'"]) == 0
    assert capsys.readouterr().out == (
        f"wrote 4 events with 3 fields to {out} (jsonl)\n6 rows read, 0 rejected\n"
    )
    assert [json.loads(line) for line in gzip.decompress(out.read_bytes()).splitlines()] == [
        {"timestamp": f"2026-05-04T10:0{n}:00.000000Z", "error": n == 2, "n": n} for n in range(2, 6)
    ]


def test_to_stdout(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["convert", str(source), "--out", "-", "--where", "n > 3", "--fields", "n"]) == 0
    said = capsys.readouterr()
    assert said.out == '{"n":4}\n{"n":5}\n'
    assert said.err == f"wrote 2 events with 1 field to - (jsonl)\n6 rows read, 0 rejected\n{RENAMED}"
    assert main(["convert", str(source), "--out", "-", "--to", "otlp-json"]) == 0
    assert "resourceSpans" in json.loads(capsys.readouterr().out)
    assert main(["convert", str(source), "--out", "-"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["in"], "no folder named -"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (
            ["--to", "dataset"],
            2,
            "obskit: dataset cannot be written to stdout (-)\n"
            "Hint: name a file or folder, or use one of jsonl, otlp-json, jaeger\n",
        ),
        (
            ["--to", "parquet"],
            2,
            "obskit: parquet cannot be written to stdout (-)\n"
            "Hint: name a file or folder, or use one of jsonl, otlp-json, jaeger\n",
        ),
        (
            ["--json"],
            2,
            "obskit: --json and --out - both write to stdout\n"
            "Hint: leave out --json, or name a file with --out\n",
        ),
        (
            ["--where", "n > 9"],
            1,
            "obskit: no rows to write to stdout\nHint: widen the condition or the time range\n",
        ),
    ],
)
def test_what_stdout_refuses(
    words: list[str],
    status: int,
    message: str,
    source: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["convert", str(source), "--out", "-", *words]) == status
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", message)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_python_does_not_take_a_dash_for_a_name(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidArgument) as caught:
        load(source).write("-")
    assert str(caught.value) == (
        "'-' is not the name of a file or folder\nHint: give a name; obskit convert --out - prints JSON lines"
    )


def test_as_json(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made"
    assert main(["convert", str(source), "--out", str(out), "--to", "otlp-json", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.pop("load_report")["rows_read"] == 6
    assert found == {
        "kind": "written",
        "path": str(out),
        "format": "otlp-json",
        "rows": 6,
        "fields": 6,
        "notes": [],
    }
    assert main(["convert", str(source), "--out", str(tmp_path / "d"), "--where", "n < 3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["format"] == "dataset"
    assert main(["query", str(tmp_path / "d"), "count() as n", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == [{"n": 3}]


def test_what_is_refused(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(source), "--out", str(source)]) == 2
    assert capsys.readouterr().err == (
        f"obskit: {source} already exists\nHint: choose another name, or remove it first\n"
    )
    assert main(["convert", str(source), "--out", str(tmp_path / "a.jsonl"), "--where", "n > 9"]) == 1
    assert capsys.readouterr().err.startswith(f"obskit: no rows to write to {tmp_path}/a.jsonl\n")
    assert main(["convert", str(source), "--out", str(tmp_path / "a.json")]) == 2
    assert main(["convert", str(source), "--out", str(tmp_path / "a"), "--to", "csv"]) == 2
    assert "invalid choice: 'csv'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
