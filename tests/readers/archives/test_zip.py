"""ZIP: by its list of members, or without it; encrypted and office files are named."""

import io
import struct
import zipfile

import pytest

from obskit.errors import ReadError
from obskit.readers.archives import zip as zip_module
from obskit.readers.archives.zip import ZipEntries
from obskit.readers.io.source import Source
from tests.support.archives import lines, packed

TWO = {"a.log": lines(3), "b.log": lines(400)}


def encrypted(data, name):
    """Set the flag of encryption of a member, in its header and in the list."""
    out = bytearray(data)
    at = out.find(b"PK\x03\x04")
    while at >= 0:
        size = struct.unpack_from("<H", out, at + 26)[0]
        if out[at + 30 : at + 30 + size] == name.encode():
            out[at + 6] |= 1
        at = out.find(b"PK\x03\x04", at + 4)
    at = out.find(b"PK\x01\x02")
    while at >= 0:
        size = struct.unpack_from("<H", out, at + 28)[0]
        if out[at + 46 : at + 46 + size] == name.encode():
            out[at + 8] |= 1
        at = out.find(b"PK\x01\x02", at + 4)
    return bytes(out)


def streamed(members):
    """An archive that was written to a pipe: sizes come after each member."""

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return pipe.data


def test_an_encrypted_archive_is_refused_by_name(read, tmp_path):
    with pytest.raises(ReadError) as caught:
        read(encrypted(packed({"a.log": lines(3)}), "a.log"), name="x.zip")
    assert str(caught.value) == (
        f"{tmp_path}/x.zip is an encrypted ZIP archive\n"
        "Hint: unpack it with its password (unzip, or 7z x), and load the folder"
    )


def test_an_encrypted_member_is_one_rejection(read, tmp_path):
    got = read(encrypted(packed(TWO), "a.log"), name="x.zip")
    assert len(got.rows) == 400
    assert [(r.file, r.reason) for r in got.report.rejected] == [(f"{tmp_path}/x.zip!a.log", "is encrypted")]


@pytest.mark.parametrize("make", [packed, lambda m: packed(m, zipfile.ZIP_STORED), streamed])
def test_without_its_list_the_members_are_found(tmp_path, make):
    data = make(TWO)
    (tmp_path / "x.zip").write_bytes(data[: data.rindex(b"PK\x01\x02", 0, data.rindex(b"PK\x01\x02"))])
    entries = ZipEntries(Source(tmp_path / "x.zip"))
    assert [(entry.name, b"".join(entry.pieces())) for entry in entries] == list(TWO.items())
    assert entries.damage == "the ZIP archive is cut off"


@pytest.mark.parametrize("make", [packed, streamed])
def test_a_torn_archive_keeps_what_came_before(read, tmp_path, make):
    data = make(TWO)
    cut = data.index(b"b.log") + 200
    got = read(data[:cut], name="x.zip")
    assert 3 < len(got.rows) < 403
    assert (
        got.report.rejected_by_reason["the ZIP archive is cut off"] == 2
    )  # of the member, and of the archive


def test_damaged_bytes_cost_their_member(read, tmp_path):
    data = bytearray(packed(TWO))
    at = data.index(b"b.log") + 100
    data[at : at + 20] = bytes(20)
    got = read(bytes(data), name="x.zip")
    assert len(got.rows) >= 3
    assert (f"{tmp_path}/x.zip!b.log", "damaged bytes in the ZIP archive") in [
        (r.file, r.reason) for r in got.report.rejected
    ]


def test_a_list_that_is_too_long_is_not_read(read, tmp_path, monkeypatch):
    monkeypatch.setattr(zip_module, "LIST_LIMIT", 10)
    with pytest.raises(ReadError) as caught:
        read(packed(TWO), name="x.zip")
    assert str(caught.value) == (
        f"{tmp_path}/x.zip is an archive without a file: its list of members is larger than 0 MiB\n"
        "Hint: copy or download it again"
    )


# The first members of files as Excel and LibreOffice write them.
@pytest.mark.parametrize(
    ("members", "what"),
    [
        ({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}, "an Excel workbook"),
        ({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}, "a Word document"),
        ({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}, "an OpenDocument spreadsheet"),
    ],
)
def test_office_documents_are_named(read, tmp_path, members, what):
    with pytest.raises(ReadError) as caught:
        read(packed(members, zipfile.ZIP_STORED), name="x.xlsx")
    assert str(caught.value) == (
        f"{tmp_path}/x.xlsx cannot be read as events: it looks like {what}\nHint: save the sheet as CSV"
    )
