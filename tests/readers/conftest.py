from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.loaded import Loaded, load_files


@pytest.fixture
def load() -> Callable[..., Loaded]:
    """Load files as events."""
    return load_files


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Loaded]:
    """Write bytes to a file and load it."""

    def write_and_load(data: bytes, name: str = "events", **options: Any) -> Loaded:
        path = tmp_path / name
        path.write_bytes(data)
        return load_files(path, **options)

    return write_and_load
