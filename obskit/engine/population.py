"""The rows that `triage`, `explain` and `impact` look at: units of work, or all of them."""

from __future__ import annotations

from typing import Literal, cast, get_args

from obskit.errors import InvalidArgument

Population = Literal["units", "all"]


def check_population(population: str) -> Population:
    """Return the name of a population, once it is known to be one.

    Args:
        population: "units" for units of work only, "all" for every row.

    Returns:
        The name as it was given.

    Raises:
        InvalidArgument: the name is neither.
    """
    if population not in get_args(Population):
        raise InvalidArgument(
            f"population must be 'units' or 'all', got {population!r}",
            hint="use 'units' for units of work only, 'all' for every row",
        )
    return cast(Population, population)
