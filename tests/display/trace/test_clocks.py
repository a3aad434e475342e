from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.display.trace.model import trace_model
from tests.display.trace.spans import span, table


def shifts(*rows):
    model = trace_model(table(rows))
    return dict(zip(model.names, model.shifts.round(3).tolist(), strict=True))


def call(ahead, server_start=20.0, server_ms=60.0, **more):
    """client  |----------------|  10-100 on host a
    server     |----------|     20-80 on host b, whose clock is `ahead` ms
    """
    return (
        span("client", None, 10.123, 90, kind="client", host__name="a"),
        span(
            "server", "client", server_start + 0.123 + ahead, server_ms, kind="server", host__name="b", **more
        ),
        span("inner", "server", server_start + 10.123 + ahead, 10, host__name="b"),
    )


def test_clocks_that_agree_are_left_alone():
    assert set(shifts(*call(0)).values()) == {0.0}


def test_a_server_that_begins_before_its_client_is_moved_to_the_middle_of_the_call():
    # It took 60 of the client's 90 ms: 15 on each side. As recorded it begins at 20 - 50 = -30, so it moves by 55.
    assert shifts(*call(-50)) == {"client": 0.0, "server": 55.0, "inner": 55.0}


def test_a_server_that_only_ends_late_proves_nothing():
    """A caller may stop waiting, and a stream may outlive the call."""
    assert set(shifts(*call(+50)).values()) == {0.0}


def test_one_host_has_one_clock():
    rows = [
        span("a", None, 10, kind="client", host__name="h"),
        span("b", "a", 5.001, kind="server", host__name="h"),
    ]
    assert set(shifts(*rows).values()) == {0.0}


def test_milliseconds_that_were_cut_are_not_skew():
    """The client has microseconds, the server whole milliseconds."""
    rows = [
        span("a", None, 10.7, kind="client", host__name="a"),
        span("b", "a", 10.0, 3, kind="server", host__name="b"),
    ]
    assert set(shifts(*rows).values()) == {0.0}


def test_one_shift_per_clock_satisfies_all_calls_to_it():
    rows = [
        span("root", None, 0, 200, host__name="a"),
        span("c1", "root", 10.5, 50, kind="client", host__name="a"),
        span("s1", "c1", 2.5, 30, kind="server", host__name="b"),
        span("c2", "root", 100.5, 50, kind="client", host__name="a"),
        span("s2", "c2", 97.5, 48, kind="server", host__name="b"),
    ]
    moved = shifts(*rows)
    assert moved["s1"] == moved["s2"]
    # c1 allows 8 to 28, c2 3 to 5: no shift satisfies the likely ends, so the least that the starts demand.
    assert moved["s1"] == 8.0


def test_without_a_host_only_the_call_that_proves_it_is_moved():
    """Two calls to a service, perhaps on two machines: one began before its client, the other is as it should be."""
    rows = [
        span("c1", None, 10.5, 50, kind="client"),
        span("s1", "c1", 0.5, 30, kind="server", service__name="api"),
        span("below", "s1", 5.5, 10, service__name="api"),
        span("c2", "c1", 70.5, 50, kind="client"),
        span("s2", "c2", 75.5, 30, kind="server", service__name="api"),
    ]
    assert shifts(*rows) == {"c1": 0.0, "s1": 20.0, "below": 20.0, "c2": 0.0, "s2": 0.0}


def test_calls_that_contradict_each_other_move_nothing():
    """b begins before its cause on a, and a before its cause on b, by more than any shift can mend."""
    rows = [
        span("a1", None, 100.5, 10, host__name="a"),
        span("b1", "a1", 50.5, 10, host__name="b"),
        span("a2", "b1", 10.5, 10, host__name="a"),
    ]
    assert set(shifts(*rows).values()) == {0.0}


@pytest.mark.parametrize(("missing", "moved"), [("timestamp", 0.0), ("duration_ms", 40.0)])
def test_times_that_are_not_known_prove_nothing(missing, moved):
    """Without the end of the client only its start is left: the least that it demands is 40 ms."""
    first, *rest = call(-50)
    assert shifts(first | {missing: None}, *rest)["server"] == moved


@given(
    skew=st.floats(-1e6, 1e6).filter(lambda value: abs(value) > 1.5),
    gaps=st.lists(st.floats(1, 100), min_size=4, max_size=4),
)
def test_after_correction_nothing_begins_before_its_cause(skew, gaps):
    starts = np.cumsum(gaps)
    rows = [
        span("a", None, starts[0], 1e6, host__name="a"),
        span("b", "a", starts[1] + skew, 10, host__name="b"),
        span("c", "b", starts[2] + skew, 10, host__name="b"),
        span("d", "a", starts[3], 10, host__name="a"),
    ]
    model = trace_model(table(rows))
    begin = dict(zip(model.names, model.starts + model.shifts, strict=True))
    assert begin["b"] >= begin["a"] - 1.0
    assert begin["c"] - begin["b"] == pytest.approx(gaps[2], abs=0.01)
    assert model.shifts[list(model.names).index("d")] == 0.0
