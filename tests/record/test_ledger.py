"""The ledger: questions with judgements, appended and read again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from obskit import InvalidArgument, Ledger, load
from obskit.record.ledger import MOST_BYTES, is_ledger

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def events():
    return load(ROOT / "sample_events").where("http.route = '/book'")


def test_questions_are_kept_with_judgements(events, tmp_path: Path) -> None:
    found = events.explain("duration_ms > 500", during="2026-05-04T10:00Z/2026-05-04T10:30Z")
    versions = events.query("share(error)", by="service.version")
    ledger = Ledger(tmp_path / "incident" / "ledger.jsonl")
    assert (len(ledger), is_ledger(ledger.path)) == (0, False)
    ledger.keep(found, "cause", why="only there", question="what do the slow ones share?")
    ledger.keep(versions, "ruled out", why="no version fails more; token=abcdefabcdef1234567890")
    ledger.keep(events.impact("error", by="client.address"))
    first, second, third = Ledger(ledger.path)
    assert is_ledger(ledger.path)
    assert (first.kind, first.judgement, first.title) == (
        "explanation",
        "cause",
        "what do the slow ones share?",
    )
    assert (first.query, first.dataset) == (found.query, found.dataset)
    assert first.summary == tuple(map(str, found.findings[:3]))
    assert first.result == json.loads(json.dumps(found.to_dict()))
    assert "abcdefabcdef" not in second.why
    assert second.why.startswith("no version fails more")
    assert second.title == versions.query
    assert third.judgement == "open"
    assert "of at least" in third.summary[0]
    shown = str(ledger)
    assert "3 questions in" in shown
    assert "ruled out" in shown
    assert "<table" in ledger._repr_html_()


def test_a_later_judgement_of_the_same_question_counts(events, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    answer = events.query("share(error)")
    ledger.keep(answer, "cause")
    ledger.keep(answer, "ruled out", why="it was so before")
    assert [entry.judgement for entry in ledger.entries] == ["cause", "ruled out"]
    assert [entry.judgement for entry in ledger.current] == ["ruled out"]
    assert ledger.judged("cause") == []


def test_a_large_result_is_cut_and_says_so(events, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    rows = events.query("count()", by=["trace_id", "span_id", "user_agent.original"])
    assert len(json.dumps(rows.to_dict())) > MOST_BYTES
    ledger.keep(rows)
    (entry,) = ledger
    assert entry.result is not None
    assert len(entry.result["rows"]) == 100
    assert entry.notes[-1] == "the kept result is cut: run the query again for all of it"


def test_what_is_not_an_entry_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text('{"a": 1}\nnot json\n[1]\n{"obskit_ledger": 1, "id": 3}\n')
    assert Ledger(path).entries == []
    assert Ledger(path).notes == ["4 lines of the ledger could not be read"]
    assert "note: 4 lines of the ledger could not be read" in str(Ledger(path))


def test_a_file_that_is_something_else_stays_as_it_is(events, tmp_path: Path) -> None:
    path = tmp_path / "analysis.ipynb"
    path.write_text('{"cells": []}')
    with pytest.raises(InvalidArgument, match="is not a ledger, and a line added to it could damage it"):
        Ledger(path).keep(events.query("count()"))
    assert path.read_text() == '{"cells": []}'
    (tmp_path / "empty.jsonl").touch()
    Ledger(tmp_path / "empty.jsonl").keep(events.query("count()"))
    assert len(Ledger(tmp_path / "empty.jsonl")) == 1


def test_wrong_calls(events, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    answer = events.query("count()")
    for call, said in (
        (
            lambda: ledger.keep(answer, "guilty"),
            "judgement must be one of cause, contributing, ruled out, open",
        ),
        (lambda: ledger.keep(answer, "ruled out"), '"ruled out" needs a reason'),
        (lambda: ledger.keep("count", "cause"), "expected the result of a verb, got str"),
    ):
        with pytest.raises(InvalidArgument) as error:
            call()
        assert said in str(error.value)
    assert not ledger.path.exists()
