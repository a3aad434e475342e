"""`messages`: what is new, more frequent or gone, where, and an example."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from obskit.dataset import write
from obskit.engine import Scope
from obskit.errors import EmptySelection, InvalidArgument
from obskit.schema import LoadReport
from obskit.triage import messages, triage
from tests.triage.days import day as traffic
from tests.triage.log_days import BEGIN, CHANGE, LogDay

STACK = "ValueError: {}\n\tat shop.Pay.charge(Pay.java:{})\n\tat shop.Api.put(Api.java:7)"


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBSKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def day(cache: None) -> Scope:
    """At 16:00 a new error on one pod, a warning twice as often, a message that is gone, and a burst."""
    return (
        LogDay()
        .background()
        .add("lease {} lost after {} ms", 60, since=16, severity="ERROR", pods=["pay-c"])
        .add("pool exhausted, waited {} ms", 120, until=16, severity="WARN")
        .add("pool exhausted, waited {} ms", 240, since=16, severity="WARN")
        .add("cache warmed: {} keys", 150, until=16)
        .add("reconnecting, attempt {}", 200, since=20, until=20.003)
        .scope()
    )


@pytest.mark.parametrize("since", [CHANGE, None])
def test_planted_changes_are_found_and_nothing_else(day: Scope, since) -> None:
    found = messages(day, since)
    assert [(item.change, item.kind, item.values[0], item.severity) for item in found.items] == [
        ("new", "message", "lease <*> lost after <*> ms", "ERROR"),
        ("more", "message", "pool exhausted, waited <*> ms", "WARN"),
        ("gone", "message", "cache warmed: <*> keys", "INFO"),
    ]
    assert {item.since for item in found.items} == {CHANGE}
    lease, pool, cache = found.items
    assert (lease.before, lease.after, pool.before, pool.after, cache.before, cache.after) == (
        0,
        60,
        120,
        240,
        150,
        0,
    )
    assert lease.where == "k8s.pod.name = 'pay-c'"
    assert lease.example is not None
    assert lease.example.startswith("lease ")
    assert lease.first_seen >= CHANGE > cache.last_seen
    assert found.verdict == ""


def test_counts_are_those_of_the_condition(day: Scope) -> None:
    for item in messages(day, CHANGE, explained=0).items:
        rows = day.narrow(item.condition)
        after = rows.narrow(f"timestamp >= '{CHANGE.isoformat()}'").extent[0]
        assert (rows.extent[0] - after, after) == (item.before, item.after)


def test_text_table_and_json_agree(day: Scope) -> None:
    found = messages(day, CHANGE)
    text = str(found)
    assert text.startswith(
        "new  since 2026-05-04T16:00:00Z: 0 → 60 (0% → 2.4%) ERROR message: lease <*> lost after <*> ms\n"
        "    where k8s.pod.name = 'pay-c': 100% of these\n"
        "    such as lease "
    )
    assert "events.messages(since=" in text
    rows = found.to_arrow().to_pylist()
    assert [row["change"] for row in rows] == ["new", "more", "gone"]
    assert rows[0]["where"] == "k8s.pod.name = 'pay-c'"
    made = found.to_dict()
    assert made["messages"][0]["where"] == rows[0]["where"]
    assert made["verdict"] is None
    assert "<li>new  since" in found._repr_html_()
    assert "&lt;*&gt;" in found._repr_html_()


def test_without_a_change_there_is_a_verdict() -> None:
    found = messages(LogDay(2).background().scope())
    assert found.items == ()
    assert str(found).startswith(
        "No message, exception or value is new, more frequent or gone beyond chance.\n"
    )
    assert len(found) == 0


def test_messages_of_a_field_without_codes_of_its_own() -> None:
    """So many distinct messages that they are counted by a statement."""
    day = LogDay(3).background(2_000)
    for number in range(3_000):
        text = "".join(chr(97 + int(digit)) for digit in f"{number:05d}")
        day.add(f"greeting {text}", 1)
    found = messages(day.add("lease {} lost", 80, since=16, pods=["pay-c"]).scope(), CHANGE)
    assert [(item.change, item.values[0], item.after) for item in found.items] == [
        ("new", "lease <*> lost", 80)
    ]
    assert found.items[0].where == "k8s.pod.name = 'pay-c'"


def test_exceptions_are_compared_by_their_fingerprint() -> None:
    day = LogDay(4).background()
    day.add("request failed", 200, severity="ERROR")
    day.add("request failed", 60, since=16, severity="ERROR", **{"exception.stacktrace": STACK})
    found = messages(day.scope(), CHANGE, explained=0)
    assert [(item.change, item.kind, item.values[0]) for item in found.items if item.kind == "exception"] == [
        ("new", "exception", "ValueError at shop.Pay.charge < shop.Api.put"),
    ]


def test_values_of_dense_fields_that_are_new_or_gone_are_one_item() -> None:
    """A rollout: the pods and the version of before are gone, and others are there."""
    day = LogDay(5)
    old, new = {"service.version": "2.3.0", "image": "a"}, {"service.version": "2.4.0", "image": "b"}
    for more, since, until, pods in ((old, 0, 16, ["p-1", "p-2"]), (new, 16, 24, ["q-1", "q-2"])):
        day.add("opened seat {}", 200 * (until - since), since=since, until=until, pods=pods, **more)
    found = messages(day.scope(), CHANGE)
    assert [(item.change, item.kind, item.field, sorted(item.values), item.also) for item in found.items] == [
        ("gone", "value", "service.version", ["2.3.0"], ("k8s.pod.name in ('p-1', 'p-2')", "image = 'a'")),
        ("new", "value", "service.version", ["2.4.0"], ("k8s.pod.name in ('q-1', 'q-2')", "image = 'b'")),
    ]


def test_a_value_with_a_small_share_is_not_reported() -> None:
    day = LogDay(6).add("opened seat {}", 10_000, zone="a").add("opened seat {}", 30, since=16, zone="b")
    assert messages(day.scope(), CHANGE).items == ()


def test_a_condition_narrows_what_is_compared(day: Scope) -> None:
    found = messages(day.narrow("severity_text = 'ERROR'"), CHANGE, explained=0)
    assert found.items == ()  # before 16:00 there is no error at all, so there is nothing to compare


def test_what_has_just_begun_is_found_without_a_moment() -> None:
    day = LogDay(7).background().add("lease {} lost", 80, since=23.6, pods=["pay-c"])
    found = messages(day.scope(), explained=0)
    assert [(item.change, item.values[0], item.after) for item in found.items] == [
        ("new", "lease <*> lost", 80)
    ]


def test_until_leaves_later_events_out(day: Scope) -> None:
    found = messages(day, CHANGE, until=BEGIN + timedelta(hours=20), explained=0)
    assert 0 < found.items[0].after < 60


def test_a_moment_outside_of_the_data(day: Scope) -> None:
    found = messages(day, BEGIN + timedelta(days=9))
    assert found.verdict.startswith(
        "Nothing was compared: 2026-05-13T00:00:00Z is not between the first row, "
    )


def test_triage_lists_them_below_the_operations(day: Scope) -> None:
    found = triage(day, CHANGE)
    assert found.messages is not None
    assert [item.change for item in found.messages.items] == ["new", "more", "gone"]
    text = str(found)
    assert "\nMessages, exceptions and values that are new, more frequent or gone:\nnew  since" in text
    assert found.to_dict()["messages"][0]["where"] == "k8s.pod.name = 'pay-c'"
    assert "<h4>Messages, exceptions and values" in found._repr_html_()


def test_requests_without_messages_have_new_values_only() -> None:
    """From noon on there is a version 2, and nothing else changes."""
    found = traffic(planted=False).messages()
    assert [(item.change, item.condition) for item in found.items] == [("new", "service.version = '2'")]
    assert found.items[0].deployment == "book 2"
    assert "no event has a message or a stack trace: only values of fields are compared" in found.notes


def test_events_that_were_stored_without_templates_say_so(day: Scope, tmp_path: Path) -> None:
    rows = day.run(lambda table: table.select("timestamp", "body").order_by("timestamp")).table
    dataset = write(iter(rows.to_batches()), lambda: rows.schema, tmp_path / "old", LoadReport())
    found = messages(Scope.of(dataset))
    assert any(note.startswith("no event has log.record.template, so messages are") for note in found.notes)


def test_wrong_arguments(day: Scope) -> None:
    with pytest.raises(InvalidArgument, match="since must be before until"):
        messages(day, CHANGE, until=CHANGE)
    with pytest.raises(EmptySelection, match="none of these events has a time"):
        messages(day.narrow("body = 'no such line'"), CHANGE)
