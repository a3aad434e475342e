"""Tables as spreadsheets, pandas and dashboards write them: read right, or kept as text with a note."""

import datetime as dt
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.readers.tables.csv_reader import header_line
from obskit.readers.tables.dialect import dialect_of
from obskit.readers.tables.number_styles import as_iso, as_numbers, number_style, order_of

TEN = dt.datetime(2026, 5, 4, 10, 0, tzinfo=dt.UTC)
BODY = b"2026-05-04 10:00:00,GET /cart,250.5\n2026-05-04 10:00:01,GET /cart,250.5\n"


def first(got):
    row = got.rows[0]
    return row.get("timestamp"), row.get("name"), row.get("duration_ms")


@pytest.mark.parametrize(
    ("head", "notes"),
    [
        (b"sep=,\r\ntimestamp,name,duration_ms\n", ["t.csv: skipped 1 line before the header"]),
        (b'\xef\xbb\xbf"sep=,"\ntimestamp,name,duration_ms\n', ["t.csv: skipped 1 line before the header"]),
        (
            b"Report of 2026-05-04\n\ntimestamp,name,duration_ms\n",
            ["t.csv: skipped 2 lines before the header"],
        ),
        (b"timestamp, name, duration_ms\n", []),
        ("é title\n\ntimestamp,name,duration_ms\n".encode(), ["t.csv: skipped 2 lines before the header"]),
    ],
)
def test_lines_before_the_header(read, head, notes):
    got = read(head + BODY, name="t.csv")
    assert first(got) == (TEN, "GET /cart", 250.5)
    assert (len(got.rows), got.report.notes) == (2, notes)


def test_rejections_after_a_title_keep_their_positions(read):
    got = read(
        b'A title\ntimestamp,name\n2026-05-04 10:00:00,a\n2026-05-04 10:00:01,"b\n' + BODY[:20] + b"a\n",
        name="t",
    )
    assert len(got.rows) == 2
    assert got.reasons == [("line 4, byte 45", "a quote that is not closed")]


def test_text_in_utf_16(read):
    for encoding in ("utf-16", "utf-16-be"):
        data = (
            ("\ufeff" if encoding == "utf-16-be" else "") + "timestamp,name,duration_ms\r\n" + BODY.decode()
        )
        assert first(read(data.encode(encoding), name="t.csv")) == (TEN, "GET /cart", 250.5)
    torn = ("timestamp,name\n" + "2026-05-04 10:00:00,é\n" * 3).encode("utf-16")[:-1]
    got = read(torn, name="torn.csv")
    assert ("end of the file", "the text stops being UTF-16") in got.reasons


def test_columns_without_a_name_and_with_the_same(read):
    got = read(b",timestamp,name,name\n0,2026-05-04 10:00:00,a,b\n1,2026-05-04 10:00:01,a,b\n", name="t.csv")
    assert {"column 1": 0, "name": "a", "name~2": "b", "timestamp": TEN}.items() <= got.rows[0].items()
    assert got.report.notes == [
        "t.csv: columns without a name, or with that of another one, are called column 1, name~2"
    ]


@pytest.mark.parametrize(
    ("values", "delimiter", "style"),
    [
        (["1,250.5", "99"], ",", "thousands"),
        (["1,250,000"], ",", "thousands"),
        (["250,5"], ";", "decimal comma"),
        (["1.250,5"], ";", "decimal comma"),
        (["1,250"], ",", "unclear"),
        (["1,250"], ";", "decimal comma"),
        (["1250"], ",", None),
        (["a, b"], ",", None),
    ],
)
def test_what_a_comma_means(values, delimiter, style):
    assert number_style(values, delimiter) == style


def test_an_unclear_comma_stays_text_with_a_note(read):
    got = read(
        b'timestamp,duration_ms\n2026-05-04 10:00:00,"1,250"\n2026-05-04 10:00:01,"2,500"\n', name="t.csv"
    )
    assert got.rows[0]["attributes.duration_ms"] == "1,250"
    assert "duration_ms" not in got.rows[0]
    assert got.report.notes == [
        "t.csv: 'duration_ms' stays text: the comma of '1,250' may separate thousands or decimals;"
        " write it as 1250 or 1.25"
    ]


def test_thousands_and_decimals(read):
    got = read(b'timestamp,duration_ms\n2026-05-04 10:00:00,"1,250.5"\n', name="t.csv")
    assert got.rows[0]["duration_ms"] == 1250.5
    assert got.report.notes == ["t.csv: the comma in 'duration_ms' separates the thousands"]
    got = read(b"timestamp;duration_ms\n2026-05-04 10:00:00;1.250,5\n", name="t.csv")
    assert got.rows[0]["duration_ms"] == 1250.5
    assert got.report.notes == ["t.csv: the comma in 'duration_ms' separates the decimals"]


@pytest.mark.parametrize(
    ("dates", "wanted", "why"),
    [
        (["04.05.2026 10:00:00"], TEN, "dates in 'timestamp' have the day first (with points)"),
        (
            ["05/04/2026 10:00:00 AM", "05/13/2026 1:00 PM"],
            TEN,
            "dates in 'timestamp' have the month first (by a number over 12)",
        ),
        (
            ["04/05/2026 10:00", "25/05/2026 10:00"],
            TEN,
            "dates in 'timestamp' have the day first (by a number over 12)",
        ),
    ],
)
def test_dates_that_are_certain(read, dates, wanted, why):
    got = read(b"timestamp,name\n" + "".join(f"{date},a\n" for date in dates).encode(), name="t.csv")
    assert got.rows[0]["timestamp"] == wanted
    assert got.report.untimed == 0
    assert got.report.notes == [f"t.csv: {why}"]


def test_a_date_late_in_the_file_decides(read):
    rows = "05/04/2026 10:00:00,a\n" * 60_000 + "05/13/2026 10:00:00,a\n"
    got = read(b"timestamp,name\n" + rows.encode(), name="t.csv")
    assert got.rows[0]["timestamp"] == TEN
    assert got.report.untimed == 0


def test_dates_that_are_not_certain_stay_text_with_a_note(read):
    got = read(b"timestamp,name\n05/04/2026 10:00:00 AM,a\n", name="t.csv")
    assert got.rows == [{"error": False, "name": "a", "attributes.timestamp": "05/04/2026 10:00:00 AM"}]
    assert (
        "t.csv: 'timestamp' stays text: '05/04/2026 10:00:00 AM' may have the day or the month first, and no date has "
        'a number over 12 that decides. Say which: --mapping FILE.json with {"timestamp": {"from": "timestamp", '
        '"format": "%d/%m/%Y %I:%M:%S %p"}} if the day is first, or "%m/%d/%Y %I:%M:%S %p" if the month is'
        in got.report.notes
    )
    assert order_of([13], [13]) == "unclear"


@given(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2099, 12, 31)), st.booleans(), st.booleans())
def test_every_time_is_read_back(moment, day_first, twelve):
    moment = moment.replace(microsecond=0)
    date = "%d/%m/%Y" if day_first else "%m/%d/%Y"
    text = moment.strftime(f"{date} %I:%M:%S %p" if twelve else f"{date} %H:%M:%S")
    got = as_iso(pa.array([text]), "day first" if day_first else "month first")
    assert got.to_pylist() == [moment.isoformat()]


@given(st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 2)))
def test_every_number_is_read_back(value):
    text = f"{value:,.2f}"
    assert float(as_numbers(pa.array([text]), "thousands")[0].as_py()) == value
    european = text.replace(",", " ").replace(".", ",").replace(" ", ".")
    assert float(as_numbers(pa.array([european]), "decimal comma")[0].as_py()) == value


@pytest.mark.parametrize(
    "text",
    [
        b"Dear all,\n\nplease find, as agreed, the list.\nYours,\nme\n",
        b'shop-1  | {"a": 1, "b": 2}\nshop-1  | {"a": 1, "b": 2}\n',
        b"INFO, started, x\nINFO, stopped, x\nINFO, started, y\n",
        b"",
        b"{,}\n{,}\n",
    ],
)
def test_text_that_is_not_a_table(text):
    assert dialect_of(text) is None


@given(st.binary(max_size=300))
def test_a_dialect_never_fails(data):
    found = dialect_of(data)
    assert found is None or len(set(found.names)) == len(found.names) >= 2


@pytest.mark.parametrize(
    ("data", "joined"),
    [
        (b"a,b\n1,2\n", True),
        (b"a;b\n1,5;2\n", False),
        (b"time,b\n05/04/2026,2\n", False),
        (b"sep=,\na,b\n1,2\n", False),
        (b"a,a\n1,2\n", False),
        (b"timeStamp,elapsed,label,success\n1,2,3,4\n", False),
    ],
)
def test_files_are_joined_only_if_their_values_do_not_matter(data, joined):
    assert (header_line(data) is not None) is joined


def test_the_tables_of_known_programs(read):
    datadog = read(
        b"DATE,SERVICE,RESOURCE,DURATION,METHOD,STATUS CODE\n2026-05-04T10:00:00Z,shop,GET /cart,250500000,GET,500\n"
    )
    assert first(datadog) == (TEN, "GET /cart", 250.5)
    assert datadog.rows[0]["error"] is True
    newrelic = read(b"timestamp,appName,name,duration\n1777888800000,shop,WebTransaction/GET/cart,0.2505\n")
    assert first(newrelic) == (TEN, "WebTransaction/GET/cart", 250.5)
    other = read(b"timestamp,appName,name,duration\n1777888800000,shop,checkout,0.2505\n")
    assert other.rows[0]["duration"] == 0.2505
    assert "duration_ms" not in other.rows[0]
    grafana = read(
        b"traceID,spanID,parentSpanID,operationName,serviceName,startTime,duration\na1,b1,,book,shop,1777888800000.5,250.5\n"
    )
    assert first(grafana) == (TEN + dt.timedelta(microseconds=500), "book", 250.5)


def table(**columns):
    out = io.BytesIO()
    pq.write_table(pa.table(list(columns.values()), names=list(columns)), out)
    return out.getvalue()


def test_the_index_of_pandas_is_the_time_where_there_is_no_other(read):
    moments = pa.array([TEN], pa.timestamp("us", "UTC"))
    got = read(table(name=pa.array(["a"]), __index_level_0__=moments), name="t.parquet")
    assert got.rows[0]["timestamp"] == TEN
    assert got.report.notes == [
        "t.parquet: the index of the table, '__index_level_0__', is the time of its rows"
    ]
    got = read(table(timestamp=moments, __index_level_0__=pa.array([0])), name="t.parquet")
    assert got.rows[0]["__index_level_0__"] == 0
    got = read(table(__index_level_0__=moments), name="t.parquet", mapping={"timestamp": "__index_level_0__"})
    assert got.rows[0]["timestamp"] == TEN


def test_text_of_spreadsheets_in_parquet(read):
    got = read(
        table(timestamp=pa.array(["04.05.2026 10:00:00"]), duration_ms=pa.array(["250,5"])), name="t.parquet"
    )
    assert (got.rows[0]["timestamp"], got.rows[0]["duration_ms"]) == (TEN, 250.5)


def test_columns_of_one_name_in_parquet(read):
    out = io.BytesIO()
    pq.write_table(pa.table([pa.array(["a"]), pa.array(["b"])], names=["name", "name"]), out)
    got = read(out.getvalue(), name="t.parquet")
    assert (got.rows[0]["name"], got.rows[0]["name~2"]) == ("a", "b")


def test_a_value_that_is_no_number_leaves_the_others():
    column = pa.array(["1,250.5", "n/a", None])
    assert as_numbers(column, "thousands").to_pylist() == ["1250.5", "n/a", None]
