"""`obskit.json`, the list of a Dataset's files. Written last, read first; a hash detects edits."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from obskit.errors import DatasetError, UnknownField
from obskit.names import nearest
from obskit.text import pluralize

MANIFEST = "obskit.json"
FORMAT = 1
FORMAT_WITH_ABSENT = 2
"""Format of manifests of which a file does not have all fields; earlier versions of obskit refuse it."""

RULES = 7
"""Increased when the same input gives other rows; cached Datasets are then made again."""


_NONE = pa.schema([])


@dataclass(frozen=True)
class DataFile:
    """One Parquet file of a Dataset.

    Attributes:
        path: the file.
        rows: number of rows.
        digest: hash of its schema and the bytes of its rows, hex.
        first, last: earliest and latest timestamp; None if no row has one.
        checksum: CRC-32 of all of its bytes, hex; empty for files of earlier versions.
        absent: fields of the Dataset that the file does not have, because they are null in all of its rows.
    """

    path: Path
    rows: int
    digest: str
    first: datetime | None
    last: datetime | None
    checksum: str = ""
    absent: pa.Schema = _NONE


@dataclass(frozen=True)
class Manifest:
    """The content of `obskit.json`; `load_report` is the result of `LoadReport.to_dict`.

    `touched` are the files that something has written to since, and those that are copies. `linked` says that
    the files are also in other entries of the cache: their status changes with every link to them. `segments`
    are the keys of the segments that these are made of.
    """

    files: tuple[DataFile, ...]
    schema: pa.Schema
    load_report: dict[str, Any]
    sizes: tuple[int, ...]
    source: str | None = None
    touched: tuple[DataFile, ...] = ()
    linked: bool = False
    segments: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Hash of the sorted (digest, rows) of the files."""
        return fingerprint(self.files)


def fingerprint(files: Iterable[DataFile]) -> str:
    """Return the hash of the sorted (digest, rows), hex; also of the fields that a file does not have."""
    return _hash_of(sorted(map(identity_of, files)))


def ordered_fingerprint(files: Iterable[DataFile]) -> str:
    """Return a hash like `fingerprint` that also depends on the order of the files, hex."""
    return _hash_of(list(map(identity_of, files)))


def identity_of(file: DataFile) -> tuple[Any, ...]:
    """Return what tells the rows of a file from those of other files, hashable."""
    return file.digest, file.rows, *sorted((field.name, str(field.type)) for field in file.absent)


def _hash_of(identities: list[tuple[Any, ...]]) -> str:
    return hashlib.blake2b(json.dumps(identities).encode(), digest_size=16).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `obskit.json` into a folder, atomically."""
    content = {
        "format": FORMAT_WITH_ABSENT if any(len(file.absent) for file in manifest.files) else FORMAT,
        "fingerprint": manifest.fingerprint,
        "rows": sum(file.rows for file in manifest.files),
        "files": [
            {
                "path": file.path.name,
                "rows": file.rows,
                "bytes": size,
                "digest": file.digest,
                "first": file.first.isoformat() if file.first else None,
                "last": file.last.isoformat() if file.last else None,
                "checksum": file.checksum,
                "changed": _changed(file.path.stat(), manifest.linked),
            }
            | ({"absent": file.absent.names} if len(file.absent) else {})
            for file, size in zip(manifest.files, manifest.sizes, strict=True)
        ],
        "fields": len(manifest.schema),
        "schema": base64.b64encode(manifest.schema.serialize().to_pybytes()).decode(),
        "load_report": manifest.load_report,
        "source": manifest.source,
    }
    if manifest.linked:
        content |= {"linked": True, "segments": list(manifest.segments)}
    content["seal"] = _seal(content)
    temporary = folder / f".{MANIFEST}.new"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=1))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """Read `obskit.json`, and check that the files it lists exist with the right size.

    Args:
        folder: the Dataset's folder.

    Returns:
        The manifest.

    Raises:
        DatasetError: there is no manifest, it was made by another version or edited, or a part is missing or
            has another size; the message names the file.
    """
    path = folder / MANIFEST
    again = "convert the source again"
    try:
        content = json.loads(path.read_bytes())
        version = content["format"]
    except FileNotFoundError:
        raise DatasetError(
            f"{folder} is not a Dataset: it has no {MANIFEST}",
            hint="create one: obskit convert PATH --out DIR",
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"cannot read {path}: {error}", hint=again) from None
    if version not in (FORMAT, FORMAT_WITH_ABSENT):
        raise DatasetError(
            f"{path} has format {version!r}, but this version of obskit reads formats "
            f"{FORMAT} and {FORMAT_WITH_ABSENT}",
            hint=f"{again} with this version, or open it with the version that wrote it",
        )
    seal = content.pop("seal", None)
    if seal != _seal(content):
        raise DatasetError(f"{path} was changed after it was written", hint=again)
    schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(content["schema"])))
    linked = content.get("linked", False)
    files, sizes, touched = [], [], []
    for entry in content["files"]:
        part = folder / Path(entry["path"]).name
        try:
            status = part.stat()
            size = status.st_size
        except OSError:
            raise DatasetError(f"{part} is missing", hint=again) from None
        if size != entry["bytes"]:
            raise DatasetError(
                f"{part} has {pluralize(size, 'byte')}, expected {entry['bytes']:,}", hint=again
            )
        first, last = (
            datetime.fromisoformat(entry[key]) if entry[key] else None for key in ("first", "last")
        )
        absent = pa.schema([schema.field(name) for name in entry.get("absent", ())])
        checksum = entry.get("checksum", "")
        files.append(DataFile(part, entry["rows"], entry["digest"], first, last, checksum, absent))
        sizes.append(size)
        if _changed(status, linked) != entry.get("changed"):
            touched.append(files[-1])
    found = tuple(files), schema, content["load_report"], tuple(sizes), content["source"]
    return Manifest(*found, tuple(touched), linked, tuple(content.get("segments", ())))


def _changed(status: os.stat_result, linked: bool) -> int | str:
    """Return what differs once a file is written to, or replaced."""
    return f"{status.st_ino} {status.st_mtime_ns}" if linked else status.st_ctime_ns


def unknown_field(name: str, names: Iterable[str], folder: Path) -> UnknownField:
    """Return the error for an unknown field, with the nearest names as a hint."""
    close = nearest(name, names)
    hint = f"did you mean {', '.join(close)}?" if close else None
    return UnknownField(f"no field {name!r} in {folder}", hint=hint)


def _seal(content: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()
