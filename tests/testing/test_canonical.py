import pyarrow as pa

from obskit.testing import differences, incident


def test_the_incident_equals_itself_in_any_order():
    table = incident()
    assert differences(table.take(list(range(table.num_rows))[::-1]), table) == []


def test_each_kind_of_difference_is_listed():
    want = pa.table({"name": ["a", "b"], "n": [1, 2], "lost": [True, None], "empty": [None, None]})
    got = pa.table({"name": ["a", "b"], "n": [1.0, 2.0], "new": [None, "x"]})
    assert differences(got, want) == [
        "lost: lost",
        "n: type float, expected int",
        "new: unexpected, has ['None', \"'x'\"]",
    ]
    assert differences(want.slice(0, 1).select(["name"]), want.select(["name"])) == [
        "1 rows, expected 2",
        "name: [\"'a'\"], expected [\"'a'\", \"'b'\"]",
    ]


def test_the_incident_has_as_many_rows_as_asked_for():
    assert incident(3).num_rows == 3
    assert incident().num_rows == 8
