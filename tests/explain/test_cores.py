"""Answers do not depend on how many cores count."""

from __future__ import annotations

import threading

import numpy as np
import pyarrow as pa
import pytest

import obskit as ok
from obskit.explain.cores import spread


def test_results_come_in_the_order_of_the_items() -> None:
    for rows in (0, 10**9):
        assert list(spread(lambda n: n * n, range(20), rows)) == [n * n for n in range(20)]


def test_few_rows_are_counted_in_the_thread_that_asks() -> None:
    here = threading.get_ident()
    assert set(spread(lambda _: threading.get_ident(), range(5), 1_000)) == {here}


def test_an_error_of_one_call_is_raised() -> None:
    def fail(n: int) -> int:
        raise ValueError(f"no {n}")

    with pytest.raises(ValueError, match="no 0"):
        list(spread(fail, range(3), 10**9))


@pytest.mark.parametrize("weighted", [False, True])
def test_an_answer_is_the_same_on_all_cores(monkeypatch: pytest.MonkeyPatch, weighted: bool) -> None:
    rng = np.random.default_rng(3)
    rows = 6_000
    version, region = rng.choice(["1", "2"], rows), rng.choice(["north", "south", "west"], rows)
    bad = (version == "2") & (region == "south")
    columns = {
        "version": version,
        "region": region,
        "size": rng.integers(0, 5_000, rows),
        "trace_id": rng.integers(0, 2_000, rows).astype(str),
        "error": rng.random(rows) < np.where(bad, 0.5, 0.02),
        "timestamp": pa.array(np.arange(rows) * 1_000_000, pa.timestamp("us", "UTC")),
    }
    if weighted:
        columns["sample_weight"] = np.where(region == "west", 10.0, 1.0)
    events = ok.load(pa.table(columns))
    during = "1970-01-01T00:30:00Z/1970-01-01T01:40:00Z"
    alone = events.explain("error", during=during).to_dict()
    monkeypatch.setattr("obskit.explain.cores.LEAST_ROWS", 0)
    assert events.explain("error", during=during).to_dict() == alone
    assert alone["findings"][0]["condition"] in (
        "version = '2' and region = 'south'",
        "region = 'south' and version = '2'",
    )
