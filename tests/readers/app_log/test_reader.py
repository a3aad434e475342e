"""Application logs that are torn, mixed, badly encoded or huge: nothing is lost or moved without a word."""

import json

import pytest

from obskit.errors import ObskitError
from obskit.readers.app_log import reader as module
from tests.readers.app_log.rows import rows_of

DEEP = b'{"n": 1, "a": ' + b'{"a": ' * 70 + b"1" + b"}" * 71
"""An object that is nested deeper than obskit reads."""


def bodies(loaded):
    return [row.get("body") for row in loaded.rows]


def test_bytes_that_are_not_utf_8_do_not_move_rejections(tmp_path):
    data = (
        b"stray \xff\xfe\n\n another\n2026-05-04 10:00:00 INFO caf\xe9\n2026-05-04 10:00:01 INFO b\n2026-05-0"
    )
    loaded = rows_of(tmp_path, data)
    assert bodies(loaded) == ["caf\\xe9", "b"]
    assert loaded.rejected == [
        ("line 1, byte 0", "before the first record"),
        ("line 3, byte 10", "before the first record"),
        (f"line 6, byte {data.rfind(b'2026')}", "torn: the file ends within the line"),
    ]


def test_carriage_returns_do_not_move_rejections(tmp_path):
    loaded = rows_of(
        tmp_path, b"stray\r\nmore\r\n2026-05-04 10:00:00 INFO a\r\n2026-05-04 10:00:01 INFO b\r\n"
    )
    assert bodies(loaded) == ["a", "b"]
    assert loaded.rejected == [
        ("line 1, byte 0", "before the first record"),
        ("line 2, byte 7", "before the first record"),
    ]


@pytest.mark.parametrize("block", [1024 * 1024, 80])
def test_objects_between_records_that_are_nested_too_deep_are_rejected(block, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    lines = [
        b"2026-05-04 10:00:00 INFO \xff",
        DEEP,
        b'{"level": "error", "msg": "object"}',
        b"2026-05-04 10:00:01 INFO b",
        b"2026-05-04 10:00:02 INFO c",
        DEEP,
        b"2026-05-04 10:00:03 INFO d",
    ]
    loaded = rows_of(tmp_path, b"\n".join(lines) + b"\n")
    assert sorted(bodies(loaded)) == ["\\xff", "b", "c", "d", "object"]
    at = [sum(len(line) + 1 for line in lines[:number]) for number in (1, 5)]
    assert loaded.rejected == [
        (f"line 2, byte {at[0]}", "nested deeper than 64 levels"),
        (f"line 6, byte {at[1]}", "nested deeper than 64 levels"),
    ]


def test_a_record_has_the_same_fields_whatever_is_around_it(tmp_path):
    specific = "2026-05-04 10:00:00.123 [main] INFO  c.shop.Cart - hello\n"
    general = "2026-05-04 10:00:01 INFO plain\n"
    alone = rows_of(tmp_path, specific).rows[0]
    for text in (specific + general, general * 5 + specific, general * 5 + specific + general * 5):
        rows = rows_of(tmp_path, text).rows
        assert alone in rows
        assert len(rows) == text.count("\n")


def test_a_line_with_only_a_level_is_a_record_of_its_own(tmp_path):
    loaded = rows_of(tmp_path, "2026-05-04 10:00:00 INFO a\n[ERROR] boom\n2026-05-04 10:00:01 INFO b\n")
    assert loaded.rows[1] == {
        "timestamp": "2026-05-04T10:00:00Z",
        "error": True,
        "body": "boom",
        "severity_text": "ERROR",
        "severity_number": 17,
    }
    assert loaded.notes == ["a line with a level but without a time has the time of the record before it"]


def test_a_line_with_another_time_of_day_is_not_part_of_the_record_before(tmp_path):
    text = "10:00:00.123 [main] INFO  c.shop.Cart - a\n10:00:00.124 something else\n"
    loaded = rows_of(tmp_path, text)
    assert bodies(loaded) == ["a", "something else"]
    assert [row["log.time"] for row in loaded.rows] == ["10:00:00.123", "10:00:00.124"]


@pytest.mark.parametrize(
    ("time", "kept"),
    [
        ("2026-02-30 10:00:00", "2026-02-30 10:00:00"),
        ("2026-05-04 25:00:00", "2026-05-04 25:00:00"),
        ("2026-05-04 10:00:61", "2026-05-04 10:00:61"),
    ],
)
def test_a_time_that_never_happened_is_kept_as_text(time, kept, tmp_path):
    loaded = rows_of(tmp_path, f"2026-05-04 10:00:00 INFO a\n{time} ERROR b\n")
    assert loaded.rows[1] == {
        "error": True,
        "body": "b",
        "severity_text": "ERROR",
        "severity_number": 17,
        "log.time": kept,
    }
    assert loaded.notes == [
        "some times are of an unknown zone, or never happened: timestamp is empty, and the text is in log.time"
    ]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-05-04 10:00:00 INFO a\n", "2026-05-04T08:00:00Z"),
        ("2026-05-04T10:00:00Z INFO a\n", "2026-05-04T10:00:00Z"),
        ("2026-05-04 10:00:00,5 UTC INFO a\n", "2026-05-04T10:00:00.500000Z"),
        ("[04/May/2026 10:00:00] INFO a\n", "2026-05-04T08:00:00Z"),
        (
            'INFO:werkzeug:10.0.0.7 - - [04/May/2026 10:00:00] "GET / HTTP/1.1" 200 -\n',
            "2026-05-04T08:00:00Z",
        ),
        ("[04-May-2026 10:00:00 America/New_York] PHP Warning:  a\n", "2026-05-04T14:00:00Z"),
        ("[04-May-2026 10:00:00] NOTICE: a\n", "2026-05-04T08:00:00Z"),
    ],
)
def test_times_without_a_zone_are_of_the_given_one(text, time, tmp_path):
    assert [row["timestamp"] for row in rows_of(tmp_path, text * 2, tz="Europe/Berlin").rows] == [time, time]


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        (
            "WARNING:shop:a\nWARNING:shop:b\n",
            [
                "records have no time (logging.basicConfig): load another file for when it happened, or let the "
                "program log the time"
            ],
        ),
        (
            "10:00:00.123 [main] INFO  c.s.Cart - a\n10:00:00.124 [main] INFO  c.s.Cart - b\n",
            [
                "records have a time of day but no date (logback without a date): it is kept as log.time, and "
                "timestamp is empty"
            ],
        ),
        (
            "I0504 10:00:00.123456       7 a.go:12] a\n",
            [
                "times have no year (glog): the year is that of the file's last change, so that no time is after it"
            ],
        ),
        (
            "2026-05-04 10:00:00 INFO a\n2026-05-04 10:00:00 INFO b",
            ["the file does not end with a line break: its last record may be incomplete"],
        ),
        (
            "2026-05-04 10:00:00 INFO GET /a 500 12\n2026-05-04 10:00:00 INFO GET /b 200 12\n",
            [
                "the texts of log records look like requests, but their statuses and durations are not "
                "read: if it is an access log, give its layout (--log-format)"
            ],
        ),
        ('2026-05-04 10:00:00 INFO "GET /a HTTP/1.1" 500 12\n' * 2, []),
    ],
)
def test_what_is_missing_is_noted(text, notes, tmp_path):
    assert rows_of(tmp_path, text).notes == notes


def test_lines_after_a_request_do_not_hide_its_status(tmp_path):
    text = (
        'INFO:     10.0.0.7:5123 - "POST /pay HTTP/1.1" 500 Internal Server Error\nprinted\n'
        'INFO:     10.0.0.7:5124 - "GET /cart HTTP/1.1" 200 OK\n'
    )
    rows = rows_of(tmp_path, text).rows
    assert [row["http.response.status_code"] for row in rows] == [500, 200]
    assert [row.get("error", False) for row in rows] == [True, False]


def test_records_and_objects_keep_their_own_fields(tmp_path):
    text = "\n".join(
        [
            "2026-05-04 10:00:00 INFO a",
            json.dumps({"time": "2026-05-04T10:00:01Z", "level": "error", "msg": "b"}),
            "time=2026-05-04T10:00:02Z level=warn msg=c",
            "2026-05-04 10:00:03 INFO d",
            '10.0.0.7 - - [04/May/2026:10:00:04 +0000] "GET /e HTTP/1.1" 502 13',
            "",
        ]
    )
    rows = sorted(rows_of(tmp_path, text).rows, key=lambda row: row["timestamp"])
    assert [row.get("body") for row in rows] == ["a", "b", "c", "d", None]
    assert [row.get("severity_text") for row in rows] == ["INFO", "error", "warn", "INFO", None]
    assert rows[4]["http.response.status_code"] == 502


@pytest.mark.parametrize("size", [100, 1024 * 1024 + 7, 3 * 1024 * 1024])
def test_a_huge_record_is_one_record(size, tmp_path):
    text = f"2026-05-04 10:00:00 INFO {'x' * size}\n2026-05-04 10:00:01 INFO b\n"
    assert [len(body) for body in bodies(rows_of(tmp_path, text))] == [size, 1]


def test_lines_of_a_record_beyond_the_limit_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 1000)
    monkeypatch.setattr(module, "RECORD_LIMIT", 5000)
    lines = [
        "2026-05-04 10:00:00 INFO a",
        *(f"  line {n:5}" for n in range(1000)),
        "2026-05-04 10:00:01 INFO b",
        "",
    ]
    loaded = rows_of(tmp_path, "\n".join(lines))
    first, last = (row["body"] for row in loaded.rows)
    assert last == "b"
    kept = first.count("\n")
    assert first.startswith("a\n  line     0\n")
    assert kept + loaded.rejected_count == 1000
    assert loaded.rejected[0] == (f"line {kept + 2}, byte {27 + 13 * kept}", "a record of more than 0 MiB")


@pytest.mark.parametrize("text", ["", "\n\n", "   \n"])
def test_nothing_is_not_a_log(text, tmp_path):
    with pytest.raises(ObskitError):
        rows_of(tmp_path, text)
