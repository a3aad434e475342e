"""The reader in docs/readers.md is complete: it keeps the contract, and ruff and mypy accept it."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pytest

from obskit.readers import ReadOptions, Source
from obskit.schema import LoadReport
from obskit.testing import ReaderContract, encoded
from tests.support.loaded import Loaded, load_batches

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "readers.md").read_text()
EXAMPLE = next(
    block for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S) if "READER =" in block
)


def module() -> ModuleType:
    made = ModuleType("bookings")
    exec(compile(EXAMPLE, "docs/readers.md", "exec"), made.__dict__)
    return made


bookings = module()


class TestBookings(ReaderContract):
    reader = bookings.READER

    def write(self, table: pa.Table) -> bytes:
        return b"#bookings\n" + encoded(table, "jsonl")

    def spoiled(self, data: bytes) -> bytes:
        return data + b"3\n"


@pytest.fixture
def load(tmp_path: Path) -> Callable[[bytes], Loaded]:
    def load_bytes(data: bytes) -> Loaded:
        path = tmp_path / "x.bookings"
        path.write_bytes(data)
        report = LoadReport()
        batches = bookings.READER.read(Source(path), report.file(path), ReadOptions())
        return load_batches(batches, report)

    return load_bytes


def test_fields_that_the_first_row_lacks_are_kept(load: Callable[[bytes], Loaded]) -> None:
    rows = load(b'#bookings\n{"name":"a"}\n{"name":"b","error":true,"fare":{"total":8}}\n').rows
    assert rows == [{"name": "a", "error": False}, {"name": "b", "error": True, "fare.total": 8}]


def test_lines_that_are_not_objects_are_rejected(load: Callable[[bytes], Loaded]) -> None:
    got = load(b'#bookings\n3\n{"name":"a"}\n{"na\n' + b'{"a":' * 70 + b"1" + b"}" * 70 + b"\n")
    assert [row["name"] for row in got.rows] == ["a"]
    assert got.reasons == [
        ("line 2, byte 10", "not a JSON object"),
        ("line 4, byte 25", "not JSON"),
        ("line 5, byte 30", "nested deeper than 64 levels"),
    ]


def test_a_file_that_breaks_off_says_so(load: Callable[[bytes], Loaded]) -> None:
    lines = b"".join(b'{"name":"%d"}\n' % number for number in range(20_000))
    got = load(gzip.compress(b"#bookings\n" + lines)[:-2_000])
    assert 0 < len(got.rows) < 20_000
    assert got.reasons[-1] == ("end of the file", "the gzip stream is cut off")


@pytest.mark.once
@pytest.mark.parametrize("tool", ["ruff check", "ruff format --check", "mypy --strict"])
def test_a_tool_accepts_the_example(tmp_path: Path, tool: str) -> None:
    path = tmp_path / "bookings.py"
    path.write_text(EXAMPLE)
    name, *arguments = tool.split()
    pytest.importorskip(name, reason=f"needs {name}, which only developers have")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            name,
            *arguments,
            f"--config{'-file' * (name == 'mypy')}",
            "pyproject.toml",
            path,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
