"""Syslog with the length before each message, and messages without a time."""

import gzip
import json

import pytest

from obskit.readers.prefixed import octets
from tests.readers.app_log.rows import rows_of


def message(text, time="2026-05-04T10:00:00Z", priority=34):
    return f"<{priority}>1 {time} web-1 shop 12 ID47 - {text}".encode()


def framed(*messages, between=b""):
    return b"".join(b"%d %b%b" % (len(each), each, between) for each in messages)


HEADER = {
    "host.name": "web-1",
    "process.pid": 12,
    "service.name": "shop",
    "syslog.facility": "auth",
    "syslog.msgid": "ID47",
    "severity_text": "crit",
    "severity_number": 21,
    "error": True,
}
TIMED = {"timestamp": "2026-05-04T10:00:00Z", **HEADER}


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("piece", [1 << 20, 7])
def test_each_message_is_a_row(between, piece, tmp_path, monkeypatch):
    monkeypatch.setattr("obskit.readers.io.source.PIECE", piece)
    texts = ["first", "caf\u00e9", "third"]
    loaded = rows_of(tmp_path, framed(*map(message, texts), between=between))
    assert loaded.rows == [{**TIMED, "body": text} for text in texts]
    assert loaded.rejected == []


def test_line_breaks_within_a_message_stay(tmp_path):
    texts = ["one\ntwo\n  three", "next", "with an end\n"]
    loaded = rows_of(tmp_path, framed(*map(message, texts)))
    assert [row["body"] for row in loaded.rows] == ["one\ntwo\n  three", "next", "with an end"]
    assert loaded.rejected == []


def test_a_single_message_of_several_lines(tmp_path):
    assert rows_of(tmp_path, framed(message("one\ntwo"))).rows == [{**TIMED, "body": "one\ntwo"}]


def test_the_messages_are_read_by_their_own_format(tmp_path):
    texts = [json.dumps({"msg": f"served {n}", "level": "info", "n": n}) for n in range(3)]
    rows = rows_of(tmp_path, framed(*map(message, texts))).rows
    assert [(row["body"], row["n"], row["severity_text"]) for row in rows] == [
        (f"served {n}", n, "info") for n in range(3)
    ]


def test_what_is_torn_or_foreign_is_rejected_with_its_position(tmp_path):
    good = framed(message("a"), message("b"))
    foreign = good + b"foreign" + framed(message("c"))
    loaded = rows_of(tmp_path, foreign)
    assert [row["body"] for row in loaded.rows] == ["a", "b", "c"]
    assert loaded.rejected == [(f"byte {len(good)}", "not a syslog message with its length before it")]
    loaded = rows_of(tmp_path, good + framed(message("c"))[:-5])
    assert [row["body"] for row in loaded.rows] == ["a", "b"]
    assert loaded.rejected == [(f"byte {len(good)}", "torn: the file ends within the message")]


def test_torn_anywhere_invents_no_row(tmp_path):
    whole = framed(*(message(f"number {n}") for n in range(4)))
    bodies = [f"number {n}" for n in range(4)]
    for cut in range(len(whole) // 2, len(whole)):
        loaded = rows_of(tmp_path, whole[:cut])
        have = [row["body"] for row in loaded.rows]
        assert have == bodies[: len(have)]
        assert len(have) < 4
        assert len(loaded.rejected) == (cut not in {len(whole) // 2, 3 * len(whole) // 4})


def test_a_damaged_file_is_reported_once(tmp_path):
    packed = gzip.compress(framed(*(message(f"number {n} {n * n}") for n in range(500))))
    loaded = rows_of(tmp_path, packed[:-40], name="syslog.gz")
    assert [row["body"] for row in loaded.rows] == [f"number {n} {n * n}" for n in range(len(loaded.rows))]
    assert len(loaded.rejected) == 1


def test_a_length_that_is_too_large_is_not_held_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(octets, "LINE_LIMIT", 1000)
    good = framed(message("a"), message("b"))
    loaded = rows_of(tmp_path, good + b"99999999 <34>1 x " + good)
    assert [row["body"] for row in loaded.rows] == ["a", "b", "a", "b"]
    assert loaded.rejected == [(f"byte {len(good)}", "not a syslog message with its length before it")]


@pytest.mark.parametrize("time", ["-", "2026-05-04T10:00:00Z"])
@pytest.mark.parametrize("other", ["-", "2026-05-04T10:00:00Z"])
def test_a_message_may_have_no_time(time, other, tmp_path):
    data = b"\n".join([message("a", time), message("b", other), b"<11>1 - - - - - - c", b""])
    loaded = rows_of(tmp_path, data)
    assert loaded.rows == [
        {**(HEADER if time == "-" else TIMED), "body": "a"},
        {**(HEADER if other == "-" else TIMED), "body": "b"},
        {
            "body": "c",
            "severity_text": "err",
            "severity_number": 17,
            "syslog.facility": "user",
            "error": True,
        },
    ]
    assert loaded.rejected == []


def test_the_time_of_the_line_counts_where_the_message_has_none(tmp_path):
    data = message("time=2026-05-04T09:00:00Z level=info msg=a", "-") + b"\n"
    data += message("time=2026-05-04T09:00:01Z level=info msg=b") + b"\n"
    rows = rows_of(tmp_path, data).rows
    assert [row["timestamp"] for row in rows] == ["2026-05-04T09:00:00Z", "2026-05-04T09:00:01Z"]
    assert [row.get("observed_timestamp") for row in rows] == [None, "2026-05-04T10:00:00Z"]
