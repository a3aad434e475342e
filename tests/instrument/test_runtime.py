"""Provisional rows, tail sampling's held spans, and what is freed when a unit ends."""

from __future__ import annotations

import contextvars
import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from obskit.instrument import (
    Handle,
    Sampling,
    event,
    flag,
)
from obskit.instrument.api import Active
from obskit.instrument.spans.context_managers import EventBlock
from obskit.instrument.spans.event_span import EventSpan
from tests.support.instrument_process import events_in

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


def test_a_unit_that_is_open_for_a_long_time_is_written_provisionally(
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


def test_a_unit_that_is_just_beginning_is_skipped(service: Service, rows: Rows) -> None:
    """It is registered as open before all its attributes are set, and the keeper may look at that moment."""
    handle = service(unfinished_after=0.0)
    assert Active.runtime is not None
    half = EventBlock(Active.runtime, "half")
    Active.runtime.open_units[half] = None
    with event("whole"):
        Active.runtime.check_open_units()
    assert [row["name"] for row in rows()] == ["whole", "whole"]
    assert handle.counters["failed"] == 0


def test_a_unit_that_cannot_be_written_does_not_block_the_others(service: Service, rows: Rows) -> None:
    handle = service(unfinished_after=0.05)
    runtime = Active.runtime
    assert runtime is not None
    with event("bad") as bad, event("inner"):
        bad.started = 10**30  # no public call sets such a time
        context = contextvars.Context()
        token = context.run(event("good").__enter__)
        time.sleep(0.06)
        runtime.check_open_units()
        assert [row["name"] for row in rows() if row.get("obskit.unfinished")] == ["good"]
        context.run(token.__exit__, None, None, None)
    assert handle.counters["failed"] >= 1


def test_spans_held_for_the_tail_do_not_look_like_a_stuck_disk(service: Service, rows: Rows) -> None:
    handle = service(sampling=Sampling(ratio=0.5, slow_ms=50))
    with event("slow"):
        for _ in range(20):
            with event("step"):
                pass
        time.sleep(0.08)
    assert handle.counters["deferred"] == 0
    assert [row["sample_weight"] for row in rows()] == [1.0] * 21
    assert max(row["duration_ms"] for row in rows() if row["name"] == "step") < 50


def test_an_ended_span_does_not_keep_its_parents_alive(service: Service) -> None:
    service()
    context = contextvars.copy_context()

    def one() -> contextvars.Context:
        with event("tick"):
            return contextvars.copy_context()

    for _ in range(200):  # each begins within the one before, as a timer that sets itself again
        context = context.run(one)
    gc.collect()
    # isinstance would ask Django's lazy settings for their class, if another test has imported them.
    spans = [item for item in gc.get_objects() if issubclass(type(item), EventSpan)]
    alive = sum(span.name == "tick" for span in spans)
    assert alive <= 2
