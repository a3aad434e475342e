"""bzip2, and the Collector's files of messages that are compressed one by one."""

import bz2
import gc
import os
import random
import subprocess
import sys
import tracemalloc

import pyarrow as pa
import pytest

from obskit.errors import ReadError
from obskit.readers import read_batches
from obskit.readers.io.compression import MESSAGE_LIMIT
from obskit.readers.io.source import Source
from obskit.schema import LoadReport
from tests.support import otlp_requests as made

GOOD = b'{"a":1}\n{"a":2}\n'


def zstd(data):
    return pa.Codec("zstd").compress(data, asbytes=True)


def test_concatenated_bzip2_streams_and_junk_after_them(read):
    assert len(read(bz2.compress(GOOD) * 3).rows) == 6
    got = read(bz2.compress(GOOD) + b"junk")
    assert len(got.rows) == 2
    assert got.reasons == [("end of the file", "the bytes after the bzip2 stream are not bzip2")]


def test_torn_or_corrupt_bzip2_yields_the_rows_before(read):
    chance = random.Random(1)
    lines = b"".join(b'{"a":%d,"s":"%x"}\n' % (i, chance.getrandbits(256)) for i in range(40_000))
    data = bytearray(bz2.compress(lines))
    got = read(bytes(data[: len(data) * 3 // 4]))
    assert 10_000 < len(got.rows) < 40_000
    assert got.report.rejected_by_reason == {"the bzip2 stream is cut off": 1}
    data[len(data) * 3 // 4] ^= 0xFF
    got = read(bytes(data))
    assert 10_000 < len(got.rows) < 40_000
    assert got.report.rejected_by_reason == {"the bzip2 stream is corrupt": 1}


def test_text_that_begins_like_bzip2(tmp_path):
    (tmp_path / "text").write_bytes(b"BZh is how bzip2 files begin")
    assert Source(tmp_path / "text").compression is None


REQUESTS = [made.request(*(made.span(10 * m + n) for n in range(10))) for m in range(6)]


@pytest.mark.parametrize("form", ["json", "protobuf"])
@pytest.mark.parametrize("way", ["one stream", "frames", "messages"])
def test_the_collectors_zstd_in_both_forms(read, form, way):
    if way == "messages":
        messages = [made.lines(r).rstrip(b"\n") if form == "json" else made.protobuf(r) for r in REQUESTS]
        data = made.fixed(*map(zstd, messages))
    else:
        parts = [made.lines(r) if form == "json" else made.fixed(made.protobuf(r)) for r in REQUESTS]
        data = zstd(b"".join(parts)) if way == "one stream" else b"".join(map(zstd, parts))
    got = read(data)
    assert [row["n"] for row in got.rows] == list(range(60))
    assert got.report.rejected_count == 0


def test_a_torn_or_corrupt_message_or_one_with_a_wrong_length_is_skipped(read):
    packed = [zstd(made.lines(r)) for r in REQUESTS]
    ends = [len(made.fixed(*packed[:n])) for n in range(7)]
    corrupt = packed[2][:20] + bytes(40) + packed[2][60:]
    got = read(made.fixed(*packed[:2], corrupt, *packed[3:]))
    assert [row["n"] for row in got.rows] == [*range(20), *range(30, 60)]
    assert got.reasons == [("end of the file", f"a corrupt zstd message at byte {ends[2]}")]
    got = read(made.fixed(*packed)[:-3])
    assert [row["n"] for row in got.rows] == list(range(50))
    assert got.reasons == [("end of the file", f"an incomplete zstd message at byte {ends[5]}")]
    lie = made.fixed(*packed[:2]) + b"\x7f\xff\xff\xff" + packed[2] + made.fixed(*packed[3:])
    got = read(lie)
    assert [row["n"] for row in got.rows] == [*range(20), *range(30, 60)]
    assert got.reasons == [("end of the file", f"an incomplete zstd message at byte {ends[2]}")]
    got = read(made.fixed(*packed[:2]) + b"\0\0\0\0" + packed[2] + made.fixed(*packed[3:]))
    assert [row["n"] for row in got.rows] == [*range(20), *range(30, 60)]
    assert got.reasons == [("end of the file", f"bytes that are not a zstd message at byte {ends[2]}")]
    got = read(made.fixed(*packed[:2]) + b"garbage that is none of it" + made.fixed(*packed[3:]))
    assert [row["n"] for row in got.rows] == [*range(20), *range(30, 60)]


def test_a_failed_decompression_leaks_no_memory(tmp_path):
    # Found by fuzzing: when Arrow's `read` fails, it leaks the memory that it allocated for the result.
    bad = zstd(made.lines(REQUESTS[0]))[:20] + bytes(40)
    (tmp_path / "messages").write_bytes(made.fixed(zstd(made.lines(REQUESTS[1])), *[bad] * 4))
    (tmp_path / "stream").write_bytes(zstd(made.lines(REQUESTS[1])) + bad)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for name in ("messages", "stream"):
            assert sum(batch.num_rows for batch in read_batches(tmp_path / name, LoadReport())) == 10
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 4 * 1024**2
    finally:
        tracemalloc.stop()


def test_a_bomb_in_a_message_is_never_held_in_memory(tmp_path):
    path = tmp_path / "bomb.zst"
    bomb = b'{"resourceSpans":"' + b"x" * (4 * MESSAGE_LIMIT) + b'"}'
    path.write_bytes(made.fixed(zstd(made.lines(REQUESTS[0])), zstd(bomb), zstd(made.lines(REQUESTS[1]))))
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
        [sys.executable, "-c", program, os.fspath(path)], capture_output=True, text=True, check=True
    )
    counts, peak = done.stdout.splitlines()
    at = len(made.fixed(zstd(made.lines(REQUESTS[0]))))
    assert counts == f"20 {{'a zstd message of more than 64 MiB at byte {at}': 1}}"
    assert int(peak) < 400 * 1024  # KiB


@pytest.mark.parametrize("length", range(4))
def test_a_message_shorter_than_its_magic_number(read, tmp_path, length):
    with pytest.raises(ReadError) as caught:
        read(length.to_bytes(4, "big") + b"\x28\xb5\x2f\xfd" + bytes(20), name="short.zst")
    assert str(caught.value).startswith(
        f"{tmp_path}/short.zst has no readable content: bytes that are not a zstd message at byte 0"
    )
