"""Masks from codes and columns in memory are those that the engine makes, for every operator and odd value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.dataset import Dataset, from_arrow, write
from obskit.engine import Condition, Mask, Scope
from obskit.engine.plain import plain_condition
from obskit.engine.plain_masks import fields_to_hold, plain_masks
from obskit.schema import LoadReport
from tests.support.examples import examples

START = datetime(2026, 5, 4, tzinfo=UTC)
NUMBERS = [0.0, -0.0, 0.1, 0.30000000000000004, 1307.9812999999992, -5.0, 500.0, 1e300, 5e-324, 2.0**53]
WHOLE = [0, 1, -1, 200, 404, 500, 2**53 - 1, 2**53 + 1, -(2**63), 2**63 - 1]
TEXTS = ["", "a", "A", "b", "it's", "ä", "a ", "nan", "true", "500", "\0"]
PLAIN = ("error", "name", "status", "many", "duration_ms", "ratio", "timestamp", "deployed", "phase")


def column(rng: np.random.Generator, values: list[Any], kind: pa.DataType, rows: int) -> pa.Array:
    picked = [values[at] for at in rng.integers(0, len(values), rows)]
    return pa.array([None if rng.random() < 0.2 else value for value in picked], kind)


def table(seed: int, rows: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    odd = [*NUMBERS, float("nan"), float("inf"), float("-inf")]
    times = np.sort(rng.integers(0, 3_600, rows)).astype("timedelta64[s]") + np.datetime64("2026-05-04", "us")
    return pa.table(
        {
            "timestamp": pa.array(times, pa.timestamp("us", "UTC"), mask=np.arange(rows) > rows - seed),
            "duration_ms": column(rng, odd, pa.float64(), rows),
            "ratio": pa.array(rng.choice(NUMBERS, rows)),
            "status": column(rng, WHOLE, pa.int64(), rows),
            "deployed": pa.array(
                rng.permutation(times), pa.timestamp("us", "UTC"), mask=rng.random(rows) < 0.2
            ),
            "phase": column(rng, [START, START + timedelta(minutes=9)], pa.timestamp("us", "UTC"), rows),
            "many": pa.array(rng.permutation(rows) + seed * 7),
            "name": column(rng, TEXTS, pa.string(), rows),
            "error": column(rng, [True, False], pa.bool_(), rows),
            "tags": pa.array([["a"]] * rows),
        }
    )


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two files with different dictionaries, the codes made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBSKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        parts = [table(2, 120), table(40, 170)]
        batches = [batch for part in parts for batch in part.combine_chunks().to_batches()]
        made = write(
            batches,
            lambda: parts[0].schema,
            tmp_path_factory.mktemp("data") / "events",
            LoadReport(),
            rows_per_file=120,
        )
        made.codes.ensure(made.schema.names)
        return made


@pytest.fixture
def scope(dataset: Dataset) -> Scope:
    return Scope.of(dataset)


def by_engine(scope: Scope, condition: Condition) -> list[Mask]:
    return scope.engine.masks(condition.to_ibis(scope.all_rows(())))


def assert_same(scope: Scope, text: str) -> None:
    condition = scope.condition(text)
    assert condition.parsed is not None
    plain = plain_condition(condition.parsed, scope.dataset.schema)
    assert plain is not None, text
    scope.engine.held_columns(fields_to_hold(plain, scope.dataset.schema, scope.dataset.codes))
    ours, theirs = scope.masks(condition), by_engine(scope, condition)
    for one, other in zip(ours, theirs, strict=True):
        assert np.array_equal(one.true, other.true), text
        nothing = np.zeros(len(one.true), dtype=bool)
        assert np.array_equal(
            nothing if one.null is None else one.null, nothing if other.null is None else other.null
        ), text
        assert (one.null is None) == (other.null is None), text
        assert not one.true.flags.writeable


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


written = {
    "error": st.sampled_from(["true", "false"]),
    "name": st.sampled_from(TEXTS[:-1]).map(quoted),
    "status": st.sampled_from([*WHOLE[:7], -(2**53) + 1, 7]).map(str),
    "many": st.integers(-5, 400).map(str),
    "duration_ms": st.one_of(
        st.sampled_from([*NUMBERS[:-1], 499.9999999999999, 3.5]).map(repr), st.integers(-10, 10).map(str)
    ),
    "ratio": st.floats(-1e18, 1e15).filter(lambda x: abs(x) < 2**53).map(repr),
}
_seconds = st.integers(-60, 3_700) | st.sampled_from([0, 540])
for _time in ("timestamp", "deployed", "phase"):
    written[_time] = _seconds.map(lambda s: quoted((START + timedelta(seconds=s)).isoformat()))


@st.composite
def comparison(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(PLAIN))
    ordered = ("=", "!=", "<", "<=", ">", ">=")
    operator = draw(st.sampled_from(ordered[: 2 if name in ("error", "name") else 6]))
    one, other = draw(written[name]), draw(written[name])
    forms = [
        f"{name} {operator} {one}",
        f"{one} {operator} ({name})",
        f"{name} in ({one}, {other})",
        f"{name} not in ({one})",
        f"{name} is null",
        f"{name} is not null",
    ]
    if name not in ("error", "name"):
        forms += [f"{name} between {one} and {other}", f"{name} not between {one} and {other}"]
    if name == "error":
        forms += ["error", "not error"]
    return draw(st.sampled_from(forms))


def nested(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joined = st.tuples(parts, st.sampled_from(["and", "or"]), parts).map(lambda p: f"({p[0]} {p[1]} {p[2]})")
    return st.one_of(joined, parts.map(lambda part: f"not ({part})"))


@settings(max_examples=examples(50), deadline=None)
@given(text=st.recursive(comparison(), nested, max_leaves=6))
def test_masks_are_those_of_the_engine(dataset: Dataset, text: str) -> None:
    assert_same(Scope.of(dataset), text)


@pytest.mark.parametrize("text", ["timestamp >= '2026-05-04T00:50Z' and (error or duration_ms > 3)"])
def test_few_rows_are_looked_at_where_a_window_says_so(scope: Scope, text: str) -> None:
    assert_same(scope, text)


def test_the_files_of_the_test_have_different_dictionaries(dataset: Dataset) -> None:
    assert len(dataset.files) > 1
    assert dataset.codes.field("duration_ms").kind == "numeric"
    assert dataset.codes.field("status").kind == "value"


@pytest.mark.parametrize(
    "text",
    [
        "lower(name) = 'a'",
        "name like 'a%'",
        "name > 'a'",
        "duration_ms > ratio",
        "duration_ms * 2 > 3",
        "tags = 'a'",
        "status = '500'",
        "status > 1.5",
        "status > 9223372036854775807",
        "duration_ms > 9007199254740993",
        "error is true",
        "error = 'true'",
        "name = 5",
        "coalesce(error, true)",
        "timestamp > '2026-05-04' and hour(timestamp) = 1",
    ],
)
def test_everything_else_is_left_to_the_engine(scope: Scope, text: str) -> None:
    condition = scope.condition(text)
    assert condition.parsed is not None
    assert plain_condition(condition.parsed, scope.dataset.schema) is None
    ours, theirs = scope.masks(condition), by_engine(scope, condition)
    assert all(np.array_equal(one.true, other.true) for one, other in zip(ours, theirs, strict=True))


def test_fields_that_are_derived_are_left_to_the_engine(scope: Scope) -> None:
    wider = scope.derive("slow", "duration_ms > 3")
    condition = wider.condition("slow and error")
    assert condition.parsed is not None
    assert plain_condition(condition.parsed, wider.dataset.schema) is None
    assert sum(mask.true.sum() for mask in wider.masks(condition)) == sum(
        mask.true.sum() for mask in scope.masks(scope.condition("duration_ms > 3 and error"))
    )


def test_a_condition_on_coded_fields_runs_nothing(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obskit.engine.duck.DuckEngine._open_cursor", lambda *_: pytest.fail("a statement"))
    condition = "name in ('a', 'b') and not error or status = 500 and timestamp is not null"
    assert sum(len(mask.true) for mask in scope.masks(scope.condition(condition))) == scope.dataset.rows


def test_a_number_is_read_once_and_then_held(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    first = scope.masks(scope.condition("duration_ms > 3"))
    monkeypatch.setattr("obskit.engine.duck.DuckEngine._open_cursor", lambda *_: pytest.fail("a statement"))
    again = scope.masks(scope.condition("(duration_ms > 3)"))
    assert all(np.array_equal(one.true, other.true) for one, other in zip(first, again, strict=True))


@pytest.mark.parametrize(
    "operator", ["=", "!=", "<", "<=", ">", ">=", "is null", "is not null", "in", "between"]
)
def test_a_time_that_is_not_the_timestamp_may_be_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operator: str
) -> None:
    """The first question reads the column; the next ones find it in memory."""
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path))
    times = [START + timedelta(minutes=at) if at != 4 else None for at in range(9)]
    made = from_arrow(pa.table({"deployed": pa.array(times, pa.timestamp("us", "UTC")), "n": range(9)}))
    scope = Scope.of(made)
    scope.masks(scope.condition("n > 1"))
    for minute in (2, 6):
        time, later = (quoted((START + timedelta(minutes=at)).isoformat()) for at in (minute, minute + 1))
        rest = {
            "is null": "",
            "is not null": "",
            "in": f"({time}, {later})",
            "between": f"{time} and {later}",
        }
        assert_same(scope, f"deployed {operator} {rest.get(operator, time)}")
    assert (scope.engine.held_columns(["deployed"]) or {})["deployed"], "held"


def test_values_that_share_a_code_are_left_to_the_engine(tmp_path: Path, monkeypatch: Any) -> None:
    """Nearly unique texts share the code "rare", so codes don't tell them apart."""
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path))
    made = from_arrow(pa.table({"name": [f"user {at}" for at in range(9_000)] + ["often"] * 50}))
    made.codes.ensure(["name"])
    assert made.codes.field("name").rare_code is not None
    scope = Scope.of(made)
    assert sum(mask.true.sum() for mask in scope.masks(scope.condition("name = 'user 7'"))) == 1
    assert sum(mask.true.sum() for mask in scope.masks(scope.condition("name = 'often'"))) == 50


def test_large_dictionaries_are_not_merged_for_one_condition(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path))
    made = from_arrow(pa.table({"name": ["a", "b", "c"]}))
    assert made.codes.known("name") is None
    made.codes.ensure(["name"])
    monkeypatch.setattr("obskit.dataset.codes.FEW_ENTRIES", 2)
    assert made.codes.known("name") is None
    merged = made.codes.field("name")
    assert made.codes.known("name") is merged


@pytest.mark.parametrize("text", ["n > 2", "n = 3", "n is null", "n is not null", "not n in (1, 3)"])
@pytest.mark.parametrize("kind", [pa.int64(), pa.float64()])
def test_columns_in_memory_may_be_cut_into_any_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: pa.DataType, text: str
) -> None:
    """Empty chunks, chunks of nulls alone, and chunks that begin within a byte of the bitmap."""
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path))
    values = pa.array([1, None, 3, None, None, None, 2, 3, None, 5, 1, 4], kind)
    made = from_arrow(pa.table({"n": values}))
    parsed = Scope.of(made).condition(text).parsed
    assert parsed is not None
    plain = plain_condition(parsed, made.schema)
    assert plain is not None
    assert fields_to_hold(plain, made.schema, made.codes) == ["n"]
    cut = [values.slice(0, 3), values.slice(3, 0), values.slice(3, 3), values.slice(6, 1), values.slice(7)]
    for ranges in (None, [(1, 10)]):
        (ours,), (whole,) = (
            plain_masks(plain, made.schema, made.codes, {"n": [column]}, [12], ranges)
            for column in (pa.chunked_array(cut), pa.chunked_array([values]))
        )
        assert ours.true.tolist() == whole.true.tolist()
        assert (ours.null is None) == (whole.null is None)
        assert ours.null is None or ours.null.tolist() == whole.null.tolist()
    (everything,) = by_engine(Scope.of(made), Scope.of(made).condition(text))
    (ours,) = plain_masks(plain, made.schema, made.codes, {"n": [pa.chunked_array(cut)]}, [12], None)
    assert ours.true.tolist() == everything.true.tolist()
