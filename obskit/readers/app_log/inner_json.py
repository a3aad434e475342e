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

from obskit.readers.app_log.uniform_objects import TAG, Lifted, lift_at_once, meaning
from obskit.readers.batches.row_batcher import RowBatcher, TooDeep, flat
from obskit.schema import TIMESTAMP

_WHOLE = re.compile(rf"{TAG.pattern}(?P<object>\{{.*\}})", re.DOTALL)
_FOLLOWS = re.compile(r"(?P<message>[^\t]*)\t(?P<object>\{.*\})", re.DOTALL)
_TAG_FIELD = "fluentd.tag"


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
    records = batch.filter(ends)
    found = lift_at_once(records, _TAG_FIELD) or _lift_each(records)
    if found is None:
        return batch, None, none
    lifted = none
    lifted[np.flatnonzero(ends.to_numpy(zero_copy_only=False))[found.rows]] = True
    return batch.filter(pa.array(~lifted)), found.batch, lifted


def _lift_each(records: pa.RecordBatch) -> Lifted | None:
    """Return the records with an object in their message, with its fields; None if there are none."""
    batcher = RowBatcher()
    rows = np.zeros(records.num_rows, np.bool_)
    times = {name: np.zeros(records.num_rows, np.bool_) for name in ("timestamp", "observed_timestamp")}
    for at, record in enumerate(records.to_pylist()):
        given = {name: value for name, value in record.items() if value is not None}
        row = _row(given)
        if row is None:
            continue
        rows[at] = True
        for name, where in times.items():  # a column of its own, for that of an object is text or a number
            if "timestamp" in given and row.get(name) is given["timestamp"]:
                del row[name]
                where[at] = True
        batcher.add(row)
    if not batcher.rows:
        return None
    own = {name: records["timestamp"].filter(rows) for name in times}
    none = pa.scalar(None, TIMESTAMP)
    own = {name: pc.if_else(pa.array(times[name][rows]), values, none) for name, values in own.items()}
    return Lifted(_with_times(batcher.take(), own), rows)


def _with_times(batch: pa.RecordBatch, times: dict[str, pa.Array]) -> pa.RecordBatch:
    """Return records with times; where other records of the batch have them in their objects, as text."""
    for name, values in times.items():
        if values.null_count == len(values):
            continue
        at = batch.schema.get_field_index(name)
        if at < 0:
            batch = batch.append_column(name, values)
        else:
            values = pc.coalesce(batch[name].cast(pa.string()), values.cast(pa.string()))
            batch = batch.set_column(at, name, values)
    return batch


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


def _of_object(record: dict[str, Any], inner: dict[str, Any], tag: str | None) -> dict[str, Any]:
    """Return the object's fields, and those of the record that it lacks."""
    have = {meaning(name) for name in inner}
    before = {name: value for name, value in record.items() if name not in ("body", "kind")}
    if "severity_text" in have:
        before.pop("severity_number", None)
    if "timestamp" in have and "timestamp" in before:
        before["observed_timestamp"] = before.pop("timestamp")
    if tag is not None:
        before[_TAG_FIELD] = tag
    return {name: value for name, value in before.items() if name not in have} | inner


def _with_fields(record: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    """Return the record, with the object's fields as attributes; those that it has itself are renamed."""
    named = {f"attributes.{name}" if meaning(name) in record else name: inner[name] for name in inner}
    return record | named
