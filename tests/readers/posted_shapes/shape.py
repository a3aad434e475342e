"""`Shape`: a small file in a shape that people post in public, and what loading it must give.

Only the shape is from outside; all values are made up. A module of this package has a list `SHAPES`, and
`test_posted_shapes` loads each of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from obskit.errors import ObskitError
from tests.support.loaded import Loaded, load_files

WRITTEN = datetime(2026, 5, 11, 10, tzinfo=UTC).timestamp()
"""When the files were written: the year of times without one."""


@dataclass(frozen=True)
class Shape:
    """A file, and the events that it holds.

    Attributes:
        name: what wrote the file, and how.
        origin: public address of such a file, or "documentation of X".
        text: the file.
        expected: per event, in the order of the file, the fields that matter and their values. A time may be
            ISO 8601 text. None means that the field must be null or absent.
        rejected: how many records are rejected.
        notes: a part of each remark that the load report must have, among its notes and doubts.
        refused: a part of the error, if the file must be refused.
        file: name of the file.
        options: arguments of `load`.
    """

    name: str
    origin: str
    text: str | bytes
    expected: Sequence[Mapping[str, Any]] = ()
    rejected: int = 0
    notes: Sequence[str] = ()
    refused: str = ""
    file: str = "events.log"
    options: Mapping[str, Any] = field(default_factory=dict)

    def load(self, folder: Path) -> Loaded:
        """Write the file to a folder and load it."""
        path = folder / self.file
        path.write_bytes(self.text if isinstance(self.text, bytes) else self.text.encode())
        os.utime(path, (WRITTEN, WRITTEN))
        return load_files(path, doubting=True, **self.options)

    def check(self, folder: Path) -> None:
        """Load the file and compare what comes out."""
        if self.refused:
            with pytest.raises(ObskitError) as raised:
                self.load(folder)
            assert self.refused in str(raised.value)
            return
        loaded = self.load(folder)
        got = [
            {name: _comparable(row.get(name), wanted.get(name)) for name in wanted}
            for row, wanted in zip(loaded.rows, self.expected, strict=False)
        ]
        assert got == [_wanted(row) for row in self.expected]
        assert len(loaded.rows) == len(self.expected)
        assert loaded.report.rejected_count == self.rejected, loaded.report.rejected_by_reason
        remarks = [*loaded.report.notes, *loaded.report.doubts]
        assert [part for part in self.notes if not any(part in remark for remark in remarks)] == [], remarks


def _wanted(row: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {name: pytest.approx(value, abs=1e-6) for name, value in row.items() if _is_float(value)}
    return {**row, **numbers}


def _comparable(value: Any, wanted: Any) -> Any:
    """Return a time in the spelling of the time that it is compared with."""
    if isinstance(value, datetime) and isinstance(wanted, str):
        try:
            same = datetime.fromisoformat(wanted) == value
        except (ValueError, TypeError):
            same = False
        return wanted if same else value.isoformat()
    return value


def _is_float(value: Any) -> bool:
    return isinstance(value, float)
