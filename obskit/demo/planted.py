"""What is planted in the demo's events, to read and to check against."""

from __future__ import annotations

from pathlib import Path


def write_planted(out: Path, events: int, seed: int, format: str) -> None:
    """Write it."""
