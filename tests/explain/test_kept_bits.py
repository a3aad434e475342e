"""Rows that meet a condition are kept for the next question."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from obskit.explain import ExplainOptions, explain, kept_bits
from obskit.explain.bit_rows import rows_with
from obskit.explain.kept_bits import KeptBits
from tests.support.worlds import World, traffic

WORDS = 1_000


def _bits(number: int) -> Any:
    return np.full(WORDS, number, dtype=np.uint64)


def test_what_was_not_asked_for_the_longest_makes_room(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_bits, "MOST_BYTES", 3 * (8 * WORDS + kept_bits.OVERHEAD))
    monkeypatch.setattr(kept_bits, "LEAST", 2)
    codes = world({"x": np.array(["a", "b"] * 50)}).codes("x")
    kept = KeptBits()
    for number in (1, 2, 3):
        kept.add(codes, (number,), _bits(number))
    assert kept.get(codes, (1,)) is not None
    kept.add(codes, range(4, 6), _bits(4))
    assert kept.get(codes, (2,)) is None
    for values, number in (((1,), 1), ((3,), 3), (range(4, 6), 4)):
        found = kept.get(codes, values)
        assert found is not None
        assert found[0] == number
        with pytest.raises(ValueError, match="read-only"):
            found[0] = 5


def test_bit_sets_of_which_few_would_fit_are_not_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_bits, "MOST_BYTES", 3 * (8 * WORDS + kept_bits.OVERHEAD))
    monkeypatch.setattr(kept_bits, "LEAST", 4)
    codes = world({"x": np.array(["a", "b"] * 50)}).codes("x")
    kept = KeptBits()
    kept.add(codes, (1,), _bits(1))
    assert kept.get(codes, (1,)) is None


def test_another_field_with_the_same_codes_has_rows_of_its_own(world: World) -> None:
    codes = world({"x": np.array(["a", "b"] * 50)}).codes("x")
    kept = KeptBits()
    first = replace(codes)
    kept.add(first, (1,), _bits(1))
    assert kept.get(codes, (1,)) is None
    del first
    gc.collect()
    later = replace(codes)
    kept.add(codes, (2,), _bits(3))
    assert len(kept._bits) == 1  # nobody can ask for those of a field that is gone
    assert kept.get(later, (1,)) is None
    kept.add(later, (1,), _bits(2))
    found = kept.get(later, (1,))
    assert found is not None
    assert found[0] == 2


def test_the_next_question_finds_the_same_with_the_rows_of_the_one_before(
    world: World, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = 30_000
    columns = traffic(rng, rows)
    bad = columns["version"] == "2" if "version" in columns else rng.random(rows) < 0.2
    columns = columns | {
        "bad": np.where(bad, "yes", "no"),
        "failed": rng.random(rows) < np.where(bad, 0.3, 0.02),
    }
    scope = world(columns)
    made: list[str] = []

    def count(segments: Any, codes: Any, wanted: Any) -> Any:
        if codes is scope.codes(codes.name):  # not those of the sample
            made.append(codes.name)
        return rows_with(segments, codes, wanted)

    monkeypatch.setattr("obskit.explain.grouped_rows.rows_with", count)
    first = explain(scope, "failed", ExplainOptions(history=None)).to_dict()
    assert made
    made.clear()
    assert explain(scope, "failed", ExplainOptions(history=None)).to_dict() == first
    assert not made
    # and another question, about other rows, the same as if it were the first
    slow = explain(scope, "duration_ms > 60", ExplainOptions(history=None)).to_dict()
    alone = explain(world(columns), "duration_ms > 60", ExplainOptions(history=None)).to_dict()
    assert slow["findings"] == alone["findings"]
    assert slow["refinements"] == alone["refinements"]
