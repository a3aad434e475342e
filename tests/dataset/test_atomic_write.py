"""A file is written completely or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from obskit.dataset import write_atomically
from obskit.errors import InvalidArgument, StorageFull


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out.txt"
    with write_atomically(out) as temporary:
        temporary.write_text("all of it")
        assert not out.exists()
        assert temporary.parent == out.parent
    assert out.read_text() == "all of it"
    assert list(out.parent.iterdir()) == [out]


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with write_atomically(tmp_path / "out.txt") as temporary:
            temporary.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("late", [False, True])
def test_an_existing_file_is_not_replaced(tmp_path: Path, late: bool) -> None:
    """It may exist before the work begins, or another process may create it meanwhile."""
    out = tmp_path / "out.txt"

    def write() -> None:
        if not late:
            out.write_text("theirs")
        with write_atomically(out) as temporary:
            temporary.write_text("ours")
            out.write_text("theirs")

    with pytest.raises(InvalidArgument) as caught:
        write()
    assert str(caught.value) == f"{out} already exists\nHint: choose another name, or remove it first"
    assert out.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("code", "kind"), [(errno.ENOSPC, StorageFull), (errno.EFBIG, StorageFull), (errno.EIO, OSError)]
)
def test_only_a_full_disk_is_reported_as_full(tmp_path: Path, code: int, kind: type[OSError]) -> None:
    def write() -> None:
        with write_atomically(tmp_path / "out.txt"):
            raise OSError(code, "disk")

    with pytest.raises(OSError, match="disk" if kind is OSError else "no space left") as caught:
        write()
    assert type(caught.value) is kind
