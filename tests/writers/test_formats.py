"""Which format a path or a name means."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit.errors import InvalidArgument
from obskit.events import Events
from obskit.writers import FORMATS


@pytest.mark.parametrize(
    ("name", "format", "message", "hint"),
    [
        (
            "a.csv",
            None,
            "cannot tell the format from the name a.csv",
            "choose one with format= (--to), or use a suffix: {endings}",
        ),
        (
            "a.json",
            None,
            "cannot tell the format from the name a.json",
            "choose one with format= (--to), or use a suffix: {endings}",
        ),
        (
            "a.gz",
            None,
            "cannot tell the format from the name a.gz",
            "choose one with format= (--to), or use a suffix: {endings}",
        ),
        (
            "a.parquet.gz",
            None,
            "a.parquet.gz: parquet files are already compressed",
            "remove .gz from the name",
        ),
        ("a.zst", "arrow", "a.zst: arrow files are already compressed", "remove .zst from the name"),
        ("a", "csv", "unknown output format 'csv'", "use one of dataset, {formats}"),
    ],
)
def test_a_path_without_a_format_is_an_error(
    events: Events, tmp_path: Path, name: str, format: str | None, message: str, hint: str
) -> None:
    endings = ", ".join(item.suffixes[0] for item in FORMATS.values())
    with pytest.raises(InvalidArgument) as caught:
        events.write(tmp_path / name, format)
    assert str(caught.value) == f"{message}\nHint: {hint.format(endings=endings, formats=', '.join(FORMATS))}"
