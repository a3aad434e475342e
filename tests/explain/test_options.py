"""What `explain` is asked with: names, values and what differs from the defaults."""

from __future__ import annotations

import pytest
from ibis import _

from obskit.errors import InvalidArgument
from obskit.explain import ExplainOptions


def test_arguments_by_name_become_options() -> None:
    options = ExplainOptions.from_mapping({"cluster": None, "depth": 2})
    assert options == ExplainOptions(cluster=None, depth=2)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("durng", "did you mean 'during'?"),
        (
            "x",
            "use one of during, baseline, history, where, fields, population, depth, cluster, thorough, "
            "first, progress, cancelled",
        ),
    ],
)
def test_an_unknown_argument_is_rejected_with_the_nearest_name(name: str, hint: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        ExplainOptions.from_mapping({name: None})
    assert str(caught.value) == f"explain has no argument {name!r}\nHint: {hint}"


def test_only_what_differs_from_the_defaults_counts_as_changed() -> None:
    assert ExplainOptions(history="auto", depth=3, first=print).changed() == {}
    options = ExplainOptions(history=None, baseline=_["region"] == "eu", depth=1)
    assert list(options.changed()) == ["baseline", "history", "depth"]
