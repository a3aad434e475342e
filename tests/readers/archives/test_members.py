"""Archives are read member by member: names in the report, limits, and what an archive cannot do."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.errors import ReadError
from obskit.readers.archives import members
from obskit.readers.io.source import Source
from obskit.readers.registry import REGISTRY
from tests.support.archives import lines, packed, tar
from tests.support.examples import examples
from tests.support.loaded import load_files

PACKS = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: pa.Codec("zstd").compress(data, asbytes=True),
}


# A folder of an incident with rotated logs, as support tools pack it.
@pytest.mark.parametrize("pack", PACKS)
def test_each_member_is_read_by_its_own_format(read, pack):
    data = tar(
        {
            "logs/app.log": lines(3),
            "logs/app.log.1.gz": gzip.compress(lines(2)),
            "logs/table.csv": b"time,name\n2026-05-04T10:00:00Z,a\n2026-05-04T10:00:01Z,b\n",
        }
    )
    got = read(PACKS[pack](data), name="incident.tar")
    assert len(got.rows) == 7
    assert got.report.rejected_count == 0
    assert got.report.notes == []


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_in_every_format_of_tar(read, tmp_path, format):
    name = "é" * 40 if format == tarfile.USTAR_FORMAT else f"{'d' * 90}/{'é' * 90}"
    got = read(tar({name: lines(1) + b"oops\n"}, format), name="a.tar")
    assert len(got.rows) == 1
    assert [r.file for r in got.report.rejected] == [f"{tmp_path}/a.tar!{name}"]
    assert got.reasons == [("line 2, byte 74", "not JSON")]


@pytest.mark.parametrize("make", [tar, packed], ids=["tar", "zip"])
def test_a_member_that_cannot_be_read_is_one_rejection(read, tmp_path, make):
    got = read(
        make({"a.log": lines(2), "b.log": b"no events\n", "c/graph.png": b"\x89PNG\r\n", "d": b""}), name="x"
    )
    assert len(got.rows) == 2
    assert [(r.file, r.position, r.reason) for r in got.report.rejected] == [
        (f"{tmp_path}/x!b.log", "", "cannot be read as events: it looks like plain text")
    ]
    assert got.report.notes == ["skipped 2 files that hold no events: x!c/graph.png, x!d (empty)"]


@pytest.mark.parametrize("make", [tar, packed], ids=["tar", "zip"])
def test_one_level_of_archives_within_archives(read, tmp_path, make):
    inner = packed({"inner.log": lines(2)})
    assert len(read(make({"logs.zip": inner}), name="x").rows) == 2
    got = read(
        make({"a.log": lines(1), "b.tar.gz": gzip.compress(tar({"c.zip": inner, "d.log": lines(3)}))}),
        name="y",
    )
    assert len(got.rows) == 4
    assert [(r.file, r.reason) for r in got.report.rejected] == [
        (f"{tmp_path}/y!b.tar.gz!c.zip", "is an archive within an archive within an archive")
    ]


def test_names_lead_nowhere(read, tmp_path):
    """Absolute names, `..`, links and devices: nothing is written, and links are not followed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in (("link", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("null", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        for name in ("/tmp/obskit-outside.log", "../outside.log", "a/../../outside.log", "bad\x1b[31m.log"):
            data = lines(1)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    got = read(out.getvalue(), name="x.tar")
    assert len(got.rows) == 4
    assert got.report.notes == [f"skipped 3 entries of {tmp_path}/x.tar that are not files, such as links"]
    assert sorted(os.listdir(tmp_path)) == ["x.tar"]
    assert not Path("/tmp/obskit-outside.log").exists()
    assert not (tmp_path.parent / "outside.log").exists()


def test_the_temporary_file_is_gone_afterwards(read, tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    assert len(read(tar({"a.log": lines(5), "b.parquet": b"PAR1broken"}), name="x.tar").rows) == 5
    assert os.listdir(tmp_path / "tmp") == []


def test_a_member_knows_when_it_was_modified(tmp_path, monkeypatch):
    seen = []
    (tmp_path / "x.tar").write_bytes(tar({"a.log": lines(1)}))
    (tmp_path / "x.zip").write_bytes(packed({"a.log": lines(1)}))
    choose = REGISTRY.choose
    monkeypatch.setattr(
        REGISTRY, "choose", lambda source, *rest: seen.append(source) or choose(source, *rest)
    )
    load_files(tmp_path / "x.tar")
    load_files(tmp_path / "x.zip")
    assert [(str(source.path), source.modified) for source in seen] == [
        (f"{tmp_path}/x.tar!a.log", 1_777_888_800.0),
        (f"{tmp_path}/x.zip!a.log", 1_777_888_800.0),
    ]
    assert Source(tmp_path / "x.tar").modified == (tmp_path / "x.tar").stat().st_mtime


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ("MEMBERS", 2, "more than 2 members; the rest is not read"),
        ("TOTAL", 100, "more than 0 GiB when unpacked; the rest is not read"),
    ],
)
def test_limits_keep_what_was_read_before(read, tmp_path, monkeypatch, limit, value, reason):
    monkeypatch.setattr(members, limit, value)
    got = read(tar({f"{n}.log": lines(1) for n in range(4)}), name="x.tar")
    assert len(got.rows) == (2 if limit == "MEMBERS" else 1)
    assert (f"{tmp_path}/x.tar", reason) in [(r.file, r.reason) for r in got.report.rejected]


@pytest.mark.parametrize("make", [lambda m: gzip.compress(tar(m)), packed], ids=["tar.gz", "zip"])
def test_a_bomb_is_cut_off(read, tmp_path, monkeypatch, make):
    monkeypatch.setattr(members, "RATIO_FROM", 1024 * 1024)
    data = make({"a.log": lines(2), "zeros.log": b"\n" * 30_000_000, "c.log": lines(2)})
    got = read(data, name="x")
    assert len(got.rows) == 2
    assert (f"{tmp_path}/x", "more than 500 times larger when unpacked; the rest is not read") in [
        (r.file, r.reason) for r in got.report.rejected
    ]


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (
            tar({"a.txt": b"no events\n"}),
            "has no member that can be read; the first: {path}!a.txt cannot be read as events: it looks like plain"
            " text: line 1 is neither JSON, nor a header of CSV, nor a log line of a known layout: 'no events'",
            "if these are access logs, give their layout: --log-format '%h %l %u %t \"%r\" %>s %b'",
        ),
        (packed({}) or b"", "", ""),
        (packed({"folder/": b""}), "is an archive without a file", "name an archive that holds events"),
    ],
    ids=["nothing readable", "empty", "folder"],
)
def test_an_archive_without_events_is_an_error(read, tmp_path, data, message, hint):
    with pytest.raises(ReadError) as caught:
        read(data, name="x")
    if message:
        said = message.replace("{path}", f"{tmp_path}/x")
        assert str(caught.value) == f"{tmp_path}/x {said}\nHint: {hint}"


def test_in_a_folder_an_archive_is_read_next_to_other_files(tmp_path, load):
    (tmp_path / "a.log").write_bytes(lines(2))
    (tmp_path / "b.zip").write_bytes(packed({"b.log": lines(3)}))
    (tmp_path / "c.tar").write_bytes(tar({"c.txt": b"no events\n"}))
    got = load(*sorted(tmp_path.iterdir()))
    assert len(got.rows) == 5
    assert [(r.file, r.reason) for r in got.report.rejected] == [
        (f"{tmp_path}/c.tar!c.txt", "cannot be read as events: it looks like plain text"),
        (f"{tmp_path}/c.tar", "an archive of which no member can be read"),
    ]


@settings(max_examples=examples(60), deadline=None)
@given(st.data())
def test_torn_and_mutated_archives_never_invent_rows(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("torn")
    make = data.draw(st.sampled_from([tar, packed, lambda m: gzip.compress(tar(m))]))
    whole = bytearray(make({"a.log": lines(3), "b.log": lines(4), "c.log": lines(5)}))
    cut = data.draw(st.integers(1, len(whole)))
    for _ in range(data.draw(st.integers(0, 2))):
        whole[data.draw(st.integers(0, cut - 1))] = data.draw(st.integers(0, 255))
    (folder / "x").write_bytes(whole[:cut])
    try:
        got = load_files(folder / "x")
    except ReadError:
        return
    assert len(got.rows) <= 12
    assert len(got.rows) == 12 or got.report.rejected_count or got.report.notes
