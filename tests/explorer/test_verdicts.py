"""The verdict on a deployment inside the time of the box."""

from __future__ import annotations

import pytest

import obskit as ok
from tests.explorer.test_panels import executed
from tests.support import planted

AT = 1_777_888_800_000_000  # 2026-05-04T10:00Z
MINUTE = 60_000_000
AROUND = {"x0": AT + 20 * MINUTE, "x1": AT + 55 * MINUTE, "y0": 400, "y1": None}
BEFORE = {"x0": AT, "x1": AT + 20 * MINUTE, "y0": 100, "y1": None}


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    return ok.load(planted.write(tmp_path_factory.mktemp("events")))


def send(explorer, **message):
    explorer._receive(explorer, message, [])
    explorer._judged.wait(60)
    explorer.wait(60)
    return explorer._verdict


def test_a_deployment_inside_the_box_is_judged_when_asked(events):
    explorer = ok.Explorer(events)
    send(explorer, type="brush", brush=AROUND)
    assert explorer._found["deployments"] == ["booking 2.4.0"]
    assert explorer._verdict == {}
    verdict = send(explorer, type="judge", deployment="booking 2.4.0")
    assert verdict["word"] == "regress"
    assert "latency: regress" in verdict["criteria"]
    again = executed(explorer)["verdict"]
    assert (again.word, again.sentence) == (verdict["word"], verdict["text"])
    send(explorer, type="tab", tab="rows")  # the verdict stays as long as the box
    assert explorer._verdict == verdict
    assert send(explorer, type="brush", brush=BEFORE) == {}
    assert explorer._found["deployments"] == []
    assert "judge(" not in explorer.code


def test_what_cannot_be_judged_is_said(events):
    explorer = ok.Explorer(events, where="service.version = '2.4.0'")
    send(explorer, type="brush", brush=AROUND)
    verdict = send(explorer, type="judge", deployment="booking 2.4.0")
    assert verdict["word"] in ("no data", "inconclusive")
    verdict = send(explorer, type="judge", deployment="booking 9")
    assert verdict["error"] == "this deployment is not inside the box"
    assert verdict["hint"] == "draw the box again"
