"""`explain`, and the verbs that fetch rows: the same answer as at home, or one that says what it is an estimate of."""

from __future__ import annotations

import threading
from typing import Any

import pyarrow.compute as pc
import pytest

import obskit as ok
from obskit.engine import Scope
from obskit.events import Events, RemoteEvents
from obskit.explain import Explanation
from obskit.remote import explaining, first_answer
from tests.remote.contract.compare import assert_same
from tests.support.planted import EVIL

pytestmark = pytest.mark.once

CAUSE = "service.version = '2.4.0' and cloud.region = " + "'" + EVIL.replace("'", "''") + "'"
# What findings say that is counted. Sums of the same floats in another order differ in their last digits.
COUNTED = ("condition", "selected", "baseline", "first_seen", "last_seen", "new")
RATES = ("selected_share", "baseline_share", "rate_inside", "rate_outside", "risk_ratio", "excess_share")
QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("duration_ms > 500", {}),
    ("duration_ms > 500", {"during": "2026-05-04T10:30Z/2026-05-04T10:50Z"}),
    (
        "duration_ms > 500",
        {"during": "2026-05-04T10:30Z/2026-05-04T10:50Z", "history": None, "cluster": None},
    ),
    ("error", {"where": "cloud.region != 'eu-west-1'", "depth": 2}),
    ("odd.int > 3", {"baseline": "odd.int < 0", "population": "all"}),
    ("duration_ms > 500", {"fields": ["service.version", "cloud.region", "http.response.body.size"]}),
]


def counted(found: Explanation) -> list[list[Any]]:
    return [
        [one[name] for name in COUNTED] + [pytest.approx(one[name], nan_ok=True) for name in RATES]
        for one in found.to_dict()["findings"]
    ]


@pytest.mark.parametrize(("selection", "options"), QUESTIONS)
def test_explain_of_all_rows_is_that_at_home(
    there: RemoteEvents, home: Events, selection: str, options: dict[str, Any]
) -> None:
    found, wanted = there.explain(selection, **options), home.explain(selection, **options)
    assert counted(found) == counted(wanted)
    for name in ("selection", "baseline", "history", "population"):
        assert found.to_dict()[name] == wanted.to_dict()[name]
    assert found.query == wanted.query
    assert found.notes == wanted.notes
    assert [one.condition for one in found.refinements] == [one.condition for one in wanted.refinements]
    assert there.dataset.described in found.sql


def test_explain_of_a_sample_counts_its_findings_on_all_rows(
    there: RemoteEvents, home: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third of the selected rows and a tenth of the others are ranked here; every number is of all rows."""
    monkeypatch.setattr(explaining, "MOST_SELECTED", 300)
    monkeypatch.setattr(explaining, "MOST_OTHERS", 1_200)
    fields = ["service.version", "cloud.region", "http.response.body.size", "odd.int", "odd.text"]
    found, wanted = (events.explain("duration_ms > 500", fields=fields) for events in (there, home))
    assert set(found.findings[0].condition.split(" and ")) == set(wanted.findings[0].condition.split(" and "))
    for one in (*found.findings, *found.refinements):
        inside = home.where(one.condition)
        for group, condition in (
            (one.selected, "duration_ms > 500"),
            (one.baseline, "not (duration_ms > 500)"),
        ):
            counts = inside.where(condition).to_arrow(["event_count"]).column(0)
            assert group == pc.sum(counts.fill_null(1)).as_py()
    first, last = home.where(found.findings[0].condition).scope.extent[1:]
    assert found.findings[0].first_seen == first.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert found.findings[0].last_seen == last.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert found.to_dict()["selection"] == wanted.to_dict()["selection"]
    assert any(note.startswith("conditions were found on ") for note in found.notes)


@pytest.mark.parametrize(
    "number", ["http.response.body.size * 1.2345", "http.response.body.size + 1"], ids=["float", "integer"]
)
def test_intervals_of_a_sample_end_where_those_of_all_rows_do(
    there: RemoteEvents, home: Events, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    """A tenth of the rows is here; its quantiles, and its values next to them, are others than the table's."""
    monkeypatch.setattr(explaining, "MOST_SELECTED", 300)
    monkeypatch.setattr(explaining, "MOST_OTHERS", 900)
    asked: dict[str, Any] = {"fields": ["size", "odd.text"], "history": None}
    found, wanted = (
        events.derive(size=number).explain("http.response.body.size > 70001", **asked)
        for events in (there, home)
    )
    assert any(note.startswith("conditions were found on ") for note in found.notes)
    assert "size >= " in found.findings[0].condition
    assert found.findings[0].condition == wanted.findings[0].condition
    assert counted(found)[0] == counted(wanted)[0]


def test_a_number_with_many_values_is_counted_by_bucket(
    there: RemoteEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more cells are fetched than home would keep; the finding is counted on all rows nevertheless."""
    for name, most in (("MOST_SELECTED", 300), ("MOST_OTHERS", 900), ("MOST_CELLS", 50)):
        monkeypatch.setattr(explaining, name, most)
    fetched = []
    count = explaining._Groups._counted
    monkeypatch.setattr(
        explaining._Groups,
        "_counted",
        lambda self, numbers: fetched.append(count(self, numbers)) or fetched[-1],
    )
    events = there.derive(size="http.response.body.size + 1")
    found = events.explain("http.response.body.size > 70001", fields=["size"], history=None)
    first, again = fetched
    assert [len(one.cells) for one in first.values()] == [51]
    assert list(again) == ["size"]
    assert again["size"].counts[0].sum() > 1_200
    assert "size >= " in found.findings[0].condition


def test_explain_says_what_is_empty(there: RemoteEvents) -> None:
    with pytest.raises(ok.EmptySelection, match="the selection has no events"):
        there.explain("duration_ms > 1e9")
    with pytest.raises(ok.EmptySelection, match="the baseline has no events"):
        there.explain("duration_ms > 0")
    with pytest.raises(ok.InvalidArgument, match="history overlaps the time window to explain"):
        there.explain("error", during="-30m", history="-40m")
    with pytest.raises(ok.UnknownField):
        there.explain("nope > 1")


def test_a_cancelled_explain_stops(there: RemoteEvents) -> None:
    from obskit.explain import Cancelled

    with pytest.raises(Cancelled):
        there.explain("error", cancelled=lambda: True)


def test_triage_messages_and_compare_are_those_at_home(there: RemoteEvents, home: Events) -> None:
    since = "2026-05-04T10:30Z"
    note = f"from 12,000 rows fetched from {there.dataset.described}"
    found = there.triage(since)
    assert_same(found.table, home.triage(since).table)
    assert note in found.notes
    assert_same(there.messages(since).table, home.messages(since).table)
    arms = {"candidate": "2.4.0", "baseline": "2.3.2"}
    assert_same(there.compare(**arms).table, home.compare(**arms).table)
    verdict = there.judge("2.4.0")
    assert (verdict.word, verdict.sentence) == (home.judge("2.4.0").word, home.judge("2.4.0").sentence)


def test_traces_are_fetched_whole(there: RemoteEvents, home: Events) -> None:
    slow = "duration_ms > 500"
    found, wanted = there.where(slow).traces(5), home.where(slow).traces(5)
    assert_same(found.list().table, wanted.list().table)


def test_fetched_rows_are_those_of_the_table(there: RemoteEvents, home: Events) -> None:
    mine = there.where("error").fetch()
    assert_same(
        mine.rows(["span_id", "duration_ms", "tags"], order="span_id", limit=50).table,
        home.where("error").rows(["span_id", "duration_ms", "tags"], order="span_id", limit=50).table,
    )


def test_a_fetched_sample_has_weights_and_says_so(there: RemoteEvents, home: Events) -> None:
    mine = there.fetch(rows=3_000)
    assert 2_500 < mine.dataset.rows < 3_500
    assert any("from a sample of whole traces, 0.25 of all" in note for note in mine.query("count()").notes)
    total, wanted = (events.query("count()").table.column(0)[0].as_py() for events in (mine, home))
    assert total == pytest.approx(wanted, rel=0.15)
    assert there.fetch(rows=3_000).fingerprint == mine.fingerprint


def test_written_rows_are_those_of_the_table(there: RemoteEvents, home: Events, tmp_path: Any) -> None:
    there.where("error").write(tmp_path / "errors.parquet")
    again = ok.load(tmp_path / "errors.parquet")
    assert again.query("count()", "sum(odd.int)").table.equals(
        home.where("error").query("count()", "sum(odd.int)").table
    )


def test_the_explorer_asks_there(there: RemoteEvents, home: Events) -> None:
    pytest.importorskip("ipywidgets")
    mine, other = ok.Explorer(there), ok.Explorer(home)
    for name in ("rows", "columns"):
        assert mine._view[name] == other._view[name]
    assert mine._view["incomplete_from"] == other._view["incomplete_from"]
    box = {"x": ("2026-05-04T10:30Z", None), "y": (500, None)}
    found, wanted = mine.brush(**box), other.brush(**box)
    assert counted(found) == counted(wanted)
    assert f"events = {there.dataset.opening}" in mine.code
    assert "ok.connect(" in mine.code


def test_single_conditions_come_first_and_say_that_they_are_of_a_sample(
    there: RemoteEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = there.dataset  # of which the Explorer may have fetched a sample
    monkeypatch.setitem(
        table.__dict__,
        "sample",
        first_answer.TableSample(Scope(table, table.engine, sampled=True), threading.Event()),
    )
    seen: list[Explanation] = []
    found = there.explain("duration_ms > 500", first=seen.append)
    assert [one.sampled for one in seen] == [12_000]
    assert all(len(one.conditions) == 1 for one in seen[0].findings)
    assert found.sampled is None


def test_a_sample_of_the_table_answers_first(
    there: RemoteEvents, home: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows that are here answer before a statement is asked; what they say is marked as of a sample."""
    table = there.dataset
    monkeypatch.setattr(first_answer, "MOST_ROWS", 4_000)
    sample = first_answer.TableSample(Scope(table, table.engine, sampled=True), threading.Event())
    monkeypatch.setitem(table.__dict__, "sample", sample)
    table.prepare()
    table.prepare()  # it is fetched once
    assert sample.wait(120)
    for options in ({}, {"where": "cloud.region != 'eu-west-1'"}):
        early: list[Explanation] = []
        found = there.explain("duration_ms > 500", first=early.append, **options)
        assert len(early) == 2
        rows = early[0].sampled
        assert rows is not None
        assert 2_000 < rows < 6_000
        wanted = home.explain("duration_ms > 500", depth=1, **options)
        assert early[0].findings[0].condition == wanted.findings[0].condition
        shares = [
            one.selection["events"] / (one.selection["events"] + one.baseline["events"])
            for one in (early[0], found)
        ]
        assert shares[0] == pytest.approx(shares[1], rel=0.3)
    early = []
    there.explain("duration_ms > 500 and odd.int > 6", first=early.append)
    assert len(early) == 1  # the sample has too few of these rows


def test_no_sample_is_fetched_of_a_table_that_is_too_large(
    there: RemoteEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_answer, "LARGEST_TABLE", 1_000)
    table = there.dataset
    sample = first_answer.TableSample(Scope(table, table.engine, sampled=True), threading.Event())
    sample.start()
    assert not sample.wait(0)
