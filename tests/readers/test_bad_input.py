"""Torn, hostile and foreign input gives a clear error or a counted rejection, in bounded memory."""

import errno
import gzip
import io
import os
import random
import subprocess
import sys

import pyarrow as pa
import pytest

from obskit.errors import LimitExceeded, ReadError
from obskit.readers.io.source import Gzip, Plain

pytestmark = pytest.mark.once

NAME_EVENTS = "name a file of logs, traces or requests"
ACCESS_LOGS = "if these are access logs, give their layout: --log-format '%h %l %u %t \"%r\" %>s %b'"
GOOD = b'{"a":1}\n{"a":2}\n'


def test_an_empty_file_is_an_error(read, tmp_path):
    for data in (b"", b"\n \n", gzip.compress(b"")):
        with pytest.raises(ReadError) as caught:
            read(data, name="empty.jsonl")
        assert str(caught.value) == (
            f"{tmp_path}/empty.jsonl is empty\nHint: it may be truncated: a file needs at least one event"
        )


@pytest.mark.parametrize(
    ("data", "what", "hint"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image", NAME_EVENTS),
        (b"<?xml version='1.0'?>\n<events/>", "XML: its root is <events>", "export it as JSON or CSV"),
        (
            b"<!DOCTYPE html><html></html>",
            "a web page (HTML)",
            "it may be the login page of what you downloaded: log in, and download it again",
        ),
        (
            b"hello\nworld\n",
            "plain text: line 1 is neither JSON, nor a header of CSV, nor a log line of a known layout: 'hello'",
            ACCESS_LOGS,
        ),
        (
            bytes(range(256)) * 4,
            "binary data of an unknown format",
            "write it as text, or as Parquet, with the program that made it",
        ),
        (
            b"[[1],[2]]",
            "a JSON list",
            "each event has to be an object, one per line",
        ),
        (
            b'{\n  "a": [\n    1\n  ]\n}\n',
            "JSON objects on several lines each",
            "its objects have no field that looks like a time: write one JSON object with a time per line",
        ),
        (
            b'[{"traceId":"1","id":"2","annotations":[],"binaryAnnotations":[]}]',
            "Zipkin JSON of version 1, which is not supported",
            "export the traces as version 2: /api/v2/traces",
        ),
    ],
)
def test_a_foreign_format_is_named_in_the_error(read, tmp_path, data, what, hint):
    with pytest.raises(ReadError) as caught:
        read(data, name="file.jsonl")
    assert (
        str(caught.value)
        == f"{tmp_path}/file.jsonl cannot be read as events: it looks like {what}\nHint: {hint}"
    )


def test_a_file_of_bad_lines_is_an_error(read, tmp_path):
    with pytest.raises(ReadError) as caught:
        read(b'{"a":1', name="torn.jsonl")
    assert str(caught.value) == (
        f"{tmp_path}/torn.jsonl has no line that is a JSON object (line 1, byte 0: torn: the file ends within the line)\n"
        "Hint: look at that line: the file may be truncated, or may not be JSON"
    )


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path, load):
    with pytest.raises(ReadError, match="cannot be opened"):
        load(tmp_path)


def test_a_bad_file_among_others_is_a_counted_rejection(tmp_path, load):
    (tmp_path / "a.jsonl").write_bytes(GOOD)
    (tmp_path / "LICENSE").write_text("All rights.")
    (tmp_path / "empty").write_bytes(b"")
    got = load(*sorted(tmp_path.iterdir()))
    assert len(got.rows) == 2
    assert [(os.path.basename(r.file), r.reason) for r in got.report.rejected] == [
        ("LICENSE", "cannot be read as events: it looks like plain text"),
    ]
    assert got.report.notes == ["skipped 1 file that holds no events: empty (empty)"]
    with pytest.raises(ReadError) as caught:
        load(tmp_path / "LICENSE", tmp_path / "empty")
    assert str(caught.value).startswith(
        f"{tmp_path}/LICENSE cannot be read as events: it looks like plain text: line 1 is neither JSON, nor a header"
        " of CSV, nor a log line of a known layout: 'All rights.'"
        " (none of the 2 files can be read; this is the first)"
    )


@pytest.mark.parametrize("pack", ["gzip", "zstd"])
def test_a_truncated_compressed_file_gives_the_rows_before_the_end(read, pack):
    chance = random.Random(1)
    lines = b"".join(b'{"a":%d,"s":"%x"}\n' % (i, chance.getrandbits(256)) for i in range(20_000))
    data = gzip.compress(lines) if pack == "gzip" else pa.Codec("zstd").compress(lines, asbytes=True)
    got = read(data[: len(data) // 2])
    assert 5_000 < len(got.rows) < 15_000
    assert [row["a"] for row in got.rows] == list(range(len(got.rows)))
    assert got.report.rejected_by_reason == {f"the {pack} stream is cut off": 1}


def test_a_corrupt_gzip_gives_the_rows_before_the_fault(read):
    data = bytearray(gzip.compress(b"".join(b'{"a":%d}\n' % i for i in range(50_000))))
    data[-8] ^= 0xFF  # the checksum
    got = read(bytes(data))
    assert len(got.rows) > 40_000
    assert got.report.rejected_by_reason == {"the gzip stream is corrupt": 1}


def test_gzip_members_are_read_and_other_bytes_after_them_are_rejected(read):
    assert len(read(gzip.compress(GOOD) * 3 + b"\0" * 100).rows) == 6
    got = read(gzip.compress(GOOD) + b"junk")
    assert len(got.rows) == 2
    assert got.reasons == [("end of the file", "the bytes after the gzip stream are not gzip")]


def test_tiny_gzip_members_are_not_read_over_and_over():
    class Counting(io.BytesIO):
        taken = 0

        def read(self, size=-1):
            found = super().read(size)
            self.taken += len(found)
            return found

    file = Counting(gzip.compress(GOOD) + gzip.compress(b"") * 20_000 + gzip.compress(GOOD))
    stream = Gzip(file)
    assert b"".join(iter(stream.piece, b"")) == 2 * GOOD
    assert file.taken < 50 * len(file.getvalue())


def test_a_failing_disk_is_a_read_error_or_a_rejected_file(tmp_path, load, monkeypatch):
    """A network file system may fail after the file was opened: ESTALE, EIO."""
    (tmp_path / "a.jsonl").write_bytes(GOOD)
    (tmp_path / "bad.jsonl").write_bytes(GOOD * 10_000)
    whole = Plain.piece

    def piece(self):
        if self.position() > 80_000:
            raise OSError(errno.EIO, "Input/output error")
        return whole(self)[:80_000]

    monkeypatch.setattr(Plain, "piece", piece)
    with pytest.raises(ReadError) as caught:
        load(tmp_path / "bad.jsonl")
    text = f"{tmp_path}/bad.jsonl cannot be read: Input/output error"
    assert (
        str(caught.value) == f"{text}\nHint: check the disk, or the network if the file is on another machine"
    )
    monkeypatch.setattr(
        Plain,
        "piece",
        lambda self: piece(self) if "bad" in str(getattr(self._file, "name", "")) else whole(self),
    )
    got = load(tmp_path / "a.jsonl", tmp_path / "bad.jsonl")
    assert got.report.rejected[0].reason == "cannot be read: Input/output error"
    assert {"a": 1, "error": False} in got.rows


def test_invalid_utf8_deep_nesting_and_other_json_are_rejected(read):
    deep = b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    objects = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    got = read(GOOD + b'{"a":"\xff"}\n' + deep + b"\n" + objects + b"\n[1]\nnull\n" + GOOD)
    assert len(got.rows) == 4
    assert got.report.rejected_by_reason == {
        "not UTF-8": 1,
        "nested deeper than 64 levels": 2,
        "not a JSON object": 2,
    }
    assert got.reasons[0] == ("line 3, byte 16", "not UTF-8")


def test_deep_nesting_in_a_known_field_is_rejected(read):
    flat = b'{"a":["x"],"n":{"x":1}}\n'
    deep = b'{"a":' + b"[" * 500 + b"]" * 500 + b"}\n"
    got = read(flat * 20_000 + deep + flat)
    assert len(got.rows) == 20_001
    assert got.reasons == [(f"line 20001, byte {20_000 * len(flat)}", "nested deeper than 64 levels")]


def test_a_line_of_50_mb_is_rejected_and_one_of_10_mb_is_not(read):
    got = read(GOOD + b'{"a":"' + b"x" * 50_000_000 + b'"}\n{"a":"' + b"y" * 10_000_000 + b'"}\n' + GOOD)
    assert len(got.rows) == 5
    assert len(got.rows[2]["a"]) == 10_000_000
    assert got.reasons == [("line 3, byte 16", "a line of more than 16 MiB")]


def test_dates_in_1601_and_9999_are_read(read):
    got = read(b'{"time":"1601-01-01T00:00:00Z"}\n{"time":"9999-12-31T23:59:59Z"}\n{"time":"12026-01-01"}\n')
    assert [row["timestamp"].year for row in got.rows if "timestamp" in row] == [1601, 9999]
    assert got.report.untimed == 1
    assert got.rows[2]["time"] == "12026-01-01"


def test_a_field_named_like_sql_is_a_field(read):
    got = read(b'{"\\"; drop table events; --":1,"select":2}\n')
    assert got.rows == [{"error": False, '"; drop table events; --': 1, "select": 2}]


@pytest.mark.parametrize("shape", ["one per line", "all in one"])
def test_a_million_field_names_are_an_error(tmp_path, load, shape):
    path = tmp_path / "wide.jsonl"
    if shape == "one per line":
        path.write_text('{"a":1}\n' * 1000 + "".join(f'{{"f{i}":1}}\n' for i in range(1_000_000)))
    else:
        path.write_text("{" + ",".join(f'"f{i}":1' for i in range(1_000_000)) + "}\n")
    with pytest.raises(LimitExceeded) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path}: more than 20,000 distinct field names\n"
        "Hint: move ids from names into values: "
        '{"key": "user-17", "count": 3} instead of {"user-17": 3}'
    )


def test_a_gzip_bomb_is_never_held_in_memory(tmp_path):
    path = tmp_path / "bomb.jsonl"
    with gzip.open(path, "wb", 6) as file:
        file.write(b'{"a":1}\n{"a":"')
        for _ in range(600):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n{"a":2}\n')
    program = (
        "import sys, pathlib\n"
        "from obskit.readers import read_batches\n"
        "from obskit.schema import LoadReport\n"
        "report = LoadReport()\n"
        "rows = sum(b.num_rows for b in read_batches(pathlib.Path(sys.argv[1]), report))\n"
        "print(rows, report.rejected_by_reason)\n"
        "print([l.split()[1] for l in open('/proc/self/status') if l.startswith('VmHWM')][0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    printed, peak = done.stdout.splitlines()
    assert printed == "2 {'a line of more than 16 MiB': 1}"
    assert int(peak) < 300 * 1024  # KiB
