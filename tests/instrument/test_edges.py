"""Where two things meet: what hosts hand over that they should not, what outlives what, who is first."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from opentelemetry import trace

from obskit.instrument import Handle, Redaction, Sampling, add, event
from obskit.instrument.redaction.redactor import pseudonym
from obskit.instrument.spans.event_span import EventSpan

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]
KEY = b"0123456789abcdef"


def test_a_decorated_asynchronous_generator_hears_what_is_sent_and_thrown(
    service: Service, rows: Rows
) -> None:
    service()
    heard: list[Any] = []

    @asynccontextmanager
    @event("transaction")
    async def transaction() -> AsyncIterator[str]:
        try:
            yield "open"
        except ValueError:
            heard.append("rolled back")
        finally:
            heard.append("closed")

    @event("echo")
    async def echo() -> Any:
        value = yield 1
        heard.append(value)
        yield 2

    async def main() -> None:
        async with transaction():
            raise ValueError
        heard.append("after")
        steps = echo()
        await steps.asend(None)
        assert await steps.asend("hello") == 2
        await steps.aclose()

    asyncio.run(main())
    assert heard == ["rolled back", "closed", "after", "hello"]
    assert sorted(row["name"] for row in rows()) == ["echo", "transaction"]


def test_what_has_ended_does_not_keep_its_parents(service: Service) -> None:
    service()
    context = contextvars.copy_context()

    def one() -> contextvars.Context:
        with event("tick"):
            return contextvars.copy_context()

    for _ in range(200):  # each begins within the one before, as a timer that sets itself again
        context = context.run(one)
    gc.collect()
    alive = sum(isinstance(item, EventSpan) and item.name == "tick" for item in gc.get_objects())
    assert alive <= 2


def test_children_held_for_the_tail_are_not_taken_for_a_stuck_disk(service: Service, rows: Rows) -> None:
    handle = service(sampling=Sampling(ratio=0.5, slow_ms=50))
    with event("slow"):
        for _ in range(20):
            with event("step"):
                pass
        time.sleep(0.08)
    assert handle.counters["deferred"] == 0
    assert [row["sample_weight"] for row in rows()] == [1.0] * 21
    assert max(row["duration_ms"] for row in rows() if row["name"] == "step") < 50


def test_a_pseudonym_for_a_field_named_like_a_column_of_ours(service: Service, rows: Rows) -> None:
    service(redaction=Redaction(pseudonyms=("name", "user.id", "host.name"), pseudonym_key=KEY))
    with event("greet") as e:
        e.add({"name": "Ann Smith", "user.id": "ann"})
    with event("other") as e:
        e.add({"user.id": "ann", "auth.tokens": ["a", "b"]})
    greet, other = rows()
    assert greet["name"] == "greet"
    assert greet["attributes.name"] == pseudonym("Ann Smith", KEY)
    assert greet["user.id"] == other["user.id"] == pseudonym("ann", KEY)
    assert greet["host.name"] == other["host.name"]


class Rude:
    def __bool__(self) -> bool:
        raise RuntimeError("no truth in it")

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __str__(self) -> str:
        raise RuntimeError("no text")


class RudeError(ValueError):
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
def test_nothing_reaches_the_host_whatever_it_hands_over(rude: Any, service: Service, rows: Rows) -> None:
    service()
    with event("book") as e:
        rude(e)
    rude(e)  # late, and outside
    assert [row["name"] for row in rows()] == ["book"]


def test_the_hosts_exception_stays_its_own(service: Service, rows: Rows) -> None:
    service()
    with pytest.raises(RudeError), trace.get_tracer("host").start_as_current_span("work"):
        raise RudeError
    (row,) = rows()
    assert row["exception.type"].endswith("RudeError")


def test_an_event_entered_twice_is_two(service: Service, rows: Rows) -> None:
    service()
    again = event("again", {"n": 1})
    for _ in range(2):
        with again:
            pass
    first, second = rows()
    assert first["span_id"] != second["span_id"]
    assert first["n"] == second["n"] == 1


def test_one_bad_unit_keeps_no_other_waiting(service: Service, rows: Rows) -> None:
    handle = service(unfinished_after=0.05)
    runtime = handle._runtime
    assert runtime is not None
    with event("bad") as bad, event("inner"):
        bad.add_event("point", "no attributes")  # type: ignore[arg-type]
        context = contextvars.Context()
        token = context.run(event("good").__enter__)
        time.sleep(0.06)
        runtime.check_open_units()
        assert [row["name"] for row in rows() if row.get("obskit.unfinished")] == ["good"]
        context.run(token.__exit__, None, None, None)
    assert handle.counters["failed"] >= 1


def test_long_texts_are_cut_before_patterns_look_at_them(service: Service, rows: Rows) -> None:
    service()
    dollars = "[SQL: " + " ".join(f"$a{n}$" for n in range(4000))
    begun = time.thread_time()
    with event("book", {"note": "the quick brown fox " * 50_000, "said": dollars}):
        pass
    assert time.thread_time() - begun < 5  # it took minutes; no measure of speed
    (row,) = rows()
    assert len(row["note"]) <= 16_384


@pytest.mark.parametrize(
    "text",
    [
        "/verify-token/a1b2c3d4e5f6g7h8",
        "invalid api key ab12cd34ef56",
        '[["x-api-key","abc123def456"]]',
    ],
)
def test_words_alone_are_a_sign(text: str, service: Service, rows: Rows) -> None:
    from obskit.instrument.redaction.text_scan import cleaned, suspicious

    if cleaned(text) != text:
        assert suspicious(text)


@pytest.mark.parametrize("name", ["dbpassword", "authtoken", "csrfmiddlewaretoken", "smtppass", "secretkey"])
def test_words_written_as_one_are_told_by_name(name: str, service: Service, rows: Rows) -> None:
    service()
    with event("book", {name: "hunter2"}):
        pass
    (row,) = rows()
    assert row[name] == "[redacted]"
