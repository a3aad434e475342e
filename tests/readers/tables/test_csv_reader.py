"""CSV: types are given only to columns that would be written the same way again."""

import pytest

from obskit.errors import ReadError
from obskit.readers import REGISTRY


def test_a_column_gets_a_type_only_if_nothing_is_lost(read):
    got = read(
        b"i,f,b,zip,hexid,big,s,e\n1,1.5,true,007,12e45,99999999999999999999,x,\n-2,2.25,False,123,1234,1,2026-05-04,NULL\n"
    )
    assert got.types["i"] == "int64"
    assert got.types["f"] == "double"
    assert got.types["b"] == "bool"
    assert got.rows == [
        {
            "error": False,
            "i": 1,
            "f": 1.5,
            "b": True,
            "zip": "007",
            "hexid": "12e45",
            "big": "99999999999999999999",
            "s": "x",
        },
        {
            "error": False,
            "i": -2,
            "f": 2.25,
            "b": False,
            "zip": "123",
            "hexid": "1234",
            "big": "1",
            "s": "2026-05-04",
        },
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_and_quoted_fields(read, delimiter):
    text = 'name,body\nx,"a ""b""\nc,d"\n'.replace(",", delimiter)
    assert read(text.encode()).rows == [{"error": False, "name": "x", "body": f'a "b"\nc{delimiter}d'}]


def test_a_mapping_names_the_columns_of_events(read):
    got = read(
        b"Trace,Parent,Start,Took\n0012,root,1674981768697000000,318316\n0013,0012,1674981768697000000,1\n",
        mapping={
            "trace_id": "Trace",
            "parent_span_id": {"from": "Parent", "null": ["root"]},
            "timestamp": {"from": "Start", "unit": "ns"},
            "duration_ms": {"from": "Took", "unit": "us"},
        },
    )
    assert [row["trace_id"] for row in got.rows] == ["0012", "0013"]
    assert [row.get("parent_span_id") for row in got.rows] == [None, "0012"]
    assert got.rows[0]["duration_ms"] == 318.316
    assert got.rows[0]["timestamp"].isoformat() == "2023-01-29T08:42:48.697000+00:00"


def test_a_mapping_of_a_missing_column_is_an_error(read, tmp_path):
    with pytest.raises(ReadError) as caught:
        read(b"a,b\n1,2\n", name="t.csv", mapping={"name": "c"})
    assert str(caught.value) == (
        f"{tmp_path}/t.csv has no column 'c', but the mapping uses it\nHint: its columns are a, b"
    )


def test_short_rows_long_rows_and_invalid_utf8_are_rejected(read):
    got = read(b"a,b\n1,2\n3\n4,5,6\n\xff,7\n8,9\n")
    assert [(row["a"], row["b"]) for row in got.rows] == [(1, 2), (8, 9)]
    assert got.report.rejected_by_reason == {
        "a row with more or fewer fields than the header's 2": 2,
        "not UTF-8": 1,
    }
    assert ("row 2", "a row with more or fewer fields than the header's 2") in got.reasons


def test_a_column_whose_type_changes_becomes_text(read):
    rows = b"".join(b"%d,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" % i for i in range(200_000))
    got = read(b"n,s\n" + rows + b"many,b\n")
    assert len(got.rows) == 200_001
    assert got.types["n"] == "string"
    assert got.rows[0]["n"] == "0"


def test_prose_is_not_a_table(read, tmp_path):
    with pytest.raises(ReadError) as caught:
        read(b"Dear all,\n\nplease find, as agreed, the list.\nYours,\nme\n", name="letter")
    formats = ", ".join(reader.name for reader in REGISTRY.readers())
    assert str(caught.value) == (
        f"{tmp_path}/letter cannot be read as events: it looks like plain text\nHint: obskit reads {formats}"
    )
