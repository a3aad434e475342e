"""Rows on their way into a tracing format: which columns it holds itself, and how the others go along.

A format of spans has no place for a sampling weight, say, or for an id that is no hex number. Such a value
goes as an attribute under the name that `names.CARRIED` has for it, and readers of any format put it back.
Where a format says something of a column that is null here (a status it always has), the attribute
`names.ABSENT` names the column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import ABSENT, COLUMNS
from obskit.schema import POINTS, TIMESTAMP, errors, to_text
from obskit.writers.notes import Told
from obskit.writers.values import plain_rows, time_fields

SPAN_KINDS = ("internal", "server", "client", "producer", "consumer")
"""In OTLP's order, whose numbers begin at 1."""

TAKEN = frozenset({*COLUMNS, *POINTS})
LAST = 2**63 // 1000
"""Microseconds since 1970, beyond which 64 bits hold no nanoseconds."""

AS_TEXT = "times are text in it: {fields}"
EMPTY = "without any value, and left out: {fields}"
IDS = "ids that are not of 32 and 16 hex digits, as the format has them, are attributes in it (obskit.*_id)"
_TRACE = re.compile(r"(?!0{32})[0-9a-f]{32}")
_SPAN = re.compile(r"(?!0{16})[0-9a-f]{16}")
_APART = re.compile(r"attributes\.(.+)", re.DOTALL)

_RESOURCE = (
    *("service.", "telemetry.", "deployment.environment.", "host.", "os.", "k8s.", "container.", "cloud."),
    *("device.", "faas.name.", "faas.version.", "process.runtime.", "process.executable.", "process.pid."),
)


class Record:
    """A row in three parts: columns of ours, which a format takes one by one, the resource's, the rest.

    What nobody has taken at the end, `carried` gives as attributes.
    """

    def __init__(self, ours: dict[str, Any], resource: dict[str, Any], attributes: dict[str, Any]) -> None:
        self.ours = ours
        self.resource = resource
        self.attributes = attributes
        self._absent: list[str] = []

    @property
    def is_log(self) -> bool:
        """Whether it is a log record: it took no time, and is of no span's kind."""
        return self.ours.get("duration_ms") is None and self.ours.get("kind", "event") == "event"

    def take(self, name: str) -> Any:
        """Return a column's value for the format to hold; None where it is null."""
        return self.ours.pop(name, None)

    def take_text(self, name: str) -> str | None:
        """Return a text for a format in which an empty one is none."""
        return self.ours.pop(name) if self.ours.get(name) else None

    def take_id(self, name: str) -> str | None:
        """Return an id if it is one as OpenTelemetry has them."""
        return self.ours.pop(name) if _id_pattern(name).fullmatch(self.ours.get(name) or "") else None

    def take_time(self) -> int | None:
        """Return the time in microseconds since 1970 if a tracing format can hold it."""
        micros: int | None = self.ours.get("timestamp")
        if micros is None or not 0 < micros <= LAST:
            return None
        self.ours.pop("timestamp")
        return micros

    def take_nanoseconds(self) -> int | None:
        """Return the duration in ns if a tracing format can hold it."""
        duration: float | None = self.ours.get("duration_ms")
        if duration is None or not 0 <= duration <= 9e12:  # three centuries; NaN is none of it
            return None
        self.ours.pop("duration_ms")
        return round(duration * 1e6)

    @property
    def has_odd_id(self) -> bool:
        """Whether an id was not taken, for it is none as OpenTelemetry has them."""
        ids = {name: self.ours.get(name) for name in ("trace_id", "span_id", "parent_span_id")}
        return any(text is not None and not _id_pattern(name).fullmatch(text) for name, text in ids.items())

    def absent(self, name: str) -> None:
        """Say that a column is null, where the format says otherwise."""
        self._absent.append(name)

    def carried(self) -> dict[str, Any]:
        """Return the columns that were not taken, as attributes."""
        out = {f"obskit.{name}": value for name, value in self.ours.items()}
        if isinstance(time := out.get("obskit.timestamp"), int):
            out["obskit.timestamp"] = to_text(pa.array([time], pa.int64()).cast(TIMESTAMP))[0].as_py()
        if self._absent:
            out[ABSENT] = ",".join(self._absent)
        return out


def _id_pattern(name: str) -> re.Pattern[str]:
    return _TRACE if name == "trace_id" else _SPAN


def records(batch: pa.RecordBatch, told: Told) -> Iterator[Record]:
    """Give a batch's rows as records; `error` is in one only where it is not what the other columns say.

    Attributes that made room for a column of ours have their own names again.
    """
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    for name, column in columns.items():
        if name not in TAKEN and column.null_count < len(column) and time_fields(column.type):
            told.field(AS_TEXT, name)
    if "timestamp" in columns:
        columns["timestamp"] = columns["timestamp"].cast(pa.int64())
    if "error" in columns:
        same = pc.equal(columns["error"], errors(columns, batch.num_rows))
        columns["error"] = pc.if_else(
            pc.fill_null(same, False), pa.scalar(None, pa.bool_()), columns["error"]
        )
    parts: tuple[dict[str, pa.Array], ...] = ({}, {}, {})
    for name, column in columns.items():
        if _ours(name, column):
            parts[0][name] = column
        else:
            parts[1 if _of_resource(name, column.type) else 2][_own_name(name)] = column
    for row in zip(*(_rows(part, batch.num_rows) for part in parts), strict=True):
        yield Record(*row)


def _ours(name: str, column: pa.Array) -> bool:
    return name in COLUMNS or (name in POINTS and column.type.equals(POINTS[name]))


def _of_resource(name: str, kind: pa.DataType) -> bool:
    """Whether a field is of the service, by its name: a flat row does not say where it came from."""
    return (
        f"{name}.".startswith(_RESOURCE)
        and not name.startswith("service.peer.")
        and not pa.types.is_list(kind)
    )


def _own_name(name: str) -> str:
    found = _APART.fullmatch(name)
    if found and found[1] in TAKEN:
        return found[1]
    return f"obskit.{name}" if name in POINTS else name


def _rows(columns: dict[str, pa.Array], rows: int) -> list[dict[str, Any]]:
    if not columns:
        return [{} for _ in range(rows)]
    return plain_rows(pa.RecordBatch.from_arrays(list(columns.values()), list(columns)), list(columns))


def micros_of(text: str) -> int:
    """Return a time that `to_text` wrote, in microseconds since 1970."""
    micros: int = pa.array([text]).cast(TIMESTAMP).cast(pa.int64())[0].as_py()
    return micros


def whole_event(event: dict[str, Any] | None, *, flat: bool) -> bool:
    """Whether a format of spans holds all of a span's event: a name, a time, attributes that are JSON's.

    Args:
        event: as `values.plain_values` gives it.
        flat: the format has no nested attributes, nor null ones.
    """
    if not event or not event.get("name"):
        return False
    time = event.get("timestamp")
    return (time is None or 0 < micros_of(time) <= LAST) and _whole_attributes(event, flat=flat)


def whole_link(link: dict[str, Any] | None) -> bool:
    """Whether a format of spans holds all of a span's link; as `whole_event`."""
    if not link or "" in link.values():
        return False
    ids = [link.get(name) or "" for name in ("trace_id", "span_id")]
    return ids == [text.lower() for text in ids] and _whole_attributes(link, flat=False)


def _whole_attributes(item: dict[str, Any], *, flat: bool) -> bool:
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
