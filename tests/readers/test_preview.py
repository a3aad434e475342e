"""A preview takes whole lines from all over a file, each at most once, compressed or not."""

import gzip
import json
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.readers import PreviewReader
from obskit.readers.preview import Plan, SampledStream

ROWS = 60_000


def numbers(*paths, rows=1_000):
    preview = PreviewReader(list(paths), rows=rows, seconds=30)
    return [n for batch in preview.batches() for n in batch.column("n").to_pylist()], preview


def test_an_access_log_is_sampled_all_over(tmp_path):
    path = tmp_path / "access.log"
    line = '192.0.2.7 - - [04/May/2026:10:00:01 +0200] "GET /{n} HTTP/1.1" 200 5 "-" "curl"\n'
    path.write_text("".join(line.replace("{n}", str(n)) for n in range(ROWS)))
    preview = PreviewReader([path], rows=1_000, seconds=30)
    seen = [int(p[1:]) for batch in preview.batches() for p in batch.column("url.path").to_pylist()]
    assert 900 <= len(seen) <= 1_000
    assert len({n * 10 // ROWS for n in seen}) == 10


def lines(count=ROWS):
    text = "".join(json.dumps({"n": n, "pad": f"{n * 7919 % 104729:x}" * 8}) + "\n" for n in range(count))
    return text.encode()


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz", "jsonl.zst", "csv"])
def test_rows_are_spread_over_the_file(tmp_path, suffix):
    path = tmp_path / f"events.{suffix}"
    if suffix == "csv":
        path.write_text("n,pad\n" + "".join(f"{n},{'x' * 30}\n" for n in range(ROWS)))
    elif suffix.endswith("gz"):
        path.write_bytes(gzip.compress(lines(), 1))
    elif suffix.endswith("zst"):
        with pa.CompressedOutputStream(str(path), "zstd") as out:
            out.write(lines())
    else:
        path.write_bytes(lines())
    found, preview = numbers(path)
    assert 500 <= len(found) <= 1_000
    assert found == sorted(set(found))
    assert found[0] == 0
    # compressed bytes are read 256 KiB at a time, so these few places are far apart
    assert found[-1] > ROWS / 2
    assert (preview.files, preview.of) == (1, 1)


def test_a_short_file_is_read_completely(tmp_path):
    path = tmp_path / "few.jsonl"
    path.write_bytes(lines(count=50))
    assert numbers(path)[0] == list(range(50))


def test_larger_files_yield_more_rows_and_broken_ones_none(tmp_path):
    large, small, broken = (tmp_path / name for name in ("large.jsonl", "small.jsonl", "z.jsonl"))
    large.write_bytes(lines())
    small.write_text("".join(json.dumps({"n": -1, "pad": "x" * 60}) + "\n" for _ in range(ROWS // 10)))
    broken.write_text("no events\n" * 10)
    found, preview = numbers(large, small, broken)
    assert 0.05 < found.count(-1) / len(found) < 0.2
    assert (preview.files, preview.of) == (2, 3)


def test_other_formats_yield_their_first_rows(tmp_path):
    path = tmp_path / "events.parquet"
    pq.write_table(pa.table({"n": list(range(5_000))}), path)
    assert numbers(path)[0] == list(range(1_000))


class Pieces:
    """A stream in pieces of a given size."""

    damage = None

    def __init__(self, data, size):
        self.data, self.size, self.at = data, size, 0

    def piece(self):
        out = self.data[self.at : self.at + self.size]
        self.at += len(out)
        return out

    def position(self):
        return self.at


@given(
    st.lists(st.binary(max_size=6).map(lambda b: b.replace(b"\n", b"-")), max_size=30),
    st.booleans(),
    st.integers(1, 40),
    st.integers(1, 5),
    st.integers(1, 10),
)
def test_lines_are_whole_and_in_order(texts, ended, size, taken, marks):
    numbered = [b"%d:" % n + text for n, text in enumerate(texts)]
    data = b"\n".join(numbered) + (b"\n" if ended and texts else b"")
    plan = Plan(taken, 1 / marks, 1.0, time.monotonic() + 60)
    stream, out = SampledStream(Pieces(data, size), len(data), plan), b""
    while piece := stream.piece():
        out += piece
    got = [line for line in out.split(b"\n") if line]
    assert [line for line in numbered if line in set(got)] == got
    assert got[:taken] == numbered[:taken]


def test_it_stops_at_the_deadline(tmp_path):
    data = lines()
    stream, out = (
        SampledStream(Pieces(data, 1_000), len(data), Plan(10, 0.01, 1.0, time.monotonic() - 1)),
        b"",
    )
    while piece := stream.piece():
        out += piece
    assert out.count(b"\n") == 10
    assert stream.damage is None
