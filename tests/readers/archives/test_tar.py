"""tar: where an archive breaks is said, and what came before is kept."""

import io
import tarfile

import pytest

from obskit.errors import ReadError
from obskit.readers.archives.tar import TarEntries, is_tar
from tests.support.archives import lines, tar

TWO = {"a.log": lines(3), "b.log": lines(4)}


class Bytes:
    """A stream of bytes in memory."""

    def __init__(self, data):
        self.damage = None
        self._file = io.BytesIO(data)

    def piece(self):
        return self._file.read(700)

    def position(self):
        return self._file.tell()


def test_text_is_not_tar():
    assert not is_tar(lines(50))
    assert not is_tar(bytes(1024))
    assert is_tar(tar(TWO))


def test_the_entries_are_those_of_the_standard_library():
    for format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        data = tar({**TWO, "x" * 200 if format != tarfile.USTAR_FORMAT else "x": b"1"}, format)
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            wanted = [(info.name, archive.extractfile(info).read()) for info in archive]
        entries = TarEntries(Bytes(data))
        assert [(entry.name, b"".join(entry.pieces())) for entry in entries] == wanted
        assert entries.damage is None


def test_entries_need_not_be_read():
    entries = TarEntries(Bytes(tar(TWO)))
    assert [(entry.name, entry.modified) for entry in entries] == [
        ("a.log", 1_777_888_800.0),
        ("b.log", 1_777_888_800.0),
    ]


@pytest.mark.parametrize(
    ("cut", "rows", "reasons"),
    [
        (512, 0, [("end of the file", "the tar archive is cut off")]),
        (
            700,
            2,
            [
                ("line 3, byte 148", "torn: the file ends within the line"),
                ("end of the file", "the tar archive is cut off"),
            ],
        ),
        (1024, 3, [("end of the file", "the tar archive is cut off")]),
        (1300, 3, [("end of the file", "the tar archive is cut off")]),
    ],
)
def test_a_torn_archive_keeps_what_came_before(read, tmp_path, cut, rows, reasons):
    data = tar(TWO)[:cut]
    if not rows:
        with pytest.raises(ReadError) as caught:
            read(data, name="x.tar")
        assert str(caught.value) == (
            f"{tmp_path}/x.tar is an archive without a file: the tar archive is cut off\n"
            "Hint: copy or download it again"
        )
        return
    got = read(data, name="x.tar")
    assert len(got.rows) == rows
    for reason in reasons:
        assert reason in got.reasons


def test_a_damaged_header_is_said_with_its_place(read, tmp_path):
    data = bytearray(tar(TWO))
    data[1024 + 150] = ord("x")  # the checksum of the second header
    got = read(bytes(data), name="x.tar")
    assert len(got.rows) == 3
    assert got.reasons == [
        ("end of the file", "a damaged tar header at byte 1,024; the rest of the archive is not read")
    ]


def test_a_sparse_file_is_named(read):
    data = bytearray(tar({"s": b"", **TWO}))
    header = tarfile.TarInfo("s")
    header.type = tarfile.GNUTYPE_SPARSE
    data[:512] = header.tobuf(tarfile.GNU_FORMAT)
    got = read(bytes(data), name="x.tar")
    assert len(got.rows) == 7
    assert got.reasons == [("", "is a sparse file of tar, which is not supported")]


def test_sizes_of_pax_headers_count(read):
    data = tar({"a.log": lines(1)}, tarfile.PAX_FORMAT)
    info = tarfile.TarInfo("b.log")
    info.size, info.pax_headers = len(lines(2)), {"size": str(len(lines(2))), "path": "renamed.log"}
    body = info.tobuf(tarfile.PAX_FORMAT) + lines(2).ljust(512, b"\0")
    got = read(data[:1024] + body + bytes(1024), name="x.tar")
    assert len(got.rows) == 3


@pytest.mark.parametrize("mtime", ["nan", "inf", "1e300", "-5", "9" * 5_000, "soon"])
def test_a_time_of_change_that_is_no_time_is_unknown(read, mtime):
    info = tarfile.TarInfo("syslog.log")
    data = b"<34>May  4 10:00:00 web-1 nginx[12]: up\n" * 3
    info.size, info.pax_headers = len(data), {"mtime": mtime}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(data))
    assert len(read(out.getvalue(), name="logs.tar").rows) == 3


def test_a_size_of_thousands_of_digits_is_damage(read):
    info = tarfile.TarInfo("app.log")
    info.size, info.pax_headers = len(lines(2)), {"size": "9" * 5_000}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(lines(2)))
    with pytest.raises(ReadError, match=r"a damaged size of 'app\.log'"):
        read(out.getvalue(), name="logs.tar")
