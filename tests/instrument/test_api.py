"""`event`, `add`, `part`, `carry` and the markers: what a service calls, and the rows it gets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from obskit.instrument import (
    Handle,
    add,
    carry,
    deployment,
    event,
    flag,
    incident,
    part,
)
from obskit.instrument.configuration import isolated_configuration
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


def test_fields_added_below_land_on_the_local_root(service: Service, rows: Rows) -> None:
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


def test_an_exception_is_recorded_and_propagates(service: Service, rows: Rows) -> None:
    service()
    with pytest.raises(KeyError, match="seat"), event("book"):
        raise KeyError("seat")
    (row,) = rows()
    assert row["status_code"] == "ERROR"
    assert row["error.type"] == "KeyError"
    assert row["exception.type"] == "KeyError"
    assert row["exception.message"] == "'seat'"
    assert "test_an_exception_is_recorded" in row["exception.stacktrace"]


def test_a_decorator_applied_before_configure_works_after_it(service: Service, rows: Rows) -> None:
    @event("early")
    def early() -> int:
        return 1

    assert early() == 1
    service()
    assert early() == 1
    assert [row["name"] for row in rows()] == ["early"]


def test_late_fields_and_fields_outside_any_event_are_counted(service: Service, rows: Rows) -> None:
    handle = service()
    with event("done") as e:
        pass
    e.add(a=1, b=2)
    e["c"] = 3
    add(x=1)
    assert handle.counters["late"] == 3
    assert handle.counters["outside"] == 1
    assert len(rows()) == 1


def test_a_task_that_outlives_its_request_has_its_own_event(service: Service, rows: Rows) -> None:
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


def test_only_carry_takes_the_context_into_threads(service: Service, rows: Rows) -> None:
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


def test_markers_are_points_in_time(service: Service, rows: Rows, tmp_path: Path) -> None:
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


def test_unconfigured_calls_do_nothing() -> None:
    # Another test of this process may have configured it, such as the code blocks of the README.
    with isolated_configuration(), event("nothing", a=1) as e:
        e["x"] = 1
        e.add(y=2)
        add(z=3)
        with part("p"):
            pass
        deployment("d")
    assert e.get("x") is None


class Rude:
    def __bool__(self) -> bool:
        raise RuntimeError("no truth in it")

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    "rude",
    [
        lambda e: add(zip("ab", "cd", strict=True)),  # type: ignore[arg-type]
        lambda e: add(Rude()),  # type: ignore[arg-type]
        lambda e: e.add(zip("ab", "cd", strict=True)),
        lambda e: e.add(Rude()),
        lambda e: event("x", Rude()),  # type: ignore[arg-type]
        lambda e: e.set_status("ERROR"),
        lambda e: e.__setitem__([], 1),
        lambda e: e.add({"x": Rude()}),
    ],
)
def test_no_value_that_a_host_passes_raises_into_it(rude: Any, service: Service, rows: Rows) -> None:
    service()
    with event("book") as e:
        rude(e)
    rude(e)  # late, and outside
    assert [row["name"] for row in rows()] == ["book"]
