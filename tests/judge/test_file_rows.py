"""Observations counted file by file, against those of rows: files that follow each other, and that overlap."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obskit.dataset.writer import write
from obskit.engine import Scope
from obskit.judge.arm_choice import find_arms
from obskit.judge.looks import Looks
from obskit.judge.observations import Hit, Observations, observe
from obskit.judge.observed_counts import observe_counts
from obskit.judge.options import JudgeArguments, parse_options
from tests.judge.rollouts import NEW, OLD, T, load, table_of
from tests.support.examples import examples

MINUTE = 60_000_000
START = int(T.timestamp() * 1e6)


def scope_of(rows: list[tuple[int, bool, bool, int, int, int]], folder: Path, rows_per_file: int) -> Scope:
    """Events of few traces: (minute, version, error, trace, operation, weight); trace 0 is missing."""
    minute, new, error, trace, operation, weight = (np.array(column) for column in zip(*rows, strict=True))
    columns: dict[str, Any] = {
        "timestamp": START + minute * MINUTE + np.arange(len(rows)) * 7 % MINUTE,
        "duration_ms": 10.0 + operation,
        "service.version": np.where(new.astype(bool), NEW, OLD),
        "service.name": np.full(len(rows), "booking"),
        "name": np.array([f"GET /{at}" for at in operation]),
        "kind": np.full(len(rows), "server"),
        "error": error.astype(bool),
        "trace_id": np.array([f"{at:032x}" if at else None for at in trace], dtype=object),
        "sample_weight": weight.astype(float),
    }
    table = table_of(columns)
    table = pa.concat_tables([table.slice(0, 0), table])
    whole = load(table).scope.dataset
    parts = write(
        table.to_batches(max_chunksize=rows_per_file),
        lambda: table.schema,
        folder,
        whole.load_report,
        rows_per_file=rows_per_file,
    )
    return Scope.of(parts)


def counted(observed: Observations) -> Counter[tuple[Any, ...]]:
    """Return how many observations there are of each kind."""
    assert observed.failed is not None
    names = [observed.operations.names[at] for at in observed.operation]
    weight = np.ones(len(observed)) if observed.weight is None else observed.weight
    count = np.ones(len(observed), int) if observed.count is None else observed.count
    out: Counter[tuple[Any, ...]] = Counter()
    for *kind, n in zip(
        observed.look.tolist(),
        observed.candidate.tolist(),
        observed.failed.tolist(),
        names,
        weight.tolist(),
        count.tolist(),
        strict=True,
    ):
        out[tuple(kind)] += n
    return out


ROW = st.tuples(
    st.integers(0, 3), st.booleans(), st.booleans(), st.integers(0, 6), st.integers(0, 2), st.integers(1, 2)
)


@settings(
    max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(ROW, min_size=4, max_size=40), rows_per_file=st.integers(3, 15))
def test_counts_are_those_of_the_rows(
    rows: list[tuple[int, bool, bool, int, int, int]],
    rows_per_file: int,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unsorted, so files overlap in time and traces have requests in several of them."""
    place = tmp_path_factory.mktemp("parts")
    monkeypatch.setenv("OBSKIT_CACHE", str(place / "cache"))
    rows = [(0, True, False, 0, 0, 1), (0, False, False, 0, 0, 1), *rows]
    scope = scope_of(rows, place / "parts", rows_per_file)
    arms = find_arms(scope, parse_options(scope, JudgeArguments(candidate=NEW, baseline=OLD)))
    looks = Looks(START, MINUTE, 3)
    for cluster in ("trace_id", None):
        one, other = observe(arms, looks, cluster), observe_counts(arms, looks, cluster)
        assert other.count is not None
        assert counted(one) == counted(other)
        assert one.counted == other.counted
        assert one.number() == other.number()
        for mine, its in ((one, other), (other, one)):
            found, codes = mine.by_value("service.version", Hit())
            expected, _ = its.by_value("service.version", Hit())
            cell, of = (
                (each.code.astype(int) * 2 + each.candidate) * 2 + each.hit for each in (found, expected)
            )
            size = codes.size * 4
            assert np.array_equal(np.bincount(cell, found.count, size), np.bincount(of, expected.count, size))
