"""Archives made in memory."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping


def event(number: int) -> str:
    return f'{{"time": "2026-05-04T10:00:{number:02}Z", "name": "GET /cart", "status_code": 500}}\n'


def lines(count: int) -> bytes:
    return "".join(map(event, range(count))).encode()


def tar(members: Mapping[str, bytes], format: int = tarfile.GNU_FORMAT, mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=format) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_777_888_800
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def packed(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 5, 4, 10, 0, 0)), data, method)
    return out.getvalue()
