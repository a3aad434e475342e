"""The name of a population is checked once, with one text."""

from __future__ import annotations

import pytest

from obskit.engine import check_population
from obskit.errors import InvalidArgument


def test_units_and_all_are_populations() -> None:
    assert [check_population(name) for name in ("units", "all")] == ["units", "all"]


@pytest.mark.parametrize("name", ["some", "", "Units", None])
def test_another_name_is_rejected(name: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check_population(name)
    assert str(caught.value) == (
        f"population must be 'units' or 'all', got {name!r}\n"
        "Hint: use 'units' for units of work only, 'all' for every row"
    )
