"""Rows of one trace count as one observation."""

from __future__ import annotations

import numpy as np
import pytest

from obskit.explain.clusters import Clusters
from obskit.explain.grouped_rows import GroupedRows
from obskit.explain.singles import value_condition
from obskit.explain.weights import Segment
from tests.support.worlds import World

pytestmark = pytest.mark.once

ROWS = 400


def test_repeated_rows_have_a_design_effect_and_count_once(world: World) -> None:
    """200 selected rows are 20 traces of 10 rows each; whole traces are in the slice or outside::

    trace    0000000000 1111111111 2222222222 ...
    slice    yes        no         yes
    """
    trace = np.arange(ROWS) // 10
    scope = world({"slice": np.where(trace % 2 == 0, "yes", "no")})
    selected = np.arange(ROWS) < ROWS // 2
    segment = Segment(0, ROWS, None, scope.dataset.codes.weights()[0])
    rows = GroupedRows(scope.codes, [segment], {"selected": [selected], "baseline": [~selected]})
    codes = scope.codes("slice")
    bits = rows.bits(value_condition(codes, codes.values.to_pylist().index("yes") + 1))

    in_traces, _, clusters = Clusters(rows, trace.astype(np.int64)).effects([bits])
    assert in_traces[0] == 10
    assert clusters[0] == 10

    alone, _, events = Clusters(rows, -1 - np.arange(ROWS, dtype=np.int64)).effects([bits])
    assert alone[0] == 1
    assert events[0] == 100
