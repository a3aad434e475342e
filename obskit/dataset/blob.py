"""A file format for named arrays that are memory-mapped; torn files are detected.

Layout: magic, version, header length, a JSON header (`meta` and the offset of each array), the arrays, each
aligned to 64 bytes, and magic again at the end. Files are written under a temporary name and renamed, so a
reader sees all of a file or nothing. A file that is too short or of another version loads as None.
"""

from __future__ import annotations

import json
import os
import secrets
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

MAGIC = b"obskcode"
VERSION = 1
_HEAD = struct.Struct("<8sII")
_ALIGN = 64


def save(path: Path, meta: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays and metadata to a file, atomically.

    Args:
        path: the file; replaced if it exists.
        meta: values that JSON can hold.
        arrays: one-dimensional arrays by name.

    Raises:
        OSError: the folder cannot be written, or the disk is full; nothing is left behind.
    """
    layout: dict[str, tuple[int, str, int]] = {}
    at = 0
    for name, array in arrays.items():
        at = -(-at // _ALIGN) * _ALIGN
        layout[name] = (at, array.dtype.str, len(array))
        at += array.nbytes
    header = json.dumps({"meta": dict(meta), "arrays": layout, "bytes": at}).encode()
    start = -(-(_HEAD.size + len(header)) // _ALIGN) * _ALIGN
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with temporary.open("wb") as sink:
            sink.write(_HEAD.pack(MAGIC, VERSION, len(header)))
            sink.write(header)
            for (offset, _, _), array in zip(layout.values(), arrays.values(), strict=True):
                sink.write(bytes(start + offset - sink.tell()))
                sink.write(np.ascontiguousarray(array).view(np.uint8).data)
            sink.write(MAGIC)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load(path: Path) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]] | None:
    """Map a file that `save` wrote.

    Args:
        path: the file.

    Returns:
        Metadata, and read-only arrays over the mapping; None if the file is missing, torn, or of another
        format or version. No file descriptor stays open, so thousands of files may be mapped at a time.
    """
    try:
        # Arrow's mapping outlives its descriptor; numpy.memmap would keep one open per array.
        with pa.memory_map(str(path), "r") as source:
            buffer = source.read_buffer()
    except OSError:
        return None
    if buffer.size < _HEAD.size + len(MAGIC):
        return None
    magic, version, length = _HEAD.unpack(buffer[: _HEAD.size].to_pybytes())
    if magic != MAGIC or version != VERSION or _HEAD.size + length > buffer.size:
        return None
    try:
        header = json.loads(buffer[_HEAD.size : _HEAD.size + length].to_pybytes())
        start = -(-(_HEAD.size + length) // _ALIGN) * _ALIGN
        end = start + header["bytes"]
        if buffer.size != end + len(MAGIC) or buffer[end:].to_pybytes() != MAGIC:
            return None
        arrays = {
            name: np.frombuffer(buffer, dtype=np.dtype(kind), count=count, offset=start + offset)
            for name, (offset, kind, count) in header["arrays"].items()
        }
        return header["meta"], arrays
    except (ValueError, KeyError, TypeError):
        return None
