"""Read records of an application log whose message is, or ends with, a JSON object.

    2026-05-04T10:00:00 {"level": "error", "msg": "boom"}              the record is that of the object
    2026-05-04T10:00:00+00:00  app.log  {"level": "error", ...}        Fluentd, with the tag of the record
    2026-05-04T10:00:00Z  ERROR  cart/main.go:12  boom  {"order": 7}   zap: its fields follow the message

An object that is the whole message was written by the program, and a mere time before it by something else:
the object's fields win, and the time is `observed_timestamp` if the object has one. If there is a level too,
the record is the program's own, and the object may be anything that it logs: the message stays as it is.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import flat_field
from obskit.readers.batches.row_batcher import RowBatcher, TooDeep, flat
from obskit.schema import TIMESTAMP

_WHOLE = re.compile(r"(?:(?P<tag>[A-Za-z][\w.*/-]{0,199})(?::[ ]|\t))?(?P<object>\{.*\})", re.DOTALL)
_FOLLOWS = re.compile(r"(?P<message>[^\t]*)\t(?P<object>\{.*\})", re.DOTALL)
_TAG = "fluentd.tag"


def lift_objects(
    batch: pa.RecordBatch,
) -> tuple[pa.RecordBatch, pa.RecordBatch | None, npt.NDArray[np.bool_]]:
    """Separate the records with an object in their message from the others.

    Args:
        batch: records, with their messages as `body`.

    Returns:
        The other records; those with an object, with its fields, None if there are none; and which they were.
    """
    rows = batch.num_rows
    none = np.zeros(rows, np.bool_)
    if "body" not in batch.schema.names:
        return batch, None, none
    ends = pc.fill_null(pc.ends_with(batch["body"], "}"), False)
    if not pc.any(ends).as_py():
        return batch, None, none
    candidates = np.flatnonzero(ends.to_numpy(zero_copy_only=False))
    batcher = RowBatcher(types={"timestamp": TIMESTAMP})
    lifted = none
    for at, record in zip(candidates.tolist(), batch.take(pa.array(candidates)).to_pylist(), strict=True):
        given = {name: value for name, value in record.items() if value is not None}
        row = _row(given)
        if row is not None:
            batcher.add(row)
            lifted[at] = True
    if not batcher.rows:
        return batch, None, none
    return batch.filter(pa.array(~lifted)), batcher.take(), lifted


def _row(record: dict[str, Any]) -> dict[str, Any] | None:
    """Return a record with the fields of the object in its message; None if there is none."""
    body = record["body"]
    if "severity_text" not in record:
        found = _WHOLE.fullmatch(body)
        inner = _object(found["object"]) if found else None
        return _of_object(record, inner, found["tag"]) if found and inner is not None else None
    found = _FOLLOWS.fullmatch(body)
    inner = _object(found["object"]) if found else None
    return _with_fields(record | {"body": found["message"]}, inner) if found and inner is not None else None


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(text)
        return flat(found) if isinstance(found, dict) and found else None
    except (orjson.JSONDecodeError, TooDeep):
        return None


def _meaning(name: str) -> str:
    found = flat_field(name)
    return found.target if found is not None else name


def _of_object(record: dict[str, Any], inner: dict[str, Any], tag: str | None) -> dict[str, Any]:
    """Return the object's fields, and those of the record that it lacks."""
    have = {_meaning(name) for name in inner}
    before = {name: value for name, value in record.items() if name not in ("body", "kind")}
    if "severity_text" in have:
        before.pop("severity_number", None)
    if "timestamp" in have and "timestamp" in before:
        before["observed_timestamp"] = before.pop("timestamp")
    if tag is not None:
        before[_TAG] = tag
    return {name: value for name, value in before.items() if name not in have} | inner


def _with_fields(record: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    """Return the record, with the object's fields as attributes; those that it has itself are renamed."""
    named = {f"attributes.{name}" if _meaning(name) in record else name: inner[name] for name in inner}
    return record | named
