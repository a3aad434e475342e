"""A file format for named arrays that are memory-mapped; torn files are detected.

Layout: magic, version, header length, a JSON header (`meta`, and offset and CRC-32 of each array), the
arrays, each aligned to 64 bytes, and magic again at the end. The header has a CRC-32 of its own. Files are
written under a temporary name and renamed, so a reader sees all of a file or nothing. A file that is torn,
damaged or of another version loads as None. The arrays are compared with their checksums only if the file's
time is not the one that was written, or if the machine was started since.
"""

from __future__ import annotations

import json
import os
import secrets
import struct
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

MAGIC = b"obskcode"
VERSION = 2
# Including the time that the machine was asleep, where the system can tell.
_UPTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_BOOTED = time.time_ns() - int(time.clock_gettime(_UPTIME) * 1e9)
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
    pieces = {name: np.ascontiguousarray(array).view(np.uint8).data for name, array in arrays.items()}
    now = time.time_ns() // 1_000_000_000 * 1_000_000_000  # some file systems keep whole seconds
    content: dict[str, Any] = {
        "meta": dict(meta),
        "arrays": layout,
        "bytes": at,
        "crc": {name: zlib.crc32(piece) for name, piece in pieces.items()},
        "written": now,
    }
    content["seal"] = _seal(content)
    header = json.dumps(content).encode()
    start = -(-(_HEAD.size + len(header)) // _ALIGN) * _ALIGN
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with temporary.open("wb") as sink:
            sink.write(_HEAD.pack(MAGIC, VERSION, len(header)))
            sink.write(header)
            for (offset, _, _), piece in zip(layout.values(), pieces.values(), strict=True):
                sink.write(bytes(start + offset - sink.tell()))
                sink.write(piece)
            sink.write(MAGIC)
        os.utime(temporary, ns=(now, now))
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
        if header.pop("seal", None) != _seal(header):
            return None
        start = -(-(_HEAD.size + length) // _ALIGN) * _ALIGN
        end = start + header["bytes"]
        if buffer.size != end + len(MAGIC) or buffer[end:].to_pybytes() != MAGIC:
            return None
        arrays = {
            name: np.frombuffer(buffer, dtype=np.dtype(kind), count=count, offset=start + offset)
            for name, (offset, kind, count) in header["arrays"].items()
        }
        # Writing to a file changes its time, and a power cut may leave zeros: only then all bytes are read.
        trusted = _BOOTED < header["written"] == path.stat().st_mtime_ns
        if not trusted and any(
            zlib.crc32(arrays[name].view(np.uint8).data) != crc for name, crc in header["crc"].items()
        ):
            return None
        return header["meta"], arrays
    except (ValueError, KeyError, TypeError, OSError):
        return None


def _seal(content: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())
