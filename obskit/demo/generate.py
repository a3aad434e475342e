"""The demo's events on disk, and beside them what was planted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from obskit.dataset import write
from obskit.demo.fields import SCHEMA
from obskit.demo.jsonl import write_jsonl
from obskit.demo.planted import write_planted
from obskit.demo.stream import batches
from obskit.errors import DatasetError, InvalidArgument
from obskit.schema import LoadReport

_BYTES_PER_FILE = 256 << 20


def generate(
    out: str | Path,
    *,
    events: int,
    seed: int,
    format: str = "jsonl.gz",
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """Write the telemetry of a day of a train-ticket booking platform.

    Args:
        out: folder to make; "jsonl.gz" also writes into one that has no other events.
        events: exactly so many rows, up to 100 million.
        seed: from 0; the same seed and number of events give the same rows.
        format: "jsonl.gz" (flat JSON, a file a service) or "parquet" (a Dataset).
        progress: called with (what, events done, events in all).
    Returns:
        Where, how many, in which files; JSON-safe.
    Raises:
        InvalidArgument: no such format, or not a number of events.
        DatasetError: `out` holds something else.
    Cost: about 3 µs an event to make and as much to write as Parquet; memory does not grow with `events`.
    """
    if format not in ("jsonl.gz", "parquet"):
        raise InvalidArgument(f"no format {format!r}", hint="formats are jsonl.gz and parquet")
    if not 1 <= events <= 100_000_000 or seed < 0:
        raise InvalidArgument(
            f"{events} events from seed {seed}", hint="1 to 100,000,000 events, a seed from 0"
        )
    out = Path(out)
    made = batches(events, seed, progress=progress)
    if format == "parquet":
        report = LoadReport(rows_read=events)
        dataset = write(made, lambda: SCHEMA, out, report, bytes_per_file=_BYTES_PER_FILE)
        files = [file.path for file in dataset.files]
    else:
        if out.is_dir() and any(
            not path.name.endswith((".jsonl.gz", ".md", "planted.json")) for path in out.iterdir()
        ):
            raise DatasetError(f"{out} holds other files", hint="name an empty folder or a new one")
        out.mkdir(parents=True, exist_ok=True)
        files = write_jsonl(made, out)
    write_planted(out, events, seed, format)
    return {
        "path": str(out),
        "events": events,
        "seed": seed,
        "format": format,
        "files": [path.name for path in files],
        "bytes": sum(path.stat().st_size for path in files),
    }
