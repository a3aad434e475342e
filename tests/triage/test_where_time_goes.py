"""The operation in which the traces of a slow finding spend their time, in every form in which triage answers.

booking POST /book
  booking INSERT        40 times as slow from 10:30 on, for version 2
  booking call pay
    pay POST /pay
"""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.errors import StorageFull
from obskit.explain import ExplainOptions, explain
from obskit.traces import traces
from obskit.traces.difference import Difference
from obskit.triage import Triage, triage, where_time_goes
from obskit.triage.changes import Change
from obskit.triage.result import Cause
from obskit.triage.time_spent import TimeSpent

pytestmark = pytest.mark.once

BEGIN = datetime(2026, 5, 4, 10, tzinfo=UTC)
CHANGE = BEGIN + timedelta(minutes=30)


def day(
    slow: str = "INSERT", seed: int = 3, requests: int = 1_200, below: bool = True, service: str = "booking"
) -> pa.Table:
    """Return traces of an hour; in its second half, one operation of half of the requests is slow."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []

    def add(
        trace: str, number: int, parent: int | None, service: str, name: str, at: float, ms: float
    ) -> None:
        rows.append(
            {
                "trace_id": trace,
                "span_id": f"{trace[20:32]}{number:04x}",
                "parent_span_id": None if parent is None else f"{trace[20:32]}{parent:04x}",
                "kind": "server" if number in (0, 3) else "client",
                "service.name": service,
                "name": name,
                "timestamp": moment + timedelta(milliseconds=at),
                "duration_ms": ms,
                "error": False,
                "service.version": version,
            }
        )

    for number in range(requests):
        moment = BEGIN + timedelta(seconds=3600 * number / requests)
        new = moment >= CHANGE and number % 2 == 0
        version = "2" if new else "1"
        took = {
            name: float(ms * np.exp(random.normal(0, 0.2)))
            for name, ms in (("INSERT", 10), ("pay", 30), ("own", 5))
        }
        if new:
            took[slow] *= 40
        trace = f"{number + 1:032x}"
        insert, paid, own = took["INSERT"], took["pay"], took["own"]
        if below:
            add(trace, 1, 0, service, "INSERT", own, insert)
            add(trace, 2, 0, service, "call pay", own + insert, paid + 1)
            add(trace, 3, 2, "pay", "POST /pay", own + insert + 0.5, paid)
        add(trace, 0, None, service, "POST /book", 0, own + insert + paid + 1)
    return pa.Table.from_pylist(rows)


def scope_of(table: pa.Table) -> Scope:
    return Scope.of(from_arrow(table))


@pytest.fixture(scope="module")
def found() -> Triage:
    return triage(scope_of(day()), CHANGE)


def the_cause(found: Triage) -> Cause:
    (cause,) = (one for one in found.causes if one.operation["name"] == "POST /book")
    return cause


def test_the_operation_its_share_and_the_evidence_are_named(found: Triage) -> None:
    cause = the_cause(found)
    (spent,) = cause.time_spent
    assert spent is not None
    assert spent.difference is not None
    assert (spent.difference.service, spent.difference.operation) == ("booking", "INSERT")
    assert spent.difference.what == "self time"
    assert spent.difference.excess_share is not None
    assert spent.difference.excess_share > 0.9
    assert spent.difference.ratio_low < 40 < spent.difference.ratio_high
    assert (spent.slow, spent.normal, spent.sampled) == (100, 300, True)


def test_the_sentence_is_in_every_form_of_the_answer(found: Triage) -> None:
    cause = the_cause(found)
    (sentence,) = cause.time_lines()
    assert sentence.startswith("where the time goes: self time of booking INSERT, ")
    assert sentence in str(found)
    assert sentence.replace("→", "&rarr;") in found._repr_html_().replace("→", "&rarr;")
    written = json.loads(json.dumps(found.to_dict()))["explanations"]
    of = next(one for one in written if one["operation"]["name"] == "POST /book")
    assert of["time_spent"][0]["sentence"] == sentence
    assert of["time_spent"][0]["difference"]["operation"] == "INSERT"
    assert sentence in of["explanation"]["findings"][0]["note"]


def test_the_answer_agrees_with_a_comparison_of_all_traces(found: Triage) -> None:
    cause = the_cause(found)
    compared = traces(scope_of(day())).compare(slow=cause.explanation.findings[0])
    assert compared.services["service"][0].as_py() == "booking"
    assert compared.to_arrow()["operation"][0].as_py() == "INSERT"


def test_spans_without_children_say_nothing_more() -> None:
    """The only operation of each trace is the one that triage names already."""
    cause = the_cause(triage(scope_of(day(below=False)), CHANGE))
    assert cause.time_spent == (None,)
    assert "where the time goes" not in str(cause.lines())


def test_errors_are_not_about_time() -> None:
    table = day()
    failed = pa.array(
        [row["service.version"] == "2" and row["kind"] == "server" for row in table.to_pylist()]
    )
    table = table.set_column(table.schema.get_field_index("error"), "error", failed)
    causes = [one for one in triage(scope_of(table), CHANGE).causes if one.outcome == "errors"]
    assert causes
    assert all(one.time_spent == () for one in causes)


def test_without_span_ids_nothing_is_asked() -> None:
    table = day().drop_columns(["span_id", "parent_span_id"])
    assert all(one.time_spent == () for one in triage(scope_of(table), CHANGE).causes)


def cause_of(
    scope: Scope, selection: str, where: str = "name = 'POST /book'", findings: bool = True
) -> Cause:
    """Return a slow outcome as triage makes it."""
    explanation = explain(scope, selection, ExplainOptions(where=where))
    if not findings:
        explanation = dataclasses.replace(explanation, findings=())
    change = Change("slow", CHANGE, own=False, before=0.0, after=0.5, events=300.0, limit=200.0)
    return Cause({"name": "POST /book"}, change, None, selection, where, explanation)


def test_another_service_is_named_where_it_is_the_cause() -> None:
    scope = scope_of(day(slow="pay"))
    (cause,) = where_time_goes.add_time_spent(scope, [cause_of(scope, "duration_ms > 200")])
    (spent,) = cause.time_spent
    assert spent is not None
    assert spent.difference is not None
    assert (spent.difference.service, spent.difference.operation) == ("pay", "POST /pay")


def test_an_outcome_that_nothing_sets_apart_is_compared_as_a_whole() -> None:
    scope = scope_of(day())
    (cause,) = where_time_goes.add_time_spent(scope, [cause_of(scope, "duration_ms > 200", findings=False)])
    (spent,) = cause.time_spent
    assert spent is not None
    assert spent.difference is not None
    assert spent.difference.operation == "INSERT"
    assert cause.lines()[-1] == spent.describe()


def test_a_few_traces_are_not_enough() -> None:
    scope = scope_of(day())
    slowest = sorted(row["duration_ms"] for row in day().to_pylist() if row["name"] == "POST /book")[-4]
    cause = cause_of(scope, f"duration_ms >= {slowest}", findings=False)
    (cause,) = where_time_goes.add_time_spent(scope, [cause])
    assert cause.time_spent == (None,)


def test_large_traces_are_compared_by_fewer_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    scope = scope_of(day())
    cause = cause_of(scope, "duration_ms > 200", findings=False)
    monkeypatch.setattr(where_time_goes, "MOST_ROWS", 400)
    (few,) = where_time_goes.add_time_spent(scope, [cause])[0].time_spent
    assert few is not None
    assert few.difference is not None
    assert few.difference.operation == "INSERT"
    assert 5 <= few.slow <= 50
    assert few.sampled
    monkeypatch.setattr(where_time_goes, "MOST_ROWS", 3)  # not even one trace
    assert where_time_goes.add_time_spent(scope, [cause])[0].time_spent == (None,)


def test_nothing_beyond_chance_is_said_to_be_so() -> None:
    """The selection is a third of the requests by their id: no operation takes longer in them."""
    scope = scope_of(day(slow="own", requests=300))
    cause = cause_of(
        scope, "span_id like '%30000'", where="service.version = '1' and name = 'POST /book'", findings=False
    )
    (spent,) = where_time_goes.add_time_spent(scope, [cause])[0].time_spent
    assert spent is not None
    assert spent.difference is None
    assert spent.describe() == (
        f"where the time goes: no operation takes longer beyond chance "
        f"({spent.slow} slow and {spent.normal} normal traces)"
    )
    assert spent.to_dict()["difference"] is None


def test_names_from_the_data_are_text() -> None:
    found = triage(scope_of(day(service="<img src=x onerror=alert(1)>\x1b[31m")), CHANGE)
    (cause,) = (one for one in found.causes if one.operation["name"] == "POST /book")
    assert cause.time_spent[0] is not None
    assert "<img" not in found._repr_html_()
    assert "\x1b" not in str(found)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, "self time of a GET, 1 ms → 20 ms per call, 50.0% of the added time"),
        (
            {"what": "network", "child": "b POST"},
            "network between a GET and b POST, 1 ms → 20 ms per call, 50.0% of the added time",
        ),
        (
            {"what": "calls", "child": "b SQL", "unit": "calls", "excess_share": None},
            "a GET, which calls b SQL 20 times instead of 1",
        ),
        (
            {
                "what": "child spans",
                "child": "b SQL",
                "unit": "share",
                "before": 0.0,
                "now": 0.5,
                "excess_share": None,
            },
            "a GET, which calls b SQL in 50.0% of its calls instead of 0%",
        ),
    ],
)
def test_what_changed_in_words(changed: dict[str, Any], says: str) -> None:
    found = Difference("a", "GET", "", "self time", 1.0, 20.0, "ms", 20.0, 15.0, 25.0, 0.5, 12.0)
    spent = TimeSpent(dataclasses.replace(found, **changed), 10, 40, True)
    assert spent.describe() == (f"where the time goes: {says} (10 of the slow and 40 of the normal traces)")


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    scope = scope_of(day())
    where_time_goes.add_time_spent(scope, [cause_of(scope, "duration_ms > 200", findings=False)])
    assert not list(tmp_path.glob("obskit-traces-*"))


def test_without_room_for_temporary_files_the_rest_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    scope = scope_of(day())
    cause = cause_of(scope, "duration_ms > 200", findings=False)

    def full(*_: object) -> None:
        raise StorageFull("no space is left on the disk", hint="make room")

    monkeypatch.setattr(where_time_goes, "write", full)
    assert where_time_goes.add_time_spent(scope, [cause])[0].time_spent == (None,)
