"""A child process that converts one segment to Parquet: `python -m obskit.receive.child SEGMENT FOLDER`.

It runs at a lower priority than the receiver and ends when the receiver does: its stdin is a pipe from the
receiver. It prints the numbers of rows and of rejected records as JSON. The receiver then renames the folder.
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
from obskit.receive.memory import return_freed_memory
from obskit.schema import LoadReport, Normalizer

FAILED = 1
NICE = 10
ROWS, BYTES = 1 << 17, 32 << 20
"""Limits of one part in memory, far below those of `obskit.dataset`: the receiver runs at the same time."""


def main(segment: str, folder: str) -> int:
    """Convert a segment and return the exit status."""
    os.nice(NICE)
    return_freed_memory()
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
