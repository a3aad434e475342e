"""Codes of several parts become codes with one dictionary."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import (
    RARE,
    Totals,
    encode,
    merge,
    open_dataset,
)
from tests.dataset.samples import Store, rows, table


def test_dictionaries_of_parts_are_merged(store: Store) -> None:
    data = store(
        table(
            s=["a", "b", "b", None, "c", "a", "a", "", "d", "d", "d", "d"],
            i=[1, 1, 2, None, 5, 5, -1, -1, 2, 2, 2, 2],
        ),
        rows_per_file=4,
    )
    codes = data.codes.field("s")
    assert rows(codes) == data.arrow(["s"])["s"].to_pylist()
    assert sorted(codes.values.to_pylist()) == ["", "a", "b", "c", "d"]
    ints = data.codes.field("i")
    assert rows(ints) == data.arrow(["i"])["i"].to_pylist()
    assert ints.values.to_pylist() == [-1, 1, 2, 5]
    assert ints.totals["all"].n.tolist() == [1, 2, 2, 5, 2]


def test_parts_with_the_same_dictionary_need_no_remap(store: Store) -> None:
    data = store(table(i=[1, 2, 3] * 4, s=["x", "y", "x"] * 4), rows_per_file=6)
    assert [remap for _, remap in data.codes.field("i").parts] == [None, None]
    assert [remap for _, remap in data.codes.field("s").parts] == [None, None]


def test_exact_integers_join_the_buckets_of_a_wider_part(store: Store) -> None:
    wide = list(range(70_000))
    data = store(table(i=[*wide, 7, 7, None]), rows_per_file=70_000)
    codes = data.codes.field("i")
    assert codes.kind == "numeric"
    assert codes.lo is not None
    assert codes.hi is not None
    seven = int(np.flatnonzero((codes.lo <= 7) & (codes.hi >= 7))[0]) + 1
    assert codes.codes(1).tolist() == [seven, seven, 0]
    assert codes.totals["all"].n[seven] == 3
    assert codes.totals["all"].n.sum() == 70_003


@pytest.fixture
def treat_short_dictionaries_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat every dictionary as a long one, so that a test can have a nearly unique column."""
    monkeypatch.setattr("obskit.dataset.encoder.RARE_ENTRIES", 0)


@pytest.mark.usefixtures("treat_short_dictionaries_as_long")
def test_rare_values_share_an_entry_and_the_text_rare_keeps_its_own(store: Store) -> None:
    ids = [f"id-{i}" for i in range(20)] + ["(rare)"] * 5 + ["hot"] * 6
    data = store(table(s=ids, t=["x"] * 31), rows_per_file=100)
    codes = data.codes.field("s")
    assert sorted(codes.values.to_pylist()) == ["(rare)", "(rare)", "hot"]
    assert codes.rare_code == 3
    assert codes.totals["all"].n[3] == 20
    assert sorted(codes.totals["all"].n.tolist()) == [0, 5, 6, 20]


@pytest.mark.usefixtures("treat_short_dictionaries_as_long")
def test_rare_values_of_several_parts_share_one_entry(store: Store) -> None:
    data = store(table(s=["a", "b", "c", None, None, *["d"] * 5, "d", "x", "y", None, None]), rows_per_file=5)
    codes = data.codes.field("s")
    assert rows(codes) == [RARE] * 3 + [None] * 2 + ["d"] * 6 + [RARE] * 2 + [None] * 2
    assert codes.values.to_pylist() == ["d", RARE]
    assert codes.totals["all"].n.tolist() == [4, 6, 5]


def test_rare_values_of_several_files_are_a_lower_bound() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("obskit.dataset.encoder.RARE_ENTRIES", 0)
        parts = [encode(pa.array(list(text))) for text in ("abcd", "cdefg")]
    none = [np.zeros(len(part.values) + 1) for part in parts]
    sums = [dict.fromkeys(("all", "units"), Totals(n.astype(np.int64), n, n)) for n in none]
    both = merge("v", pa.string(), parts, sums)
    assert (both.distinct, both.at_least) == (5, True)
    one = merge("v", pa.string(), parts[:1], sums[:1])
    assert (one.distinct, one.at_least) == (4, False)


@pytest.mark.usefixtures("treat_short_dictionaries_as_long")
def test_a_common_value_is_counted_where_it_is_rare_too(store: Store) -> None:
    """ "hot" has an entry in the first part, and is among the rare values of the second and third.

    part 1:  hot x 6, a ... g       part 2:  hot x 2, h ... p, null       part 3:  hot x 3, and once "x" x 2
    """
    first = ["hot"] * 6 + list("abcdefg")
    second = ["hot", *"hijklmnop", "hot", None, None]
    third = ["hot", "x", "hot", "x", "hot", *["y"] * 8]
    data = store(table(s=first + second + third), rows_per_file=13)
    for one in (data, open_dataset(data.path)):  # made, and stored
        codes = one.codes.field("s")
        assert codes.values.to_pylist() == ["hot", "y", RARE]
        assert codes.totals["all"].n.tolist() == [2, 11, 8, 18]
        assert rows(codes) == [
            value if value in ("hot", "y", None) else RARE for value in first + second + third
        ]
        assert codes.at_least
        assert codes.distinct is not None
        assert codes.distinct <= len({*first, *second, *third} - {None})
    [s] = [data.arrow(["s"])["s"]]
    parts = [s.slice(at, 13) for at in (0, 13, 26)]
    derived = data.codes.derived("t", pa.string(), parts)
    assert derived.totals["all"].n.tolist() == [2, 11, 8, 18]
