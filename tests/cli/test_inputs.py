"""Mappings, read from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit.cli.inputs import mapping_of
from obskit.errors import InvalidArgument, NoSuchPath


def test_a_mapping_is_a_json_object(tmp_path: Path) -> None:
    file = tmp_path / "mapping.json"
    file.write_text('{"duration_ms": {"from": "Duration", "unit": "us"}}')
    assert mapping_of(str(file)) == {"duration_ms": {"from": "Duration", "unit": "us"}}
    assert mapping_of(None) is None
    for wrong in ("[1]", "{"):
        file.write_text(wrong)
        with pytest.raises(InvalidArgument, match="JSON"):
            mapping_of(str(file))
    with pytest.raises(NoSuchPath, match="no such file"):
        mapping_of(str(tmp_path / "none.json"))
