"""Measure the memory that `load` needs for a large JSONL file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.load.flat_jsonl import lines
from benchmarks.loading import CONVERT, fresh

PART = 20_000
"""Number of distinct rows; the file repeats them."""


def measure(gigabytes: float) -> str:
    """Write a file of the given size, load it in its own process, and return a sentence with the result."""
    part = lines(PART)
    times = max(1, round(gigabytes * 1e9 / len(part)))
    with tempfile.TemporaryDirectory(prefix="obskit-bench-") as folder:
        path = Path(folder) / "large.jsonl"
        with path.open("wb") as file:
            for _ in range(times):
                file.write(part)
        size = path.stat().st_size
        run = fresh(CONVERT, str(path))
    return (
        f"{size / 1e9:.1f} GB of JSONL, {run['rows']:,} rows: peak {run['peak_mib']:,.0f} MiB resident,"
        f" {run['rows'] / run['cpu']:,.0f} rows per CPU-second to a Dataset; must stay under 2 GB:"
        f" {'it does' if run['peak_mib'] * 2**20 < 2e9 else 'it does NOT'}"
    )
