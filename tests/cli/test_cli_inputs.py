"""Windows of time and mappings, read from words."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit.cli.inputs import mapping_of, start, window
from obskit.errors import BadCall, NoSuchPath


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("2026-05-04T10:00Z/2026-05-04T10:30Z", ("2026-05-04T10:00Z", "2026-05-04T10:30Z")),
        ("2026-05-04/", ("2026-05-04", None)),
        ("/2026-05-04", (None, "2026-05-04")),
        ("30m", ("-30m", None)),
        ("-30m", ("-30m", None)),
        ("2h/30m", ("-2h", "-30m")),
    ],
)
def test_a_window(text: str, ends: tuple[str | None, str | None]) -> None:
    assert window(text, "--between") == ends


@pytest.mark.parametrize("text", ["", "/", "a/b/c"])
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(BadCall) as told:
        window(text, "--during")
    assert str(told.value) == (
        f"--during {text!r} is no window of time\n"
        "Hint: --during 2026-05-04T10:00Z/2026-05-04T10:30Z, or one end left out"
    )


def test_a_date_is_no_stretch() -> None:
    assert start("2026-05-04") == "2026-05-04"
    assert start("1.5h") == "-1.5h"


def test_a_mapping_is_a_json_object(tmp_path: Path) -> None:
    file = tmp_path / "mapping.json"
    file.write_text('{"duration_ms": {"from": "Duration", "unit": "us"}}')
    assert mapping_of(str(file)) == {"duration_ms": {"from": "Duration", "unit": "us"}}
    assert mapping_of(None) is None
    for wrong in ("[1]", "{"):
        file.write_text(wrong)
        with pytest.raises(BadCall, match="JSON"):
            mapping_of(str(file))
    with pytest.raises(NoSuchPath, match="no such file"):
        mapping_of(str(tmp_path / "none.json"))
