"""Lines behind prefixes: the prefix becomes fields, and the rest is read by its own format."""

import gzip
import json
import os
from datetime import UTC, datetime

import pytest

from obskit.errors import ReadError
from obskit.readers import read_paths
from obskit.readers.prefixed import reader as module
from obskit.schema import LoadReport, ReadOptions
from obskit.testing import encoded, incident
from tests.support.loaded import load_batches, load_files

ACCESS = '10.0.0.{n} - - [04/May/2026:10:00:0{n} +0000] "GET /cart HTTP/1.1" 502 13 "-" "curl/7.68.0"'
SERVED = '{{"time": "2026-05-04T10:00:0{n}.5Z", "level": "INFO", "msg": "served", "n": {n}}}'


def moment(second, micros=0, hour=10):
    return datetime(2026, 5, 4, hour, 0, second, micros, UTC)


def file_of(*lines, prefix=""):
    return "".join(f"{prefix}{line}\n" for line in lines).encode()


def fields(row, *names):
    return tuple(row.get(name) for name in names)


PREFIXES = [
    ("[pod/shop-1/app] ", {"k8s.pod.name": "shop-1", "k8s.container.name": "app"}),
    ("2026-05-04T10:00:09.413656027Z ", {"observed_timestamp": moment(9, 413656)}),
    (
        "2026-05-04T10:00:09.413656027+02:00 stderr F ",
        {"observed_timestamp": moment(9, 413656, hour=8), "log.iostream": "stderr"},
    ),
    ("web-1  | ", {"container.name": "web-1"}),
    (
        "[pod/shop-1/app] 2026-05-04T10:00:09.413656027Z ",
        {
            "k8s.pod.name": "shop-1",
            "k8s.container.name": "app",
            "observed_timestamp": moment(9, 413656),
        },
    ),
    (
        "May  4 10:00:09 web-1 nginx[12]: ",
        {
            "observed_timestamp": moment(9),
            "host.name": "web-1",
            "service.name": "nginx",
            "process.pid": 12,
        },
    ),
    (
        "<14>1 2026-05-04T10:00:09Z web-1 nginx 12 - - ",
        {
            "observed_timestamp": moment(9),
            "host.name": "web-1",
            "service.name": "nginx",
            "process.pid": 12,
            "syslog.facility": "user",
        },
    ),
    ("shop-6d4cf56db6-x7zq2 app ", {"k8s.pod.name": "shop-6d4cf56db6-x7zq2", "k8s.container.name": "app"}),
]


@pytest.mark.parametrize(("prefix", "wanted"), PREFIXES)
def test_access_logs(read, prefix, wanted):
    """The client is never the prefix."""
    got = read(file_of(*(ACCESS.format(n=n) for n in range(6)), prefix=prefix))
    assert [row["client.address"] for row in got.rows] == [f"10.0.0.{n}" for n in range(6)]
    assert [row["timestamp"] for row in got.rows] == [moment(n) for n in range(6)]
    assert all(row["error"] and row["http.response.status_code"] == 502 for row in got.rows)
    assert all(wanted.items() <= row.items() for row in got.rows)
    assert got.reasons == []


@pytest.mark.parametrize(("prefix", "wanted"), PREFIXES)
def test_json_lines(read, prefix, wanted):
    got = read(file_of(*(SERVED.format(n=n) for n in range(6)), prefix=prefix))
    assert [row["n"] for row in got.rows] == list(range(6))
    assert [row["timestamp"] for row in got.rows] == [moment(n, 500_000) for n in range(6)]
    assert all(wanted.items() <= row.items() for row in got.rows)
    assert all(row["severity_text"] == "INFO" for row in got.rows)
    assert got.reasons == []


def docker(log, stream="stdout", second=0):
    return json.dumps({"log": log, "stream": stream, "time": f"2026-05-04T10:00:0{second}.501234567Z"})


@pytest.mark.parametrize("spaces", [True, False])
def test_docker_json_file(read, spaces):
    lines = [docker(SERVED.format(n=n) + "\n", second=n) for n in range(6)]
    if not spaces:  # as Docker writes it
        lines = [json.dumps(json.loads(line), separators=(",", ":")) for line in lines]
    got = read(file_of(*lines))
    assert [fields(row, "n", "timestamp", "observed_timestamp", "log.iostream") for row in got.rows] == [
        (n, moment(n, 500_000), moment(n, 501_234), "stdout") for n in range(6)
    ]
    assert got.report.notes[0] == (
        "each line has a prefix (Docker's json-file): it was removed and kept as fields, and the lines were read "
        "as flat JSONL"
    )


def test_docker_lines_in_parts_and_with_colours(read):
    """A `log` without a line break goes on in the next object of its stream."""
    lines = [
        docker('{"msg": "lo'),
        docker("\x1b[33mwarning\x1b[0m\r\n", "stderr", 1),
        docker('ng"}\n', second=2),
        docker('{"msg": "b"}\n', second=3),
    ]
    got = read(file_of(*lines))
    assert sorted((row["body"], row["log.iostream"], row["timestamp"]) for row in got.rows) == [
        ("b", "stdout", moment(3, 501_234)),
        ("long", "stdout", moment(0, 501_234)),
        ("warning", "stderr", moment(1, 501_234)),
    ]
    assert got.reasons == []


def test_docker_lines_that_are_something_else(read):
    data = (
        file_of(docker('{"msg": "a"}\n'), "torn {", docker('{"msg": "b"}\n'), docker("{torn\n"))
        + b'{"log": "'
    )
    got = read(data)
    assert [row["body"] for row in got.rows] == ["a", "b"]
    assert got.reasons == [
        ("line 2, byte 92", "not an object of Docker's json-file"),
        (f"line 5, byte {len(data) - 9}", "torn: the file ends within the line"),
        ("line 4, byte 191", "not JSON"),
    ]


def test_parts_of_the_container_runtime(read):
    """Kubernetes cuts lines after 16 KiB; streams are joined by themselves."""
    text = "x" * 40_000
    whole = json.dumps({"msg": text})
    pieces = [whole[at : at + 16_384] for at in range(0, len(whole), 16_384)]
    lines = [f"2026-05-04T10:00:0{n}.1Z stdout P {piece}" for n, piece in enumerate(pieces[:-1])]
    lines.insert(1, "2026-05-04T10:00:05.1Z stderr F warning")
    lines.append(f"2026-05-04T10:00:06.1Z stdout F {pieces[-1]}")
    got = read(file_of(*lines, '2026-05-04T10:00:07Z stdout F {"msg": "b"}'))
    rows = {row["log.iostream"] + row["body"][:1]: row for row in got.rows}
    assert rows["stdoutx"]["body"] == text
    assert rows["stdoutx"]["timestamp"] == moment(0, 100_000)
    assert rows["stdoutb"]["timestamp"] == moment(7)
    assert rows["stderrw"]["body"] == "warning"
    assert len(got.rows) == 3


def test_a_last_part_that_is_missing(read):
    got = read(
        file_of('2026-05-04T10:00:00Z stdout F {"n": 1}', '2026-05-04T10:00:01Z stdout P {"n": 2, "msg')
    )
    assert [row["n"] for row in got.rows] == [1]
    assert got.reasons == [("line 2, byte 39", "torn: the last part of the line is missing")]


def test_a_joined_line_that_is_too_long(read, monkeypatch):
    monkeypatch.setattr("obskit.readers.prefixed.parts.LINE_LIMIT", 1024**2)
    part = "2026-05-04T10:00:00Z stdout P " + "x" * 600_000
    got = read(
        file_of(part, part, "2026-05-04T10:00:00Z stdout F end", '2026-05-04T10:00:01Z stdout F {"n": 2}')
    )
    assert [row.get("n") for row in got.rows] == [2]
    assert got.reasons == [("line 1, byte 0", "a line of more than 1 MiB")]


def test_containers_with_different_formats(read):
    """Each container's lines are read by a reader of their own; rows of one container keep their order."""
    lines = []
    for n in range(5):
        lines += [
            f"api-1    | {SERVED.format(n=n)}",
            f"proxy-1  | {ACCESS.format(n=n)}",
            f"db-1     | ready {n}",
        ]
    got = read(file_of("Attaching to api-1, proxy-1, db-1", *lines, "api-1 exited with code 0"))
    by_name = {
        name: [row for row in got.rows if row["container.name"] == name]
        for name in ("api-1", "proxy-1", "db-1")
    }
    assert [row["n"] for row in by_name["api-1"]] == list(range(5))
    assert [row["client.address"] for row in by_name["proxy-1"]] == [f"10.0.0.{n}" for n in range(5)]
    assert [row["body"] for row in by_name["db-1"]] == [f"ready {n}" for n in range(5)]
    assert [reason for _, reason in got.reasons] == [
        "the line has no prefix of docker compose, and no known format"
    ] * 2


def test_two_formats_in_one_container(read):
    """Lines that the first reader rejects are read by another one that is sure of them."""
    lines = (
        [SERVED.format(n=n) for n in range(4)] + [ACCESS.format(n=n) for n in range(4)] + ["Started", "{torn"]
    )
    got = read(file_of(*lines, prefix="[pod/shop-1/app] "))
    assert [row["n"] for row in got.rows if "n" in row] == list(range(4))
    assert [row["client.address"] for row in got.rows if "client.address" in row] == [
        f"10.0.0.{n}" for n in range(4)
    ]
    assert len(got.rows) == 8
    assert len(got.reasons) == 2


def test_a_layout_of_access_logs_behind_a_prefix(tmp_path):
    """`log_format` is that of the lines behind the prefix; `%D` is microseconds."""
    path = tmp_path / "web.log"
    path.write_bytes(file_of(*(f"10.0.0.{n} 502 {n}000" for n in range(1, 4)), prefix="[pod/web-1/web] "))
    report = LoadReport()
    options = ReadOptions(log_format="%h %>s %D")
    got = load_batches(read_paths([path], report, options), report, options)
    assert [fields(row, "client.address", "duration_ms", "k8s.pod.name") for row in got.rows] == [
        (f"10.0.0.{n}", float(n), "web-1") for n in range(1, 4)
    ]


def test_a_long_banner_before_the_prefixes(read):
    banner = [f"Step {n} : RUN make" for n in range(40)]
    lines = [f"web-1  | {ACCESS.format(n=n)}" for n in range(6)]
    got = read(file_of(*banner, *lines))
    assert [row["client.address"] for row in got.rows] == [f"10.0.0.{n}" for n in range(6)]
    assert len(got.reasons) == 40


def test_start_up_lines_before_json(read):
    """The banner of Spring Boot."""
    lines = ["  .   ____", "Starting Shop", *(SERVED.format(n=n) for n in range(3))]
    got = read(file_of(*lines, prefix="[pod/shop-1/app] "))
    assert [row["n"] for row in got.rows] == [0, 1, 2]
    assert got.reasons == [("line 1, byte 0", "not JSON"), ("line 2, byte 28", "not JSON")]


def test_stack_traces_of_two_pods(read):
    """Each pod's lines are joined by themselves; a record has the time of its first line."""
    lines = [
        ("1", "10:00:00,123 INFO shop.cart: started"),
        ("2", "10:00:00,200 ERROR shop.cart: failed"),
        ("2", "Traceback (most recent call last):"),
        ("1", "10:00:01,123 ERROR shop.cart: bad"),
        ("2", '  File "cart.py", line 12, in pay'),
        ("2", "ValueError: no card"),
    ]
    text = [
        f"[pod/shop-{pod}/app] 2026-05-04T10:00:0{n}.000000000Z {'2026-05-04 ' * line.startswith('10:')}{line}"
        for n, (pod, line) in enumerate(lines)
    ]
    got = read(file_of(*text))
    rows = {row["body"]: row for row in got.rows}
    assert rows.keys() == {"started", "failed", "bad"}
    assert fields(rows["failed"], "exception.type", "k8s.pod.name") == ("ValueError", "shop-2")
    assert rows["failed"]["observed_timestamp"] == moment(1)
    assert fields(rows["bad"], "exception.type", "k8s.pod.name") == (None, "shop-1")
    assert rows["bad"]["observed_timestamp"] == moment(3)
    assert got.reasons == []


def test_several_rows_per_line(read):
    """Which line a span is from is not known: it gets the fields that all lines of its container have."""
    data = encoded(incident(), "otlp-json")
    wanted = read(data)
    lines = [f"2026-05-04T11:00:0{n}.5Z stdout F {line}" for n, line in enumerate(data.decode().splitlines())]
    got = read(file_of(*lines))
    assert [row.pop("log.iostream") for row in got.rows] == ["stdout"] * len(wanted.rows)
    assert got.rows == wanted.rows
    assert got.report.notes[0] == (
        "the times of a container runtime (CRI) are left out for OTLP JSON: it does not say which line a record is from"
    )


def test_the_time_of_the_prefix_where_the_line_has_none(read):
    lines = [
        "INFO:     Started server process [1]",
        "ERROR:    no card",
        "Traceback (most recent call last):",
    ]
    lines += ['  File "a.py", line 1, in pay', "ValueError: no card", "INFO:     Shutting down"]
    data = file_of(*(f"2026-05-04T10:00:0{n}.5Z stderr F {line}" for n, line in enumerate(lines)))
    got = read(data)
    assert [fields(row, "timestamp", "severity_text", "exception.type") for row in got.rows] == [
        (moment(0, 500_000), "INFO", None),
        (moment(1, 500_000), "ERROR", "ValueError"),
        (moment(5, 500_000), "INFO", None),
    ]
    assert got.report.notes == [
        "each line has a prefix (a container runtime (CRI)): it was removed and kept as fields, and the lines were "
        "read as application log"
    ]


def test_what_the_line_says_wins(read):
    """A field of the prefix counts where the line has no such field, whatever the line calls it."""
    lines = ['{"level": "error", "service": "shop", "host": "node-1", "msg": "a"}', '{"msg": "b"}']
    got = read(file_of(*lines, prefix="<14>1 2026-05-04T10:00:00Z web-1 dockerd 12 - - "))
    names = ("body", "severity_text", "severity_number", "service.name", "host.name", "error")
    assert [fields(row, *names) for row in got.rows] == [
        ("a", "error", 17, "shop", "node-1", True),
        ("b", "info", 9, "dockerd", "web-1", False),
    ]


def test_syslog_of_many_programs(read, tmp_path):
    """RFC 5424's and RFC 3164's own examples have this shape."""
    path = tmp_path / "syslog"
    lines = [
        "<34>1 2026-05-04T10:00:00.003Z web-1 su - ID47 - 'su root' failed",
        '<165>1 2026-05-04T10:00:01Z web-1 shop 8 ID48 [a@1 b="c\\"d" e="f"] sold',
        '<165>1 2026-05-04T10:00:02Z web-1 shop 8 ID49 [a@1 b="g"][x@2 y="z"]',
        "<191>1 2026-05-04T10:00:03+02:00 - - - - - \ufeffbare",
    ]
    path.write_bytes(file_of(*lines))
    got = load_files(path)
    rows = {row["timestamp"]: row for row in got.rows}
    failed, sold, data, bare = (
        rows[time] for time in (moment(0, 3_000), moment(1), moment(2), moment(3, hour=8))
    )
    assert fields(failed, "body", "severity_text", "syslog.facility", "service.name", "syslog.msgid") == (
        *("'su root' failed", "crit", "auth", "su", "ID47"),
    )
    assert fields(failed, "severity_number", "error", "host.name") == (21, True, "web-1")
    assert fields(
        sold, "body", "process.pid", "syslog.structured_data.a@1.b", "syslog.structured_data.a@1.e"
    ) == (*("sold", 8, 'c"d', "f"),)
    assert fields(data, "body", "syslog.structured_data.a@1.b", "syslog.structured_data.x@2.y") == (
        None,
        "g",
        "z",
    )
    assert fields(bare, "body", "severity_text", "syslog.facility", "host.name") == (
        "bare",
        "debug",
        "local7",
        None,
    )
    assert got.reasons == []


def test_the_year_and_the_zone_of_syslog(tmp_path):
    path = tmp_path / "messages"
    path.write_bytes(file_of("Dec 31 23:59:59 web-1 cron[1]: a", "Jan  1 00:00:01 web-1 cron[1]: b"))
    os.utime(path, (1_767_312_000, 1_767_312_000))  # 2 January 2026
    got = load_files(path)
    assert [row["timestamp"].isoformat() for row in got.rows] == [
        "2025-12-31T23:59:59+00:00",
        "2026-01-01T00:00:01+00:00",
    ]
    assert got.report.notes == [
        "each line has a prefix (syslog): it was removed and kept as fields, and the lines were read as text",
        "times of syslog without a year are in the last year before the file was written (2026-01-02)",
    ]
    source = module.Source(path)
    report = type(got.report)()
    (batch,) = module.read(source, report.file(path), ReadOptions(tz="Europe/Berlin"))
    assert [time.isoformat() for time in batch["timestamp"].to_pylist()] == [
        "2025-12-31T22:59:59+00:00",
        "2025-12-31T23:00:01+00:00",
    ]


def test_lines_of_journalctl_that_go_on(read):
    lines = [
        "-- Journal begins at Mon 2026-05-04 --",
        "May 04 10:00:00 web-1 kernel: oops",
        "       second line",
    ]
    got = read(file_of(*lines, "May 04 10:00:01 web-1 kernel: fine"))
    assert [fields(row, "body", "service.name", "timestamp") for row in got.rows] == [
        ("oops", "kernel", got.rows[0]["timestamp"]),
        ("       second line", "kernel", got.rows[0]["timestamp"]),
        ("fine", "kernel", got.rows[2]["timestamp"]),
    ]
    assert got.reasons == [("line 1, byte 0", "the line has no prefix of syslog, and no known format")]


def test_colours_without_a_prefix(read):
    got = read(file_of(*(f"\x1b[3{n}mINFO\x1b[0m:     Started {n}" for n in range(3))))
    assert [fields(row, "severity_text", "body") for row in got.rows] == [
        ("INFO", f"Started {n}") for n in range(3)
    ]
    assert (
        "colours of a terminal were removed, and the lines were read as application log" in got.report.notes
    )


def test_bytes_that_are_not_utf_8(read):
    got = read(b"[pod/shop-1/app] caf\xe9\n[pod/shop-1/app] \xf0\x9f\x98\x80\n")
    assert [row["body"] for row in got.rows] == ["caf\\xe9", "\U0001f600"]


def test_byte_order_mark_and_carriage_returns(read):
    data = b"\xef\xbb\xbf" + file_of(*(SERVED.format(n=n) for n in range(3)), prefix="[pod/a-1/app] ")
    got = read(data.replace(b"\n", b"\r\n"))
    assert [fields(row, "n", "k8s.pod.name") for row in got.rows] == [(n, "a-1") for n in range(3)]


@pytest.mark.parametrize("cut", range(1, 40))
def test_torn_in_the_prefix_or_behind_it(read, cut):
    data = file_of(*(SERVED.format(n=n) for n in range(2)), prefix="[pod/a-1/app] ")
    whole = data[: data.index(b"\n") + 1]
    got = read(data[: len(whole) + cut])
    assert [row["n"] for row in got.rows] == [0]
    assert got.reasons == [(f"line 2, byte {len(whole)}", "torn: the file ends within the line")]


def test_a_compressed_file_that_breaks_off(read):
    data = file_of(*(SERVED.format(n=n % 10) for n in range(5_000)), prefix="[pod/a-1/app] ")
    packed = gzip.compress(data, 1)
    got = read(packed[: len(packed) // 2])
    assert 0 < len(got.rows) < 5_000
    assert "the gzip stream is cut off" in {reason for _, reason in got.reasons}


def test_no_line_that_can_be_read(read):
    with pytest.raises(ReadError) as error:
        read(b'{"log": "x')
    with pytest.raises(ReadError) as error:
        read(b"2026-05-04T10:00:00.1Z stdout P x\n")
    assert error.value.message.endswith(
        "has no line behind a prefix of a container runtime (CRI) that can be read "
        "(line 1, byte 0: torn: the last part of the line is missing)"
    )
    assert error.value.hint == "the file may be truncated; copy it again"


def test_records_of_several_lines_at_the_end_of_a_chunk(read, monkeypatch):
    """The last record of a chunk goes on in the next one; none is lost, joined wrongly or repeated."""
    monkeypatch.setattr(module, "BLOCK", 700)
    monkeypatch.setattr(module, "CHUNK", 1_000)
    lines = []
    for n in range(60):
        lines.append(f"2026-05-04 10:00:{n:02},000 ERROR shop.cart: failed {n}")
        lines += [
            "Traceback (most recent call last):",
            f'  File "cart.py", line {n}, in pay',
            f"ValueError: {n}",
        ]
    got = read(
        file_of(
            *(f"2026-05-04T11:{n // 60:02}:{n % 60:02}.5Z stderr F {line}" for n, line in enumerate(lines))
        )
    )
    assert [fields(row, "body", "exception.message") for row in got.rows] == [
        (f"failed {n}", str(n)) for n in range(60)
    ]
    assert [row["observed_timestamp"] for row in got.rows] == [
        datetime(2026, 5, 4, 11, 4 * n // 60, 4 * n % 60, 500_000, UTC) for n in range(60)
    ]
    assert got.reasons == []
