"""CSV: types are given only to columns that would be written the same way again."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.errors import ReadError
from obskit.readers.tables import quotes


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
    assert str(caught.value) == (
        f"{tmp_path}/letter cannot be read as events: it looks like plain text: line 1 is neither JSON, nor a header"
        " of CSV, nor a log line of a known layout: 'Dear all,'\n"
        "Hint: if these are access logs, give their layout: --log-format '%h %l %u %t \"%r\" %>s %b'"
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("before", [0, 50])
def test_a_quote_that_is_not_closed_costs_its_line(read, delimiter, before):
    lines = [f"op{number},{number}" for number in range(20_000)]
    lines[before] = f'"op{before},{before}'
    got = read(("name,n\n" + "\n".join(lines) + "\n").replace(",", delimiter).encode(), name="x.csv")
    assert [row["n"] for row in got.rows] == [n for n in range(20_000) if n != before]
    offset = len("name,n\n" + "".join(line + "\n" for line in lines[:before]))
    assert [(one.position, one.reason) for one in got.report.rejected] == [
        (f"line {before + 2}, byte {offset}", "a quote that is not closed")
    ]


def test_a_stray_quote_that_another_one_closes(read):
    text = 'name,n\na,1\n"b,2\nc,3\n"d",4\ne,5\n"f,6\n"g,7\nh,8\n'
    got = read(text.encode(), name="x.csv")
    assert [row["name"] for row in got.rows] == ["a", "c", "d", "e", "h"]
    assert [one.position for one in got.report.rejected] == [
        "line 3, byte 11",
        "line 7, byte 30",
        "line 8, byte 35",
    ]


def test_a_long_value_of_many_lines_passes(read):
    trace = "\n".join(f'  File ""x.py"", line {number}, in call' for number in range(2_000))
    assert 50_000 < len(trace) < quotes.LIMIT
    got = read(f'name,n\na,1\n"{trace}",2\n"x ""y""\r\nz",3\r\n5" pipe,4\n'.encode(), name="x.csv")
    assert [row["name"] for row in got.rows] == ["a", trace.replace('""', '"'), 'x "y"\r\nz', '5" pipe']
    assert got.report.rejected_count == 0


def test_rows_after_a_rejected_line_keep_their_numbers(read):
    got = read(b'name,n\n"a,1\nb,2\nc,3,4\nd,5\n', name="x.csv")
    assert [one.position for one in got.report.rejected] == ["line 2, byte 7", "row 3"]


@given(
    rows=st.lists(
        st.tuples(st.text('ab"\n,', max_size=6), st.text('ab"\n ', max_size=6)), min_size=1, max_size=8
    ),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5),
)
def test_quoted_values_are_never_changed(rows, sizes):
    """However the bytes arrive: a table that the standard library wrote passes as it is."""
    sink = io.StringIO(newline="")
    csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    data = sink.getvalue().encode()

    class Pieces:
        damage = None

        def __init__(self):
            self.at, self.turn = 0, 0

        def piece(self):
            self.turn += 1
            self.at += sizes[self.turn % len(sizes)]
            return data[self.at - sizes[self.turn % len(sizes)] : self.at]

    stream = quotes.BoundedQuotes(Pieces(), ",", 2)
    out = b""
    while piece := stream.piece():
        out += piece
    assert (out, stream.rejected) == (data, [])
