"""`ProcessFields`: what a process puts on every row, as fields and as the JSON text that ends a line."""

from __future__ import annotations

import os
import time

import orjson

from obskit.instrument.process_fields import ProcessFields, resident_bytes


def test_the_json_suffix_has_the_same_fields() -> None:
    process = ProcessFields({"service.name": "booking"}, [None, None])
    assert process.json_suffix.startswith(b",")
    assert process.json_suffix.endswith(b"}\n")
    assert orjson.loads(b"{" + process.json_suffix[1:]) == process.fields
    assert (process.fields["service.name"], process.fields["obskit.in_flight"]) == ("booking", 2)


def test_a_refresh_reads_uptime_and_open_units_and_holds_for_a_second() -> None:
    open_units: list[None] = []
    process = ProcessFields({}, open_units)
    begun = process.refresh_at - 1_000_000_000
    open_units.append(None)
    later = begun + 2_500_000_000
    process.refresh(later)
    assert (process.fields["process.uptime"], process.fields["obskit.in_flight"]) == (2.5, 1)
    assert process.refresh_at == later + 1_000_000_000


def test_a_forked_child_has_its_own_id_and_uptime() -> None:
    process = ProcessFields({"process.pid": -1}, [])
    process.refresh(time.perf_counter_ns() + 10**10)
    assert process.fields["process.uptime"] > 9
    process.reset_after_fork()
    assert (process.fields["process.pid"], process.fields["process.uptime"]) == (os.getpid(), 0.0)


def test_resident_memory_is_in_bytes() -> None:
    assert 1 << 20 < resident_bytes() < 1 << 40
