import dataclasses

import pytest

from obskit.schema import ReadOptions

OTHER = {"mapping": {"duration_ms": "Duration"}, "error": "status = 500"}
"""Of each option, a value that is not the default."""


def test_each_option_has_a_value_here():
    assert OTHER.keys() == {option.name for option in dataclasses.fields(ReadOptions)}


@pytest.mark.parametrize("name", OTHER.keys() - {"error"})
def test_an_option_changes_the_cache_key(name):
    assert ReadOptions(**{name: OTHER[name]}).cache_key() != ReadOptions().cache_key()


def test_the_error_condition_does_not_change_the_cache_key():
    """It is applied to the converted Dataset: another condition needs no other conversion."""
    assert ReadOptions(error=OTHER["error"]).cache_key() == ReadOptions().cache_key()


def test_the_order_of_a_mapping_does_not_change_the_cache_key():
    one = {"name": "op", "duration_ms": {"from": "t", "unit": "s", "null": ["-"]}}
    assert (
        ReadOptions(mapping=one).cache_key()
        == ReadOptions(mapping=dict(reversed(list(one.items())))).cache_key()
    )


def test_the_null_values_of_a_mapping_change_the_cache_key():
    keys = {ReadOptions(mapping={"name": {"from": "op", "null": [v]}}).cache_key() for v in ("-", "", 0, "0")}
    assert len(keys) == 4
