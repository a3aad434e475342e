"""Parquet and Arrow IPC: rows, truncated and damaged files."""

import gzip
import io
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit.errors import ReadError
from obskit.readers import read_batches
from obskit.readers.tables import arrow_parquet as columnar
from obskit.schema import LoadReport
from tests.support.loaded import load_files

TABLE = pa.table(
    {
        "time": pa.array([1_700_000_000_000_000_001, None], pa.timestamp("ns")),
        "http.status_code": pa.array([500, 200], pa.uint16()),
        "tags": pa.array([[("k", "v")], None], pa.map_(pa.string(), pa.string())),
        "nested": pa.array([{"x": 1}, {"x": None}]),
        "region": pa.array(["eu", "us"]).dictionary_encode(),
    }
)
ROWS = [
    {"error": True, "http.response.status_code": 500, "nested.x": 1, "region": "eu", "tags.k": "v"},
    {"error": False, "http.response.status_code": 200, "region": "us"},
]


def written(form: str) -> bytes:
    sink = pa.BufferOutputStream()
    if form == "parquet":
        pq.write_table(TABLE, sink)
    else:
        with (pa.ipc.new_file if form == "file" else pa.ipc.new_stream)(sink, TABLE.schema) as writer:
            writer.write_table(TABLE)
    return sink.getvalue().to_pybytes()


def test_large_rows_are_read_in_small_batches(tmp_path, monkeypatch):
    """A row may be a whole trace, or have a body of megabytes."""
    monkeypatch.setattr(columnar, "BYTES", 1_000_000)
    path = tmp_path / "large.parquet"
    pq.write_table(pa.table({"body": [random.randbytes(5_000).hex() for _ in range(500)]}), path)
    batches = list(read_batches(path, LoadReport()))
    assert sum(batch.num_rows for batch in batches) == 500
    assert max(batch.nbytes for batch in batches) < 1_100_000


@pytest.mark.parametrize("form", ["parquet", "file", "stream"])
@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, lambda data: pa.Codec("zstd").compress(data, asbytes=True)]
)
def test_the_name_and_the_compression_of_a_file_do_not_matter(read, form, pack):
    got = read(pack(written(form)), name="misleading.json")
    assert got.rows[0].pop("timestamp").isoformat() == "2023-11-14T22:13:20+00:00"
    assert got.rows == ROWS
    assert got.report.rejected_count == 0


def test_a_truncated_arrow_file_gives_its_whole_batches(read):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, pa.schema([("a", pa.int64())])) as writer:
        for start in range(0, 3000, 1000):
            writer.write_batch(pa.record_batch({"a": list(range(start, start + 1000))}))
    data = sink.getvalue().to_pybytes()
    got = read(data[: data.rfind(b"ARROW1") // 2])
    assert len(got.rows) == 1000
    assert got.reasons == [("batch 1", "an Arrow batch that cannot be read; the rest of the file is skipped")]


def test_parquet_without_a_footer_is_an_error(read, tmp_path):
    with pytest.raises(ReadError) as caught:
        read(written("parquet")[:-10], name="a.parquet")
    assert str(caught.value).startswith(f"{tmp_path}/a.parquet has a Parquet footer that cannot be read: ")
    assert caught.value.hint == "the file may be truncated; write it again"


def test_only_a_broken_row_group_is_rejected(read):
    sink = pa.BufferOutputStream()
    table = pa.table({"a": pa.array(range(3000)), "s": [f"value {i}" for i in range(3000)]})
    pq.write_table(table, sink, row_group_size=1000, compression="zstd", use_dictionary=False)
    data = bytearray(sink.getvalue().to_pybytes())
    chunk = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata.row_group(1).column(1)
    start = chunk.data_page_offset
    data[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    got = read(bytes(data))
    assert [row["a"] for row in got.rows] == [*range(1000), *range(2000, 3000)]
    assert got.reasons == [("row group 1, after row 0", "a Parquet row group that cannot be read")]


def test_large_batches_are_split(tmp_path, load, monkeypatch):
    monkeypatch.setattr(columnar, "ROWS", 10)
    path = tmp_path / "a.arrows"
    with pa.ipc.new_stream(path, pa.schema([("a", pa.int64())])) as writer:
        writer.write_batch(pa.record_batch({"a": list(range(25))}))
    assert [row["a"] for row in load(path).rows] == list(range(25))


def test_parquet_text_that_is_not_utf8_is_rejected(read):
    bad = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\x01\0\0\0"), pa.py_buffer(b"\xff")]
    )
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"s": bad}), sink)
    got = read(sink.getvalue().to_pybytes())
    assert got.rows == []
    assert got.report.rejected_count == 1


def test_a_row_group_with_fewer_rows_than_its_footer_says(tmp_path, monkeypatch):
    """The footer of one file before the pages of another: 3 rows are promised, 2 are there."""
    path = tmp_path / "short.parquet"
    options = {
        "compression": "none",
        "use_dictionary": False,
        "write_statistics": False,
        "store_schema": False,
    }
    pq.write_table(pa.table({"n": pa.array([7, 8], pa.int64())}), path, **options)
    data = path.read_bytes()
    size = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - size : -8]
    # Thrift's compact protocol: num_rows is field 3 of the file (i64, 2 as a zigzag is 4), and of the row group.
    assert footer.count(b"\x16\x04") >= 2
    path.write_bytes(data[: -8 - size] + footer.replace(b"\x16\x04", b"\x16\x06") + data[-8:])
    report = LoadReport()
    assert pq.read_metadata(path).row_group(0).num_rows == 3
    assert sum(batch.num_rows for batch in read_batches(path, report)) == 2
    assert [str(one) for one in report.rejected] == [
        f"{path}, row group 0, after row 2: a Parquet row group with fewer rows than the footer says"
    ]


@pytest.mark.parametrize(("first", "last"), [(1, 400), (400, 1), (5, 5)])
def test_parquet_files_end_to_end_are_an_error_that_says_where_the_second_begins(tmp_path, first, last):
    parts = []
    for rows in (first, last):
        sink = io.BytesIO()
        pq.write_table(pa.table({"timestamp": ["2026-05-04T10:00:00Z"] * rows, "n": list(range(rows))}), sink)
        parts.append(sink.getvalue())
    path = tmp_path / "joined.parquet"
    path.write_bytes(b"".join(parts))
    with pytest.raises(ReadError) as caught:
        load_files(path)
    assert str(caught.value) == (
        f"{path} is several Parquet files end to end: another one begins at byte {len(parts[0])}\n"
        "Hint: load the files as they were before they were joined, in a folder"
    )


@pytest.mark.parametrize("index", [False, True])
def test_parquet_with_page_indexes_is_one_file(tmp_path, index):
    table = pa.table({"timestamp": ["2026-05-04T10:00:00Z"] * 90, "name": ["PAR1PAR1"] * 90})
    pq.write_table(table, tmp_path / "a.parquet", write_page_index=index, row_group_size=20, compression=None)
    assert len(load_files(tmp_path / "a.parquet").rows) == 90


@pytest.mark.parametrize("form", ["file", "stream"])
def test_a_second_arrow_file_after_the_first_is_counted(tmp_path, form):
    table = pa.table({"timestamp": ["2026-05-04T10:00:00Z"] * 6})
    sink = io.BytesIO()
    make = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
    with make(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=3)
    path = tmp_path / "joined.arrow"
    path.write_bytes(sink.getvalue() * 2)
    loaded = load_files(path)
    assert len(loaded.rows) == 6
    assert loaded.reasons == [
        ("after batch 1", "another Arrow file begins after the end of the first: it is not read")
    ]
    path.write_bytes(sink.getvalue() + bytes(64))
    assert load_files(path).reasons == []
