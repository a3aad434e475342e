"""Odd values through the API that services call: nothing raises into the host, and no event is lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import obskit.instrument as oi
from obskit.errors import ObskitError
from obskit.instrument.configuration import isolated_configuration
from tests.attack.cases import Case, Fault
from tests.attack.odd_values import VALUES


def _application(value: Any, where: str) -> None:
    """Serve one request whose scope has the value in one place."""
    called = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        called.append(1)
        await send(
            {
                "type": "http.response.start",
                "status": value if where == "status" else 200,
                "headers": value if where == "sent" else [],
            }
        )
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        called.append(2)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [(b"host", b"x")],
        "query_string": b"",
        "scheme": "http",
    }
    if where in ("name of a header", "header"):
        scope["headers"] = [(value, b"x") if where == "name of a header" else (b"x", value)]
    elif where not in ("status", "sent"):
        scope[where] = value
    asyncio.run(oi.EventMiddleware(app)(scope, receive, send))
    if called != [1, 2, 2]:
        raise AssertionError(f"the application was called {called}")


def _raises_inside(value: Any) -> None:
    """An exception of the host passes an event as it is."""
    planted = type("Planted", (Exception,), {"__str__": lambda self: str(value), "args": value})()
    try:
        with oi.event("raising", v=1):
            raise planted
    except Exception as error:
        if error is not planted:
            raise


@contextlib.contextmanager
def _event(name: Any = "case", *given: Any, **fields: Any) -> Iterator[Any]:
    with oi.event(name, *given, **fields) as e:
        yield e


def _with(use: Callable[[Any, Any], Any]) -> Callable[[Any], None]:
    """Return a use of a value within an event."""

    def call(value: Any) -> None:
        with oi.event("case") as e:
            use(e, value)

    return call


def _bare(use: Callable[[Any], Any]) -> Callable[[Any], None]:
    """Return a use of a value that takes an event to be lost with it for granted, so one is added."""

    def call(value: Any) -> None:
        use(value)
        with oi.event("case"):
            pass

    return call


def _enter(block: Any) -> None:
    with block:
        pass


def _configure(**given: Any) -> None:
    with isolated_configuration():
        oi.configure(**{"service": "odd", "sink": None, **given}).shutdown(1)


CALLS: dict[str, Callable[[Any], None]] = {
    "e[key] = value": _with(lambda e, v: e.__setitem__("key", v)),
    "e[value] = 1": _with(lambda e, v: e.__setitem__(v, 1)),
    "e.add(value)": _with(lambda e, v: e.add(v)),
    "e.add({key: value})": _with(lambda e, v: e.add({"key": v})),
    "e.add(key=value)": _with(lambda e, v: e.add(key=v)),
    "e.set_attribute(value, value)": _with(lambda e, v: e.set_attribute(v, v)),
    "e.get(value)": _with(lambda e, v: e.get(v)),
    "add(value)": _with(lambda e, v: oi.add(v)),
    "add(key=value)": _with(lambda e, v: oi.add(key=v)),
    "add({key: [value]})": _with(lambda e, v: oi.add({"key": [v, {"a": v}]})),
    "add(value) outside": _bare(lambda v: oi.add(v)),
    "add(name, duration_ms, timestamp)": _with(
        lambda e, v: oi.add({"name": v, "duration_ms": v, "timestamp": v, "kind": v})
    ),
    "event(value)": _bare(lambda v: _enter(oi.event(v))),
    "event(name, value)": _bare(lambda v: _enter(oi.event("other", v))),
    "event(name, key=value)": _bare(lambda v: _enter(oi.event("other", key=v))),
    "@event(value)": _bare(lambda v: oi.event(v)(lambda: None)()),
    "part(value)": _with(lambda e, v: _enter(oi.part(v))),
    "flag(value, value)": _with(lambda e, v: oi.flag(v, v)),
    "flag(key, value)": _with(lambda e, v: oi.flag("key", v)),
    "flag(key, on, value)": _with(lambda e, v: oi.flag("key", "on", v, provider=v, marker=True)),
    "flag(key, value, marker=value)": _with(lambda e, v: oi.flag("key", "on", marker=v)),
    "deployment(value)": _bare(lambda v: oi.deployment(v, v, name=v, status=v, version=v, revision=v, run=v)),
    "deployment(key=value)": _bare(lambda v: oi.deployment("d", key=v)),
    "incident(value)": _bare(lambda v: oi.incident(v, v, status=v, severity=v, id=v)),
    "incident(key=value)": _bare(lambda v: oi.incident("i", key=v)),
    "carry(value)": _bare(lambda v: oi.carry(v) if callable(v) else None),
    "raise": _bare(_raises_inside),
    "pseudonym(value, key)": _bare(lambda v: oi.pseudonym(v, b"k" * 32)),
    "configure(service=value)": _bare(lambda v: _configure(service=v)),
    "configure(version=value)": _bare(
        lambda v: _configure(version=v, environment=v, deployment_id=v, track=v)
    ),
    "configure(attributes=value)": _bare(lambda v: _configure(attributes=v)),
    "configure(attributes={key: value})": _bare(lambda v: _configure(attributes={"key": v})),
    "configure(sink=value)": _bare(
        lambda v: None if issubclass(type(v), str | Path | bytes) else _configure(sink=v)
    ),
    "configure(sampling=value)": _bare(lambda v: _configure(sampling=v)),
    "configure(redaction=value)": _bare(lambda v: _configure(redaction=v)),
    "configure(limits=value)": _bare(lambda v: _configure(limits=v)),
    "configure(files=value)": _bare(lambda v: _configure(files=v, sink="odd-events")),
    "configure(unfinished_after=value)": _bare(lambda v: _configure(unfinished_after=v)),
    "configure(processors=[value])": _bare(lambda v: _configure(processors=[v])),
    **{
        f"middleware: {where}": _bare(lambda v, where=where: _application(v, where))
        for where in (
            *(
                "path",
                "method",
                "headers",
                "header",
                "name of a header",
                "query_string",
                "scheme",
                "client",
                "server",
            ),
            *("route", "endpoint", "http_version", "root_path", "status", "sent", "extensions", "state"),
        )
    },
}


class Part:
    """Makes the inputs of this part; `prepare` returns what tries one, in a worker."""

    name = "host"
    worker = True

    def case(self, rng: random.Random, seed: int, number: int) -> Case:
        # Each call with each value, in an order of the seed: the same value and call do not always meet first.
        pairs = [(call, value) for call in CALLS for value in VALUES]
        random.Random(seed).shuffle(pairs)
        call, value = pairs[number % len(pairs)]
        return Case("host", seed, number, b"", {"call": call, "value": value})

    @staticmethod
    def prepare(folder: Path) -> Callable[[Case], list[Fault]]:
        os.chdir(folder)
        sink = folder / "events"
        handle = oi.configure("attacked", sink=sink, unfinished_after=1e6)

        def attempt(case: Case) -> list[Fault]:
            before = handle.counters
            size = {path: path.stat().st_size for path in sink.glob("*.jsonl")}
            faults = []
            try:
                CALLS[case.details["call"]](VALUES[case.details["value"]]())
            except ObskitError:
                pass
            except Exception as error:
                if not Fault.of(error).place:
                    return []  # raised by the value while this part used it
                faults.append(Fault.of(error))
            handle.flush(5)
            lines = [line for path in sink.glob("*.jsonl") for line in _since(path, size.get(path, 0))]
            if not faults and not any(_is_case(line) for line in lines):
                value = case.details["value"].rpartition(" in ")[2]
                counted = "counted" if handle.counters["failed"] > before["failed"] else "not counted"
                faults.append(Fault(f"an event is lost, and {counted}", "", f"a field is {value}"))
            return faults

        return attempt


def _since(path: Path, start: int) -> list[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        return file.read().splitlines()


def _is_case(line: bytes) -> bool:
    """Return whether a line is an event of the case; every line has to be JSON."""
    return json.loads(line).get("service.name") == "attacked"
