"""What a service calls, and what row comes of it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from obskit.instrument import Handle, Limits, add, carry, configure, deployment, event, flag, incident, part
from obskit.instrument.spans.context_managers import EventBlock
from tests.support.instrument_process import events_in

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


def test_an_event_is_one_row_of_the_event_model(service: Service, rows: Rows, tmp_path: Path) -> None:
    service(version="2.4.0", environment="prod", deployment_id="d-7", track="canary")
    with event("book", {"http.route": "/book"}, seats=2) as e:
        e["seat.count"] = 3
        e.add({"cart.total": 12.5}, customer="c-1")
    (row,) = rows()
    assert row["name"] == "book"
    assert row["kind"] == "internal"
    assert row["status_code"] == "UNSET"
    assert row["sample_weight"] == 1.0
    assert "parent_span_id" not in row
    assert len(row["trace_id"]) == 32
    assert len(row["span_id"]) == 16
    assert row["duration_ms"] > 0
    assert {
        name: row[name] for name in ("service.name", "service.version", "deployment.environment.name")
    } == {
        "service.name": "booking",
        "service.version": "2.4.0",
        "deployment.environment.name": "prod",
    }
    assert row["deployment.id"] == "d-7"
    assert row["obskit.deployment.track"] == "canary"
    assert {
        "http.route": "/book",
        "seats": 2,
        "seat.count": 3,
        "cart.total": 12.5,
        "customer": "c-1",
    }.items() <= row.items()
    assert row["process.memory.usage"] > 1_000_000
    assert row["process.uptime"] >= 0
    assert row["obskit.in_flight"] >= 0

    events = events_in(tmp_path / "events")
    table = events.to_arrow().to_pylist()
    assert len(table) == 1
    assert table[0]["timestamp"].isoformat().replace("+00:00", "Z")[:19] == row["timestamp"][:19]
    assert table[0]["error"] is False
    assert table[0]["seat.count"] == 3
    assert events.load_report.rejected_count == 0


def test_what_is_added_below_lands_on_the_local_root(service: Service, rows: Rows) -> None:
    service()
    with event("request") as request, event("query") as query:
        add(deep=True)
        query["rows"] = 3
        assert request.get("deep") is True
    child, root = rows()
    assert (child["name"], root["name"]) == ("query", "request")
    assert child["parent_span_id"] == root["span_id"]
    assert child["trace_id"] == root["trace_id"]
    assert root["deep"] is True
    assert "deep" not in child
    assert child["rows"] == 3


def test_an_exception_is_on_the_event_and_goes_on(service: Service, rows: Rows) -> None:
    service()
    with pytest.raises(KeyError, match="seat"), event("book"):
        raise KeyError("seat")
    (row,) = rows()
    assert row["status_code"] == "ERROR"
    assert row["error.type"] == "KeyError"
    assert row["exception.type"] == "KeyError"
    assert row["exception.message"] == "'seat'"
    assert "test_an_exception_is_on_the_event" in row["exception.stacktrace"]


def test_being_cancelled_is_no_failure(service: Service, rows: Rows) -> None:
    service()

    async def main() -> None:
        async def work() -> None:
            with event("slow"):
                await asyncio.sleep(60)

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    (row,) = rows()
    assert row["status_code"] == "UNSET"
    assert row["obskit.cancelled"] is True


def test_decorated_functions_of_every_kind(service: Service, rows: Rows) -> None:
    service()

    @event("plain")
    def plain(x: int) -> int:
        add(x=x)
        return x + 1

    @event("coroutine")
    async def coroutine() -> str:
        await asyncio.sleep(0)
        add(inside=1)
        return "done"

    @event("generator")
    def generator() -> Generator[int, int, str]:
        got = yield 1
        add(got=got)
        yield 2
        return "end"

    @event("stream")
    async def stream() -> AsyncGenerator[int, None]:
        for i in range(3):
            await asyncio.sleep(0)
            add(last=i)
            yield i

    async def consume() -> list[int]:
        return [item async for item in stream()]

    assert (plain(1), plain(2)) == (2, 3)
    assert asyncio.run(coroutine()) == "done"
    steps = generator()
    assert next(steps) == 1
    with event("consumer"):
        add(mine=True)
    assert steps.send(7) == 2
    with pytest.raises(StopIteration, match="end"):
        next(steps)
    assert asyncio.run(consume()) == [0, 1, 2]
    found = {row["name"]: row for row in rows()}
    assert found["plain"]["x"] == 2
    assert found["coroutine"]["inside"] == 1
    assert found["generator"]["got"] == 7
    assert "mine" not in found["generator"]
    assert found["stream"]["last"] == 2
    assert "parent_span_id" not in found["consumer"]
    assert len({row["trace_id"] for row in rows()}) == 6


def test_a_decorator_from_before_configure_works_after_it(service: Service, rows: Rows) -> None:
    @event("early")
    def early() -> int:
        return 1

    assert early() == 1
    service()
    assert early() == 1
    assert [row["name"] for row in rows()] == ["early"]


def test_fields_that_come_too_late_or_nowhere_are_counted(service: Service, rows: Rows) -> None:
    handle = service()
    with event("done") as e:
        pass
    e.add(a=1, b=2)
    e["c"] = 3
    add(x=1)
    assert handle.counters["late"] == 3
    assert handle.counters["outside"] == 1
    assert len(rows()) == 1


def test_a_task_that_outlives_its_request_has_an_event_of_its_own(service: Service, rows: Rows) -> None:
    handle = service()

    async def main() -> None:
        gate = asyncio.Event()

        async def background() -> None:
            await gate.wait()
            with event("mail"):
                add(sent=1)
            add(lost=1)

        with event("request"):
            task = asyncio.create_task(background())
            await asyncio.sleep(0)
        gate.set()
        await task

    asyncio.run(main())
    request, mail = rows()
    assert mail["sent"] == 1
    assert mail["parent_span_id"] == request["span_id"]
    assert handle.counters["late"] == 1


def test_context_crosses_into_threads_by_carry_alone(service: Service, rows: Rows) -> None:
    handle = service()

    def work(n: int) -> None:
        add({f"thread.{n}": True})

    with event("request"):
        bare = threading.Thread(target=work, args=(0,))
        carried = [threading.Thread(target=carry(work), args=(n,)) for n in (1, 2)]
        for thread in (bare, *carried):
            thread.start()
            thread.join()
    (row,) = rows()
    assert "thread.0" not in row
    assert row["thread.1"] is row["thread.2"] is True
    assert handle.counters["outside"] == 1


def test_parts_are_timed_as_fields(service: Service, rows: Rows) -> None:
    service()

    @part("price it")
    def price() -> None: ...

    with event("book"):
        with part("seat lookup"):
            pass
        with event("inner"):
            price()
            price()
    row = next(row for row in rows() if row["name"] == "book")
    assert row["part.seat_lookup.count"] == 1
    assert row["part.price_it.count"] == 2
    assert row["part.price_it.duration_ms"] > 0


def test_markers_are_points_of_time(service: Service, rows: Rows, tmp_path: Path) -> None:
    service()
    deployment("d-8", version="2.5.0", revision="abc123", run="77", status="started")
    incident("seats are slow", severity="2")
    with event("book") as e:
        flag("new-prices", "on", provider="flagd")
    found = {row["name"]: row for row in rows()}
    marker = found["deployment"]
    assert marker["kind"] == "event"
    assert marker["duration_ms"] is None
    assert marker["service.version"] == "2.5.0"
    assert marker["vcs.ref.head.revision"] == "abc123"
    assert marker["cicd.pipeline.run.id"] == "77"
    assert marker["deployment.status"] == "started"
    assert found["incident"]["obskit.incident.title"] == "seats are slow"
    assert found["feature_flag.evaluation"]["feature_flag.result.variant"] == "on"
    assert found["feature_flag.evaluation"]["trace_id"] == e.trace_hex
    assert found["book"]["feature_flag.new-prices"] == "on"
    loaded = events_in(tmp_path / "events")
    assert loaded.where("name = 'deployment'").query("count()").to_arrow().column(0).to_pylist() == [1]


def test_a_field_with_the_name_of_a_column_is_an_attribute(service: Service, rows: Rows) -> None:
    service()
    with event("book") as e:
        e.add(name="x", timestamp=1, trace_id="no", event_count=9, body="b", error=True)
        e.add({"service.name": "other"})
    (row,) = rows()
    assert row["name"] == "book"
    assert row["attributes.name"] == "x"
    assert row["attributes.timestamp"] == 1
    assert row["attributes.trace_id"] == "no"
    assert row["attributes.event_count"] == 9
    assert row["attributes.body"] == "b"
    assert "event_count" not in row
    assert row["error"] is True
    assert row["service.name"] == "other"


def test_a_unit_that_is_open_for_long_is_written_provisionally(
    service: Service, rows: Rows, tmp_path: Path
) -> None:
    handle = service(unfinished_after=0.05)
    done = threading.Event()
    with event("stuck", seat="14C"):
        for _ in range(200):
            if handle.counters["unfinished"]:
                break
            done.wait(0.05)
        (row,) = rows()
        assert row["obskit.unfinished"] is True
        assert row["seat"] == "14C"
        assert row["duration_ms"] >= 50
        flag("new-seats", "on")  # of the same ids, and no end of the unit
        loaded = events_in(tmp_path / "events").to_arrow(["name", "obskit.unfinished"])
        assert sorted(map(tuple, (r.values() for r in loaded.to_pylist()))) == [
            ("feature_flag.evaluation", None),
            ("stuck", True),
        ]
    found = [r for r in rows() if r["name"] == "stuck"]
    assert [r.get("obskit.unfinished") for r in found] == [True, None]
    assert len({r["span_id"] for r in rows()}) == 1
    events = events_in(tmp_path / "events")
    assert events.load_report.replaced == 1
    ended = [r for r in events.to_arrow().to_pylist() if r["name"] == "stuck"]
    assert [(r["obskit.unfinished"], r["duration_ms"]) for r in ended] == [(None, found[1]["duration_ms"])]


def test_a_unit_that_is_just_beginning_is_not_looked_at(service: Service, rows: Rows) -> None:
    """It is among those that are open before all of it is known; the keeper may come by at that moment."""
    handle = service(unfinished_after=0.0)
    assert handle._runtime is not None
    half = EventBlock(handle._runtime, "half")
    handle._runtime.open_units[half] = None
    with event("whole"):
        handle._runtime.check_open_units()
    assert [row["name"] for row in rows()] == ["whole", "whole"]
    assert handle.counters["failed"] == 0


def test_a_second_configure_returns_the_first_handle(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    first = service()
    with caplog.at_level(logging.WARNING):
        assert configure("other") is first
        assert configure("other") is first
    assert [r.getMessage() for r in caplog.records] == [
        "obskit: configure was called again; the first call stays in effect"
    ]


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __hash__(self) -> int:
        return 7


def test_nothing_that_a_host_hands_over_raises(service: Service, rows: Rows) -> None:
    handle = service()
    circle: list[Any] = []
    circle.append(circle)
    with event("odd") as e:
        e.add({"hostile": Hostile(), "circle": circle, "bytes": b"\xff", "huge": 2**70, "nan": float("nan")})
        e.add({"surrogate": "\ud800", "set": {1}, 5: "number", "none": None, "complex": 1j})  # type: ignore[dict-item]
        e.add(7)  # type: ignore[arg-type]
    (row,) = rows()
    assert row["hostile"] == "<Hostile>"
    assert row["surrogate"] == "?"
    assert row["huge"] == str(2**70)
    assert row["nan"] is None
    assert row["5"] == "number"
    assert row["set"] == [1]
    assert handle.counters["failed"] == 1


def test_limits_cut_and_count(service: Service, rows: Rows) -> None:
    handle = service(limits=Limits(fields=50, length=200, depth=2, items=10, line=4000))
    with event("big") as e:
        e["text"] = "x" * 1000
        e["list"] = list(range(100))
        e["deep"] = {"a": {"b": {"c": {"d": 1}}}}
        for n in range(100):
            e[f"f{n}"] = n
    (row,) = rows()
    assert len(row["text"]) == 200
    assert len(row["list"]) == 10
    assert row["deep.a.b"] == "{'c': {'d': 1}}"
    assert "f40" in row
    assert "f90" not in row
    assert handle.counters["cut"] >= 50 + 90 + 1
    with event("bigger") as e:
        for n in range(40):
            e[f"long{n}"] = "y" * 190
    assert len(str(rows()[1])) < 4600


def test_unconfigured_calls_do_nothing() -> None:
    with event("nothing", a=1) as e:
        e["x"] = 1
        e.add(y=2)
        add(z=3)
        with part("p"):
            pass
    deployment("d")
    assert e.get("x") is None
