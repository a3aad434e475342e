"""Make the events to measure with `obskit demo`, once, and keep them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from obskit.demo.generate import generate

SEED = 1


def folder() -> Path:
    """Return the folder of the events: $OBSKIT_BENCH, else one in the folder for temporary files."""
    return Path(os.environ.get("OBSKIT_BENCH") or Path(tempfile.gettempdir()) / "obskit-bench")


def events(rows: int, format: str = "parquet") -> Path:
    """Return a folder with `rows` events; make it if it does not exist."""
    out = folder() / f"{rows}-{SEED}-{format}"
    if not (out / "planted.json").exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        generate(out, events=rows, seed=SEED, format=format)
    return out
