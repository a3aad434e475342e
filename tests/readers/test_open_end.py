"""A last line without a line break, for formats whose records look whole if they are cut."""

import gzip

import pytest

from obskit.schema.report import UNENDED
from tests.metamorphic.samples import samples
from tests.metamorphic.world import World

MAY_LOOK_WHOLE = [
    one for one in samples() if one.reader in ("CSV", "CSV of markers", "access log", "Envoy access log")
]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("sample", MAY_LOOK_WHOLE, ids=str)
def test_a_last_line_without_a_line_break_is_noted(sample, packed, tmp_path, load):
    path = tmp_path / sample.file
    data = sample.write(World(5)).removesuffix(b"\n")
    path.write_bytes(gzip.compress(data) if packed else data)
    loaded = load(path)
    assert len(loaded.rows) == 5
    complete = data.endswith(b'"')  # a text whose quote is closed
    assert loaded.report.notes == [] if complete else [UNENDED]
    path.write_bytes(data + b"\r\n")
    assert load(path).report.notes == []


def test_small_tables_that_are_read_together_are_looked_at_too(tmp_path, load):
    paths = [tmp_path / f"{n}.csv" for n in range(3)]
    for n, path in enumerate(paths):
        path.write_text("timestamp,name\n2026-05-04T10:00:00Z,a" + ("\n" if n == 0 else ""))
    assert load(*paths).report.notes == [UNENDED]


@pytest.mark.parametrize("sample", [one for one in samples() if one.file.endswith("jsonl")], ids=str)
def test_an_object_that_is_closed_is_whole(sample, tmp_path, load):
    path = tmp_path / sample.file
    path.write_bytes(sample.write(World(3)).removesuffix(b"\n"))
    assert load(path).report.notes == []
