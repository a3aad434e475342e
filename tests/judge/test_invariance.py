"""A verdict depends on the requests only: not on files, their order, other services, or when it is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit import load
from obskit.dataset.writer import write
from obskit.engine import Scope
from obskit.judge import JudgeArguments, Verdict, judge
from tests.judge.rollouts import NEW, OLD, Columns, T, rollout, table_of, verdict
from tests.judge.test_slices import people

pytestmark = pytest.mark.once

Rng = np.random.Generator


def customers(columns: Columns, rng: Rng) -> None:
    people(columns, rng)
    bad = (columns["service.version"] == NEW) & (columns["customer.id"] == "c2")
    columns["error"] = columns["error"] | (bad & (rng.random(len(bad)) < 0.5))


def numbers(found: Verdict) -> Any:
    """Return what must be equal."""
    data = found.to_dict()
    for name in ("dataset", "notes", "reproduce"):
        del data[name]
    return data


@pytest.fixture
def table() -> pa.Table:
    return rollout(minutes=30, ratio=1.5, change=customers).to_arrow()


def same(one: Any, other: Any) -> None:
    """Assert equality; sums of floats may differ in the last digits."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            same(a, b)
    else:
        assert one == (pytest.approx(other, rel=1e-9) if isinstance(one, float) else other)


def test_the_order_of_the_rows_does_not_matter(table: pa.Table) -> None:
    order = np.random.default_rng(1).permutation(table.num_rows)
    same(numbers(verdict(load(table))), numbers(verdict(load(table.take(pa.array(order))))))


@pytest.mark.parametrize("by", ["time", "chance"])
def test_files_do_not_matter(table: pa.Table, by: str, tmp_path: Path) -> None:
    """Three files that follow each other, or that each have a third of the rows of every minute."""
    third = np.arange(table.num_rows) * 3 // table.num_rows
    if by == "chance":
        third = np.random.default_rng(2).integers(0, 3, table.num_rows)
    for part in range(3):
        (tmp_path / "parts").mkdir(exist_ok=True)
        pq.write_table(table.filter(pa.array(third == part)), tmp_path / "parts" / f"{part}.parquet")
    same(numbers(verdict(load(table))), numbers(verdict(load(tmp_path / "parts"))))


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("cluster", ["trace_id", "user.id"])
def test_parts_of_a_large_dataset_do_not_matter(cluster: str, overlap: bool, tmp_path: Path) -> None:
    """Parts follow each other in time, or overlap; traces and users have requests in several of them."""

    def repeated(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        user = rng.integers(0, 600, n)
        late = columns["timestamp"] >= int(T.timestamp() * 1e6)
        columns["service.version"] = np.where((user % 5 == 0) & late, NEW, OLD)
        columns["user.id"] = np.array([f"u{at}" for at in user])
        # the second half of the requests of each minute belongs to traces of the first half
        columns["trace_id"] = columns["trace_id"][np.maximum(np.arange(n) - rng.integers(0, 40, n), 0)]

    scope = rollout(minutes=20, before=5, ratio=3.0, change=repeated).scope
    table = scope.dataset.arrow()
    if overlap:
        table = table.take(pa.array(np.random.default_rng(4).permutation(table.num_rows)))
    parts = write(
        table.to_batches(max_chunksize=1000),
        lambda: table.schema,
        tmp_path / "parts",
        scope.dataset.load_report,
        rows_per_file=3000,
    )
    assert len(parts.files) > 3
    arguments = JudgeArguments(candidate=NEW, cluster=cluster)
    one, other = judge(scope, arguments), judge(Scope.of(parts), arguments)
    same(numbers(one), numbers(other))
    # A switch is one look, in which files may overlap as well.
    switch = replace(arguments, mode="before_after", cluster="trace_id")
    same(numbers(judge(scope, switch)), numbers(judge(Scope.of(parts), switch)))


def test_other_services_do_not_matter(table: pa.Table) -> None:
    rng = np.random.default_rng(3)
    n = 20_000
    start = int(T.timestamp() * 1e6)
    other = table_of(
        {
            "timestamp": start + np.sort(rng.integers(-30 * 60_000_000, 30 * 60_000_000, n)),
            "duration_ms": rng.lognormal(3, 1, n),
            "service.name": np.full(n, "search"),
            "service.version": np.where(np.arange(n) < 0.6 * n, "6.1", "6.2"),
            "name": np.full(n, "GET /search"),
            "kind": np.full(n, "server"),
            "error": rng.random(n) < 0.3,
        }
    )
    at = other.schema.get_field_index("timestamp")
    times = other.column("timestamp").cast(table.schema.field("timestamp").type)
    other = other.set_column(at, "timestamp", times)
    found = verdict(load(pa.concat_tables([table, other], promote_options="default")))
    same(numbers(verdict(load(table))), numbers(found))
    note = next(note for note in found.notes if note.startswith("also deployed in this time"))
    assert note.startswith("also deployed in this time, next to both versions: search 6.2 at 2026-05-04T10:0")


def test_the_same_question_has_the_same_answer(table: pa.Table) -> None:
    events = load(table)
    assert numbers(verdict(events)) == numbers(verdict(events))


def test_another_day_is_judged_alike(table: pa.Table) -> None:
    at = table.schema.get_field_index("timestamp")
    moved = pa.compute.add(table.column("timestamp"), pa.scalar(timedelta(days=3)))
    one, other = verdict(load(table)), verdict(load(table.set_column(at, "timestamp", moved)))
    for a, b in zip(one.criteria, other.criteria, strict=True):
        assert (a.word, a.ratio, a.low, a.high) == (b.word, b.ratio, b.low, b.high)


def test_equal_weights_do_not_matter(table: pa.Table) -> None:
    """Every request represents ten: the evidence is that of the rows, not ten times as much."""
    weighted = table.append_column("sample_weight", pa.array(np.full(table.num_rows, 10.0)))
    same(numbers(verdict(load(table))), numbers(verdict(load(weighted))))


def test_one_look() -> None:
    found = verdict(rollout(ratio=2.0), looks=1)
    assert (found.word, found.looks) == ("regress", 1)
    assert found.criterion("errors").since == found.window[1]


def test_sticky_users_count_once() -> None:
    """A few users fail always, and stay in their version: their requests are not independent."""

    def sticky(columns: Columns, rng: Rng) -> None:
        n = len(columns["timestamp"])
        users = 800
        user = rng.integers(0, users, n)
        fails, new = rng.random(users) < 0.02, rng.random(users) < 0.2
        columns["user.id"] = np.array([f"u{at}" for at in user])
        late = columns["timestamp"] >= int(T.timestamp() * 1e6)
        columns["service.version"] = np.where(new[user] & late, NEW, OLD)
        columns["error"] = fails[user]

    alarms = {"user.id": 0, "trace_id": 0}
    for seed in range(12):
        events = rollout(minutes=30, before=2, rpm=300, seed=seed, change=sticky)
        for cluster in alarms:
            alarms[cluster] += verdict(events, cluster=cluster, latency=None).word == "regress"
    assert alarms["user.id"] <= 1
    assert alarms["trace_id"] >= 3
