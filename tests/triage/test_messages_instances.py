"""Pods, hosts and versions that come and go with a rollout are one item of `messages`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from obskit.engine import Scope
from obskit.query.deployments import Deployment
from obskit.triage import messages, triage
from obskit.triage.messages_instances import fold_instances
from obskit.triage.messages_result import Message
from tests.triage.log_days import BEGIN, CHANGE, LogDay

TEXT = "opened seat {}"


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBSKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def pods(name: str, count: int) -> list[str]:
    return [f"{name}-{number}" for number in range(count)]


def service(name: str, version: str | None = None, **more: str) -> dict[str, str]:
    own = {"service.name": name, **more}
    return own if version is None else {**own, "service.version": version}


def summaries(day: LogDay, since=CHANGE) -> list[str]:
    found = messages(day.scope(), since, explained=0)
    return [f"{item.change} {item.kind}: {item.summary or item.condition}" for item in found.items]


@pytest.fixture(scope="module")
def rollout(cache: None) -> Scope:
    """At 16:00 each of the 24 pods of book is replaced; the 3 pods of pay stay. A new error is in the logs."""
    day = LogDay(11)
    day.add(TEXT, 6_000, until=16, pods=pods("old", 24), **service("book", "2.3.0", image="book:2.3.0"))
    day.add(TEXT, 3_000, since=16, pods=pods("new", 24), **service("book", "2.4.0", image="book:2.4.0"))
    day.add(TEXT, 6_000, pods=pods("pay", 3), **service("pay", "1.0.0", image="pay:1.0.0"))
    day.add("lease {} lost", 80, since=16, severity="ERROR", pods=["pay-0"], **service("pay", "1.0.0"))
    return day.scope()


def test_a_rollout_of_24_pods_is_one_line(rollout: Scope) -> None:
    """24 pods gone, 24 new, two versions and two images: one item, after the message."""
    found = messages(rollout, CHANGE, explained=0)
    assert found.lines() == [
        "new  since 2026-05-04T16:00:00Z: 0 → 80 (0% → 1.6%) ERROR message: lease <*> lost",
        f"    such as {found.items[0].example}",
        "replaced since 2026-05-04T16:00:00Z: 24 pods of book 2.3.0 → 2.4.0",
        "    at the same time: image = 'book:2.3.0'; image = 'book:2.4.0'",
    ]
    assert "<li>replaced since 2026-05-04T16:00:00Z: 24 pods of book 2.3.0 → 2.4.0<br>" in found._repr_html_()


def test_the_item_has_the_numbers_and_the_names(rollout: Scope) -> None:
    item = messages(rollout, CHANGE, explained=0).items[1]
    assert (item.change, item.kind, item.field, item.service) == (
        "replaced",
        "instances",
        "service.version",
        "book",
    )
    assert (item.condition, item.before, item.after) == ("service.version = '2.4.0'", 6_000, 3_000)
    assert rollout.narrow(item.condition).extent[0] == 3_000
    made = item.to_dict()
    names = {(one["field"], one["change"]): sorted(one["values"]) for one in made["members"]}
    assert names == {
        ("service.version", "gone"): ["2.3.0"],
        ("service.version", "new"): ["2.4.0"],
        ("k8s.pod.name", "gone"): sorted(pods("old", 24)),
        ("k8s.pod.name", "new"): sorted(pods("new", 24)),
    }
    assert (made["kind"], made["summary"]) == ("instances", "24 pods of book 2.3.0 → 2.4.0")


def test_triage_has_the_same_line(rollout: Scope) -> None:
    assert "\nreplaced since 2026-05-04T16:00:00Z: 24 pods of book 2.3.0 → 2.4.0\n" in str(
        triage(rollout, CHANGE)
    )


def test_without_a_moment_the_deployment_is_named(rollout: Scope) -> None:
    lines = messages(rollout, explained=0).lines()
    assert [line for line in lines if line.startswith("replaced")] == [
        f"replaced since {_first_of(rollout, '2.4.0')} (book 2.4.0): 24 pods of book 2.3.0 → 2.4.0"
    ]


def _first_of(scope: Scope, version: str) -> str:
    first = scope.narrow(f"service.version = '{version}'").extent[1]
    return first.isoformat(timespec="microseconds").replace("+00:00", "Z")


def test_pods_with_few_events_are_counted_by_their_version() -> None:
    """One pod has all the traffic, 9 have two lines each: too few to say something about any of them."""
    day = LogDay(12).add(TEXT, 3_000, pods=["pay-0"], **service("pay", "1.0.0"))
    for name, version, since, until in (("old", "2.3.0", 0, 16), ("new", "2.4.0", 16, 24)):
        for number, lines in enumerate([1_500, *[2] * 9]):
            own = service("book", version)
            day.add(TEXT, lines, since=since, until=until, pods=[f"{name}-{number}"], **own)
    assert summaries(day) == ["replaced instances: 10 pods of book 2.3.0 → 2.4.0"]


def test_without_versions_the_number_is_a_lower_bound() -> None:
    day = LogDay(13).add(TEXT, 3_000, pods=["pay-0"], **service("pay"))
    for name, since, until in (("old", 0, 16), ("new", 16, 24)):
        for number, lines in enumerate([900, 900, 2]):
            day.add(TEXT, lines, since=since, until=until, pods=[f"{name}-{number}"], **service("book"))
    assert summaries(day) == ["replaced instances: at least 2 pods of book"]


def test_fewer_pods_than_before() -> None:
    day = LogDay(14).add(TEXT, 6_000, until=16, pods=pods("old", 6), **service("book", "2.3.0"))
    day.add(TEXT, 3_000, since=16, pods=pods("new", 4), **service("book", "2.4.0"))
    assert summaries(day) == ["replaced instances: 6 → 4 pods of book 2.3.0 → 2.4.0"]


def test_pods_that_are_gone_without_others_are_not_replaced() -> None:
    """Half of the pods of book are gone, and their hosts with them."""
    day = LogDay(15)
    for host in ("ip-1", "ip-2", "ip-3"):
        more = {"k8s.node.name": host}
        until = 16 if host == "ip-3" else 24
        day.add(TEXT, 150 * until, until=until, pods=pods(host, 3), **service("book", "2.3.0", **more))
    assert summaries(day) == ["gone instances: at least 3 pods of book and at least 1 node"]


def test_a_region_that_is_gone_stays_an_item_of_its_own() -> None:
    """Its pods have the same counts as the region, but the region is what matters."""
    day = LogDay(16).add(TEXT, 6_000, pods=["a-1"], **service("book", "1", **{"cloud.region": "a"}))
    day.add(TEXT, 4_000, until=16, pods=["b-1"], **service("book", "1", **{"cloud.region": "b"}))
    assert summaries(day) == ["gone value: cloud.region = 'b'", "gone instances: at least 1 pod of book"]


def test_a_service_without_a_name() -> None:
    day = LogDay(17).add(TEXT, 6_000, until=16, pods=pods("old", 2), **{"service.version": "2.3.0"})
    day.add(TEXT, 3_000, since=16, pods=pods("new", 2), **{"service.version": "2.4.0"})
    assert summaries(day) == ["replaced instances: 2 pods; service.version 2.3.0 → 2.4.0"]


def test_a_version_that_is_new_in_steps_is_new_since_the_first() -> None:
    """A canary from 10:00 on, everything from 16:00 on: the version is new at 10:00, not only more frequent."""
    day = LogDay(18).add(TEXT, 8_000, until=16, pods=["old"], **service("book", "2.3.0"))
    day.add(TEXT, 200, since=10, until=16, pods=["canary"], **service("book", "2.4.0"))
    day.add(TEXT, 4_000, since=16, pods=["new"], **service("book", "2.4.0"))
    (item,) = messages(day.scope(), explained=0).items
    assert (item.change, item.since.hour, item.until.hour) == ("replaced", 10, 16)
    assert item.summary == "1 → 2 pods of book 2.3.0 → 2.4.0"


def test_services_with_the_same_versions_are_one_item() -> None:
    """A monorepo: all services are deployed at once, with the same version."""
    day = LogDay(22)
    for name in ("book", "pay", "seat", "mail", "edge"):
        for version, since, until in (("7", 0, 16), ("8", 16, 24)):
            some = pods(f"{name}-{version}", 3)
            day.add(TEXT, 60 * (until - since), since=since, until=until, pods=some, **service(name, version))
    (text,) = summaries(day)
    assert text.startswith("replaced instances: 15 pods of ")
    assert text.endswith(" and 2 other services; service.version 7 → 8")


def test_small_services_are_left_out() -> None:
    day = LogDay(19).add(TEXT, 20_000, pods=["pay-0"], **service("pay", "1.0.0"))
    for name, version, since, until in (("old", "2.3.0", 0, 16), ("new", "2.4.0", 16, 24)):
        day.add(TEXT, 50, since=since, until=until, pods=[name], **service("book", version))
    assert summaries(day) == []


def test_without_a_change_nothing_is_said() -> None:
    day = LogDay(20)
    for name in ("book", "pay"):
        day.add(TEXT, 3_000, pods=pods(name, 12), **service(name, "1.0.0"))
    assert summaries(day) == summaries(day, None) == []


def test_control_characters_in_names_are_escaped(tmp_path: Path) -> None:
    day = LogDay(21).add(TEXT, 6_000, until=16, pods=["a"], **service("bo\x1b[2Jok", "<b>1"))
    day.add(TEXT, 3_000, since=16, pods=["b"], **service("bo\x1b[2Jok", "<b>2"))
    found = messages(day.scope(), CHANGE, explained=0)
    assert found.lines() == [
        r"replaced since 2026-05-04T16:00:00Z: 1 pod of bo\x1b[2Jok <b>1 → <b>2",
    ]
    assert "<b>1" not in found._repr_html_()


HOURS = [BEGIN + timedelta(hours=hour) for hour in range(24)]


def value(
    field: str,
    change: str,
    hour: int,
    *values: str,
    service: str | None = "book",
    n: float = 100.0,
    exact: bool = True,
):
    before, after = (n, 0.0) if change == "gone" else (0.0, n)
    shares = {"share_before": before / 1_000, "share_after": after / 1_000, "excess": n}
    since = HOURS[hour]
    return Message(
        change, field, values, "", since, None, before, after, **shares, service=service, exact=exact
    )


def folded(*items: Message, deployed: dict[int, Deployment] | None = None) -> list[tuple[object, ...]]:
    found = {HOURS[hour]: [one] for hour, one in (deployed or {}).items()}
    return [
        (one.change, one.since.hour, one.until and one.until.hour, one.summary, one.deployment)
        for one in fold_instances(items, HOURS, found)
    ]


POD, VERSION = "k8s.pod.name", "service.version"


def test_old_pods_that_are_gone_later_belong_to_the_rollout() -> None:
    """New at 10:00, the old ones gone at 13:00."""
    assert folded(
        value(POD, "new", 10, "c", "d"),
        value(VERSION, "new", 10, "2"),
        value(POD, "gone", 13, "a", "b"),
        value(VERSION, "gone", 13, "1"),
    ) == [("replaced", 10, 13, "2 pods of book 1 → 2", None)]


def test_pods_that_are_gone_after_a_complete_rollout_do_not() -> None:
    assert folded(value(POD, "new", 10, "c"), value(POD, "gone", 10, "a"), value(POD, "gone", 18, "b")) == [
        ("replaced", 10, None, "1 pod of book", None),
        ("gone", 18, None, "1 pod of book", None),
    ]


def test_an_old_pod_with_few_events_is_last_seen_before_the_deployment() -> None:
    deployment = Deployment(HOURS[10], "book", "2")
    assert folded(
        value(POD, "gone", 9, "a"),
        value(POD, "gone", 10, "b"),
        value(VERSION, "gone", 10, "1"),
        value(VERSION, "new", 10, "2"),
        value(POD, "new", 10, "c", "d"),
        deployed={10: deployment},
    ) == [("replaced", 10, None, "2 pods of book 1 → 2", "book 2")]


def test_two_deployments_in_a_row_are_two_items() -> None:
    deployed = {10: Deployment(HOURS[10], "book", "2"), 11: Deployment(HOURS[11], "book", "3")}
    assert folded(
        value(VERSION, "gone", 10, "1"),
        value(VERSION, "new", 10, "2"),
        value(VERSION, "new", 11, "3"),
        deployed=deployed,
    ) == [("replaced", 10, None, "book 1 → 2", "book 2"), ("new", 11, None, "book 3", "book 3")]


def test_services_that_are_deployed_together_are_one_item() -> None:
    items = [
        value(VERSION, change, 10, version, service=name, n=n)
        for n, name in zip((9, 8, 7, 6, 5), "abcde", strict=True)
        for change, version in (("gone", "1"), ("new", "2"))
    ]
    pods = [
        value(POD, change, 10, f"{change}-{name}", service=name, n=1)
        for name in "abcde"
        for change in ("gone", "new")
    ]
    assert folded(*items, *pods) == [
        ("replaced", 10, None, "5 pods of a 1 → 2, b 1 → 2, c 1 → 2 and 2 other services", None)
    ]


def test_the_deployment_of_another_service_is_not_named() -> None:
    deployment = Deployment(HOURS[10], "pay", "7")
    assert folded(value(POD, "gone", 10, "a", exact=False), deployed={10: deployment}) == [
        ("gone", 10, None, "at least 1 pod of book", None)
    ]


def test_nothing_to_fold() -> None:
    assert fold_instances([], HOURS, {}) == []
