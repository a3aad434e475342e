"""curl's output: the keys as curl documents them, and objects in any arrangement."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.errors import ReadError
from obskit.readers import Match, read_paths
from obskit.readers import curl as curl_module
from obskit.readers.curl import sniff
from obskit.readers.jsonl.reader import sniff as sniff_jsonl
from obskit.schema import LoadReport, Normalizer

# The output of `curl -w '%{json}'`, with the names in its manual.
ANSWERED = {
    "certs": "",
    "content_type": "text/html; charset=utf-8",
    "errormsg": None,
    "exitcode": 0,
    "filename_effective": "/dev/null",
    "http_code": 200,
    "http_connect": 0,
    "http_version": "2",
    "local_ip": "10.0.0.7",
    "local_port": 51234,
    "method": "GET",
    "num_connects": 1,
    "num_headers": 9,
    "num_redirects": 1,
    "redirect_url": None,
    "remote_ip": "93.184.216.34",
    "remote_port": 443,
    "response_code": 200,
    "scheme": "HTTPS",
    "size_download": 1256,
    "speed_download": 10466,
    "ssl_verify_result": 0,
    "time_appconnect": 0.081,
    "time_connect": 0.042,
    "time_namelookup": 0.012,
    "time_pretransfer": 0.081,
    "time_redirect": 0.0,
    "time_starttransfer": 0.119,
    "time_total": 0.12,
    "url": "http://example.com/",
    "url_effective": "https://example.com/",
    "urlnum": 0,
    "curl_version": "libcurl/8.5.0",
}
FAILED = ANSWERED | {
    "content_type": None,
    "errormsg": "Could not resolve host: nowhere.invalid",
    "exitcode": 6,
    "http_code": 0,
    "http_version": "0",
    "local_ip": "",
    "local_port": 0,
    "remote_ip": "",
    "remote_port": 0,
    "response_code": 0,
    "scheme": None,
    "time_total": 0.0031,
    "url": "http://nowhere.invalid:8080/",
}


def line(row) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode()


def test_a_request_is_an_event(read) -> None:
    loaded = read(line(ANSWERED))
    (event,) = loaded.rows
    assert {
        "name": "probe",
        "kind": "client",
        "duration_ms": 120.0,
        "error": False,
        "time_namelookup_seconds": 0.012,
        "time_connect_seconds": 0.042,
        "time_appconnect_seconds": 0.081,
        "time_pretransfer_seconds": 0.081,
        "time_redirect_seconds": 0.0,
        "time_starttransfer_seconds": 0.119,
        "time_total_seconds": 0.12,
        "speed_download": 10466,
        "size_download": 1256,
        "content_type": "text/html; charset=utf-8",
        "http.response.status_code": 200,
        "http.request.method": "GET",
        "url.full": "http://example.com/",
        "url_effective": "https://example.com/",
        "url.scheme": "https",
        "num_redirects": 1,
        "server.address": "example.com",
        "server.port": 80,
        "network.peer.address": "93.184.216.34",
        "network.peer.port": 443,
        "network.local.address": "10.0.0.7",
        "network.protocol.version": "2",
        "exitcode": 0,
        "curl_version": "libcurl/8.5.0",
    }.items() <= event.items()
    assert not {"http_code", "response_code", "time_total", "url", "timestamp", "error.type"} & event.keys()
    assert loaded.reasons == []


def test_a_failure_is_an_error_by_its_name(read) -> None:
    (event,) = read(line(FAILED)).rows
    assert event["error"] is True
    assert event["error.type"] == "CouldNotResolveHost"
    assert event["error.message"] == "Could not resolve host: nowhere.invalid"
    assert event["server.address"] == "nowhere.invalid"
    assert event["server.port"] == 8080
    assert event["duration_ms"] == 3.1
    absent = {
        "http.response.status_code",
        "network.peer.address",
        "network.peer.port",
        "network.protocol.version",
    }
    assert not absent & event.keys()


@pytest.mark.parametrize(
    ("between", "start", "end"),
    [(b"", b"", b""), (b"\n", b"", b"\n"), (b"\r\n\r\n", b"\xef\xbb\xbf", b"\n"), (b" ", b"\n", b" ")],
    ids=["end to end", "lines", "crlf", "spaces"],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_objects_come_in_any_arrangement(read, between, start, end, indent) -> None:
    rows = [ANSWERED | {"urlnum": n} for n in range(3)] + [FAILED]
    texts = [json.dumps(row, indent=indent).encode() for row in rows]
    loaded = read(start + between.join(texts) + end, "out.txt")
    assert [event["urlnum"] for event in loaded.rows] == [0, 1, 2, 0]
    assert loaded.reasons == []


def test_a_compressed_file(read) -> None:
    assert len(read(gzip.compress(line(ANSWERED) * 5)).rows) == 5


@pytest.mark.parametrize("name", ["response_code", "http_code"])
@pytest.mark.parametrize(("written", "status"), [("000", None), ("0200", 200), ("404", 404), ('"503"', 503)])
def test_a_status_of_zeros_is_not_an_answer(read, name, written, status) -> None:
    text = f'{{"{name}":{written},"time_total":0.5,"time_connect":0.000,"url":"http://h/","exitcode":07}}'
    (event,) = read(text.encode() * 2).rows[:1]
    assert event.get("http.response.status_code") == status
    assert event["error.type"] == "CouldNotConnect"


def test_zeros_in_a_text_stay(read) -> None:
    said = 'he said "response_code":000 and left'
    (event,) = read(line(ANSWERED | {"errormsg": said})).rows
    assert event["error.message"] == said


def test_a_custom_format(read) -> None:
    """Wrappers of curl write names with `_seconds`, some numbers as text, and their own timestamp."""
    row = {
        "timestamp": "2026-05-04T10:00:00Z",
        "time_namelookup_seconds": "0.001",
        "time_connect_seconds": 0.002,
        "time_appconnect_seconds": 0.0,
        "time_starttransfer_seconds": 0.25,
        "time_total_seconds": 0.255,
        "speed_download": 1234.5,
        "http_code": 503,
        "url": "https://shop.example/book",
        "region": "eu",
    }
    loaded = read(line(row) + b"\n" + line(row | {"http_code": "000"}), "times.jsonl")
    first, second = loaded.rows
    assert first["timestamp"].isoformat() == "2026-05-04T10:00:00+00:00"
    assert first["time_namelookup_seconds"] == 0.001
    assert first["duration_ms"] == 255.0
    assert first["http.response.status_code"] == 503
    assert first["error"] is True
    assert first["server.port"] == 443
    assert first["region"] == "eu"
    assert "http.response.status_code" not in second
    assert second["error.type"] == "_OTHER", "no answer, and nothing says why"


def test_bad_objects_are_rejected_and_the_others_are_read(read) -> None:
    good = line(ANSWERED)
    data = (
        good
        + b"\n"
        + good[:70]
        + b"\n"
        + good
        + good[:40]
        + b"}"
        + good
        + b"\n[1]\nhello\n"
        + good
        + good[:90]
    )
    loaded = read(data)
    assert len(loaded.rows) == 4
    start = len(good) + 1
    at = start + 71 + len(good)
    assert loaded.reasons[:2] == [(f"line 2, byte {start}", "not JSON"), (f"line 3, byte {at}", "not JSON")]
    assert [reason for _, reason in loaded.reasons[2:]] == [
        "not a JSON object",
        "not JSON",
        "torn: the file ends within it",
    ]


def test_a_last_line_with_a_newline_is_not_torn(read) -> None:
    assert [reason for _, reason in read(line(ANSWERED) + b"\nhello\n").reasons] == ["not JSON"]


def test_bytes_that_are_not_utf8_are_rejected(read) -> None:
    bad = line(ANSWERED | {"method": "G"}).replace(b'"G"', b'"\xff"')
    loaded = read(line(ANSWERED) + bad + line(FAILED | {"url": "http://h/\u00e9"}))
    assert len(loaded.rows) == 2
    assert loaded.rows[1]["url.full"] == "http://h/\u00e9"
    assert [reason for _, reason in loaded.reasons] == ["not UTF-8"]


def test_an_object_that_is_not_from_curl_keeps_its_fields(read) -> None:
    loaded = read(line(ANSWERED) * 25 + line({"date": ["today"], "http_code": 7}))
    assert loaded.rows[-1] == {"date": ["today"], "http_code": 7, "error": False} | {
        key: value for key, value in loaded.rows[-1].items() if key not in ("date", "http_code", "error")
    }
    assert "kind" not in loaded.rows[-1]


def test_depth_and_size_have_limits(read, monkeypatch) -> None:
    deep = line(ANSWERED)[:-1] + b',"x":' + b"[" * 5000 + b"]" * 5000 + b"}"
    loaded = read(line(ANSWERED) + b"\n" + deep + b"\n" + line(ANSWERED))
    assert len(loaded.rows) == 2
    assert loaded.reasons[0][1] == "nested deeper than 64 levels"
    monkeypatch.setattr(curl_module, "OBJECT_LIMIT", 2_000)
    monkeypatch.setattr(curl_module, "_BUFFER", 8_000)
    large = line(ANSWERED | {"certs": "x" * 5_000})
    loaded = read((line(ANSWERED) + b"\n") * 30 + large + b"\n" + line(ANSWERED))
    assert len(loaded.rows) == 31
    assert {reason for _, reason in loaded.reasons} <= {"object is larger than 1 MiB", "not JSON"}


def test_a_file_without_an_object_is_an_error(read, tmp_path) -> None:
    data = line(ANSWERED).replace(b'"exitcode":0', b'"exitcode":!') + b"\n"
    with pytest.raises(ReadError):
        read(data)


def test_a_cut_off_stream_gives_the_objects_before_the_cut(read) -> None:
    data = gzip.compress(b"\n".join(line(ANSWERED | {"urlnum": n, "certs": str(n) * 50}) for n in range(400)))
    loaded = read(data[: len(data) // 2])
    assert 0 < len(loaded.rows) < 400
    assert [reason for _, reason in loaded.reasons] == ["the gzip stream is cut off"]


def test_flat_json_lines_are_not_detected_as_curl() -> None:
    event = {"timestamp": "2026-05-04T10:00:00Z", "name": "probe", "time_total_seconds": 0.1}
    ours = line(event | {"http.response.status_code": 200, "url.full": "http://h/"}) + b"\n"
    assert sniff(ours * 9) is Match.NO
    assert sniff_jsonl(ours * 9) is Match.CERTAIN
    assert sniff(line(ANSWERED) + b"\n" + line({"http_code": 200, "user": 1})) is Match.NO
    assert sniff(line(ANSWERED)) is Match.DIALECT
    assert sniff(line(ANSWERED)[:-30]) is Match.NO
    assert sniff(b"<html>" + line(ANSWERED)) is Match.NO


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([*ANSWERED, "time_total_seconds", "x"]),
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()),
        ),
        max_size=5,
    )
)
def test_no_row_is_lost_whatever_its_values(tmp_path_factory, rows) -> None:
    path = tmp_path_factory.mktemp("curl") / "out.json"
    texts = [json.dumps({"time_total": 1, "http_code": 200, "url": "http://h/"} | row) for row in rows]
    path.write_text("".join([json.dumps(ANSWERED), *texts]))
    report = LoadReport()
    normalizer = Normalizer(report)
    read_rows = sum(normalizer.batch(batch).num_rows for batch in read_paths([path], report))
    assert (read_rows, report.rejected_count) == (len(rows) + 1, 0)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_real_curl(read) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204 if self.path == "/no" else 200)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()

        def log_message(self, *_) -> None:
            """Keep stderr empty."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    urls = [f"{base}/", f"{base}/no", "http://127.0.0.1:1/"]
    out = b"".join(
        subprocess.run(
            ["curl", "-q", "-s", "--noproxy", "*", "-o", "/dev/null", "-w", form, url],
            capture_output=True,
            check=False,
        ).stdout
        for form in (
            "%{json}",
            '{"http_code":%{http_code},"time_total":%{time_total},"url":"%{url_effective}"}\n',
        )
        for url in urls
    )
    server.shutdown()
    server.server_close()
    thread.join()
    loaded = read(out)
    assert loaded.reasons == []
    assert [event.get("http.response.status_code") for event in loaded.rows] == [200, 204, None] * 2
    assert [event.get("error.type") for event in loaded.rows] == [
        None,
        None,
        "CouldNotConnect",
        None,
        None,
        "_OTHER",
    ]
    assert all(
        event["duration_ms"] == pytest.approx(event["time_total_seconds"] * 1000) for event in loaded.rows
    )
    assert loaded.rows[0]["network.peer.address"] == "127.0.0.1"
    assert loaded.rows[0]["content_type"] == "text/plain"
