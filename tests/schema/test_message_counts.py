"""How many templates the messages have, as the load report says it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

import obskit as ok
from obskit.schema import LoadReport, Normalizer, message_counts
from obskit.schema.message_counts import MessageCounts


def loaded(*batches: dict[str, list[object]]) -> LoadReport:
    report = LoadReport()
    normalizer = Normalizer(report)
    for columns in batches:
        normalizer.batch(pa.RecordBatch.from_pydict(columns))
    return report


def last_line(report: LoadReport) -> str:
    return str(report).splitlines()[-1]


def test_templates_are_counted_over_all_batches() -> None:
    report = loaded(
        {"body": ["seat 1 sold", "seat 2 sold", "cart 3 opened"]},
        {"body": ["seat 4 sold", None, ""]},
        {"name": ["GET /", "GET /"]},
    )
    assert report.messages == MessageCounts(rows=5, templates=3)
    assert last_line(report) == "3 message templates in 5 rows; 3 rows have no body"


def test_one_of_each() -> None:
    assert last_line(loaded({"body": ["seat 1 sold", None]})) == (
        "1 message template in 1 row; 1 row has no body"
    )
    assert last_line(loaded({"body": ["seat 1 sold"]})) == "1 message template in 1 row"


def test_events_without_messages_say_nothing() -> None:
    report = loaded({"name": ["GET /"]}, {"body": [None]})
    assert str(report) == "2 rows read, 0 rejected\n2 rows without a timestamp"
    assert report.to_dict()["messages"] is None


def test_templates_of_the_source_count_too() -> None:
    report = loaded({"log.record.template": ["seat {n} sold", "seat {n} sold"], "n": [1, 2]})
    assert report.messages == MessageCounts(rows=2, templates=1)


def test_many_templates_are_a_lower_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_counts, "MOST_TEMPLATES", 3)
    report = loaded({"body": ["a", "b", "c"]}, {"body": ["c", "d"]}, {"body": ["e", None]})
    assert last_line(report) == "more than 3 message templates in 6 rows; 1 row has no body"
    assert not report.messages._seen


def test_reports_are_merged_and_read_back() -> None:
    report = loaded({"body": ["a", "b"]})
    report.merge(loaded({"body": ["b", "c"]}))
    assert report.messages == MessageCounts(rows=4, templates=3)
    assert LoadReport.from_dict(json.loads(json.dumps(report.to_dict()))).messages == report.messages
    assert LoadReport.from_dict({}).messages == MessageCounts()


def test_it_is_there_when_a_dataset_is_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))
    lines = [{"ts": f"2026-05-04T10:00:{n:02}Z", "msg": f"seat {n} sold"} for n in range(60)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for _ in range(2):
        report = ok.load(tmp_path / "a.jsonl").load_report
        assert "1 message template in 60 rows" in str(report).splitlines()
