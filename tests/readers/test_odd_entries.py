"""Folders hold odd things: whatever stands in one costs itself, and says so; named directly, it is a clear error."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit.errors import NoSuchPath, ReadError
from obskit.events import load
from obskit.readers import Source, expand, read_batches
from obskit.schema import LoadReport

LINE = '{"timestamp": "2026-05-04T10:00:00Z", "name": "book"}\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text(LINE)
    return tmp_path / "in"


def rejected(folder):
    report = load(folder).load_report
    assert report.rows_read == 1
    return [str(one) for one in report.rejected], report.notes


def test_a_link_to_itself(folder):
    (folder / "self.jsonl").symlink_to("self.jsonl")
    assert rejected(folder) == (
        [f"{folder}/self.jsonl, link to self.jsonl: a link that leads back to itself"],
        [],
    )
    assert rejected(folder / "*.jsonl") == rejected(folder)
    with pytest.raises(ReadError) as caught:
        load(folder / "self.jsonl")
    assert str(caught.value) == (
        f"{folder}/self.jsonl cannot be read: it is a link that leads back to itself\n"
        "Hint: point the link at a file or a folder, or remove it"
    )


def test_only_a_link_to_itself(tmp_path):
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "self").symlink_to("self")
    with pytest.raises(ReadError) as caught:
        load(tmp_path / "only")
    assert str(caught.value) == (
        f"the folder {tmp_path}/only has no file that can be read: {tmp_path}/only/self: a link that leads back "
        "to itself (link to self)\nHint: point the link at a file or a folder, or remove it"
    )


def test_links_in_a_circle_and_links_to_nothing(folder):
    (folder / "x").symlink_to("y")
    (folder / "y").symlink_to("x")
    (folder / "gone.jsonl").symlink_to("nowhere")
    (folder / "sub").mkdir()
    (folder / "sub" / "up").symlink_to("..")
    assert rejected(folder)[0] == [
        f"{folder}/gone.jsonl, link to nowhere: a link that leads nowhere",
        f"{folder}/x, link to y: a link that leads back to itself",
        f"{folder}/y, link to x: a link that leads back to itself",
    ]


def test_links_out_of_the_folder_are_followed_once(tmp_path, folder):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.jsonl").write_text(LINE)
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "again.jsonl").symlink_to(tmp_path / "outside" / "b.jsonl")
    assert [path.name for path in expand(folder)] == ["a.jsonl", "again.jsonl"]


def test_pipes_sockets_and_devices(folder, monkeypatch):
    os.mkfifo(folder / "pipe.jsonl")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("sock")
        assert rejected(folder) == (
            [],
            [
                "skipped what is neither a file nor a folder: "
                f"{folder}/pipe.jsonl (a named pipe, not a file), {folder}/sock (a socket, not a file)"
            ],
        )
        with pytest.raises(ReadError, match=r"sock cannot be read: it is a socket, not a file"):
            load(folder / "sock")
    with pytest.raises(ReadError) as caught:
        load("/dev/zero")
    assert str(caught.value) == (
        "/dev/zero cannot be read: it is a device, not a file\nHint: name a file, or a folder of files"
    )


def test_a_file_that_became_a_pipe_does_not_wait_for_a_writer(folder):
    os.mkfifo(folder / "late")
    with pytest.raises(ReadError, match="it is a named pipe, not a file"):
        Source(folder / "late")


def test_a_folder_that_cannot_be_listed(folder, monkeypatch):
    (folder / "closed").mkdir()
    listed = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert rejected(folder)[0] == [f"{folder}/closed: cannot be opened: Permission denied"]


def test_names_with_newlines_and_bytes_that_are_not_text(folder):
    (folder / "two\nlines.jsonl").write_text("not JSON\n" + LINE)
    with open(os.fsencode(folder) + b"/\xff.jsonl", "w") as file:
        file.write("not JSON\n")
    report = load(folder).load_report
    assert report.rows_read == 2
    assert "two\\nlines.jsonl" in str(report)
    assert "\\udcff.jsonl" in str(report)
    str(report).encode()


def test_a_null_character_does_not_exist():
    with pytest.raises(NoSuchPath):
        load("a\0b")


def test_a_name_that_is_not_utf_8_is_read_in_every_kind_of_file(tmp_path):
    name = os.fsdecode(os.fsencode(tmp_path) + b"/events\xff")
    line = '{"timestamp": "2026-05-04T10:00:00Z", "name": "book"}\n'
    table = pa.table({"timestamp": ["2026-05-04T10:00:00Z"], "name": ["book"]})
    pq.write_table(table, tmp_path / "plain")
    os.rename(tmp_path / "plain", f"{name}.parquet")
    with pa.OSFile(os.fsencode(f"{name}.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    for codec, suffix in (("zstd", "zst"), ("gzip", "gz"), ("bz2", "bz2")):
        with pa.CompressedOutputStream(pa.OSFile(os.fsencode(f"{name}.jsonl.{suffix}"), "wb"), codec) as out:
            out.write(line.encode())
    with open(f"{name}.jsonl", "w") as file:
        file.write(line)
    with open(f"{name}.csv", "w") as file:
        file.write("timestamp,name\n2026-05-04T10:00:00Z,book\n")
    report = LoadReport()
    files = sorted(os.path.join(tmp_path, name) for name in os.listdir(tmp_path))
    assert sum(batch.num_rows for path in files for batch in read_batches(Path(path), report)) == 7
    assert report.rejected_count == 0
