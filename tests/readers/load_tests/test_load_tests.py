"""Results of load tests and HAR: units, failures, what is left out, and files that break off."""

import datetime as dt
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.errors import ReadError
from tests.support.examples import examples
from tests.support.loaded import load_files

TEN = dt.datetime(2026, 5, 4, 10, 0, tzinfo=dt.UTC)

# Columns and attributes as in JMeter's manual, "CSV Log format" and "XML Log format".
CSV = (
    b"timeStamp,elapsed,label,responseCode,responseMessage,threadName,success,bytes,Latency,Connect,URL\n"
    b"1777888800000,250,Cart,200,OK,Users 1-1,true,20531,240,12,http://shop.example/cart\n"
    b"1777888801000,21003,Cart,Non HTTP response code: java.net.SocketException,x,Users 1-2,false,0,0,21003,\n"
    b"1777888802000,10,Cart,404,Not Found,Users 1-2,false,0,5,1,\n"
    b'1777888803000,260,All,,"Number of samples in transaction : 2",Users 1-1,true,0,0,0,\n'
)
XML = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<testResults version="1.2">\n'
    b'<httpSample t="250" it="0" lt="240" ct="12" ts="1777888800000" s="true" lb="Cart" rc="200" rm="OK" tn="U 1-1" by="20531">\n'
    b"<java.net.URL>http://shop.example/cart</java.net.URL>\n</httpSample>\n"
    b'<sample t="260" lt="0" ts="1777888801000" s="false" lb="All" rc="" rm="x"><httpSample t="10" ts="1777888801000" s="false" lb="Cart"'
    b' rc="Non HTTP response code: java.net.SocketException"><assertionResult><failureMessage>a &lt; b</failureMessage></assertionResult>'
    b"</httpSample></sample>\n</testResults>\n"
)


def test_jmeter_as_csv(read):
    got = read(CSV, name="result.jtl")
    assert [(row["timestamp"], row["duration_ms"], row["error"], row["name"]) for row in got.rows] == [
        (TEN, 250.0, False, "Cart"),
        (TEN + dt.timedelta(seconds=1), 21003.0, True, "Cart"),
        (TEN + dt.timedelta(seconds=2), 10.0, True, "Cart"),
        (TEN + dt.timedelta(seconds=3), 260.0, False, "All"),
    ]
    assert got.rows[0]["http.response.status_code"] == 200
    assert got.rows[0]["jmeter.latency_ms"] == 240.0
    assert got.rows[1]["error.type"] == "java.net.SocketException"
    assert "http.response.status_code" not in got.rows[1]
    assert got.report.notes == [
        "JMeter's samples of transactions are read next to the requests that they add up"
    ]


def test_jmeter_with_times_as_text(read):
    got = read(b"timeStamp,elapsed,label,success\n2026-05-04 10:00:00.250,250,Cart,true\n")
    assert got.rows[0]["timestamp"] == TEN + dt.timedelta(milliseconds=250)


def test_jmeter_as_xml(read):
    got = read(XML, name="result.jtl")
    assert [(row["timestamp"], row["duration_ms"], row["error"]) for row in got.rows] == [
        (TEN, 250.0, False),
        (TEN + dt.timedelta(seconds=1), 10.0, True),
        (TEN + dt.timedelta(seconds=1), 260.0, True),
    ]
    assert got.rows[0]["url.full"] == "http://shop.example/cart"
    assert got.rows[1]["jmeter.failure_message"] == "a < b"
    assert got.report.notes == [
        "JMeter's samples within samples are read next to the samples that contain them"
    ]


def test_jmeter_xml_that_breaks_off_or_is_damaged_keeps_what_came_before(read):
    got = read(XML[: XML.index(b"<sample") + 20], name="a.jtl")
    assert len(got.rows) == 1
    assert [reason for _, reason in got.reasons] == ["torn: the XML ends before its root does"]
    got = read(XML.replace(b"<sample", b"<<sample"), name="a.jtl")
    assert len(got.rows) == 1
    assert [reason for _, reason in got.reasons] == ["not XML; the rest of the file is not read"]


def test_entities_are_not_expanded(read):
    bomb = b'<testResults version="1.2"><!--x-->' + XML.partition(b'1.2">\n')[2]
    assert len(read(bomb).rows) == 3
    declared = b'<?xml version="1.0"?>\n<testResults>&a;</testResults>'
    got = read(declared, name="a.jtl")
    assert (got.rows, [reason for _, reason in got.reasons]) == (
        [],
        ["not XML; the rest of the file is not read"],
    )


def point(metric="http_req_duration", value=250.5, **tags):
    data = {"time": "2026-05-04T12:00:00.2505+02:00", "value": value, "tags": tags or None}
    return json.dumps({"type": "Point", "data": data, "metric": metric}).encode() + b"\n"


# Shape from k6's documentation, "JSON output".
def test_k6_points_of_durations_are_requests_that_began_earlier(read):
    data = (
        b'{"type": "Metric", "data": {"name": "vus"}, "metric": "vus"}\n'
        + point("vus", 5)
        + point(
            method="GET",
            url="http://shop.example/cart/7",
            status="502",
            expected_response="false",
            name="cart",
        )
        + point("http_req_waiting", 1)
        + point(
            method="GET", status="0", error="dial: i/o timeout", error_code="1050", expected_response="false"
        )
        + b"oops\n"
        + point(value="x")
    )
    got = read(data, name="out.json")
    assert [(row["timestamp"], row["duration_ms"], row["error"]) for row in got.rows] == [
        (TEN, 250.5, True)
    ] * 2
    assert got.rows[0]["name"] == "cart"
    assert got.rows[0]["http.response.status_code"] == 502
    assert got.rows[1]["error.type"] == "1050"
    assert "http.response.status_code" not in got.rows[1]
    assert [reason for _, reason in got.reasons] == ["not JSON", "a point without a time or a value"]
    assert got.report.notes == ["2 points of k6 are not of http_req_duration, and are left out"]


def test_k6_as_csv(read):
    got = read(
        b"metric_name,timestamp,metric_value,method,status,url,expected_response\n"
        b"vus,1777888801,5,,,,\nhttp_req_duration,1777888801,1000,GET,502,http://shop.example/cart,false\n"
    )
    assert [(row["timestamp"], row["duration_ms"], row["error"]) for row in got.rows] == [(TEN, 1000.0, True)]
    assert got.report.notes == [
        "points of k6 other than http_req_duration are not requests, and are left out"
    ]


def test_vegeta_without_an_answer(read):
    row = {"attack": "a", "seq": 1, "code": 0, "timestamp": "2026-05-04T10:00:00Z", "latency": 30_000_000_000}
    row |= {
        "bytes_out": 0,
        "bytes_in": 0,
        "error": "timeout",
        "method": "GET",
        "url": "http://shop.example/cart",
    }
    got = read(json.dumps(row).encode() + b'\n{"attack": 1}\n')
    assert got.rows[0]["duration_ms"] == 30_000.0
    assert got.rows[0]["error"] is True
    assert got.rows[0]["error.message"] == "timeout"
    assert "http.response.status_code" not in got.rows[0]
    assert [reason for _, reason in got.reasons] == ["not a result of vegeta"]


# HAR 1.2, as Chrome's developer tools write it.
def test_har_leaves_secrets_out(read):
    entry = {
        "startedDateTime": "2026-05-04T10:00:00.000Z",
        "time": 250.5,
        "request": {
            "method": "GET",
            "url": "https://shop.example/cart",
            "headers": [{"name": "Cookie", "value": "secret"}],
            "cookies": [{"name": "s", "value": "secret"}],
            "postData": {"text": "secret"},
        },
        "response": {"status": 0, "_error": "net::ERR_TIMED_OUT", "content": {"size": 5, "text": "secret"}},
        "timings": {"blocked": -1, "wait": 240.25},
    }
    got = read(json.dumps({"log": {"version": "1.2", "creator": {}, "entries": [entry, 7]}}).encode())
    row = got.rows[0]
    assert (row["timestamp"], row["duration_ms"], row["error"]) == (TEN, 250.5, True)
    assert row["error.type"] == "net::ERR_TIMED_OUT"
    assert row["har.wait_ms"] == 240.25
    assert "har.blocked_ms" not in row
    assert "secret" not in repr(got.rows)
    assert got.reasons == [("entry 2", "not an entry of HAR")]
    assert got.report.notes == ["headers, cookies and bodies of HAR are left out"]


@settings(max_examples=examples(60), deadline=None)
@given(st.sampled_from([XML, CSV, point() * 3]), st.data())
def test_torn_results_never_invent_rows(tmp_path_factory, whole, data):
    path = tmp_path_factory.mktemp("torn") / "x"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        got = load_files(path)
    except ReadError:
        return
    assert len(got.rows) <= 4
