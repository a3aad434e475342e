"""Captured rows are the same in every run."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace

from obskit.instrument import Redaction, Sampling, add, configure, deployment, event, part
from obskit.instrument.api import Active
from obskit.testing import captured


@pytest.fixture
def emitted() -> Iterator[list[dict[str, Any]]]:
    """The fixture from the docs."""
    with captured("booking", version="2.4.0") as rows:
        yield rows


def work() -> None:
    with event("book", {"cart.items": 3}) as e:
        add(customer="c-17")
        with event("seats"), part("seat lookup"):
            pass
        e["password"] = "hunter2"
    deployment("d-1")


def test_what_was_emitted(emitted: list[dict[str, Any]]) -> None:
    work()
    seats, book, marker = emitted
    assert book == {
        "timestamp": "2026-01-01T00:00:00.002000Z",
        "duration_ms": 6.0,
        "name": "book",
        "kind": "internal",
        "trace_id": book["trace_id"],
        "span_id": book["span_id"],
        "status_code": "UNSET",
        "sample_weight": 1.0,
        "cart.items": 3,
        "customer": "c-17",
        "part.seat_lookup.duration_ms": 1.0,
        "part.seat_lookup.count": 1,
        "password": "[redacted]",
        "service.name": "booking",
        "service.version": "2.4.0",
    }
    assert (seats["name"], seats["parent_span_id"]) == ("seats", book["span_id"])
    assert (marker["name"], marker["kind"], marker["deployment.id"]) == ("deployment", "event", "d-1")


def test_it_is_the_same_in_every_run() -> None:
    runs = []
    for _ in range(2):
        with captured() as rows:
            work()
        runs.append(list(rows))
    assert runs[0] == runs[1]
    assert len({row["span_id"] for row in runs[0] if row.get("span_id")}) == 2


def test_options_are_those_of_configure() -> None:
    with (
        captured(redaction=None, step_ms=100, sampling=Sampling(ratio=1.0)) as rows,
        event("a", password="x"),
    ):
        pass
    assert (rows[0]["password"], rows[0]["duration_ms"]) == ("x", 100.0)
    with captured(redaction=Redaction(fields=("customer",))) as rows, event("a", customer="c"):
        pass
    assert rows[0]["customer"] == "[redacted]"


def test_spans_of_opentelemetry_are_captured_too(emitted: list[dict[str, Any]]) -> None:
    with trace.get_tracer("x").start_as_current_span("auto", attributes={"n": 1}):
        add(more=2)
    assert [(row["name"], row["n"], row["more"]) for row in emitted] == [("auto", 1, 2)]


def test_an_earlier_configuration_is_restored(tmp_path: Path) -> None:
    before = Active.runtime
    with captured() as outer:
        with event("outer"):
            pass
        runtime = Active.runtime
        with captured() as inner, event("inner"):
            pass
        assert Active.runtime is runtime
        with event("outer again"):
            pass
    assert Active.runtime is before
    assert ([row["name"] for row in outer], [row["name"] for row in inner]) == (
        ["outer", "outer again"],
        ["inner"],
    )


def test_a_service_that_configures_itself_is_captured(
    emitted: list[dict[str, Any]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        configure("other", sink=tmp_path / "files")
    with event("a"):
        pass
    assert [row["service.name"] for row in emitted] == ["booking"]
    assert not (tmp_path / "files").exists()


def test_an_environment_that_switches_off_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSKIT_DISABLED", "1")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "elsewhere")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    with captured() as rows, event("a"):
        pass
    assert [row["service.name"] for row in rows] == ["tested"]
    assert os.environ["OBSKIT_DISABLED"] == "1"


def test_it_needs_only_the_base_install() -> None:
    code = (
        "import sys\n"
        "from obskit.testing import captured\n"
        "from obskit.instrument import event\n"
        "with captured() as rows, event('a'): pass\n"
        "heavy = {'pyarrow', 'duckdb', 'pandas', 'numpy', 'pytest'} & {m.partition('.')[0] for m in sys.modules}\n"
        "print(rows[0]['name'], heavy)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "a set()\n"
