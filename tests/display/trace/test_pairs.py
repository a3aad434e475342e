from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from obskit.display.trace.model import trace_model
from obskit.display.trace.pairs import trace_rows
from tests.display.trace.spans import span, table


def named(rows, a, b):
    return [
        (a.names[i] if i >= 0 else None, b.names[j] if j >= 0 else None, int(depth))
        for i, j, depth in zip(rows.here, rows.there, rows.depths, strict=True)
    ]


def test_the_nth_call_of_one_is_next_to_the_nth_call_of_the_other():
    """root ─ get, get, db         root ─ get, cache, get, get"""
    a = trace_model(
        table(
            [
                span("r", None, 0),
                *(span(x, "r", n, name="get") for n, x in enumerate("ab")),
                span("db", "r", 5),
            ]
        )
    )
    b = trace_model(
        table(
            [
                span("r", None, 0),
                span("c", "r", 1, name="cache"),
                *(span(x, "r", 2 + n, name="get") for n, x in enumerate("xyz")),
            ]
        )
    )
    assert named(trace_rows(a, b), a, b) == [
        ("r", "r", 0),
        ("get", "get", 1),
        ("get", "get", 1),
        (None, "cache", 1),
        (None, "get", 1),
        ("db", None, 1),
    ]


def test_what_is_below_different_calls_is_not_paired():
    a = trace_model(table([span("r", None, 0), span("x", "r", 1), span("leaf", "x", 2)]))
    b = trace_model(table([span("r", None, 0), span("y", "r", 1), span("leaf", "y", 2)]))
    assert named(trace_rows(a, b), a, b) == [
        ("r", "r", 0),
        ("x", None, 1),
        ("leaf", None, 2),
        (None, "y", 1),
        (None, "leaf", 2),
    ]


shapes = st.lists(st.tuples(st.sampled_from("pqr"), st.integers(0, 6)), min_size=1, max_size=10)


@given(shapes, shapes)
def test_each_span_of_both_once_and_parents_first(left, right):
    a, b = (
        trace_model(
            table(
                [
                    span(str(n), str(min(p, n - 1)) if n else None, n, name=name)
                    for n, (name, p) in enumerate(shape)
                ]
            )
        )
        for shape in (left, right)
    )
    rows = trace_rows(a, b)
    assert sorted(i for i in rows.here if i >= 0) == list(range(len(a)))
    assert sorted(j for j in rows.there if j >= 0) == list(range(len(b)))
    assert all(parent < row for row, parent in enumerate(rows.parents))
    for i, j in zip(rows.here, rows.there, strict=True):
        if i >= 0 and j >= 0:
            assert a.names[i] == b.names[j]
