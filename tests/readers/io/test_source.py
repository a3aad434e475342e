import errno
import gzip
import tempfile

import pytest

from obskit.errors import LimitExceeded, ReadError, StorageFull
from obskit.readers.io import source as source_module
from obskit.readers.io.source import HEAD, Readable, Source


def test_the_head_is_decompressed_and_limited(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"x" * (HEAD + 1)))
    source = Source(path)
    assert (source.head, source.whole, source.compression) == (b"x" * HEAD, False, "gzip")
    path.write_bytes(b"x" * 9)
    source = Source(path)
    assert (source.head, source.whole, source.compression) == (b"x" * 9, True, None)


def test_an_uncompressed_file_is_its_own_copy_on_disk(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"x")
    with Source(path).on_disk() as found:
        assert found == path


def test_a_copy_on_disk_is_removed_after_use(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"abc"))
    with Source(path).on_disk() as found:
        assert found.read_bytes() == b"abc"
    assert not found.exists()


def test_a_folder_cannot_be_opened(tmp_path):
    with pytest.raises(ReadError) as caught:
        Source(tmp_path)
    assert str(caught.value) == f"{tmp_path} cannot be opened: Is a directory"


def test_a_stream_reads_as_a_file():
    class Pieces:
        def __init__(self):
            self.pieces = iter([b"abc", b"de", b"f"])

        def piece(self):
            return next(self.pieces, b"")

    file = Readable(Pieces())
    assert [file.read(2), file.read(3), file.read(), file.read(1)] == [b"ab", b"cde", b"f", b""]


def test_a_full_disk_is_an_error_that_names_the_file(tmp_path, monkeypatch):
    class Full:
        name = "x"

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a.parquet.gz"
    path.write_bytes(gzip.compress(b"PAR1"))
    monkeypatch.setattr(source_module.tempfile, "NamedTemporaryFile", lambda **_: Full())
    with pytest.raises(StorageFull) as caught, Source(path).on_disk():
        pass
    assert str(caught.value) == (
        f"no space left in {tempfile.gettempdir()} to decompress {path}\n"
        "Hint: free some space, or set TMPDIR to a folder on another disk"
    )


def test_a_file_that_decompresses_to_more_than_the_limit(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet.gz"
    path.write_bytes(gzip.compress(b"PAR1" + b"x" * 5_000_000))
    monkeypatch.setattr(source_module, "SPOOL_LIMIT", 1_000_000)
    with pytest.raises(LimitExceeded) as caught, Source(path).on_disk():
        pass
    assert caught.value.message.startswith(f"{path} has more than ")
    assert caught.value.hint == "decompress it first: gzip -d"
