"""Events open at a fork belong to the parent: the child does not write them, and counts fields it adds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.instrument_process import read, run

FORKING = """
import json, os, sys
if "sdk" in sys.argv:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    trace.set_tracer_provider(TracerProvider())
    early = trace.get_tracer("early").start_span("early")
from obskit.instrument import add, carry, configure, event, part
from opentelemetry import trace
handle = configure("booking", sink=sys.argv[1])
child = False
try:
    with event("order") as order, event("price") as price:
        carried = carry(lambda: add(carried=1))
        if pid := os.fork():
            assert os.waitpid(pid, 0)[1] == 0
            add(parent=True)
        else:
            child = True
            add({"a": 1}, b=2)
            order.add({"c": 1})
            price["d"] = 1
            carried()
            with part("counting"):
                pass
            with event("work"):
                add(own=1)
                with event("below"):
                    add(added=1)
            carry(event("carried")(lambda: add(late=1)))()
            raise ValueError("the child leaves both blocks by it")
except ValueError:
    assert child
if "sdk" in sys.argv:
    early.end()
if child:
    handle.flush(5)
    print(json.dumps(handle.counters), flush=True)
    os._exit(0)
"""


@pytest.mark.parametrize(("how", "open_at_the_fork"), [("own", 2), ("sdk", 3)])
def test_a_forked_child_leaves_open_events_to_its_parent(
    tmp_path: Path, how: str, open_at_the_fork: int
) -> None:
    """Under our provider, and under another with a span that began before `configure`."""
    counters = json.loads(run(FORKING, str(tmp_path), how))
    rows = read(tmp_path)
    named = {row["name"]: row for row in rows}
    ended = {"order", "price"} | ({"early"} if how == "sdk" else set())
    assert len(rows) == len(named) == 3 + open_at_the_fork
    assert named.keys() == ended | {"work", "below", "carried"}
    assert named["order"]["parent"] is True
    assert "parent" not in named["price"]
    for name in ended:
        assert not {"a", "b", "c", "d", "carried", "part.counting.count", "error.type"} & named[name].keys()
    work, price = named["work"], named["price"]
    assert (work["own"], work["added"], work["parent_span_id"]) == (1, 1, price["span_id"])
    assert named["below"]["parent_span_id"] == work["span_id"]
    assert named["carried"]["late"] == 1
    assert {work["trace_id"], named["below"]["trace_id"], named["carried"]["trace_id"]} == {price["trace_id"]}
    assert work["process.pid"] != price["process.pid"]
    found = {name: counters[name] for name in ("outside", "inherited", "written", "late", "failed")}
    assert found == {"outside": 7, "inherited": open_at_the_fork, "written": 3, "late": 0, "failed": 0}
