"""The output formats, and how the format is chosen from a path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from obskit.errors import InvalidArgument
from obskit.writers import columnar, jaeger, jsonl, otlp
from obskit.writers.notes import WriteNotes

DATASET = "dataset"
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
"""File suffix -> Arrow's name of the compression."""

# Suffixes that nobody would give to a folder on purpose.
_FILES = frozenset(
    {".json", ".csv", ".tsv", ".txt", ".log", ".html", ".orc", ".avro", ".proto", ".pb", ".zip"}
)

Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class Format:
    """An output format with one file.

    Attributes:
        name: as in `format=` and `--to`.
        suffixes: suffixes of its files, the preferred one first.
        save: writes batches to a path that does not exist yet; or
        encode: returns the batches as bytes, which may be compressed as the suffix says.
        by_trace: needs the rows of each trace together.
    """

    name: str
    suffixes: tuple[str, ...]
    save: Callable[[Path, Batches, pa.Schema], None] | None = None
    encode: Callable[[Batches, WriteNotes], Iterator[bytes]] | None = None
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
"""Name -> format. A Dataset is a folder, and so is not one of them."""


def format_of(out: Path, named: str | None) -> Format | None:
    """Choose the output format.

    Args:
        out: path of the output; its suffix determines the format if `named` is None.
        named: "dataset", a key of `FORMATS`, or None.

    Returns:
        The format; None for a Dataset.

    Raises:
        InvalidArgument: the format is unknown, the suffix belongs to no format, or the format does not
            support the compression.
    """
    name = out.name.lower()
    compression = next((suffix for suffix in COMPRESSIONS if name.endswith(suffix)), "")
    stem = name.removesuffix(compression)
    if named == DATASET:
        return None
    if named is not None and named not in FORMATS:
        raise InvalidArgument(
            f"unknown output format {named!r}", hint=f"use one of {', '.join((DATASET, *FORMATS))}"
        )
    found = FORMATS.get(named or "") or next(
        (item for item in FORMATS.values() if stem.endswith(item.suffixes)), None
    )
    if found is not None and compression and found.encode is None:
        raise InvalidArgument(
            f"{out.name}: {found.name} files are already compressed",
            hint=f"remove {compression} from the name",
        )
    if found is None and (compression or out.suffix.lower() in _FILES):
        endings = ", ".join(item.suffixes[0] for item in FORMATS.values())
        raise InvalidArgument(
            f"cannot tell the format from the name {out.name}",
            hint=f"choose one with format= (--to), or use a suffix: {endings}",
        )
    return found
