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
from tests.triage.log_days import BEGIN, CHANGE, WORDS, LogDay

pytestmark = pytest.mark.once

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


PAY = {"service.name": "pay"}


@pytest.mark.parametrize("since", [CHANGE, None])
@pytest.mark.parametrize("where", [None, "service.name = 'pay'"])
@pytest.mark.parametrize("lines", [1, 2])
def test_a_service_that_hardly_logged_and_now_logs_an_error_in_each_request(since, where, lines) -> None:
    """
    requests  ||||||||||||||||||||||||||||
    messages  .     .     .   ||||||||||||    nearly all messages ever are this one, before and after
    """
    day = LogDay(3).requests(6_000).add("started in {} ms", 3, **PAY)
    for text in ("payment of {} was refused", "retry queue is full")[:lines]:
        day.add(text, 4, until=16, severity="ERROR", **PAY).add(
            text, 2_000, since=16, severity="ERROR", **PAY
        )
    found = messages(day.scope().narrow(where), since)
    assert [(item.change, item.kind, item.share_of, item.since) for item in found.items] == [
        ("more", "message", "events", CHANGE)
    ] * lines
    item = next(item for item in found.items if item.values[0].startswith("payment"))
    assert (item.before, item.after) == (4, 2_000)
    assert item.share_after == pytest.approx(2_000 / (2_000 + 2_000 * lines), abs=0.2)
    assert "of all events) ERROR message: payment of <*> was refused" in item.headline()
    assert found.to_dict()["messages"][0]["share_of"] == "events"


def test_a_first_message_of_a_service_is_new() -> None:
    found = messages(LogDay(4).requests(6_000).add("disk full", 300, since=16, **PAY).scope(), CHANGE)
    assert [(item.change, item.share_of, item.before, item.after) for item in found.items] == [
        ("new", "events", 0, 300)
    ]


@pytest.mark.parametrize("since", [BEGIN + timedelta(hours=18), None])
def test_steady_messages_are_no_news_when_requests_get_fewer(since) -> None:
    """
    requests  ||||||||||||||||||......     a night with a tenth of the requests
    messages  | | | | | | | | | | | | |    day and night, so that they become a larger part of all events
    """
    day = LogDay(5).background(1_500).requests(8_000, night=0.1).add("checked {} disks", 400)
    assert messages(day.scope(), since).items == ()


def test_others_that_are_no_longer_logged_make_no_message_more_frequent() -> None:
    day = LogDay(6).background(1_000).requests(20_000)
    for word in WORDS:
        day.add(f"debug {word}", 400, until=16, severity="DEBUG")
    found = messages(day.scope(), CHANGE)
    assert {item.change for item in found.items} == {"gone"}
    assert {item.values[0] for item in found.items} == {f"debug {word}" for word in WORDS}


def test_a_burst_of_a_service_that_hardly_logged_is_no_news() -> None:
    day = LogDay(7).requests(6_000).add("started in {} ms", 3, **PAY)
    day.add("connection reset", 500, since=17, until=17.01, **PAY)
    assert messages(day.scope(), CHANGE).items == ()
    assert messages(day.scope()).items == ()


def test_where_a_message_is_are_fields_that_other_messages_have() -> None:
    """Its own attributes, and the place in the code that writes it, are what it is."""
    day = (
        LogDay()
        .background()
        .add(
            "lease {} lost",
            80,
            since=16,
            pods=["pay-c"],
            **{"lease.store": "etcd", "network.transport": "tcp", "name": "lease_lost"},
        )
    )
    (lease,) = messages(day.scope(), CHANGE).items
    assert lease.where == "k8s.pod.name = 'pay-c'"


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
    """A move: a region with its two zones is gone, and another one is there."""
    day = LogDay(5)
    for region, since, until in (("eu", 0, 16), ("us", 16, 24)):
        for zone in "ab":
            more = {"cloud.region": region, "cloud.availability_zone": region + zone}
            day.add("opened seat {}", 100 * (until - since), since=since, until=until, **more)
    found = messages(day.scope(), CHANGE)
    assert [(item.change, item.kind, item.condition, item.also) for item in found.items] == [
        ("gone", "value", "cloud.region = 'eu'", ("cloud.availability_zone in ('eua', 'eub')",)),
        ("new", "value", "cloud.region = 'us'", ("cloud.availability_zone in ('usa', 'usb')",)),
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
