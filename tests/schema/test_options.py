import dataclasses

import pytest

from obskit.errors import InvalidArgument
from obskit.schema import ReadOptions

OTHER = {
    "mapping": {"duration_ms": "Duration"},
    "log_format": "%h %t",
    "tz": "Europe/Berlin",
    "path_fields": "az=(?P<zone>[^/]+)",
    "error": "status = 500",
}
"""Of each option, a value that is not the default."""


def test_each_option_has_a_value_here():
    assert OTHER.keys() == {option.name for option in dataclasses.fields(ReadOptions)}


@pytest.mark.parametrize("name", sorted(OTHER.keys() - {"error"}))
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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tz": "Berlin"}, "tz must be the name of a time zone, got 'Berlin'"),
        ({"tz": "../../etc/passwd"}, "tz must be the name of a time zone, got '../../etc/passwd'"),
        ({"tz": ""}, "tz must be the name of a time zone, got ''"),
        ({"tz": 1}, "tz must be the name of a time zone, got 1"),
        ({"path_fields": "az="}, "path_fields has no named group: 'az='"),
    ],
)
def test_an_option_that_is_not_valid(options, message):
    with pytest.raises(InvalidArgument) as raised:
        ReadOptions(**options)
    assert str(raised.value).partition("\n")[0] == message


def test_path_fields_that_are_not_a_regular_expression():
    with pytest.raises(InvalidArgument, match=r"path_fields must be a regular expression, got 'az=\('"):
        ReadOptions(path_fields="az=(")
