"""A configured service in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from instrument_process import read

from obskit.instrument import Handle, configure
from obskit.instrument.api import Active
from obskit.instrument.configuring import _First


def forget() -> None:
    """Undo `configure`, as no host ever needs to."""
    if _First.handle is not None:
        _First.handle.shutdown(1)
    _First.handle = None
    Active.runtime = None
    Active.tracer = None


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Callable[..., Handle]]:
    """`service(**options)` configures this process as the service "booking" with files in tmp_path/events."""
    forget()

    def make(**options: Any) -> Handle:
        return configure(options.pop("service", "booking"), **{"sink": tmp_path / "events", **options})

    yield make
    forget()


@pytest.fixture
def rows(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """What is on disk now, in no order across files."""
    return lambda: read(tmp_path / "events")
