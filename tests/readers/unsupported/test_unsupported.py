"""Formats that obskit does not read are named, with what to do instead."""

import json
import struct

import orjson
import pytest

from obskit.errors import ReadError
from obskit.readers.skipped_files import NoEvents
from obskit.readers.unsupported import description, refusal
from obskit.testing import samples

TIME = "2026-05-04T10:00:00Z"

# Shapes from the documentation of each tool; values are made up.
HEADS = {
    "a trace of Chrome's tracing format, whose times have no date": [
        b'{"traceEvents": [{"name": "a", "ph": "X", "ts": 1, "dur": 2, "pid": 1, "tid": 1}]}',
        b'{"displayTimeUnit": "ms", "traceEvents": [{"name": "a", "ph": "X", "ts": 1, "pi',
        b'[\n{"name": "a", "ph": "B", "ts": 1.5, "pid": 1, "tid": 1},\n',
        b'{"name": "process_name", "ph": "M", "pid": 1, "args": {"name": "x"}}\n',
    ],
    "jobs of GitHub Actions": [
        b'[{"id": 1, "run_id": 7, "status": "completed", "conclusion": "success", "head_sha": "a"}]',
        b'{"id": 1, "run_id": 7, "head_sha": "a", "status": "completed", "conclusion": "failure"}\n',
    ],
    "a summary of k6": [b'{"metrics": {"http_reqs": {"count": 1}}, "root_group": {"name": ""}}'],
    "metrics from the API of Prometheus": [
        b'{"status":"success","data":{"resultType":"matrix","result":[]}}'
    ],
    "metrics of Prometheus or OpenMetrics": [
        b"# HELP up x\n# TYPE up gauge\nup 1\n",
        b'up{job="a"} 1\nhttp_requests_total{code="200"} 1027 1395066363000\n',
    ],
    "a dashboard of Grafana": [b'{"panels": [], "schemaVersion": 39, "title": "Shop"}'],
    "the output of `kubectl describe`": [b"Name:         shop-1\nNamespace:    prod\n"],
    "a table that kubectl printed": [
        b"NAME     READY   STATUS    RESTARTS   AGE\nshop-1   1/1     Running   0   3d\n"
    ],
    "events that kubectl printed as a table": [
        b"LAST SEEN   TYPE      REASON   OBJECT   MESSAGE\n5m   Normal   x   y   z\n"
    ],
    "results of hey, which have no time of day": [
        b"response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n0.25,0,0,0,0.2,0,200,0.1\n"
    ],
    "a summary of hey": [b"\nSummary:\n  Total:\t1.2 secs\n"],
    "a summary of wrk": [b"Running 30s test @ http://shop.example/cart\n  12 threads and 400 connections\n"],
    "a summary of ApacheBench": [b"This is ApacheBench, Version 2.3\n"],
    "a report of vegeta": [b"Requests      [total, rate, throughput]  100, 50.5, 50.2\n"],
    "results of vegeta as CSV, which have no header": [
        b"1777888800123456789,200,250500000,0,20531,,aGk=,,0\n"
    ],
    "binary results of vegeta": [
        b"\x7f\xff\x03\x01\x01\x06Result\x01\xff\x80\0\x01\x0b\x01\x06Attack\x01\x0c\0\x01\x03Seq\x01\x07Latency"
    ],
    "what the console exporter of OpenTelemetry for JavaScript prints, which is not JSON": [
        b"{\n  resource: {\n    attributes: {\n      'service.name': 'shop'\n"
    ],
    "YAML": [b"apiVersion: v1\nkind: Pod\n", b"---\napiVersion: v1\n"],
    "a key or a certificate": [b"-----BEGIN CERTIFICATE-----\nMII\n"],
    "a script": [b"#!/bin/sh\nset -e\n"],
    "a patch": [b"diff --git a/x b/x\n"],
    "a thread dump of Java": [b"2026-05-04 10:00:00\nFull thread dump OpenJDK 64-Bit Server VM\n"],
    "an SQLite database": [b"SQLite format 3\0\x10"],
    "a packet capture (pcap)": [struct.pack("<IHH", 0xA1B2C3D4, 2, 4)],
    "a packet capture (pcapng)": [b"\x0a\x0d\x0d\x0a\x1c\0\0\0"],
    "a binary journal of systemd": [b"LPKSHHRH\0\0"],
    "an event log of Windows (EVTX)": [b"ElfFile\0\0"],
    "a core dump": [b"\x7fELF\2\1\1" + bytes(9) + b"\4\0"],
    "a program": [b"\x7fELF\2\1\1" + bytes(9) + b"\2\0"],
    "a profile in pprof's format": [b"\x0a\x04\x08\x01\x10\x02\x0a\x04\x08\x03\x10\x04"],
    "a 7-Zip archive": [b"7z\xbc\xaf\x27\x1c\0\4"],
    "a RAR archive": [b"Rar!\x1a\x07\x01\0"],
    "a heap dump of Java": [b"JAVA PROFILE 1.0.2\0"],
    "a .DS_Store file, which macOS leaves in folders": [b"\0\0\0\1Bud1\0"],
    "an Avro file": [b"Obj\x01\4"],
}


@pytest.mark.parametrize("what", HEADS)
def test_a_format_is_refused_by_name(what):
    for head in HEADS[what]:
        found = refusal(head)
        assert found is not None, head
        assert found.what == what
        assert found.hint


def test_files_of_every_format_that_is_read_are_not_refused():
    others = {"plain text", "HTML", "a PNG image", "zeros", "a JSON list of numbers", "a JSON document"}
    assert [name for name, data in samples().items() if name not in others and refusal(data)] == []


@pytest.mark.parametrize(
    "line",
    [
        {"ts": 1777888800, "msg": "x", "pid": 7, "ph": "Monday"},
        {"time": TIME, "status": "ok", "conclusion": "x"},
        {"time": TIME, "metrics": {"a": 1}},
        {"time": TIME, "panels": 3},
    ],
)
def test_events_with_some_of_the_keys_are_not_refused(read, line):
    assert len(read(json.dumps(line).encode() + b"\n").rows) == 1


def test_a_message_says_what_to_do(read, tmp_path):
    with pytest.raises(ReadError) as caught:
        read(HEADS["binary results of vegeta"][0], name="results.bin")
    assert str(caught.value) == (
        f"{tmp_path}/results.bin cannot be read as events: it looks like binary results of vegeta\n"
        "Hint: convert them: vegeta encode --to json FILE > results.jsonl"
    )
    with pytest.raises(ReadError) as caught:
        read(b"<html><head><title>Sign in &amp; go</title></head></html>", name="events.json")
    assert str(caught.value) == (
        f"{tmp_path}/events.json cannot be read as events: it looks like a web page (HTML): its title is"
        " 'Sign in & go'\n"
        "Hint: it may be the login page of what you downloaded: log in, and download it again"
    )


def test_in_a_folder_what_holds_no_events_is_skipped_and_named_once(tmp_path, load):
    (tmp_path / "app.jsonl").write_text(f'{{"time": "{TIME}"}}\n')
    (tmp_path / "pods").write_bytes(HEADS["YAML"][0])
    (tmp_path / "prom.txt").write_bytes(HEADS["metrics of Prometheus or OpenMetrics"][0])
    (tmp_path / "empty.log").write_bytes(b"")
    (tmp_path / "heap.hprof").write_bytes(b"SQLite format 3\0")
    got = load(*sorted(tmp_path.iterdir()))
    assert len(got.rows) == 1
    assert (
        "skipped 3 files that hold no events: empty.log (empty), pods (YAML), prom.txt (metrics of Prometheus or OpenMetrics)"
        in got.report.notes
    )
    assert got.report.rejected_by_reason == {"cannot be read as events: it looks like an SQLite database": 1}
    with pytest.raises(NoEvents) as caught:
        load(tmp_path / "pods")
    assert str(caught.value) == (
        f"{tmp_path}/pods cannot be read as events: it looks like YAML\nHint: name a file of logs, traces or requests"
    )


# What `jq` is suggested for reads right: its result is made here in Python.
@pytest.mark.parametrize(
    ("document", "hint", "lines"),
    [
        ([{"time": TIME, "n": 1}], "'.[]'", lambda d: d),
        ({"x-events": 1, "my_items": [{"time": TIME}]}, "'.my_items[]'", lambda d: d["my_items"]),
        ({"time": TIME, "n": {"a": 1}}, ".", lambda d: [d]),
    ],
)
def test_jq_is_suggested_where_its_result_reads_right(read, document, hint, lines):
    found = description(json.dumps(document, indent=1).encode())
    assert found.hint == f"write one JSON object per line: jq -c {hint} FILE > events.jsonl"
    got = read(b"".join(orjson.dumps(item) + b"\n" for item in lines(document)))
    assert got.report.untimed == 0
    assert len(got.rows) == len(lines(document))


@pytest.mark.parametrize(
    ("document", "what", "hint"),
    [
        ([1, 2], "a JSON list", "each event has to be an object, one per line"),
        (
            {"a": [{"x": 1}], "b": [{"y": 1}]},
            "one JSON object with several lists",
            "write the objects of the list that holds the events, one per line",
        ),
        (
            {"dependencies": {"a": 1}},
            "JSON objects on several lines each",
            "its objects have no field that looks like a time: write one JSON object with a time per line",
        ),
    ],
)
def test_jq_is_not_suggested_elsewhere(document, what, hint):
    found = description(json.dumps(document, indent=1).encode())
    assert (found.what, found.hint) == (what, hint)


def test_torn_json_says_where(read):
    found = description(b'{\n "a": [1,\n')
    assert found.what == "JSON that breaks off, or is not valid"
    assert found.hint == "the file may be truncated; it stops being JSON at line 3, column 1"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            b"2026-05-04,GET,1\n2026-05-05,GET,2\n",
            "line 1 is not a header: '2026-05-04' is not the name of a column",
        ),
        (b"a,b\n1,2,3\n1,2,3\n1,2,3\n", "line 1 has 2 fields, and most other lines have 3"),
        (b"x,y,z\nx,y,z\nx,y,z\n", "line 1 is not a header: it has the same values as the lines below"),
    ],
)
def test_csv_that_is_not_read_names_the_rule_and_the_line(text, rule):
    found = description(text)
    assert (found.what, found.detail) == ("CSV", rule)
    assert found.hint == "make the first line the names of the columns, and give each row as many fields"


def test_json_that_is_nested_too_deeply_is_an_error():
    kind = description(b"[" * 100_000, True)
    assert kind.what == "JSON that breaks off, or is not valid"
    assert kind.hint == "it is nested too deeply: write one JSON object per line"
