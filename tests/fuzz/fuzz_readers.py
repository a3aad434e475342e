"""Fuzz the reader of any format with atheris, which has to be installed separately.

    python -m tests.fuzz.fuzz_readers "application log" [FOLDER] [libFuzzer's options]
    python -m tests.fuzz.fuzz_readers detection -max_total_time=120

The seeds are the samples of the metamorphic tests. Bytes go to the reader itself, whatever detection says, and
through `Normalizer`; `detection` lets the registry choose. Anything but an `ObskitError`, and rows that do not add
up, is a finding. A folder as first option collects new inputs.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["obskit.readers", "obskit.schema"]):
    from obskit.errors import ObskitError
    from obskit.readers import REGISTRY, Source, read_batches
    from obskit.schema import LoadReport, Normalizer, ReadOptions, cast

from tests.metamorphic.named_mutations import PREFIXES
from tests.metamorphic.samples import samples
from tests.metamorphic.world import World

DETECTION = "detection"
PREFIXED = "lines with a prefix"
NAME = sys.argv.pop(1)
FOLDER = Path(tempfile.mkdtemp(prefix="obskit-fuzz-"))
PATH = FOLDER / "file"


def one(data: bytes) -> None:
    """Read bytes as a file, and convert the rows to their final schema."""
    PATH.write_bytes(data)
    os.utime(PATH, (1_778_000_000, 1_778_000_000))
    report = LoadReport()
    try:
        source = Source(PATH)
        if NAME == DETECTION:
            raw = read_batches(PATH, report)
        else:
            reader = next(reader for reader in REGISTRY.readers() if reader.name == NAME)
            reader.sniff(source.head)
            raw = reader.read(source, report.file(PATH), ReadOptions())
        normalizer = Normalizer(report)
        batches = [normalizer.batch(batch) for batch in raw]
        for batch in batches:
            cast(batch, normalizer.schema).validate(full=True)
    except ObskitError:
        return
    assert sum(batch.num_rows for batch in batches) == report.rows_read
    str(report)


def seeds(folder: Path) -> None:
    """Write the seeds: the samples of the format, or of all formats."""
    folder.mkdir(parents=True, exist_ok=True)
    world = World(3)
    for number, sample in enumerate(samples()):
        data = sample.write(world)
        if NAME in (DETECTION, sample.reader):
            (folder / f"sample-{number}").write_bytes(data)
        elif NAME == PREFIXED and sample.shape == "lines":
            prefix = PREFIXES[number % len(PREFIXES)]
            pairs = zip(world.requests(), data.splitlines(keepends=True), strict=False)
            lines = [prefix(request).encode() + line for request, line in pairs]
            (folder / f"prefixed-{number}").write_bytes(b"".join(lines))


if __name__ == "__main__":
    given = len(sys.argv) > 1 and not sys.argv[1].startswith("-")
    corpus = Path(sys.argv.pop(1)) if given else FOLDER / "corpus"
    seeds(corpus)
    atheris.Setup([sys.argv[0], str(corpus), *sys.argv[1:]], one)
    atheris.Fuzz()
