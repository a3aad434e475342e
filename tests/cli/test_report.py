"""`obskit report` and its options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from obskit import Ledger, load, pin
from obskit.cli import main

ROOT = Path(__file__).parents[2]
SLOW = "http.route = '/book' and duration_ms > 500"


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    events = load(ROOT / "sample_events")
    Ledger("x.ledger.jsonl").keep(events.query("share(error)", by="service.version"), "ruled out", why="no")
    pin(events, "x.pin.json")
    return tmp_path / "x.ledger.jsonl"


def test_a_ledger_becomes_a_page(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "x.ledger.jsonl"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"wrote {ledger.parent / 'x.ledger.html'} (")
    assert "note: 0 secrets were masked by obskit's rules" in out
    assert "ruled out" in (ledger.parent / "x.ledger.html").read_text()
    assert main(["report", "x.ledger.jsonl"]) == 2
    assert "already exists" in capsys.readouterr().err


def test_a_review_of_a_pin_with_pseudonyms(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (ledger.parent / "key").write_text("0123456789abcdef0123\n")
    call = ["report", "x.ledger.jsonl", "--out", "r.md", "--events", "x.pin.json", "--select", SLOW]
    assert main([*call, "--pseudonym", "user.id", "--pseudonym-key-file", "key", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["kind"], answer["path"]) == ("report", str(ledger.parent / "r.md"))
    text = (ledger.parent / "r.md").read_text()
    assert answer["bytes"] == len(text.encode())
    assert "| Pin | x.pin.json, of dataset " in text
    assert "# Post-incident review" in text


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--select", "error"], "--select needs the events"),
        (["--out", "x.pdf"], "must end in .html or .md"),
        (["--pseudonym", "user.id"], "pseudonyms need a pseudonym_key"),
        (["--pseudonym", "user.id", "--pseudonym-key-file", "none"], "cannot read the key in none"),
    ],
)
def test_wrong_calls(more: list[str], said: str, ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(ledger), *more]) == 2
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in ledger.parent.glob("*.html")) == []


def test_no_such_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path / "none.ipynb")]) == 2
    assert "does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    "source",
    ["https://u:hidden@host/x.ipynb", "CLICKHOUSE://u:hidden@host/otel", "clickhouse://u:hidden@host"],
)
def test_a_source_that_is_an_address_is_refused_without_its_password(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", source]) == 2
    said = capsys.readouterr()
    assert said.err == (
        "obskit: the source must be the file of a notebook or a ledger, not an address\n"
        "Hint: name the ledger, and the engine with --events ADDRESS --table NAME\n"
    )
    assert said.out == ""
