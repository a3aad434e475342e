"""The formats that are written, and which of them a path asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from obskit.errors import InvalidArgument
from obskit.writers import columnar, jaeger, jsonl, otlp
from obskit.writers.notes import Told

DATASET = "dataset"
PACKED = {".gz": "gzip", ".zst": "zstd"}
"""Suffix of a compression -> Arrow's name of it."""

# What a folder would be called by mistake only.
_FILES = frozenset(
    {".json", ".csv", ".tsv", ".txt", ".log", ".html", ".orc", ".avro", ".proto", ".pb", ".zip"}
)

Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class Format:
    """A format of one file.

    Attributes:
        name: as `--to` takes it.
        suffixes: of its files, the first as one would choose it.
        save: writes batches of the schema to a path that is not there yet.
        encode: gives the bytes of the batches instead; such a file may be compressed, by its suffix.
        by_trace: the rows of a trace are to come one after the other.
    """

    name: str
    suffixes: tuple[str, ...]
    save: Callable[[Path, Batches, pa.Schema], None] | None = None
    encode: Callable[[Batches, Told], Iterator[bytes]] | None = None
    by_trace: bool = False


FORMATS: dict[str, Format] = {
    item.name: item
    for item in (
        Format("parquet", (".parquet", ".pq"), save=columnar.parquet),
        Format("arrow", (".arrow", ".feather", ".ipc"), save=columnar.arrow),
        Format("jsonl", (".jsonl", ".ndjson"), encode=jsonl.lines),
        Format("otlp-json", (".otlp.json", ".otlp.jsonl", ".otlp"), encode=otlp.requests),
        Format("jaeger", (".jaeger.json", ".jaeger"), encode=jaeger.traces, by_trace=True),
    )
}
"""Name -> format. A Dataset, which is a folder, is none of them."""


def format_of(out: Path, named: str | None) -> Format | None:
    """Return the format that is named, else the one that the suffix tells; None for a Dataset.

    Raises:
        InvalidArgument: an unknown format, a suffix that names no format, or a compression suffix that the
            format does not take.
    """
    name = out.name.lower()
    packed = next((suffix for suffix in PACKED if name.endswith(suffix)), "")
    stem = name.removesuffix(packed)
    if named == DATASET:
        return None
    if named is not None and named not in FORMATS:
        raise InvalidArgument(
            f"events are not written as {named!r}", hint=f"formats: {', '.join((DATASET, *FORMATS))}"
        )
    found = FORMATS.get(named or "") or next(
        (item for item in FORMATS.values() if stem.endswith(item.suffixes)), None
    )
    if found is not None and packed and found.encode is None:
        raise InvalidArgument(
            f"{out.name}: {found.name} is compressed within", hint=f"leave out the {packed}"
        )
    if found is None and (packed or out.suffix.lower() in _FILES):
        endings = ", ".join(item.suffixes[0] for item in FORMATS.values())
        raise InvalidArgument(
            f"{out.name} does not tell a format", hint=f"name one with --to (format=), or end it in {endings}"
        )
    return found
