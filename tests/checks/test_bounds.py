"""Queries with bounds: each group, and groups that are too small."""

import pytest

from obskit.checks import checks
from tests.checks.world import hour, scope, write

QUERY = """
[[query]]
name = "errors"
calculate = "share(error)"
"""


def ask(tmp_path, rows, text):
    return checks(scope(rows), write(tmp_path, QUERY + text)).outcomes


@pytest.mark.parametrize(
    ("text", "word", "bound"),
    [
        ("max = 0.02\n", "ok", "at most 0.02"),
        ("max = 0.01\n", "ok", "at most 0.01"),  # the bound itself is kept
        ("max = 0.009\n", "violated", "at most 0.009"),
        ("min = 0.02\n", "violated", "at least 0.02"),
        ("min = 0.005\nmax = 0.02\n", "ok", "at least 0.005 and at most 0.02"),
    ],
)
def test_one_value(tmp_path, text, word, bound):
    (found,) = ask(tmp_path, hour(bad=range(6)), text)
    assert (found.word, found.value, found.bound) == (word, "0.01", bound)
    assert found.sentence == f"share(error) is 0.01 over 600 rows; it must be {bound}."


def test_each_group_keeps_the_bound_by_itself(tmp_path):
    rows = [*hour(service="seats"), *hour(bad=range(300)), *hour(service=None)[:5]]
    found = ask(tmp_path, rows, 'by = ["service.name"]\nmax = 0.1\nat_least = 50\n')
    assert [(one.item, one.word) for one in found] == [
        ("book", "violated"),
        ("(missing)", "no data"),
        ("seats", "ok"),
    ]


def test_the_window_ends_with_the_newest_event(tmp_path):
    (found,) = ask(tmp_path, hour(bad=range(550)), 'window = "3m"\nmax = 0\n')
    assert (found.word, found.numbers["rows"]) == ("ok", 30)


def test_nothing_is_no_data(tmp_path):
    for text in ("where = \"name = 'nope'\"\nmax = 1\n", "by = 'name'\nwhere = \"name = 'nope'\"\nmax = 1\n"):
        (found,) = ask(tmp_path, hour(), text)
        assert (found.word, found.numbers["value"]) == ("no data", None)
