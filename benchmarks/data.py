"""Events to measure on, made by `obskit demo` once and kept."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from obskit.demo.generate import generate

SEED = 1


def folder() -> Path:
    """Return where the events lie: $OBSKIT_BENCH, else a folder for temporary files."""
    return Path(os.environ.get("OBSKIT_BENCH") or Path(tempfile.gettempdir()) / "obskit-bench")


def events(rows: int, format: str = "parquet") -> Path:
    """Return a folder of so many events, made now if it is not there."""
    out = folder() / f"{rows}-{SEED}-{format}"
    if not (out / "planted.json").exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        generate(out, events=rows, seed=SEED, format=format)
    return out
