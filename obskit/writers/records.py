"""Split rows for tracing formats: the columns that the format has a field for, and attributes for the rest.

A format of spans has no field for a sample weight, for example, or for an id that is not hexadecimal. Such a
value becomes an attribute with a name from `names.CARRIED`, and readers of any format restore the column.
Where a format always has a value for a column that is null here, such as a status, the attribute
`names.ABSENT` lists the column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import ABSENT, COLUMNS
from obskit.schema import POINTS, TIMESTAMP, error_flags, to_text
from obskit.writers.notes import WriteNotes
from obskit.writers.values import has_times, plain_rows

SPAN_KINDS = ("internal", "server", "client", "producer", "consumer")
"""In the order of OTLP's numbers, which begin at 1."""

RESERVED = frozenset({*COLUMNS, *POINTS})
LAST_MICROS = 2**63 // 1000
"""Microseconds since 1970 of the last time that 64 bits can hold in nanoseconds."""

AS_TEXT = "times are written as text: {fields}"
EMPTY = "left out because they have no values: {fields}"
IDS = "ids that are not 32 or 16 hex digits are written as attributes (obskit.*_id)"
_TRACE = re.compile(r"(?!0{32})[0-9a-f]{32}")
_SPAN = re.compile(r"(?!0{16})[0-9a-f]{16}")
_PREFIXED = re.compile(r"attributes\.(.+)", re.DOTALL)

_RESOURCE = (
    *("service.", "telemetry.", "deployment.environment.", "host.", "os.", "k8s.", "container.", "cloud."),
    *("device.", "faas.name.", "faas.version.", "process.runtime.", "process.executable.", "process.pid."),
)


class Record:
    """A row in three parts: obskit's columns, resource attributes, and other attributes.

    The format takes the columns it has a field for; `carried_attributes` returns those that are left.
    """

    def __init__(self, columns: dict[str, Any], resource: dict[str, Any], attributes: dict[str, Any]) -> None:
        self.columns = columns
        self.resource = resource
        self.attributes = attributes
        self._nulls: list[str] = []

    @property
    def is_log(self) -> bool:
        """Whether it is a log record: it has no duration and no span kind."""
        return self.columns.get("duration_ms") is None and self.columns.get("kind", "event") == "event"

    def take(self, name: str) -> Any:
        """Take the value of a column; None if it is null."""
        return self.columns.pop(name, None)

    def take_text(self, name: str) -> str | None:
        """Take a text for a format that cannot distinguish empty text from null."""
        return self.columns.pop(name) if self.columns.get(name) else None

    def take_id(self, name: str) -> str | None:
        """Take an id if it is valid in OpenTelemetry."""
        return self.columns.pop(name) if _id_pattern(name).fullmatch(self.columns.get(name) or "") else None

    def take_time(self) -> int | None:
        """Take the time in microseconds since 1970 if a tracing format can hold it."""
        micros: int | None = self.columns.get("timestamp")
        if micros is None or not 0 < micros <= LAST_MICROS:
            return None
        self.columns.pop("timestamp")
        return micros

    def take_nanoseconds(self) -> int | None:
        """Take the duration in nanoseconds if a tracing format can hold it."""
        duration: float | None = self.columns.get("duration_ms")
        if duration is None or not 0 <= duration <= 9e12:  # up to three centuries, and not NaN
            return None
        self.columns.pop("duration_ms")
        return round(duration * 1e6)

    @property
    def has_odd_id(self) -> bool:
        """Whether an id was not taken because it is not valid in OpenTelemetry."""
        ids = {name: self.columns.get(name) for name in ("trace_id", "span_id", "parent_span_id")}
        return any(text is not None and not _id_pattern(name).fullmatch(text) for name, text in ids.items())

    def mark_null(self, name: str) -> None:
        """Record that a column is null although the format has a value for it."""
        self._nulls.append(name)

    def carried_attributes(self) -> dict[str, Any]:
        """Return the columns that were not taken as attributes."""
        out = {f"obskit.{name}": value for name, value in self.columns.items()}
        if isinstance(time := out.get("obskit.timestamp"), int):
            out["obskit.timestamp"] = to_text(pa.array([time], pa.int64()).cast(TIMESTAMP))[0].as_py()
        if self._nulls:
            out[ABSENT] = ",".join(self._nulls)
        return out


def _id_pattern(name: str) -> re.Pattern[str]:
    return _TRACE if name == "trace_id" else _SPAN


def records(batch: pa.RecordBatch, notes: WriteNotes) -> Iterator[Record]:
    """Split the rows of a batch into records.

    `error` is included only where it differs from the error rule. Attributes that were renamed to make way
    for a column of obskit get their original names back.

    Args:
        batch: the rows.
        notes: collects what the format cannot hold exactly.

    Yields:
        One record per row.
    """
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    for name, column in columns.items():
        if name not in RESERVED and column.null_count < len(column) and has_times(column.type):
            notes.field(AS_TEXT, name)
    if "timestamp" in columns:
        columns["timestamp"] = columns["timestamp"].cast(pa.int64())
    if "error" in columns:
        same = pc.equal(columns["error"], error_flags(columns, batch.num_rows))
        columns["error"] = pc.if_else(
            pc.fill_null(same, False), pa.scalar(None, pa.bool_()), columns["error"]
        )
    parts: tuple[dict[str, pa.Array], ...] = ({}, {}, {})
    for name, column in columns.items():
        if _is_column(name, column):
            parts[0][name] = column
        else:
            parts[1 if _is_resource_attribute(name, column.type) else 2][_original_name(name)] = column
    for row in zip(*(_rows(part, batch.num_rows) for part in parts), strict=True):
        yield Record(*row)


def _is_column(name: str, column: pa.Array) -> bool:
    return name in COLUMNS or (name in POINTS and column.type.equals(POINTS[name]))


def _is_resource_attribute(name: str, kind: pa.DataType) -> bool:
    """Return whether a field is a resource attribute, judging by its name."""
    return (
        f"{name}.".startswith(_RESOURCE)
        and not name.startswith("service.peer.")
        and not pa.types.is_list(kind)
    )


def _original_name(name: str) -> str:
    found = _PREFIXED.fullmatch(name)
    if found and found[1] in RESERVED:
        return found[1]
    return f"obskit.{name}" if name in POINTS else name


def _rows(columns: dict[str, pa.Array], rows: int) -> list[dict[str, Any]]:
    if not columns:
        return [{} for _ in range(rows)]
    return plain_rows(pa.RecordBatch.from_arrays(list(columns.values()), list(columns)), list(columns))


def micros_of(text: str) -> int:
    """Return a time that `to_text` wrote in microseconds since 1970."""
    micros: int = pa.array([text]).cast(TIMESTAMP).cast(pa.int64())[0].as_py()
    return micros


def is_lossless_event(event: dict[str, Any] | None, *, flat: bool) -> bool:
    """Return whether a format of spans can hold all of a span's event: name, time and attributes.

    Args:
        event: as `values.plain_values` returns it.
        flat: the format supports neither nested nor null attributes.

    Returns:
        Whether nothing would be lost.
    """
    if not event or not event.get("name"):
        return False
    time = event.get("timestamp")
    return (time is None or 0 < micros_of(time) <= LAST_MICROS) and _are_lossless_attributes(event, flat=flat)


def is_lossless_link(link: dict[str, Any] | None) -> bool:
    """Return whether a format of spans can hold all of a span's link; see `is_lossless_event`."""
    if not link or "" in link.values():
        return False
    ids = [link.get(name) or "" for name in ("trace_id", "span_id")]
    return ids == [text.lower() for text in ids] and _are_lossless_attributes(link, flat=False)


def _are_lossless_attributes(item: dict[str, Any], *, flat: bool) -> bool:
    text = item.get("attributes")
    if text is None:
        return True
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    if type(found) is not dict or not found or orjson.dumps(found).decode() != text:
        return False
    return not flat or ("event" not in found and not any(type(v) in _NESTED for v in found.values()))


_NESTED = (dict, list, type(None))
