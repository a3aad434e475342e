"""Critical paths of real and published traces, from the file to the answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import obskit
from obskit.dataset import MISSING, ROOT, from_arrow


def critical(path: Path) -> dict[str, float]:
    """Return the time of each operation on the path, in µs, as CRISP's fixtures name them."""
    events = obskit.load(path)
    rows = events.query("sum(obskit.critical_ms) as t", by=["service.name", "name"], limit=1000).to_arrow()
    return {
        f"[{row['service.name']}] {row['name']}": round(row["t"] * 1000)
        for row in rows.to_pylist()
        if row["t"]
    }


@pytest.mark.shared
def test_crisps_fixtures_but_for_one_overlap(shared: Path) -> None:
    """In 10.json a span overlaps its neighbor by 1 of 1,000: CRISP counts both whole, 1,001 of 1,000."""
    equal, other = 0, {}
    files = sorted((shared / "data" / "wire" / "crisp").glob("*.json"))
    for path in files:
        given = json.loads(path.read_text())["testing"]
        wanted = given[0] if isinstance(given, list) else given["opTimeExclusive"]
        wanted = {name: time for name, time in wanted.items() if time}
        found = critical(path)
        if found == wanted:
            equal += 1
        else:
            other[path.name] = (found, wanted)
    assert (len(files), equal) == (21, 20), other
    assert list(other) == ["10.json"]


@pytest.mark.shared
def test_paths_of_jaegers_fixtures_sum_to_their_roots(shared: Path) -> None:
    folder = shared / "data" / "wire" / "jaeger-ui"
    read = 0
    for path in sorted(folder.glob("*.json")):
        try:
            events = obskit.load(path)
            forest = events.dataset.forest
        except obskit.ObskitError:
            continue
        tops = forest.inner_parent < 0
        lengths = (forest.end - forest.start)[forest.rows]
        known = ~np.isnan(forest.critical_ns)
        assert forest.critical_ns[known].sum() == lengths[tops & known].sum(), path.name
        read += len(lengths) > 0
    assert read >= 10


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("traceWithSingleChildLongerThanParentAndStartsAfterParent", 1),
        ("traceWithThreeShortChildren", 4),
        ("traceWithOverlappingChildrenLongerThanParent", None),
    ],
)
def test_jaegers_special_cases(shared: Path, name: str, expected: int | None) -> None:
    forest = obskit.load(shared / "data" / "wire" / "jaeger-ui" / f"{name}.json").dataset.forest
    lengths = forest.end[forest.rows] - forest.start[forest.rows]
    assert (forest.self_ns >= 0).all()
    assert (forest.self_ns <= lengths).all()
    if expected is not None:
        assert len(forest.rows) >= expected


def test_every_path_of_the_sample_sums_to_the_duration_of_its_root(sample_events: Path) -> None:
    forest = obskit.load(sample_events).dataset.forest
    trace = forest.trace[forest.rows]
    path = np.bincount(trace, forest.critical_ns, minlength=forest.traces + 1)
    tops = forest.inner_parent < 0
    lengths = (forest.end - forest.start)[forest.rows]
    assert len(np.unique(trace)) > 5_000
    assert np.array_equal(path, np.bincount(trace[tops], lengths[tops], minlength=forest.traces + 1))
    assert (forest.self_ns >= 0).all()


def test_a_dropped_span_leaves_orphans_and_no_other_parents(sample_events: Path) -> None:
    """Each span of a trace dropped in turn: its children are marked, and all others keep their parents."""
    whole = obskit.load(sample_events)
    longest = whole.traces().list(order="spans desc", limit=1).to_arrow()["trace_id"][0].as_py()
    columns = ["trace_id", "span_id", "parent_span_id", "kind", "timestamp", "duration_ms", "name"]
    table = whole.where(f"trace_id = '{longest}'").rows(columns, limit=1000).to_arrow()
    table = table.filter(pc.is_valid(table["duration_ms"]))
    ids, parents = (table[name].to_pylist() for name in ("span_id", "parent_span_id"))
    assert len(ids) >= 10
    for dropped in range(len(ids)):
        rest = [at for at in range(len(ids)) if at != dropped]
        forest = from_arrow(table.take(pa.array(rest))).forest
        named = [None if at < 0 else ids[rest[at]] for at in forest.parent]
        for row, at in enumerate(rest):
            if parents[at] is None:
                assert (named[row], forest.parent[row]) == (None, ROOT)
            elif parents[at] == ids[dropped]:
                assert (named[row], forest.parent[row]) == (None, MISSING)
            else:
                assert named[row] == parents[at]
        path = forest.critical_ns.sum()
        tops = forest.inner_parent < 0
        assert path == (forest.end - forest.start)[tops].sum()
