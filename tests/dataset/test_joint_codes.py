"""Joint codes say the same as the codes of each field, also where parts have other dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.dataset import Dataset, JointCodes, joint_codes, open_dataset
from obskit.dataset.code_store import CodeStore
from obskit.errors import DatasetError
from tests.dataset.samples import Store, table

SMALL = ("region", "tier", "flag")


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make joint codes of a small dataset."""
    monkeypatch.setattr(joint_codes, "LEAST_ROWS", 1)


def columns(rows: int, seed: int = 0) -> Mapping[str, Any]:
    """Return three fields of few values, in an order of their own in each part, and one of many."""
    rng = np.random.default_rng(seed)
    return {
        "region": pa.array(rng.choice(["north", "south", "west"], rows), mask=rng.random(rows) < 0.1),
        "tier": pa.array(rng.integers(1, 5, rows), mask=rng.random(rows) < 0.3),
        "flag": pa.array(rng.random(rows) < 0.5),
        "user": pa.array([f"user-{number}" for number in rng.integers(0, 400, rows)]),
    }


def joint(data: Dataset) -> JointCodes:
    data.codes.ensure(data.schema.names)
    found = data.codes.joint()
    assert found is not None
    return found


def assert_decodes(data: Dataset) -> None:
    """Compare the codes of all rows with those that the joint codes decode to."""
    found = joint(data)
    for group in found.groups:
        for codes in group.fields:
            assert found.group_of(codes) is group
            decoder = group.decoder(codes)
            for file, (part, column) in enumerate(zip(found.parts, group.columns, strict=True)):
                combinations = group.tables[file][part[:, column]]
                assert decoder[combinations].tolist() == codes.codes(file).tolist()


@pytest.mark.parametrize("per_file", [300, 70, 40])
def test_a_row_decodes_to_the_code_of_each_field(store: Store, per_file: int) -> None:
    data = store(table(**columns(300)), rows_per_file=per_file)
    assert_decodes(data)
    shared = {codes.name for group in joint(data).groups for codes in group.fields}
    assert set(SMALL) <= shared
    assert "user" not in shared, "a field of many values stands alone"


def test_counts_of_combinations_add_up_to_those_of_each_field(store: Store) -> None:
    data = store(table(**columns(200)), rows_per_file=50)
    found = joint(data)
    (group,) = (group for group in found.groups if any(codes.name == "tier" for codes in group.fields))
    odd = [np.arange(1, len(part), 2) for part in found.parts]
    hits = np.zeros((2, group.size), dtype=np.int64)
    for file, rows in enumerate(odd):
        combinations = group.tables[file][found.parts[file][rows, group.columns[file]]]
        hits[file % 2] += np.bincount(combinations, minlength=group.size)
    for codes in group.fields:
        expected = np.zeros((2, codes.size), dtype=np.int64)
        for file, rows in enumerate(odd):
            expected[file % 2] += np.bincount(codes.codes(file)[rows], minlength=codes.size)
        assert group.marginals(hits)[codes.name].tolist() == expected.tolist()


def test_parts_that_come_later_follow_the_first_ones(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part without joint codes, as one that was appended, gets the groups that the others have."""
    data = store(table(**columns(70)), rows_per_file=40)
    groups = [[codes.name for codes in group.fields] for group in joint(data).groups]
    own = list((data.path / ".codes" / data.files[1].digest).glob("joint-*"))
    assert len(own) == 1
    own[0].unlink()
    monkeypatch.setattr(joint_codes, "plan", lambda _: pytest.fail("the groups are known"))
    again = open_dataset(data.path)
    assert_decodes(again)
    assert [[codes.name for codes in group.fields] for group in joint(again).groups] == groups
    assert own[0].exists()


def test_work_that_was_stopped_goes_on_where_it_was(store: Store) -> None:
    data = store(table(**columns(300)), rows_per_file=40)
    data.codes.ensure(data.schema.names)

    class Stopped(Exception):
        pass

    def stop(what: str, done: int, total: int) -> None:
        assert (what, done, total) == ("joining codes", 1, len(data.files))
        raise Stopped

    with pytest.raises(Stopped):
        data.codes.joint(stop)
    left: list[int] = []
    assert data.codes.joint(lambda _what, _done, total: left.append(total)) is not None
    assert sum(left[:1]) < len(data.files), "what was made stays"
    assert_decodes(data)


def test_dictionaries_that_shrank_are_not_trusted(store: Store) -> None:
    data = store(table(**columns(40)))
    (group,) = joint(data).groups
    (file,) = data.files
    sizes = [codes.size - 1 for codes in group.fields]
    meta = {
        "rows": file.rows,
        "name": "1",
        "groups": [[codes.name for codes in group.fields]],
        "sizes": [sizes],
    }
    remapped = {
        codes.name: replace(codes, parts=[(codes.parts[0][0], np.arange(codes.size, dtype=np.int32))])
        for codes in group.fields
    }
    assert joint_codes.open_joint([(meta, {"codes": np.zeros(file.rows, np.uint16)})], remapped) is None


def test_few_rows_and_unfinished_codes_have_none(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    data = store(table(**columns(40)))
    assert data.codes.joint() is None, "most fields have no codes yet"
    monkeypatch.setattr(joint_codes, "LEAST_ROWS", 41)
    data.codes.ensure(data.schema.names)
    assert data.codes.joint() is None
    monkeypatch.setattr(joint_codes, "LEAST_ROWS", 40)
    assert data.codes.joint() is data.codes.opened_joint is not None


@pytest.mark.parametrize("kind", [OSError, DatasetError])  # the second one of a cache that can only be read
def test_without_a_place_to_write_to_there_are_none(
    kind: type[Exception], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = store(table(**columns(40)))
    data.codes.ensure(data.schema.names)

    def full(*_: object) -> None:
        raise kind("no space left on device")

    monkeypatch.setattr(CodeStore, "write", full)
    assert data.codes.joint() is None


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 100), max_size=40))
def test_a_plan_packs_every_field_of_few_values_once(sizes: dict[str, int]) -> None:
    groups = joint_codes.plan(sizes)
    planned = [name for names in groups for name in names]
    assert len(planned) == len(set(planned))
    for names in groups:
        assert len(names) > 1
        assert np.prod([sizes[name] for name in names], dtype=float) <= joint_codes.MOST_CELLS
    few = {name for name, size in sizes.items() if 2 <= size <= joint_codes.MOST_VALUES}
    assert set(planned) <= few
    # what is left would have fit nowhere else: at most one field
    assert len(few - set(planned)) <= 1
