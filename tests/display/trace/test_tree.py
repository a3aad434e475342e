from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from obskit.display.trace.tree import order, place
from tests.display.trace.spans import log, span


def tree(rows):
    return [
        (rows[placed.row]["name"] or rows[placed.row]["body"], placed.depth, placed.origin)
        for placed in place(rows)
    ]


def test_a_missing_parent_starts_a_tree_of_its_own_and_is_named_so():
    """root ── a; lost says `gone` is its parent, which is not here: it is not put below the root"""
    rows = [span("root", None, 0, 100), span("a", "root", 1), span("lost", "gone", 2)]
    assert tree(rows) == [("root", 0, "root"), ("a", 1, "child"), ("lost", 0, "missing")]


def test_each_span_dropped_in_turn_orphans_its_children_and_moves_nobody():
    """a ── b ── c ── d: without b, c is an orphan, and d still below c"""
    rows = [span("a", None, 0), span("b", "a", 1), span("c", "b", 2), span("d", "c", 3), span("e", "a", 4)]
    parents = {row["span_id"]: row["parent_span_id"] for row in rows}
    for gone in range(len(rows)):
        left = rows[:gone] + rows[gone + 1 :]
        for placed in place(left):
            row = left[placed.row]
            named = parents[row["span_id"]]
            if placed.parent is not None:
                assert left[placed.parent]["span_id"] == named
            elif named is not None:
                assert (placed.origin, named) == ("missing", rows[gone]["span_id"])


def test_a_ring_of_parents_is_cut_once_and_said():
    rows = [span("a", "c", 0), span("b", "a", 1), span("c", "b", 2)]
    assert tree(rows) == [("a", 0, "ring"), ("b", 1, "child"), ("c", 2, "child")]


def test_a_log_record_is_below_its_span_and_never_a_parent():
    rows = [
        log("a", 1, "first"),
        span("a", None, 0),
        span("b", "a", 2),
        log("x", 3, "of a span that is not here"),
    ]
    assert tree(rows) == [
        ("a", 0, "root"),
        ("first", 1, "child"),
        ("b", 1, "child"),
        ("of a span that is not here", 0, "missing"),
    ]


@given(st.permutations(range(8)), st.lists(st.none() | st.integers(0, 9), min_size=8, max_size=8))
def test_spans_with_ids_of_their_own_are_placed_as_those_that_share_ids_are(ids, parents):
    rows = [
        span(str(own), None if parent is None else str(parent), n, kind=("server", "client", None)[n % 3])
        for n, (own, parent) in enumerate(zip(ids, parents, strict=True))
    ]
    extra = [span("shared", None, 50), span("shared", None, 51)]
    alone = {placed.row: placed for placed in place(rows)}
    beside = {placed.row: placed for placed in place([*rows, *extra]) if placed.row < len(rows)}
    assert alone == beside


@given(
    st.lists(
        st.tuples(
            st.integers(0, 8), st.none() | st.integers(0, 8), st.sampled_from(["server", "client", "event"])
        ),
        max_size=14,
    )
)
def test_every_row_once_parents_first(rows):
    spans = [
        {"span_id": str(a), "parent_span_id": None if b is None else str(b), "timestamp": None, "kind": kind}
        for a, b, kind in rows
    ]
    placed = place(spans)
    assert sorted(one.row for one in placed) == list(range(len(spans)))
    seen = {}
    for one in placed:
        assert one.depth == (0 if one.parent is None else seen[one.parent] + 1)
        seen[one.row] = one.depth
    assert order(spans) == [(one.row, one.depth) for one in placed]
