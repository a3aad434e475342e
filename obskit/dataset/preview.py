"""Small temporary Datasets, sampled from large input, that give an answer until the exact one is there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from obskit.dataset.cache import entry_for, source_key
from obskit.dataset.conversion import Paths, list_inputs, resolve_inputs
from obskit.dataset.dataset import Dataset, is_dataset
from obskit.dataset.groups import decompressed
from obskit.dataset.inputs import leased_inputs
from obskit.dataset.parts import ROW_GROUP
from obskit.dataset.segment import Load, unconverted
from obskit.dataset.writer import write
from obskit.readers import PreviewReader, Unreadable
from obskit.schema import READ_AS_IS, LoadReport, Normalizer, ReadOptions
from obskit.text import pluralize

ROWS = 50_000
SECONDS = 2.5
LARGE = 256 << 20
"""Bytes of decompressed input beyond which conversion takes longer than people like to wait."""

STRETCHES = 6
"""Row groups that are read from a large Dataset."""


@contextmanager
def preview_files(paths: Paths, options: ReadOptions = READ_AS_IS) -> Iterator[tuple[Dataset, str] | None]:
    """Sample rows of large files that are not converted yet.

    Args:
        paths: as in `convert`.
        options: as in `convert`.

    Yields:
        The Dataset, which is deleted when the context ends, and what it is a sample of, such as "7 of 7
        files". None if the files open at once or are small enough to convert, or if nothing could be read.

    Raises:
        NoSuchPath, ReadError: from the readers.
    """
    given = resolve_inputs(paths)
    if len(given) == 1 and is_dataset(given[0]):
        yield None
        return
    unreadable: list[Unreadable] = []
    skipped: list[Path] = []
    files = list_inputs(given, skipped, unreadable)
    converted = entry_for(source_key(files, options, given, unreadable, skipped))
    if sum(map(decompressed, files)) < LARGE or is_dataset(converted):
        yield None
        return
    with leased_inputs(files) as display_names:
        size = unconverted(files, Load(options, given, display_names))
    if size < LARGE:
        yield None
        return
    reader = PreviewReader([Path(file) for file in files], options, rows=ROWS, seconds=SECONDS)
    report = LoadReport()
    normalizer = Normalizer(report, options)
    batches = [normalizer.batch(raw) for raw in reader.batches()]
    if not report.rows_read:
        yield None
        return
    what = f"{reader.files:,} of {pluralize(reader.of, 'file')}"
    if reader.reach < 1:
        what += f", the first {reader.reach:.0%} of compressed ones"
    with _temporary_dataset(batches, normalizer.schema, report) as made:
        yield made, what


@contextmanager
def preview_dataset(dataset: Dataset, rows: int = ROWS) -> Iterator[Dataset]:
    """Sample rows at even distances from a few row groups that are spread over a Dataset.

    Args:
        dataset: the large Dataset.
        rows: approximate number of rows to take.

    Yields:
        The sample, which is deleted when the context ends.

    Cost: reads `STRETCHES` row groups.
    """
    groups = [
        (file, start, min(ROW_GROUP, part.rows - start))
        for file, part in enumerate(dataset.files)
        for start in range(0, part.rows, ROW_GROUP)
    ]
    at = np.unique(np.linspace(0, len(groups) - 1, min(STRETCHES, len(groups))).astype(int))
    chosen = [groups[i] for i in at]
    share = min(1.0, rows / max(1, sum(size for _, _, size in chosen)))
    batches: list[pa.RecordBatch] = []
    for file, start, size in chosen:
        take = np.linspace(0, size - 1, max(1, int(size * share))).astype(np.int64) + start
        batches += dataset.take(file, take).to_batches()
    with _temporary_dataset(batches, dataset.schema, LoadReport()) as made:
        yield made


@contextmanager
def _temporary_dataset(
    batches: list[pa.RecordBatch], schema: pa.Schema, report: LoadReport
) -> Iterator[Dataset]:
    with tempfile.TemporaryDirectory(prefix="obskit-", ignore_cleanup_errors=True) as folder:
        yield write(batches, lambda: schema, Path(folder) / "sample", report)
