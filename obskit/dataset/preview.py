"""Small Datasets that stand for large ones until the exact answer is there; thrown away after use."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from obskit.dataset.cache import entry_for, source_key
from obskit.dataset.conversion import Paths, located
from obskit.dataset.dataset import Dataset, is_dataset
from obskit.dataset.manifest import MANIFEST
from obskit.dataset.parts import ROW_GROUP
from obskit.dataset.writer import write
from obskit.readers import PreviewReader, expand
from obskit.schema import READ_AS_IS, LoadReport, Normalizer, ReadOptions
from obskit.text import pluralize

ROWS = 50_000
SECONDS = 2.5
LARGE = 256 << 20
"""Bytes of input, once unfolded, that take longer to convert than one likes to wait."""

STRETCHES = 6
"""Row groups that are read of a large Dataset."""

# What a byte on disk unfolds to, about; telemetry is repetitive.
_UNFOLDS = {".gz": 10, ".zst": 10, ".bz2": 10, ".parquet": 10}


@contextmanager
def skimmed(paths: Paths, options: ReadOptions = READ_AS_IS) -> Iterator[tuple[Dataset, str] | None]:
    """Give a Dataset of some rows of files that are large and not converted yet, and what they are of.

    Args:
        paths, options: as `convert` takes them.
    Returns:
        The Dataset, which is gone with the context, and words such as "7 of 7 files"; None where the files
        can be opened or converted at once, or nothing could be read.
    Raises:
        NoSuchPath, ReadError: from the readers.
    """
    given = located(paths)
    if len(given) == 1 and is_dataset(given[0]):
        yield None
        return
    files = [file for file in expand(given, []) if file.name != MANIFEST]
    size = sum(file.stat().st_size * _UNFOLDS.get(file.suffix.lower(), 1) for file in files)
    if size < LARGE or is_dataset(entry_for(source_key(files, options))):
        yield None
        return
    skim = PreviewReader(files, options, rows=ROWS, seconds=SECONDS)
    report = LoadReport()
    normalizer = Normalizer(report, options)
    batches = [normalizer.batch(raw) for raw in skim.batches()]
    if not report.rows_read:
        yield None
        return
    what = f"{skim.files:,} of {pluralize(skim.of, 'file')}"
    if skim.reach < 1:
        what += f", of compressed ones the first {skim.reach:.0%}"
    with _kept(batches, normalizer.schema, report) as made:
        yield made, what


@contextmanager
def thinned(dataset: Dataset, rows: int = ROWS) -> Iterator[Dataset]:
    """Give a Dataset of rows at even distances, out of a few row groups that are spread over all of it.

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
    with _kept(batches, dataset.schema, LoadReport()) as made:
        yield made


@contextmanager
def _kept(batches: list[pa.RecordBatch], schema: pa.Schema, report: LoadReport) -> Iterator[Dataset]:
    with tempfile.TemporaryDirectory(prefix="obskit-", ignore_cleanup_errors=True) as folder:
        yield write(batches, lambda: schema, Path(folder) / "sample", report)
