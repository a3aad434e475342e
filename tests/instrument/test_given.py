"""Every public entry of `obskit.instrument` with every odd value: nothing is raised, and the event is written.

One test per entry and odd thing, generated from the two tables.
"""

from __future__ import annotations

import asyncio
import logging
from collections import UserDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from obskit.instrument import (
    Handle,
    Limits,
    Sampling,
    add,
    carry,
    deployment,
    event,
    flag,
    incident,
    part,
)
from obskit.instrument.given import container_text, merge_fields
from obskit.instrument.limits import Trimmer
from tests.support.instrument_process import read
from tests.support.odd_values import (
    ODD,
    WIDE,
    EndlessList,
    EndlessMap,
    Everything,
    OddError,
    RaisingMap,
    circle,
    deep,
    doubling,
    odd_class,
    raise_odd,
)

pytestmark = pytest.mark.once

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


def _in_event(use: Callable[[Any, Any], Any]) -> Callable[[Any], None]:
    def run(odd: Any) -> None:
        with event("book") as e:
            use(e, odd)
        use(e, odd)  # late, and outside

    return run


def _in_span(use: Callable[[Any, Any], Any]) -> Callable[[Any], None]:
    def run(odd: Any) -> None:
        with trace.get_tracer("host").start_as_current_span("book") as span:
            use(span, odd)

    return run


def _event_with(given: Any) -> None:
    with event("book", given):
        pass


def _decorated(given: Any) -> None:
    @event("book", given)
    def work() -> None: ...

    work()
    work()


def _decorates(function: Any) -> None:
    @event("book")
    def work() -> None: ...

    work()
    event("not called")(function)


def _named(name: Any) -> None:
    with event(name):
        pass


def _start(**given: Any) -> None:
    trace.get_tracer("host").start_span("book", **given).end()


def _carried(function: Any) -> None:
    with event("book"):
        carry(function)
        event("not called")(function)


def _twice(e: Any, odd: Any) -> None:
    """Names that only differ to Python."""
    e[odd] = 1
    e["error.type"] = "x"
    e[odd] = 2


class SameAsErrorType:
    """Is looked up where `error.type` is, and cannot be compared with it."""

    def __hash__(self) -> int:
        return hash("error.type")

    def __eq__(self, other: object) -> bool:
        raise OddError("odd")


ENTRIES: dict[str, Callable[[Any], None]] = {
    "event(attributes)": _event_with,
    "event(attributes of odd name)": lambda odd: _event_with(_pairs(odd)),
    "event(attributes of odd value)": lambda odd: _event_with({"odd": odd}),
    "event(keyword)": lambda odd: event("book", odd=odd).__call__(lambda: None)(),
    "event(name)": _named,
    "@event(attributes)": _decorated,
    "@event(attributes of odd value)": lambda odd: _decorated({"odd": odd}),
    "@event on it": _decorates,
    "e[name]": _in_event(lambda e, odd: e.__setitem__(odd, 1)),
    "e[name] twice": _in_event(_twice),
    "e[...] = value": _in_event(lambda e, odd: e.__setitem__("odd", odd)),
    "e[...] = [value]": _in_event(lambda e, odd: e.__setitem__("odd", [odd])),
    "e[...] = {'a': value}": _in_event(lambda e, odd: e.__setitem__("odd", {"a": odd})),
    "e[...] = {name: 1}": _in_event(lambda e, odd: e.__setitem__("odd", _pairs(odd))),
    "e.get": _in_event(lambda e, odd: e.get(odd)),
    "e.add(attributes)": _in_event(lambda e, odd: e.add(odd)),
    "e.add({...: value})": _in_event(lambda e, odd: e.add({"odd": odd})),
    "e.add(keyword)": _in_event(lambda e, odd: e.add(odd=odd)),
    "add(attributes)": _in_event(lambda _, odd: add(odd)),
    "add({...: value})": _in_event(lambda _, odd: add({"odd": odd})),
    "part": _in_event(lambda _, odd: part(odd).__call__(lambda: None)()),
    "set_attribute": _in_span(lambda span, odd: span.set_attribute(odd, odd)),
    "set_attributes": _in_span(lambda span, odd: span.set_attributes(odd)),
    "record_exception": _in_span(lambda span, odd: span.record_exception(odd)),
    "record_exception(attributes)": _in_span(lambda span, odd: span.record_exception(OddError("x"), odd)),
    "add_event(name)": _in_span(lambda span, odd: span.add_event(odd)),
    "add_event(attributes)": _in_span(lambda span, odd: span.add_event("retry", odd)),
    "add_event(attributes of odd value)": _in_span(lambda span, odd: span.add_event("retry", {"odd": odd})),
    "add_event(timestamp)": _in_span(lambda span, odd: span.add_event("retry", None, odd)),
    "set_status": _in_span(lambda span, odd: span.set_status(odd)),
    "set_status(description)": _in_span(lambda span, odd: span.set_status(StatusCode.ERROR, odd)),
    "update_name": _in_span(lambda span, odd: span.update_name(odd)),
    "add_link(context)": _in_span(lambda span, odd: span.add_link(odd)),
    "add_link(attributes)": _in_span(lambda span, odd: span.add_link(span.get_span_context(), odd)),
    "end": lambda odd: trace.get_tracer("host").start_span("book").end(odd),
    "start_span(name)": lambda odd: trace.get_tracer("host").start_span(odd).end(),
    "start_span(attributes)": lambda odd: _start(attributes=odd),
    "start_span(attributes of odd value)": lambda odd: _start(attributes={"odd": odd}),
    "start_span(links)": lambda odd: _start(links=odd),
    "start_span(links of it)": lambda odd: _start(links=[odd]),
    "start_span(link attributes)": lambda odd: _start(links=[Link(trace.INVALID_SPAN_CONTEXT, odd)]),
    "start_span(kind)": lambda odd: _start(kind=odd),
    "start_span(context)": lambda odd: _start(context=odd),
    "start_span(start_time)": lambda odd: _start(start_time=odd),
    "carry": _carried,
    "flag(key)": _in_event(lambda _, odd: flag(odd, "on")),
    "flag(variant)": _in_event(lambda _, odd: flag("new", odd)),
    "deployment": _in_event(lambda _, odd: deployment(odd, odd, version=odd)),
    "incident": _in_event(lambda _, odd: incident(odd, {"odd": odd}, severity=odd)),
}


def _pairs(odd: Any) -> Any:
    """Return a map with an odd name, or what stands in for one that cannot be hashed."""
    try:
        return {odd: 1}
    except Exception:
        return [(odd, 1)]


class Collects(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        record.getMessage()


@pytest.mark.parametrize("entry", ENTRIES)
def test_nothing_oddraise_odds_and_the_event_is_written(entry: str, service: Service, tmp_path: Any) -> None:
    """The event is written each time, its fields before and after it are complete, and the context is left."""
    handle = service(sampling=Sampling(errors=True, key="user.id", by="odd"))
    before = 0
    for name, make in ODD.items():
        odd = make()
        where = f"{entry} with {name}"
        try:
            ENTRIES[entry](odd)
        except Exception as error:
            pytest.fail(f"{where} raised {type(error).__name__}")
        after = handle.counters["written"]
        assert after > before, f"{where} wrote no event"
        assert not trace.get_current_span().is_recording(), f"{where} left its context active"
        before = after
    handle.flush()
    assert len(read(tmp_path / "events")) == handle.counters["written"]


@pytest.mark.parametrize("name", ODD)
def test_the_other_fields_of_an_event_with_an_odd_value_are_kept(
    name: str, service: Service, rows: Rows
) -> None:
    handle = service(redaction=None)
    with event("book", {"before": 1}) as e:
        if name in WIDE:
            e["after"] = 2
        e["odd"] = ODD[name]()
        if name not in WIDE:
            e["after"] = 2
    (row,) = rows()
    assert (row["name"], row["before"], row["after"]) == ("book", 1, 2)
    assert (handle.counters["cut"] > 0) or name not in WIDE
    assert any(field.partition(".")[0] == "odd" for field in row) or ODD[name]() in ({}, None)


@pytest.mark.parametrize("name", ODD)
def test_the_services_odd_attributes_cost_only_themselves(name: str, service: Service, rows: Rows) -> None:
    handle = service(
        attributes={"team": "red", "odd": ODD[name]()}, version=None if name in WIDE else ODD[name]()
    )
    with event("book"):
        pass
    assert handle.enabled
    (row,) = rows()
    assert (row["team"], row["service.name"]) == ("red", "booking")


@pytest.mark.parametrize("errors", [False, True])
def test_a_name_that_cannot_be_compared_costs_no_event(errors: bool, service: Service, rows: Rows) -> None:
    """It collides with a name that is looked up when the event ends."""
    handle = service(sampling=Sampling(errors=True) if errors else None)
    with event("book", {"before": 1}) as e:
        e[SameAsErrorType()] = 1
        with event("part of it"):
            pass
    assert sorted(row["name"] for row in rows()) == ["book", "part of it"]
    assert (handle.counters["failed"] > 0) == errors  # only sampling looks the name up
    assert next(row for row in rows() if row["name"] == "book")["before"] == 1


@pytest.mark.parametrize(
    ("odd", "shown"),
    [
        ("numpy integer", 5),
        ("numpy float", 0.5),
        ("numpy bool", True),
        ("numpy time", "2026-05-04T10:00"),
        ("pandas NA", None),
        ("pandas NaT", None),
        ("decimal", "1.50"),
        ("fraction", "1/3"),
        ("int enum", 1),
        ("namedtuple", [1, 2]),
        ("memoryview", "abc"),
        ("memoryview with steps", "ace"),
        ("released memoryview", "<memoryview>"),
        ("raises in everything", "<Everything>"),
        ("map that raises", "<RaisingMap>"),
        ("str that raises in encode", "x"),
        ("int with other order", 3),
        ("lone surrogate", "a?b"),
    ],
)
def test_an_odd_value_is_shown_as(odd: str, shown: Any, service: Service, rows: Rows) -> None:
    service(redaction=None)
    with event("book") as e:
        e["odd"] = [ODD[odd]()]
        e["plain"] = ODD[odd]() if odd != "map that raises" else None
    (row,) = rows()
    assert row["odd"] == [shown]
    if odd != "map that raises":
        assert row["plain"] == shown


def test_what_cannot_be_read_is_counted_and_logged_once(
    service: Service, rows: Rows, caplog: pytest.LogCaptureFixture
) -> None:
    handle = service()
    with event("book", RaisingMap()) as e:
        e["one"], e["two"] = Everything(), Everything()
        e[odd_class(object, "__hash__")()] = 1
    (row,) = rows()
    assert row["first"] == 1
    assert handle.counters["failed"] == 4
    assert sorted(record.getMessage().partition(";")[0] for record in caplog.records) == [
        "obskit: event() failed (OddError: no value)",
        "obskit: reading a value failed (OddError: odd)",
        "obskit: set_attribute() failed (OddError: odd)",
    ]


class InterruptError(BaseException):
    """As some frameworks raise to end a request that takes too long."""


def test_what_interrupts_the_host_passes_and_leaves_no_context(service: Service, rows: Rows) -> None:
    service()

    def interrupt(_: object) -> str:
        raise InterruptError

    with pytest.raises(InterruptError), event("book") as e:
        e["slow"] = type("Slow", (), {"__str__": interrupt})()
    assert not trace.get_current_span().is_recording()
    with event("next"):
        pass
    assert [row["name"] for row in rows()] == ["next"]


def test_an_endless_map_is_cut_and_counted(service: Service, rows: Rows) -> None:
    handle = service(limits=Limits(fields=20))
    with event("book", {"before": 1}) as e:
        e.add(EndlessMap())
    (row,) = rows()
    assert (row["before"], row["name 0"]) == (1, "name 0")
    assert len(row) < 100
    assert handle.counters["cut"] > 60_000


def test_names_that_are_not_text_reach_processors(service: Service) -> None:
    from opentelemetry.sdk.trace import SpanProcessor

    class Keeps(SpanProcessor):
        def __init__(self) -> None:
            self.attributes: list[Any] = []

        def on_end(self, span: Any) -> None:
            self.attributes.append(dict(span.attributes))

    keeps = Keeps()
    service(processors=[keeps])
    with event("book", {5: "five", "map": UserDict({"a": 1})}):  # type: ignore[dict-item]
        pass
    assert keeps.attributes == [{"5": "five", "map.a": 1}]


@pytest.mark.parametrize("value", [doubling(), circle(), EndlessList([1]), deep(lambda v: (v,), 5_000)])
def test_the_text_of_a_container_is_bounded(value: Any) -> None:
    text, nodes = container_text(value, 1_000, 1_000)
    assert len(text) < 1_200
    assert nodes <= 1_001


@pytest.mark.parametrize(
    "value", [[], (), (1,), (1, "a"), {"a": [1, {"b": None}]}, [1.5, True, b"x"], {1: {2: {}}}, [{1}]]
)
def test_the_text_of_a_small_container_is_pythons(value: Any) -> None:
    assert container_text(value, 1_000, 1_000)[0] == str(value)


class Visits:
    """Counts how often values of a host are visited: containers that are iterated over, and their items."""

    def __init__(self) -> None:
        self.count = 0

    def of(self, items: Iterable[Any]) -> Iterator[Any]:
        self.count += 1
        for item in items:
            self.count += 1
            yield item


def counted_list(visits: Visits, items: Iterable[Any] = ()) -> list[Any]:
    kind = type("Counted", (list,), {"__iter__": lambda self: visits.of(list.__iter__(self))})
    return kind(items)  # type: ignore[no-any-return]


def counted_map(visits: Visits, items: Iterable[tuple[Any, Any]] = ()) -> dict[Any, Any]:
    kind = type("Counted", (dict,), {"items": lambda self: visits.of(dict.items(self))})
    return kind(items)  # type: ignore[no-any-return]


def circular_list(visits: Visits) -> Any:
    circle = counted_list(visits)
    circle.extend([circle] * 1_000)
    return circle


def circular_map(visits: Visits) -> Any:
    circle = counted_map(visits)
    circle.update((number, circle) for number in range(1_000))
    return circle


def shared(make: Callable[[Any], Any], levels: int = 22) -> Any:
    value = make(1)
    for _ in range(levels):
        value = make(value)
    return value


class NoRepr:
    """Adds nothing to a text."""

    def __repr__(self) -> str:
        return ""


class Wide(list[int]):
    """A list of ten million items, without their memory."""

    def __init__(self, visits: Visits) -> None:
        self.visits = visits

    def __iter__(self) -> Iterator[int]:
        return self.visits.of(repeat(1, 10_000_000))

    def __len__(self) -> int:
        return 10_000_000


class Generates(Mapping[Any, Any]):
    """A map that makes new maps as long as one asks, all under a name."""

    def __init__(self, visits: Visits, name: Any = "") -> None:
        self.visits, self.name = visits, name

    def __getitem__(self, name: Any) -> Any:
        return Generates(self.visits, self.name)

    def __iter__(self) -> Iterator[Any]:
        return repeat(self.name)

    def __len__(self) -> int:
        return 2

    def items(self) -> Any:
        return self.visits.of((name, Generates(self.visits, name)) for name in self)


LONG_NAMES = ["x" * 2_000 + str(number) for number in range(500)]
HOSTILE: dict[str, Callable[[Visits], Any]] = {
    "a list in itself": circular_list,
    "a map in itself": circular_map,
    "lists shared by two": lambda visits: shared(lambda value: counted_list(visits, [value, value])),
    "lists shared by many": lambda visits: shared(lambda value: counted_list(visits, [value] * 300)),
    "maps shared by two": lambda visits: shared(lambda value: counted_map(visits, [(1, value), (2, value)])),
    "maps shared under names that are cut to the same": lambda visits: shared(
        lambda value: counted_map(visits, [(name, value) for name in LONG_NAMES])
    ),
    "empty lists shared by many": lambda visits: shared(
        lambda value: counted_list(visits, [counted_list(visits), value, value])
    ),
    "nothing to write": lambda visits: shared(lambda value: counted_list(visits, [NoRepr(), value, value])),
    "a wide list": Wide,
    "wide lists shared": lambda visits: shared(
        lambda value: counted_list(visits, [Wide(visits), value, value])
    ),
    "an endless map": Generates,
    "an endless map with a list as its name": lambda visits: Generates(visits, name=(1, (2, 3))),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_the_text_of_a_hostile_container_visits_few_nodes(make: Callable[[Visits], Any]) -> None:
    visits = Visits()
    _, nodes = container_text(make(visits), 10_000_000, 3_000)
    assert nodes <= 3_001, "the value of the last name is visited as well"
    assert visits.count <= 2 * 3_000 + 100


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_an_event_of_hostile_values_visits_few_nodes(make: Callable[[Visits], Any]) -> None:
    """Also of those that add no field, as names that are cut to the same text."""
    visits = Visits()
    trimmer, odd = Trimmer(Limits()), make(visits)
    row = trimmer.flatten({"before": [1], **{f"odd{number}": odd for number in range(100)}, "after": 2})
    assert visits.count <= 4 * Limits().line // 2
    assert trimmer.cuts > 0
    assert row["before"] == [1]
    assert "after" in row or len(row) > Limits().fields  # the first ones are kept


def test_more_nodes_are_visited_where_limits_allow_more_items() -> None:
    wide = list(range(300_000))
    assert Trimmer(Limits(items=300_000)).flatten({"wide": wide}) == {"wide": wide}


def test_an_event_that_fits_into_its_line_is_kept_whole() -> None:
    row = {f"v{n}": [i % 10 for i in range(256)] for n in range(1_000)}
    trimmer = Trimmer(Limits())
    assert trimmer.flatten(row) == row
    assert trimmer.cuts == 0
    matrix = [[1] * 256] * 256
    others = {"m": {"x": 1, "y": 2}, "k": [1], (1, 2): 5, (3, 4): 6}
    flat = Trimmer(Limits()).flatten({"a": matrix, **others})
    assert flat == {"a": matrix, "m.x": 1, "m.y": 2, "k": [1], "(1, 2)": 5, "(3, 4)": 6}


def test_fields_after_a_hostile_one_keep_their_names() -> None:
    odd = shared(lambda value: [value] * 256)
    row: dict[Any, Any] = {f"odd{n}": odd for n in range(9)} | {"m": {"x": 1}, (1, 2): 5, (3, 4): 6}
    flat = Trimmer(Limits()).flatten(row)
    assert (flat["m"], flat["(1, 2)"], flat["(3, 4)"]) == ("<dict>", 5, 6)


def test_many_small_deep_values_are_all_kept() -> None:
    row = {f"f{number}": {"a": {"b": {"c": {"d": {"e": number}}}}} for number in range(500)}
    flat = Trimmer(Limits()).flatten(row)
    assert flat == {f"f{number}.a.b.c.d": f"{{'e': {number}}}" for number in range(500)}


def test_keywords_win_over_attributes() -> None:
    assert merge_fields({"a": 1, "b": 1}, {"b": 2}, raise_odd, "add()") == {"a": 1, "b": 2}
    assert merge_fields([("a", 1)], {"b": 2}, raise_odd, "add()") == {"a": 1, "b": 2}


def test_carried_coroutines_still_work(service: Service, rows: Rows) -> None:
    service()

    async def work() -> None:
        add(inside=1)

    async def main() -> None:
        with event("book"):
            await carry(work)()

    asyncio.run(main())
    (row,) = rows()
    assert row["inside"] == 1


def test_a_status_of_every_form_is_kept(service: Service, rows: Rows) -> None:
    service()
    with trace.get_tracer("host").start_as_current_span("book", kind=SpanKind.CLIENT) as span:
        span.set_status(Status(StatusCode.ERROR, "no seat"))
    (row,) = rows()
    assert (row["status_code"], row["status_message"], row["kind"]) == ("ERROR", "no seat", "client")
