from __future__ import annotations

import numpy as np

from obskit.display.live.packing import (
    FAILED,
    LINKED,
    MISSING,
    ONLY_OTHER,
    OTHER_FAILED,
    RECORD,
    UNTIMED,
    pack,
)
from obskit.display.trace.model import trace_model
from obskit.display.trace.pairs import trace_rows
from obskit.display.trace.side import TraceSide
from tests.display.trace.spans import EVIL, log, span, table


def packed(rows, other=None):
    sides = [
        TraceSide(str(n), table(some), trace_model(table(some)))
        for n, some in enumerate([rows, other])
        if some
    ]
    return pack(sides, trace_rows(*(side.model for side in sides)))


def unpack(view, cells):
    """Read the bytes as the page does."""
    rows, path, marks = (view["counts"][name] for name in ("rows", "path", "marks"))
    other = rows if view["compared"] else 0
    layout = [
        ("starts", "<f8", rows), ("shifts", "<f8", rows), ("durations", "<f8", rows), ("own", "<f8", rows),
        ("other_starts", "<f8", other), ("other_durations", "<f8", other), ("path_from", "<f8", path),
        ("path_to", "<f8", path), ("mark_at", "<f8", marks), ("parents", "<i4", rows), ("names", "<u4", rows),
        ("path_rows", "<i4", path), ("mark_rows", "<i4", marks), ("depths", "<u2", rows), ("services", "<u2", rows),
        ("flags", "u1", rows), ("mark_kinds", "u1", marks),
    ]  # fmt: skip
    out, at = {}, 0
    for name, kind, count in layout:
        out[name] = np.frombuffer(cells, kind, count, at).tolist()
        at += count * np.dtype(kind).itemsize
    assert at == len(cells)
    return out


def test_one_trace():
    view, cells = packed(
        [
            span("root", None, 10, 100.0),
            span("db", "root", 20, 30.0, service__name="store", error=True, exception__type="Timeout"),
            log("db", 25, "slow", 17),
            span("lost", "gone", 60, None),
            log("nowhere", 70, "?"),
        ]
    )
    arrays = unpack(view, cells)
    assert arrays["starts"] == [0, 10, 50, 60]
    assert arrays["durations"][:2] == [100, 30]
    assert arrays["parents"] == [-1, 0, -1, -1]
    assert arrays["flags"] == [0, FAILED, MISSING, MISSING | RECORD]
    assert [view["names"][name] for name in arrays["names"]] == ["root", "db", "lost", "?"]
    assert [view["services"][service]["name"] for service in arrays["services"]] == [
        "shop",
        "store",
        "shop",
        "shop",
    ]
    assert (arrays["mark_rows"], arrays["mark_at"], arrays["mark_kinds"]) == ([1], [15], [3])
    assert list(zip(arrays["path_rows"], arrays["path_from"], arrays["path_to"], strict=True)) == [
        (0, 0, 10), (0, 40, 100), (1, 10, 40),
    ]  # fmt: skip
    assert view["faults"] == {"1": "Timeout"}
    assert view["length"] == 100


def test_two_traces_begin_together_and_rows_of_one_alone_are_marked():
    view, cells = packed(
        [span("root", None, 10, 100.0), span("a", "root", 20)],
        [span("root", None, 500, 200.0, error=True, status_message="no"), span("b", "root", 530, 10.0)],
    )
    arrays = unpack(view, cells)
    assert arrays["flags"] == [OTHER_FAILED, 0, ONLY_OTHER]
    assert arrays["other_starts"][0] == 0
    assert arrays["other_starts"][2] == 30
    assert np.isnan(arrays["other_starts"][1])
    assert view["faults"] == {"0": "in the other trace: no"}
    assert view["length"] == 200


def test_what_has_no_time_is_marked_and_nothing_else_changes():
    view, cells = packed([span("root", None, 0), span("a", "root", None)])
    assert unpack(view, cells)["flags"] == [0, UNTIMED]


def test_a_span_with_links_is_marked():
    link = {"trace_id": "ab" * 16, "span_id": None, "trace_state": None, "attributes": None}
    view, cells = packed([span("root", None, 0, links=[link]), span("a", "root", 1, links=[])])
    assert unpack(view, cells)["flags"] == [LINKED, 0]


def test_names_are_made_safe():
    view, _ = packed([span(EVIL, None, 0, service__name=EVIL, error=True, status_message="a\x1b[31m\u202e")])
    assert "\u202e" not in str(view)
    assert "\x1b" not in str(view)


def test_no_rows():
    view, cells = packed([span("a", None, 0)])
    empty = trace_model(table([span("a", None, 0)]).slice(0, 0))
    view, cells = pack([TraceSide("x", table([]), empty)], trace_rows(empty))
    assert (view["counts"], cells) == ({"rows": 0, "path": 0, "marks": 0}, b"")
