"""Fuzz a reader of a tracing tool's format. Run it by hand: pip install atheris, then

python tests/fuzz/fuzz_spans.py jaeger|zipkin|honeycomb|clickhouse|tempo|delta [libFuzzer's options]

The bytes go to the given reader, whatever format they look like, and its rows through `Normalizer`. Any error
other than an `ObskitError`, or a wrong number of rows, is a bug. `-max_total_time=180` stops after three
minutes. A folder as the first option collects the inputs that reach new code.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["obskit.readers", "obskit.schema"]):
    from obskit.errors import ObskitError
    from obskit.readers import clickhouse, honeycomb
    from obskit.readers.io.source import Source
    from obskit.readers.jaeger import reader as jaeger
    from obskit.readers.spans import json_documents as documents
    from obskit.readers.tables import arrow_parquet as columnar
    from obskit.readers.tables import delta
    from obskit.readers.zipkin import reader as zipkin
    from obskit.schema import LoadReport, Normalizer, ReadOptions, cast

from tests.readers.spans import test_json_documents as examples

READERS = {
    "jaeger": jaeger.READER,
    "zipkin": zipkin.READER,
    "honeycomb": honeycomb.READER,
    "clickhouse": clickhouse.READER,
    "tempo": columnar.PARQUET,
    "delta": delta.READER,
}
NAME = sys.argv.pop(1)
READER = READERS[NAME]
PATH = Path(tempfile.mkdtemp(prefix="obskit-fuzz-")) / "file"


def one(data: bytes) -> None:
    """Read the bytes; small input takes the fast path too."""
    PATH.write_bytes(data)
    report = LoadReport()
    try:
        READER.sniff(data[:65_536])
        normalizer = Normalizer(report)
        source = Source(PATH)
        batches = [normalizer.batch(b) for b in READER.read(source, report.file(PATH), ReadOptions())]
        for batch in batches:
            cast(batch, normalizer.schema).validate(full=True)
    except ObskitError:
        return
    assert sum(batch.num_rows for batch in batches) == report.rows_read


def seeds(folder: Path) -> None:
    """Write the initial corpus: valid documents in several forms."""
    folder.mkdir(parents=True, exist_ok=True)
    if NAME in examples.FORMATS:
        document = examples.FORMATS[NAME]()
        whole = examples.written(NAME, document)
        (folder / "whole").write_bytes(whole)
        (folder / "twice").write_bytes(whole + b"\n" + whole)
        items = document["data"] if NAME == "jaeger" else document
        (folder / "lines").write_bytes(b"\n".join(examples.written("", item) for item in items))
    elif NAME == "delta":
        (folder / "entry").write_bytes(b'{"commitInfo":{"operation":"WRITE"}}\n')
    else:
        from tests.readers import test_tempo as tempo

        for version in (3, 4):
            block = tempo.block(Path(tempfile.mkdtemp()) / "block", version)
            (folder / f"block{version}").write_bytes((block / "data.parquet").read_bytes())


if __name__ == "__main__":
    documents.SMALL = 0
    corpus = (
        Path(sys.argv.pop(1)) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else PATH.parent / "c"
    )
    seeds(corpus)
    atheris.Setup([sys.argv[0], str(corpus), *sys.argv[1:]], one)
    atheris.Fuzz()
