"""A process of its own that turns one segment into Parquet: `python -m obskit.receive.child SEGMENT FOLDER`.

It gives way to the receiver (nice), ends with it (its stdin is a pipe that the receiver holds), and prints
how many rows there were and how many were rejected, as JSON. The receiver moves the folder to its place.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from obskit.dataset import Dataset, write
from obskit.errors import ObskitError
from obskit.readers import read_paths
from obskit.receive.memory import give_back
from obskit.schema import LoadReport, Normalizer

FAILED = 1
NICE = 10
ROWS, BYTES = 1 << 17, 32 << 20
"""Of one part in memory: a small part of what `obskit.dataset` takes, for this runs beside the receiver."""


def main(segment: str, folder: str) -> int:
    """Convert a segment and return the exit status."""
    os.nice(NICE)
    give_back()
    threading.Thread(target=_end_with_receiver, daemon=True).start()
    try:
        made = _converted(Path(segment), Path(folder))
    except (ObskitError, OSError) as error:
        print(error.message if isinstance(error, ObskitError) else error, file=sys.stderr)  # noqa: T201
        return FAILED
    for path in (*(file.path for file in made.files), Path(folder)):
        _to_disk(path)
    rejected = made.load_report.rejected_count
    print(json.dumps({"rows": made.rows, "rejected": rejected}))  # noqa: T201
    return 0


def _converted(segment: Path, folder: Path) -> Dataset:
    report = LoadReport()
    normalizer = Normalizer(report)
    batches = (normalizer.batch(batch) for batch in read_paths([segment], report))
    return write(batches, lambda: normalizer.schema, folder, report, rows_per_file=ROWS, bytes_per_file=BYTES)


def _end_with_receiver() -> None:
    sys.stdin.buffer.read()
    os._exit(FAILED)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    status = main(*sys.argv[1:3])
    sys.stdout.flush()
    os._exit(status)  # the thread still reads
